"""A copy of a store under way: each file as it was at one moment, private, whole or not there; and its way back (DESIGN 8)."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from contract.samples import COLLECTION, Hands, put, rows, select, version

from app.audit.deliveries import Delivery
from app.errors import ConfigurationError, StoreUnavailable
from app.store.sqlite import SqliteStore, back_up, backup, open_sqlite, restore
from app.store.sqlite.deliveries import DeliveryWriter, beside, open_deliveries


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = await open_sqlite(path, Hands().trusted())
    await put(store, *(version(f"indicator--{number}") for number in range(500)))
    yield store
    await store.close()


def remove(path: Path) -> None:
    path.unlink()


def ignore(_done: int, _whole: int) -> None:
    """Nobody watches."""


async def test_a_copy_holds_one_moment_whatever_is_written_meanwhile(
    store: SqliteStore, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commits of other processes neither get in nor make it begin anew."""
    monkeypatch.setattr(backup, "PAGES_AT_ONCE", 3)
    progress: list[tuple[int, int]] = []
    with closing(apsw.Connection(str(path))) as other:

        def write(done: int, whole: int) -> None:
            progress.append((done, whole))
            other.execute("UPDATE collection SET held = held + 1; UPDATE counter SET rows = rows + 1")

        back_up(path, tmp_path / "copy.db", write)
        assert other.execute("SELECT held FROM collection").get == 500 + len(progress)
    main = progress[: progress.index((progress[0][1], progress[0][1])) + 1]
    assert len(main) > 5
    assert main == sorted(set(main))
    copy = await open_sqlite(tmp_path / "copy.db", Hands().trusted())
    assert await copy.count(COLLECTION) == 500
    assert not await copy.faults()
    assert await rows(copy, select(1)) == await rows(store, select(1))
    await copy.close()


async def test_a_copy_is_two_private_files(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(path, folder / "copy.db", ignore)
    assert {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()} == {"copy.db": 0o600, "copy.db-deliveries": 0o600}


async def test_deliveries_are_copied_after_what_was_delivered(
    store: SqliteStore, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy knows of every delivery of every row that it holds: its rows go on above all that were delivered."""
    monkeypatch.setattr(backup, "PAGES_AT_ONCE", 1 << 20)
    steps = 0

    def write(_done: int, _whole: int) -> None:
        nonlocal steps
        steps += 1
        if steps == 1:  # the main file is copied
            other = open_deliveries(path, store._writer)
            DeliveryWriter(other)._append([Delivery("ng-cert/misp", COLLECTION, 1, 1, (900,))])
            other.close()

    back_up(path, tmp_path / "copy.db", write)
    copy = await open_sqlite(tmp_path / "copy.db", Hands().trusted())
    assert [each.delivery.rows for each in await copy.delivered(COLLECTION, [900], 9)] == [(900,)]
    assert (await put(copy, version()))[0].row == 901
    await copy.close()


async def test_a_store_of_an_older_release_is_copied_without_what_it_has_not(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    """Before it is brought up to date is when a copy is wanted most."""
    await store.close()
    beside(path).unlink()
    back_up(path, tmp_path / "copy.db", ignore)
    assert not beside(tmp_path / "copy.db").exists()


@pytest.mark.parametrize("name", ["store.db", "copy.db", "copy.db-deliveries"])
async def test_nothing_is_overwritten(store: SqliteStore, path: Path, tmp_path: Path, name: str) -> None:
    if name != path.name:
        (tmp_path / name).write_bytes(b"another's")
    with pytest.raises(ConfigurationError, match=f"{name}` is there already"):
        back_up(path, path if name == path.name else tmp_path / "copy.db", ignore)
    assert await store.count(COLLECTION) == 500


async def test_what_was_broken_off_leaves_nothing(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    def interrupt(_done: int, _whole: int) -> None:
        raise KeyboardInterrupt

    before = set(tmp_path.iterdir())  # noqa: ASYNC240 - a test
    with pytest.raises(KeyboardInterrupt):
        back_up(path, tmp_path / "copy.db", interrupt)
    assert set(tmp_path.iterdir()) == before  # noqa: ASYNC240 - as above


@pytest.mark.parametrize("place", ["nowhere/copy.db", "store.db/copy.db"])
async def test_a_place_that_cannot_be_written_is_named(store: SqliteStore, path: Path, tmp_path: Path, place: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"copy\.db` cannot be written"):
        back_up(path, tmp_path / place, ignore)


def test_what_is_no_store_is_not_copied(tmp_path: Path) -> None:
    with closing(apsw.Connection(str(tmp_path / "theirs.db"))) as theirs:
        theirs.execute("CREATE TABLE theirs (a)")
    (tmp_path / "text").write_bytes(b"no database at all" * 100)
    for name, words in (("theirs.db", "another application's"), ("text", "cannot be used"), ("absent.db", "cannot be used")):
        with pytest.raises((ConfigurationError, StoreUnavailable), match=words):
            back_up(tmp_path / name, tmp_path / "copy.db", ignore)
    assert not (tmp_path / "copy.db").exists()


# ---- the way back


async def test_a_copy_is_put_back(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    held = await rows(store, select(1))
    back_up(path, tmp_path / "copy.db", ignore)
    await store.close()
    (tmp_path / "new").mkdir()
    restore(tmp_path / "copy.db", tmp_path / "new" / "store.db", ignore)
    again = await open_sqlite(tmp_path / "new" / "store.db", Hands().trusted())
    assert await rows(again, select(1)) == held
    await again.close()


async def test_deliveries_that_are_still_there_stay(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    """Who received what after the copy was made is not forgotten; no row number means two things."""
    back_up(path, tmp_path / "copy.db", ignore)
    (later,) = await put(store, version("indicator--later"))
    await store.deliver([Delivery("ng-cert/misp", COLLECTION, 1, 1, (later.row,))])
    await store.close()
    remove(path)
    restore(tmp_path / "copy.db", path, ignore)
    again = await open_sqlite(path, Hands().trusted())
    assert await again.count(COLLECTION) == 500
    assert len(await again.delivered(COLLECTION, [later.row], 9)) == 1
    assert (await put(again, version("indicator--other")))[0].row > later.row
    await again.close()


@pytest.mark.parametrize("left", ["", "-wal", "-shm", "-deliveries-wal"])
async def test_what_would_be_overwritten_or_played_back_is_named(store: SqliteStore, path: Path, tmp_path: Path, left: str) -> None:
    back_up(path, tmp_path / "copy.db", ignore)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / f"store.db{left}").write_bytes(b"left behind")
    with pytest.raises(ConfigurationError, match=f"store.db{left}` would be overwritten.* move it away"):
        restore(tmp_path / "copy.db", tmp_path / "new" / "store.db", ignore)
    assert [each.name for each in (tmp_path / "new").iterdir()] == [f"store.db{left}"]


async def test_a_copy_does_not_come_beside_the_deliveries_of_another_store(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    back_up(path, tmp_path / "copy.db", ignore)
    other = tmp_path / "other.db"
    await (await open_sqlite(other, Hands().trusted())).close()
    other.unlink()
    with pytest.raises(ConfigurationError, match="belongs to another store"):
        restore(tmp_path / "copy.db", other, ignore)
    assert not other.exists()
