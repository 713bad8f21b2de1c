"""Where deliveries are looked up by row: each as a few stretches of rows that lie close together, by their size.

Sizes are powers of two, so that a stretch that holds a row ends within its size behind the row: a search visits, size by size, what lies around the row, and
not all that was delivered since. Stretches may cover rows that a delivery does not hold; whoever searches looks into it.
"""

from collections.abc import Collection, Iterator, Sequence
from heapq import nlargest
from itertools import pairwise
from typing import Final

import apsw

from app.store.sqlite.values import integers

NEAR: Final = 1024
"""Steps up to this one do not end a stretch: pages of neighbours, with what other collections got in between, stay one."""
MOST_STRETCHES: Final = 16
"""Of one delivery, which ends them at its widest steps: pages whose rows all lie apart would else cost more here than themselves."""

Stretch = tuple[int, int, int]
"""Size (the exponent of two), last row, first row."""
_SIZES: Final = range(63)

_HOLDING: Final = """SELECT DISTINCT s.delivery FROM carray(?1) r CROSS JOIN carray(?2) k CROSS JOIN stretch s
    ON s.collection = (SELECT number FROM name WHERE text = ?3) AND s.size = k.value
    AND s.last BETWEEN r.value AND r.value + (1 << k.value) - 1 AND s.first <= r.value
    WHERE s.delivery > ?4 ORDER BY s.delivery"""
_IS_THERE: Final = "SELECT 1 FROM stretch WHERE collection = ? AND size = ? AND last = ? AND first = ? AND delivery = ?"


def stretches(rows: Sequence[int]) -> Iterator[Stretch]:
    """The stretches of ascending rows."""
    first, last = rows[0], rows[-1]
    ends: list[int] = []
    if last - first > NEAR:
        wide = [(later - earlier, earlier, later) for earlier, later in pairwise(rows) if later - earlier > NEAR]
        for _, earlier, later in sorted(nlargest(MOST_STRETCHES - 1, wide), key=lambda step: step[1]):
            ends += earlier, later
    bounds = iter((first, *ends, last))
    for begin, end in zip(bounds, bounds, strict=True):
        yield (end - begin).bit_length(), end, begin


def holding(connection: apsw.Connection, collection: str, rows: Collection[int], after: int) -> Iterator[int]:
    """The deliveries numbered above `after` with a stretch around one of `rows`, ascending."""
    for (number,) in connection.execute(_HOLDING, (integers(rows), integers(_SIZES), collection, after)):
        yield number


def are_there(connection: apsw.Connection, collection: int, delivery: int, rows: Sequence[int]) -> bool:
    """Whether a delivery can be found by each row that it holds."""
    return all(
        connection.execute(_IS_THERE, (collection, size, last, first, delivery)).get is not None for size, last, first in stretches(rows)
    )
