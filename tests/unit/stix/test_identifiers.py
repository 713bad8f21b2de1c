"""Identifiers: `type--uuid` (STIX 2.1 §2.9, §3.1)."""

import pytest

from app.stix.identifiers import DOMAIN_TYPES, META_TYPES, OBSERVABLE_TYPES, RELATIONSHIP_TYPES, is_identifier, type_of, uuid_version

UUID = "3f8a1c52-7d4e-4b6a-9c0d-5e2f7a8b9c1d"


@pytest.mark.parametrize(
    "text",
    [
        f"indicator--{UUID}",
        f"indicator--{UUID.upper()}",
        f"ipv4-addr--{UUID}",
        f"x-2nd-opinion--{UUID}",
        f"abc--{UUID}",
        f"{'a' * 250}--{UUID}",
        *(f"tool--3f8a1c52-7d4e-{version}b6a-{variant}c0d-5e2f7a8b9c1d" for version in "12345678" for variant in "89abAB"),
    ],
)
def test_identifiers(text: str) -> None:
    assert is_identifier(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "indicator",
        UUID,
        f"--{UUID}",
        f"ab--{UUID}",
        f"{'a' * 251}--{UUID}",
        f"Indicator--{UUID}",
        f"1tool--{UUID}",
        f"-tool--{UUID}",
        f"tool---{UUID}",
        f"x--tool--{UUID}",
        f"x_tool--{UUID}",
        f"tool-{UUID}",
        f"tool--{UUID}\n",
        f" tool--{UUID}",
        f"tool--{UUID.replace('-', '')}",
        f"tool--{UUID[:-1]}",
        f"tool--{UUID}0",
        "tool--00000000-0000-0000-0000-000000000000",
        "tool--3f8a1c52-7d4e-0b6a-9c0d-5e2f7a8b9c1d",
        "tool--3f8a1c52-7d4e-9b6a-9c0d-5e2f7a8b9c1d",
        "tool--3f8a1c52-7d4e-4b6a-cc0d-5e2f7a8b9c1d",
        f"tool--{'٣' * 8}-7d4e-4b6a-9c0d-5e2f7a8b9c1d",
        "a-" * 50_000,
        "a" * 100_000,
    ],
)
def test_what_is_no_identifier(text: str) -> None:
    assert not is_identifier(text)


def test_an_identifier_names_its_type_and_the_version_of_its_uuid() -> None:
    assert type_of(f"x-2nd-opinion--{UUID}") == "x-2nd-opinion"
    assert uuid_version(f"x-2nd-opinion--{UUID}") == "4"


def test_every_type_is_of_one_class() -> None:
    classes = (DOMAIN_TYPES, RELATIONSHIP_TYPES, OBSERVABLE_TYPES, META_TYPES)
    assert sum(map(len, classes)) == len(frozenset().union(*classes)) == 19 + 2 + 18 + 3
