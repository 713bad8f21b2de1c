"""What the database holds twice and disagrees about. Damage to what it wrote is its own to find (`validate`).

A page is found by lanes, sizes and counters, never by looking at all versions: a version that stands in the wrong lane, or in none, is served to the wrong
readers or to nobody. What the versions themselves should say is not known here (app/sharing/verify.py).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection

from app.stix.handling import State
from app.store.mongo.connection import Client
from app.store.mongo.documents import COLLECTIONS, ROWS, Documents
from app.store.mongo.lanes import COMPARED, Lane

Stages = list[Mapping[str, Any]]

_LIVE: Final = {"deleted": False}
_IS_NEWEST: Final = {"$or": ["$last", {"$and": ["$flagged", {"$ne": ["$state", State.PUBLISHED.value]}]}]}
_LANE: Final = {"$add": [{"$cond": [_IS_NEWEST, Lane.NEWEST, Lane.OLDER]}, {"$cond": ["$flagged", COMPARED, 0]}]}
_RIGHT_LANE: Final = {"$cond": ["$deleted", None, _LANE]}
_CONTENT: Final = {"$lookup": {"from": "content", "localField": "_id", "foreignField": "_id", "as": "content"}}
_ENTRY: Final = {"$first": "$content"}
_IS_WHOLE: Final = {
    "$let": {
        "vars": {"content": _ENTRY},
        "in": {
            "$and": [
                {"$eq": ["$$content.collection", "$collection"]},
                {"$eq": ["$$content.object_id", "$object_id"]},
                {"$eq": ["$$content.version", "$version"]},
                {"$eq": ["$$content.contributor", "$contributor"]},
                {"$eq": [{"$binarySize": {"$ifNull": ["$$content.raw", ""]}}, "$size"]},
            ]
        },
    }
}


async def faults(client: Client, documents: Documents) -> Sequence[str]:
    """What is wrong, in words; each thing as of one moment."""
    found: list[str] = []
    for text, check in _CHECKS.items():
        async with client.start_session(snapshot=True) as session:
            count = await check(documents, session)
        if count:
            found.append(text.format(count))
    return found


async def _without_content(documents: Documents, session: AsyncClientSession) -> int:
    wrong = {"$ne": [{"$size": "$content"}, {"$cond": ["$deleted", 0, 1]}]}
    broken = {"$and": [{"$eq": ["$deleted", False]}, {"$not": [_IS_WHOLE]}]}
    return await _count(documents.versions, [_CONTENT, {"$match": {"$expr": {"$or": [wrong, broken]}}}], session)


async def _without_version(documents: Documents, session: AsyncClientSession) -> int:
    versions = {"$lookup": {"from": "version", "localField": "_id", "foreignField": "_id", "as": "versions"}}
    return await _count(documents.contents, [{"$project": {"raw": 0}}, versions, {"$match": {"versions": []}}], session)


async def _in_wrong_lane(documents: Documents, session: AsyncClientSession) -> int:
    return await _count(documents.versions, [{"$match": {"$expr": {"$ne": ["$lane", _RIGHT_LANE]}}}], session)


async def _lanes(documents: Documents, session: AsyncClientSession) -> int:
    by = {"collection": "$collection", "lane": "$lane", "label": "$label"}
    group = {"$group": {"_id": by, "held": {"$sum": 1}, "newest": {"$max": "$date_added"}}}
    standing = {
        f"{each['_id']['collection']}/{each['_id']['lane']}/{each['_id']['label']}": (each["held"], each["newest"])
        for each in await _rows(documents.versions, [{"$match": _LIVE}, group], session)
    }
    told = {lane["_id"]: (lane["held"], lane["newest"]) for lane in await documents.lanes.find({}, session=session).to_list()}
    return sum(
        told.get(name, (0, 0))[0] != standing.get(name, (0, 0))[0] or told.get(name, (0, 0))[1] < standing.get(name, (0, 0))[1]
        for name in told.keys() | standing.keys()
    )


async def _twice(documents: Documents, session: AsyncClientSession) -> int:
    group = {"$group": {"_id": {"collection": "$collection", "date_added": "$date_added"}, "count": {"$sum": 1}}}
    return await _count(documents.versions, [{"$match": _LIVE}, group, {"$match": {"count": {"$gt": 1}}}], session)


async def _counts(documents: Documents, session: AsyncClientSession) -> int:
    live = {"$group": {"_id": "$collection", "held": {"$sum": {"$cond": ["$deleted", 0, 1]}}}}
    held = {each["_id"]: each["held"] for each in await _rows(documents.versions, [live], session)}
    told = {each["name"]: each["held"] for each in await documents.counters.find(COLLECTIONS, session=session).to_list()}
    return sum(told.get(name, 0) != held.get(name, 0) for name in told.keys() | held.keys())


async def _given_again(documents: Documents, session: AsyncClientSession) -> int:
    newest = await _highest(documents.versions, "collection", "date_added", session)
    labels = await _highest(documents.labels, "collection", "number", session)
    sealed = await _highest(documents.sealed, "chain", "number", session)
    told = {each["name"]: each for each in await documents.counters.find(COLLECTIONS, session=session).to_list()}
    return sum(
        name not in told
        or told[name]["newest"] < newest.get(name, 0)
        or told[name]["labels"] != labels.get(name, 0)
        or told[name]["number"] != sealed.get(name, 0)
        for name in told.keys() | newest.keys() | labels.keys() | sealed.keys()
    )


async def _rows_given_again(documents: Documents, session: AsyncClientSession) -> int:
    total = await documents.totals.find_one({"_id": ROWS}, session=session)
    return await _count(documents.versions, [{"$match": {"_id": {"$gt": 0 if total is None else total["value"]}}}], session)


_CHECKS: Final[Mapping[str, Callable[[Documents, AsyncClientSession], Awaitable[int]]]] = {
    "{} versions have no content, or another's, or are deleted and have some": _without_content,
    "{} contents belong to versions that are not there": _without_version,
    "{} versions do not stand in the lane where they belong": _in_wrong_lane,
    "{} lanes tell other than what stands in them": _lanes,
    "{} times a date_added was given twice in a collection": _twice,
    "{} collections count other than they hold": _counts,
    "{} collections may give a date_added, the number of a label or of a record twice": _given_again,
    "{} versions have rows that will be given again": _rows_given_again,
}
"""What is told of a number that is not zero → how it is found."""


async def _rows(collection: AsyncCollection[Any], stages: Stages, session: AsyncClientSession) -> list[dict[str, Any]]:
    return await (await collection.aggregate(stages, session=session, allowDiskUse=True)).to_list()


async def _count(collection: AsyncCollection[Any], stages: Stages, session: AsyncClientSession) -> int:
    found = await _rows(collection, [*stages, {"$count": "count"}], session)
    return int(found[0]["count"]) if found else 0


async def _highest(collection: AsyncCollection[Any], by: str, field: str, session: AsyncClientSession) -> dict[str, int]:
    group = {"$group": {"_id": f"${by}", "highest": {"$max": f"${field}"}}}
    return {each["_id"]: each["highest"] for each in await _rows(collection, [group], session)}
