"""Deliveries on MongoDB: shared records, processes that seal at once, and what is told when the database fails."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from contract.samples import COLLECTION, Hands
from mongo.serving import failing
from pymongo import AsyncMongoClient

from app.audit.chain import faults
from app.audit.deliveries import DELIVERIES, Delivery
from app.errors import StoreUnavailable
from app.store.mongo.delivered import MOST_PLACES
from app.store.mongo.deliveries import MOST_AT_ONCE
from app.store.mongo.store import MongoStore, open_mongo


@pytest.fixture
async def store(url: str) -> AsyncIterator[MongoStore]:
    store = await open_mongo(url, Hands().trusted())
    yield store
    await store.close()


def delivery(*rows: int, at: int = 1, collection: str = COLLECTION) -> Delivery:
    return Delivery("ng-cert/misp", collection, 1, at, rows)


async def numbers(store: MongoStore, *rows: int, limit: int = 1000, after: int = 0) -> list[int]:
    return [each.number for each in await store.delivered(COLLECTION, rows, limit, after)]


async def test_what_arrives_together_shares_a_record(store: MongoStore) -> None:
    """The first goes at once; of the others as many as a record should hold, and the rest shares the next."""
    await asyncio.gather(*(store.deliver([delivery(1, at=at)]) for at in range(MOST_AT_ONCE + 6)))
    kept = await store.sealed(DELIVERIES, 100)
    assert (len(await numbers(store, 1)), len(kept)) == (MOST_AT_ONCE + 6, 3)
    assert list(faults(DELIVERIES, kept, {})) == []


async def test_one_caller_is_never_divided(store: MongoStore) -> None:
    await store.deliver([delivery(1, at=at) for at in range(3 * MOST_AT_ONCE)])
    assert len(await store.sealed(DELIVERIES, 100)) == 1


async def test_processes_that_seal_at_once_make_one_chain(store: MongoStore, url: str) -> None:
    others = [await open_mongo(url, Hands().trusted()) for _ in range(2)]
    await asyncio.gather(*(each.deliver([delivery(1, at=at)]) for at in range(10) for each in (store, *others)))
    kept = await store.sealed(DELIVERIES, 100)
    assert list(faults(DELIVERIES, kept, {})) == []
    assert await numbers(store, 1) == list(range(1, 31))
    for each in others:
        await each.close()


async def test_a_failure_is_told_to_whoever_waits_and_leaves_no_gap(url: str) -> None:
    """Pages are not answered without their record."""
    store = await open_mongo(f"{url}?timeoutMS=1500", Hands().trusted())
    await store.deliver([delivery(1)])
    async with failing(url, "insert", times=1000, closeConnection=True):
        told = await asyncio.gather(*(store.deliver([delivery(1, at=at)]) for at in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [StoreUnavailable] * 3
    await store.deliver([delivery(1, at=9)])
    assert list(faults(DELIVERIES, await store.sealed(DELIVERIES, 100), {})) == []
    assert await numbers(store, 1) == [1, 2]
    await store.close()


async def test_who_waits_no_longer_is_on_record_all_the_same(store: MongoStore) -> None:
    """The page may have left."""
    waiting = [asyncio.create_task(store.deliver([delivery(1, at=at)])) for at in range(2)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await store.deliver([delivery(1, at=9)])
    assert await numbers(store, 1) == [1, 2, 3]


async def test_more_rows_than_are_looked_for_one_by_one(store: MongoStore) -> None:
    await store.deliver([delivery(1, 5), delivery(10 * MOST_PLACES), delivery(7, collection="another")])
    assert await numbers(store, *range(2, 2 * MOST_PLACES)) == [1]
    assert await numbers(store, *range(20 * MOST_PLACES, 22 * MOST_PLACES)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"$set": {"deliveries.0.client": "ke-cert/misp"}},
        {"$set": {"deliveries.0.first": 2}},
        {"$set": {"deliveries.0.steps": b"rubbish"}},
        {"$pop": {"stretches": 1}},
        {"$set": {"stretches.0.last": 9}},
        {"$pop": {"deliveries": 1}},
    ],
    ids=["client", "row", "rubbish", "not to be found", "found elsewhere", "gone"],
)
async def test_what_is_changed_past_the_store_shows(store: MongoStore, url: str, changes: dict[str, Any]) -> None:
    """Hiding a delivery from the search as well (decision 23)."""
    await store.deliver([delivery(1, 5), delivery(7, at=2)])
    async with AsyncMongoClient(url) as client:
        await client.get_default_database()["batch"].update_one({"_id": 1}, changes)
    (fault,) = faults(DELIVERIES, await store.sealed(DELIVERIES, 10), {})
    assert "record 1 was changed" in fault


async def test_what_cannot_be_read_is_not_passed_over(store: MongoStore, url: str) -> None:
    await store.deliver([delivery(1, 5)])
    async with AsyncMongoClient(url) as client:
        await client.get_default_database()["batch"].update_one({"_id": 1}, {"$set": {"deliveries.0.steps": b"rubbish"}})
    with pytest.raises(StoreUnavailable, match="delivery 1 is not as it was put on record"):
        await numbers(store, 1)


async def test_a_closed_store_takes_no_deliveries(url: str) -> None:
    store = await open_mongo(url, Hands().trusted())
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.deliver([delivery(1)])
