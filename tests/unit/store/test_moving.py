"""What only one engine knows of moving: files that are held, older ones, two copies into one database, what cannot be read as it was written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import apsw
import pytest
from contract.moving import copied, everything, fill
from contract.samples import Hands, put, version

from app.audit.deliveries import Delivered, Delivery
from app.bootstrap import open_destination, open_source, open_store
from app.errors import ConfigurationError, StoreUnavailable
from app.store import moving
from app.store.contract import Arrival, InForce
from app.store.mongo.documents import COPY, Database
from app.store.mongo.schema import VERSION
from app.store.mongo.store import open_mongo
from app.store.moving import Gathering, KeptVersion, Mark, Part, Source
from app.store.records import Batch, Poll
from app.store.sqlite import open_sqlite
from app.store.sqlite.connection import make_private, open_writer
from app.store.sqlite.schema import STORE

ONE = Poll("ng-cert/misp", "a", 1)


@asynccontextmanager
async def source_of(url: str) -> AsyncIterator[Source]:
    source = await open_source(url)
    try:
        yield source
    finally:
        await source.close()


@pytest.fixture
async def kept(path: Path) -> str:
    """A file with something of everything."""
    store = await open_sqlite(path, Hands().trusted())
    await fill(store)
    await store.close()
    return f"sqlite:///{path}"


@pytest.fixture
async def laid(url: str) -> str:
    """A database with the same."""
    store = await open_mongo(url, Hands().trusted())
    await fill(store)
    await store.close()
    return url


# ---- portions


def test_a_portion_ends_at_its_octets_or_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "PIECES_AT_ONCE", 3)
    monkeypatch.setattr(moving, "OCTETS_AT_ONCE", 100)
    large = KeptVersion("a", Arrival(version(), bytes(100)))
    for pieces, fills in (([ONE] * 2, False), ([ONE] * 3, True), ([large], True), ([InForce(1, "aa", bytes(99))], False)):
        gathering = Gathering()
        for place, piece in enumerate(pieces):
            assert not gathering.is_full
            gathering.add(piece, (place,))
        assert gathering.portion().after == ((len(pieces) - 1,) if fills else None)


def test_deliveries_count_by_their_rows() -> None:
    """Their numbers are what takes memory."""
    delivery = Delivery("ng-cert/misp", "a", 1, 1, tuple(range(1000)))
    assert moving.octets_of(Batch(1, b"", 1, (Delivered(1, delivery),))) >= 8 * 1000


@pytest.mark.parametrize("mark", [Mark("a `place`", "ff", Part.POLLS, ("é", 7)), Mark("b", "00", None)])
def test_marks_are_read_as_they_were_written(mark: Mark) -> None:
    assert Mark.from_text(mark.to_text()) == mark


# ---- files


async def test_nobody_else_opens_a_source(kept: str, path: Path) -> None:
    async with source_of(kept):
        with pytest.raises(StoreUnavailable, match="another process holds it"):
            await open_sqlite(path, Hands().trusted(), timedelta(milliseconds=1))
    await (await open_sqlite(path, Hands().trusted())).close()


async def test_a_file_of_an_older_release_is_brought_up_to_date(path: Path) -> None:
    """As whenever it is opened; before records were kept there are none to copy."""
    make_private(path)
    open_writer(path, timedelta(0), replace(STORE, migrations=STORE.migrations[:3])).close()
    target = path.with_name("target.db")
    await copied(f"sqlite:///{path}", f"sqlite:///{target}", Hands())
    store = await open_sqlite(target, Hands().trusted())
    assert [stored.row for stored in await put(store, version())] == [1]
    await store.close()


async def test_a_finished_file_is_like_one_that_was_never_a_copy(kept: str, path: Path) -> None:
    target = path.with_name("target.db")
    await copied(kept, f"sqlite:///{target}", Hands())
    shapes = []
    for each in (path, target):
        with closing(apsw.Connection(str(each))) as connection:
            heading = [connection.execute(f"PRAGMA {name}").get for name in ("application_id", "user_version", "page_size")]
            shapes.append((heading, sorted(connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"))))
    assert shapes[0] == shapes[1]


async def test_bytes_that_a_file_lost_are_not_passed_over(kept: str, path: Path) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("UPDATE version SET raw = NULL WHERE row = 2")
    async with source_of(kept) as source:
        with pytest.raises(StoreUnavailable, match="row 2 has lost its bytes; see `legation store verify`"):
            await source.portion(Part.VERSIONS, ())


async def test_a_delivery_that_cannot_be_read_is_not_passed_over(kept: str, path: Path) -> None:
    with closing(apsw.Connection(f"{path}-deliveries")) as connection:
        connection.execute("UPDATE delivered SET steps = x'09' WHERE number = 3")
    async with source_of(kept) as source:
        with pytest.raises(StoreUnavailable, match="delivery 3 is not as it was put on record"):
            await source.portion(Part.BATCHES, ())


# ---- databases


async def test_bytes_that_a_database_lost_are_not_passed_over(laid: str, database: Database) -> None:
    await database["content"].delete_one({"_id": 2})
    async with source_of(laid) as source:
        with pytest.raises(StoreUnavailable, match="row 2 has lost its bytes; see `legation store verify`"):
            await source.portion(Part.VERSIONS, ())


async def test_two_copies_into_one_database_do_not_mix(kept: str, url: str) -> None:
    """Of two that are at the same place one is refused, before it has kept anything."""
    first, second = await open_destination(url), await open_destination(url)
    async with source_of(kept) as source:
        standing = await source.standing()
    start = Mark("the source", standing.fingerprint, Part.POLLS)
    assert (await first.mark(), await second.mark()) == (None, None)
    await first.begin(start, standing)
    for deed in (second.begin(start, standing), second.keep(Part.POLLS, [ONE], start), second.finish(b"{}")):
        with pytest.raises(StoreUnavailable, match="another copy is being made into the same database"):
            await deed
    assert await second.mark() == start
    await first.keep(Part.POLLS, [ONE], replace(start, part=None))
    with pytest.raises(StoreUnavailable, match="another copy is being made"):
        await second.keep(Part.POLLS, [ONE._replace(client="ke-cert/misp")], start)
    assert (await first.standing()).counts[Part.POLLS] == 1
    await first.close()
    await second.close()


async def test_other_documents_are_left_alone(kept: str, url: str, database: Database) -> None:
    await database["token"].insert_one({"of": "somebody else"})
    with pytest.raises(ConfigurationError, match="holds another application's documents"):
        await copied(kept, url, Hands())
    assert await database.list_collection_names() == ["token"]


async def test_a_copy_that_a_newer_release_began_is_left_to_it(kept: str, url: str, database: Database) -> None:
    await database["counter"].insert_one({"_id": COPY, "value": VERSION + 1})
    for opening in (copied(kept, url, Hands()), open_store(url)):
        with pytest.raises(ConfigurationError, match=f"has schema version {VERSION + 1}"):
            await opening


async def test_a_finished_database_has_no_mark(kept: str, url: str, database: Database) -> None:
    await copied(kept, url, Hands())
    assert await database["counter"].find_one({"_id": COPY}) is None
    store = await open_mongo(url, Hands().trusted())
    there = await open_store(kept)
    assert (await everything(store))["within"] == (await everything(there))["within"]
    await there.close()
    await store.close()
