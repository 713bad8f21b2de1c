"""TAXII 2.1 §2: types of values, in every resource that the server writes."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from worlds import indicator, observable, post, try_post

from app.taxii import resources

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture(scope="module")
def answers(server: Any) -> dict[str, Any]:
    """One answer of each kind, full and empty."""
    place, empty = server.fresh_collection(), server.fresh_collection()
    with server.visitor("ng-cert/misp") as ng:
        first = indicator()
        taken = post(ng, place, first, observable())
        refused = try_post(ng, place, {"type": "indicator"})
        found = {
            "Discovery": ng.get("/taxii2/"),
            "ApiRoot": ng.get("/members/"),
            "Collections": ng.get("/members/collections/"),
            "Collection": ng.get(place),
            "Manifest": ng.get(f"{place}manifest/?limit=1"),
            "Manifest empty": ng.get(f"{empty}manifest/"),
            "Envelope": ng.get(f"{place}objects/?limit=1"),
            "Envelope empty": ng.get(f"{empty}objects/"),
            "ObjectVersions": ng.get(f"{place}objects/{first['id']}/versions/"),
            "ObjectVersions empty": ng.get(f"{place}objects/{first['id']}/versions/?match[spec_version]=2.0"),
            "Status": ng.get(f"/scratch/status/{taken['id']}/"),
            "Status refused": ng.get(f"/scratch/status/{refused['id']}/"),
            "ErrorMessage": ng.get("/nowhere/"),
        }
    return {name: answer.json() for name, answer in found.items()}


def _values(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict):
        for each in value.values():
            yield from _values(each)
    elif isinstance(value, list):
        for each in value:
            yield from _values(each)


def test_every_resource_is_what_the_standard_says(answers: dict[str, Any]) -> None:
    """T-2-01, T-2-03, T-2-05, T-2-09, T-8.2.1-04, T-8.2.1-05, T-3.8-01, T-3.8-02: strict models, nothing unknown, nothing missing."""
    for name, answer in answers.items():
        kind = getattr(resources, name.split()[0])
        kind.model_validate(answer, strict=False)


def test_lists_are_never_empty(answers: dict[str, Any]) -> None:
    """T-2-04, T-3.7-02, T-5.3.1-01, T-5.8.1-01, T-4.3.1-10: absent instead, nothing is null (C8)."""
    for name, answer in answers.items():
        assert [] not in list(_values(answer)), name
        assert None not in list(_values(answer)), name
    assert answers["Manifest empty"] == answers["Envelope empty"] == answers["ObjectVersions empty"] == {}


def test_identifiers_are_random_uuids(answers: dict[str, Any]) -> None:
    """T-2-02, T-4.3.1-01, T-5.2.1-01, C7."""
    found = [answers["Status"]["id"], answers["Collection"]["id"], *(each["id"] for each in answers["Collections"]["collections"])]
    assert {UUID(each).version for each in found} == {4}
    assert all(str(UUID(each)) == each for each in found)
    assert len(set(found)) == len(found)


def test_timestamps_have_six_digits_and_end_in_z(answers: dict[str, Any], ng: httpx.Client, collection: str) -> None:
    """T-2-07, T-2-08, T-4.3.1-04, T-5.3.1-04, T-3.2-03."""
    post(ng, collection, indicator())
    headers = ng.get(f"{collection}objects/").headers
    found = [
        answers["Status"]["request_timestamp"],
        answers["Manifest"]["objects"][0]["date_added"],
        headers["X-TAXII-Date-Added-First"],
        headers["X-TAXII-Date-Added-Last"],
    ]
    assert all(TIMESTAMP.fullmatch(each) for each in found)
