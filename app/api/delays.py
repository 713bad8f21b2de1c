"""Wrong credentials wait: a little the first time, longer each further time from the same address, never beyond a cap.

The right token is never delayed, whatever came before it from the same address: only failures wait, after they have failed. Guessing 256 random
bits is hopeless at any speed; what the delay saves is the log and the processor. So when very many wait already, the next is answered at once.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

FIRST_DELAY: Final = 0.1
"""Seconds; doubled with each further failure."""
LONGEST_DELAY: Final = 5.0
"""Seconds; clients give up after 30."""
FORGOTTEN_AFTER: Final = 900.0
"""Seconds without a failure after which an address starts anew."""
MOST_ADDRESSES: Final = 10_000
MOST_WAITING: Final = 500
"""Requests kept waiting at one time: each holds a connection."""
_MOST_DOUBLINGS: Final = 6


class Delays:
    """Counts failures per address; the address that failed longest ago is forgotten first."""

    def __init__(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep, now: Callable[[], float] = time.monotonic) -> None:
        self._sleep = sleep
        self._now = now
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._waiting = 0

    async def wait(self, address: str) -> None:
        """Note a failure of `address`, and return when it has waited for it."""
        delay = self._noted(address)
        if self._waiting >= MOST_WAITING:
            return
        self._waiting += 1
        try:
            await self._sleep(delay)
        finally:
            self._waiting -= 1

    def _noted(self, address: str) -> float:
        now = self._now()
        count, last = self._failures.pop(address, (0, now))
        if now - last > FORGOTTEN_AFTER:
            count = 0
        self._failures[address] = (count + 1, now)
        if len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)
        return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(count, _MOST_DOUBLINGS))
