"""A store whose waits are told: a decorator over the contract, around any engine. It changes nothing else."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Literal, TypeVar

from app.audit.chain import Head, Sealed
from app.audit.deliveries import Delivered, Delivery
from app.store.contract import Behind, InForce, Page, Selection, Store, StoredStatus, StoredToken, Transaction
from app.store.records import Poll, Refusal

T = TypeVar("T")
Waiting = Literal["read", "write", "deliver"]


class WatchedStore:
    """Passes every question on. `tell` hears what was waited for, a page, a transaction or a delivery record, and for how many seconds, however it ended."""

    def __init__(self, store: Store, tell: Callable[[Waiting, float], None], now: Callable[[], float] = time.perf_counter) -> None:
        self.shared = store.shared
        self._store = store
        self._tell = tell
        self._now = now

    async def page(self, selection: Selection) -> Page | Behind:
        """The page, its wait told."""
        return await self._told("read", self._store.page(selection))

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], weight: int = 1) -> T:
        """The transaction, its wait told: for its turn, the work and the disk."""
        return await self._told("write", self._store.transact(work, weight))

    async def examine(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """As the store: what an operator looks through is no wait of a client."""
        return await self._store.examine(work)

    async def epoch(self) -> int:
        """As the store."""
        return await self._store.epoch()

    async def in_force(self) -> InForce | None:
        """As the store."""
        return await self._store.in_force()

    async def status(self, status_id: str) -> StoredStatus | None:
        """As the store."""
        return await self._store.status(status_id)

    async def token(self, digest: str) -> StoredToken | None:
        """As the store."""
        return await self._store.token(digest)

    async def tokens(self) -> Sequence[StoredToken]:
        """As the store."""
        return await self._store.tokens()

    async def touch_tokens(self, used: Mapping[str, int]) -> None:
        """As the store."""
        await self._store.touch_tokens(used)

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """The deliveries, their wait told."""
        await self._told("deliver", self._store.deliver(deliveries))

    async def delivered(self, collection: str, rows: Collection[int], limit: int, after: int = 0) -> Sequence[Delivered]:
        """As the store."""
        return await self._store.delivered(collection, rows, limit, after)

    async def heads(self) -> Mapping[str, Head]:
        """As the store."""
        return await self._store.heads()

    async def sealed(self, chain: str, limit: int, after: int = 0) -> Sequence[Sealed]:
        """As the store."""
        return await self._store.sealed(chain, limit, after)

    async def note(self, polls: Sequence[Poll], refusals: Sequence[Refusal]) -> None:
        """As the store."""
        await self._store.note(polls, refusals)

    async def polls(self) -> Sequence[Poll]:
        """As the store."""
        return await self._store.polls()

    async def refusals(self, since: int) -> Sequence[Refusal]:
        """As the store."""
        return await self._store.refusals(since)

    async def count(self, collection: str) -> int:
        """As the store."""
        return await self._store.count(collection)

    async def ready(self) -> bool:
        """As the store."""
        return await self._store.ready()

    async def faults(self) -> Sequence[str]:
        """As the store."""
        return await self._store.faults()

    async def close(self) -> None:
        """As the store."""
        await self._store.close()

    async def _told(self, what: Waiting, answer: Awaitable[T]) -> T:
        began = self._now()
        try:
            return await answer
        finally:
            self._tell(what, self._now() - began)
