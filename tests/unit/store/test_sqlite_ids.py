"""The index of ids: every row is found by its id, wherever its entry has moved, and no write moves more than it adds."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest
from contract.samples import Hands, few_keys, put, version
from hypothesis import given
from hypothesis import strategies as st

from app.store.sqlite import ids, open_sqlite
from app.store.sqlite.connection import immediate, make_private, open_writer
from app.store.sqlite.faults import faults
from app.store.sqlite.rows import history

KEPT = 4
Writes = list[tuple[int, list[str]]]
WRITES: st.SearchStrategy[Writes] = st.lists(
    st.tuples(st.integers(1, 3), st.lists(st.integers(0, 40).map("note--{}".format), min_size=1, max_size=9)), max_size=12
)


@pytest.fixture
def few_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are moved on as soon as there are more than a few."""
    monkeypatch.setattr(ids, "RECENT", KEPT)


def _store(connection: apsw.Connection, collection: int, rows: Sequence[tuple[int, str]]) -> None:
    """As rows are stored, with nothing but their ids."""
    with immediate(connection):
        names = ((row, collection, name, str(row)) for row, name in rows)
        connection.executemany("INSERT INTO version VALUES (?, ?, ?, 'note', 'ng-cert', 0, '', ?, x'00', '', x'7B7D')", names)
        connection.executemany("INSERT INTO standing VALUES (?, ?, 1, 1, 0, 0, 1, 0, 0)", ((row, row) for row, _ in rows))
        ids.enter(connection, collection, rows)


def _held(connection: apsw.Connection, tree: str) -> int:
    held: int = connection.execute(f"SELECT count(*) FROM {tree}").get  # noqa: S608 # one of two names
    return held


def _walked(connection: apsw.Connection, collection: int, limit: int) -> Iterator[str]:
    after = ""
    while found := ids.walk(connection, collection, after, limit):
        yield from found
        after = found[-1]


@pytest.mark.usefixtures("few_kept")
@given(writes=WRITES, shared=st.booleans(), falling=st.booleans(), limit=st.integers(1, 5))
def test_every_row_is_found_and_every_id_is_walked_over_once(writes: Writes, shared: bool, falling: bool, limit: int) -> None:  # noqa: FBT001 # drawn
    """In whatever order rows come, and whatever ids share a key."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if shared:
            patch.setattr(ids, "key_of", few_keys)
        path, row, stored = Path(folder) / "store.db", 0, dict[int, dict[str, list[int]]]()
        make_private(path)
        with closing(open_writer(path, timedelta(seconds=1))) as connection:
            for collection, names in writes:
                numbered = [(1000 - number if falling else number, name) for number, name in enumerate(names, row + 1)]
                row += len(names)
                _store(connection, collection, numbered)
                for number, name in numbered:
                    stored.setdefault(collection, {}).setdefault(name, []).append(number)
                assert _held(connection, "id_recent") <= KEPT
            for collection in (1, 2, 3):
                of = stored.get(collection, {})
                for asked in ([*of, "note--99"], list(of)[::2]):
                    found = history(connection, collection, asked)
                    assert {name: [each.row for each in rows] for name, rows in found.items()} == {
                        name: sorted(of[name]) for name in asked if name in of
                    }
                walked = list(_walked(connection, collection, limit))
                assert sorted(walked) == sorted(of)
            assert [fault for fault in faults(connection) if "ids" in fault] == []


@pytest.mark.usefixtures("few_kept")
def test_a_write_moves_on_what_it_adds_and_goes_round(tmp_path: Path) -> None:
    """From where the last one ended, through all keys, and from the first on again."""
    path = tmp_path / "store.db"
    make_private(path)
    with closing(open_writer(path, timedelta(seconds=1))) as connection:
        reached = []
        for row in range(1, 101):
            _store(connection, 1, [(row, f"note--{row}")])
            assert (_held(connection, "id_recent"), _held(connection, "id_settled")) == (min(row, KEPT), max(0, row - KEPT))
            reached.append(connection.execute("SELECT settled_to FROM counter").get)
        rounds = sum(later < earlier for earlier, later in pairwise(reached))
        assert 4 < rounds < 25


async def test_a_large_write_into_an_empty_store_leaves_the_newest_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "RECENT", 10)
    store = await open_sqlite(tmp_path / "store.db", Hands().trusted())
    await put(store, *(version(f"note--{number}") for number in range(300)))
    assert await store.faults() == []
    await store.close()
    with closing(open_writer(tmp_path / "store.db", timedelta(seconds=1))) as connection:
        assert (_held(connection, "id_recent"), _held(connection, "id_settled")) == (10, 290)


@pytest.mark.usefixtures("few_kept")
def test_a_count_that_is_wrong_stops_no_write(tmp_path: Path) -> None:
    """It is told by `legation store verify`; the next write puts it right."""
    path = tmp_path / "store.db"
    make_private(path)
    with closing(open_writer(path, timedelta(seconds=1))) as connection:
        connection.execute("UPDATE counter SET recent = 1000")
        _store(connection, 1, [(1, "note--1")])
        assert history(connection, 1, ["note--1"])["note--1"][0].row == 1
        assert connection.execute("SELECT recent FROM counter").get == _held(connection, "id_recent") == 0


async def test_a_second_version_moves_no_bytes_of_the_first(tmp_path: Path) -> None:
    """Else who sends something under an id could see by the time it takes that a large object is hidden there, and each update would write it again."""
    store = await open_sqlite(tmp_path / "store.db", Hands().trusted())
    await put(store, *(version(f"note--{number}") for number in range(9)))
    before = {row: rest for row, *rest in store._reader.execute("SELECT * FROM version")}
    changed: list[tuple[str, int]] = []
    store._writer.set_update_hook(lambda _kind, _database, table, row: changed.append((table, row)))
    await put(store, *(version(f"note--{number}", "2") for number in range(9)))
    assert {row for table, row in changed if table == "version"} == set(range(10, 19))
    assert {row for table, row in changed if table == "standing"} >= set(range(1, 19))
    assert {row: rest for row, *rest in store._reader.execute("SELECT * FROM version WHERE row < 10")} == before
    store._writer.set_update_hook(None)
    await store.close()


def test_keys_of_collections_do_not_touch() -> None:
    """So that a walk over one collection passes over no other."""
    names = [f"note--{number}" for number in range(1000)]
    assert max(ids.key_of(1, name) for name in names) < min(ids.key_of(2, name) for name in names)
    assert len({ids.key_of(1, name) for name in names}) == len(names)
