"""TAXII 2.1 §5.1, §5.2: collections."""

from uuid import UUID

import httpx
import pytest
from worlds import Server, collection_id, envelope, indicator

ALL = ["alliance", "bulletin", "dropbox", "ng-indicators", "strict"]


def _aliases(visitor: httpx.Client, root: str = "members") -> list[str]:
    answer = visitor.get(f"/{root}/collections/")
    assert answer.status_code == 200
    return sorted(each["alias"] for each in answer.json()["collections"])


def test_each_client_sees_its_own(
    server: Server, ng: httpx.Client, ke: httpx.Client, vendor: httpx.Client, anonymous: httpx.Client
) -> None:
    """T-5.1-01, C31: what it may read or write, and no more; a reader is not shown what it could only write to."""
    assert _aliases(ng) == ALL
    assert _aliases(ke) == ALL
    with server.visitor("ng-cert/desk") as desk, server.visitor("ng-cert/sensor") as sensor:
        assert _aliases(desk) == [each for each in ALL if each != "dropbox"]
        assert _aliases(sensor) == ["alliance", "dropbox", "ng-indicators", "strict"]
    assert _aliases(vendor, "intake") == ["vendor"]
    assert _aliases(anonymous, "public") == ["advisories"]
    assert vendor.get("/members/collections/").status_code == 404


def test_a_collection(ng: httpx.Client) -> None:
    """T-5.2-01, T-5.2.1-01 to T-5.2.1-09, C7: as in the list; unmarked objects are announced."""
    one = ng.get(f"/members/collections/{collection_id('members/ng-indicators')}/").json()
    assert one == {
        "id": str(collection_id("members/ng-indicators")),
        "title": "ng indicators",
        "description": "Indicators of Nigeria. Objects without a TLP marking count as TLP:AMBER.",
        "alias": "ng-indicators",
        "can_read": True,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
    }
    listed = ng.get("/members/collections/").json()["collections"]
    assert one in listed
    assert all(UUID(each["id"]).version == 4 for each in listed)
    assert (
        len({each["id"] for each in listed})
        == len({each["alias"] for each in listed})
        == len({each["title"] for each in listed})
        == len(listed)
    )
    (strict,) = (each for each in listed if each["alias"] == "strict")
    assert strict["description"] == "Objects need a TLP marking."


@pytest.mark.parametrize(
    ("client", "alias", "can_read", "can_write"),
    [
        ("ng-cert/misp", "ng-indicators", True, True),
        ("ke-cert/misp", "ng-indicators", True, False),
        ("ng-cert/misp", "bulletin", True, False),
        ("ng-cert/misp", "dropbox", False, True),
        ("ke-cert/misp", "dropbox", True, False),
        ("ng-cert/desk", "ng-indicators", True, False),
        ("ng-cert/sensor", "ng-indicators", False, True),
        ("ng-cert/feed", "alliance", True, False),
    ],
)
def test_rights_are_those_of_the_client(server: Server, client: str, alias: str, can_read: bool, can_write: bool) -> None:  # noqa: FBT001
    """T-5.2.1-05, T-5.2.1-06, T-5.3-03, T-5.4-03, T-5.5-03, T-5.6-03, T-5.8-04: true exactly if the deed is answered; else 403."""
    path = f"/members/collections/{alias}/"
    unknown = "indicator--00000000-0000-4000-8000-000000000000"
    with server.visitor(client) as visitor:
        found = visitor.get(path).json()
        assert (found["can_read"], found["can_write"]) == (can_read, can_write)
        for page in ("objects/", "manifest/"):
            assert visitor.get(path + page).status_code == (200 if can_read else 403)
        for page in (f"objects/{unknown}/", f"objects/{unknown}/versions/"):
            assert visitor.get(path + page).status_code == (404 if can_read else 403)
        sent = visitor.post(f"{path}objects/", content=envelope(indicator()), headers={"Content-Type": "application/taxii+json"})
        assert sent.status_code == (202 if can_write else 403)


@pytest.mark.parametrize("name", ["nowhere", "00000000-0000-4000-8000-000000000000", "NG-INDICATORS", "vendor", "afjoc"])
def test_an_unknown_collection_is_404(ng: httpx.Client, name: str) -> None:
    """T-5.1-03, T-5.2-03, T-5.3-06: also one of another root."""
    for path in ("", "objects/", "manifest/"):
        assert ng.get(f"/members/collections/{name}/{path}").status_code == 404


def test_an_alias_is_an_address(ng: httpx.Client) -> None:
    """T-5.2.1-04, T-5.2.1-10, C7: everywhere in place of the id, which is what is handed out."""
    by_id, by_alias = (f"/members/collections/{each}/" for each in (collection_id("members/alliance"), "alliance"))
    ng.post(f"{by_alias}objects/", content=envelope(indicator()), headers={"Content-Type": "application/taxii+json"})
    for path in ("", "objects/", "manifest/"):
        assert ng.get(by_alias + path).content == ng.get(by_id + path).content
    assert ng.get(by_alias).json()["id"] == str(collection_id("members/alliance"))
