"""How a write on MongoDB is run: again when it met another's, until its fate is known, never twice, and never dated too early."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from contract.samples import COLLECTION, Hands, amend, page, put, put_in, rows, select, version
from mongo.serving import failing
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from app.clock import to_micros
from app.errors import StoreUnavailable
from app.store.contract import Amendment, Transaction
from app.store.dates import TrustedClock
from app.store.mongo import writer
from app.store.mongo.store import MongoStore, open_mongo

TRANSIENT = "TransientTransactionError"


@pytest.fixture
async def store(url: str) -> AsyncIterator[MongoStore]:
    store = await open_mongo(url, Hands().trusted())
    yield store
    await store.close()


@pytest.fixture
async def other(url: str) -> AsyncIterator[MongoStore]:
    """Another process."""
    store = await open_mongo(url, Hands().trusted())
    yield store
    await store.close()


# ---- meeting others


async def test_writers_of_two_processes_meet_and_none_is_lost(store: MongoStore, other: MongoStore) -> None:
    """Each holds the collection for a while, so that the other is refused and comes again."""
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        held = len((await tx.history(COLLECTION, ["indicator--1"])).get("indicator--1", ()))
        await asyncio.sleep(0)
        await put_in(tx, version(key=f"{held:02}", last=False))

    await asyncio.gather(*(each.transact(work) for _ in range(5) for each in (store, other)))
    found = await store.transact(lambda tx: tx.history(COLLECTION, ["indicator--1"]))
    assert [each.key for each in found["indicator--1"]] == [f"{number:02}" for number in range(10)]
    assert runs >= 10


async def test_writers_of_different_collections_do_not_wait_for_each_other(store: MongoStore) -> None:
    """In one process and in the database."""
    may_end = asyncio.Event()

    async def slow(tx: Transaction) -> None:
        await put_in(tx, version())
        await may_end.wait()

    writing = asyncio.create_task(store.transact(slow))
    (stored,) = await put(store, version(), collection="another")
    may_end.set()
    await writing
    assert await store.count("another") == 1
    assert stored.row > 0


async def test_writers_of_one_collection_queue_in_the_process(store: MongoStore) -> None:
    """They do not collide in the database: each is begun at most twice, once to learn where it writes."""
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await put_in(tx, version(f"indicator--{runs}"))

    await asyncio.gather(*(store.transact(work) for _ in range(10)))
    assert 10 <= runs <= 20


async def test_a_write_that_began_before_a_reload_ended_reads_the_new_epoch(store: MongoStore, other: MongoStore) -> None:
    """Access-policy case 38: judged under the former alliance it must not be committed after the reload returned."""
    epochs: list[int] = []

    async def work(tx: Transaction) -> None:
        epochs.append(await tx.epoch())
        if len(epochs) == 1:
            await other.transact(lambda there: there.adopt(b"{}", "digest"))
        await put_in(tx, version())

    await put(store, version("indicator--0"))
    await store.transact(work)
    assert epochs == [0, 1]
    assert await store.count(COLLECTION) == 2


async def test_a_reload_waits_for_the_write_that_runs(store: MongoStore, other: MongoStore) -> None:
    """The other way round: what is under way ends before the reload returns, or begins again after it."""
    order: list[str] = []
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(tx: Transaction) -> None:
        assert await tx.epoch() == 0
        await put_in(tx, version("indicator--1"))
        begun.set()
        await may_end.wait()
        order.append("write")

    async def reload() -> None:
        await other.transact(lambda tx: tx.adopt(b"{}", "digest"))
        order.append("reload")

    await put(store, version("indicator--0"))
    writing = asyncio.create_task(store.transact(work))
    await begun.wait()
    reloading = asyncio.create_task(reload())
    await asyncio.wait([reloading], timeout=0.1)
    may_end.set()
    await asyncio.gather(writing, reloading)
    assert order == ["write", "reload"]


async def test_the_first_write_of_a_collection_meets_a_reload_too(store: MongoStore, other: MongoStore) -> None:
    epochs: list[int] = []

    async def work(tx: Transaction) -> None:
        epochs.append(await tx.epoch())
        if len(epochs) == 1:
            await other.transact(lambda there: there.adopt(b"{}", "digest"))
        await put_in(tx, version())

    await store.transact(work)
    assert epochs == [0, 1]


async def test_a_write_that_is_cancelled_frees_its_collection_at_once(store: MongoStore, other: MongoStore) -> None:
    """Else others would wait for as long as the database keeps a transaction that nobody ends: a minute."""
    begun = asyncio.Event()

    async def work(tx: Transaction) -> None:
        await put_in(tx, version())
        begun.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(store.transact(work))
    await begun.wait()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert len(await put(other, version())) == 1


async def test_a_write_that_meets_others_for_too_long_gives_up(
    store: MongoStore, other: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.1)
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(tx: Transaction) -> None:
        await put_in(tx, version())
        begun.set()
        await may_end.wait()

    writing = asyncio.create_task(store.transact(work))
    await begun.wait()
    with pytest.raises(StoreUnavailable, match=r"the store cannot be used now \(WriteConflict\)"):
        await put(other, version())
    may_end.set()
    await writing


# ---- what the database may say


@pytest.mark.parametrize("command", ["find", "insert", "update", "findAndModify"])
async def test_a_transaction_that_the_database_gave_up_is_run_again(store: MongoStore, url: str, command: str) -> None:
    await put(store, version("indicator--0"))
    async with failing(url, command, errorCode=251, errorLabels=[TRANSIENT]):
        (stored,) = await put(store, version())
    assert (await rows(store, select(1)))[1:] == [stored.row]


async def test_a_connection_that_breaks_within_a_transaction_begins_it_again(store: MongoStore, url: str) -> None:
    async with failing(url, "insert", closeConnection=True):
        (stored,) = await put(store, version())
    assert await rows(store, select(1)) == [stored.row]


@pytest.mark.parametrize(
    "how",
    [
        {"closeConnection": True},
        {"errorCode": 251, "errorLabels": [TRANSIENT]},
        {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}},
    ],
    ids=["closed", "aborted", "unconfirmed"],
)
async def test_a_commit_is_asked_for_until_its_fate_is_known(store: MongoStore, url: str, how: dict[str, Any]) -> None:
    """Kept once, whatever became of the first answers."""
    async with failing(url, "commitTransaction", times=3, **how):
        await put(store, version())
    assert len(await rows(store, select(1))) == await store.count(COLLECTION) == 1


async def test_a_commit_whose_fate_stays_unknown_is_no_success(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.0)
    store = await open_mongo(f"{url}?timeoutMS=1500", Hands().trusted())
    async with failing(url, "commitTransaction", times=1000, closeConnection=True):
        with pytest.raises(StoreUnavailable, match="did not say whether it kept the write; send it again"):
            await put(store, version())
    await store.close()
    async with AsyncMongoClient(url) as client:
        await client.admin.command("killAllSessions", [])  # what nobody ends would live for a minute


async def test_faults_of_the_project_are_not_taken_for_the_databases(store: MongoStore, url: str) -> None:
    async with failing(url, "insert", errorCode=2):
        with pytest.raises(OperationFailure):
            await put(store, version())
    assert await rows(store, select(1)) == []


async def test_an_examination_that_the_database_gave_up_begins_again(store: MongoStore, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a write does; and no longer."""
    (stored,) = await put(store, version())

    async def history(tx: Transaction) -> object:
        return await tx.history(COLLECTION, ["indicator--1"])

    async with failing(url, "find", times=2, errorCode=251, errorLabels=[TRANSIENT]):
        assert await store.examine(history) == {"indicator--1": [stored]}
    async with failing(url, "find", errorCode=2):
        with pytest.raises(OperationFailure):
            await store.examine(history)
    monkeypatch.setattr(writer, "PATIENCE", 0.0)
    async with failing(url, "find", errorCode=251, errorLabels=[TRANSIENT]):
        with pytest.raises(StoreUnavailable, match="the store cannot be used now"):
            await store.examine(history)


# ---- dates


class LateHands(Hands):
    """A clock that moves on by itself once, when it is looked at for the second time after `arm`: while the commit is under way."""

    def __init__(self, by: timedelta) -> None:
        super().__init__()
        self._by = by
        self._looks = -1

    def arm(self) -> None:
        """From now on count how often it is looked at."""
        self._looks = 0

    def look(self) -> TrustedClock:
        """The clock that a store reads."""
        return TrustedClock(self._now, lambda: self.elapsed)

    def _now(self) -> Any:
        if self._looks >= 0:
            self._looks += 1
            if self._looks == 2:
                self.advance(self._by)
        return self.now


async def test_what_a_slow_commit_overtook_is_dated_anew_before_anybody_is_told(url: str) -> None:
    """C17: a client that polled by its own clock meanwhile would never ask for the former date again."""
    hands = LateHands(timedelta(seconds=3))
    store = await open_mongo(url, hands.look())
    (before,) = await put(store, version("indicator--0"))

    async def work(tx: Transaction) -> list[int]:
        dates = await tx.dates(COLLECTION, [2, 1])
        stored = [version(f"indicator--{number}")._replace(date_added=date) for number, date in enumerate(dates, 1)]
        await put_in(tx, *stored)
        await tx.amend(COLLECTION, [Amendment(before.row, label=2)])
        hands.arm()
        return list(dates)

    former = await store.transact(work)
    entries = (await page(store, select(1, 2))).entries
    assert [entry.row for entry in entries] == [before.row, before.row + 1, before.row + 2, before.row + 3]
    renewed = [entry.date_added for entry in entries[1:]]
    assert entries[0].date_added == before.date_added
    assert min(renewed) > to_micros(hands.now)
    assert [date // 1000 == renewed[0] // 1000 for date in renewed] == [date // 1000 == former[0] // 1000 for date in former]
    assert not await store.faults()
    await store.close()


async def test_a_commit_in_time_keeps_its_dates(url: str) -> None:
    hands = LateHands(timedelta(milliseconds=20))
    store = await open_mongo(url, hands.look())

    async def work(tx: Transaction) -> int:
        (stored,) = await put_in(tx, version())
        hands.arm()
        return stored.date_added

    given = await store.transact(work)
    assert [entry.date_added for entry in (await page(store, select(1))).entries] == [given]
    await store.close()


async def test_a_row_that_was_dated_again_by_another_keeps_that_date(url: str) -> None:
    """Between the late commit and the new dates."""
    hands = LateHands(timedelta(seconds=3))
    store, later = await open_mongo(url, hands.look()), 0

    async def work(tx: Transaction) -> int:
        (stored,) = await put_in(tx, version())
        hands.arm()
        return stored.row

    row = await store.transact(work)
    later = (await page(store, select(1))).entries[0].date_added + 5_000_000
    await amend(store, Amendment(row, date_added=later))
    assert [entry.date_added for entry in (await page(store, select(1))).entries] == [later]
    await store.close()
