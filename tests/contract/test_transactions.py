"""All or nothing, one after the other, durable; run again without harm (promise 3)."""

import asyncio
from contextlib import suppress

import pytest
from contract.samples import BLANK, COLLECTION, House, label, numbers_of, put, put_in, rows, select, version

from app.errors import StoreUnavailable
from app.store.contract import Arrival, Store, Transaction


class OopsError(Exception):
    """Raised by work."""


async def contents(store: Store) -> tuple[object, ...]:
    """All that a transaction may leave behind."""

    async def look(tx: Transaction) -> tuple[object, ...]:
        return (
            await tx.history(COLLECTION, [BLANK.object_id, "indicator--2"]),
            await tx.labels(COLLECTION),
            await tx.epoch(),
            await tx.labels_in_use(COLLECTION, "ng-cert"),
        )

    return (*await store.transact(look), await store.tokens(), await store.count(COLLECTION), await store.in_force())


async def test_transact_returns_what_the_work_returns(store: Store) -> None:
    async def work(_tx: Transaction) -> str:
        return "done"

    assert await store.transact(work) == "done"


async def test_a_transaction_sees_its_own_changes(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        (stored,) = await put_in(tx, version())
        assert await tx.history(COLLECTION, [stored.object_id]) == {stored.object_id: [stored]}
        assert await tx.intern(COLLECTION, [label(1)], "ng-cert") == [1]
        assert await tx.labels(COLLECTION) == ((1, label(1)),)
        assert await tx.adopt(b"{}", "digest") == await tx.epoch() == 1

    await store.transact(work)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
async def test_whatever_the_work_raises_rolls_back_and_is_raised(store: Store, steps: int) -> None:
    """Failing at any step leaves nothing, not even a number that was given."""
    await put(store, version())
    before = await contents(store)

    async def work(tx: Transaction) -> None:
        doing = (
            lambda: put_in(tx, version("indicator--2")),
            lambda: tx.intern(COLLECTION, [label(1)], "ng-cert"),
            lambda: tx.adopt(b"{}", "digest"),
            lambda: tx.revoke_token("none", 1),
        )
        for step in doing[:steps]:
            await step()
        raise OopsError

    with pytest.raises(OopsError):
        await store.transact(work)
    assert await contents(store) == before


async def test_the_store_goes_on_after_a_failure(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        await put_in(tx, version())
        raise OopsError

    with pytest.raises(OopsError):
        await store.transact(work)
    (stored,) = await put(store, version())
    assert await rows(store, select(1)) == [stored.row]


async def test_work_that_is_cancelled_leaves_nothing(store: Store) -> None:
    started = asyncio.Event()

    async def work(tx: Transaction) -> None:
        await put_in(tx, version())
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.transact(work))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await rows(store, select(1)) == []
    (stored,) = await put(store, version())
    assert await rows(store, select(1)) == [stored.row]


async def test_work_may_be_run_again(store: Store) -> None:
    """What failed once is as if it had never been: the same numbers, labels and rows come out."""
    runs = 0

    async def work(tx: Transaction) -> tuple[list[int], int]:
        nonlocal runs
        runs += 1
        numbers = list(await tx.intern(COLLECTION, [label(1), label(2)], "ng-cert"))
        (stored,) = await put_in(tx, version(label=numbers[1]))
        if runs == 1:
            raise OopsError
        return numbers, stored.row

    with pytest.raises(OopsError):
        await store.transact(work)
    numbers, row = await store.transact(work)
    assert await rows(store, select(numbers[1])) == [row]
    assert await store.count(COLLECTION) == 1


async def test_writers_are_served_one_after_the_other(store: Store) -> None:
    """Each reads what the one before it wrote: no update is lost."""

    async def work(tx: Transaction) -> None:
        held = len((await tx.history(COLLECTION, [BLANK.object_id])).get(BLANK.object_id, ()))
        await asyncio.sleep(0)
        await put_in(tx, version(key=f"{held:02}", last=False))

    await asyncio.gather(*(store.transact(work) for _ in range(20)))

    async def keys(tx: Transaction) -> list[str]:
        return [stored.key for stored in (await tx.history(COLLECTION, [BLANK.object_id]))[BLANK.object_id]]

    assert await store.transact(keys) == [f"{number:02}" for number in range(20)]


async def test_readers_go_on_while_a_write_is_open(store: Store) -> None:
    (stored,) = await put(store, version())

    async def work(tx: Transaction) -> None:
        await put_in(tx, version("indicator--2"))
        assert await rows(store, select(1)) == [stored.row]

    await store.transact(work)


async def test_row_numbers_rise_over_all_collections_and_are_never_used_again(store: Store) -> None:
    stored = [*await put(store, version()), *await put(store, version(), collection="another"), *await put(store, version("indicator--2"))]
    assert numbers_of(stored) == sorted(set(numbers_of(stored)))


async def test_what_was_committed_is_there_when_the_store_is_opened_again(shared_house: House) -> None:
    """Promise 3, over a restart."""
    store = await shared_house.open()
    (stored,) = await put(store, version())

    async def work(tx: Transaction) -> None:
        await tx.intern(COLLECTION, [label(1)], "ng-cert")
        await tx.adopt(b"{}", "digest")

    await store.transact(work)
    before = await contents(store)
    await store.close()
    again = await shared_house.open()
    assert await contents(again) == before
    assert await rows(again, select(1, epoch=1)) == [stored.row]
    (later,) = await put(again, version("indicator--2"))
    assert later.row > stored.row
    assert later.date_added > stored.date_added


async def test_two_instances_lose_none_of_each_others_writes(shared_house: House) -> None:
    here, there = await shared_house.open(), await shared_house.open()

    async def write(store: Store, name: str) -> None:
        for number in range(10):
            await put(store, version(f"indicator--{name}-{number}"))

    await asyncio.gather(write(here, "a"), write(there, "b"))
    assert await here.count(COLLECTION) == 20
    assert len(await rows(here, select(1))) == len(await rows(there, select(1))) == 20


async def test_the_fate_of_a_transaction_is_settled_once_it_ended(store: Store) -> None:
    """A transaction that is kept and used later changes nothing that others could come to see half done."""
    kept: list[Transaction] = []

    async def work(tx: Transaction) -> None:
        kept.append(tx)
        raise OopsError

    with pytest.raises(OopsError):
        await store.transact(work)
    before = await contents(store)
    with suppress(StoreUnavailable):
        await kept[0].put(COLLECTION, [Arrival(version("indicator--2", date_added=5), b"{}")])
    assert await contents(store) == before


async def test_ready_until_closed(store: Store) -> None:
    assert await store.ready()
    await store.close()
    assert not await store.ready()


async def test_close_waits_for_the_write_that_runs(house: House) -> None:
    store = await house.open()
    may_go_on = asyncio.Event()

    async def work(tx: Transaction) -> str:
        await put_in(tx, version())
        await may_go_on.wait()
        return "kept"

    writing = asyncio.create_task(store.transact(work))
    closing = asyncio.create_task(store.close())
    await asyncio.sleep(0)
    may_go_on.set()
    assert await writing == "kept"
    await closing


async def history(tx: Transaction) -> object:
    return await tx.history(COLLECTION, ["indicator--1", "indicator--2"])


async def test_who_examines_sees_what_is_kept_and_leaves_no_trace(store: Store) -> None:
    assert await store.examine(history) == {}
    before = await contents(store)
    assert await store.examine(history) == {}
    assert await contents(store) == before
    (stored,) = await put(store, version())
    assert await store.examine(history) == {"indicator--1": [stored]}


async def test_what_work_raises_ends_an_examination(store: Store) -> None:
    async def work(_tx: Transaction) -> None:
        raise OopsError

    with pytest.raises(OopsError):
        await store.examine(work)
    await put(store, version())


async def test_who_examines_waits_for_no_writer_and_sees_nothing_unfinished(shared_house: House) -> None:
    """Not even for one that died in the midst of a write: `legation store verify` must tell of such a store too."""
    store, other = await shared_house.open(), await shared_house.open()
    (stored,) = await put(store, version())
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(tx: Transaction) -> None:
        await put_in(tx, version("indicator--2"))
        begun.set()
        await may_end.wait()

    writing = asyncio.create_task(store.transact(work))
    await begun.wait()
    assert await other.examine(history) == {"indicator--1": [stored]}
    assert not writing.done()
    may_end.set()
    await writing
    assert len(await other.transact(lambda tx: tx.history(COLLECTION, ["indicator--1", "indicator--2"]))) == 2
