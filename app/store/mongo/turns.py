"""Whose turn it is within this process: writers of one collection queue here instead of colliding in the database.

A write tells which collection it touches only when it does. So it runs until it meets one that is taken, gives way, and comes again when that is free,
with all that it met taken in one fixed order: nobody ever holds one collection while waiting for another.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager


class Busy(Exception):
    """Another write of this process has the collection."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Turns:
    """The queues of all collections."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def of(self, names: Collection[str]) -> AsyncGenerator["Turn"]:
        """Wait for collections; hold them, and what is taken meanwhile, until the end."""
        turn = Turn(self)
        try:
            for name in sorted(names):
                await self._wait(name)
                turn.held.add(name)
            yield turn
        finally:
            for name in turn.held:
                self._locks[name].release()

    async def take(self, name: str) -> None:
        """Take a collection at once. Raises Busy if it is another's, or others wait for it."""
        lock = self._locks[name]
        if lock.locked() or self._waiting[name]:
            raise Busy(name)
        await lock.acquire()

    async def _wait(self, name: str) -> None:
        self._waiting[name] += 1
        try:
            await self._locks[name].acquire()
        finally:
            self._waiting[name] -= 1


class Turn:
    """What one write holds."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.held: set[str] = set()

    async def take(self, name: str) -> None:
        """Hold a further collection. Raises Busy."""
        if name not in self.held:
            await self._turns.take(name)
            self.held.add(name)
