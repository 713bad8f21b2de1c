"""The database's clock: one for all machines that serve, carried on between two looks by the machine's monotonic one."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta


class DatabaseClock:
    """A clock that is set whenever the database tells the time. It is never behind by more than the answer took to be made."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self._shown: datetime | None = None
        self._asked = 0.0

    def set(self, shown: datetime, asked: float) -> None:
        """The database showed this; it was asked at that moment of the monotonic clock. Counting from the question, the clock errs towards the future."""
        self._shown, self._asked = shown, asked

    def __call__(self) -> datetime:
        """The present. Raises LookupError before the clock was set."""
        if self._shown is None:
            raise LookupError("the clock was not set")
        return self._shown + timedelta(seconds=self.monotonic() - self._asked)
