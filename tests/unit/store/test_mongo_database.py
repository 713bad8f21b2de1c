"""The database: what is made in it, whose it is, what is refused, and whose clock counts."""

import asyncio
import gc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from contract.samples import COLLECTION, Hands, put, select, version
from mongo.serving import NAMED, SERVER, address_of, started

from app.audit.deliveries import Delivery
from app.clock import to_micros
from app.errors import ConfigurationError, StoreUnavailable
from app.store.contract import Page
from app.store.dates import MARGIN_MICROS
from app.store.mongo import writer
from app.store.mongo.documents import Database
from app.store.mongo.schema import INDEXES, VERSION
from app.store.mongo.store import has_mongo, open_mongo

pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
"""The driver forgets sockets that were still connecting when it was closed; they are let go here, before other tests hear of them."""

ONE = Delivery("ng-cert/misp", COLLECTION, 1, 1, (1,))
NOWHERE = "mongodb://legation:s3cr3t@127.0.0.1:9/x?timeoutMS=200"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    gc.collect()


async def test_indexes_are_made_at_start_by_their_names(url: str, database: Database) -> None:
    await (await open_mongo(url)).close()
    made = {name: set(await database[name].index_information()) - {"_id_"} for name in await database.list_collection_names()}
    assert made == {name: {index.document["name"] for index in indexes} for name, indexes in INDEXES.items()}
    unique = {name for name, index in (await database["label"].index_information()).items() if index.get("unique")}
    assert unique == {"label_by_number", "label_by_text"}


async def test_opening_again_changes_nothing(url: str) -> None:
    first = await open_mongo(url, Hands().trusted())
    (stored,) = await put(first, version())
    again = await open_mongo(url, Hands().trusted(), create=False)
    found = await again.page(select(1))
    assert isinstance(found, Page)
    assert [entry.row for entry in found.entries] == [stored.row]
    await first.close()
    await again.close()


async def test_processes_that_start_at_once_make_one_store(url: str) -> None:
    stores = await asyncio.gather(*(open_mongo(url, Hands().trusted()) for _ in range(4)))
    rows = [stored.row for store in stores for stored in await put(store, version(f"indicator--{id(store)}"))]
    assert rows == [1, 2, 3, 4]
    for store in stores:
        await store.close()


async def test_no_store_is_made_where_one_is_expected(url: str, database: Database) -> None:
    assert not await has_mongo(url)
    with pytest.raises(ConfigurationError, match="there is no store in the database"):
        await open_mongo(url, create=False)
    assert await database.list_collection_names() == []
    await (await open_mongo(url)).close()
    assert await has_mongo(url)


async def test_a_database_of_another_application_is_left_alone(url: str, database: Database) -> None:
    await database["token"].insert_one({"theirs": True})
    with pytest.raises(ConfigurationError, match="holds another application's documents"):
        await open_mongo(url)
    assert await database.list_collection_names() == ["token"]


async def test_a_database_of_a_newer_release_is_refused(url: str, database: Database) -> None:
    await (await open_mongo(url)).close()
    await database["counter"].update_one({"_id": "schema"}, {"$inc": {"value": 1}})
    with pytest.raises(ConfigurationError, match=rf"has schema version {VERSION + 1}, this release knows versions up to {VERSION}"):
        await open_mongo(url)


async def test_a_start_that_was_interrupted_is_ended_by_the_next(url: str, database: Database) -> None:
    await database["counter"].insert_one({"_id": "schema", "value": VERSION})
    store = await open_mongo(url, Hands().trusted())
    assert len(await put(store, version())) == 1
    await store.close()


async def test_no_answer_is_told_without_secrets(anyio_backend: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"no database answers at `mongodb://127\.0\.0\.1:9/x` \(no primary was found in time\)"):
        await open_mongo(NOWHERE)


async def test_a_wrong_password_is_told_as_such(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"refuses the server .*; look at the user and password") as refused:
        await open_mongo(url.replace("mongodb://", "mongodb://nobody:s3cr3t@") + "?authSource=admin")
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.skipif(not SERVER.exists(), reason=f"no MongoDB server of our own; {NAMED} names another's")
async def test_a_single_server_is_refused(anyio_backend: str) -> None:
    """Transactions need a replica set."""
    with TemporaryDirectory() as folder, started(Path(folder), "--standalone") as server:
        address = address_of(server)
        with pytest.raises(ConfigurationError, match="is a single server; a store needs transactions"):
            await open_mongo(f"mongodb://{address}/x")


@pytest.mark.skipif(not SERVER.exists(), reason=f"no MongoDB server of our own; {NAMED} names another's")
async def test_a_database_that_goes_away_makes_the_store_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 3, seen from here: what was committed is there when it comes back; nobody waits for ever meanwhile."""
    monkeypatch.setattr(writer, "PATIENCE", 0.2)
    with TemporaryDirectory() as folder:
        with started(Path(folder), "--sync-on-commit") as server:
            address = address_of(server)
            store = await open_mongo(f"mongodb://{address}/x?timeoutMS=300", Hands().trusted())
            (stored,) = await put(store, version())
        assert not await store.ready()
        for asked in (store.epoch(), store.page(select(1)), store.tokens(), put(store, version()), store.deliver([ONE])):
            with pytest.raises(StoreUnavailable):
                await asked
        await store.touch_tokens({"t1": 1})
        with started(Path(folder), port=int(address.rpartition(":")[2])) as server:
            address_of(server)
            found = await store.page(select(1))
            await store.close()
    assert isinstance(found, Page)
    assert [entry.row for entry in found.entries] == [stored.row]


async def test_the_databases_clock_counts_unless_another_is_given(url: str, database: Database) -> None:
    """One clock for all machines that serve."""
    shown: datetime = (await database.client.admin.command("hello"))["localTime"].replace(tzinfo=UTC)
    store = await open_mongo(url)
    dated = [(await put(store, version(f"indicator--{number}")))[0].date_added for number in range(2)]
    await store.close()
    earliest, latest = (to_micros(shown + by) + MARGIN_MICROS for by in (timedelta(0), timedelta(minutes=1)))
    assert earliest <= dated[0] < dated[1] <= latest
    kept = await database["counter"].find_one({"name": COLLECTION})
    assert kept is not None
    assert kept["at"].replace(tzinfo=UTC) >= shown
