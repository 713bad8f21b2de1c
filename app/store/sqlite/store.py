"""The store on one SQLite file: reads on the event loop, where they take less than a thread would cost; writes on a thread of their own.

Several processes may open the same file. Whatever has to be in one order (rows, labels, dates, epochs) is taken under the write lock.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import apsw

from app.audit.chain import Head, Sealed
from app.audit.deliveries import DELIVERIES, Delivered, Delivery
from app.errors import StoreUnavailable
from app.store.contract import Behind, InForce, Page, Selection, StoredStatus, StoredToken, Transaction
from app.store.dates import ATTEMPTS, Dating, TrustedClock
from app.store.records import Poll, Refusal
from app.store.sqlite import chains, delivered, registry
from app.store.sqlite.connection import make_private, open_reader, open_writer, require_library, translated
from app.store.sqlite.deliveries import DeliveryWriter, beside, open_deliveries
from app.store.sqlite.faults import faults
from app.store.sqlite.reading import is_long, read_page
from app.store.sqlite.thread import SingleThread
from app.store.sqlite.transaction import SqliteTransaction
from app.store.sqlite.values import integer
from app.store.sqlite.witness import Memory, Witness

T = TypeVar("T")

WRITER_PATIENCE: Final = timedelta(seconds=30)
"""How long a write waits for another process's: the largest envelope takes a few seconds."""
COMMIT_RESERVE: Final = 50_000
"""µs that must be left before the first date when the commit begins: its rows can be read only once it is on the disk."""


async def open_sqlite(path: Path, clock: TrustedClock, patience: timedelta = WRITER_PATIENCE) -> "SqliteStore":
    """Open the store in `path`, made if it is not there. `patience`: how long a write waits for another process.

    Raises ConfigurationError for a file that is not fit, of another application or of a newer release; StoreUnavailable if it is locked too long.
    """
    require_library(apsw.sqlite_lib_version())
    make_private(path)
    thread = SingleThread("store-writer")
    try:
        writer = await thread.run(open_writer, path, patience)
        try:
            records = DeliveryWriter(await thread.run(open_deliveries, path, writer))
        except BaseException:
            await thread.run(writer.close)
            raise
        return SqliteStore(path, thread, writer, records, clock)
    except BaseException:
        thread.close()
        raise


class SqliteStore:
    """The contract on SQLite. `app.store.contract.Store` says what each method means."""

    shared = True

    def __init__(self, path: Path, thread: SingleThread, writer: apsw.Connection, records: DeliveryWriter, clock: TrustedClock) -> None:
        self._thread = thread
        self._writer = writer
        self._reader, self._long_reader, self._record_reader = open_reader(path), open_reader(path), open_reader(beside(path))
        self._memory = Memory(Witness(self._reader))
        self._long_thread = SingleThread("store-reader")
        self._records = records
        self._clock = clock
        self._lock = asyncio.Lock()
        self._touched: dict[str, int] = {}
        self._touching: asyncio.Task[None] | None = None

    async def page(self, selection: Selection) -> Page | Behind:
        """The page, or what the clearance lacks."""
        if is_long(selection):
            return await self._long_thread.run(read_page, self._long_reader, selection)
        with translated():
            return read_page(self._reader, selection, self._memory)

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], weight: int = 1) -> T:
        """Run `work` in one transaction and commit."""
        async with self._lock:
            for attempt in range(ATTEMPTS):
                dating = Dating(self._clock, weight, attempt)
                try:
                    await self._thread.run(self._begin)
                    result = await work(SqliteTransaction(self._thread, self._writer, self._clock, dating))
                    if await self._thread.run(self._commit, dating):
                        return result
                except BaseException:
                    await self._thread.run(self._roll_back)
                    raise
        raise StoreUnavailable("the store is too slow to date what it is sent; look at its disk, or send less at once")

    async def examine(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` in a transaction that takes no lock of the file, and keep nothing. Writers of this process wait for it, those of others do not."""
        async with self._lock:
            try:
                await self._thread.run(self._begin, "BEGIN")
                return await work(SqliteTransaction(self._thread, self._writer, self._clock, Dating(self._clock, 1, 0), only_reads=True))
            finally:
                await self._thread.run(self._roll_back)

    async def epoch(self) -> int:
        """The epoch in force."""
        with translated():
            return self._memory.recall("epoch", registry.epoch, self._reader)

    async def in_force(self) -> InForce | None:
        """The alliance in force."""
        with translated():
            return registry.in_force(self._reader)

    async def status(self, status_id: str) -> StoredStatus | None:
        """A status whose time is not over."""
        with translated():
            return registry.status(self._reader, status_id, self._clock.unchecked())

    async def token(self, digest: str) -> StoredToken | None:
        """The token with this digest."""
        with translated():
            found = self._memory.recall(digest, registry.token, self._reader, digest)
        return None if found is None else self._with_touch(found)

    async def tokens(self) -> Sequence[StoredToken]:
        """All tokens, oldest first."""
        with translated():
            return [self._with_touch(token) for token in registry.tokens(self._reader)]

    async def touch_tokens(self, used: Mapping[str, int]) -> None:
        """Set the last use of tokens: shown at once, written when the writer is free, so that no request waits for it."""
        for token_id, at in used.items():
            self._touched[token_id] = max(at, self._touched.get(token_id, 0))
        if self._touching is None:
            self._touching = asyncio.create_task(self._write_touches())

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Put deliveries on record."""
        await self._records.deliver(deliveries)

    async def delivered(self, collection: str, rows: Collection[int], limit: int, after: int = 0) -> Sequence[Delivered]:
        """The deliveries that hold one of `rows`."""
        return await self._long_thread.run(delivered.delivered, self._record_reader, collection, rows, limit, after)

    async def heads(self) -> Mapping[str, Head]:
        """Where every chain ends."""
        own = await self._long_thread.run(chains.heads, self._long_reader)
        newest = await self._long_thread.run(delivered.head, self._record_reader)
        return own if newest is None else {**own, DELIVERIES: newest}

    async def sealed(self, chain: str, limit: int, after: int = 0) -> Sequence[Sealed]:
        """The records of a chain above `after`."""
        if chain == DELIVERIES:
            return await self._long_thread.run(delivered.sealed, self._record_reader, limit, after)
        return await self._long_thread.run(chains.sealed, self._long_reader, chain, limit, after)

    async def note(self, polls: Sequence[Poll], refusals: Sequence[Refusal]) -> None:
        """Add to what is known of clients."""
        await self._records.note(polls, refusals, self._clock.unchecked())

    async def polls(self) -> Sequence[Poll]:
        """What is known of each client in each collection."""
        return await self._long_thread.run(delivered.polls, self._record_reader)

    async def refusals(self, since: int) -> Sequence[Refusal]:
        """What was refused since."""
        return await self._long_thread.run(delivered.refusals, self._record_reader, since)

    async def count(self, collection: str) -> int:
        """How many rows a collection holds, tombstones apart."""
        with translated():
            return integer(self._reader, "SELECT coalesce(max(held), 0) FROM collection WHERE key = ?", collection)

    async def ready(self) -> bool:
        """Whether the store answers."""
        with suppress(StoreUnavailable):
            await self.epoch()
            return True
        return False

    async def faults(self) -> Sequence[str]:
        """What the file, its indexes and its counts have wrong, in one snapshot. Pages that take long wait for it."""
        return await self._long_thread.run(faults, self._long_reader)

    async def close(self) -> None:
        """Finish running writes and let go of files and threads."""
        if self._touching is not None:
            await self._touching
        async with self._lock:
            with suppress(StoreUnavailable):
                await self._thread.run(self._writer.close)
                await self._long_thread.run(self._long_reader.close)
                await self._long_thread.run(self._record_reader.close)
                await self._records.close()
            self._memory.close()
            self._reader.close()
            self._thread.close()
            self._long_thread.close()

    def _with_touch(self, token: StoredToken) -> StoredToken:
        touched = self._touched.get(token.id, 0)
        return token if touched <= token.last_used else token._replace(last_used=touched)

    async def _write_touches(self) -> None:
        async with self._lock:
            touched, self._touching = dict(self._touched), None
            with suppress(StoreUnavailable):
                await self._thread.run(registry.touch_tokens, self._writer, touched)
            self._touched = {token_id: at for token_id, at in self._touched.items() if at != touched.get(token_id)}

    def _begin(self, how: str = "BEGIN IMMEDIATE") -> None:
        self._roll_back()  # what is left of a task that was cancelled twice
        self._writer.execute(how)

    def _commit(self, dating: Dating) -> bool:
        """Commit, unless the first date is too near: then roll back, and False. On the writer's thread."""
        if not self._writer.in_transaction:
            raise StoreUnavailable("the transaction is over")
        in_time = dating.is_in_time(COMMIT_RESERVE)
        self._writer.execute("COMMIT" if in_time else "ROLLBACK")
        return in_time

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")
