"""Timestamps (STIX 2.1 §2.16, RFC 3339)."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.stix.corrections import TIMESTAMP
from app.stix.timestamps import parse_timestamp, version_key


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-03-01T09:30:00Z", datetime(2024, 3, 1, 9, 30, tzinfo=UTC)),
        ("2024-03-01T09:30:00.5Z", datetime(2024, 3, 1, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2024-03-01T09:30:00.000001Z", datetime(2024, 3, 1, 9, 30, 0, 1, tzinfo=UTC)),
        ("2024-03-01T09:30:00.123456789Z", datetime(2024, 3, 1, 9, 30, 0, 123_456, tzinfo=UTC)),
        ("2024-02-29T23:59:59Z", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2015-06-30T23:59:60.25Z", datetime(2015, 7, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_parsed(text: str, instant: datetime) -> None:
    assert parse_timestamp(text) == instant
    assert parse_timestamp(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-03-01",
        "2024-03-01T09:30Z",
        "2024-03-01 09:30:00Z",
        "2024-03-01t09:30:00Z",
        "2024-03-01T09:30:00z",
        "2024-03-01T09:30:00",
        "2024-03-01T09:30:00.Z",
        "2024-03-01T09:30:00,5Z",
        "2024-03-01T09:30:00+00:00",
        "2024-03-01T09:30:00Z\n",
        "2024-3-1T09:30:00Z",
        "2024-13-01T09:30:00Z",
        "2024-00-01T09:30:00Z",
        "2024-04-31T09:30:00Z",
        "2023-02-29T09:30:00Z",
        "1900-02-29T09:30:00Z",
        "2024-03-01T24:00:00Z",
        "2024-03-01T09:60:00Z",
        "2024-03-01T09:30:61Z",
        "2024-03-01T09:30:60Z",
        "2016-12-30T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:60Z",
        "٢٠٢٤-03-01T09:30:00Z",
    ],
)
def test_no_timestamps(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_timestamp(text)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024-03-01T09:30:00Z", "2024-03-01T09:30:00.000Z"),
        ("2024-03-01T09:30:00.1Z", "2024-03-01T09:30:00.100000Z"),
        ("2024-03-01T09:30:10.000Z", "2024-03-01T09:30:10Z"),
    ],
)
def test_keys_are_equal_for_equal_instants(first: str, second: str) -> None:
    assert version_key(first) == version_key(second)


def test_a_leap_second_sorts_between_its_neighbours() -> None:
    texts = ["2016-12-31T23:59:59.999Z", "2016-12-31T23:59:60Z", "2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00Z"]
    assert sorted(texts, key=version_key) == texts


_INSTANTS = st.datetimes(timezones=st.just(UTC))


def _spelled(instant: datetime, zeros: int) -> str:
    text = instant.isoformat().removesuffix("+00:00")
    return f"{text if '.' in text or not zeros else text + '.'}{'0' * zeros}Z"


@settings(derandomize=True, max_examples=300)
@given(_INSTANTS, _INSTANTS, st.integers(0, 4), st.integers(0, 4))
def test_keys_sort_as_the_instants_do(first: datetime, second: datetime, zeros: int, more: int) -> None:
    texts = _spelled(first, zeros), _spelled(second, more)
    assert parse_timestamp(texts[0]) == first
    keys = [version_key(text) for text in texts]
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (first < second, first == second)


@pytest.mark.parametrize("year", [1, 4, 99, 100, 400, 1900, 1999, 2000, 2023, 2024, 2096, 2100, 8000, 9999])
def test_the_schemas_know_every_real_day(year: int) -> None:
    """STIX 2.1 §2.16: what the amended schema takes is what `parse_timestamp` takes, leap seconds included."""
    for month in range(14):
        for day in range(33):
            for second in ("59", "60"):
                text = f"{year:04}-{month:02}-{day:02}T23:59:{second}Z"
                is_real = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
                is_last = is_real and (date(year, month, day) == date(year, month, calendar.monthrange(year, month)[1]))
                assert (re.fullmatch(TIMESTAMP, text) is not None) == (is_real and (second == "59" or is_last)), text


@pytest.mark.parametrize(
    "text", ["0000-01-01T00:00:00Z", "2024-01-01T00:00:00.Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z"]
)
def test_the_schemas_know_unreal_times(text: str) -> None:
    assert re.fullmatch(TIMESTAMP, text) is None
