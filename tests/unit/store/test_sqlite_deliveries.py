"""The file of deliveries beside a store: whose it is, what happens without it, and what of it cannot be changed unseen (DESIGN 8)."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from shutil import copy

import apsw
import pytest
from contract.samples import COLLECTION, Hands

from app.audit.chain import faults
from app.audit.deliveries import DELIVERIES, Delivery
from app.errors import ConfigurationError, StoreUnavailable
from app.store.sqlite import open_sqlite
from app.store.sqlite.deliveries import beside
from app.store.sqlite.store import SqliteStore


@pytest.fixture
async def filled(path: Path) -> AsyncIterator[SqliteStore]:
    """A store with three batches on record."""
    store = await open_sqlite(path, Hands().trusted())
    for at in range(3):
        await store.deliver(
            [Delivery("ng-cert/misp", COLLECTION, 1, at, (at + 1, at + 5)), Delivery("ke-cert/misp", COLLECTION, 1, at, (9,))]
        )
    yield store
    await store.close()


async def test_a_store_is_not_opened_without_its_deliveries(path: Path) -> None:
    await (await open_sqlite(path, Hands().trusted())).close()
    beside(path).unlink()
    with pytest.raises(ConfigurationError, match=r"`store\.db-deliveries`, .* is missing; put it back"):
        await open_sqlite(path, Hands().trusted())
    assert not beside(path).exists()


async def test_deliveries_of_another_store_are_refused(path: Path, tmp_path: Path) -> None:
    for name in ("store.db", "other.db"):
        await (await open_sqlite(tmp_path / name, Hands().trusted())).close()
    copy(beside(tmp_path / "other.db"), beside(path))
    with pytest.raises(ConfigurationError, match="is another store's"):
        await open_sqlite(path, Hands().trusted())


async def test_deliveries_are_no_store(path: Path) -> None:
    await (await open_sqlite(path, Hands().trusted())).close()
    with pytest.raises(ConfigurationError, match="another application's"):
        await open_sqlite(beside(path), Hands().trusted())


TAMPERING: list[tuple[str, str]] = [
    ("UPDATE delivered SET client = 2 WHERE number = 3", "record 2 was changed"),
    ("UPDATE delivered SET first = first + 1 WHERE number = 3", "record 2 was changed"),
    ("UPDATE delivered SET at = at + 1, epoch = 7 WHERE number = 1", "record 1 was changed"),
    ("UPDATE name SET text = 'xx-cert/misp' WHERE text = 'ng-cert/misp'", "record 1 was changed"),
    ("DELETE FROM delivered WHERE number = 4", "record 2 was changed"),
    ("DELETE FROM batch WHERE number = 2", "record 2 is missing"),
    (
        "INSERT INTO delivered SELECT 7, client, collection, epoch, at, first, steps FROM delivered WHERE number = 1",
        "record 3 was changed",
    ),
    ("UPDATE delivered SET at = 1 - at WHERE number IN (1, 3)", "record 1 was changed"),
    ("UPDATE batch SET seal = x'00' WHERE number = 3", "record 3 was changed"),
]


@pytest.mark.parametrize(("statement", "fault"), TAMPERING, ids=[str(number) for number in range(len(TAMPERING))])
async def test_tampering_is_found(filled: SqliteStore, path: Path, statement: str, fault: str) -> None:
    assert list(faults(DELIVERIES, await filled.sealed(DELIVERIES, 10), {})) == []
    with closing(apsw.Connection(str(beside(path)))) as connection:
        connection.execute(statement)
    assert any(fault in each for each in faults(DELIVERIES, await filled.sealed(DELIVERIES, 10), {}))


async def test_a_truncated_end_is_found_with_a_checkpoint(filled: SqliteStore, path: Path) -> None:
    kept = {each.number: each.seal for each in await filled.sealed(DELIVERIES, 10)}
    with closing(apsw.Connection(str(beside(path)))) as connection:
        connection.execute("DELETE FROM batch WHERE number = 3; DELETE FROM delivered WHERE number > 4")
    left = await filled.sealed(DELIVERIES, 10)
    assert list(faults(DELIVERIES, left, {})) == []
    assert list(faults(DELIVERIES, left, kept)) == ["ends at record 2, but the checkpoint names record 3: the end was cut off"]


async def test_a_page_is_not_answered_without_its_record(filled: SqliteStore, path: Path) -> None:
    """What cannot be made durable is an error, for each who waits, and leaves nothing behind."""
    with closing(apsw.Connection(str(beside(path)))) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON delivered BEGIN SELECT RAISE(FAIL, 'no'); END")
        with pytest.raises(apsw.ConstraintError):
            await filled.deliver([Delivery("new/one", COLLECTION, 1, 9, (1,))])
        connection.execute("DROP TRIGGER full")
    await filled.deliver([Delivery("new/one", COLLECTION, 1, 9, (1,))])
    assert list(faults(DELIVERIES, await filled.sealed(DELIVERIES, 10), {})) == []
    assert [each.delivery.client for each in await filled.delivered(COLLECTION, [1], 10)] == ["ng-cert/misp", "new/one"]


async def test_after_the_end_nothing_is_put_on_record(path: Path) -> None:
    store = await open_sqlite(path, Hands().trusted())
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.deliver([Delivery("ng-cert/misp", COLLECTION, 1, 1, (1,))])


@pytest.mark.parametrize("turns", ["ab", "aabb", "aabaaabb"])
async def test_two_writers_go_on_where_the_other_ended(path: Path, turns: str) -> None:
    """Also who has just written, and could think that he knows where."""
    stores = {name: await open_sqlite(path, Hands().trusted()) for name in "ab"}
    for at, name in enumerate(turns * 2):
        await stores[name].deliver([Delivery(f"{name}-cert/misp", COLLECTION, 1, at, (at + 1,))])
    found = await stores["a"].sealed(DELIVERIES, 100)
    assert [each.number for each in found] == list(range(1, 2 * len(turns) + 1))
    assert list(faults(DELIVERIES, found, {})) == []
    assert [each.number for each in await stores["b"].delivered(COLLECTION, range(100), 100)] == list(range(1, 2 * len(turns) + 1))
    for store in stores.values():
        await store.close()


async def test_where_the_record_ends_is_asked_only_if_somebody_else_wrote(filled: SqliteStore, path: Path) -> None:
    asked: list[str] = []

    def trace(_cursor: object, statement: str, _bindings: object) -> bool:
        asked.append(statement)
        return True

    async def questions() -> int:
        asked.clear()
        await filled.deliver([Delivery("ng-cert/misp", COLLECTION, 1, 7, (1,))])
        return sum(statement.startswith("SELECT") for statement in asked)

    filled._records._connection.exec_trace = trace
    assert await questions() == 0
    with closing(apsw.Connection(str(beside(path)))) as connection:
        connection.execute("INSERT INTO name (text) VALUES ('somebody else')")
    assert (await questions(), await questions()) == (3, 0)


async def test_a_record_that_could_not_be_committed_is_not_gone_on_from(filled: SqliteStore) -> None:
    connection = filled._records._connection
    connection.set_commit_hook(lambda: True)
    with pytest.raises(apsw.ConstraintError):
        await filled.deliver([Delivery("new/one", COLLECTION, 1, 9, (1,))])
    connection.set_commit_hook(None)
    await filled.deliver([Delivery("new/one", COLLECTION, 1, 10, (1,))])
    found = await filled.sealed(DELIVERIES, 10)
    assert [each.number for each in found] == [1, 2, 3, 4]
    assert list(faults(DELIVERIES, found, {})) == []
    assert [each.number for each in await filled.delivered(COLLECTION, [1], 10)] == [1, 7]


async def test_the_highest_row_is_not_forgotten_by_who_writes_on(filled: SqliteStore, path: Path) -> None:
    """A store that came back from an older copy gives no number again that somebody received."""
    for row in (900, 1):
        await filled.deliver([Delivery("ng-cert/misp", COLLECTION, 1, 9, (row,))])
    with closing(apsw.Connection(str(beside(path)))) as connection:
        assert connection.execute("SELECT rows FROM batch ORDER BY number DESC LIMIT 1").get == 900
