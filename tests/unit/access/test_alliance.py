"""The alliance as values: what files may say, whom audiences hold, and how things are found."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.access.alliance import Alliance, Client, Collection, Group, Organisation, recipients_known
from app.access.principal import Kind, Role, Scope
from app.stix.handling import Tlp

ANN = "identity--d4f1c9de-0c4e-4e4b-8f43-1f2a3b4c5d6e"
OWNED = "identity--7d7b1a52-3b0f-4d8e-9a2f-2f9b5d0c4e10"
ROW: dict[str, Any] = {"root": "members", "name": "ng", "id": UUID(int=1, version=4), "title": "Nigeria", "kind": "national", "owner": "ng"}


def alliance() -> Alliance:
    return Alliance.model_validate(
        {
            "organisations": {
                "ng": {
                    "kind": "member",
                    "name": "Nigeria",
                    "jurisdiction": "NG",
                    "identities": [OWNED],
                    "clients": {
                        "ann": {"roles": ["reader", "red-reader"], "identities": [ANN], "purposes": ["defence"], "subjects": ["main/4711"]},
                        "feed": {"roles": ["reader"], "scope": "constituency", "compatibility": ["millisecond-dates"]},
                    },
                },
                "acme": {
                    "kind": "partner",
                    "name": "Acme",
                    "agreement_until": date(2026, 5, 31),
                    "clients": {"tool": {"roles": ["contributor"]}},
                },
                "sec": {"kind": "secretariat", "name": "Secretariat", "active": False, "clients": {"desk": {"roles": ["reader"]}}},
            },
            "groups": {"west": {"name": "West", "members": ["ng", "acme"]}},
            "roots": {"members": {"title": "Members"}},
            "collections": [
                ROW,
                {**ROW, "name": "serval", "id": UUID(int=2, version=4), "kind": "operation", "readers": ["group:west"]},
                {**ROW, "name": "lynx", "id": UUID(int=3, version=4), "kind": "operation", "readers": ["user:acme/tool"]},
                {**ROW, "name": "west", "id": UUID(int=4, version=4), "kind": "alliance", "readers": ["group:west"]},
            ],
            "policies": {},
            "policy_schema": "",
        }
    )


def test_a_principal_is_what_its_client_and_organisation_are() -> None:
    ann = alliance().principal("ng/ann")
    assert ann is not None
    assert (ann.client, ann.organisation, ann.kind, ann.jurisdiction) == ("ng/ann", "ng", Kind.MEMBER, "NG")
    assert (ann.roles, ann.scope, ann.purposes) == ({Role.READER, Role.RED_READER}, Scope.ORGANISATION, {"defence"})
    assert ann.names == {ANN, "user:ng/ann"}
    assert (ann.active, ann.agreement_end, ann.compatibility) == (True, None, frozenset())


def test_audiences_are_everything_that_holds_for_a_client() -> None:
    """Operations count for whole organisations: one client of Acme among the readers does not make Acme take part."""
    ann, tool = alliance().principal("ng/ann"), alliance().principal("acme/tool")
    assert ann is not None
    assert tool is not None
    assert ann.audiences == {"public", "org:ng", "jur:NG", "group:members", "group:west", "op:serval", "user:ng/ann"}
    assert tool.audiences == {"public", "org:acme", "group:partners", "group:west", "op:serval", "user:acme/tool"}
    assert alliance().audiences["sec"] == {"public", "org:sec", "group:secretariat"}


def test_standing_is_that_of_the_organisation() -> None:
    desk, tool, feed = alliance().principal("sec/desk"), alliance().principal("acme/tool"), alliance().principal("ng/feed")
    assert desk is not None
    assert tool is not None
    assert feed is not None
    assert not desk.active
    assert tool.agreement_end == datetime(2026, 6, 1, tzinfo=UTC)
    assert (feed.scope, feed.compatibility) == (Scope.CONSTITUENCY, {"millisecond-dates"})


@pytest.mark.parametrize("name", ["ng/bob", "xx/ann", "ng", "", "ng/ann/x", "/ann"])
def test_there_is_no_principal_for_other_names(name: str) -> None:
    assert alliance().principal(name) is None
    assert alliance().client(name) is None


def test_a_client_is_found_by_its_name() -> None:
    client = alliance().client("ng/feed")
    assert client is not None
    assert client.scope is Scope.CONSTITUENCY


def test_collections_are_found_by_id_and_by_name() -> None:
    """Both are addresses (T-5.2.1-10); the id is what the store knows."""
    found = alliance()
    serval = found.by_key[str(UUID(int=2, version=4))]
    assert serval.path == "members/serval"
    assert found.by_path["members", "serval"] is found.by_path["members", serval.key] is serval
    assert ("operations", "serval") not in found.by_path


def test_owners_of_identities_and_of_subjects() -> None:
    assert alliance().owner_of_identity == {OWNED: "ng"}
    assert alliance().client_of_subject == {"main/4711": "ng/ann"}


def test_recipients_that_red_may_name_are_the_red_readers() -> None:
    assert recipients_known(alliance()) == {"user:ng/ann", ANN}


def test_dates_end_with_their_day() -> None:
    organisation = Organisation(kind="partner", name="A", agreement_until=date(2026, 12, 31))
    assert organisation.agreement_end == datetime(2027, 1, 1, tzinfo=UTC)
    assert Organisation(kind="member", name="A").agreement_end is None
    assert Collection(**ROW, archive_until=date(2026, 2, 28)).archive_end == datetime(2026, 3, 1, tzinfo=UTC)
    assert Collection(**ROW).archive_end is None


def test_levels_are_on_one_scale() -> None:
    assert Collection(**ROW).ceiling_level is Tlp.RED
    assert Collection(**ROW, ceiling="amber+strict").ceiling_level is Tlp.AMBER_STRICT
    assert Collection(**ROW, ceiling="white").ceiling_level is Tlp.CLEAR


def test_the_defaults_are_the_narrow_ones() -> None:
    collection = Collection(**ROW)
    assert collection.readers == collection.writers == collection.red_recipients == frozenset()
    assert (collection.unmarked, collection.opaque, collection.relay, collection.negative_lists) == ("refuse", "refuse", False, False)
    assert Client(roles=frozenset()).identities == Client(roles=frozenset()).purposes == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "d9428888-122b-11e1-b85c-61cd3cbb3210"},
        {"id": "ng"},
        {"title": "a, b"},
        {"kind": "private"},
        {"owner": "NG"},
        {"readers": ["everybody"]},
        {"readers": ["org:NG"]},
        {"readers": ["jur:ng"]},
        {"readers": ["user:ng"]},
        {"ceiling": "pink"},
        {"unmarked": "never"},
        {"state": "shut"},
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_collection_that_says_something_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Collection.model_validate({**ROW, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "public"},
        {"jurisdiction": "Nigeria"},
        {"identities": ["ng"]},
        {"withhold_from": ["all"]},
        {"clients": {"a b": {"roles": []}}},
        {"clients": {"a": {"roles": ["root"]}}},
        {"clients": {"a": {"roles": [], "scope": "world"}}},
        {"clients": {"a": {"roles": [], "purposes": ["profit"]}}},
        {"clients": {"a": {"roles": [], "compatibility": ["none"]}}},
        {"password": "x"},
    ],
    ids=str,
)
def test_an_organisation_that_says_something_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Organisation.model_validate({"kind": "member", "name": "A", **change})


def test_the_document_that_a_store_keeps_is_the_alliance() -> None:
    """Read back equal; and the same bytes however its sets happen to be ordered, since its hash tells one alliance from another."""
    kept = alliance().to_document()
    assert Alliance.model_validate_json(kept) == alliance()
    turned = alliance().model_dump()
    turned["groups"]["west"]["members"] = ["acme", "ng"]
    turned["organisations"]["ng"]["clients"]["ann"]["roles"] = ["red-reader", "reader"]
    turned["organisations"] = dict(reversed(turned["organisations"].items()))
    assert Alliance.model_validate(turned).to_document() == kept


def test_values_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Group(name="g", members=frozenset()).name = "other"
