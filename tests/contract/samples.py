"""What the contract suite is made of: a clock that is set by hand, versions with boring values, short ways to write and read."""

import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from app.stix.handling import HandlingLabel, State, Tlp
from app.store.contract import Amendment, Arrival, Entry, Page, Selection, Store, StoredVersion, Transaction
from app.store.dates import TrustedClock
from app.store.sqlite.ids import HASH_OCTETS
from app.taxii.query import LATEST

T = TypeVar("T")

COLLECTION = "0b1c7a3e-5d2f-4e8a-9c6b-1f2e3d4c5b6a"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HIGHEST_MARK = 1 << 40


def few_keys(collection: int, object_id: str) -> int:
    """In place of `app.store.sqlite.ids.key_of`: most ids share their key with others."""
    return (collection << 8 * HASH_OCTETS) + zlib.crc32(object_id.encode()) % 3


class Hands:
    """A wall clock and a monotonic one that move together, and only when told."""

    def __init__(self) -> None:
        self.now = START
        self.elapsed = 0.0

    def advance(self, by: timedelta) -> None:
        """Let time go by."""
        self.now += by
        self.elapsed += by.total_seconds()

    def trusted(self) -> TrustedClock:
        """The clock that a store reads."""
        return TrustedClock(lambda: self.now, lambda: self.elapsed)


@dataclass
class House:
    """One kind of store, and how to open another instance over the same content (for a store that is not shared: an empty one)."""

    open_store: Callable[[TrustedClock], Awaitable[Store]]
    hands: Hands
    opened: list[Store]

    async def open(self) -> Store:
        """Another instance; all are closed after the test."""
        store = await self.open_store(self.hands.trusted())
        self.opened.append(store)
        return store


BLANK = StoredVersion(
    row=0,
    object_id="indicator--1",
    object_type="indicator",
    contributor="ng-cert",
    rank=1,
    version="2026-01-01T00:00:00Z",
    key="2026-01-01T00:00:00",
    date_added=0,
    own=1,
    label=1,
    state=State.PUBLISHED,
    digest=b"\0" * 32,
    last=True,
)


def version(object_id: str = BLANK.object_id, key: str = BLANK.key, **changes: object) -> StoredVersion:
    """A version of an indicator of ng-cert under label 1, the only one under its id unless said otherwise."""
    return BLANK._replace(object_id=object_id, key=key, version=f"{key}Z", **changes)  # type: ignore[arg-type] # the fields of StoredVersion


def label(number: int) -> HandlingLabel:
    """One of many labels that differ."""
    return HandlingLabel(Tlp.GREEN, f"org-{number}", f"org-{number}/desk")


async def put(store: Store, *versions: StoredVersion, collection: str = COLLECTION) -> list[StoredVersion]:
    """Store versions in one transaction: dated in this order, their bytes naming them. Returns them as they are stored."""

    async def work(tx: Transaction) -> list[StoredVersion]:
        return await put_in(tx, *versions, collection=collection)

    return await store.transact(work)


async def put_in(tx: Transaction, *versions: StoredVersion, collection: str = COLLECTION) -> list[StoredVersion]:
    """The same within a transaction."""
    dates = await tx.dates(collection, [len(versions)])
    dated = [each._replace(date_added=each.date_added or date) for each, date in zip(versions, dates, strict=True)]
    rows = await tx.put(collection, [Arrival(each, bytes_of(each)) for each in dated])
    return [each._replace(row=row) for each, row in zip(dated, rows, strict=True)]


def bytes_of(stored: StoredVersion) -> bytes:
    return f'{{"id": "{stored.object_id}", "by": "{stored.contributor}", "modified": "{stored.version}"}}'.encode()


async def amend(store: Store, *amendments: Amendment) -> None:
    await store.transact(lambda tx: tx.amend(COLLECTION, amendments))


def select(*numbers: int, **changes: object) -> Selection:
    """What a reader without an organisation asks who may see the labels `numbers`: the last versions, all in one page."""
    asked = Selection(COLLECTION, "", epoch=0, mark=HIGHEST_MARK, numbers=frozenset(numbers), versions=LATEST, limit=1000)
    return asked._replace(**changes)  # type: ignore[arg-type] # the fields of Selection


async def page(store: Store, selection: Selection) -> Page:
    found = await store.page(selection)
    assert isinstance(found, Page)
    return found


async def rows(store: Store, selection: Selection) -> list[int]:
    """The rows of the page, which holds all."""
    found = await page(store, selection)
    assert not found.more
    return [entry.row for entry in found.entries]


async def walk(store: Store, selection: Selection) -> list[Entry]:
    """All pages one after the other, as a client walks them."""
    entries: list[Entry] = []
    while True:
        found = await page(store, selection)
        entries += found.entries
        if not found.more:
            return entries
        assert found.entries, "a page without entries never says that more follow"
        assert selection.after is None or selection.after < found.entries[0].date_added
        selection = selection._replace(after=found.entries[-1].date_added)


def numbers_of(versions: Sequence[StoredVersion]) -> list[int]:
    return [each.row for each in versions]
