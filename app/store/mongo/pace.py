"""How long writes take here, against the margin of their dates: where they take longer, the next begin with a larger one, and are not run twice each.

One that was late begins again with a margin that suffices.
"""

from math import ceil, log2
from typing import Final

from app.store.dates import ATTEMPTS, margin

HEADROOM: Final = 1.5
"""Times what the slowest of the last writes needed."""
REMEMBERED: Final = 0.8
"""What is left of a slowness after one write more."""
HIGHEST_START: Final = ATTEMPTS - 3
"""So that a write that takes longer still has attempts left."""


def attempt_for(seconds: float, weight: int) -> int:
    """The attempt whose margin suffices for what needed so long, from its first date to its commit; the last one, if none does."""
    return min(_attempt(HEADROOM * _in_margins(seconds, weight)), ATTEMPTS - 1)


def _in_margins(seconds: float, weight: int) -> float:
    return seconds * 1_000_000 / margin(weight)


def _attempt(margins: float) -> int:
    return 0 if margins <= 1 else ceil(log2(margins))


class Pace:
    """The slowness of the last writes: what they needed from their first date to their commit, in usual margins."""

    def __init__(self) -> None:
        self._slowness = 0.0

    @property
    def first_attempt(self) -> int:
        """The attempt whose margin suffices, by what was seen so far."""
        return min(_attempt(HEADROOM * self._slowness), HIGHEST_START)

    def took(self, seconds: float, weight: int) -> None:
        """A write of this weight needed so long."""
        self._slowness = max(_in_margins(seconds, weight), REMEMBERED * self._slowness)
