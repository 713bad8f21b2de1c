"""Deliveries as they are written: one document for all that is made durable together, which is at once the record of their chain.

The number of a record is its `_id`, so of two processes that seal the same number one fails and goes on from the other's. Nothing else is needed: no
transaction, and one visit to the database for all pages that leave at the same time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from app.audit.chain import Head, empty
from app.audit.deliveries import DELIVERIES, Delivery, pack
from app.store.mongo.connection import translated
from app.store.mongo.documents import BatchDocument, DeliveryDocument, Documents, StretchDocument
from app.store.records import Batch
from app.store.stretches import stretches
from app.store.together import Together

MOST_AT_ONCE: Final = 64
"""Deliveries that share a record, unless one caller brings more: far below what a document can hold."""


@dataclass(frozen=True, slots=True)
class End:
    """Where the chain ends, the number of the last delivery, and the highest row that was ever delivered."""

    head: Head
    last: int
    highest: int

    @staticmethod
    def of(batch: BatchDocument) -> "End":
        """The end, if this is the last record."""
        return End(Head(batch["_id"], batch["seal"]), batch["last"], batch["highest"])


NOTHING_YET: Final = End(empty(DELIVERIES), 0, 0)


async def end_of(documents: Documents) -> End:
    """The end as it stands, also if it is not yet confirmed: who goes on from it is confirmed after it, or not at all."""
    found = await documents.batches.with_options(read_concern=ReadConcern("local")).find({}).sort("_id", -1).limit(1).to_list()
    return End.of(found[0]) if found else NOTHING_YET


class DeliveryWriter:
    """Writes deliveries. What arrives while others are being written waits for the next record, and shares it."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._end: End | None = None
        self._together = Together(self._append, MOST_AT_ONCE)

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Put deliveries on record. Raises StoreUnavailable if they cannot be made durable."""
        await self._together.deliver(deliveries)

    async def close(self) -> None:
        """Finish what is being written."""
        await self._together.finish()

    async def _append(self, deliveries: Sequence[Delivery]) -> None:
        end, self._end = self._end, None  # until it is known what became of the record
        with translated():
            while self._end is None:
                new = _next(end or await end_of(self._documents), deliveries)
                try:
                    await self._documents.batches.insert_one(new)
                except DuplicateKeyError:
                    end = None
                else:
                    self._end = End.of(new)


def _next(end: End, deliveries: Sequence[Delivery]) -> BatchDocument:
    return batch_document(Batch.after(end.head, end.last, deliveries), end.highest)


def batch_document(batch: Batch, highest: int) -> BatchDocument:
    """A batch as it is kept; `highest`: the highest row of all before it."""
    deliveries = [each.delivery for each in batch.deliveries]
    return BatchDocument(
        _id=batch.number,
        seal=batch.seal,
        first=batch.last - len(deliveries) + 1,
        last=batch.last,
        highest=max(highest, batch.highest),
        deliveries=[_document(each) for each in deliveries],
        stretches=stretch_documents(deliveries),
    )


def _document(delivery: Delivery) -> DeliveryDocument:
    return DeliveryDocument(
        client=delivery.client,
        collection=delivery.collection,
        epoch=delivery.epoch,
        at=delivery.at,
        first=delivery.rows[0],
        steps=pack(delivery.rows),
    )


def stretch_documents(deliveries: Iterable[Delivery]) -> list[StretchDocument]:
    """By what a record is found: the stretches of all its deliveries, each once, in an order of their own."""
    found = {(each.collection, *stretch) for each in deliveries for stretch in stretches(each.rows)}
    return [StretchDocument(collection=name, size=size, last=last, first=first) for name, size, last, first in sorted(found)]
