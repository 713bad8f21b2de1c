"""Dates of rows, and the clock they come from (DESIGN 7, C16, C17)."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import to_micros
from app.errors import StoreUnavailable
from app.store.dates import MARGIN_MICROS, MARGIN_PER_OBJECT_MICROS, Dating, TrustedClock, assign, margin

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MICROS = to_micros(NOON)
SECOND = 1_000_000

instants = st.integers(0, 4_000_000_000_000_000)
runs = st.lists(st.integers(0, 2_500), max_size=6)


class Clocks:
    """A wall clock and a monotonic one that are set apart from each other."""

    def __init__(self) -> None:
        self.wall = NOON
        self.monotonic = 100.0
        self.trusted = TrustedClock(lambda: self.wall, lambda: self.monotonic)


def test_a_run_begins_one_microsecond_into_the_next_millisecond() -> None:
    assert assign(5_000_300, 0, [1]) == [5_001_001]
    assert assign(0, 5_000_300, [1]) == [5_001_001]
    assert assign(0, 5_000_000, [1]) == [5_000_001]
    assert assign(5_000_999, 0, [2]) == [5_001_001, 5_001_002]


def test_whole_milliseconds_are_left_out_of_long_runs() -> None:
    """A client that cuts a date to milliseconds then always asks for less than it had, never for more (C16)."""
    dates = assign(0, 1_000, [1_000])
    assert dates[:2] == [1_001, 1_002]
    assert dates[998:] == [1_999, 2_001]


def test_each_run_begins_in_a_millisecond_of_its_own() -> None:
    """Offsets inside a run do not count what another run holds (promise 1)."""
    assert assign(0, 1_000, [2, 0, 3, 1]) == [1_001, 1_002, 2_001, 2_002, 2_003, 3_001]


@given(last=instants, earliest=instants, lengths=runs)
def test_dates_rise_from_the_later_of_both_bounds(last: int, earliest: int, lengths: list[int]) -> None:
    dates = assign(last, earliest, lengths)
    assert len(dates) == sum(lengths)
    assert all(earlier < later for earlier, later in pairwise([last, *dates]))
    assert all(date >= earliest for date in dates)
    assert all(date % 1_000 for date in dates)


@given(last=instants, lengths=runs)
def test_a_run_starts_at_the_same_offset_whatever_came_before(last: int, lengths: list[int]) -> None:
    dates = assign(last, 0, lengths)
    starts = [begin for begin, length in zip(accumulate([0, *lengths]), lengths, strict=False) if length]
    assert all(dates[start] % 1_000 == 1 for start in starts)
    assert all(dates[start] // 1_000 > (dates[start - 1] if start else last) // 1_000 for start in starts)


def test_the_margin_grows_with_the_work_and_doubles_with_each_attempt() -> None:
    assert margin(0) == MARGIN_MICROS
    assert margin(1_000) == MARGIN_MICROS + 1_000 * MARGIN_PER_OBJECT_MICROS
    assert [margin(10, attempt) for attempt in range(3)] == [margin(10), 2 * margin(10), 4 * margin(10)]


def test_now_is_the_wall_clock_in_microseconds() -> None:
    clocks = Clocks()
    assert clocks.trusted.now(0) == NOON_MICROS
    clocks.wall += timedelta(microseconds=7)
    assert clocks.trusted.now(0) == NOON_MICROS + 7


@pytest.mark.parametrize("apart", [timedelta(minutes=1, microseconds=1), timedelta(minutes=-1, microseconds=-1), timedelta(days=400)])
def test_a_clock_that_jumped_is_not_trusted(apart: timedelta) -> None:
    clocks = Clocks()
    clocks.wall += apart
    with pytest.raises(StoreUnavailable, match="more than a minute"):
        clocks.trusted.now(0)
    assert clocks.trusted.unchecked() == NOON_MICROS + apart // timedelta(microseconds=1)


def test_a_clock_may_be_corrected_a_little() -> None:
    """What a time service does in small steps must not stop the writes."""
    clocks = Clocks()
    clocks.wall += timedelta(minutes=1)
    assert clocks.trusted.now(0) == NOON_MICROS + 60 * SECOND


def test_both_clocks_may_go_on_for_days() -> None:
    clocks = Clocks()
    clocks.wall += timedelta(days=30)
    clocks.monotonic += 30 * 86_400
    assert clocks.trusted.now(0) == NOON_MICROS + 30 * 86_400 * SECOND


def test_a_newest_date_far_ahead_stops_the_writes() -> None:
    clocks = Clocks()
    a_day = 86_400 * SECOND
    assert clocks.trusted.now(NOON_MICROS + a_day) == NOON_MICROS
    with pytest.raises(StoreUnavailable, match="ahead of the clock"):
        clocks.trusted.now(NOON_MICROS + a_day + 1)


def test_a_dating_is_in_time_until_the_clock_passes_its_first_date() -> None:
    clocks = Clocks()
    dating = Dating(clocks.trusted, weight=0, attempt=0)
    assert dating.is_in_time()
    (first,) = dating.give(0, [1])
    assert first == NOON_MICROS + MARGIN_MICROS + 1
    clocks.wall += timedelta(microseconds=first - NOON_MICROS)
    assert dating.is_in_time()
    assert not dating.is_in_time(reserve=1)
    clocks.wall += timedelta(microseconds=1)
    assert not dating.is_in_time()


def test_a_dating_keeps_the_earliest_of_its_first_dates() -> None:
    clocks = Clocks()
    dating = Dating(clocks.trusted, weight=0, attempt=0)
    dating.give(NOON_MICROS + 10 * SECOND, [1])
    dating.give(0, [3])
    dating.give(NOON_MICROS + 20 * SECOND, [])
    clocks.wall += timedelta(seconds=1)
    assert not dating.is_in_time()
