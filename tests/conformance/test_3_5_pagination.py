"""TAXII 2.1 §3.5: all pages together are the whole answer, by either way of paging (App. B; C9 to C13, C16 to C19)."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from worlds import Server, ids, indicator, observable, post

TOTAL = 23


@pytest.fixture(scope="module")
def filled(server: Server) -> tuple[str, list[str]]:
    """A collection filled by three pushes, and the ids in their order."""
    place = server.fresh_collection()
    sent = [indicator() if number % 3 else observable() for number in range(TOTAL)]
    with server.visitor("ng-cert/misp") as ng:
        for push in (sent[:1], sent[1:15], sent[15:]):
            post(ng, place, *push)
        return place, ids(ng.get(f"{place}objects/"))


def _pages(ng: httpx.Client, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    while True:
        answer = ng.get(path, params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page
        if not page.get("more"):
            assert "next" not in page
            return
        query["next"] = page["next"]


@pytest.mark.parametrize("limit", [1, 2, 7, TOTAL - 1, TOTAL, TOTAL + 1])
@pytest.mark.parametrize("page", ["objects/", "manifest/"])
def test_next_leads_to_everything_once(ng: httpx.Client, filled: tuple[str, list[str]], page: str, limit: int) -> None:
    """T-3.4-12, T-3.5-02 to T-3.5-04, T-3.7-03, T-3.7-04, T-5.3.1-02, T-5.3.1-08, C12, C13: no loss, no doubles, no empty page but the only one."""
    place, wanted = filled
    found = [[each["id"] for each in answer["objects"]] for answer in _pages(ng, place + page, limit=limit)]
    assert [each for part in found for each in part] == wanted
    assert all(len(part) == limit for part in found[:-1])


@pytest.mark.parametrize("limit", [1, 4, TOTAL])
@pytest.mark.parametrize("page", ["objects/", "manifest/"])
def test_the_last_date_leads_to_everything_once(ng: httpx.Client, filled: tuple[str, list[str]], page: str, limit: int) -> None:
    """T-3.5-05, C16: also inside one push, and where the standard has no `next`."""
    place, wanted = filled
    found: list[str] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        answer = ng.get(place + page, params=query)
        part = ids(answer)
        found += part
        if not part:
            break
        query["added_after"] = answer.headers["X-TAXII-Date-Added-Last"]
    assert found == wanted


def test_next_keeps_the_filters(ng: httpx.Client, filled: tuple[str, list[str]]) -> None:
    """T-3.4-12, C10: alone, repeated, and with another limit."""
    place, wanted = filled
    indicators = [each for each in wanted if each.startswith("indicator")]
    first = ng.get(f"{place}objects/?match[type]=indicator&limit=3")
    following = first.json()["next"]
    for query in ({}, {"match[type]": "indicator"}, {"limit": 5}, {"limit": 1000, "match[type]": "indicator"}):
        rest = ids(ng.get(f"{place}objects/", params={"next": following, **query}))
        assert rest == indicators[3 : 3 + int(query.get("limit", 1000))]
    assert ids(ng.get(f"{place}objects/", params={"next": following, "match[type]": "ipv4-addr"})) == [
        each for each in wanted[wanted.index(indicators[2]) :] if each.startswith("ipv4-addr")
    ]


def test_next_with_added_after_goes_by_the_later(ng: httpx.Client, filled: tuple[str, list[str]]) -> None:
    """C10: the OpenCTI connector never forgets its last `next`."""
    place, wanted = filled
    dates = [record["date_added"] for record in ng.get(f"{place}manifest/").json()["objects"]]
    following = ng.get(f"{place}objects/?limit=5").json()["next"]
    assert ids(ng.get(f"{place}objects/", params={"next": following, "added_after": dates[9]})) == wanted[10:]
    assert ids(ng.get(f"{place}objects/", params={"next": following, "added_after": dates[1]})) == wanted[5:]


def test_a_next_of_another_collection_is_as_if_absent(ng: httpx.Client, filled: tuple[str, list[str]], collection: str) -> None:
    """C10, T-B-01."""
    place, wanted = filled
    post(ng, collection, indicator(), indicator())
    foreign = ng.get(f"{collection}objects/?limit=1").json()["next"]
    assert ids(ng.get(f"{place}objects/", params={"next": foreign})) == wanted


def test_an_empty_next_is_none(ng: httpx.Client, filled: tuple[str, list[str]]) -> None:
    """C11: MISP sends one with its first request."""
    place, wanted = filled
    assert ids(ng.get(f"{place}objects/?limit=50&next=")) == wanted


def test_a_next_can_be_used_again_and_again(server: Server, ng: httpx.Client, filled: tuple[str, list[str]]) -> None:
    """C9: it keeps nothing on the server, so any client and any worker continues with it, by objects or manifest."""
    place, wanted = filled
    following = ng.get(f"{place}objects/?limit=10").json()["next"]
    with server.visitor("ke-cert/viewer") as other:
        for visitor in (ng, other, ng):
            assert ids(visitor.get(f"{place}objects/", params={"next": following})) == wanted[10:]
            assert ids(visitor.get(f"{place}manifest/", params={"next": following})) == wanted[10:]


@pytest.mark.parametrize(
    "change", [lambda text: text[:-1], lambda text: text + "A", lambda text: text[::-1], lambda _: "!", lambda _: "A" * 60000]
)
def test_a_damaged_next_is_400(ng: httpx.Client, filled: tuple[str, list[str]], change: Any) -> None:
    """C10, T-3.4-01: never 500."""
    place, _ = filled
    following = ng.get(f"{place}objects/?limit=1").json()["next"]
    answer = ng.get(f"{place}objects/", params={"next": change(following)})
    assert answer.status_code == 400


def test_a_page_may_turn_out_empty_when_objects_were_deleted(ng: httpx.Client, collection: str) -> None:
    """T-3.5-06."""
    kept, gone = indicator(), indicator()
    post(ng, collection, kept, gone)
    following = ng.get(f"{collection}objects/?limit=1").json()["next"]
    assert ng.delete(f"{collection}objects/{gone['id']}/").status_code == 200
    assert ng.get(f"{collection}objects/", params={"next": following}).json() == {}


def test_versions_are_paged_as_well(ng: httpx.Client, collection: str) -> None:
    """T-5.8-05, T-5.8.1-03, C12: and the versions of one object in its own order of addition."""
    each = indicator()
    times = [f"2026-01-20T08:{minute}:00.000Z" for minute in (15, 20, 17, 16)]
    for modified in times:
        post(ng, collection, each | {"modified": modified})
    path = f"{collection}objects/{each['id']}/versions/"
    found = [version for page in _pages(ng, path, limit=1) for version in page["versions"]]
    assert found == times
    found = [
        one["modified"]
        for page in _pages(ng, f"{collection}objects/{each['id']}/", limit=3, **{"match[version]": "all"})
        for one in page["objects"]
    ]
    assert sorted(found) == sorted(times)


@pytest.mark.parametrize("way", ["next", "date"])
def test_polling_misses_nothing_while_others_write(server: Server, way: str) -> None:
    """C17, DESIGN 2, promise 2: two writers push while a reader follows; what it got is what is there, once each."""
    place = server.fresh_collection()
    sent: list[str] = []

    def write(client: str) -> None:
        with server.visitor(client) as visitor:
            for _ in range(12):
                push = [indicator() for _ in range(3)]
                post(visitor, place, *push)
                sent.extend(each["id"] for each in push)

    writers = [threading.Thread(target=write, args=(client,)) for client in ("ng-cert/misp", "ke-cert/misp")]
    found: list[str] = []
    with server.visitor("ng-cert/opencti") as reader:
        query: dict[str, Any] = {"limit": 4}
        for writer in writers:
            writer.start()
        while True:
            are_done = not any(writer.is_alive() for writer in writers)
            answer = reader.get(f"{place}objects/", params=query)
            part = ids(answer)
            found += part
            if not part and are_done:
                break
            if way == "next" and "next" in answer.json():
                query = {"limit": 4, "next": answer.json()["next"]}
            elif part:
                query = {"limit": 4, "added_after": answer.headers["X-TAXII-Date-Added-Last"]}
    assert len(found) == len(set(found))
    assert sorted(found) == sorted(sent)


def test_pages_are_large_enough_for_clients_that_read_one(server: Server) -> None:
    """C19, T-B-02: a thousand without a limit; the server has its own."""
    assert server.world.exchange.limits.page >= 1000
    assert server.world.exchange.limits.largest_page < 100_000
