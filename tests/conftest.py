"""Fixtures that several kinds of tests share; the world they stand on is in worlds.py."""

from collections.abc import Iterator

import httpx
import pytest
import worlds
from mongo.serving import serving
from stores import fresh_store

from app.bootstrap import open_store


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--every-store`: all conformance tests over all stores (`make conformance-all`)."""
    parser.addoption("--every-store", action="store_true", help="run the conformance tests over every store")


@pytest.fixture
def anyio_backend() -> str:
    """The loop that the server runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def mongodb() -> Iterator[str]:
    """A MongoDB server, without the name of a database."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[worlds.Server]:
    """One server for all tests; whoever writes takes a `collection` of his own. In memory, unless tests/conformance asks for another store."""
    with fresh_store(getattr(request, "param", "memory"), request, tmp_path_factory.mktemp("server")) as url:

        async def make() -> worlds.World:
            return await worlds.build(await open_store(url), pool=worlds.MANY)

        with worlds.serving(make) as running:
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
