"""The store on MongoDB: any number of processes on any number of machines over one replica set or sharded cluster.

Nothing is kept in the process but what may be lost: whatever has to be in one order (labels, dates, epochs, chains) is taken in a transaction that also
writes the counters of its collection.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

from app.audit.chain import Head, Sealed
from app.audit.deliveries import DELIVERIES, Delivered, Delivery
from app.errors import StoreUnavailable
from app.store.contract import Behind, InForce, Page, Selection, StoredStatus, StoredToken, Transaction
from app.store.dates import TrustedClock
from app.store.mongo import chains, clients, delivered, faults, registry
from app.store.mongo.clock import DatabaseClock
from app.store.mongo.connection import Client, connect, database_in, greet, translated
from app.store.mongo.deliveries import DeliveryWriter, end_of
from app.store.mongo.documents import Documents, counter_of
from app.store.mongo.opening import reach
from app.store.mongo.reading import read_page
from app.store.mongo.schema import is_ours, prepare
from app.store.mongo.writer import Writer
from app.store.records import Poll, Refusal

T = TypeVar("T")


async def open_mongo(url: str, clock: TrustedClock | None = None, *, create: bool = True) -> "MongoStore":
    """Open the store in the database that the address names; made if it is not there, unless `create` says no. Without `clock`, the database's own counts.

    Raises ConfigurationError for an address or a database that is not fit, StoreUnavailable if none answers.
    """
    reached = await reach(url, partial(prepare, create=create))
    own_clock = reached.clock if clock is None else None
    return MongoStore(reached.client, reached.documents, clock or reached.trusted_clock(), own_clock)


async def has_mongo(url: str) -> bool:
    """Whether a store lies in the database. Raises as `open_mongo`."""
    client = connect(url)
    try:
        await greet(client, url)
        with translated():
            return await is_ours(database_in(client, url))
    finally:
        await client.close()


class MongoStore:
    """The contract on MongoDB. `app.store.contract.Store` says what each method means."""

    shared = True

    def __init__(self, client: Client, documents: Documents, clock: TrustedClock, database_clock: DatabaseClock | None) -> None:
        self._client = client
        self._documents = documents
        self._clock = clock
        self._writer = Writer(client, documents, clock, database_clock)
        self._records = DeliveryWriter(documents)

    async def page(self, selection: Selection) -> Page | Behind:
        """The page, or what the clearance lacks."""
        with translated():
            return await read_page(self._client, self._documents, selection)

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], weight: int = 1) -> T:
        """Run `work` in one transaction and commit."""
        return await self._writer.run(work, weight)

    async def examine(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` in one snapshot and keep nothing."""
        return await self._writer.examine(work)

    async def epoch(self) -> int:
        """The epoch in force."""
        with translated():
            return await registry.epoch(self._documents)

    async def in_force(self) -> InForce | None:
        """The alliance in force."""
        with translated():
            return await registry.in_force(self._documents)

    async def status(self, status_id: str) -> StoredStatus | None:
        """A status whose time is not over."""
        with translated():
            return await registry.status(self._documents, status_id, self._clock.unchecked())

    async def token(self, digest: str) -> StoredToken | None:
        """The token with this digest."""
        with translated():
            return await registry.token(self._documents, digest)

    async def tokens(self) -> Sequence[StoredToken]:
        """All tokens, oldest first."""
        with translated():
            return await registry.tokens(self._documents)

    async def touch_tokens(self, used: Mapping[str, int]) -> None:
        """Set the last use of tokens. No request fails for it."""
        with suppress(StoreUnavailable), translated():
            await registry.touch_tokens(self._documents, used)

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Put deliveries on record."""
        await self._records.deliver(deliveries)

    async def delivered(self, collection: str, rows: Collection[int], limit: int, after: int = 0) -> Sequence[Delivered]:
        """The deliveries that hold one of `rows`."""
        with translated():
            return await delivered.delivered(self._documents, collection, rows, limit, after)

    async def heads(self) -> Mapping[str, Head]:
        """Where every chain ends."""
        with translated():
            found, of_deliveries = await chains.heads(self._documents), (await end_of(self._documents)).head
        return {**found, DELIVERIES: of_deliveries} if of_deliveries.number else found

    async def sealed(self, chain: str, limit: int, after: int = 0) -> Sequence[Sealed]:
        """The records of a chain above `after`."""
        with translated():
            if chain == DELIVERIES:
                return await delivered.sealed(self._documents, limit, after)
            return await chains.sealed(self._documents, chain, limit, after)

    async def note(self, polls: Sequence[Poll], refusals: Sequence[Refusal]) -> None:
        """Add to what is known of clients."""
        with translated():
            await clients.note(self._documents, polls, refusals, self._clock.unchecked())

    async def polls(self) -> Sequence[Poll]:
        """What is known of each client in each collection."""
        with translated():
            return await clients.polls(self._documents)

    async def refusals(self, since: int) -> Sequence[Refusal]:
        """What was refused since."""
        with translated():
            return await clients.refusals(self._documents, since)

    async def count(self, collection: str) -> int:
        """How many rows a collection holds, tombstones apart."""
        with translated():
            found = await self._documents.counters.find_one({"_id": counter_of(collection)})
        return 0 if found is None else found["held"]

    async def ready(self) -> bool:
        """Whether the store answers."""
        with suppress(StoreUnavailable):
            await self.epoch()
            return True
        return False

    async def faults(self) -> Sequence[str]:
        """What is kept twice and disagrees."""
        with translated():
            return await faults.faults(self._client, self._documents)

    async def close(self) -> None:
        """Finish running writes and let go of connections."""
        await self._writer.close()
        await self._records.close()
        await self._client.close()
