"""The records of the reference store beside objects: chains, deliveries, and what is known of clients. Plain lists, looked through from their start."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.audit.chain import Head, Sealed, empty, seal
from app.audit.deliveries import DELIVERIES, Delivered, Delivery, batch_record
from app.store.contract import REFUSALS_KEPT, Poll, Refusal

Chains = dict[str, list[Sealed]]


def append(chains: Chains, chain: str, record: bytes) -> None:
    """Seal a record at the end of a chain."""
    kept = chains.setdefault(chain, [])
    kept.append(seal(Head(kept[-1].number, kept[-1].seal) if kept else empty(chain), record))


@dataclass(slots=True)
class Records:
    """What is kept outside of transactions."""

    deliveries: list[Delivered] = field(default_factory=list[Delivered])
    chains: Chains = field(default_factory=Chains)
    polls: dict[tuple[str, str], Poll] = field(default_factory=dict[tuple[str, str], Poll])
    refusals: dict[tuple[str, str, int, int], Refusal] = field(default_factory=dict[tuple[str, str, int, int], Refusal])

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Put deliveries on record."""
        append(self.chains, DELIVERIES, batch_record(deliveries))
        self.deliveries += [Delivered(number, each) for number, each in enumerate(deliveries, len(self.deliveries) + 1)]

    def delivered(self, collection: str, rows: Collection[int], limit: int, after: int) -> Sequence[Delivered]:
        """The deliveries that hold one of `rows`."""
        held = ((each, tuple(row for row in each.delivery.rows if row in rows)) for each in self.deliveries)
        found = (
            replace(each, delivery=replace(each.delivery, rows=some))
            for each, some in held
            if some and each.delivery.collection == collection and each.number > after
        )
        return [each for each, _ in zip(found, range(limit), strict=False)]

    def note(self, polls: Sequence[Poll], refusals: Sequence[Refusal], now: int) -> None:
        """Add to what is known of clients."""
        for poll in polls:
            key = poll.client, poll.collection
            self.polls[key] = _together(self.polls[key], poll) if key in self.polls else poll
        oldest = now - REFUSALS_KEPT // REFUSALS_KEPT.resolution
        self.refusals = {key: kept for key, kept in self.refusals.items() if kept.minute >= oldest}
        for refusal in refusals:
            named = refusal.client, refusal.request, refusal.status, refusal.minute
            count = self.refusals[named].count if named in self.refusals else 0
            self.refusals[named] = replace(refusal, count=refusal.count + count)


def _together(before: Poll, later: Poll) -> Poll:
    return replace(
        later,
        at=max(before.at, later.at),
        from_start=max(before.from_start, later.from_start),
        position=later.position or before.position,
        objects=before.objects + later.objects,
    )


def heads(*chains: Mapping[str, Sequence[Sealed]]) -> dict[str, Head]:
    """Where each chain ends."""
    return {name: Head(kept[-1].number, kept[-1].seal) for each in chains for name, kept in each.items() if kept}
