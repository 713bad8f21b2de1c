"""TAXII 2.1 §3.7, §3.8: envelopes."""

import json

import httpx
import pytest
from worlds import CLEAR, TAXII, identity, indicator, object_id, observable, post, relationship, try_post


def test_objects_stand_in_an_envelope(ng: httpx.Client, collection: str) -> None:
    """T-3.7-01, T-5.4-05, T-5.6-06, T-3.8-01: one object, too, is in a list at the root."""
    added = indicator()
    post(ng, collection, added)
    for path in (f"{collection}objects/", f"{collection}objects/{added['id']}/"):
        assert ng.get(path).json() == {"more": False, "objects": [added]}


def test_no_objects_no_property(ng: httpx.Client, collection: str) -> None:
    """T-3.7-02, C14."""
    assert ng.get(f"{collection}objects/").content == b"{}"


def test_every_kind_of_stix_object_is_taken(ng: httpx.Client, collection: str) -> None:
    """T-3.7-05: domain objects, observables, relationships, language content, markings and extensions."""
    whom = identity()
    common = {
        "spec_version": "2.1",
        "created": "2026-01-20T08:15:00.000Z",
        "modified": "2026-01-20T08:15:00.000Z",
        "object_marking_refs": [CLEAR],
    }
    what = indicator()
    sent = [
        whom,
        what,
        observable(),
        relationship(what["id"], whom["id"]),
        {"type": "language-content", "id": object_id("language-content"), "object_ref": what["id"], "contents": {"de": {"name": "Server"}}} | common,
        {"type": "extension-definition", "id": object_id("extension-definition"), "created_by_ref": whom["id"], "name": "x", "schema": "x",
         "version": "1.0.0", "extension_types": ["property-extension"]} | common,
    ]  # fmt: skip
    post(ng, collection, *sent)
    found = ng.get(f"{collection}objects/").json()["objects"]
    assert sorted(each["id"] for each in found) == sorted(each["id"] for each in sent)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "bundle", "id": object_id("bundle"), "objects": [indicator()]},
        {"type": "indicator"},
        {"id": object_id("indicator")},
        {"type": "malware", "id": object_id("indicator"), "spec_version": "2.1"},
        {},
    ],
    ids=["bundle", "no id", "no type", "id of another type", "nothing"],
)
def test_what_is_no_object_is_never_served(ng: httpx.Client, collection: str, wrong: dict[str, object]) -> None:
    """T-3.7-05, T-8.2.1-04, C24: a failure line, and nothing else."""
    status = try_post(ng, collection, wrong, indicator())
    assert (status["failure_count"], status["success_count"]) == (1, 1)
    assert [each["type"] for each in ng.get(f"{collection}objects/").json()["objects"]] == ["indicator"]


def test_bytes_leave_as_they_came(ng: httpx.Client, collection: str) -> None:
    """C22, DESIGN 7: member order, blanks, escapes, number forms, own properties."""
    content = json.dumps(indicator(x_own={"b": 1, "a": [1.50, 1e3, True]}), indent=1).replace("Command", "\\u0043ommand").encode()
    assert ng.post(f"{collection}objects/", content=b'{ "objects" : [ %s ] }' % content, headers={"Content-Type": TAXII}).status_code == 202
    assert content in ng.get(f"{collection}objects/").content
