"""A process that dies in the midst of a write: others wait some seconds for what it held, not a minute, and nobody who lives is taken for dead."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from contract.samples import COLLECTION, Hands, put, put_in, version
from mongo.serving import failing

from app.bootstrap import Settings, build_exchange
from app.configuration import model_folder, read_alliance
from app.sharing import administer
from app.sharing.verify import verify
from app.store.contract import Transaction
from app.store.mongo import presence
from app.store.mongo.documents import Database
from app.store.mongo.store import MongoStore, open_mongo

TESTS = Path(__file__).parents[2]
HOLDING = """
import asyncio, sys
from contract.samples import Hands, put_in, version
from app.store.mongo.store import open_mongo

async def main():
    store = await open_mongo(sys.argv[1], Hands().trusted())
    async def work(tx):
        await put_in(tx, version("indicator--dead"))
        print("holds", flush=True)
        await asyncio.Event().wait()
    await store.transact(work)

asyncio.run(main())
"""


@contextmanager
def holding(url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process in the midst of a write."""
    command = [sys.executable, "-c", HOLDING, url]
    with subprocess.Popen(
        command, cwd=TESTS.parent, env={"PYTHONPATH": f"{TESTS}:{TESTS.parent}"}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "holds\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
async def store(url: str) -> AsyncIterator[MongoStore]:
    store = await open_mongo(url, Hands().trusted())
    await put(store, version("indicator--0"))
    yield store
    await store.close()


async def writers(database: Database) -> int:
    """How many processes say that they write."""
    return await database["writer"].count_documents({})


async def test_what_a_dead_process_held_is_free_in_a_few_seconds(store: MongoStore, url: str, database: Database) -> None:
    """The database itself would keep it for a minute, and the write give up after half of one."""
    with holding(url) as process:
        assert await writers(database) == 2
        process.kill()
    await put(store, version())
    kept = await store.examine(lambda tx: tx.history(COLLECTION, ["indicator--dead", "indicator--1"]))
    assert list(kept) == ["indicator--1"]
    assert await writers(database) == 1, "the dead are not looked for again"


async def test_a_store_opens_beside_what_a_dead_process_holds(store: MongoStore, url: str) -> None:
    """Also if it held the epoch, as the first write of a collection and a reload do."""
    begun = asyncio.Event()

    async def work(tx: Transaction) -> None:
        await tx.adopt(b"{}", "digest")
        begun.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(store.transact(work))
    await begun.wait()
    async with asyncio.timeout(5):
        other = await open_mongo(f"{url}?timeoutMS=3000", Hands().trusted())
        assert await other.epoch() == 0
        await other.close()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def test_a_process_that_was_only_slow_writes_all_the_same(store: MongoStore, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken for dead in the midst of a write, it is told that nothing was kept, and does it again."""
    monkeypatch.setattr(presence, "SILENCE", timedelta(seconds=-60))
    slow = await open_mongo(url, Hands().trusted())
    begun, may_end, runs = asyncio.Event(), asyncio.Event(), 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await put_in(tx, version("indicator--slow"))
        begun.set()
        await may_end.wait()

    writing = asyncio.create_task(slow.transact(work))
    await begun.wait()
    await put(store, version())
    may_end.set()
    await writing
    assert runs > 1
    assert await store.count(COLLECTION) == 3
    await slow.close()


async def eventually(database: Database, which: dict[str, object]) -> None:
    """Wait until a process has said so."""
    async with asyncio.timeout(20):
        while await database["writer"].find_one(which) is None:
            pass


async def test_signs_of_life_go_on_while_the_database_refuses_some(
    store: MongoStore, url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "BEAT", 0.01)
    other = await open_mongo(url, Hands().trusted())
    await put(other, version("indicator--2"))
    (newest,) = await database["writer"].find({}).sort("seen", -1).limit(1).to_list()
    async with failing(url, "update", times=2, errorCode=2):
        await eventually(database, {"_id": newest["_id"], "seen": {"$gt": newest["seen"]}})
    await other.close()
    assert await writers(database) == 1


@pytest.mark.usefixtures("store")
async def test_who_ends_in_order_needs_no_one_to_look(url: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the midst of a sign of life: none arrives after the goodbye."""
    monkeypatch.setattr(presence, "BEAT", 0.0)
    for each in range(20):
        other = await open_mongo(url, Hands().trusted())
        await put(other, version(f"indicator--{each}"))
        await other.close()
    assert await writers(database) == 1


async def test_sessions_that_cannot_be_ended_are_waited_for(store: MongoStore, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who may not end what another user of the same database began waits as before."""
    monkeypatch.setattr(presence, "SILENCE", timedelta(seconds=-60))
    other = await open_mongo(url, Hands().trusted())
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(tx: Transaction) -> None:
        await put_in(tx, version())
        begun.set()
        await may_end.wait()

    writing = asyncio.create_task(store.transact(work))
    await begun.wait()
    async with failing(url, "killSessions", times=1000, errorCode=13):
        waiting = asyncio.create_task(put(other, version("indicator--2")))
        await asyncio.wait([waiting], timeout=0.1)
        may_end.set()
        await asyncio.gather(writing, waiting)
    assert await other.count(COLLECTION) == 3
    await other.close()


async def test_sessions_that_are_used_no_more_are_forgotten(store: MongoStore, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_KEPT", -1.0)
    await eventually(database, {"sessions": []})
    await put(store, version())


async def test_a_store_is_verified_beside_a_write_that_does_not_end(store: MongoStore, url: str) -> None:
    """As after the end of a server in the midst of one: nothing is wrong, and nobody is waited for."""
    other = await open_mongo(url)
    exchange = build_exchange(other, Settings(store=url))
    await administer.adopt(exchange, read_alliance(model_folder()))
    held, begun = (await exchange.force.now()).alliance.collections[0].key, asyncio.Event()

    async def work(tx: Transaction) -> None:
        await put_in(tx, version(), collection=held)
        begun.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(store.transact(work))
    await begun.wait()
    async with asyncio.timeout(20):
        found = await verify(exchange, lambda _: None)
    assert not writing.done()
    assert found.is_sound
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await other.close()
