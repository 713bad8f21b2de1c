"""A watched store is the same store, and its waits are told however they end."""

import inspect
from collections.abc import Iterator
from itertools import count

import pytest

from app.clock import system_clock
from app.store.contract import Behind, Selection, Store, StoredToken, Transaction
from app.store.dates import TrustedClock
from app.store.memory import MemoryStore
from app.store.watched import WatchedStore
from app.taxii.query import EVERY

TOLD: list[tuple[str, float]] = []
TOKEN = StoredToken("t1", "ng-cert/misp", "0" * 64, 1, 0)


@pytest.fixture
def told() -> Iterator[list[tuple[str, float]]]:
    """What was told since the test began."""
    TOLD.clear()
    yield TOLD
    TOLD.clear()


@pytest.fixture
def store(told: list[tuple[str, float]]) -> WatchedStore:
    """A store in memory, watched; its clock moves by two seconds with each look."""
    seconds = count(step=2.0)
    return WatchedStore(MemoryStore(TrustedClock(system_clock)), lambda what, wait: told.append((what, wait)), lambda: next(seconds))


def test_nothing_of_the_contract_is_missing() -> None:
    asked = {name for name, _ in inspect.getmembers(Store, inspect.isfunction) if not name.startswith("_")}
    given = {name for name, _ in inspect.getmembers(WatchedStore, inspect.isfunction) if not name.startswith("_")}
    assert given == asked
    assert Store.__annotations__.keys() == {"shared"}


async def test_a_page_and_a_transaction_are_told(store: WatchedStore, told: list[tuple[str, float]]) -> None:
    async def adopt(transaction: Transaction) -> int:
        return await transaction.adopt(b"{}", "digest")

    assert await store.transact(adopt) == 1
    nothing: frozenset[int] = frozenset()
    page = await store.page(Selection("c", "ng-cert", epoch=0, mark=0, numbers=nothing, versions=EVERY, limit=1))
    assert isinstance(page, Behind)
    assert told == [("write", 2.0), ("read", 2.0)]


async def test_a_wait_that_ends_badly_is_told_too(store: WatchedStore, told: list[tuple[str, float]]) -> None:
    async def fail(_: Transaction) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await store.transact(fail)
    assert told == [("write", 2.0)]


async def test_everything_else_is_passed_on_in_silence(store: WatchedStore, told: list[tuple[str, float]]) -> None:
    async def keep(transaction: Transaction) -> None:
        await transaction.add_token(TOKEN)

    await store.transact(keep)
    told.clear()
    assert store.shared is False
    assert await store.epoch() == 0
    assert await store.in_force() is None
    assert await store.status("00000000-0000-4000-8000-000000000000") is None
    found = await store.token(TOKEN.digest)
    assert found is not None
    assert found.client == TOKEN.client
    await store.touch_tokens({TOKEN.id: 5})
    (kept,) = await store.tokens()
    assert kept.last_used == 5
    assert await store.count("c") == 0
    assert await store.ready()
    assert not await store.faults()
    await store.close()
    assert told == []
