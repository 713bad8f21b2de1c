"""Wrong credentials wait, longer each time, within bounds of time and memory (DESIGN 9)."""

import asyncio

import pytest

from app.api import delays
from app.api.delays import FIRST_DELAY, FORGOTTEN_AFTER, LONGEST_DELAY, MOST_ADDRESSES, MOST_WAITING, Delays


class Clock:
    """Monotonic seconds that a test sets; sleeping is noted, not done."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """The present."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Take note."""
        self.slept.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_delays_grow_to_a_cap(clock: Clock) -> None:
    waiting = Delays(clock.sleep, clock)
    for _ in range(12):
        await waiting.wait("192.0.2.1")
    assert clock.slept[:4] == [FIRST_DELAY, FIRST_DELAY * 2, FIRST_DELAY * 4, FIRST_DELAY * 8]
    assert clock.slept[-1] == LONGEST_DELAY
    assert clock.slept == sorted(clock.slept)


async def test_addresses_are_counted_apart(clock: Clock) -> None:
    waiting = Delays(clock.sleep, clock)
    await waiting.wait("192.0.2.1")
    await waiting.wait("192.0.2.1")
    await waiting.wait("192.0.2.2")
    assert clock.slept[-1] == FIRST_DELAY


async def test_failures_are_forgotten(clock: Clock) -> None:
    waiting = Delays(clock.sleep, clock)
    await waiting.wait("192.0.2.1")
    clock.seconds += FORGOTTEN_AFTER
    await waiting.wait("192.0.2.1")
    clock.seconds += FORGOTTEN_AFTER + 1
    await waiting.wait("192.0.2.1")
    assert clock.slept == [FIRST_DELAY, FIRST_DELAY * 2, FIRST_DELAY]


async def test_memory_is_bounded(clock: Clock) -> None:
    waiting = Delays(clock.sleep, clock)
    await waiting.wait("first")
    for number in range(MOST_ADDRESSES):
        await waiting.wait(f"192.0.2.{number}")
    assert len(waiting._failures) == MOST_ADDRESSES
    await waiting.wait("first")
    assert clock.slept[-1] == FIRST_DELAY


async def test_a_flood_does_not_pile_up() -> None:
    """Each waiting request holds a connection, so beyond a number the next ones are answered at once; those that waited make room."""
    gate = asyncio.Event()
    waiting = Delays(lambda _: gate.wait())
    flood = [asyncio.create_task(waiting.wait("192.0.2.1")) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    await asyncio.wait_for(waiting.wait("192.0.2.2"), timeout=5)
    assert not any(task.done() for task in flood)
    gate.set()
    await asyncio.gather(*flood)
    late = asyncio.create_task(Delays(asyncio.sleep).wait("192.0.2.1"))
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    assert waiting._waiting == 0


def test_the_longest_delay_is_below_the_patience_of_clients() -> None:
    assert delays.LONGEST_DELAY < 30
