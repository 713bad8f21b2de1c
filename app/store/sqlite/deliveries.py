"""Deliveries in a file of their own beside the store, so that reading never waits for whoever loads objects (DESIGN 8)."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

import apsw

from app.audit.chain import Head, empty
from app.audit.deliveries import DELIVERIES, Delivered, Delivery, pack
from app.errors import ConfigurationError, quoted
from app.store.records import REFUSALS_KEPT, Batch, Poll, Refusal
from app.store.sqlite.connection import immediate, make_private, open_writer
from app.store.sqlite.delivered import head
from app.store.sqlite.schema import DELIVERIES as SCHEMA
from app.store.sqlite.schema import Schema
from app.store.sqlite.thread import SingleThread
from app.store.sqlite.values import integer
from app.store.stretches import stretches
from app.store.together import Together

PATIENCE: Final = timedelta(seconds=5)
"""How long a page waits for the records of other processes: each takes milliseconds."""

Opened = Callable[[Path, timedelta, Schema], apsw.Connection]

_NOTE_POLL: Final = """INSERT INTO poll VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (client, collection) DO UPDATE SET
    at = max(at, excluded.at), from_start = max(from_start, excluded.from_start), objects = objects + excluded.objects,
    position = CASE excluded.position WHEN 0 THEN position ELSE excluded.position END"""
_NOTE_REFUSAL: Final = """INSERT INTO refusal VALUES (?, ?, ?, ?, ?) ON CONFLICT (minute, client, request, status) DO UPDATE SET
    count = count + excluded.count"""
_LAST: Final = "SELECT coalesce(max(number), 0) FROM delivered"
_HIGHEST: Final = "SELECT coalesce((SELECT rows FROM batch ORDER BY number DESC LIMIT 1), 0)"


def beside(path: Path) -> Path:
    """Where the deliveries of a store are kept."""
    return path.with_name(f"{path.name}-deliveries")


def open_deliveries(path: Path, store: apsw.Connection, opened: Opened = open_writer) -> apsw.Connection:
    """The connection that writes the deliveries of the store in `path`; the file is made when the store is first opened, and never again.

    Rows of the store go on above all that were delivered, so that none means two things after the store came back from an older copy. `opened`: how the
    file is opened. Raises ConfigurationError if the file is missing or another store's, StoreUnavailable.
    """
    ours = beside(path)
    identity, has_deliveries = store.execute("SELECT id, has_deliveries FROM identity").get
    if has_deliveries and not ours.exists():
        _refuse(
            f"{quoted(ours.name)}, the record of who received what from {quoted(path.name)}, is missing; put it back, or restore both from a backup"
        )
    make_private(ours)
    connection = opened(ours, PATIENCE, SCHEMA)
    try:
        if _claimed_by(connection, identity) != identity:
            _refuse(f"{quoted(ours.name)} is another store's; put back the one that belongs to {quoted(path.name)}")
        highest = integer(connection, _HIGHEST)
        if highest or not has_deliveries:
            with immediate(store):
                store.execute("UPDATE identity SET has_deliveries = 1")
                store.execute("UPDATE counter SET rows = max(rows, ?)", (highest,))
    except BaseException:
        connection.close()
        raise
    return connection


def _claimed_by(connection: apsw.Connection, identity: str) -> object:
    """The id of the store that the file belongs to: a new one belongs to the first that opens it."""
    with immediate(connection):
        connection.execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", (identity,))
    return connection.execute("SELECT id FROM identity").get


def _refuse(problem: str) -> NoReturn:
    raise ConfigurationError([problem])


class _End(NamedTuple):
    """How the record ends: the head of its chain, the number of its last delivery, the highest row that any of them held."""

    head: Head
    last: int
    highest: int


class Ledger:
    """The file of deliveries as it is written, within a transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._names: dict[str, int] = {}
        self._end: _End | None = None
        self._version = 0

    def append(self, deliveries: Sequence[Delivery]) -> None:
        """Seal deliveries at the end of their chain."""
        end = self._known_end() or _End(
            head(self._connection) or empty(DELIVERIES), integer(self._connection, _LAST), integer(self._connection, _HIGHEST)
        )
        self._end = self._keep(Batch.after(end.head, end.last, deliveries), end.highest)

    def keep(self, batch: Batch) -> None:
        """Keep a batch that is sealed. They are kept in their order."""
        self._keep(batch, integer(self._connection, _HIGHEST))

    def committed(self) -> None:
        """The transaction is over: how the record ends needs not be asked as long as nobody else writes."""
        self._version = self._connection.data_version()

    def forget(self) -> None:
        """The transaction was rolled back: what was looked up in it may have gone with it."""
        self._names.clear()
        self._end = None

    def _known_end(self) -> _End | None:
        """As it was after the last transaction, if the file still has the version that it had for this connection then: nobody else wrote since."""
        return self._end if self._connection.data_version() == self._version else None

    def _keep(self, batch: Batch, highest: int) -> _End:
        for each in batch.deliveries:
            self._insert(each)
        highest = max(highest, batch.highest)
        self._connection.execute("INSERT INTO batch VALUES (?, ?, ?, ?)", (batch.number, batch.last, highest, batch.seal))
        return _End(Head(batch.number, batch.seal), batch.last, highest)

    def _insert(self, delivered: Delivered) -> None:
        delivery, number = delivered.delivery, delivered.number
        client, collection, rows = self._name(delivery.client), self._name(delivery.collection), delivery.rows
        values = number, client, collection, delivery.epoch, delivery.at, rows[0], pack(rows)
        self._connection.execute("INSERT INTO delivered VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        self._connection.executemany(
            "INSERT INTO stretch VALUES (?, ?, ?, ?, ?)", [(collection, *stretch, number) for stretch in stretches(rows)]
        )

    def _name(self, text: str) -> int:
        """The number that stands for a client or a collection in this file."""
        if text not in self._names:
            self._connection.execute("INSERT OR IGNORE INTO name (text) VALUES (?)", (text,))
            self._names[text] = integer(self._connection, "SELECT number FROM name WHERE text = ?", text)
        return self._names[text]


class DeliveryWriter:
    """Writes deliveries, and what is noted of clients, on a thread of its own."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._thread = SingleThread("delivery-writer")
        self._connection = connection
        self._ledger = Ledger(connection)
        self._together = Together(self._put)

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Put deliveries on record; whoever else waits for the disk shares the record."""
        await self._together.deliver(deliveries)

    async def note(self, polls: Sequence[Poll], refusals: Sequence[Refusal], now: int) -> None:
        """Add to what is known of clients."""
        await self._thread.run(self._note, polls, refusals, now - REFUSALS_KEPT // timedelta(microseconds=1))

    async def close(self) -> None:
        """Finish what is being written, and let go of the file."""
        await self._together.finish()
        await self._thread.run(self._connection.close)
        self._thread.close()

    async def _put(self, deliveries: Sequence[Delivery]) -> None:
        await self._thread.run(self._append, deliveries)

    def _append(self, deliveries: Sequence[Delivery]) -> None:
        try:
            with immediate(self._connection):
                self._ledger.append(deliveries)
            self._ledger.committed()
        except BaseException:
            self._ledger.forget()
            raise

    def _note(self, polls: Sequence[Poll], refusals: Sequence[Refusal], oldest: int) -> None:
        with immediate(self._connection):
            self._connection.executemany(
                _NOTE_POLL, ((each.client, each.collection, each.at, each.from_start, each.position, each.objects) for each in polls)
            )
            self._connection.executemany(
                _NOTE_REFUSAL, ((each.minute, each.client, each.request, each.status, each.count) for each in refusals)
            )
            self._connection.execute("DELETE FROM refusal WHERE minute < ?", (oldest,))
