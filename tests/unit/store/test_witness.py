"""What was read of a file holds as long as the file is as it was, and not a moment longer (decision 27)."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import apsw
import pytest
from contract.samples import Hands, label, put, select, version

from app.errors import StoreUnavailable
from app.store.contract import Behind, Page, Transaction
from app.store.sqlite import SqliteStore, open_sqlite
from app.store.sqlite.connection import open_reader, open_writer
from app.store.sqlite.reading import FEW_LANES, _key, read_page
from app.store.sqlite.store import WRITER_PATIENCE
from app.store.sqlite.witness import HEAD, Memory, Witness
from app.taxii.query import EVERY, Versions

ELSEWHERE = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("UPDATE counter SET epoch = epoch + 1")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file stands."""
    return tmp_path / "store.db"


@pytest.fixture
def writer(path: Path) -> Iterator[apsw.Connection]:
    """Whoever commits."""
    path.touch()
    connection = open_writer(path, WRITER_PATIENCE)
    yield connection
    connection.close()


@pytest.fixture
def witness(path: Path, writer: apsw.Connection) -> Iterator[Witness]:
    """Who looks."""
    assert writer
    reader = open_reader(path)
    seeing = Witness(reader)
    yield seeing
    seeing.close()
    reader.close()


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """With something in it."""
    store = await open_sqlite(path, Hands().trusted())
    await put(store, *(version(f"indicator--{number}") for number in range(3)))
    yield store
    await store.close()


def statements(store: SqliteStore) -> list[str]:
    """What the reader executes from now on."""
    heard: list[str] = []

    def trace(_cursor: object, statement: str, _bindings: object) -> bool:
        heard.append(statement.split(maxsplit=1)[0])
        return True

    store._reader.exec_trace = trace
    return heard


def test_a_commit_changes_the_state_and_a_write_without_one_does_not(witness: Witness, writer: apsw.Connection) -> None:
    before = witness.state()
    assert before is not None
    assert witness.sees(before)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE counter SET epoch = 7")
    assert witness.sees(before)
    writer.execute("ROLLBACK")
    assert witness.sees(before)
    writer.execute("UPDATE counter SET epoch = 7")
    assert not witness.sees(before)


def test_every_process_sees_what_any_commits(witness: Witness, path: Path) -> None:
    """Before whoever committed is told so."""
    before = witness.state()
    subprocess.run([sys.executable, "-c", ELSEWHERE, str(path)], check=True)
    assert not witness.sees(before)


def test_states_differ_after_the_log_began_anew(witness: Witness, writer: apsw.Connection) -> None:
    seen = {witness.state()}
    for epoch in range(1, 5):
        writer.execute("UPDATE counter SET epoch = ?", (epoch,))
        seen.add(witness.state())
        assert writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").get[0] == 0
        writer.execute("UPDATE counter SET epoch = ?", (-epoch,))
        seen.add(witness.state())
    assert len(seen) == 9


def test_a_head_that_is_being_written_is_no_state(witness: Witness) -> None:
    """The two copies differ then."""
    assert witness._octets is not None
    torn = type(witness._octets).from_buffer_copy(bytes(HEAD) + bytes(HEAD - 1) + b"\1")
    witness._octets = torn
    assert witness.state() is None


def test_a_file_in_memory_has_no_state() -> None:
    """Nothing is kept of what cannot be seen."""
    for connection in (apsw.Connection(":memory:"), apsw.Connection("file:/shared?vfs=memdb", flags=apsw.SQLITE_OPEN_URI | 6)):
        memory = Memory(Witness(connection))
        assert memory.recall("key", int, 1) == 1
        assert memory.known("key") is None
        connection.close()


def test_what_was_read_while_the_file_changed_is_not_kept(witness: Witness, writer: apsw.Connection) -> None:
    memory = Memory(witness)

    def read() -> int:
        writer.execute("UPDATE counter SET epoch = epoch + 1")
        return 1

    assert memory.recall("key", read) == 1
    assert memory.known("key") is None
    assert memory.recall("key", lambda: 2) == 2
    assert memory.recall("key", lambda: 3) == 2
    writer.execute("UPDATE counter SET epoch = epoch + 1")
    assert memory.recall("key", lambda: 4) == 4


def test_nothing_is_kept_of_what_was_not_there(witness: Witness) -> None:
    """Else whoever tries tokens would fill the memory."""
    memory = Memory(witness)
    assert memory.recall("key", lambda: None) is None
    assert memory.recall("key", lambda: 1) == 1


def test_memory_is_bounded(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.sqlite.witness.MOST_REMEMBERED", 3)
    memory = Memory(witness)
    for number in range(10):
        memory.recall(number, int, number + 1)
        assert len(memory._known) <= 3
        assert memory.known(number) == number + 1


async def test_a_poll_that_finds_nothing_asks_nothing_again(store: SqliteStore) -> None:
    """Nor what a token is, nor the epoch; a page that holds something is one statement."""
    newest = (await store.page(select(1))).dates[-1]  # type: ignore[union-attr] # a page
    for _ in range(2):
        heard = statements(store)
        assert await store.page(select(1, after=newest)) == Page()
        assert await store.epoch() == 0
    assert heard == []
    for _ in range(2):
        heard = statements(store)
        assert len((await store.page(select(1))).rows) == 3  # type: ignore[union-attr] # as above
    assert heard == ["SELECT"]
    for _ in range(2):
        heard = statements(store)
        found = await store.page(select(1, ids=frozenset({"indicator--1"})))
        assert found == await store.page(select(1, ids=frozenset({"indicator--1"})))
    assert heard == ["SELECT", "SELECT"]


async def test_a_selection_of_nothing_is_nobody_elses(store: SqliteStore) -> None:
    """Whichever was asked first."""
    every = select(1, versions=EVERY)
    for asked in (every._replace(versions=Versions()), every._replace(types=frozenset())):
        assert await store.page(asked) == Page()
    whole = await store.page(every)
    assert len(whole.rows) == 3  # type: ignore[union-attr] # a page
    assert await store.page(every._replace(versions=Versions())) == Page()
    assert await store.page(every) == whole


async def test_what_is_large_is_not_kept(store: SqliteStore) -> None:
    """A client could ask for thousands of such ways."""
    many = range(2, FEW_LANES + 20)
    await put(store, *(version(f"indicator--{number}-{label}", label=label) for label in many for number in range(2)))
    for asked in (select(*many), select(1, types=frozenset({"a", "b", "c", "d", "e"}))):
        assert isinstance(await store.page(asked), Page)
        assert store._memory.known(_key(asked)) is None
    few = select(1, 2, types=frozenset({"indicator"}))
    assert isinstance(await store.page(few), Page)
    assert store._memory.known(_key(few)) is not None


async def test_what_is_read_of_an_older_state_is_not_kept(store: SqliteStore, path: Path) -> None:
    """A statement that nobody ended holds the connection where it was."""
    left = store._reader.execute("SELECT row FROM version")
    next(left)
    connection = open_writer(path, WRITER_PATIENCE)
    connection.execute("UPDATE counter SET epoch = 7")
    connection.close()
    assert await store.epoch() == 0
    left.close()
    assert await store.epoch() == 7


async def test_a_label_that_nobody_can_read_ends_the_read(store: SqliteStore, path: Path) -> None:
    """It is told, and the next request sees what is in the file."""
    connection = open_writer(path, WRITER_PATIENCE)
    connection.execute("INSERT INTO label SELECT number, 1, 'of a newer release', 'ng-cert', 0 FROM collection")
    connection.execute("UPDATE collection SET labels = 1")
    kept: list[BaseException] = []
    for _ in range(2):
        with pytest.raises(Exception) as failed:  # noqa: PT011 # whichever it is
            await store.page(select(1, mark=0))
        kept.append(failed.value)
    connection.execute("UPDATE counter SET epoch = 7")
    connection.close()
    assert await store.epoch() == 7


async def test_what_came_between_is_never_passed_over(store: SqliteStore, path: Path) -> None:
    """A row under a new label, and one under a known label after it, between the look at the state and the statement: not a page without the first."""

    class Late(Memory):
        """Another process commits when the way is known and its page not read."""

        began = False

        def known(self, key: object) -> object:
            way = super().known(key)
            if way is not None and not self.began:
                self.began = True
                connection = open_writer(path, WRITER_PATIENCE)
                connection.execute("UPDATE collection SET labels = labels + 1")
                connection.close()
            return way

    asked = select(1, mark=1)
    await store.transact(intern_one)
    reader = open_reader(path)
    memory = Late(Witness(reader))
    assert isinstance(read_page(reader, asked, memory), Page)
    assert isinstance(read_page(reader, asked, memory), Behind)
    assert memory.began
    memory.close()
    reader.close()


async def intern_one(tx: Transaction) -> None:
    await tx.intern(select().collection, [label(1)], "ng-cert")


async def test_a_closed_store_is_unavailable_and_looks_at_nothing(path: Path) -> None:
    store = await open_sqlite(path, Hands().trusted())
    assert await store.epoch() == await store.epoch() == 0
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.epoch()
    with pytest.raises(StoreUnavailable):
        await store.page(select(1))
