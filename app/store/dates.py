"""date_added: microseconds, unique and strictly rising per collection in commit order (DESIGN 7, C16, C17).

Each commit, and each run within it, begins in a fresh millisecond, at its first microsecond; steps of 1 µs exist inside a run only, so that the
offsets of what a reader sees do not count what is hidden from him. Whole milliseconds are never given: a date cut to milliseconds by a client
therefore always lies before the date itself.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.clock import Clock, to_micros
from app.errors import StoreUnavailable

MILLISECOND: Final = 1_000
MARGIN_MICROS: Final = 250_000
MARGIN_PER_OBJECT_MICROS: Final = 150
FURTHEST_AHEAD: Final = timedelta(days=1)
LARGEST_DISAGREEMENT: Final = timedelta(minutes=1)
ATTEMPTS: Final = 6
"""How often a transaction is run before its store gives up: the margin has grown to 32 times the usual one by then."""


def margin(weight: int, attempt: int = 0) -> int:
    """How far ahead of the clock (µs) the first date of a commit of `weight` objects lies; doubled at each further attempt."""
    return (MARGIN_MICROS + MARGIN_PER_OBJECT_MICROS * weight) << attempt


def assign(last: int, earliest: int, runs: Sequence[int]) -> list[int]:
    """Dates for all rows of `runs` (their lengths, in order): later than `last`, not earlier than `earliest`."""
    dates: list[int] = []
    previous = max(last, earliest - 1)
    for length in runs:
        for _ in range(length):
            fresh = not dates or previous % MILLISECOND == MILLISECOND - 1
            previous = _next_millisecond(previous) if fresh else previous + 1
            dates.append(previous)
        previous = _end_of_millisecond(previous)
    return dates


def _next_millisecond(micros: int) -> int:
    """The first microsecond after the next whole millisecond."""
    return (micros // MILLISECOND + 1) * MILLISECOND + 1


def _end_of_millisecond(micros: int) -> int:
    return (micros // MILLISECOND) * MILLISECOND + MILLISECOND - 1


class TrustedClock:
    """The wall clock, held against the monotonic one since it was made: a clock that jumped must not date anything."""

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._started = clock()
        self._started_monotonic = monotonic()

    def now(self, last: int) -> int:
        """The present in µs. Raises StoreUnavailable if the clocks disagree or `last`, the newest date given, is more than a day ahead."""
        now = self._clock()
        self._check_jump(now)
        micros = to_micros(now)
        if last - micros > FURTHEST_AHEAD // timedelta(microseconds=1):
            msg = "the newest date_added is more than a day ahead of the clock; set the clock right"
            raise StoreUnavailable(msg)
        return micros

    def unchecked(self) -> int:
        """The present in µs as the wall clock has it: for reads, which go on while the clock is wrong."""
        return to_micros(self._clock())

    def _check_jump(self, now: datetime) -> None:
        elapsed = timedelta(seconds=self._monotonic() - self._started_monotonic)
        if abs(now - self._started - elapsed) > LARGEST_DISAGREEMENT:
            msg = "the wall clock moved by more than a minute against the monotonic clock; set it right and start again"
            raise StoreUnavailable(msg)


class Dating:
    """The dates that one attempt of a transaction gives, over all collections it writes to; the same in every store."""

    def __init__(self, clock: TrustedClock, weight: int, attempt: int) -> None:
        self._clock = clock
        self._margin = margin(weight, attempt)
        self._first: int | None = None

    def give(self, last: int, runs: Sequence[int]) -> list[int]:
        """Dates for `runs` in a collection whose newest date is `last`. Raises StoreUnavailable as `TrustedClock.now`."""
        dates = assign(last, self._clock.now(last) + self._margin, runs)
        if dates:
            self._first = dates[0] if self._first is None else min(self._first, dates[0])
        return dates

    def is_in_time(self, reserve: int = 0) -> bool:
        """Whether the clock stays `reserve` µs before the first date given. Asked right before the commit. Raises StoreUnavailable as above."""
        return self._first is None or self._clock.now(self._first) + reserve <= self._first
