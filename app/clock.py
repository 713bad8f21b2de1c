"""Now, as a value that is passed in: nothing below the bootstrap reads a clock by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Returns the present instant, aware, in UTC."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970, exactly."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """The inverse of `to_micros`."""
    return EPOCH + timedelta(microseconds=micros)


def timestamp(micros: int) -> str:
    """A TAXII timestamp: six fraction digits, `Z` (TAXII 2.1 §2)."""
    return from_micros(micros).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
