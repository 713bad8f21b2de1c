"""The parts of the store on MongoDB that speak to nobody: its clock, the turns of writers, lanes and ranges."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from contract.samples import COLLECTION, version

from app.stix.handling import State
from app.store.contract import StoredVersion
from app.store.dates import ATTEMPTS, margin
from app.store.mongo.clock import DatabaseClock
from app.store.mongo.keys import Key, Keys, Range
from app.store.mongo.lanes import MOST_RANGES, Lane, Moves, Place, lane_of
from app.store.mongo.pace import HIGHEST_START, Pace, attempt_for
from app.store.mongo.turns import Busy, Turns

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


# ---- the clock


def test_the_clock_goes_on_from_what_the_database_showed() -> None:
    """Counted from the question, so that it is never behind."""
    seconds = 100.0
    clock = DatabaseClock(lambda: seconds)
    clock.set(NOON, seconds)
    seconds += 2.5
    assert clock() == NOON + timedelta(seconds=2.5)
    clock.set(NOON + timedelta(seconds=2), 102.4)
    assert clock() == NOON + timedelta(seconds=2.1)


def test_a_clock_that_was_never_set_tells_nothing() -> None:
    with pytest.raises(LookupError):
        DatabaseClock()()


# ---- the pace of writes


def test_writes_begin_with_the_margin_that_the_last_ones_needed() -> None:
    pace, usual = Pace(), margin(10) / 1_000_000
    assert pace.first_attempt == 0
    pace.took(usual / 2, 10)
    assert pace.first_attempt == 0
    pace.took(usual * 3, 10)
    assert pace.first_attempt == 3  # eight times the usual margin, for four and a half
    pace.took(usual * 1_000, 10)
    assert pace.first_attempt == HIGHEST_START
    for _ in range(60):
        pace.took(usual / 2, 10)
    assert pace.first_attempt == 0


def test_a_write_that_was_late_begins_again_with_a_margin_that_suffices() -> None:
    """The largest envelope is not run six times because each margin is only twice the last."""
    usual = margin(10) / 1_000_000
    assert attempt_for(usual / 2, 10) == 0
    assert attempt_for(usual * 3, 10) == 3
    assert attempt_for(usual * 1_000, 10) == ATTEMPTS - 1


# ---- turns


async def test_a_turn_that_is_taken_is_not_waited_for() -> None:
    turns = Turns()
    async with turns.of(()) as first:
        await first.take("a")
        await first.take("a")
        async with turns.of(()) as second:
            with pytest.raises(Busy) as busy:
                await second.take("a")
            assert busy.value.name == "a"
            await second.take("b")
    async with turns.of(()) as third:
        await third.take("a")
        await third.take("b")


async def test_who_waits_is_served_in_order_before_who_comes() -> None:
    turns, order = Turns(), list[str]()

    async def wait(name: str) -> None:
        async with turns.of({"a"}):
            order.append(name)
            await asyncio.sleep(0)

    async with turns.of({"a"}):
        waiting = [asyncio.create_task(wait(name)) for name in ("first", "second")]
        await asyncio.sleep(0)
    async with turns.of(()) as late:
        with pytest.raises(Busy):
            await late.take("a")
    await asyncio.gather(*waiting)
    assert order == ["first", "second"]


async def test_two_that_want_the_same_two_never_wait_for_each_other() -> None:
    """Each began with another; both come again with both, in one order."""
    turns = Turns()

    async def both(names: set[str]) -> None:
        async with turns.of(names):
            await asyncio.sleep(0)

    await asyncio.wait_for(asyncio.gather(*(both({"a", "b"}) for _ in range(20)), *(both({"b", "c", "a"}) for _ in range(20))), 10)


async def test_who_stops_waiting_leaves_the_queue() -> None:
    turns = Turns()
    async with turns.of({"a"}):
        async with turns.of({"b"}):
            waiting = asyncio.create_task(_hold(turns, {"a", "b"}))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with turns.of(()) as other:
            await other.take("b")
    async with turns.of(()) as other:
        await other.take("a")


async def _hold(turns: Turns, names: set[str]) -> None:
    async with turns.of(names):
        pass


# ---- lanes


@pytest.mark.parametrize(
    ("stored", "lane"),
    [
        (version(), Lane.NEWEST),
        (version(last=False), Lane.OLDER),
        (version(flagged=True), Lane.COMPARED_NEWEST),
        (version(last=False, flagged=True), Lane.COMPARED_OLDER),
        (version(last=False, flagged=True, state=State.QUARANTINED), Lane.COMPARED_NEWEST),
        (version(last=False, flagged=True, state=State.HELD), Lane.COMPARED_NEWEST),
        (version(deleted=True), None),
    ],
)
def test_each_version_has_its_lane(stored: StoredVersion, lane: Lane | None) -> None:
    assert lane_of(stored) is lane


def test_moves_add_up() -> None:
    moves, here, there = Moves(), Place(Lane.NEWEST, 1), Place(Lane.OLDER, 1)
    moves.enter(here, 7)
    moves.enter(here, 5)
    moves.leave(there, 3)
    moves.enter(there, 4)
    assert (moves.held, moves.newest) == ({here: 2, there: -2}, {here: 7, there: 4})


# ---- ranges and keys


def test_a_range_is_asked_for_in_parts_that_can_be_merged() -> None:
    """At most as many ranges of the index as MongoDB merges, whatever the labels and types."""
    labels = range(1, 1001)
    of_labels = list(Range(COLLECTION, Lane.NEWEST, labels).portions())
    assert [len(part.labels) for part in of_labels] == [MOST_RANGES] * 5
    assert [label for part in of_labels for label in part.labels] == list(labels)
    types = [f"type-{number}" for number in range(3)]
    both = list(Range(COLLECTION, Lane.NEWEST, labels, types).portions())
    assert all(len(part.labels) * len(part.types or ()) <= MOST_RANGES for part in both)
    assert {(label, kind) for part in both for label in part.labels for kind in part.types or ()} == {(a, b) for a in labels for b in types}
    many = list(Range(COLLECTION, Lane.NEWEST, range(1, 3), [str(number) for number in range(250)]).portions())
    assert [(len(part.labels), len(part.types or ())) for part in many] == [(1, 200), (1, 200), (2, 50)]
    assert list(Range(COLLECTION, Lane.NEWEST, ()).portions()) == []


def test_keys_come_nearer_the_more_are_found() -> None:
    keys = Keys(2, after=10, upto=100)
    assert keys.window == {"$gt": 10, "$lte": 100}
    keys.add([_document(50)])
    assert keys.window == {"$gt": 10, "$lte": 100}
    keys.add([_document(40), _document(60)])
    assert keys.window == {"$gt": 10, "$lte": 50}
    keys.add([_document(20), _document(40)])
    assert [key.date_added for key in keys.found] == [20, 40]
    assert Keys(2, 0).window == {"$gt": 0}


def _document(date: int) -> dict[str, int]:
    return {"_id": date, "date_added": date, "label": 1, "size": 3}


def test_a_key_knows_its_row() -> None:
    assert Key.of(_document(5)) == Key(5, 5, 1, 3)
