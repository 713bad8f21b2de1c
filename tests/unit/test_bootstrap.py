"""The parts meet: stores by their address, limits by their settings, and signed tokens of the issuers in force."""

import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from mongo.serving import fresh_database

from app.api.metrics import Metrics
from app.bootstrap import (
    Settings,
    back_up_store,
    build_app,
    build_exchange,
    default_store,
    has_store,
    is_store_url,
    open_store,
    shown_store,
    store_path,
)
from app.configuration import model_folder, read_alliance
from app.errors import ConfigurationError
from app.sharing import administer
from app.store.memory import MemoryStore
from app.store.mongo.store import MongoStore
from app.store.sqlite import SqliteStore
from app.store.watched import WatchedStore

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////var/lib/x.sqlite", "/var/lib/x.sqlite"),
        ("sqlite:///x.sqlite", "x.sqlite"),
        ("memory:", None),
        ("mongodb://localhost/x", None),
    ],
)
def test_addresses_of_stores(url: str, path: str | None) -> None:
    assert is_store_url(url)
    assert store_path(url) == (None if path is None else Path(path))


@pytest.mark.parametrize("url", ["", "memory", "sqlite:", "sqlite:///", "mongodb://", "postgres://x", "/var/lib/x.sqlite"])
async def test_what_is_no_address_is_refused(url: str) -> None:
    assert not is_store_url(url)
    with pytest.raises(ConfigurationError, match="sqlite:///PATH"):
        await open_store(url)
    with pytest.raises(ValueError, match="sqlite:///PATH"):
        Settings(store=url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("memory:", "memory:"),
        ("sqlite:////var/lib/x.sqlite", "/var/lib/x.sqlite"),
        ("mongodb://u:s3cr3t@a,b/x?tls=true", "mongodb://a,b/x"),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, shown: str) -> None:
    assert shown_store(url) == shown
    assert "s3cr3t" not in repr(Settings(store=url))


async def test_what_is_wrong_with_an_address_is_said_without_its_secrets() -> None:
    with pytest.raises(ConfigurationError) as refused:
        await open_store("mongo://u:s3cr3t@a/x")
    assert "s3cr3t" not in str(refused.value)
    with pytest.raises(ConfigurationError, match=r"no file that could be copied; .*the database's own tools"):
        back_up_store("mongodb://u:s3cr3t@a/x", Path("copy"), lambda _done, _all: None)


async def test_a_database_is_opened_by_its_address(mongodb: str) -> None:
    with fresh_database(mongodb) as url:
        assert not await has_store(url)
        with pytest.raises(ConfigurationError, match="there is no store"):
            await open_store(url, create=False)
        store = await open_store(url)
        assert isinstance(store, MongoStore)
        assert await has_store(url)
        await store.close()


async def test_files_are_there_or_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.sqlite"
    assert not await has_store(url)
    await (await open_store(url)).close()
    assert await has_store(url)
    assert not await has_store("memory:")


@pytest.mark.parametrize(("state", "begins"), [("/srv/state", "sqlite:////srv/state/legation/"), (None, "sqlite:///")])
def test_the_usual_store_lies_with_its_user(monkeypatch: pytest.MonkeyPatch, state: str | None, begins: str) -> None:
    if state is None:
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_STATE_HOME", state)
    assert default_store().startswith(begins)
    assert default_store().endswith("/legation/legation.sqlite")


async def test_a_store_is_opened_and_made_private(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/x.sqlite"
    with pytest.raises(ConfigurationError, match="there is no store"):
        await open_store(url, create=False)
    store = await open_store(url)
    assert isinstance(store, SqliteStore)
    await store.close()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new/x.sqlite").stat().st_mode) == 0o600
    assert isinstance(await open_store("memory:"), MemoryStore)


async def test_quotas_are_divided_among_the_workers() -> None:
    store = await open_store("memory:")
    alone = build_exchange(store, Settings(requests_per_second=10, writes_per_second=100))
    one_of_five = build_exchange(store, Settings(requests_per_second=10, writes_per_second=100, workers=5))
    assert (alone.quotas.requests.rate, alone.quotas.writes.rate) == (10, 100)
    assert (one_of_five.quotas.requests.rate, one_of_five.quotas.writes.rate) == (2, 20)
    assert alone.quotas.requests.burst == 1000


async def test_waits_are_told_where_somebody_listens() -> None:
    store = await open_store("memory:")
    assert build_exchange(store, Settings()).store is store
    assert isinstance(build_exchange(store, Settings(), Metrics()).store, WatchedStore)


async def test_the_application_answers_and_asks_the_issuers_in_force(anyio_backend: str) -> None:
    settings = Settings(api_key_header="X-Key", trusted_proxies="192.0.2.1")
    exchange = build_exchange(await open_store("memory:"), settings)
    await administer.adopt(exchange, read_alliance(model_folder()))
    app = build_app(exchange, settings, "https://taxii.example.org", Metrics())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        assert (await client.get("/taxii2/")).json()["api_roots"] == ["https://taxii.example.org/public/"]
        stranger = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL25vd2hlcmUuZXhhbXBsZSJ9.AAAA"
        assert (await client.get("/taxii2/", headers={"X-Key": stranger})).status_code == 401


def test_who_opens_no_database_loads_no_driver() -> None:
    """A command would start a fifth later, and a worker hold some megabytes more."""
    code = "import sys, app.cli.commands; sys.exit('pymongo' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)
