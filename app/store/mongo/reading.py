"""Pages: found in four steps of one snapshot, each of which may end the search.

1. The epoch and the collection's counters: does the clearance fit, is there anything newer? 2. The lanes in which something is newer. 3. The keys: of plain
versions from the index, of those that are compared only as far as the page reaches. 4. What the entries hold, as many as the budget allows.

The counters also bound the dates: whatever is committed after they were read is dated later than their `newest`.
"""

import asyncio
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final, cast

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure

from app.store.columns import page_of
from app.store.contract import Behind, Entry, Page, Selection
from app.store.mongo.choice import choosing
from app.store.mongo.connection import Client
from app.store.mongo.documents import EPOCH, ContentDocument, Documents, TotalDocument, counter_of
from app.store.mongo.keys import BEFORE_EVERYTHING, BY_ID, FIELDS, Key, Keys, Range, scan
from app.store.mongo.labels import above_mark
from app.store.mongo.lanes import Lane
from app.taxii.query import LATEST, Versions

SNAPSHOT_GONE: Final = frozenset({43, 239, 246})
"""CursorNotFound, SnapshotTooOld, SnapshotUnavailable."""
PAUSES: Final = (0.02, 0.1)
"""Seconds before a page is read anew."""
_NAMES: Final = ("object_id", "version", "contributor")
"""Of an entry: left out where objects name themselves."""


async def read_page(client: Client, documents: Documents, selection: Selection) -> Page | Behind:
    """The page, or what the clearance lacks; read anew if the snapshot went away, as it may after an election."""
    for pause in PAUSES:
        try:
            return await _read_page(client, documents, selection)
        except OperationFailure as error:
            if error.code not in SNAPSHOT_GONE:
                raise
        await asyncio.sleep(pause)
    return await _read_page(client, documents, selection)


async def _read_page(client: Client, documents: Documents, selection: Selection) -> Page | Behind:
    async with client.start_session(snapshot=True) as session:
        reading = _Reading(documents, session, selection)
        epoch, labels, newest = await reading.counters()
        if epoch != selection.epoch or labels > selection.mark:
            return Behind(epoch, await above_mark(documents, session, selection.collection, selection.mark))
        after = BEFORE_EVERYTHING if selection.after is None else selection.after
        if selects_nothing(selection) or newest <= after:
            return Page()
        keys = Keys(selection.limit + 1, after, newest)
        await reading.find(keys)
        return await reading.entries(keys.found)


def selects_nothing(selection: Selection) -> bool:
    """Whether the selection is empty whatever is stored."""
    return not selection.numbers or selection.versions == Versions() or frozenset() in {selection.ids, selection.types}


class _Reading:
    """One page in the making."""

    def __init__(self, documents: Documents, session: AsyncClientSession, selection: Selection) -> None:
        self._documents = documents
        self._session = session
        self._selection = selection

    async def counters(self) -> tuple[int, int, int]:
        """The epoch, and of the collection the highest label and the newest date."""
        wanted = {"_id": {"$in": [EPOCH, counter_of(self._selection.collection)]}}
        epoch = labels = newest = 0
        for found in await self._documents.counters.find(wanted, session=self._session).to_list():
            if found["_id"] == EPOCH:
                epoch = cast("TotalDocument", found)["value"]
            else:
                labels, newest = found["labels"], found["newest"]
        return epoch, labels, newest

    async def find(self, keys: Keys) -> None:
        """The keys of the page, and one more."""
        plain, compared = _lanes(self._selection.versions)
        if self._selection.ids is not None:
            await self._compare(self._by_ids([*plain, *compared]), BY_ID, keys)
            return
        news = await self._news([*plain, *compared], keys)
        for lane in plain:
            await scan(self._documents, self._session, self._range(lane, news[lane]), keys)
        for lane in compared:
            for portion in self._range(lane, news[lane]).portions():
                await self._compare(portion.filter, portion.index, keys)

    async def entries(self, keys: Sequence[Key]) -> Page:
        """As many of the keys as the page may hold, with what their entries need."""
        selection = self._selection
        ends = accumulate(key.size if selection.with_raw else 0 for key in keys[: selection.limit])
        chosen = [key for place, (key, end) in enumerate(zip(keys, ends, strict=False)) if place == 0 or end <= selection.budget]
        wanted = {"_id": {"$in": [key.row for key in chosen]}, "collection": selection.collection}
        left_out = (*(() if selection.with_raw else ("raw",)), *(() if selection.with_names else _NAMES))
        found = self._documents.contents.find(wanted, dict.fromkeys(left_out, 0) or None, session=self._session).batch_size(len(chosen) + 1)
        contents = {content["_id"]: content for content in await found.to_list()} if chosen else {}
        # What a server that holds no snapshot lost meanwhile was deleted since: it is no longer shown.
        entries = [_entry(key, contents[key.row]) for key in chosen if key.row in contents]
        return page_of(entries, selection, more=len(keys) > len(chosen))

    async def _news(self, lanes: Sequence[Lane], keys: Keys) -> dict[Lane, list[int]]:
        """The visible labels under which something is newer, lane by lane."""
        selection = self._selection
        wanted = {
            "collection": selection.collection,
            "newest": {"$gt": keys.after},
            "lane": {"$in": list(lanes)},
            "label": {"$in": sorted(selection.numbers)},
        }
        labels: dict[Lane, list[int]] = {lane: [] for lane in lanes}
        cursor = self._documents.lanes.find(wanted, {"_id": 0, "lane": 1, "label": 1}, session=self._session)
        for found in await cursor.batch_size(len(lanes) * len(selection.numbers) + 1).to_list():
            labels[Lane(found["lane"])].append(found["label"])
        return labels

    async def _compare(self, conditions: dict[str, Any], index: str, keys: Keys) -> None:
        """Add what the reader is shown of the versions under these conditions."""
        versions = self._selection.versions
        if versions.exact and not (versions.last or versions.first or versions.all):
            conditions = {**conditions, "key": {"$in": sorted(versions.exact)}}
        pipeline = [
            {"$match": {**conditions, "date_added": keys.window}},
            {"$sort": {"date_added": 1}},
            *choosing(self._selection),
            {"$limit": keys.limit},
            {"$project": FIELDS},
        ]
        found = await self._documents.versions.aggregate(pipeline, session=self._session, hint=index, batchSize=keys.limit + 1)
        keys.add(await found.to_list())

    def _range(self, lane: Lane, labels: Sequence[int]) -> Range:
        types = self._selection.types
        return Range(self._selection.collection, lane, sorted(labels), None if types is None else sorted(types))

    def _by_ids(self, lanes: Sequence[Lane]) -> dict[str, Any]:
        selection = self._selection
        of_types = {} if selection.types is None else {"object_type": {"$in": sorted(selection.types)}}
        return {
            "collection": selection.collection,
            "object_id": {"$in": sorted(selection.ids or ())},
            **of_types,
            "lane": {"$in": list(lanes)},
            "label": {"$in": sorted(selection.numbers)},
        }


def _lanes(versions: Versions) -> tuple[Sequence[Lane], Sequence[Lane]]:
    """The lanes whose versions are shown as they are, and those whose versions are compared."""
    if versions == LATEST:
        return [Lane.NEWEST], [Lane.COMPARED_NEWEST]
    if versions.all:
        return [Lane.NEWEST, Lane.OLDER], [Lane.COMPARED_NEWEST, Lane.COMPARED_OLDER]
    return [], list(Lane)


def _entry(key: Key, content: ContentDocument) -> Entry:
    object_id, version, contributor = (cast("str", content.get(name, "")) for name in _NAMES)
    return Entry(key.row, object_id, version, key.date_added, content.get("raw", b""), key.label, contributor)
