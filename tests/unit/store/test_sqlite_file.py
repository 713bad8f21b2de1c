"""The file: private, of one application, of a known schema; what happens when it is locked, full, damaged, or its process is killed."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import apsw
import pytest
from contract.samples import COLLECTION, Hands, bytes_of, label, put, rows, select, version

from app.errors import ConfigurationError, StoreUnavailable
from app.store.contract import Amendment, Arrival
from app.store.pins import Pin
from app.store.sqlite import SqliteStore, open_sqlite, registry
from app.store.sqlite.connection import WRITER_CACHE_KIB, immediate, open_reader, open_writer, require_library
from app.store.sqlite.schema import APPLICATION_ID, STORE, STORE_PAGE_OCTETS, Schema, migrate
from app.store.sqlite.thread import SingleThread

SOON = timedelta(milliseconds=20)


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = await open_sqlite(path, Hands().trusted(), patience=SOON)
    yield store
    await store.close()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@contextmanager
def opened(path: Path) -> Iterator[apsw.Connection]:
    with closing(apsw.Connection(str(path))) as connection:
        yield connection


def loosen(folder: Path) -> None:
    folder.chmod(0o750)


def content(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, written: bytes) -> None:
    path.write_bytes(written)


async def refusal(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        await open_sqlite(path, Hands().trusted())
    return str(caught.value)


async def test_file_and_folders_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    """Whoever can read the file reads everything; 0600 and 0700 from the first moment on."""
    path = tmp_path / "var" / "lib" / "store.db"
    store = await open_sqlite(path, Hands().trusted())
    await put(store, version())
    assert [mode(folder) for folder in (path.parent, path.parent.parent)] == [0o700, 0o700]
    files = [f"store.db{of}{part}" for of in ("", "-deliveries") for part in ("", "-wal", "-shm")]
    assert {each.name: mode(each) for each in path.parent.iterdir()} == dict.fromkeys(files, 0o600)
    await store.close()


async def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    loosen(tmp_path)
    await (await open_sqlite(tmp_path / "store.db", Hands().trusted())).close()
    assert mode(tmp_path) == 0o750


async def test_settings_keep_what_was_acknowledged(store: SqliteStore) -> None:
    """Promise 3, over a power loss; and no memory map, no waiting time of zero."""
    names = ("journal_mode", "synchronous", "mmap_size", "secure_delete", "busy_timeout", "cache_size")
    assert [store._writer.execute(f"PRAGMA {name}").get for name in names] == ["wal", 2, 0, 1, 20, -WRITER_CACHE_KIB]


async def test_statements_are_prepared_once(store: SqliteStore) -> None:
    """Whose plan depends on what is bound is prepared again at each use: four fifths of the time of a small page."""
    for connection in (store._writer, store._reader, store._long_reader):
        assert connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1)


async def test_readers_cannot_write(store: SqliteStore) -> None:
    for reader in (store._reader, store._long_reader):
        with pytest.raises(apsw.ReadOnlyError):
            reader.execute("DELETE FROM counter")


def test_a_file_that_was_just_made_is_cached_within_the_same_bounds(path: Path) -> None:
    """SQLite forgets the bound when a file is given its page size."""
    path.touch()
    with closing(open_writer(path, SOON)) as writer:
        for batch in range(50):
            with immediate(writer):
                values = ((1 + batch * 1000 + row, bytes(1000)) for row in range(1000))
                writer.executemany("INSERT INTO version VALUES (?, 1, 'a', 'b', 'c', 1, 'd', 'e', x'00', '', ?)", values)
        writer.execute("PRAGMA wal_checkpoint").fetchall()
        assert path.stat().st_size > 1.3 * 1024 * WRITER_CACHE_KIB
        assert writer.status(apsw.SQLITE_DBSTATUS_CACHE_USED)[0] < 1.1 * 1024 * WRITER_CACHE_KIB


async def test_the_file_names_its_application_and_schema(store: SqliteStore, path: Path) -> None:
    with opened(path) as connection:
        assert connection.execute("PRAGMA application_id").get == APPLICATION_ID
        assert connection.execute("PRAGMA user_version").get == len(STORE.migrations)


async def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    await (await open_sqlite(path, Hands().trusted())).close()
    with opened(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(STORE.migrations) + 1}")
    before = content(path)
    message = await refusal(path)
    assert f"schema version {len(STORE.migrations) + 1}" in message
    assert "a newer one" in message
    assert content(path) == before


@pytest.mark.parametrize("spoil", ["CREATE TABLE theirs (a)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"])
async def test_another_applications_database_is_refused_and_left_alone(path: Path, spoil: str) -> None:
    with opened(path) as connection:
        connection.execute(spoil)
        connection.execute("CREATE TABLE more (a)")
    before = content(path)
    assert "another application's database" in await refusal(path)
    assert content(path) == before


async def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    write(path, b"not a database at all" * 1000)
    assert "cannot be used as a store" in await refusal(path)
    assert content(path).startswith(b"not a database")


async def test_a_path_that_cannot_be_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert "cannot be used as a store" in await refusal(tmp_path)
    assert "cannot be used as a store" in await refusal(tmp_path / "file" / "store.db")


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.9.99"])
def test_a_library_that_can_damage_the_file_is_refused(version: str) -> None:
    with pytest.raises(ConfigurationError, match=r"3\.51\.3 or newer"):
        require_library(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "4.0.0"])
def test_a_library_with_the_fix_is_taken(version: str) -> None:
    require_library(version)


def _schema(migrations: tuple[str, ...]) -> Schema:
    return Schema(APPLICATION_ID, migrations, "a test")


def test_only_missing_migrations_are_run(path: Path) -> None:
    first = ("CREATE TABLE one (a); INSERT INTO one VALUES (1)",)
    with opened(path) as connection:
        migrate(connection, "store.db", _schema(first))
        migrate(connection, "store.db", _schema(first))
        migrate(connection, "store.db", _schema((*first, "ALTER TABLE one ADD COLUMN b; UPDATE one SET b = a + 1")))
        assert connection.execute("SELECT a, b FROM one").fetchall() == [(1, 2)]
        assert connection.execute("PRAGMA user_version").get == 2


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    first = ("CREATE TABLE one (a)",)
    with opened(path) as connection:
        migrate(connection, "store.db", _schema(first))
    with opened(path) as connection, pytest.raises(apsw.SQLError):
        migrate(connection, "store.db", _schema((*first, "CREATE TABLE two (a); CREATE TABLE one (a)")))
    with opened(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("one",)]
        assert connection.execute("PRAGMA user_version").get == 1


async def test_many_may_open_a_new_file_at_once(path: Path) -> None:
    """Workers that start together: the first makes the tables, the others wait for it."""
    stores = await asyncio.gather(*(open_sqlite(path, Hands().trusted()) for _ in range(8)))
    (stored,) = await put(stores[3], version())
    assert [await rows(store, select(1)) for store in stores] == [[stored.row]] * 8
    for store in stores:
        await store.close()


async def test_a_write_that_waits_too_long_for_another_process_is_refused(store: SqliteStore, path: Path) -> None:
    with opened(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another process holds it"):
            await put(store, version())
        assert await rows(store, select(1)) == []
        other.execute("COMMIT")
    assert len(await put(store, version())) == 1


async def test_a_file_that_is_locked_for_long_cannot_be_opened(path: Path) -> None:
    await (await open_sqlite(path, Hands().trusted())).close()
    with opened(path) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="another process holds it"):
            await open_sqlite(path, Hands().trusted(), patience=SOON)


async def test_a_full_disk_stores_nothing_by_halves(store: SqliteStore) -> None:
    """Promise 3: refused, and whole again once there is space."""
    await put(store, version("indicator--0"))
    used = store._writer.execute("PRAGMA page_count").get
    store._writer.execute(f"PRAGMA max_page_count = {used + 5}")
    many = [Arrival(version(f"indicator--{number}", date_added=1000 + number), b"x" * 3000) for number in range(100)]
    with pytest.raises(StoreUnavailable, match="free space"):
        await store.transact(lambda tx: tx.put(COLLECTION, many))
    assert len(await rows(store, select(1))) == await store.count(COLLECTION) == 1
    assert await store.ready()
    store._writer.execute("PRAGMA max_page_count = 1000000")
    assert len(await store.transact(lambda tx: tx.put(COLLECTION, many))) == 100
    assert len(await rows(store, select(1))) == 101


async def test_work_that_goes_on_over_an_ended_transaction_writes_nothing(store: SqliteStore) -> None:
    """SQLite may roll back by itself; what follows must not be committed on its own."""

    async def work(tx: object) -> None:
        store._writer.execute("ROLLBACK")
        with pytest.raises(StoreUnavailable, match="over"):
            await tx.intern(COLLECTION, [label(1)], "ng-cert")  # type: ignore[attr-defined] # a transaction

    with pytest.raises(StoreUnavailable, match="over"):
        await store.transact(work)
    assert (await put(store, version()))[0].row == 1


async def test_what_a_cancelled_task_left_open_is_rolled_back_before_the_next(store: SqliteStore) -> None:
    store._writer.execute("BEGIN IMMEDIATE; INSERT INTO collection (key) VALUES ('half done')")
    (stored,) = await put(store, version())
    assert await rows(store, select(1)) == [stored.row]
    assert store._reader.execute("SELECT count(*) FROM collection").get == 1


async def test_a_database_that_would_not_last_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite keeps this name in memory, whatever lies on the disk."""
    monkeypatch.chdir(tmp_path)
    assert "write-ahead log" in await refusal(Path(":memory:"))


async def test_a_damaged_file_is_reported(path: Path) -> None:
    store = await open_sqlite(path, Hands().trusted())
    await put(store, *(version(f"indicator--{number}") for number in range(300)))
    await store.close()
    with closing(apsw.Connection(str(path))) as connection:
        whole_pages = {page for (page,) in connection.execute("SELECT pageno FROM dbstat WHERE name IN ('sqlite_schema', 'identity')")}
    whole = content(path)
    pages = [whole[at : at + STORE_PAGE_OCTETS] for at in range(0, len(whole), STORE_PAGE_OCTETS)]
    write(path, b"".join(page if number in whole_pages else b"\xff" * STORE_PAGE_OCTETS for number, page in enumerate(pages, 1)))
    broken = await open_sqlite(path, Hands().trusted())
    with pytest.raises(StoreUnavailable, match="look at its disk"):
        await broken.page(select(1))
    assert not await broken.ready()
    await broken.close()


async def test_deleted_bytes_are_gone_from_the_file(path: Path) -> None:
    store = await open_sqlite(path, Hands().trusted())
    kept, gone = await put(store, version("indicator--kept"), version("indicator--gone"))
    await store.transact(lambda tx: tx.amend(COLLECTION, [Amendment(gone.row, deleted=True, last=False)]))
    await store.close()
    kept_in_file, gone_from_file = bytes_of(kept) in content(path), bytes_of(gone) not in content(path)
    assert kept_in_file
    assert gone_from_file


async def test_pins_are_in_the_file(store: SqliteStore) -> None:
    """What the writer could see cannot be found later: it is stored from the first write on (DESIGN 6)."""
    pins = frozenset({Pin("indicator--1", "ke-cert", 4), Pin("indicator--1", "ng-cert", 0)})
    await store.transact(lambda tx: tx.put(COLLECTION, [Arrival(version("relationship--1", date_added=5), b"{}", pins)]))
    query = (
        "SELECT t.object_id, t.contributor, n.label FROM pin n JOIN target t ON t.number = n.target WHERE n.row = 1 ORDER BY t.contributor"
    )
    found = store._reader.execute(query).fetchall()
    assert [Pin(*row) for row in found] == sorted(pins)


async def test_a_closed_store_says_so(path: Path) -> None:
    store = await open_sqlite(path, Hands().trusted())
    await store.close()
    await store.close()
    for asked in (store.page(select(1)), store.epoch(), store.count(COLLECTION), put(store, version())):
        with pytest.raises(StoreUnavailable):
            await asked


async def test_uses_that_cannot_be_written_are_forgotten_without_a_word(store: SqliteStore, path: Path) -> None:
    """Best effort: nobody's request fails for it."""
    with opened(path) as other:
        other.execute("BEGIN IMMEDIATE")
        await store.touch_tokens({"t1": 5})
        touching = store._touching
        assert touching is not None
        await touching
        assert store._touched == {}
        other.execute("COMMIT")
    await put(store, version())


async def test_a_fault_of_the_project_passes_as_it_is() -> None:
    thread = SingleThread("one")

    def fault() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await thread.run(fault)
    thread.close()


async def test_what_was_asked_for_is_done_for_who_no_longer_waits() -> None:
    thread, go, done = SingleThread("one"), Event(), list[str]()

    def fault() -> None:
        raise ZeroDivisionError

    asked = [asyncio.create_task(thread.run(work)) for work in (go.wait, fault, lambda: done.append("asked"))]
    await asyncio.wait(asked, timeout=0)
    for each in asked:
        each.cancel()
    go.set()
    await thread.run(done.append, "last")
    assert done == ["asked", "last"]
    thread.close()


def test_a_thread_outlives_a_loop_that_waited_for_it() -> None:
    thread, go = SingleThread("one"), Event()

    async def leave() -> None:
        await asyncio.wait([asyncio.create_task(thread.run(go.wait))], timeout=0)

    asyncio.run(leave())
    go.set()
    assert asyncio.run(thread.run(lambda: "done")) == "done"
    thread.close()


async def test_statuses_are_kept_small_and_those_of_earlier_releases_are_read(store: SqliteStore) -> None:
    document = b'{"id":"new","successes":[' + b",".join([b'{"id":"indicator--1","version":"1"}'] * 100) + b"]}"
    new = registry.StoredStatus("new", "members", "ng-cert/misp", "ng-cert", document, 1 << 60)
    await store.transact(lambda tx: tx.save_status(new))
    store._writer.execute("INSERT INTO status SELECT 'old', root, client, organisation, ?, kept_until FROM status", (document,))
    assert (await store.status("new"), await store.status("old")) == (new, replace(new, id="old"))
    assert store._writer.execute("SELECT length(document) FROM status WHERE id = 'new'").get < len(document) / 10


async def test_statuses_go_in_small_numbers(store: SqliteStore, path: Path) -> None:
    """A write sweeps what is over, but never so much that it becomes a long one."""
    insert = "INSERT INTO status VALUES (?, 'members', 'ng-cert/misp', 'ng-cert', x'', 1)"
    store._writer.execute("BEGIN")
    store._writer.executemany(insert, [(f"s{number}",) for number in range(registry.STATUSES_SWEPT + 50)])
    registry.save_status(store._writer, registry.StoredStatus("new", "members", "ng-cert/misp", "ng-cert", b"", 1 << 60), now=5)
    store._writer.execute("COMMIT")
    with closing(open_reader(path)) as reader:
        assert reader.execute("SELECT count(*) FROM status").get == 51


WRITER = """
import asyncio, sys
from pathlib import Path
from app.clock import system_clock
from app.store.dates import TrustedClock
from app.store.sqlite import open_sqlite
from contract.samples import put, version

async def main():
    store = await open_sqlite(Path(sys.argv[1]), TrustedClock(system_clock))
    number = 0
    while True:
        stored = await put(store, *(version(f"indicator--{number}-{part}") for part in range(50)))
        print(number, flush=True)
        number += 1

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    """Promise 3: all of it, and nothing by halves."""
    environment = {"PYTHONPATH": f"{Path(__file__).parents[2]}:{Path(__file__).parents[3]}"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(path), env=environment, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    while int(await process.stdout.readline()) < 10:
        pass
    process.send_signal(signal.SIGKILL)
    acknowledged = 10 + len((await process.stdout.read()).splitlines())
    await process.wait()
    store = await open_sqlite(path, Hands().trusted())
    held = await rows(store, select(1))
    assert len(held) >= 50 * (acknowledged + 1)
    assert len(held) % 50 == 0
    assert store._writer.execute("PRAGMA integrity_check").get == "ok"
    await store.close()
