"""What the database is found to disagree about: each thing that is kept twice, spoiled once, past the store."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from contract.samples import COLLECTION, Hands, amend, label, put, version

from app.store.contract import Amendment, Transaction
from app.store.mongo.documents import Database
from app.store.mongo.faults import _CHECKS
from app.store.mongo.store import MongoStore, open_mongo

Spoil = Callable[[Database], Awaitable[object]]


@pytest.fixture
async def store(url: str) -> AsyncIterator[MongoStore]:
    """A published version, one in quarantine, a tombstone; one in another collection; a label and a record."""
    store = await open_mongo(url, Hands().trusted())
    await put(store, version(), version("indicator--2", label=2, last=False, flagged=True), version("indicator--3"))
    await amend(store, Amendment(3, deleted=True, last=False))
    await put(store, version(), collection="another")

    async def work(tx: Transaction) -> None:
        await tx.intern(COLLECTION, [label(1)], "ng-cert")
        await tx.seal(COLLECTION, b"record")

    await store.transact(work)
    yield store
    await store.close()


def change(collection: str, which: dict[str, Any], changes: dict[str, Any]) -> Spoil:
    return lambda database: database[collection].update_one(which, changes)


def remove(collection: str, which: dict[str, Any]) -> Spoil:
    return lambda database: database[collection].delete_one(which)


NAMED = {"name": "another"}
SPOILS: dict[str, tuple[str, Spoil]] = {
    "content gone": ("have no content", remove("content", {"_id": 1})),
    "content of a tombstone": ("have no content", lambda database: database["content"].insert_one({"_id": 3, "raw": b""})),
    "content of another": ("have no content", change("content", {"_id": 1}, {"$set": {"object_id": "indicator--9"}})),
    "content of another length": ("have no content", change("content", {"_id": 1}, {"$set": {"raw": b"{}"}})),
    "content of nobody": ("contents belong", lambda database: database["content"].insert_one({"_id": 9, "raw": b""})),
    "version gone": ("contents belong", remove("version", {"_id": 1})),
    "wrong lane": ("do not stand", change("version", {"_id": 1}, {"$set": {"lane": 2}})),
    "flag without its lane": ("do not stand", change("version", {"_id": 1}, {"$set": {"flagged": True}})),
    "tombstone in a lane": ("do not stand", change("version", {"_id": 3}, {"$set": {"lane": 1}})),
    "lane too old": ("lanes tell", change("lane", {"collection": "another"}, {"$inc": {"newest": -1}})),
    "lane miscounted": ("lanes tell", change("lane", {"collection": "another"}, {"$inc": {"held": 1}})),
    "lane gone": ("lanes tell", remove("lane", {"collection": "another"})),
    "date twice": (
        "given twice",
        lambda database: database["version"].update_many({"collection": COLLECTION}, {"$set": {"date_added": 7}}),
    ),
    "miscounted": ("count other", change("counter", NAMED, {"$inc": {"held": 1}})),
    "date to be given again": ("number of a label or of a record", change("counter", NAMED, {"$inc": {"newest": -1}})),
    "label to be given again": ("number of a label or of a record", change("counter", {"name": COLLECTION}, {"$inc": {"labels": -1}})),
    "record to be given again": ("number of a label or of a record", remove("sealed", {"chain": COLLECTION})),
    "counters gone": ("number of a label or of a record", remove("counter", NAMED)),
    "row to be given again": ("have rows", change("counter", {"_id": "rows"}, {"$inc": {"value": -1}})),
}


async def test_a_sound_database_has_no_faults(store: MongoStore) -> None:
    assert await store.faults() == []


def test_each_check_has_its_fault() -> None:
    assert all(any(words in text for words, _ in SPOILS.values()) for text in _CHECKS)


@pytest.mark.parametrize("spoiled", SPOILS)
async def test_what_disagrees_is_found(store: MongoStore, database: Database, spoiled: str) -> None:
    words, spoil = SPOILS[spoiled]
    await spoil(database)
    assert [fault for fault in await store.faults() if words in fault]
