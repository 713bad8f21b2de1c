"""Fixtures that several kinds of tests share; the world they stand on is in worlds.py."""

from collections.abc import Iterator
from functools import partial

import httpx
import pytest
import worlds
from mongo.serving import serving as serving_database


@pytest.fixture
def anyio_backend() -> str:
    """The loop that the server runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def mongodb() -> Iterator[str]:
    """A MongoDB server, without the name of a database."""
    with serving_database() as server:
        yield server


@pytest.fixture(scope="session")
def server() -> Iterator[worlds.Server]:
    """One server for all tests; whoever writes takes a `collection` of his own."""
    with worlds.serving(partial(worlds.memory_world, pool=worlds.MANY)) as running:
        yield running


@pytest.fixture
def collection(server: worlds.Server) -> str:
    """The path of an empty collection: members read and write there."""
    return server.fresh_collection()


@pytest.fixture(scope="session")
def busy(server: worlds.Server) -> str:
    """The path of a collection that many tests share: for those that do not look at what else is in it."""
    return server.fresh_collection()


@pytest.fixture(scope="session")
def ng(server: worlds.Server) -> Iterator[httpx.Client]:
    """A member that reads and writes."""
    with server.visitor("ng-cert/misp") as visitor:
        yield visitor


@pytest.fixture(scope="session")
def ke(server: worlds.Server) -> Iterator[httpx.Client]:
    """Another member that reads and writes."""
    with server.visitor("ke-cert/misp") as visitor:
        yield visitor


@pytest.fixture(scope="session")
def vendor(server: worlds.Server) -> Iterator[httpx.Client]:
    """A partner."""
    with server.visitor("vendor/push") as visitor:
        yield visitor


@pytest.fixture(scope="session")
def anonymous(server: worlds.Server) -> Iterator[httpx.Client]:
    """Nobody in particular."""
    with server.visitor() as visitor:
        yield visitor
