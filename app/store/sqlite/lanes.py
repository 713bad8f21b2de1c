"""The page index as it is written: each row that is not deleted stands in two lanes, the one of its type and the one of all types."""

from collections.abc import Iterable
from typing import NamedTuple

import apsw

from app.store.sqlite.schema import ANY_TYPE
from app.store.sqlite.values import integer, integer_if_any


class Placed(NamedTuple):
    """What decides where a row stands."""

    row: int
    object_type: str
    date_added: int
    label: int
    candidate: bool
    flagged: bool


class Lanes:
    """The lanes of one transaction: their numbers are looked up, or given, once."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._numbers: dict[tuple[int, str, bool, int], int] = {}

    def enter(self, collection: int, rows: Iterable[Placed]) -> None:
        """Put rows where they stand now."""
        entries = sorted(
            (lane, each.date_added, each.row, each.label, each.flagged) for each in rows for lane in self._of(collection, each)
        )  # sorted, a page of the index is written once
        newest: dict[int, int] = {entry[0]: entry[1] for entry in entries}
        self._connection.executemany("INSERT INTO page VALUES (?, ?, ?, ?, ?)", entries)
        self._connection.executemany("UPDATE lane SET newest = max(newest, ?2) WHERE number = ?1", newest.items())

    def leave(self, collection: int, rows: Iterable[Placed]) -> None:
        """Take rows from where they stood."""
        entries = [(lane, each.date_added) for each in rows for lane in self._of(collection, each)]
        self._connection.executemany("DELETE FROM page WHERE lane = ? AND date_added = ?", entries)

    def _of(self, collection: int, placed: Placed) -> tuple[int, int]:
        return (
            self._number((collection, ANY_TYPE, placed.candidate, placed.label)),
            self._number((collection, placed.object_type, placed.candidate, placed.label)),
        )

    def _number(self, lane: tuple[int, str, bool, int]) -> int:
        if lane not in self._numbers:
            query = "SELECT number FROM lane WHERE collection = ? AND object_type = ? AND candidate = ? AND label = ?"
            found = integer_if_any(self._connection, query, *lane)
            self._numbers[lane] = self._new(lane) if found is None else found
        return self._numbers[lane]

    def _new(self, lane: tuple[int, str, bool, int]) -> int:
        query = "INSERT INTO lane (collection, object_type, candidate, label, newest) VALUES (?, ?, ?, ?, 0) RETURNING number"
        return integer(self._connection, query, *lane)
