"""Where deliveries are looked up by row: each as a few stretches of rows that lie close together, by their size.

Sizes are powers of two, so that a stretch that holds a row ends within its size behind the row: a search visits, size by size, what lies around the row, and
not all that was delivered since. Stretches may cover rows that a delivery does not hold; whoever searches looks into it.
"""

from collections.abc import Iterator, Sequence
from heapq import nlargest
from itertools import pairwise
from typing import Final

NEAR: Final = 1024
"""Steps up to this one do not end a stretch: pages of neighbours, with what other collections got in between, stay one."""
MOST_STRETCHES: Final = 16
"""Of one delivery, which ends them at its widest steps: pages whose rows all lie apart would else cost more here than themselves."""

Stretch = tuple[int, int, int]
"""Size (the exponent of two), last row, first row."""
SIZES: Final = range(63)


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
