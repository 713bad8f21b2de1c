"""Group commit: what arrives while something is written shares the next visit, and a crowd waits a moment for more."""

import asyncio

import pytest

from app.audit.deliveries import Delivery
from app.store.together import Together

pytestmark = pytest.mark.anyio


def delivery(number: int) -> Delivery:
    return Delivery("ng-cert/misp", "members/alliance", 1, number, (number,))


class Gate:
    """Stops whoever comes, until he is let through."""

    def __init__(self) -> None:
        self.came: list[object] = []
        self._let: asyncio.Queue[None] = asyncio.Queue()
        self._arrived: asyncio.Queue[None] = asyncio.Queue()

    async def stop(self, who: object = None) -> None:
        """Wait to be let through."""
        self.came.append(who)
        self._arrived.put_nowait(None)
        await self._let.get()

    async def arrived(self) -> None:
        """Somebody stands before it."""
        async with asyncio.timeout(20):
            await self._arrived.get()

    def let(self) -> None:
        """Let one through."""
        self._let.put_nowait(None)


def opened() -> tuple[Together, Gate, Gate]:
    """A group, its visits to the disk, and its moments of waiting."""
    visits, moments = Gate(), Gate()
    return Together(lambda found: visits.stop([each.at for each in found]), moment=moments.stop), visits, moments


def arrive(group: Together, *numbers: int) -> list["asyncio.Task[None]"]:
    return [asyncio.create_task(group.deliver([delivery(number)])) for number in numbers]


async def test_who_reads_alone_waits_for_nobody() -> None:
    group, visits, moments = opened()
    for number in range(3):
        (reading,) = arrive(group, number)
        await visits.arrived()
        visits.let()
        await reading
    assert visits.came == [[0], [1], [2]]
    assert moments.came == []


async def test_who_leaves_takes_nobody_with_him() -> None:
    """He is gone before he was told; who waits behind him is written, and whoever ends the process waits for that."""
    group, visits, _ = opened()
    first, second = arrive(group, 0, 1)
    await visits.arrived()
    first.cancel()
    await visits.arrived()
    ending = asyncio.create_task(group.finish())
    visits.let()
    await asyncio.gather(second, ending)
    assert (visits.came, first.cancelled()) == ([[0], [1]], True)


async def test_whoever_waits_hears_of_it_when_the_writing_is_given_up() -> None:
    group, visits, _ = opened()
    readers = arrive(group, 0, 1, 2)
    await visits.arrived()
    visits.let()
    await visits.arrived()
    assert group._writing is not None
    readers += arrive(group, 3)
    await asyncio.sleep(0)
    group._writing.cancel()
    await group.finish()
    await asyncio.wait(readers)
    assert [each.cancelled() for each in readers] == [False, True, True, True]
    (again,) = arrive(group, 4)
    await visits.arrived()
    visits.let()
    await again


async def test_ending_waits_for_who_reads_alone() -> None:
    group, visits, _ = opened()
    (reading,) = arrive(group, 0)
    await visits.arrived()
    ending = asyncio.create_task(group.finish())
    await asyncio.sleep(0)
    assert not ending.done()
    visits.let()
    await asyncio.gather(reading, ending)


async def test_a_crowd_shares_its_next_visit_with_who_comes_a_moment_later() -> None:
    group, visits, moments = opened()
    readers = arrive(group, 0)
    await visits.arrived()
    readers += arrive(group, 1, 2)
    await asyncio.sleep(0)  # they wait now
    visits.let()
    await visits.arrived()
    readers += arrive(group, 3)
    await asyncio.sleep(0)
    visits.let()
    await moments.arrived()
    readers += arrive(group, 4)
    await asyncio.sleep(0)
    moments.let()
    await visits.arrived()
    visits.let()
    await asyncio.gather(*readers)
    assert visits.came == [[0], [1, 2], [3, 4]]
