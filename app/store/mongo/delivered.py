"""What is on record of deliveries."""

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.audit.chain import Sealed
from app.audit.deliveries import Delivered, Delivery, batch_record, unpack
from app.errors import StoreUnavailable
from app.store.mongo.deliveries import stretch_documents
from app.store.mongo.documents import BatchDocument, Documents
from app.store.mongo.rows import portions
from app.store.records import Batch
from app.store.stretches import SIZES

MOST_PLACES: Final = 8
"""Rows that are looked for one by one; of more, whatever lies around the lowest, the highest and all between is looked into."""


async def delivered(documents: Documents, collection: str, rows: Collection[int], limit: int, after: int) -> Sequence[Delivered]:
    """The deliveries that hold one of `rows`: the records with a stretch around one are looked into. Raises StoreUnavailable."""
    wanted, found = frozenset(rows), list[Delivered]()
    if not wanted:
        return found
    around = {"last": {"$gt": after}, "$or": [each for place in _places(sorted(wanted)) for each in _around(collection, *place)]}
    numbers = [each["_id"] for each in await documents.batches.find(around, {"_id": 1}).sort("_id").to_list()]
    for some in portions(numbers):
        async for batch in documents.batches.find({"_id": {"$in": some}}).sort("_id"):
            for each in _read(batch):
                held = tuple(row for row in each.delivery.rows if row in wanted)
                if held and each.number > after and each.delivery.collection == collection:
                    found.append(replace(each, delivery=each.delivery._replace(rows=held)))
                    if len(found) == limit:
                        return found
    return found


async def sealed(documents: Documents, limit: int, after: int) -> Sequence[Sealed]:
    """The records of the chain above `after`, made anew from the deliveries as they are kept now."""
    found = documents.batches.find({"_id": {"$gt": after}}).sort("_id").limit(limit)
    return [Sealed(batch["_id"], _record(batch), batch["seal"]) async for batch in found]


def batch_of(batch: BatchDocument) -> Batch:
    """A record of the chain with its deliveries as they are kept now. Raises StoreUnavailable if one of them cannot be read."""
    return Batch(batch["_id"], batch["seal"], batch["last"], tuple(_read(batch)))


def _places(rows: Sequence[int]) -> Sequence[tuple[int, int]]:
    return [(row, row) for row in rows] if len(rows) <= MOST_PLACES else [(rows[0], rows[-1])]


def _around(collection: str, low: int, high: int) -> Iterator[Mapping[str, Any]]:
    """The records with a stretch that meets these rows, size by size: it ends within its size behind them."""
    for size in SIZES:
        last = {"$gte": low, "$lt": high + (1 << size)}
        yield {"stretches": {"$elemMatch": {"collection": collection, "size": size, "last": last, "first": {"$lte": high}}}}


def _record(batch: BatchDocument) -> bytes:
    """What the deliveries of a record amount to now: nothing, if one of them cannot be read, or cannot be found by what it holds."""
    try:
        kept = [each.delivery for each in _read(batch)]
        return batch_record(kept) if batch["stretches"] == stretch_documents(kept) else b""
    except (StoreUnavailable, OverflowError):
        return b""


def _read(batch: BatchDocument) -> Iterator[Delivered]:
    for number, each in enumerate(batch["deliveries"], batch["first"]):
        yield Delivered(
            number, Delivery(each["client"], each["collection"], each["epoch"], each["at"], _rows(number, each["first"], each["steps"]))
        )


def _rows(number: int, first: int, steps: bytes) -> tuple[int, ...]:
    """Raises StoreUnavailable for what cannot be read: silence about it would hide it."""
    try:
        return tuple(unpack(first, steps))
    except (LookupError, ValueError, zlib.error) as error:
        raise StoreUnavailable(f"delivery {number} is not as it was put on record; see `legation audit verify`") from error
