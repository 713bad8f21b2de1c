"""What marking definitions mean: four dialects of TLP, the handling marking, and what is refused (access-policy cases 7, 8, 11, 12)."""

from datetime import UTC, datetime

import pytest

from app.errors import InvalidObject
from app.stix.handling import Tlp
from app.stix.markings import CANONICAL, HANDLING_EXTENSION, TLP_2_EXTENSION, Scheme, built_in, marking_refs, read_definition

OPENCTI_STRICT = "marking-definition--826578e1-40ad-459f-bc73-ede076f81f37"
ALIASES = {OPENCTI_STRICT: Tlp.AMBER_STRICT}
SOME_ID = "marking-definition--3c1b6f9e-2b0a-4a35-9c58-0d6f8f5f1c02"
TLP_1_RED = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
    "created": "2017-01-20T00:00:00.000Z",
    "definition_type": "tlp",
    "name": "TLP:RED",
    "definition": {"tlp": "red"},
}
TLP_2_STRICT = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "created": "2022-10-01T00:00:00.000Z",
    "name": "TLP:AMBER+STRICT",
    "extensions": {TLP_2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "amber+strict"}},
}


def _definition(**properties: object) -> dict[str, object]:
    return {"type": "marking-definition", "spec_version": "2.1", "id": SOME_ID, "created": "2026-01-01T00:00:00.000Z", **properties}


def _handling(**terms: object) -> dict[str, object]:
    extension = {"extension_type": "property-extension", "handling_version": "1.0", **terms}
    return _definition(created_by_ref="identity--7d7b1a52-3b0f-4d8e-9a2f-2f9b5d0c4e10", extensions={HANDLING_EXTENSION: extension})


def test_both_families_of_tlp_are_one_scale() -> None:
    assert sorted(CANONICAL.values()) == sorted([*Tlp, Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.RED])


def test_an_alias_stands_for_its_level_and_never_for_a_canonical_marking() -> None:
    known = built_in({**ALIASES, TLP_1_RED["id"]: Tlp.CLEAR})
    assert known[OPENCTI_STRICT].tlp is Tlp.AMBER_STRICT
    assert known[str(TLP_1_RED["id"])].tlp is Tlp.RED


@pytest.mark.parametrize("copy", [TLP_1_RED, TLP_2_STRICT, {**TLP_1_RED, "created": "2017-01-20T00:00:00Z"}])
def test_a_true_copy_of_a_tlp_definition_is_taken(copy: dict[str, object]) -> None:
    """Case 7: a copy equal in content is stored and served; how often a zero is written changes nothing."""
    assert read_definition(copy, ALIASES).tlp is CANONICAL[str(copy["id"])]


def test_the_name_of_a_tlp_definition_may_be_left_out() -> None:
    assert read_definition({name: value for name, value in TLP_1_RED.items() if name != "name"}, {}).tlp is Tlp.RED


@pytest.mark.parametrize(
    "forged",
    [
        {**TLP_1_RED, "definition": {"tlp": "white"}},
        {**TLP_1_RED, "name": "TLP:WHITE"},
        {**TLP_1_RED, "definition_type": "statement", "definition": {"statement": "copyright"}},
        {**TLP_1_RED, "x_opencti_definition": "TLP:CLEAR"},
        {**TLP_2_STRICT, "extensions": {TLP_2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "clear"}}},
        {**TLP_2_STRICT, "extensions": {}},
    ],
    ids=["level", "name", "statement", "custom property", "tlp 2.0 level", "no extension"],
)
def test_a_forged_tlp_definition_is_refused(forged: dict[str, object]) -> None:
    """Case 7: the three forgeries that a common library accepts, and their like."""
    with pytest.raises(InvalidObject, match="fixed meaning"):
        read_definition(forged, ALIASES)


@pytest.mark.parametrize(
    "disguised",
    [
        _definition(definition_type="tlp", definition={"tlp": "green"}),
        _definition(definition_type="TLP", definition={"TLP": "TLP:GREEN"}),
        _definition(extensions={TLP_2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "red"}}),
        _definition(definition_type="statement", definition={"statement": "custom"}, x_opencti_definition_type="TLP"),
    ],
    ids=["tlp 1", "capitals", "tlp 2.0", "opencti"],
)
def test_a_level_under_another_id_is_refused(disguised: dict[str, object]) -> None:
    """Case 8."""
    with pytest.raises(InvalidObject, match="canonical"):
        read_definition(disguised, ALIASES)


@pytest.mark.parametrize(
    "text", ["TLP:CLEAR", "tlp amber", "This is TLP-RED material", "TLP:2.0:GREEN", "TLP v2.0: AMBER+STRICT", "TLP_WHITE", "(tlp:\tred)"]
)
def test_a_statement_that_looks_like_tlp_is_refused(text: str) -> None:
    """Case 12: a statement has no effect, so it must not look as if it had one."""
    with pytest.raises(InvalidObject, match="looks like"):
        read_definition(_definition(definition_type="statement", definition={"statement": text}), ALIASES)
    with pytest.raises(InvalidObject, match="looks like"):
        read_definition(_definition(name=text, definition_type="statement", definition={"statement": "terms"}), ALIASES)


@pytest.mark.parametrize("text", ["Copyright 2026 Example CERT", "Handled as agreed in the TLP training", "amber is a stone"])
def test_other_statements_are_statements(text: str) -> None:
    assert read_definition(_definition(definition_type="statement", definition={"statement": text}), ALIASES).scheme is Scheme.STATEMENT


def test_opencti_marks_every_object_with_a_harmless_extension() -> None:
    extension = {"extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba": {"extension_type": "property-extension", "id": "1"}}
    statement = _definition(definition_type="statement", definition={"statement": "terms"}, extensions=extension)
    assert read_definition(statement, ALIASES).scheme is Scheme.STATEMENT


@pytest.mark.parametrize(
    "unknown",
    [
        _definition(extensions={"extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce": {"extension_type": "property-extension"}}),
        _definition(extensions={"extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a": {"extension_type": "property-extension"}}),
        _definition(definition_type="x-cui", definition={"cui": "basic"}),
        _definition(),
        _definition(definition_type="statement", definition={"statement": "s"}, extensions={"extension-definition--x": {}}),
        _handling() | {"extensions": {HANDLING_EXTENSION: {"extension_type": "property-extension", "handling_version": "2.0"}}},
        _handling() | {"extensions": {**_handling()["extensions"], "extension-definition--x": {}}},  # type: ignore[dict-item]
    ],
    ids=["acs", "iep", "cui", "empty", "statement and more", "newer handling", "handling and more"],
)
def test_what_is_not_understood_is_of_an_unknown_scheme(unknown: dict[str, object]) -> None:
    """Case 11: guessing at an unknown regime is the worst option."""
    assert read_definition(unknown, ALIASES).scheme is Scheme.UNKNOWN


def test_a_handling_marking_carries_its_terms() -> None:
    marking = read_definition(
        _handling(
            releasable_to=["jur:KE", "op:serval"],
            not_releasable_to=["org:xx-cert"],
            recipients=["identity--d4f1c9de-0c4e-4e4b-8f43-1f2a3b4c5d6e"],
            embargo_until="2026-03-01T00:00:00.000Z",
            retention_until="2028-02-03T00:00:00.000Z",
            purposes=["defence"],
            onward="originator-consent",
        ),
        ALIASES,
    )
    assert marking.scheme is Scheme.HANDLING
    assert marking.creator == "identity--7d7b1a52-3b0f-4d8e-9a2f-2f9b5d0c4e10"
    terms = marking.terms
    assert terms is not None
    assert terms.releasable_to == {"jur:KE", "op:serval"}
    assert terms.not_releasable_to == {"org:xx-cert"}
    assert terms.embargo_until == datetime(2026, 3, 1, tzinfo=UTC)
    assert terms.retention_until == datetime(2028, 2, 3, tzinfo=UTC)
    assert terms.purposes == {"defence"}


def test_a_handling_marking_that_says_nothing_restricts_nothing() -> None:
    terms = read_definition(_handling(), ALIASES).terms
    assert terms is not None
    assert (terms.releasable_to, terms.recipients, terms.purposes) == (None, None, None)


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        ({"releasable_to": ["everybody"]}, "everybody"),
        ({"releasable_to": "jur:KE"}, "releasable_to"),
        ({"releasable_to": ["jur:KE", "jur:KE"]}, "releasable_to"),
        ({"releasable_to": [1]}, "releasable_to"),
        ({"recipients": ["desk"]}, "desk"),
        ({"purposes": ["profit"]}, "profit"),
        ({"embargo_until": "tomorrow"}, "tomorrow"),
        ({"retention_until": 5}, "retention_until"),
        ({"releaseable_to": ["jur:NG"]}, "releaseable_to"),
        ({"onward": "whatever"}, "onward"),
        ({"onward": ["tlp"]}, "onward"),
        ({"releasable_to": [f"org:{number}" for number in range(201)]}, "at most 200"),
    ],
)
def test_malformed_terms_are_refused_by_name(terms: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidObject, match=named):
        read_definition(_handling(**terms), ALIASES)


def test_a_handling_extension_that_is_no_object_is_refused() -> None:
    with pytest.raises(InvalidObject, match="must be an object"):
        read_definition(_definition(extensions={HANDLING_EXTENSION: 5}), ALIASES)


def test_all_markings_of_an_object_count_those_of_its_parts_too() -> None:
    """STIX 2.1 §7.2.3; entries with `lang` are no access marking."""
    content = {
        "object_marking_refs": ["marking-definition--1"],
        "granular_markings": [{"marking_ref": "marking-definition--2", "selectors": ["name"]}, {"lang": "de", "selectors": ["name"]}, 5],
    }
    assert list(marking_refs(content)) == ["marking-definition--1", "marking-definition--2"]
    assert list(marking_refs({"object_marking_refs": 5, "granular_markings": {}})) == []
