"""TAXII 2.1 §5.7: deleting objects."""

import httpx
import pytest
from worlds import TAXII, Server, ids, indicator, observable, post

FIRST, SECOND, THIRD = "2026-01-20T08:15:00.000Z", "2026-01-20T08:16:00.000Z", "2026-01-20T08:17:00.000Z"


def test_deleting_an_object(ng: httpx.Client, ke: httpx.Client, collection: str) -> None:
    """T-5.7-01, T-5.7-03, T-5.7-04: 200, no body, the media type; afterwards no endpoint shows it, and its neighbour stays."""
    gone, kept = indicator(), observable()
    post(ng, collection, gone, kept)
    answer = ng.delete(f"{collection}objects/{gone['id']}/")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", TAXII)
    for visitor in (ng, ke):
        assert visitor.get(f"{collection}objects/{gone['id']}/").status_code == 404
        assert visitor.get(f"{collection}objects/{gone['id']}/versions/").status_code == 404
        assert ids(visitor.get(f"{collection}objects/?match[version]=all")) == [kept["id"]]
        assert ids(visitor.get(f"{collection}manifest/?match[version]=all")) == [kept["id"]]
    assert ng.delete(f"{collection}objects/{gone['id']}/").status_code == 404


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("", []),
        ("?match[version]=all", []),
        ("?match[version]=last", [FIRST, SECOND]),
        ("?match[version]=first", [SECOND, THIRD]),
        ("?match[version]=first,last", [SECOND]),
        (f"?match[version]={SECOND}", [FIRST, THIRD]),
        (f"?match[version]={SECOND},{THIRD}", [FIRST]),
        ("?match[spec_version]=2.1&match[version]=first", [SECOND, THIRD]),
    ],
)
def test_deleting_versions(ng: httpx.Client, busy: str, query: str, left: list[str]) -> None:
    """T-5.7-02, T-5.7-03: only those; what is left is served on."""
    each = indicator()
    for modified in (FIRST, SECOND, THIRD):
        post(ng, busy, each | {"modified": modified})
    assert ng.delete(f"{busy}objects/{each['id']}/{query}").status_code == 200
    answer = ng.get(f"{busy}objects/{each['id']}/?match[version]=all")
    assert answer.status_code == (200 if left else 404)
    assert sorted(one["modified"] for one in answer.json().get("objects", [])) == left


def test_a_version_that_is_not_there_is_404(ng: httpx.Client, collection: str) -> None:
    """T-5.7-09."""
    each = indicator()
    post(ng, collection, each)
    assert ng.delete(f"{collection}objects/{each['id']}/?match[version]={THIRD}").status_code == 404
    assert ng.delete(f"{collection}objects/{each['id']}/?match[spec_version]=2.0").status_code == 404
    assert ng.delete(f"{collection}objects/{each['id']}/?match[version]=newest").status_code == 400
    assert ids(ng.get(f"{collection}objects/")) == [each["id"]]


@pytest.mark.parametrize(
    ("client", "path", "status"),
    [
        ("ng-cert/misp", "/members/collections/bulletin/", 403),
        ("ng-cert/desk", "/members/collections/alliance/", 403),
        ("ng-cert/misp", "/members/collections/dropbox/", 403),
        ("ng-cert/sensor", "/members/collections/alliance/", 403),
        ("vendor/push", "/members/collections/alliance/", 404),
        ("xx-cert/misp", "/members/collections/alliance/", 404),
        ("ng-cert/misp", "/members/collections/nowhere/", 404),
        ("ng-cert/misp", "/nowhere/collections/alliance/", 404),
    ],
)
def test_who_may_not_delete(server: Server, ke: httpx.Client, client: str, path: str, status: int) -> None:
    """T-5.7-06 to T-5.7-09: read without write and write without read are 403, neither is 404."""
    with server.visitor("secretariat/editor") as editor:
        place = "/members/collections/bulletin/"
        post(editor, place, bulletin := indicator())
    with server.visitor(client) as visitor:
        assert visitor.delete(f"{path}objects/{bulletin['id']}/").status_code == status


def test_other_collections_keep_theirs(server: Server, ng: httpx.Client, collection: str) -> None:
    """T-5.7-10: deletion is per collection."""
    each = indicator()
    other = server.fresh_collection()
    post(ng, collection, each)
    post(ng, other, each)
    ng.delete(f"{collection}objects/{each['id']}/")
    assert ids(ng.get(f"{other}objects/")) == [each["id"]]
