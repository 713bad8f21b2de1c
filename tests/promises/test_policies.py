"""What the policies promise to those who read them: names, meanings, and a schema that says what the code says."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta
from enum import EnumType

import cedarpy
import pytest
from questions import NOW, POLICIES, policy_files, policy_schema, world

from app.access.actions import Action
from app.access.alliance import CollectionKind, CollectionState
from app.access.facts import Facts, collection_facts
from app.access.principal import Kind, Role, Scope
from app.stix.handling import HandlingLabel, State, Tlp


def annotated() -> Iterator[tuple[str, str, str]]:
    """File, id and meaning of every policy."""
    for file, text in policy_files().items():
        for policy in json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values():
            yield file, policy["annotations"]["id"], policy["annotations"]["doc"]


def test_every_policy_has_a_name_and_a_meaning_for_people() -> None:
    for file, name, meaning in annotated():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name), (file, name)
        assert 20 < len(meaning) <= 140, (file, name)
        assert not meaning.endswith("."), (file, name)


def test_policies_are_named_for_what_they_do() -> None:
    """In `handling.cedar` nothing opens: originator rights and labels only ever lift or close, they never let in."""
    policies = json.loads(cedarpy.policies_to_json_str((POLICIES / "handling.cedar").read_text()))["staticPolicies"].values()
    assert {policy["effect"] for policy in policies} == {"forbid"}


@pytest.mark.parametrize(
    ("entity", "enumeration"),
    [
        ("Kind", Kind),
        ("Role", Role),
        ("Scope", Scope),
        ("CollectionKind", CollectionKind),
        ("CollectionState", CollectionState),
        ("State", State),
    ],
)
def test_the_schema_lists_what_the_code_lists(entity: str, enumeration: EnumType) -> None:
    found = re.search(rf"^entity {entity} enum \[(?P<values>[^\]]*)\];", policy_schema(), re.MULTILINE)
    assert found is not None
    assert json.loads(f"[{found['values']}]") == [member.value for member in enumeration]  # type: ignore[attr-defined, var-annotated]


def test_the_schema_knows_exactly_the_actions() -> None:
    """Beside the two groups by which policies name several."""
    entities = json.loads(str(cedarpy.Entities.from_json_str("[]", cedarpy.Schema.from_str(policy_schema()))))
    assert {entity["uid"]["id"] for entity in entities} == {action.value for action in Action} | {"see", "write"}


LABELS = [
    HandlingLabel(Tlp.CLEAR, "ng", "ng"),
    HandlingLabel(
        tlp=Tlp.RED,
        originator="np",
        submitter="acme",
        recipients=frozenset({"user:ke/red"}),
        releasable_to=frozenset({"org:ke"}),
        not_releasable_to=frozenset({"jur:NG"}),
        embargo_until=NOW,
        retention_until=NOW,
        purposes=frozenset({"defence"}),
        opaque=True,
        by_default=True,
        state=State.HELD,
    ),
]


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("label", [None, *LABELS])
def test_what_the_policies_are_told_is_what_the_schema_says(action: Action, label: HandlingLabel | None) -> None:
    """Asked with the schema at hand, the engine finds nothing missing, nothing of another type and nothing unknown."""
    alliance = world()
    facts, schema = Facts.of(alliance), cedarpy.Schema.from_str(policy_schema())
    principals = [alliance.principal("ng/desk"), alliance.principal("acme/red")]
    context: dict[str, object] = {"now": 1} if label is None else {"now": 1, "label": facts.label(label), "previous_tlp": 3}
    for principal in filter(None, principals):
        for collection in alliance.collections:
            who, where = facts.principal(replace(principal, agreement_end=NOW + timedelta(days=1))), collection_facts(collection)
            entities = cedarpy.Entities.from_json_str(json.dumps([who, where]), schema)
            request = {
                "principal": who["uid"],
                "action": {"type": "Action", "id": action.value},
                "resource": where["uid"],
                "context": context,
            }
            answer = cedarpy.is_authorized(request, "\n".join(policy_files().values()), entities, schema)
            assert answer.decision is not cedarpy.Decision.NoDecision, answer.diagnostics.errors
            assert answer.diagnostics.errors == []


def test_policies_are_told_all_of_a_label_but_its_default() -> None:
    """Whether a level was taken by default is no ground for a decision; the parts of other originators are asked one by one."""
    told = Facts.of(world()).label(LABELS[1])
    assert set(told) == {field.name for field in fields(HandlingLabel)} - {"by_default", "also"} | {"known", "withhold_from"}


def test_clients_of_one_clearance_class_look_the_same_to_every_policy() -> None:
    """What is left out of the class is not told: clearances are shared by class."""
    alliance = world()
    principal = alliance.principal("ng/desk")
    assert principal is not None
    facts = Facts.of(alliance)
    assert facts.principal(principal) == facts.principal(principal.clearance_class)


def test_the_folder_holds_policies_alone() -> None:
    assert {path.suffix for path in POLICIES.rglob("*") if path.is_file()} <= {".cedar", ".cedarschema", ".toml"}
