"""What the file is found to have wrong: each thing that is kept twice, spoiled once, by another connection."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from contract.samples import COLLECTION, Hands, put, version

from app.errors import StoreUnavailable
from app.store.contract import Amendment, Arrival
from app.store.pins import Pin
from app.store.sqlite import SqliteStore, open_sqlite
from app.store.sqlite.faults import _CHECKS
from app.store.sqlite.schema import STORE_PAGE_OCTETS


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """A published version with a pin, one in quarantine, a tombstone; and one in another collection."""
    store = await open_sqlite(path, Hands().trusted())
    (first, *_) = await put(store, version(), version("indicator--2", label=2, last=False, flagged=True), version("indicator--3"))
    pinned = Arrival(version("relationship--1", date_added=first.date_added - 5), b"{}", frozenset({Pin("indicator--1", "ng-cert", 1)}))
    await store.transact(lambda tx: tx.put(COLLECTION, [pinned]))
    await store.transact(lambda tx: tx.amend(COLLECTION, [Amendment(3, deleted=True, last=False)]))
    await put(store, version(), collection="another")
    yield store
    await store.close()


SPOILS = {
    "standing": "DELETE FROM standing WHERE row = 3",
    "bytes": "UPDATE version SET raw = NULL WHERE row = 1",
    "entries": "UPDATE page SET label = 2 WHERE row = 1",
    "are missing from": "DELETE FROM page WHERE row = 1",
    "lanes": "UPDATE lane SET newest = newest - 1",
    "share their date_added": """UPDATE standing SET date_added = (SELECT date_added FROM standing WHERE row = 1) WHERE row = 2;
        UPDATE page SET date_added = (SELECT date_added FROM standing WHERE row = 1) WHERE row = 2""",
    "count other": "UPDATE collection SET held = held + 1",
    "may give": "UPDATE collection SET newest = newest - 1 WHERE key = 'another'",
    "numbers that": "UPDATE counter SET rows = rows - 1",
    "pins": "UPDATE pin SET row = 99",
    "found by their ids": "UPDATE id_recent SET key = key + 1 WHERE row = 1",
    "index of ids": "INSERT INTO id_settled SELECT key, row FROM id_recent LIMIT 1",
    "known to be alone": "UPDATE standing SET crowded = 1 WHERE row = 1",
    "entries about versions": "INSERT INTO crowd SELECT collection, object_id, contributor, key, row FROM version WHERE row = 1",
}


def spoil(path: Path, statements: str) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(statements)


async def test_a_sound_file_has_no_faults(store: SqliteStore) -> None:
    assert await store.faults() == []


def test_each_check_has_its_fault() -> None:
    assert len(SPOILS) == len(_CHECKS)
    assert all(words in text for words, text in zip(SPOILS, _CHECKS, strict=True))


@pytest.mark.parametrize("words", SPOILS)
async def test_what_disagrees_is_found(store: SqliteStore, path: Path, words: str) -> None:
    spoil(path, SPOILS[words])
    assert [fault for fault in await store.faults() if words in fault]


@pytest.mark.parametrize("wrong", ["date_added = date_added + 1", "flagged = 1 - flagged", "label = 9", "last = 1 - last", "deleted = 1"])
async def test_a_row_that_stands_elsewhere_than_its_entries_is_found(store: SqliteStore, path: Path, wrong: str) -> None:
    spoil(path, f"UPDATE standing SET {wrong} WHERE row = 1")  # noqa: S608 - made of constants
    assert "2 entries of the page index are not what their rows say" in await store.faults()


async def test_damage_to_the_file_is_found(path: Path) -> None:
    store = await open_sqlite(path, Hands().trusted())
    await put(store, *(version(f"indicator--{number}") for number in range(300)))
    await store.close()
    with closing(apsw.Connection(str(path))) as connection:
        index = {page for (page,) in connection.execute("SELECT pageno FROM dbstat WHERE name = 'label_by_organisation'")}
    whole = path.read_bytes()  # noqa: ASYNC240 - a test
    at = (min(index) - 1) * STORE_PAGE_OCTETS
    path.write_bytes(whole[:at] + b"\xff" * STORE_PAGE_OCTETS + whole[at + STORE_PAGE_OCTETS :])  # noqa: ASYNC240 - as above
    broken = await open_sqlite(path, Hands().trusted())
    assert [fault for fault in await broken.faults() if fault.startswith("the file is damaged")]
    await broken.close()


async def test_a_file_that_cannot_be_read_on_is_no_file_without_faults(store: SqliteStore) -> None:
    store._long_reader.close()
    with pytest.raises(StoreUnavailable):
        await store.faults()
