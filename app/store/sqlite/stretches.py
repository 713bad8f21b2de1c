"""Deliveries as they are found by row: their stretches (app/store/stretches.py), in an index."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import apsw

from app.store.sqlite.values import integers
from app.store.stretches import SIZES, stretches

_HOLDING: Final = """SELECT DISTINCT s.delivery FROM carray(?1) r CROSS JOIN carray(?2) k CROSS JOIN stretch s
    ON s.collection = (SELECT number FROM name WHERE text = ?3) AND s.size = k.value
    AND s.last BETWEEN r.value AND r.value + (1 << k.value) - 1 AND s.first <= r.value
    WHERE s.delivery > ?4 ORDER BY s.delivery"""
_IS_THERE: Final = "SELECT 1 FROM stretch WHERE collection = ? AND size = ? AND last = ? AND first = ? AND delivery = ?"


def holding(connection: apsw.Connection, collection: str, rows: Collection[int], after: int) -> Iterator[int]:
    """The deliveries numbered above `after` with a stretch around one of `rows`, ascending."""
    for (number,) in connection.execute(_HOLDING, (integers(rows), integers(SIZES), collection, after)):
        yield number


def are_there(connection: apsw.Connection, collection: int, delivery: int, rows: Sequence[int]) -> bool:
    """Whether a delivery can be found by each row that it holds."""
    return all(
        connection.execute(_IS_THERE, (collection, size, last, first, delivery)).get is not None for size, last, first in stretches(rows)
    )
