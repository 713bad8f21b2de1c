"""What the files of a store hold, piece by piece (app/store/moving.py): in the order of a key, so that each portion begins where the last one ended."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import apsw

from app.audit.chain import Sealed
from app.audit.deliveries import DELIVERIES
from app.errors import StoreUnavailable
from app.store.contract import Arrival, InForce, RulingKind, StoredRuling, StoredStatus
from app.store.moving import (
    PIECES_AT_ONCE,
    Gathering,
    KeptCollection,
    KeptLabel,
    KeptRecord,
    KeptVersion,
    Part,
    Piece,
    Place,
    Portion,
    Standing,
)
from app.store.pins import Pin
from app.store.records import Batch, Poll, Refusal
from app.store.sqlite import chains, delivered, duties, registry
from app.store.sqlite.rows import COLUMNS, stored_of
from app.store.sqlite.values import integer

TABLES: Final[Mapping[Part, str]] = {
    Part.ALLIANCE: "alliance",
    Part.LABELS: "label",
    Part.VERSIONS: "standing",
    Part.RULINGS: "ruling",
    Part.JOBS: "job",
    Part.STATUSES: "status",
    Part.TOKENS: "token",
    Part.RECORDS: "sealed",
    Part.BATCHES: "batch",
    Part.POLLS: "poll",
    Part.REFUSALS: "refusal",
}
"""Where the pieces of each part lie, one a row."""
BESIDE: Final = frozenset({Part.BATCHES, Part.POLLS, Part.REFUSALS})
"""Those that lie in the file of deliveries."""

_COLLECTIONS: Final = "SELECT key, labels, newest FROM collection WHERE labels > 0 OR newest > 0"
_PINS: Final = "SELECT t.object_id, t.contributor, n.label FROM pin n CROSS JOIN target t ON t.number = n.target WHERE n.row = ?"


class _Reading(NamedTuple):
    """How a part is read: its first columns are the place of a row, the others make the piece; `start` is below every place."""

    query: str
    start: Place
    make: Callable[[apsw.Connection, Sequence[Any]], Piece]


def standing(store: apsw.Connection, records: apsw.Connection) -> Standing:
    """How both files stand."""
    newest = delivered.head(records)
    counts = {part: integer(records if part in BESIDE else store, f"SELECT count(*) FROM {table}") for part, table in TABLES.items()}  # noqa: S608 # constants
    return Standing(
        rows=integer(store, "SELECT rows FROM counter"),
        epoch=registry.epoch(store),
        collections=frozenset(KeptCollection(*row) for row in store.execute(_COLLECTIONS)),
        heads={**chains.heads(store), **({} if newest is None else {DELIVERIES: newest})},
        counts=counts,
    )


def portion(store: apsw.Connection, records: apsw.Connection, part: Part, after: Place) -> Portion:
    """The next pieces of a part. Raises StoreUnavailable for a delivery that cannot be read, and for a version that has lost its bytes."""
    if part in _WHOLE:
        return Portion(_WHOLE[part](store), None)
    connection, (query, start, make) = records if part in BESIDE else store, _READINGS[part]
    gathering = Gathering()
    for row in connection.execute(query, (*(after or start), PIECES_AT_ONCE)):
        gathering.add(make(connection, row[len(start) :]), row[: len(start)])
        if gathering.is_full:
            break
    return gathering.portion()


def _alliance(store: apsw.Connection) -> Sequence[InForce]:
    kept = registry.in_force(store)
    return [] if kept is None else [kept]


def _version(store: apsw.Connection, columns: Sequence[Any]) -> KeptVersion:
    key, raw, *rest = columns
    stored = stored_of(rest)
    if raw is None and not stored.deleted:
        raise StoreUnavailable(f"row {stored.row} has lost its bytes; see `legation store verify`")
    pins = frozenset(Pin(*pin) for pin in store.execute(_PINS, (stored.row,)))
    return KeptVersion(key, Arrival(stored, raw or b"", pins))


def _label(_: apsw.Connection, columns: Sequence[Any]) -> KeptLabel:
    return KeptLabel(*columns)


def _ruling(_: apsw.Connection, columns: Sequence[Any]) -> StoredRuling:
    return StoredRuling(RulingKind(columns[0]), *columns[1:])


def _status(_: apsw.Connection, columns: Sequence[Any]) -> StoredStatus:
    return registry.status_of(columns)


def _record(_: apsw.Connection, columns: Sequence[Any]) -> KeptRecord:
    return KeptRecord(columns[0], Sealed(*columns[1:]))


def _batch(records: apsw.Connection, columns: Sequence[Any]) -> Batch:
    return delivered.batch(records, *columns)


def _poll(_: apsw.Connection, columns: Sequence[Any]) -> Poll:
    return Poll(*columns)


def _refusal(_: apsw.Connection, columns: Sequence[Any]) -> Refusal:
    return Refusal(*columns)


_WHOLE: Final[Mapping[Part, Callable[[apsw.Connection], Sequence[Piece]]]] = {
    Part.ALLIANCE: _alliance,
    Part.JOBS: duties.jobs,
    Part.TOKENS: registry.tokens,
}
"""Parts that are few, and handed out whole wherever they are asked for."""

_READINGS: Final[Mapping[Part, _Reading]] = {
    Part.LABELS: _Reading(
        """SELECT l.collection, l.number, c.key, l.number, l.text, l.organisation, l.made
            FROM label l CROSS JOIN collection c ON c.number = l.collection
            WHERE (l.collection, l.number) > (?, ?) ORDER BY l.collection, l.number LIMIT ?""",
        (0, 0),
        _label,
    ),
    Part.VERSIONS: _Reading(
        f"""SELECT v.row, c.key, v.raw, {COLUMNS} FROM version v CROSS JOIN standing s ON s.row = v.row
            CROSS JOIN collection c ON c.number = v.collection WHERE v.row > ? ORDER BY v.row LIMIT ?""",  # noqa: S608 # a constant
        (0,),
        _version,
    ),
    Part.RULINGS: _Reading(
        """SELECT kind, collection, object_id, contributor, row, kind, collection, object_id, contributor, row, reason, client, made, until
            FROM ruling WHERE (kind, collection, object_id, contributor, row) > (?, ?, ?, ?, ?)
            ORDER BY kind, collection, object_id, contributor, row LIMIT ?""",
        ("", "", "", "", 0),
        _ruling,
    ),
    Part.STATUSES: _Reading(
        "SELECT id, id, root, client, organisation, document, kept_until FROM status WHERE id > ? ORDER BY id LIMIT ?",
        ("",),
        _status,
    ),
    Part.RECORDS: _Reading(
        "SELECT chain, number, chain, number, record, seal FROM sealed WHERE (chain, number) > (?, ?) ORDER BY chain, number LIMIT ?",
        ("", 0),
        _record,
    ),
    Part.BATCHES: _Reading(
        "SELECT number, number, last, seal FROM batch WHERE number > ? ORDER BY number LIMIT ?",
        (0,),
        _batch,
    ),
    Part.POLLS: _Reading(
        """SELECT client, collection, client, collection, at, from_start, position, objects FROM poll
            WHERE (client, collection) > (?, ?) ORDER BY client, collection LIMIT ?""",
        ("", ""),
        _poll,
    ),
    Part.REFUSALS: _Reading(
        """SELECT minute, client, request, status, client, request, status, minute, count FROM refusal
            WHERE (minute, client, request, status) > (?, ?, ?, ?) ORDER BY minute, client, request, status LIMIT ?""",
        (-1, "", "", 0),
        _refusal,
    ),
}
