"""STIX timestamps (STIX 2.1 §2.16): RFC 3339, upper-case `T` and `Z`, any number of fraction digits.

Texts are kept as they came. They are compared by `version_key`, not as datetimes: real feeds have three to nine fraction digits, and a datetime holds six.
"""

import re
from calendar import monthrange
from datetime import datetime, timedelta
from typing import Final

_TIMESTAMP: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}):([0-9]{2})(?:\.([0-9]+))?Z")
_LEAP_SECOND: Final = 60


def parse_timestamp(text: str) -> datetime:
    """The instant, aware, in UTC, cut to microseconds. A leap second (only at the end of a month, RFC 3339 §5.7) is the first second of the next.

    Raises ValueError if `text` is no STIX timestamp or names no real date.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        msg = "not a STIX timestamp"
        raise ValueError(msg)
    minute, second, fraction = match.groups()
    start = datetime.fromisoformat(minute + "Z")
    elapsed = int(second)
    if elapsed > _LEAP_SECOND or (elapsed == _LEAP_SECOND and not _may_leap(start)):
        msg = "no such second"
        raise ValueError(msg)
    try:
        return start + timedelta(seconds=elapsed, microseconds=int((fraction or "")[:6].ljust(6, "0")))
    except OverflowError as error:
        msg = "beyond the year 9999"
        raise ValueError(msg) from error


def version_key(text: str) -> str:
    """A key for a valid timestamp: keys sort as the instants do, and equal instants have equal keys, however many zeros their fractions end in."""
    bare = text[:-1]
    return bare.rstrip("0").rstrip(".") if "." in bare else bare


def _may_leap(minute: datetime) -> bool:
    return (minute.day, minute.hour, minute.minute) == (monthrange(minute.year, minute.month)[1], 23, 59)
