"""What is on record in the file of deliveries, read from a connection that only reads, one snapshot a question."""

import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

import apsw

from app.audit.chain import Head, Sealed
from app.audit.deliveries import Delivered, Delivery, batch_record, unpack
from app.errors import StoreUnavailable
from app.store.contract import Poll, Refusal
from app.store.sqlite.values import integer, integers

_COLUMNS: Final = """SELECT d.number, c.text, k.text, d.epoch, d.at, d.first, d.last, d.steps FROM delivered d
    LEFT JOIN name c ON c.number = d.client LEFT JOIN name k ON k.number = d.collection"""
_ONE: Final = f"{_COLUMNS} WHERE d.number = ?"
_SOME: Final = f"{_COLUMNS} WHERE d.number > ? AND d.number <= ? ORDER BY d.number"
_RANGES: Final = """SELECT DISTINCT d.number FROM carray(?1) r CROSS JOIN delivered d INDEXED BY delivered_by_rows
    ON d.collection = (SELECT number FROM name WHERE text = ?2) AND d.last >= r.value AND d.first <= r.value
    WHERE d.number > ?3 ORDER BY d.number"""
_BATCHES: Final = "SELECT number, last, seal FROM batch WHERE number >= ? ORDER BY number LIMIT ?"
_WHATEVER_FOLLOWS: Final = (1 << 63) - 1


def delivered(connection: apsw.Connection, collection: str, rows: Collection[int], limit: int, after: int) -> Sequence[Delivered]:
    """The deliveries that hold one of `rows`: those whose range does are looked into, one by one."""
    wanted, found = frozenset(rows), list[Delivered]()
    with connection:
        numbers = list(connection.execute(_RANGES, (integers(wanted), collection, after))) if wanted else []
        for number in numbers:
            for each in _read(connection, _ONE, *number):
                held = tuple(row for row in each.delivery.rows if row in wanted)
                if held:
                    found.append(replace(each, delivery=replace(each.delivery, rows=held)))
            if len(found) == limit:
                break
    return found


def head(connection: apsw.Connection) -> Head | None:
    """Where the chain ends, if there is anything on record."""
    row = connection.execute("SELECT number, seal FROM batch ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else Head(*row)


def sealed(connection: apsw.Connection, limit: int, after: int) -> Sequence[Sealed]:
    """The records of the chain above `after`, made anew from the deliveries as they are kept now."""
    found: list[Sealed] = []
    with connection:
        newest = integer(connection, "SELECT coalesce(max(number), 0) FROM batch")
        before = 0
        for number, last, sealing in list(connection.execute(_BATCHES, (after, limit + 1))):
            if number > after and len(found) < limit:
                upto = last if number != newest else _WHATEVER_FOLLOWS
                found.append(Sealed(number, _record(connection, before, upto), sealing))
            before = last
    return found


def _record(connection: apsw.Connection, before: int, upto: int) -> bytes:
    """What the deliveries of a batch amount to now: nothing, if one cannot be read, or would not be found by a row that it holds."""
    try:
        return batch_record(each.delivery for each in _read(connection, _SOME, before, upto))
    except (StoreUnavailable, OverflowError):
        return b""


def polls(connection: apsw.Connection) -> Sequence[Poll]:
    """What is known of each client in each collection."""
    query = "SELECT client, collection, at, from_start, position, objects FROM poll ORDER BY client, collection"
    return [Poll(*row) for row in connection.execute(query)]


def refusals(connection: apsw.Connection, since: int) -> Sequence[Refusal]:
    """What was refused since."""
    query = "SELECT client, request, status, minute, count FROM refusal WHERE minute >= ? ORDER BY minute, client, request, status"
    return [Refusal(*row) for row in connection.execute(query, (since,))]


def _read(connection: apsw.Connection, query: str, *bindings: int) -> Iterator[Delivered]:
    """Raises StoreUnavailable for what was not written here: silence about it would hide it."""
    for number, client, collection, epoch, at, first, last, steps in connection.execute(query, bindings):
        yield Delivered(number, Delivery(client or "", collection or "", epoch, at, _rows(number, first, last, steps)))


def _rows(number: int, first: int, last: int, steps: bytes) -> tuple[int, ...]:
    try:
        rows = tuple(unpack(first, steps))
    except (LookupError, ValueError, zlib.error):
        rows = ()
    if not rows or rows[-1] != last:
        raise StoreUnavailable(f"delivery {number} is not as it was put on record; see `legation audit verify`")
    return rows
