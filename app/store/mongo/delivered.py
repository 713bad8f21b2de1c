"""What is on record of deliveries."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.audit.chain import Sealed
from app.audit.deliveries import Delivered, Delivery, batch_record, unpack
from app.store.mongo.documents import BatchDocument, Documents
from app.store.mongo.rows import portions

MOST_RANGES: Final = 100
"""Rows that are looked for one by one; of more, whatever lies between the lowest and the highest is looked into."""


async def delivered(documents: Documents, collection: str, rows: Collection[int], limit: int, after: int) -> Sequence[Delivered]:
    """The deliveries that hold one of `rows`: those whose range does are looked into, record by record."""
    wanted, found = frozenset(rows), list[Delivered]()
    if not wanted:
        return found
    holding = {"last": {"$gt": after}, "$or": [_holding(collection, low, high) for low, high in _ranges(sorted(wanted))]}
    numbers = [each["_id"] for each in await documents.batches.find(holding, {"_id": 1}).sort("_id").to_list()]
    for some in portions(numbers):
        async for batch in documents.batches.find({"_id": {"$in": some}}).sort("_id"):
            for each in _read(batch):
                held = tuple(row for row in each.delivery.rows if row in wanted)
                if held and each.number > after and each.delivery.collection == collection:
                    found.append(replace(each, delivery=replace(each.delivery, rows=held)))
                    if len(found) == limit:
                        return found
    return found


async def sealed(documents: Documents, limit: int, after: int) -> Sequence[Sealed]:
    """The records of the chain above `after`, made anew from the deliveries as they are kept now."""
    found = documents.batches.find({"_id": {"$gt": after}}).sort("_id").limit(limit)
    return [Sealed(batch["_id"], batch_record(each.delivery for each in _read(batch)), batch["seal"]) async for batch in found]


def _ranges(rows: Sequence[int]) -> Sequence[tuple[int, int]]:
    return [(row, row) for row in rows] if len(rows) <= MOST_RANGES else [(rows[0], rows[-1])]


def _holding(collection: str, low: int, high: int) -> Mapping[str, Any]:
    """The records with a delivery of the collection whose range meets this one."""
    return {"deliveries": {"$elemMatch": {"collection": collection, "last": {"$gte": low}, "first": {"$lte": high}}}}


def _read(batch: BatchDocument) -> Iterator[Delivered]:
    for number, each in enumerate(batch["deliveries"], batch["first"]):
        rows = tuple(unpack(each["first"], each["steps"]))
        yield Delivered(number, Delivery(each["client"], each["collection"], each["epoch"], each["at"], rows))
