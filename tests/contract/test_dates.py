"""date_added: unique, strictly rising in commit order, never earlier than its row can be read (C16, C17, DESIGN 7)."""

import asyncio
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from contract.samples import COLLECTION, START, Hands, House, amend, page, put, put_in, rows, select, version

from app.bootstrap import open_store
from app.clock import to_micros
from app.errors import StoreUnavailable
from app.store.contract import Amendment, Store, Transaction
from app.store.dates import ATTEMPTS, MARGIN_MICROS


async def dates(store: Store, *runs: int, collection: str = COLLECTION, weight: int = 1) -> list[int]:
    async def work(tx: Transaction) -> list[int]:
        return list(await tx.dates(collection, runs))

    return await store.transact(work, weight)


def are_rising(values: list[int]) -> bool:
    return all(earlier < later for earlier, later in pairwise(values))


async def test_each_run_begins_in_a_millisecond_of_its_own(store: Store) -> None:
    given = await dates(store, 2, 1, 3)
    milliseconds = [date // 1000 for date in given]
    assert milliseconds[0] == milliseconds[1] < milliseconds[2] < milliseconds[3] == milliseconds[5]
    assert are_rising(given)


async def test_dates_lie_ahead_of_the_clock_by_the_margin(store: Store) -> None:
    """Running ahead is harmless, running behind is data loss (C16)."""
    (date,) = await dates(store, 1)
    assert date > to_micros(START) + MARGIN_MICROS


async def test_no_runs_get_no_dates(store: Store) -> None:
    assert await dates(store) == await dates(store, 0) == []


async def test_dates_rise_from_commit_to_commit_while_the_clock_stands_still(store: Store) -> None:
    assert are_rising([*await dates(store, 3), *await dates(store, 2), *await dates(store, 1)])


async def test_dates_rise_within_a_transaction_that_asks_twice(store: Store) -> None:
    async def work(tx: Transaction) -> list[int]:
        return [*await tx.dates(COLLECTION, [2]), *await tx.dates(COLLECTION, [2])]

    assert are_rising(await store.transact(work))


async def test_dates_of_a_transaction_that_failed_do_not_hinder(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        await tx.dates(COLLECTION, [1])
        raise KeyError

    with pytest.raises(KeyError):
        await store.transact(work)
    assert are_rising([*await dates(store, 1), *await dates(store, 1)])


async def test_dates_are_later_than_whatever_was_put_or_amended(store: Store, hands: Hands) -> None:
    """Rows that come with dates of their own, as from another store."""
    soon = to_micros(hands.now) + 3_600_000_000
    (stored,) = await put(store, version(date_added=soon))
    assert await dates(store, 1) > [soon]
    await amend(store, Amendment(stored.row, date_added=2 * soon - to_micros(hands.now)))
    assert await dates(store, 1) > [2 * soon - to_micros(hands.now)]


async def test_collections_have_clocks_of_their_own(store: Store) -> None:
    assert await dates(store, 1) == await dates(store, 1, collection="another")


async def test_dates_follow_the_order_of_commits_of_many_writers(store: Store) -> None:
    order: list[int] = []

    async def write(number: int) -> None:
        async def work(tx: Transaction) -> int:
            (stored,) = await put_in(tx, version(f"indicator--{number}"))
            return stored.date_added

        order.append(await store.transact(work))

    await asyncio.gather(*(write(number) for number in range(20)))
    assert are_rising(order)
    assert [entry.date_added for entry in (await page(store, select(1))).entries] == order


async def test_dates_rise_over_two_instances(shared_house: House) -> None:
    stores = [await shared_house.open(), await shared_house.open()]
    given = [await dates(stores[number % 2], 2) for number in range(10)]
    assert are_rising([date for some in given for date in some])


async def test_a_commit_that_the_clock_overtakes_is_done_again_with_twice_the_margin(store: Store, hands: Hands) -> None:
    """C17: else a client that polls by its own clock would miss what is dated before it could be read."""
    attempts: list[int] = []

    async def work(tx: Transaction) -> None:
        (stored,) = await put_in(tx, version())
        attempts.append(stored.date_added)
        if len(attempts) < 3:
            hands.advance(timedelta(seconds=2))

    await store.transact(work)
    assert len(attempts) == 3
    assert attempts[2] - to_micros(hands.now) > 4 * MARGIN_MICROS
    assert [entry.date_added for entry in (await page(store, select(1))).entries] == [attempts[2]]


async def test_the_first_date_of_any_collection_counts(store: Store, hands: Hands) -> None:
    attempts: list[int] = []

    async def work(tx: Transaction) -> None:
        attempts.extend(await tx.dates("another", [1]))
        if len(attempts) == 1:
            hands.advance(timedelta(seconds=2))
        await tx.dates(COLLECTION, [1])

    await store.transact(work)
    assert len(attempts) == 2


async def test_a_commit_without_dates_may_take_its_time(store: Store, hands: Hands) -> None:
    runs = 0

    async def work(_tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        hands.advance(timedelta(hours=2))

    await store.transact(work)
    assert runs == 1


async def test_a_store_that_is_always_overtaken_gives_up_and_keeps_nothing(store: Store, hands: Hands) -> None:
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await put_in(tx, version())
        hands.advance(timedelta(minutes=1))

    with pytest.raises(StoreUnavailable, match="too slow"):
        await store.transact(work)
    assert runs == ATTEMPTS
    assert await rows(store, select(1)) == []


async def test_nothing_is_dated_while_the_clocks_disagree(store: Store, hands: Hands) -> None:
    """DESIGN 7: writes stop, reads go on."""
    (stored,) = await put(store, version())
    hands.now += timedelta(minutes=2)
    with pytest.raises(StoreUnavailable, match="clock"):
        await put(store, version("indicator--2"))
    assert await rows(store, select(1)) == [stored.row]
    hands.now -= timedelta(minutes=2)
    assert len(await put(store, version("indicator--2"))) == 1


async def test_a_clock_that_jumps_during_the_work_keeps_nothing(store: Store, hands: Hands) -> None:
    async def work(tx: Transaction) -> None:
        await put_in(tx, version())
        hands.now -= timedelta(minutes=2)

    with pytest.raises(StoreUnavailable, match="clock"):
        await store.transact(work)
    assert await rows(store, select(1)) == []


async def test_nothing_is_dated_after_a_date_more_than_a_day_ahead(store: Store, hands: Hands) -> None:
    await put(store, version(date_added=to_micros(hands.now + timedelta(days=2))))
    with pytest.raises(StoreUnavailable, match="ahead of the clock"):
        await dates(store, 1)


WRITER = """
import asyncio, sys
from app.bootstrap import open_store
from contract.samples import put, version

async def main():
    store = await open_store(sys.argv[1])
    for number in range(15):
        (stored,) = await put(store, version(f"indicator--{sys.argv[2]}-{number}"))
        print(stored.row, stored.date_added)
    await store.close()

asyncio.run(main())
"""


async def test_dates_and_rows_rise_over_processes(shared_address: str) -> None:
    """Several workers on one store: while two other processes write, a reader that goes on from the last date it saw misses nothing."""
    store = await open_store(shared_address)
    environment = {"PYTHONPATH": f"{Path(__file__).parents[1]}{':'}{Path(__file__).parents[2]}"}
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, shared_address, name, env=environment, stdout=asyncio.subprocess.PIPE
        )
        for name in ("a", "b")
    ]
    running = asyncio.gather(*(process.communicate() for process in processes))
    polled: list[tuple[int, int]] = []
    while not running.done() or not polled:
        await asyncio.wait([running], timeout=0.01)
        found = await page(store, select(1, after=polled[-1][1] if polled else None))
        polled += [(entry.row, entry.date_added) for entry in found.entries]
    written = [tuple(map(int, line.split())) for output, _ in await running for line in output.splitlines()]
    await store.close()
    assert sorted(written) == polled
    assert are_rising([row for row, _ in polled])
    assert are_rising([date for _, date in polled])
    assert len(polled) == 30
