"""Indexes, and whose database it is. Made at start, all named: an index that exists is left as it is. docs/scaling.md gives the reason for each.

`version_by_date` and `version_by_type` answer a page alone: equal values first, then the date, by which the database merges the labels asked for in
order (at most 200 ranges at once: app/store/mongo/lanes.py), then what decides how many entries fit.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo import IndexModel
from pymongo.errors import OperationFailure

from app.errors import ConfigurationError, quoted
from app.store.mongo.documents import COPY, EPOCH, ROWS, SCHEMA, Database, documents_of

VERSION: Final = 1
"""Of the layout. Raised with each change that an older release could not read."""

NAMESPACE_EXISTS: Final = 48
"""The server's code for a collection that is there already: of several processes that start at once, one is first."""

_DATED: Final = ("lane", "label", "date_added", "_id", "size")


def _index(name: str, *fields: str) -> IndexModel:
    return IndexModel([(field, 1) for field in fields], name=name)


def _unique(name: str, *fields: str) -> IndexModel:
    return IndexModel([(field, 1) for field in fields], name=name, unique=True)


INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    "counter": (),
    "version": (
        _index("version_by_date", "collection", *_DATED),
        _index("version_by_type", "collection", "object_type", *_DATED),
        _index("version_by_id", "collection", "object_id"),
        IndexModel(
            [("collection", 1), ("pins.target", 1), ("pins.contributor", 1), ("pins.label", 1)],
            name="version_by_pin",
            partialFilterExpression={"pins": {"$exists": True}},
        ),
    ),
    "content": (),
    "lane": (_index("lane_by_newest", "collection", "newest", "lane", "label"),),
    "label": (
        _unique("label_by_number", "collection", "number"),
        _unique("label_by_text", "collection", "text"),
        _index("label_by_organisation", "collection", "organisation", "made"),
    ),
    "sealed": (_unique("sealed_by_number", "chain", "number"),),
    "batch": (_index("batch_by_rows", "stretches.collection", "stretches.size", "stretches.last", "stretches.first"),),
    "alliance": (),
    "status": (_index("status_by_time", "kept_until"),),
    "token": (_unique("token_by_id", "id"), _unique("token_by_digest", "digest")),
    "ruling": (_unique("ruling_by_thing", "kind", "collection", "object_id", "contributor", "row"),),
    "lease": (),
    "writer": (),
    "job": (_unique("job_by_target", "collection", "target", "contributor"),),
    "poll": (_unique("poll_by_client", "client", "collection"),),
    "refusal": (_unique("refusal_by_minute", "minute", "client", "request", "status"),),
}
"""The collections of the database, with their indexes beside that of `_id`."""


async def prepare(database: Database, *, create: bool) -> None:
    """Make what is missing. Raises ConfigurationError for a database of a newer release or another application, and, unless `create`, for an empty one."""
    if not await is_ours(database):
        if not create:
            raise ConfigurationError(
                [
                    f"there is no store in the database {quoted(database.name)}; make one with `legation reload DIR`, or name another with `--store`"
                ]
            )
        await _claim(database, SCHEMA)
    await _furnish(database)


async def prepare_copy(database: Database) -> None:
    """Make what is missing for a copy, in a database with nothing in it, or with a copy that is not finished. Raises ConfigurationError for any other."""
    if not await _has(database, COPY):
        if await is_ours(database):
            raise ConfigurationError([f"there is a store in the database {quoted(database.name)} already; name one with nothing in it"])
        await _claim(database, COPY)
    await _furnish(database)


async def is_ours(database: Database) -> bool:
    """Whether a store lies there. Raises ConfigurationError for that of a newer release, and for a copy that is not finished."""
    if await _has(database, COPY):
        has = f"the database {quoted(database.name)} holds a copy that is not finished"
        raise ConfigurationError([f"{has}; run the same `legation store copy FROM TO` again, or drop the database"])
    return await _has(database, SCHEMA)


async def _has(database: Database, mark: str) -> bool:
    found = await documents_of(database).totals.find_one({"_id": mark})
    if found is not None and found["value"] > VERSION:
        has = f"the database {quoted(database.name)} has schema version {found['value']}, this release knows versions up to {VERSION}"
        raise ConfigurationError([f"{has}; run the release that wrote it, or a newer one"])
    return found is not None


async def _claim(database: Database, mark: str) -> None:
    """Make a database ours that is nobody's, before anything else is written."""
    taken = set(await database.list_collection_names()) & INDEXES.keys()
    if taken and not await _has(database, mark):  # another process may have made it just now
        raise ConfigurationError(
            [f"the database {quoted(database.name)} holds another application's documents; name a database of its own for the store"]
        )
    await _begin(database, mark, VERSION)


async def _furnish(database: Database) -> None:
    existing = set(await database.list_collection_names())
    for name, indexes in INDEXES.items():
        if name not in existing:
            await _make(database, name)
        if indexes:
            await database[name].create_indexes(list(indexes))
    begun = {each["_id"] for each in await documents_of(database).totals.find({"_id": {"$in": [ROWS, EPOCH]}}).to_list()}
    for total in {ROWS, EPOCH} - begun:  # what is there may be held by a write for as long as it likes
        await _begin(database, total, 0)


async def _make(database: Database, name: str) -> None:
    try:
        await database.create_collection(name, check_exists=False)
    except OperationFailure as error:
        if error.code != NAMESPACE_EXISTS:
            raise


async def _begin(database: Database, total: str, value: int) -> None:
    await documents_of(database).totals.update_one({"_id": total}, {"$setOnInsert": {"value": value}}, upsert=True)
