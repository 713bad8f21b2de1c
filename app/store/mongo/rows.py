"""Versions as writes read and change them. Within a transaction."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

from pymongo import UpdateOne

from app.store.contract import Amendment, Arrival, StoredVersion
from app.store.mongo.documents import ROWS, VersionDocument
from app.store.mongo.keys import BEFORE_EVERYTHING, BY_ID, Keys, Range, scan
from app.store.mongo.lanes import Lane, Moves, Place, lane_of
from app.store.mongo.scope import Scope
from app.store.mongo.totals import raised
from app.store.mongo.versions import content_document, standing, stored_of, version_document

T = TypeVar("T")
AT_ONCE: Final = 1_000
"""What one visit to the database asks for or brings: few enough to be answered soon, and for others to have their turn in this process."""


async def history(scope: Scope, collection: str, ids: Sequence[str]) -> Mapping[str, Sequence[StoredVersion]]:
    """All rows under each id, ascending; ids without rows are absent."""
    await scope.hold(collection)
    found: dict[str, list[StoredVersion]] = {}
    for some in portions(list(dict.fromkeys(ids))):
        wanted = {"collection": collection, "object_id": {"$in": some}}
        async for document in scope.documents.versions.find(wanted, {"pins": 0}, session=scope.session):
            found.setdefault(document["object_id"], []).append(stored_of(document))
    return {object_id: sorted(rows, key=lambda row: row.row) for object_id, rows in found.items()}


async def ids(scope: Scope, collection: str, after: str, limit: int) -> Sequence[str]:
    """The first object ids above `after`, ascending: read off the index, until there are enough."""
    found: dict[str, None] = {}
    wanted = {"collection": collection, "object_id": {"$gt": after}}
    cursor = scope.documents.versions.find(wanted, {"_id": 0, "object_id": 1}, session=scope.session, hint=BY_ID)
    async with cursor.sort("object_id").batch_size(limit + 1) as rows:
        async for row in rows:
            found[row["object_id"]] = None
            if len(found) > limit:
                break
    return list(found)[:limit]


async def raw(scope: Scope, collection: str, rows: Sequence[int]) -> Mapping[int, bytes]:
    """The bytes of rows that are not deleted."""
    found: dict[int, bytes] = {}
    for some in portions(rows):
        wanted = {"_id": {"$in": some}, "collection": collection}
        async for content in scope.documents.contents.find(wanted, {"raw": 1}, session=scope.session):
            found[content["_id"]] = content.get("raw", b"")
    return found


async def under(scope: Scope, collection: str, labels: Sequence[int], limit: int, after: int) -> Sequence[StoredVersion]:
    """The first rows later than `after` under these labels."""
    keys = Keys(limit, max(after, BEFORE_EVERYTHING))
    for lane in Lane:
        await scan(scope.documents, scope.session, Range(collection, lane, sorted(frozenset(labels))), keys)
    found = await _current(scope, collection, [key.row for key in keys.found])
    return [stored_of(found[key.row]) for key in keys.found]


async def put(scope: Scope, collection: str, arrivals: Sequence[Arrival]) -> Sequence[int]:
    """Store new rows; their numbers, in the order given."""
    await scope.hold(collection)
    if not arrivals:
        return []
    rows = await _next_rows(scope, len(arrivals))
    numbered = list(zip(rows, arrivals, strict=True))
    await keep(scope, collection, numbered)
    for row, arrival in numbered:
        scope.stamps.put(collection, row, arrival.stored.date_added)
    return rows


async def keep(scope: Scope, collection: str, numbered: Sequence[tuple[int, Arrival]]) -> None:
    """Store rows, at least one, under numbers that are theirs alone."""
    counters = await scope.hold(collection)
    for some in portions(numbered):
        await scope.documents.versions.insert_many([version_document(row, collection, each) for row, each in some], session=scope.session)
    kept = [(row, each) for row, each in numbered if not each.stored.deleted]
    for some in portions(kept):
        await scope.documents.contents.insert_many([content_document(row, collection, each) for row, each in some], session=scope.session)
    moves = Moves()
    for _, arrival in numbered:
        _enter(moves, arrival.stored)
    await moves.make(scope, collection)
    counters.held += len(kept)
    counters.newest = max(counters.newest, *(each.stored.date_added for _, each in numbered))


async def amend(scope: Scope, collection: str, amendments: Sequence[Amendment]) -> None:
    """Change stored rows. Raises KeyError for a row that the collection does not have."""
    counters = await scope.hold(collection)
    current = await _current(scope, collection, [amendment.row for amendment in amendments])
    before = [stored_of(current[amendment.row]) for amendment in amendments]
    after = [amendment.on(row) for row, amendment in zip(before, amendments, strict=True)]
    changed = [(was, now) for was, now in zip(before, after, strict=True) if was != now]
    if not changed:
        return
    for part in portions(changed):
        updates = [UpdateOne({"_id": now.row, "collection": collection}, {"$set": standing(now)}) for _, now in part]
        await scope.documents.versions.bulk_write(updates, ordered=False, session=scope.session)
    dropped = [now.row for was, now in changed if now.deleted and not was.deleted]
    for some in portions(dropped):
        await scope.documents.contents.delete_many({"_id": {"$in": some}, "collection": collection}, session=scope.session)
    moves = Moves()
    for was, now in changed:
        _leave(moves, was)
        _enter(moves, now)
        if was.date_added != now.date_added:
            scope.stamps.put(collection, now.row, now.date_added)
    await moves.make(scope, collection)
    counters.held -= len(dropped)
    counters.newest = max(counters.newest, *(now.date_added for _, now in changed))


async def dates_of(scope: Scope, collection: str, rows: Sequence[int]) -> Mapping[int, int]:
    """The date_added of rows."""
    return {row: document["date_added"] for row, document in (await _current(scope, collection, rows)).items()}


def portions(values: Sequence[T]) -> Iterator[list[T]]:
    """The values, some at a time."""
    return (list(values[at : at + AT_ONCE]) for at in range(0, len(values), AT_ONCE))


def _enter(moves: Moves, row: StoredVersion) -> None:
    lane = lane_of(row)
    if lane is not None:
        moves.enter(Place(lane, row.label), row.date_added)


def _leave(moves: Moves, row: StoredVersion) -> None:
    lane = lane_of(row)
    if lane is not None:
        moves.leave(Place(lane, row.label))


async def _next_rows(scope: Scope, count: int) -> range:
    """Numbers that nobody else is given. Outside of the transaction, so that writers of other collections do not wait; what fails leaves a gap."""
    last = await raised(scope.documents, ROWS, count)
    return range(last - count + 1, last + 1)


async def _current(scope: Scope, collection: str, rows: Sequence[int]) -> dict[int, VersionDocument]:
    found: dict[int, VersionDocument] = {}
    for some in portions(rows):
        wanted = {"_id": {"$in": some}, "collection": collection}
        async for document in scope.documents.versions.find(wanted, {"pins": 0}, session=scope.session):
            found[document["_id"]] = document
    return found
