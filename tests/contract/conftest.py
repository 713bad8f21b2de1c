"""One suite for every store. A further store joins by an entry in `OPENERS`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from contract.samples import Hands, House

from app.store.contract import Store
from app.store.dates import TrustedClock
from app.store.memory import MemoryStore
from app.store.sqlite import open_sqlite

Opener = Callable[[Path, TrustedClock], Awaitable[Store]]


async def open_memory(_folder: Path, clock: TrustedClock) -> Store:
    return MemoryStore(clock)


async def open_file(folder: Path, clock: TrustedClock) -> Store:
    return await open_sqlite(folder / "store.db", clock)


OPENERS: dict[str, Opener] = {"memory": open_memory, "sqlite": open_file}
SHARED = ["sqlite"]


@pytest.fixture
def hands() -> Hands:
    return Hands()


async def _closed(house: House) -> None:
    """What a test did through the contract leaves nothing that the engine itself would find wrong."""
    faults = [fault for store in house.opened if await store.ready() for fault in await store.faults()]
    for store in house.opened:
        await store.close()
    assert not faults


@pytest.fixture(params=OPENERS)
async def house(request: pytest.FixtureRequest, tmp_path: Path, hands: Hands) -> AsyncIterator[House]:
    """Every kind of store."""
    house = House(partial(OPENERS[request.param], tmp_path), hands, [])
    yield house
    await _closed(house)


@pytest.fixture(params=SHARED)
async def shared_house(request: pytest.FixtureRequest, tmp_path: Path, hands: Hands) -> AsyncIterator[House]:
    """Every kind that several processes can open."""
    house = House(partial(OPENERS[request.param], tmp_path), hands, [])
    yield house
    await _closed(house)


@pytest.fixture
async def store(house: House) -> Store:
    return await house.open()
