"""What stores keep beside objects: sealed chains, deliveries, and what is known of clients. The part of the contract that says so (DESIGN 8)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple, Protocol

from app.audit.chain import Head, Sealed, seal
from app.audit.deliveries import Delivered, Delivery, batch_record

REFUSALS_KEPT: Final = timedelta(days=90)


class Poll(NamedTuple):
    """What was heard of a client in a collection, over some requests or all: instants in µs since 1970, 0 = never.

    `at` is the last request that read objects or their manifest, `from_start` the last one that began at the oldest; `position` the newest date_added that
    he was given, `objects` how many versions.
    """

    client: str
    collection: str
    at: int
    from_start: int = 0
    position: int = 0
    objects: int = 0

    def after(self, before: "Poll") -> "Poll":
        """What is known once this was heard after `before` of the same client in the same collection."""
        return Poll(
            client=self.client,
            collection=self.collection,
            at=max(before.at, self.at),
            from_start=max(before.from_start, self.from_start),
            position=self.position or before.position,
            objects=before.objects + self.objects,
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """How often within one minute (its first µs) a client was refused one kind of request with one HTTP status. "" is everybody without credentials."""

    client: str
    request: str
    status: int
    minute: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries that were made durable together: one record of their chain, which covers those up to number `last`."""

    number: int
    seal: bytes
    last: int
    deliveries: tuple[Delivered, ...]

    @staticmethod
    def after(head: Head, last: int, deliveries: Sequence[Delivery]) -> "Batch":
        """The next one of the chain that ends at `head`, its deliveries numbered above `last`."""
        new = seal(head, batch_record(deliveries))
        numbered = tuple(Delivered(number, each) for number, each in enumerate(deliveries, last + 1))
        return Batch(new.number, new.seal, last + len(deliveries), numbered)

    @property
    def highest(self) -> int:
        """The highest row in it; 0 if it holds none."""
        return max((each.delivery.rows[-1] for each in self.deliveries), default=0)


class RecordStore(Protocol):
    """The part of a store that keeps records. What a transaction seals is told by `Transaction.seal`."""

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Put deliveries on record, in order: they are durable and sealed when this returns. The rows of each are ascending.

        Deliveries of several callers may share one record of the chain. Raises StoreUnavailable if they cannot be made durable.
        """
        ...

    async def delivered(self, collection: str, rows: Collection[int], limit: int, after: int = 0) -> Sequence[Delivered]:
        """The first `limit` deliveries numbered above `after` that hold one of `rows`, ascending; each with those rows alone.

        Raises StoreUnavailable rather than pass over one that is no longer as it was put on record.
        """
        ...

    async def heads(self) -> Mapping[str, Head]:
        """Where every chain that has records ends, in one snapshot per chain."""
        ...

    async def sealed(self, chain: str, limit: int, after: int = 0) -> Sequence[Sealed]:
        """The first `limit` records of a chain that are numbered above `after`, ascending, as they are kept: nothing is checked here."""
        ...

    async def note(self, polls: Sequence[Poll], refusals: Sequence[Refusal]) -> None:
        """Add to what is known of clients: the latest instants, sums of counts. Best effort: it may be lost in a crash."""
        ...

    async def polls(self) -> Sequence[Poll]:
        """What is known of each client in each collection, by client and collection."""
        ...

    async def refusals(self, since: int) -> Sequence[Refusal]:
        """What was refused in that minute (µs) or later, oldest first; what is older than `REFUSALS_KEPT` may have gone."""
        ...
