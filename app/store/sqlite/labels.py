"""Labels and dates of a collection. Called on the writer's thread, within its transaction; `above_mark` on readers too."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

import apsw

from app.stix.handling import HandlingLabel
from app.store.dates import Dating, TrustedClock
from app.store.sqlite.schema import ANY_TYPE
from app.store.sqlite.values import integer, integer_if_any

NO_COLLECTION: Final = 0
"""Numbers of collections begin with 1."""

_IN_USE: Final = """SELECT count(*) FROM label l WHERE l.collection = ? AND l.organisation = ? AND EXISTS (
    SELECT 1 FROM lane a INDEXED BY lane_by_label CROSS JOIN page p ON p.lane = a.number
    WHERE a.collection = l.collection AND a.object_type = ? AND a.candidate IN (0, 1) AND a.label = l.number)"""

_COUNTS: Final = """SELECT a.label, count(*) FROM lane a CROSS JOIN page p ON p.lane = a.number
    WHERE a.collection = ? AND a.object_type = ? GROUP BY a.label"""


def number_of(connection: apsw.Connection, key: str, *, only_reads: bool = False) -> int:
    """The number of a collection; one that is new gets the next, or, for who only reads, one under which nothing is kept."""
    known = integer_if_any(connection, "SELECT number FROM collection WHERE key = ?", key)
    if known is None:
        return NO_COLLECTION if only_reads else integer(connection, "INSERT INTO collection (key) VALUES (?) RETURNING number", key)
    return known


def above_mark(connection: apsw.Connection, collection: int | None, mark: int) -> tuple[tuple[int, HandlingLabel], ...]:
    """The labels numbered above `mark`, ascending."""
    query = "SELECT number, text FROM label WHERE collection = ? AND number > ? ORDER BY number"
    # All at once: a text that nobody can understand must not leave the statement open.
    found = cast("list[tuple[int, str]]", connection.execute(query, (collection, mark)).fetchall())
    return tuple((number, HandlingLabel.from_text(text)) for number, text in found)


def intern(
    connection: apsw.Connection, collection: int, clock: TrustedClock, labels: Sequence[HandlingLabel], organisation: str
) -> Sequence[int]:
    """The number of each label; new ones get the next. Raises StoreUnavailable if the clock is not to be trusted."""
    numbers: list[int] = []
    for text in (label.to_text() for label in labels):
        known = integer_if_any(connection, "SELECT number FROM label WHERE collection = ? AND text = ?", collection, text)
        if known is None:
            known = integer(connection, "UPDATE collection SET labels = labels + 1 WHERE number = ? RETURNING labels", collection)
            row = (collection, known, text, organisation, clock.now(_newest(connection, collection)))
            connection.execute("INSERT INTO label VALUES (?, ?, ?, ?, ?)", row)
        numbers.append(known)
    return numbers


def made(connection: apsw.Connection, collection: int, organisation: str, since: int) -> int:
    """How many labels an organisation made at that instant or later."""
    query = "SELECT count(*) FROM label WHERE collection = ? AND organisation = ? AND made >= ?"
    return integer(connection, query, collection, organisation, since)


def in_use(connection: apsw.Connection, collection: int, organisation: str) -> int:
    """How many of its labels have a row in the page index."""
    return integer(connection, _IN_USE, collection, organisation, ANY_TYPE)


def counts(connection: apsw.Connection, collection: int) -> Mapping[int, int]:
    """How many rows of the page index lie under each label number."""
    return dict(connection.execute(_COUNTS, (collection, ANY_TYPE)))


def give_dates(connection: apsw.Connection, collection: int, dating: Dating, runs: Sequence[int]) -> Sequence[int]:
    """Dates for all rows of `runs`. Raises StoreUnavailable if the clock is not to be trusted."""
    dates = dating.give(_newest(connection, collection), runs)
    if dates:
        connection.execute("UPDATE collection SET newest = ? WHERE number = ?", (dates[-1], collection))
    return dates


def _newest(connection: apsw.Connection, collection: int) -> int:
    return integer(connection, "SELECT newest FROM collection WHERE number = ?", collection)
