"""A copy of the file under way: as it was at one moment, private, whole or not there."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from contract.samples import COLLECTION, Hands, put, rows, select, version

from app.errors import ConfigurationError, StoreUnavailable
from app.store.sqlite import SqliteStore, back_up, backup, open_sqlite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = await open_sqlite(path, Hands().trusted())
    await put(store, *(version(f"indicator--{number}") for number in range(500)))
    yield store
    await store.close()


def ignore(_done: int, _whole: int) -> None:
    """Nobody watches."""


async def test_a_copy_holds_one_moment_whatever_is_written_meanwhile(
    store: SqliteStore, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commits of other processes neither get in nor make it begin anew."""
    monkeypatch.setattr(backup, "PAGES_AT_ONCE", 10)
    progress: list[tuple[int, int]] = []
    with closing(apsw.Connection(str(path))) as other:

        def write(done: int, whole: int) -> None:
            progress.append((done, whole))
            other.execute("UPDATE collection SET held = held + 1; UPDATE counter SET rows = rows + 1")

        back_up(path, tmp_path / "copy.db", write)
        assert other.execute("SELECT held FROM collection").get == 500 + len(progress)
    assert len(progress) > 5
    assert progress == sorted(set(progress))
    assert progress[-1][0] == progress[-1][1]
    copy = await open_sqlite(tmp_path / "copy.db", Hands().trusted())
    assert await copy.count(COLLECTION) == 500
    assert not await copy.faults()
    assert await rows(copy, select(1)) == await rows(store, select(1))
    await copy.close()


async def test_a_copy_is_one_private_file(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(path, folder / "copy.db", ignore)
    assert {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()} == {"copy.db": 0o600}


async def test_nothing_is_overwritten(store: SqliteStore, path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there already"):
        back_up(path, path, ignore)
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
