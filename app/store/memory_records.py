"""The records of the reference store beside objects: chains, deliveries, and what is known of clients. Plain lists, looked through from their start."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from app.audit.chain import Head, Sealed, empty, seal
from app.audit.deliveries import DELIVERIES, Delivered, Delivery, batch_record
from app.store.dates import TrustedClock
from app.store.records import REFUSALS_KEPT, Poll, Refusal

Chains = dict[str, list[Sealed]]


def append(chains: Chains, chain: str, record: bytes) -> None:
    """Seal a record at the end of a chain."""
    kept = chains.setdefault(chain, [])
    kept.append(seal(Head(kept[-1].number, kept[-1].seal) if kept else empty(chain), record))


class MemoryRecords:
    """What is kept outside of transactions. `app.store.records.RecordStore` says what each method means."""

    def __init__(self, clock: TrustedClock) -> None:
        self._clock = clock
        self._deliveries: list[Delivered] = []
        self._batches: Chains = {}
        self._polls: dict[tuple[str, str], Poll] = {}
        self._refusals: dict[tuple[str, str, int, int], Refusal] = {}

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Put deliveries on record."""
        append(self._batches, DELIVERIES, batch_record(deliveries))
        self._deliveries += [Delivered(number, each) for number, each in enumerate(deliveries, len(self._deliveries) + 1)]

    async def delivered(self, collection: str, rows: Collection[int], limit: int, after: int = 0) -> Sequence[Delivered]:
        """The deliveries that hold one of `rows`."""
        held = ((each, tuple(row for row in each.delivery.rows if row in rows)) for each in self._deliveries)
        found = (
            replace(each, delivery=each.delivery._replace(rows=some))
            for each, some in held
            if some and each.delivery.collection == collection and each.number > after
        )
        return [each for each, _ in zip(found, range(limit), strict=False)]

    async def heads(self) -> Mapping[str, Head]:
        """Where every chain ends."""
        return {name: Head(kept[-1].number, kept[-1].seal) for name, kept in self._all_chains().items() if kept}

    async def sealed(self, chain: str, limit: int, after: int = 0) -> Sequence[Sealed]:
        """The records of a chain above `after`."""
        return self._all_chains().get(chain, [])[after : after + limit]

    async def note(self, polls: Sequence[Poll], refusals: Sequence[Refusal]) -> None:
        """Add to what is known of clients."""
        for poll in polls:
            key = poll.client, poll.collection
            self._polls[key] = poll.after(self._polls[key]) if key in self._polls else poll
        oldest = self._clock.unchecked() - REFUSALS_KEPT // REFUSALS_KEPT.resolution
        self._refusals = {key: kept for key, kept in self._refusals.items() if kept.minute >= oldest}
        for refusal in refusals:
            named = refusal.client, refusal.request, refusal.status, refusal.minute
            count = self._refusals[named].count if named in self._refusals else 0
            self._refusals[named] = replace(refusal, count=refusal.count + count)

    async def polls(self) -> Sequence[Poll]:
        """What is known of each client in each collection."""
        return [poll for _, poll in sorted(self._polls.items())]

    async def refusals(self, since: int) -> Sequence[Refusal]:
        """What was refused since."""
        return sorted((each for each in self._refusals.values() if each.minute >= since), key=lambda each: each.minute)

    def _all_chains(self) -> Chains:
        """The chain of deliveries with those that transactions seal."""
        return self._batches
