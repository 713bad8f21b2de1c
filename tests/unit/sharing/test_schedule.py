"""The scheduler: one among several, up to date after a stop, undisturbed by failures. Driven by a clock that is set by hand."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from deeds import START, HandClock, hand_world, handling, hire, ids, keep, moment
from worlds import GREEN, World, build, indicator

from app.access.cedar import CedarJudge
from app.errors import StoreUnavailable
from app.sharing.due import Round
from app.sharing.exchange import Exchange, InForce
from app.sharing.hold import HoldReason, hold
from app.sharing.schedule import LEASE, LONGEST_PAUSE, Duty, Scheduler, duties
from app.store.dates import TrustedClock
from app.store.sqlite import open_sqlite

NATIONAL = "members/ng-indicators"
NG, KE = "ng-cert/misp", "ke-cert/misp"
GRACE = timedelta(days=30)


class Counting:
    """A duty that counts how often it was done, in rounds that are given."""

    def __init__(self, *rounds: Round) -> None:
        self.rounds = list(rounds)
        self.done = 0

    async def __call__(self) -> Round:
        """The next round."""
        self.done += 1
        return self.rounds.pop(0) if self.rounds else Round(0)


def never(error: Exception) -> None:
    raise AssertionError from error


def scheduler(exchange: Exchange, *todo: Duty, holder: str = "one") -> Scheduler:
    return Scheduler(exchange, todo, holder, never)


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[World, Exchange, HandClock]]:
    """Two processes on one file, as it were: a world, a second exchange on a store of its own, and the clock of both."""
    clock = HandClock()
    opened = partial(open_sqlite, tmp_path / "store.sqlite", TrustedClock(clock, clock.monotonic))
    first, second = await opened(), await opened()
    world = await build(first, clock=clock)
    yield world, Exchange(second, InForce(second, CedarJudge), clock), clock
    await first.close()
    await second.close()


async def test_of_two_only_one_does_its_duties(two: tuple[World, Exchange, HandClock]) -> None:
    world, other, clock = two
    mine, its = Counting(), Counting()
    first, second = scheduler(world.exchange, mine), scheduler(other, its, holder="two")
    for _ in range(5):
        await first.look()
        assert await second.look() == clock() + LONGEST_PAUSE
        clock.go(minutes=1)
    assert (mine.done, its.done) == (5, 0)


async def test_the_other_takes_over_when_the_holder_dies(two: tuple[World, Exchange, HandClock]) -> None:
    world, other, clock = two
    its = Counting()
    await scheduler(world.exchange, Counting()).look()
    second = scheduler(other, its, holder="two")
    clock.go(seconds=LEASE.total_seconds() - 1)
    await second.look()
    assert its.done == 0
    clock.go(seconds=1)
    await second.look()
    assert its.done == 1
    await scheduler(world.exchange, mine := Counting()).look()
    assert mine.done == 0


async def test_the_other_takes_over_at_once_when_the_holder_stops(two: tuple[World, Exchange, HandClock]) -> None:
    world, other, _ = two
    stop, its = asyncio.Event(), Counting()

    async def work() -> Round:
        stop.set()
        return Round(0)

    await scheduler(world.exchange, work).run(stop)
    await scheduler(other, its, holder="two").look()
    assert its.done == 1


async def test_what_fell_due_while_nobody_looked_is_done_by_whoever_comes_next(two: tuple[World, Exchange, HandClock]) -> None:
    """Case 23: embargo, hold and retention, all of them past, after a stop of months; the second process does it."""
    world, other, clock = two
    officer = await hire(world, "secretariat", "compliance", "compliance")
    secret, short = handling(embargo_until=moment(START + timedelta(hours=2))), handling(retention_until=moment(START + timedelta(days=3)))
    waiting, expiring = (indicator(object_marking_refs=[GREEN, each["id"]]) for each in (secret, short))
    held = indicator()
    await keep(world, NG, NATIONAL, secret, short, waiting, expiring, held)
    await hold(world.exchange, officer, NATIONAL, held["id"], (HoldReason.INCIDENT, START + timedelta(days=1)))
    await scheduler(world.exchange, *duties(world.exchange, GRACE)).look()
    assert set(await ids(world, KE, NATIONAL)) == {short["id"], expiring["id"]}
    clock.go(days=100)
    assert await ids(world, KE, NATIONAL) == []
    await scheduler(other, *duties(other, GRACE), holder="two").look()
    assert set(await ids(world, KE, NATIONAL)) == {secret["id"], waiting["id"], held["id"]}
    assert set(await ids(world, NG, NATIONAL)) == {secret["id"], waiting["id"], held["id"]}


async def test_it_looks_again_when_the_next_thing_falls_due() -> None:
    world, clock = await hand_world()
    soon, terms = timedelta(seconds=20), handling(embargo_until=moment(START + timedelta(hours=1)))
    await keep(world, NG, NATIONAL, terms, indicator(object_marking_refs=[GREEN, terms["id"]]))
    look = scheduler(world.exchange, *duties(world.exchange, GRACE)).look
    assert await look() == START + LONGEST_PAUSE
    clock.go(seconds=3600 - soon.total_seconds())
    assert await look() == START + timedelta(hours=1)


async def test_a_duty_is_done_until_nothing_is_left() -> None:
    world, _ = await hand_world()
    long, short = Counting(Round(3, more=True), Round(3, more=True), Round(1)), Counting()
    await scheduler(world.exchange, long, short).look()
    assert (long.done, short.done) == (3, 1)


async def test_whoever_loses_the_lease_meanwhile_leaves_off() -> None:
    world, clock = await hand_world()
    others = Counting()

    async def slow() -> Round:
        clock.go(minutes=5)
        await scheduler(world.exchange, others, holder="two").look()
        return Round(1, more=True)

    await scheduler(world.exchange, slow, after := Counting()).look()
    assert (others.done, after.done) == (1, 0)


async def test_failures_are_told_and_the_next_look_tries_again() -> None:
    world, clock = await hand_world()
    stop, told = asyncio.Event(), list[Exception]()

    async def failing() -> Round:
        clock.go(minutes=2)  # the next look is due at once
        if len(told) == 2:
            stop.set()
            return Round(0)
        raise StoreUnavailable("the store cannot be used now")

    await Scheduler(world.exchange, [failing], "one", told.append).run(stop)
    assert [str(error) for error in told] == ["the store cannot be used now"] * 2


async def test_a_stop_before_the_first_look_does_nothing() -> None:
    world, _ = await hand_world()
    stop, todo = asyncio.Event(), Counting()
    stop.set()
    await scheduler(world.exchange, todo).run(stop)
    assert todo.done == 0
