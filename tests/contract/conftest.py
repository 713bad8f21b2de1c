"""One suite for every store. A further store joins by its address in `_address`."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import pytest
from contract.samples import Hands, House
from mongo.serving import fresh_database

from app.bootstrap import MEMORY, store_path
from app.store.contract import Store
from app.store.dates import TrustedClock
from app.store.memory import MemoryStore
from app.store.mongo import open_mongo
from app.store.sqlite import open_sqlite

SHARED = ["sqlite", "mongodb"]
KINDS = ["memory", *SHARED]


def _address(kind: str, request: pytest.FixtureRequest, folder: Path) -> AbstractContextManager[str]:
    if kind == "mongodb":
        return fresh_database(request.getfixturevalue("mongodb"))
    return nullcontext(MEMORY if kind == "memory" else f"sqlite:///{folder / 'store.db'}")


async def open_at(url: str, clock: TrustedClock) -> Store:
    """The store at an address, by a clock that is set by hand."""
    if url == MEMORY:
        return MemoryStore(clock)
    path = store_path(url)
    return await open_mongo(url, clock) if path is None else await open_sqlite(path, clock)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where every kind of store has an empty one."""
    with _address(request.param, request, tmp_path) as url:
        yield url


@pytest.fixture(params=SHARED)
def shared_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same for every kind that several processes can open."""
    with _address(request.param, request, tmp_path) as url:
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
