"""TAXII 2.1 §3.6: error resources, and what they must not tell (App. B)."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
import worlds
from deeds import handling
from worlds import TAXII, collection_id, envelope, indicator, post

from app.audit.deliveries import Delivery
from app.sharing.quota import Allowance, Quotas
from app.store.watched import WatchedStore
from app.taxii.resources import ErrorMessage

UNKNOWN = "indicator--00000000-0000-4000-8000-000000000000"


def test_every_member_is_text(ng: httpx.Client) -> None:
    """T-3.6-01, T-3.6.1-01 to T-3.6.1-04."""
    answer = ng.get("/members/collections/alliance/objects/?limit=0")
    ErrorMessage.model_validate(answer.json())
    assert all(isinstance(value, str) for value in answer.json().values())
    assert answer.json()["http_status"] == str(answer.status_code)


HIDDEN = [
    ("GET", "{collection}"),
    ("GET", "{collection}objects/"),
    ("GET", "{collection}manifest/"),
    ("GET", "{collection}objects/{object_id}/"),
    ("GET", "{collection}objects/{object_id}/versions/"),
    ("POST", "{collection}objects/"),
    ("DELETE", "{collection}objects/{object_id}/"),
]


@pytest.mark.parametrize(("method", "path"), HIDDEN)
def test_hidden_and_unknown_collections_have_the_same_answer(vendor: httpx.Client, ng: httpx.Client, method: str, path: str) -> None:
    """T-B-03, T-4.2-03, T-5.2-03, T-5.4-07, T-5.5-09, T-5.7-08, T-5.7-09, C30, DESIGN 2, promise 1: every byte but the date."""
    added = indicator()
    post(ng, "/members/collections/alliance/", added)
    places = [
        "/members/collections/alliance/",
        f"/members/collections/{collection_id('members/alliance')}/",
        "/members/collections/nowhere/",
        f"/members/collections/{uuid4()}/",
        "/nowhere/collections/alliance/",
        "/intake/collections/nowhere/",
    ]
    answers = [
        vendor.request(
            method,
            path.format(collection=place, object_id=added["id"]),
            content=envelope(indicator()) if method == "POST" else None,
            headers={"Content-Type": TAXII} if method == "POST" else {},
        )
        for place in places
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted((key, value) for key, value in answer.headers.items() if key != "date")) for answer in answers}) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "objects/{object_id}/"),
        ("GET", "objects/{object_id}/?match[version]=all"),
        ("GET", "objects/{object_id}/versions/"),
        ("DELETE", "objects/{object_id}/"),
        ("DELETE", "objects/{object_id}/?match[version]=last"),
    ],
)
def test_hidden_and_unknown_objects_have_the_same_answer(ng: httpx.Client, ke: httpx.Client, busy: str, method: str, path: str) -> None:
    """C21, T-5.6-07, T-5.7-09, T-5.8-06, T-B-03: an object for Nigeria alone, asked for by Kenya, which may write there too."""
    marking = handling(releasable_to=["org:ng-cert"])
    post(ng, busy, marking, secret := indicator(object_marking_refs=[worlds.GREEN, marking["id"]]))
    assert ng.get(f"{busy}objects/{secret['id']}/").status_code == 200
    answers = [ke.request(method, busy + path.format(object_id=each)) for each in (secret["id"], UNKNOWN)]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].content == answers[1].content
    assert secret["id"] not in ke.get(f"{busy}objects/").text


class Broken(WatchedStore):
    """A store with a fault of our own where deliveries are put on record."""

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Fails."""
        raise RuntimeError(f"the secret reason, {len(deliveries)} times")


def test_a_500_tells_nothing_but_its_id() -> None:
    """T-3.1-04, T-3.6-01: a fault of our own has the media type, and keeps its reason to itself."""

    async def broken() -> worlds.World:
        world = await worlds.memory_world()

        world.exchange = replace(world.exchange, store=Broken(world.exchange.store, lambda *_: None))
        return world

    with worlds.serving(broken) as server, server.visitor("ng-cert/misp") as ng:
        post(ng, "/members/collections/alliance/", indicator())
        answer = ng.get("/members/collections/alliance/objects/")
        assert (answer.status_code, answer.headers["content-type"]) == (500, TAXII)
        assert set(answer.json()) == {"title", "description", "error_id", "http_status"}
        assert b"secret" not in answer.content
        assert ng.get("/members/collections/alliance/manifest/").status_code == 200


def test_rate_limits_are_429_with_retry_after() -> None:
    """C32: counted per organisation, with a share per client; another organisation never feels it."""

    async def narrow() -> worlds.World:
        quotas = Quotas(
            requests=Allowance(rate=0.01, burst=10, name="requests"),
            writes=Allowance(rate=0.01, burst=4, name="written objects"),
        )
        return await worlds.memory_world(quotas=quotas)

    with worlds.serving(narrow) as server, server.visitor("ng-cert/misp") as ng, server.visitor("ke-cert/misp") as ke:
        place = server.fresh_collection()
        post(ng, place, indicator(), indicator())
        refused = ng.post(f"{place}objects/", content=envelope(indicator(), indicator()), headers={"Content-Type": TAXII})
        assert refused.status_code == 429
        statuses = [ng.get("/members/") for _ in range(10)]
        assert [answer.status_code for answer in statuses] == [200] * 5 + [429] * 5
        for answer in (refused, statuses[-1]):
            assert answer.headers["content-type"] == TAXII
            assert int(answer.headers["retry-after"]) > 0
        with server.visitor("ng-cert/desk") as colleague:
            assert colleague.get("/members/").status_code == 200
        assert ke.get("/members/").status_code == 200
        with server.visitor() as anonymous:
            assert [anonymous.get("/public/").status_code for _ in range(12)] == [200] * 10 + [429] * 2
