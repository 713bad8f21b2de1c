"""What is on record in the file of deliveries, read from a connection that only reads, one snapshot a question."""

import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import apsw

from app.audit.chain import Head, Sealed
from app.audit.deliveries import Delivered, Delivery, batch_record, unpack
from app.errors import StoreUnavailable
from app.store.records import Batch, Poll, Refusal
from app.store.sqlite.stretches import are_there, holding
from app.store.sqlite.values import integer

_COLUMNS: Final = """SELECT d.number, c.text, k.text, d.collection, d.epoch, d.at, d.first, d.steps FROM delivered d
    LEFT JOIN name c ON c.number = d.client LEFT JOIN name k ON k.number = d.collection"""
_SOME: Final = f"{_COLUMNS} WHERE d.number > ? AND d.number <= ? ORDER BY d.number"
_ONE: Final = f"{_COLUMNS} WHERE d.number = ?"
_STEPS: Final = "SELECT first, steps FROM delivered WHERE number = ?"
_BEFORE: Final = "SELECT coalesce((SELECT last FROM batch WHERE number <= ? ORDER BY number DESC LIMIT 1), 0)"
_BATCHES: Final = "SELECT number, last, seal FROM batch WHERE number > ? ORDER BY number LIMIT ?"
_WHATEVER_FOLLOWS: Final = (1 << 63) - 1


def delivered(connection: apsw.Connection, collection: str, rows: Collection[int], limit: int, after: int) -> Sequence[Delivered]:
    """The deliveries that hold one of `rows`: those with a stretch around one are looked into. Raises StoreUnavailable."""
    wanted, found = frozenset(rows), list[Delivered]()
    with connection:
        for number in holding(connection, collection, wanted, after) if wanted else ():
            held = _held(connection, number, wanted)
            if held:
                (each,) = _read(connection, _ONE, number)
                found.append(replace(each.delivered, delivery=each.delivered.delivery._replace(rows=held)))
            if len(found) == limit:
                break
    return found


def _held(connection: apsw.Connection, number: int, wanted: frozenset[int]) -> tuple[int, ...]:
    """Those of the wanted rows that a delivery holds, ascending."""
    for first, steps in connection.execute(_STEPS, (number,)):
        return tuple(sorted(wanted.intersection(_rows(number, first, steps))))
    return ()


def head(connection: apsw.Connection) -> Head | None:
    """Where the chain ends, if there is anything on record."""
    row = connection.execute("SELECT number, seal FROM batch ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else Head(*row)


def sealed(connection: apsw.Connection, limit: int, after: int) -> Sequence[Sealed]:
    """The records of the chain above `after`, made anew from the deliveries as they are kept now."""
    found: list[Sealed] = []
    with connection:
        newest = integer(connection, "SELECT coalesce(max(number), 0) FROM batch")
        before = integer(connection, _BEFORE, after)
        for number, last, sealing in list(connection.execute(_BATCHES, (after, limit))):
            found.append(Sealed(number, _record(connection, before, last if number != newest else _WHATEVER_FOLLOWS), sealing))
            before = last
    return found


def batch(connection: apsw.Connection, number: int, last: int, sealing: bytes) -> Batch:
    """A record of the chain with its deliveries as they are kept now. Raises StoreUnavailable if one of them cannot be read."""
    newest = integer(connection, "SELECT max(number) FROM batch")
    upto = last if number != newest else _WHATEVER_FOLLOWS
    kept = _read(connection, _SOME, integer(connection, _BEFORE, number - 1), upto)
    return Batch(number, sealing, last, tuple(each.delivered for each in kept))


def _record(connection: apsw.Connection, before: int, upto: int) -> bytes:
    """What the deliveries of a batch amount to now: nothing, if one of them cannot be read, or cannot be found by what it holds."""
    try:
        kept = list(_read(connection, _SOME, before, upto))
        if all(are_there(connection, each.collection, each.delivered.number, each.delivered.delivery.rows) for each in kept):
            return batch_record(each.delivered.delivery for each in kept)
    except (StoreUnavailable, OverflowError):
        pass
    return b""


def polls(connection: apsw.Connection) -> Sequence[Poll]:
    """What is known of each client in each collection."""
    query = "SELECT client, collection, at, from_start, position, objects FROM poll ORDER BY client, collection"
    return [Poll(*row) for row in connection.execute(query)]


def refusals(connection: apsw.Connection, since: int) -> Sequence[Refusal]:
    """What was refused since."""
    query = "SELECT client, request, status, minute, count FROM refusal WHERE minute >= ? ORDER BY minute, client, request, status"
    return [Refusal(*row) for row in connection.execute(query, (since,))]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A delivery as it is read, and the number that stands for its collection."""

    delivered: Delivered
    collection: int


def _read(connection: apsw.Connection, query: str, *bindings: int) -> Iterator[_Kept]:
    """Raises StoreUnavailable for what was not written here."""
    for number, client, collection, place, epoch, at, first, steps in connection.execute(query, bindings):
        rows = tuple(_rows(number, first, steps))
        yield _Kept(Delivered(number, Delivery(client or "", collection or "", epoch, at, rows)), place)


def _rows(number: int, first: int, steps: bytes) -> Iterator[int]:
    """Raises StoreUnavailable for what cannot be read: silence about it would hide it."""
    try:
        return unpack(first, steps)
    except (LookupError, ValueError, zlib.error) as error:
        raise StoreUnavailable(f"delivery {number} is not as it was put on record; see `legation audit verify`") from error
