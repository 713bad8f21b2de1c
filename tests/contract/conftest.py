"""One suite for every store. A further store joins by its address in tests/stores.py."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from contract.samples import Hands, House, few_keys
from stores import KINDS, SHARED, fresh_store

from app.bootstrap import MEMORY, store_path
from app.store.contract import Store
from app.store.dates import TrustedClock
from app.store.memory import MemoryStore
from app.store.mongo.store import open_mongo
from app.store.sqlite import ids, open_sqlite

CROWDED = "sqlite with few keys"
"""Most ids share their key with others, and are moved on by the next write."""


async def open_at(url: str, clock: TrustedClock) -> Store:
    """The store at an address, by a clock that is set by hand."""
    if url == MEMORY:
        return MemoryStore(clock)
    path = store_path(url)
    return await open_mongo(url, clock) if path is None else await open_sqlite(path, clock)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(params=(*KINDS, CROWDED))
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where every kind of store has an empty one."""
    kind: str = request.param
    if kind == CROWDED:
        kind = "sqlite"
        monkeypatch.setattr(ids, "key_of", few_keys)
        monkeypatch.setattr(ids, "RECENT", 2)
    with fresh_store(kind, request, tmp_path) as url:
        yield url


@pytest.fixture(params=SHARED)
def shared_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same for every kind that several processes can open."""
    with fresh_store(request.param, request, tmp_path) as url:
        yield url


@pytest.fixture
async def house(address: str, hands: Hands) -> AsyncIterator[House]:
    """Every kind of store."""
    house = House(partial(open_at, address), hands, [])
    yield house
    await _closed(house)


@pytest.fixture
async def shared_house(shared_address: str, hands: Hands) -> AsyncIterator[House]:
    """Every kind that several processes can open."""
    house = House(partial(open_at, shared_address), hands, [])
    yield house
    await _closed(house)


@pytest.fixture
async def store(house: House) -> Store:
    return await house.open()


async def _closed(house: House) -> None:
    """What a test did through the contract leaves nothing that the engine itself would find wrong."""
    faults = [fault for store in house.opened if await store.ready() for fault in await store.faults()]
    for store in house.opened:
        await store.close()
    assert not faults
