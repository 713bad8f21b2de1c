"""What a database holds, piece by piece (app/store/moving.py): in the order of an index, so that each portion begins where the last one ended."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from pymongo.asynchronous.collection import AsyncCollection

from app.audit.chain import Sealed
from app.audit.deliveries import DELIVERIES
from app.errors import StoreUnavailable
from app.store.contract import Arrival, InForce
from app.store.mongo import chains, registry
from app.store.mongo.clients import poll_of, refusal_of
from app.store.mongo.delivered import batch_of
from app.store.mongo.deliveries import end_of
from app.store.mongo.documents import (
    COLLECTIONS,
    ROWS,
    ContentDocument,
    Documents,
    LabelDocument,
    SealedDocument,
    VersionDocument,
)
from app.store.mongo.duties import all_jobs, ruling_of
from app.store.mongo.registry import status_of
from app.store.mongo.versions import pin_of, stored_of
from app.store.moving import (
    PIECES_AT_ONCE,
    Gathering,
    KeptCollection,
    KeptLabel,
    KeptRecord,
    KeptVersion,
    Part,
    Piece,
    Place,
    Portion,
    Standing,
)

_HAS_COUNTED: Final = {**COLLECTIONS, "$or": [{"labels": {"$gt": 0}}, {"newest": {"$gt": 0}}]}
"""Collections, as opposed to chains that are none's."""

_CONTENT: Final = {"$lookup": {"from": "content", "localField": "_id", "foreignField": "_id", "as": "content"}}


class _Reading(NamedTuple):
    """How a part is read: by which fields it is ordered, of which an index is, and what a document becomes."""

    fields: Sequence[str]
    make: Callable[[Any], Piece]


def documents_in(documents: Documents) -> Mapping[Part, AsyncCollection[Any]]:
    """Where the pieces of each part lie, one a document."""
    return {
        Part.ALLIANCE: documents.alliances,
        Part.LABELS: documents.labels,
        Part.VERSIONS: documents.versions,
        Part.RULINGS: documents.rulings,
        Part.JOBS: documents.jobs,
        Part.STATUSES: documents.statuses,
        Part.TOKENS: documents.tokens,
        Part.RECORDS: documents.sealed,
        Part.BATCHES: documents.batches,
        Part.POLLS: documents.polls,
        Part.REFUSALS: documents.refusals,
    }


async def standing(documents: Documents) -> Standing:
    """How the database stands."""
    newest = (await end_of(documents)).head
    rows = await documents.totals.find_one({"_id": ROWS})
    collections = await documents.counters.find(_HAS_COUNTED).to_list()
    return Standing(
        rows=0 if rows is None else rows["value"],
        epoch=await registry.epoch(documents),
        collections=frozenset(KeptCollection(each["name"], each["labels"], each["newest"]) for each in collections),
        heads={**await chains.heads(documents), **({DELIVERIES: newest} if newest.number else {})},
        counts={part: await of.count_documents({}) for part, of in documents_in(documents).items()},
    )


async def portion(documents: Documents, part: Part, after: Place) -> Portion:
    """The next pieces of a part. Raises StoreUnavailable for a delivery that cannot be read, and for a version that has lost its bytes."""
    if part in _WHOLE:
        return Portion(await _WHOLE[part](documents), None)
    if part is Part.VERSIONS:
        return await _versions(documents, after)
    gathering, (fields, make) = Gathering(), _READINGS[part]
    found = documents_in(documents)[part].find(_behind(fields, after)).sort([(field, 1) for field in fields]).limit(PIECES_AT_ONCE)
    async with found:
        async for document in found:
            gathering.add(make(document), tuple(document[field] for field in fields))
            if gathering.is_full:
                break
    return gathering.portion()


def _behind(fields: Sequence[str], after: Place) -> dict[str, Any]:
    """The condition on what follows a place: equal in the first fields and greater in the next, for some number of the first."""
    together = list(zip(fields, after, strict=False))
    ways = [{**dict(together[:at]), field: {"$gt": value}} for at, (field, value) in enumerate(together)]
    return {"$or": ways} if len(ways) > 1 else ways[0] if ways else {}


async def _versions(documents: Documents, after: Place) -> Portion:
    """Versions with their bytes, which lie apart."""
    gathering = Gathering()
    stages: list[Mapping[str, Any]] = [{"$match": _behind(("_id",), after)}, {"$sort": {"_id": 1}}, {"$limit": PIECES_AT_ONCE}, _CONTENT]
    async with await documents.versions.aggregate(stages) as found:
        async for document in found:
            gathering.add(_version(document), (document["_id"],))
            if gathering.is_full:
                break
    return gathering.portion()


def _version(document: VersionDocument) -> KeptVersion:
    stored, contents = stored_of(document), cast("dict[str, list[ContentDocument]]", document)["content"]
    raw = next((content.get("raw") for content in contents), None)
    if raw is None and not stored.deleted:
        raise StoreUnavailable(f"row {stored.row} has lost its bytes; see `legation store verify`")
    return KeptVersion(document["collection"], Arrival(stored, raw or b"", frozenset(map(pin_of, document.get("pins", ())))))


async def _alliance(documents: Documents) -> Sequence[InForce]:
    kept = await registry.in_force(documents)
    return [] if kept is None else [kept]


def _label(document: LabelDocument) -> KeptLabel:
    return KeptLabel(document["collection"], document["number"], document["text"], document["organisation"], document["made"])


def _record(document: SealedDocument) -> KeptRecord:
    return KeptRecord(document["chain"], Sealed(document["number"], document["record"], document["seal"]))


_WHOLE: Final[Mapping[Part, Callable[[Documents], Awaitable[Sequence[Piece]]]]] = {
    Part.ALLIANCE: _alliance,
    Part.JOBS: all_jobs,
    Part.TOKENS: registry.tokens,
}
"""Parts that are few, and handed out whole wherever they are asked for."""

_READINGS: Final[Mapping[Part, _Reading]] = {
    Part.LABELS: _Reading(("collection", "number"), _label),
    Part.RULINGS: _Reading(("kind", "collection", "object_id", "contributor", "row"), ruling_of),
    Part.STATUSES: _Reading(("_id",), status_of),
    Part.RECORDS: _Reading(("chain", "number"), _record),
    Part.BATCHES: _Reading(("_id",), batch_of),
    Part.POLLS: _Reading(("client", "collection"), poll_of),
    Part.REFUSALS: _Reading(("minute", "client", "request", "status"), refusal_of),
}
