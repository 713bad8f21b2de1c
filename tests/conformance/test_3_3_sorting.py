"""TAXII 2.1 §3.3: the order of entries."""

import httpx
from worlds import ids, indicator, post, relationship

LATER, EARLIER = "2026-01-20T09:00:00.000Z", "2026-01-20T07:00:00.000Z"


def test_entries_come_in_the_order_of_date_added(ng: httpx.Client, collection: str) -> None:
    """T-3.3-01, T-3.3-02, T-3.5-01, C16: ascending and unique, the order of pushes, and of objects within one."""
    pushes = [[indicator() for _ in range(3)] for _ in range(3)]
    for push in pushes:
        post(ng, collection, *push)
    sent = [each["id"] for push in pushes for each in push]
    assert ids(ng.get(f"{collection}objects/")) == sent
    records = ng.get(f"{collection}manifest/").json()["objects"]
    dates = [record["date_added"] for record in records]
    assert [record["id"] for record in records] == sent
    assert dates == sorted(set(dates))


def test_the_date_is_that_of_the_version(ng: httpx.Client, collection: str) -> None:
    """T-3.3-01: a new version of the first object moves it behind the second; an old one that comes late stands last among all."""
    first, second = indicator(modified=LATER), indicator()
    post(ng, collection, first, second)
    post(ng, collection, first | {"modified": "2026-01-20T10:00:00.000Z"})
    assert ids(ng.get(f"{collection}objects/")) == [second["id"], first["id"]]
    post(ng, collection, first | {"created": EARLIER, "modified": EARLIER})
    found = ng.get(f"{collection}objects/?match[version]=all").json()["objects"]
    assert [(each["id"], each["modified"]) for each in found] == [
        (first["id"], LATER),
        (second["id"], second["modified"]),
        (first["id"], "2026-01-20T10:00:00.000Z"),
        (first["id"], EARLIER),
    ]


def test_what_refers_comes_after_what_it_refers_to(ng: httpx.Client, collection: str) -> None:
    """C23: also when the push has it the other way round."""
    source, target = indicator(), indicator()
    post(ng, collection, relationship(source["id"], target["id"]), source, target)
    assert ids(ng.get(f"{collection}objects/"))[:2] == [source["id"], target["id"]]


def test_collections_have_one_order(ng: httpx.Client) -> None:
    """T-3.3-03, I-TXS-02: by id."""
    listed = [each["id"] for each in ng.get("/members/collections/").json()["collections"]]
    assert listed == sorted(listed)
    assert listed == [each["id"] for each in ng.get("/members/collections/").json()["collections"]]
