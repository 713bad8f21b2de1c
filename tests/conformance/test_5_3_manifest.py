"""TAXII 2.1 §5.3: the manifest."""

import httpx
from worlds import TAXII, indicator, observable, post

from app.taxii.resources import Manifest


def test_a_manifest(ng: httpx.Client, collection: str) -> None:
    """T-5.3-01, T-5.3.1-01 to T-5.3.1-05, T-5.3.1-07, T-5.3.1-08: one line for each version, `version` as it is written in the object."""
    first, second = indicator(modified="2026-01-20T08:15:00.1000Z", created="2026-01-20T08:15:00.000Z"), observable()
    assert ng.get(f"{collection}manifest/").content == b"{}"
    post(ng, collection, first, second)
    found = ng.get(f"{collection}manifest/").json()
    Manifest.model_validate(found, strict=False)
    assert [(each["id"], each["version"]) for each in found["objects"]] == [
        (first["id"], "2026-01-20T08:15:00.1000Z"),
        (second["id"], found["objects"][1]["date_added"]),
    ]
    assert found["more"] is False


def test_each_version_has_its_own_date(ng: httpx.Client, collection: str) -> None:
    """T-5.3.1-04."""
    each = indicator()
    post(ng, collection, each)
    (before,) = ng.get(f"{collection}manifest/").json()["objects"]
    post(ng, collection, each | {"modified": "2026-01-20T09:00:00.000Z"})
    records = ng.get(f"{collection}manifest/?match[version]=all").json()["objects"]
    assert records[0] == before
    assert records[1]["date_added"] > before["date_added"]
    assert [record["id"] for record in records] == [each["id"], each["id"]]


def test_both_media_types_in_accept(ng: httpx.Client, collection: str) -> None:
    """T-5.3-07."""
    answer = ng.get(f"{collection}manifest/", headers={"Accept": "application/taxii+json;version=2.1,application/stix+json;version=2.1"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, TAXII)
