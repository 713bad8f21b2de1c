"""TAXII 2.1 §3.4: added_after, limit, next and the match fields."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from worlds import Server, identity, ids, indicator, observable, post, relationship

FIRST, SECOND, THIRD = "2026-01-20T08:15:00.000Z", "2026-01-20T08:16:00.000Z", "2026-01-20T08:17:00.000Z"
MALFORMED = [
    "added_after=yesterday",
    "added_after=2026-01-01",
    "added_after=2026-01-01T00:00:00",
    "added_after=2026-13-01T00:00:00Z",
    "added_after=2026-01-01T25:00:00Z",
    "added_after=2026-01-01T00:00:00%2B02:00",
    "added_after=",
    "added_after=2026-01-01T00:00:00Z&added_after=2026-01-01T00:00:00Z",
    "limit=0",
    "limit=-1",
    "limit=1.5",
    "limit=ten",
    "limit=",
    "limit=1&limit=2",
    "limit=%EF%BC%91",
    "next=rubbish",
    "next=%00",
    "next=%FF",
    "match[version]=newest",
    "match[version]=last,",
    "match[version]=all,last",
    "match[version]=last,last",
    "match[version]=last&match[version]=first",
    "match[spec_version]=two",
    "match[type]=Indicator!",
    "match[id]=indicator",
    "match[type]=indicator&match[type]=malware",
    "&".join(f"x{number}=1" for number in range(101)),
]
STIX_TYPES = [
    "artifact", "attack-pattern", "autonomous-system", "campaign", "course-of-action", "directory", "domain-name", "email-addr",
    "email-message", "extension-definition", "file", "grouping", "identity", "incident", "indicator", "infrastructure", "intrusion-set",
    "ipv4-addr", "ipv6-addr", "language-content", "location", "mac-addr", "malware", "malware-analysis", "marking-definition", "mutex",
    "network-traffic", "note", "observed-data", "opinion", "process", "relationship", "report", "sighting", "software", "threat-actor",
    "tool", "url", "user-account", "vulnerability", "windows-registry-key", "x509-certificate",
]  # fmt: skip


@pytest.fixture(scope="module")
def filled(server: Server) -> tuple[str, dict[str, Any]]:
    """A collection with an indicator in three versions, an identity, a relationship and an observable."""
    place = server.fresh_collection()
    versions = indicator()
    whom, seen = identity(), observable()
    link = relationship(versions["id"], whom["id"])
    with server.visitor("ng-cert/misp") as ng:
        post(ng, place, versions, whom)
        post(ng, place, versions | {"modified": THIRD, "name": "third"})
        post(ng, place, versions | {"modified": SECOND, "name": "second"})
        post(ng, place, seen, link)
    return place, {"indicator": versions, "identity": whom, "ipv4-addr": seen, "relationship": link}


def _names(ng: httpx.Client, filled: tuple[str, dict[str, Any]], query: str) -> list[tuple[str, str]]:
    """(type, modified) of what the objects endpoint answers, checked against the manifest."""
    place, _ = filled
    answer = ng.get(f"{place}objects/?{query}")
    assert answer.status_code == 200, answer.text
    found: Sequence[dict[str, Any]] = answer.json().get("objects", [])
    manifest = ng.get(f"{place}manifest/?{query}").json().get("objects", [])
    assert [each["id"] for each in manifest] == [each["id"] for each in found]
    return [(each["type"], each.get("modified", "")) for each in found]


@pytest.mark.parametrize("query", MALFORMED, ids=lambda query: query[:40])
@pytest.mark.parametrize("page", ["objects/", "manifest/"])
def test_malformed_parameters_are_400(ng: httpx.Client, busy: str, page: str, query: str) -> None:
    """T-3.4-01, T-3.4-03, T-3.4-06, T-3.4-17, T-3.4.1-15, T-5.3-06, T-5.4-07, C18: never 422, never 500."""
    answer = ng.get(f"{busy}{page}?{query}")
    assert (answer.status_code, answer.json()["http_status"]) == (400, "400")
    assert answer.json()["description"]


def test_a_stranger_is_not_told_what_is_wrong_with_his_query(vendor: httpx.Client, anonymous: httpx.Client) -> None:
    """T-B-03: who may not know of the collection is told that alone."""
    for path in ("/members/collections/alliance/", "/members/collections/nowhere/"):
        assert vendor.get(f"{path}objects/?limit=0").status_code == 404
        assert anonymous.get(f"{path}objects/?limit=0").status_code == 401
    assert anonymous.get("/public/collections/advisories/objects/?limit=0").status_code == 400


def test_added_after_is_exclusive(ng: httpx.Client, collection: str) -> None:
    """T-3.4-02, T-3.4-05, C18: strictly later by date_added, whatever the object's own times say."""
    old, new = indicator(created=FIRST, modified=FIRST), indicator(created="2020-01-01T00:00:00.000Z", modified="2020-01-01T00:00:00.000Z")
    post(ng, collection, old)
    post(ng, collection, new)
    first, second = (record["date_added"] for record in ng.get(f"{collection}manifest/").json()["objects"])
    assert ids(ng.get(f"{collection}objects/?added_after={first}")) == [new["id"]]
    assert ids(ng.get(f"{collection}objects/?added_after={second}")) == []


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.1Z",
        "2026-01-01T00:00:00.123456789Z",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00%2B00:00",
    ],
)
def test_added_after_takes_every_writing_of_utc(ng: httpx.Client, collection: str, text: str) -> None:
    """C18: 0 to 9 digits, `Z`, and `+00:00` even when its plus arrives as a blank."""
    post(ng, collection, indicator())
    assert len(ids(ng.get(f"{collection}objects/?added_after={text}"))) == 1


def test_added_after_in_the_future_is_an_empty_page(ng: httpx.Client, collection: str) -> None:
    """C18, T-5.4-06."""
    post(ng, collection, indicator())
    assert ng.get(f"{collection}objects/?added_after=2999-01-01T00:00:00Z").json() == {}


@pytest.mark.parametrize(("limit", "more"), [(1, True), (2, True), (3, False), (4, False), (99999999999999999999, False)])
def test_limit(ng: httpx.Client, collection: str, limit: int, more: bool) -> None:  # noqa: FBT001
    """T-3.4-04, T-3.4-07, T-3.4-08, T-3.4-09, T-3.4-10, T-3.4-11, C19: the oldest first, no more than asked, and no refusal of a large wish."""
    sent = [indicator() for _ in range(3)]
    post(ng, collection, *sent)
    answer = ng.get(f"{collection}objects/?limit={limit}")
    assert ids(answer) == [each["id"] for each in sent[:limit]]
    assert answer.json()["more"] is more
    assert ("next" in answer.json()) is more


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["identity", "indicator", "ipv4-addr", "relationship"]),
        ("match[type]=indicator", ["indicator"]),
        ("match[type]=indicator,identity", ["identity", "indicator"]),
        ("match[type]=indicator&match[spec_version]=2.1", ["indicator"]),
        ("match[spec_version]=2.1", ["identity", "indicator", "ipv4-addr", "relationship"]),
        ("match[spec_version]=2.0", []),
        ("match[spec_version]=2.0,2.1", ["identity", "indicator", "ipv4-addr", "relationship"]),
        ("match[type]=indicat", []),
        ("match[type]=x-own-type", []),
        ("match[colour]=red", ["identity", "indicator", "ipv4-addr", "relationship"]),
        ("match%5Btype%5D=indicator%2Cidentity", ["identity", "indicator"]),
        ("match[type]=identity&match[version]=first", ["identity"]),
        ("match[type]=ipv4-addr&match[version]=first", ["ipv4-addr"]),
    ],
)
def test_match_fields(ng: httpx.Client, filled: tuple[str, dict[str, Any]], query: str, found: list[str]) -> None:
    """T-3.4-13, T-3.4-14, T-3.4-15, T-3.4-16, T-3.4-18, T-3.4.1-02 to T-3.4.1-04, T-3.4.1-06, T-5.3-04, T-5.3-05, T-5.4-04, C20."""
    assert sorted(kind for kind, _ in _names(ng, filled, query)) == found


def test_match_id(ng: httpx.Client, filled: tuple[str, dict[str, Any]]) -> None:
    """T-3.4.1-01: several are alternatives; with another field both must hold; raw or encoded."""
    place, objects = filled
    both = ",".join((objects["identity"]["id"], objects["ipv4-addr"]["id"]))
    assert [kind for kind, _ in _names(ng, filled, f"match[id]={both}")] == ["identity", "ipv4-addr"]
    assert [kind for kind, _ in _names(ng, filled, f"match[id]={both}&match[type]=identity")] == ["identity"]
    assert [kind for kind, _ in _names(ng, filled, f"{quote('match[id]')}={quote(both)}")] == ["identity", "ipv4-addr"]
    assert ng.get(f"{place}objects/?match[id]=indicator--00000000-0000-4000-8000-000000000000").json() == {}


@pytest.mark.parametrize("kind", STIX_TYPES)
def test_every_stix_type_can_be_asked_for(ng: httpx.Client, busy: str, kind: str) -> None:
    """T-3.4.1-05."""
    assert ng.get(f"{busy}objects/?match[type]={kind}").status_code == 200


@pytest.mark.parametrize(
    ("version", "found"),
    [
        (None, [THIRD]),
        ("last", [THIRD]),
        ("first", [FIRST]),
        ("all", [FIRST, THIRD, SECOND]),
        ("first,last", [FIRST, THIRD]),
        (SECOND, [SECOND]),
        ("2026-01-20T08:16:00Z", [SECOND]),
        (f"{SECOND},{FIRST}", [FIRST, SECOND]),
        (f"last,{THIRD}", [THIRD]),
        ("2026-01-20T08:16:00.001Z", []),
    ],
)
def test_match_version(ng: httpx.Client, filled: tuple[str, dict[str, Any]], version: str | None, found: list[str]) -> None:
    """T-3.4.1-07 to T-3.4.1-11, T-3.4.1-14: by modified time, not by the order of arrival; what fits twice appears once."""
    query = "match[type]=indicator" + (f"&match[version]={version}" if version else "")
    assert [modified for _, modified in _names(ng, filled, query)] == found


def test_objects_without_modified_go_by_created_or_by_date_added(ng: httpx.Client, collection: str) -> None:
    """T-3.4.1-12, T-3.4.1-13, T-3.4.1-17, T-5.3.1-05, T-5.3.1-06, T-5.8-02, T-4.3.1-12, T-4.3.1-13: the same value in all four places."""
    definition = {
        "type": "marking-definition", "spec_version": "2.1", "id": "marking-definition--5a9f1f0a-6f3a-4f0f-8e52-0a9f4b0f4a11",
        "created": "2026-01-20T08:15:00.00Z", "definition_type": "statement", "definition": {"statement": "Copyright"},
    }  # fmt: skip
    seen = observable()
    status = post(ng, collection, definition, seen)
    told = {each["id"]: each["version"] for each in status["successes"]}
    for each in (definition, seen):
        (record,) = ng.get(f"{collection}manifest/?match[id]={each['id']}").json()["objects"]
        assert record["version"] == told[each["id"]]
        assert record["version"] == each.get("created", record["date_added"])
        assert ng.get(f"{collection}objects/{each['id']}/versions/").json()["versions"] == [record["version"]]
        assert ids(ng.get(f"{collection}objects/?match[version]={record['version']}")) == [each["id"]]


def test_the_latest_version_is_settled_before_added_after(ng: httpx.Client, filled: tuple[str, dict[str, Any]]) -> None:
    """T-3.4.1-16: an older version that came later is not the latest one of what came later."""
    place, objects = filled
    wanted = f"match[id]={objects['indicator']['id']}"
    third = ng.get(f"{place}manifest/?{wanted}").json()["objects"][0]["date_added"]
    assert ng.get(f"{place}objects/?{wanted}&added_after={third}").json() == {}
    assert len(ids(ng.get(f"{place}objects/?{wanted}&added_after={third}&match[version]=all"))) == 1


def test_match_values_are_bounded(ng: httpx.Client, busy: str) -> None:
    """T-B-02: a hundred values may be asked for, more are refused."""
    some = [observable()["id"] for _ in range(101)]
    assert ng.get(f"{busy}objects/?match[id]={','.join(some[:100])}").status_code == 200
    assert ng.get(f"{busy}objects/?match[id]={','.join(some)}").status_code == 400
