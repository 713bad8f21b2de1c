"""Rows as writes see and make them. Called on the writer's thread, within its transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import apsw

from app.stix.handling import State
from app.store.contract import Amendment, Arrival, StoredVersion
from app.store.sqlite.ids import ROWS_OF, enter, keys_of
from app.store.sqlite.lanes import Lanes, Placed
from app.store.sqlite.pins import add_pins
from app.store.sqlite.schema import ANY_TYPE
from app.store.sqlite.values import integer, integers

STATES: Final = (State.PUBLISHED, State.QUARANTINED, State.EMBARGOED, State.HELD)
"""A state is stored as its place in this row; never reorder it."""

COLUMNS: Final = """v.row, v.object_id, v.object_type, v.contributor, v.rank, v.version, v.key, s.date_added, s.own, s.label, s.state,
        v.digest, s.deleted, s.last, s.flagged, v.source"""
_HISTORY: Final = f"""SELECT {COLUMNS}
    FROM ({ROWS_OF.format("?1")}) k CROSS JOIN version v ON v.row = k.row CROSS JOIN standing s ON s.row = v.row"""  # noqa: S608 # a constant
_UNDER: Final = f"""SELECT {COLUMNS}
    FROM carray(?1) i CROSS JOIN lane a INDEXED BY lane_by_label ON a.collection = ?2 AND a.object_type = ?3 AND a.candidate IN (0, 1)
        AND a.label = i.value
    CROSS JOIN page p ON p.lane = a.number AND p.date_added > ?4 CROSS JOIN version v ON v.row = p.row CROSS JOIN standing s ON s.row = v.row
    ORDER BY p.date_added LIMIT ?5"""  # noqa: S608 # a constant
_RAW: Final = (
    """SELECT v.row, v.raw FROM carray(?1) i CROSS JOIN version v ON v.row = i.value WHERE v.collection = ?2 AND v.raw IS NOT NULL"""
)
_STANDING: Final = """SELECT v.object_type, s.row, s.date_added, s.own, s.label, s.state, s.deleted, s.last, s.flagged
    FROM carray(?1) i CROSS JOIN version v ON v.row = i.value CROSS JOIN standing s ON s.row = v.row WHERE v.collection = ?2"""
_STAND: Final = (
    """UPDATE standing SET date_added = ?2, own = ?3, label = ?4, state = ?5, deleted = ?6, last = ?7, flagged = ?8 WHERE row = ?1"""
)


class _Standing(NamedTuple):
    """The row of `standing`, in the order of its columns."""

    row: int
    date_added: int
    own: int
    label: int
    state: int
    deleted: bool
    last: bool
    flagged: bool

    def placed(self, object_type: str) -> Placed:
        """Where it belongs in the page index, unless it is deleted."""
        candidate = bool(self.last or (self.flagged and self.state != 0))
        return Placed(self.row, object_type, self.date_added, self.label, candidate, bool(self.flagged))


def history(connection: apsw.Connection, collection: int, ids: Iterable[str]) -> Mapping[str, Sequence[StoredVersion]]:
    """All rows under each id, ascending; ids without rows are absent."""
    wanted = frozenset(ids)
    found: dict[str, list[StoredVersion]] = {}
    for row in connection.execute(_HISTORY, (keys_of(collection, wanted),)) if wanted else ():
        if row[1] in wanted:  # ids may share a key
            found.setdefault(row[1], []).append(stored_of(row))
    for rows in found.values():
        rows.sort(key=lambda stored: stored.row)
    return found


def under(connection: apsw.Connection, collection: int, labels: Sequence[int], limit: int, after: int) -> Sequence[StoredVersion]:
    """The first rows later than `after` that stand in the page index under these labels."""
    if not labels:
        return []
    bindings = (integers(frozenset(labels)), collection, ANY_TYPE, after, limit)
    return [stored_of(row) for row in connection.execute(_UNDER, bindings)]


def raw(connection: apsw.Connection, collection: int, rows: Sequence[int]) -> Mapping[int, bytes]:
    """The bytes of rows that are not deleted."""
    return dict(connection.execute(_RAW, (integers(rows), collection))) if rows else {}


def put(connection: apsw.Connection, collection: int, lanes: Lanes, arrivals: Sequence[Arrival]) -> Sequence[int]:
    """Store new rows; their numbers, in the order given."""
    last = integer(connection, "UPDATE counter SET rows = rows + ? RETURNING rows", len(arrivals))
    rows = range(last - len(arrivals) + 1, last + 1)
    keep(connection, collection, lanes, list(zip(rows, arrivals, strict=True)))
    return rows


def keep(connection: apsw.Connection, collection: int, lanes: Lanes, numbered: Sequence[tuple[int, Arrival]]) -> None:
    """Store rows under numbers that are theirs alone."""
    if not numbered:
        return
    connection.executemany(
        "INSERT INTO version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (_version(row, collection, arrival) for row, arrival in numbered)
    )
    standings = [_standing(row, arrival.stored) for row, arrival in numbered]
    connection.executemany("INSERT INTO standing VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)", standings)
    enter(connection, collection, [(row, arrival.stored.object_id) for row, arrival in numbered])
    add_pins(connection, collection, {row: arrival.pins for row, arrival in numbered if arrival.pins})
    types = (arrival.stored.object_type for _, arrival in numbered)
    kept = [standing.placed(object_type) for standing, object_type in zip(standings, types, strict=True) if not standing.deleted]
    lanes.enter(collection, kept)
    _note(connection, collection, len(kept), (standing.date_added for standing in standings))


def amend(connection: apsw.Connection, collection: int, lanes: Lanes, amendments: Sequence[Amendment]) -> None:
    """Change stored rows. Raises KeyError for a row that the collection does not have."""
    current = _current(connection, collection, [amendment.row for amendment in amendments])
    changes = [_Change(*current[amendment.row], amendment) for amendment in amendments]
    connection.executemany(_STAND, (change.after for change in changes))
    ranked = [(amendment.row, amendment.rank) for amendment in amendments if amendment.rank is not None]
    connection.executemany("UPDATE version SET rank = ?2 WHERE row = ?1", ranked)
    dropped = [(change.after.row,) for change in changes if change.after.deleted and not change.before.deleted]
    connection.executemany("UPDATE version SET raw = NULL WHERE row = ?", dropped)
    moved = [change for change in changes if change.left != change.entered]
    lanes.leave(collection, (change.left for change in moved if change.left is not None))
    lanes.enter(collection, (change.entered for change in moved if change.entered is not None))
    _note(connection, collection, -len(dropped), (change.after.date_added for change in changes))


class _Change:
    """A row before and after an amendment, and where it stood and stands in the page index."""

    def __init__(self, object_type: str, before: _Standing, amendment: Amendment) -> None:
        self.before = before
        self.after = _amended(before, amendment)
        self.left = None if self.before.deleted else self.before.placed(object_type)
        self.entered = None if self.after.deleted else self.after.placed(object_type)


def _amended(standing: _Standing, amendment: Amendment) -> _Standing:
    return _Standing(
        row=standing.row,
        date_added=standing.date_added if amendment.date_added is None else amendment.date_added,
        own=standing.own if amendment.own is None else amendment.own,
        label=standing.label if amendment.label is None else amendment.label,
        state=standing.state if amendment.state is None else STATES.index(amendment.state),
        deleted=standing.deleted or bool(amendment.deleted),  # what is gone stays gone
        last=standing.last if amendment.last is None else amendment.last,
        flagged=standing.flagged if amendment.flagged is None else amendment.flagged,
    )


def _current(connection: apsw.Connection, collection: int, rows: Sequence[int]) -> dict[int, tuple[str, _Standing]]:
    found = connection.execute(_STANDING, (integers(rows), collection)) if rows else ()
    return {row: (object_type, _Standing(row, *rest)) for object_type, row, *rest in found}


def _note(connection: apsw.Connection, collection: int, more: int, dates: Iterable[int]) -> None:
    """Keep the collection's count and its newest date."""
    query = "UPDATE collection SET held = held + ?2, newest = max(newest, ?3) WHERE number = ?1"
    connection.execute(query, (collection, more, max(dates, default=0)))


def stored_of(columns: Sequence[Any]) -> StoredVersion:
    """From the columns of `COLUMNS`."""
    row, object_id, object_type, contributor, rank, version, key, date_added, own, label, state, digest, deleted, last, flagged, source = (
        columns
    )
    return StoredVersion(
        row=row,
        object_id=object_id,
        object_type=object_type,
        contributor=contributor,
        rank=rank,
        version=version,
        key=key,
        date_added=date_added,
        own=own,
        label=label,
        state=STATES[int(state)],
        digest=digest,
        deleted=bool(deleted),
        last=bool(last),
        flagged=bool(flagged),
        source=source,
    )


def _version(row: int, collection: int, arrival: Arrival) -> tuple[object, ...]:
    stored = arrival.stored
    kept = None if stored.deleted else arrival.raw
    names = (
        stored.object_id,
        stored.object_type,
        stored.contributor,
        stored.rank,
        stored.version,
        stored.key,
        stored.digest,
        stored.source,
    )
    return (row, collection, *names, kept)


def _standing(row: int, stored: StoredVersion) -> _Standing:
    state = STATES.index(stored.state)
    return _Standing(row, stored.date_added, stored.own, stored.label, state, stored.deleted, stored.last, stored.flagged)
