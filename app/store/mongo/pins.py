"""Pins as writes keep them true. Within a transaction. They lie with the version that they close, so that a page looks nowhere else."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pymongo import UpdateOne

from app.store.mongo.documents import PinDocument
from app.store.mongo.lanes import COMPARED, Lane, Moves, Place
from app.store.mongo.rows import portions
from app.store.mongo.scope import Scope
from app.store.mongo.versions import pin_documents, pin_of
from app.store.pins import AWAITED, Contribution, Pin


async def of_rows(scope: Scope, collection: str, rows: Sequence[int]) -> Mapping[int, frozenset[Pin]]:
    """The pins of rows."""
    found: dict[int, frozenset[Pin]] = {}
    for some in portions(rows):
        wanted = {"_id": {"$in": some}, "collection": collection}
        async for document in scope.documents.versions.find(wanted, {"pins": 1}, session=scope.session):
            pins = frozenset(map(pin_of, document.get("pins", ())))
            if pins:
                found[document["_id"]] = pins
    return found


async def add_pins(scope: Scope, collection: str, pins: Mapping[int, frozenset[Pin]]) -> None:
    """Give rows pins that they may have already."""
    await scope.hold(collection)
    updates = [
        UpdateOne({"_id": row, "collection": collection}, {"$addToSet": {"pins": {"$each": pin_documents(further)}}})
        for row, further in pins.items()
        if further
    ]
    for some in portions(updates):
        await scope.documents.versions.bulk_write(some, ordered=False, session=scope.session)


async def pinned(scope: Scope, collection: str, targets: Sequence[Contribution]) -> Mapping[Contribution, frozenset[int]]:
    """The labels under which each contribution is pinned."""
    wanted = frozenset(targets)
    labels: dict[Contribution, set[int]] = {}
    for some in portions(sorted({target.object_id for target in wanted})):
        pipeline: list[Mapping[str, Any]] = [
            {"$match": {"collection": collection, "pins": {"$elemMatch": {"target": {"$in": some}}}}},
            {"$unwind": "$pins"},
            {"$match": {"pins.target": {"$in": some}}},
            {"$group": {"_id": "$pins"}},
        ]
        async for found in await scope.documents.versions.aggregate(pipeline, session=scope.session):
            pin = pin_of(cast("PinDocument", found["_id"]))
            labels.setdefault(Contribution(pin.target, pin.contributor), set()).add(pin.label)
    return {target: frozenset(labels[target]) for target in wanted if target in labels}


async def repin(scope: Scope, collection: str, target: Contribution, label: int, instead_of: frozenset[int]) -> None:
    """Give every row with a pin on the contribution one under `label`, flag it if it lies under another, take the pins under `instead_of` away."""
    await scope.hold(collection)
    pinning = {"collection": collection, "pins": {"$elemMatch": _on(target)}}
    await _move_flagged(scope, collection, pinning, label)
    is_gone = {
        "$and": [
            *({"$eq": [f"$$pin.{name}", value]} for name, value in _on(target).items()),
            {"$in": ["$$pin.label", [label, *instead_of]]},
        ]
    }
    kept = {"$filter": {"input": "$pins", "as": "pin", "cond": {"$not": [is_gone]}}}
    new = [{"$literal": pin} for pin in pin_documents([Pin(*target, label)])]
    changes: list[Mapping[str, Any]] = [
        {"$set": {"pins": {"$concatArrays": [kept, new]}, "flagged": {"$or": ["$flagged", {"$ne": ["$label", label]}]}}},
        {
            "$set": {
                "lane": {
                    "$cond": [{"$and": ["$flagged", {"$in": ["$lane", [Lane.NEWEST, Lane.OLDER]]}]}, {"$add": ["$lane", COMPARED]}, "$lane"]
                }
            }
        },
    ]
    await scope.documents.versions.update_many(pinning, changes, session=scope.session)


async def referring(scope: Scope, collection: str, target: Contribution, label: int, limit: int) -> Mapping[int, str]:
    """The rows of lowest number that have a pin on the contribution under another label."""
    wanted = {"collection": collection, "pins": {"$elemMatch": {**_on(target), "label": {"$nin": [label, AWAITED]}}}}
    found = scope.documents.versions.find(wanted, {"object_id": 1}, session=scope.session).sort("_id").limit(limit)
    return {document["_id"]: document["object_id"] for document in await found.to_list()}


async def unpin(scope: Scope, collection: str, target: Contribution, label: int, rows: Sequence[int]) -> None:
    """Take from rows their pins on the contribution under other labels."""
    await scope.hold(collection)
    pull = {"$pull": {"pins": {**_on(target), "label": {"$ne": label}}}}
    for some in portions(rows):
        await scope.documents.versions.update_many({"_id": {"$in": some}, "collection": collection}, pull, session=scope.session)


def _on(target: Contribution) -> dict[str, str]:
    return {"target": target.object_id, "contributor": target.contributor}


async def _move_flagged(scope: Scope, collection: str, pinning: Mapping[str, Any], label: int) -> None:
    """Move the rows that will be flagged to the lanes of such. Whoever is not flagged has been published: it stays newest, or not."""
    moves = Moves()
    pipeline: list[Mapping[str, Any]] = [
        {"$match": {**pinning, "flagged": False, "deleted": False, "label": {"$ne": label}}},
        {"$group": {"_id": {"lane": "$lane", "label": "$label"}, "count": {"$sum": 1}, "newest": {"$max": "$date_added"}}},
    ]
    async for found in await scope.documents.versions.aggregate(pipeline, session=scope.session):
        group = cast("dict[str, Any]", found)
        place, count = Place(group["_id"]["lane"], group["_id"]["label"]), group["count"]
        moves.leave(place, count)
        moves.enter(Place(place.lane + COMPARED, place.label), group["newest"], count)
    await moves.make(scope, collection)
