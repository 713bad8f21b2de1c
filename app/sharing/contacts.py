"""Contacts: what is heard of clients, request by request, gathered here and written down every few seconds.

A write for every poll would cost more than the poll. What was gathered last is lost if the process dies: it tells operators that a client still comes, it
is no record. Who received what is (app/audit/deliveries.py).
"""

import asyncio
from contextlib import suppress
from typing import Final

from app.errors import StoreUnavailable
from app.store.contract import Store
from app.store.records import Poll, Refusal

WRITTEN_EVERY: Final = 5.0
"""Seconds."""
MINUTE: Final = 60_000_000
"""µs."""
_Key = tuple[str, str, int, int]


class Contacts:
    """What was heard of clients since it was last written down. Bounded: by clients, collections, kinds of request and minutes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._polls: dict[tuple[str, str], Poll] = {}
        self._refusals: dict[_Key, int] = {}
        self._waiting: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def polled(self, poll: Poll) -> None:
        """A client read a page."""
        key = poll.client, poll.collection
        before = self._polls.get(key)
        self._polls[key] = poll if before is None else poll.after(before)
        self._write_soon()

    def refused(self, client: str, request: str, status: int, at: int) -> None:
        """A kind of request was refused to a client, with an HTTP status, at an instant (µs)."""
        key = client, request, status, at // MINUTE * MINUTE
        self._refusals[key] = self._refusals.get(key, 0) + 1
        self._write_soon()

    async def write(self) -> None:
        """Write down what was gathered. What the store does not take now is gathered no longer."""
        polls, refusals = list(self._polls.values()), [Refusal(*key, count) for key, count in self._refusals.items()]
        self._polls, self._refusals = {}, {}
        if polls or refusals:
            with suppress(StoreUnavailable):
                await self._store.note(polls, refusals)

    def _write_soon(self) -> None:
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(WRITTEN_EVERY, self._start)

    def _start(self) -> None:
        self._waiting = None
        self._writing = asyncio.create_task(self.write())  # kept, or it might be collected while it runs
