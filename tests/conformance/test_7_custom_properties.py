"""TAXII 2.1 §7: custom properties."""

import re

import httpx
from worlds import TAXII, indicator, post, try_post

from app.taxii import resources


def test_unknown_properties_of_an_envelope_are_ignored(ng: httpx.Client, collection: str) -> None:
    """T-7.1.1-04, T-7.1.1-05: and so are the standard's own that mean nothing in a request."""
    body = b'{"x_sender":"me","more":true,"next":"x","objects":[%s]}' % httpx.Request("POST", "http://x", json=indicator()).content
    assert ng.post(f"{collection}objects/", content=body, headers={"Content-Type": TAXII}).status_code == 202
    assert len(ng.get(f"{collection}objects/").json()["objects"]) == 1


def test_the_server_adds_no_property_of_its_own(ng: httpx.Client) -> None:
    """T-7.1.1-01 to T-7.1.1-03: every name that it writes is one of the standard; `next` of manifest and versions is (see T-5.3.1-02)."""
    kinds = (resources.Discovery, resources.ApiRoot, resources.Collection, resources.Collections, resources.Status, resources.StatusDetails)
    for kind in (*kinds, resources.Manifest, resources.ManifestRecord, resources.ObjectVersions, resources.ErrorMessage):
        assert kind.model_config["extra"] == "forbid"
        assert all(re.fullmatch("[a-z0-9_]{2,250}", name) for name in kind.model_fields)
    assert not any(name.startswith("x_") for name in ng.get("/members/").json())


def test_custom_properties_of_objects_pass_unless_the_collection_refuses(ng: httpx.Client, collection: str) -> None:
    """C26."""
    sent = indicator(x_own="1")
    post(ng, collection, sent)
    assert ng.get(f"{collection}objects/").json()["objects"] == [sent]
    assert try_post(ng, "/members/collections/strict/", sent)["failure_count"] == 1
