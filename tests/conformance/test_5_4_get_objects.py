"""TAXII 2.1 §5.4: objects, over every store and for every client's switches."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import worlds
from stores import KINDS, fresh_store
from worlds import Server, ids, indicator, observable, post, try_post

from app.audit.deliveries import Delivery
from app.bootstrap import open_store


@pytest.fixture(params=KINDS)
def on_each_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server over each store."""
    with fresh_store(request.param, request, tmp_path) as url:

        async def make() -> worlds.World:
            return await worlds.build(await open_store(url))

        with worlds.serving(make) as server:
            yield server


def test_the_whole_road_on_each_store(on_each_store: Server) -> None:
    """T-5.4-01, T-5.4-04, T-5.5-01, T-5.5-10, T-5.7-03, T-5.8-01, C25: add, read, page, add again, a new version, delete."""
    with on_each_store.visitor("ng-cert/misp") as ng:
        place = on_each_store.fresh_collection()
        sent = [indicator() for _ in range(5)]
        status = post(ng, place, *sent)
        assert ng.get(f"/scratch/status/{status['id']}/").json() == status
        first = ng.get(f"{place}objects/?limit=3")
        rest = ng.get(f"{place}objects/", params={"next": first.json()["next"]})
        assert first.json()["objects"] + rest.json()["objects"] == sent
        before = ng.get(f"{place}manifest/").json()
        post(ng, place, *sent)
        assert ng.get(f"{place}manifest/").json() == before
        newer = sent[0] | {"modified": "2026-01-21T00:00:00.000Z"}
        post(ng, place, newer)
        assert ng.get(f"{place}objects/{newer['id']}/").json()["objects"] == [newer]
        assert ng.get(f"{place}objects/{newer['id']}/versions/").json()["versions"] == [sent[0]["modified"], newer["modified"]]
        assert ng.delete(f"{place}objects/{newer['id']}/").status_code == 200
        assert ids(ng.get(f"{place}objects/?match[version]=all")) == [each["id"] for each in sent[1:]]


def test_nothing_found_is_an_empty_envelope(ng: httpx.Client, collection: str) -> None:
    """T-5.4-06: 200, not 404."""
    answer = ng.get(f"{collection}objects/?match[type]=malware")
    assert (answer.status_code, answer.json()) == (200, {})


def test_a_page_with_objects_leaves_a_delivery_record(server: Server, ng: httpx.Client, collection: str) -> None:
    """DESIGN 2, promise 5: one with objects, none for an empty page or a manifest."""
    post(ng, collection, indicator(), indicator())
    key = collection.split("/")[3]

    def records() -> list[Delivery]:
        found = server.run(server.world.exchange.store.delivered(key, range(1, 1 << 20), 100))
        return [each.delivery for each in found]

    ng.get(f"{collection}manifest/")
    ng.get(f"{collection}objects/?match[type]=malware")
    assert records() == []
    ng.get(f"{collection}objects/")
    (record,) = records()
    assert (record.client, len(record.rows)) == ("ng-cert/misp", 2)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip, br;q=0.1", "*"])
def test_gzip_on_request(ng: httpx.Client, collection: str, encoding: str) -> None:
    """C33: the same bytes inside."""
    post(ng, collection, *(indicator() for _ in range(50)))
    plain = ng.get(f"{collection}objects/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with ng.stream("GET", f"{collection}objects/", headers={"Accept-Encoding": encoding}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(raw) < len(plain.content)
    assert gzip.decompress(raw) == plain.content


def test_the_switch_for_empty_lists(server: Server, collection: str, ng: httpx.Client) -> None:
    """C14: the list that the standard forbids, for the client that stops without it, on empty pages alone."""
    with server.visitor("ng-cert/elastic") as elastic:
        assert elastic.get(f"{collection}objects/").content == b'{"objects":[]}'
        assert elastic.get(f"{collection}manifest/").content == b"{}"
        post(ng, collection, indicator())
        assert elastic.get(f"{collection}objects/").content == ng.get(f"{collection}objects/").content


def test_the_switch_for_spec_version(server: Server, collection: str, ng: httpx.Client) -> None:
    """C22: put in front of observables that have none; nested ones do not count, and everything else stays as it came."""
    nested = observable(
        extensions={
            "extension-definition--5a9f1f0a-6f3a-4f0f-8e52-0a9f4b0f4a11": {"spec_version": "2.1", "extension_type": "property-extension"}
        }
    )
    sent = [observable(), observable(spec_version="2.1"), nested, indicator()]
    post(ng, collection, *sent)
    assert ng.get(f"{collection}objects/").json()["objects"] == sent
    with server.visitor("ng-cert/opencti") as opencti:
        found = opencti.get(f"{collection}objects/").json()["objects"]
    assert found == [{"spec_version": "2.1", **each} for each in sent]
    assert [next(iter(each)) for each in found] == ["spec_version", "type", "spec_version", "type"]


def test_the_switch_for_milliseconds(server: Server, collection: str, ng: httpx.Client) -> None:
    """C16: what a client cuts to the millisecond does not lead it back; a page with more stays exact."""
    post(ng, collection, indicator(), indicator())
    with server.visitor("ng-cert/opencti") as opencti:
        exact = opencti.get(f"{collection}objects/?limit=1").headers["X-TAXII-Date-Added-Last"]
        assert exact == ng.get(f"{collection}objects/?limit=1").headers["X-TAXII-Date-Added-Last"]
        last = opencti.get(f"{collection}objects/").headers["X-TAXII-Date-Added-Last"]
        assert last.endswith("000Z")
        cut = last[:-4] + "Z"
        assert ids(opencti.get(f"{collection}objects/?added_after={cut}")) == []
        post(ng, collection, late := indicator())
        assert ids(opencti.get(f"{collection}objects/?added_after={cut}")) == [late["id"]]


def test_what_one_client_sends_never_breaks_the_read_of_another(ng: httpx.Client, ke: httpx.Client, collection: str) -> None:
    """T-8.2.1-04: whatever of it is taken, the page stays an envelope of objects."""
    odd: list[Any] = [
        indicator(name="\u0000\u2028]}"),
        indicator(x_deep=json.loads("[" * 40 + "]" * 40)),
        indicator(pattern="[" * 1000),
        indicator(description="x" * 100_000),
        indicator(id="indicator--" + "0" * 36),
        indicator(**{"x_" + "n" * 300: 1}),
        b'{"type":"x-' + b"y" * 300 + b'"}',
        b"{" * 500 + b"}" * 500,
    ]
    for each in odd:
        answer = ng.post(f"{collection}objects/", content=worlds.envelope(each), headers={"Content-Type": worlds.TAXII})
        assert answer.status_code in {202, 422}
    try_post(ng, collection, last := indicator())
    assert ids(ke.get(f"{collection}objects/"))[-1] == last["id"]
