"""Fair shares: how many requests and written objects an organisation may spend, and each of its clients of that.

A bucket per organisation and one per client, refilled with time. It counts an organisation's own requests only, so that an answer of 429 never tells
of anybody else. Kept per worker process: `workers` divides the allowance.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.errors import QuotaExceeded

CLIENT_SHARE: Final = 0.7
"""Of its organisation's allowance, so that one runaway tool leaves the others something."""
MOST_BUCKETS: Final = 20_000
"""Anonymous sources come and go; the bucket untouched for longest goes first."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(slots=True)
class Allowance:
    """`rate` per second on average, `burst` at once."""

    rate: float
    burst: float
    name: str
    now: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict[str, _Bucket])

    def spend(self, organisation: str, client: str, amount: float = 1) -> None:
        """Take `amount` from the client's share and the organisation's allowance, or nothing. Raises QuotaExceeded.

        An amount above the whole burst is taken when the bucket is full: it leaves a debt, not a deadlock.
        """
        now, wait = self.now(), 0.0
        shares = ((client, CLIENT_SHARE), (organisation, 1.0)) if client else ((organisation, 1.0),)
        buckets: list[_Bucket] = []
        for name, share in shares:
            bucket = self._refilled(name, share, now)
            buckets.append(bucket)
            if bucket.tokens < amount:
                wait = max(wait, (min(amount, self.burst * share) - bucket.tokens) / (self.rate * share))
        if wait > 0:
            msg = f"too many {self.name} from your organisation; wait {int(wait) + 1} seconds"
            raise QuotaExceeded(msg, retry_after=int(wait) + 1)
        for bucket in buckets:
            bucket.tokens -= amount

    def _refilled(self, name: str, share: float, now: float) -> _Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(self.burst * share, now)
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(name)
        bucket.tokens = min(self.burst * share, bucket.tokens + (now - bucket.at) * self.rate * share)
        bucket.at = now
        return bucket


@dataclass(frozen=True, slots=True)
class Quotas:
    """The allowances of one worker. A first sync of a million objects at 100 a page is 10,000 requests (C32)."""

    requests: Allowance = field(default_factory=lambda: Allowance(rate=200, burst=20_000, name="requests"))
    writes: Allowance = field(default_factory=lambda: Allowance(rate=2_000, burst=500_000, name="written objects"))

    @staticmethod
    def for_workers(requests: float, writes: float, workers: int) -> "Quotas":
        """Quotas of `requests` and `writes` per second and organisation, shared evenly by the workers; a burst lasts 100 and 250 seconds."""
        return Quotas(
            Allowance(rate=requests / workers, burst=requests * 100 / workers, name="requests"),
            Allowance(rate=writes / workers, burst=writes * 250 / workers, name="written objects"),
        )
