"""Probes tell whether, never why."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import worlds
from worlds import World

from app.access.cedar import CedarJudge
from app.api import FaceSettings, create_app, health
from app.errors import StoreUnavailable
from app.sharing.exchange import Exchange, InForce
from app.store.dates import TrustedClock
from app.store.memory import MemoryStore


async def asked(exchange: Exchange, path: str) -> tuple[int, bytes]:
    transport = httpx.ASGITransport(create_app(exchange, FaceSettings("https://taxii.example.org")))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get(path)
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.content


class Broken(MemoryStore):
    """A store that does what a test says when it is asked for its epoch."""

    fault: Any = None

    async def epoch(self) -> int:
        """Fail, or take for ever."""
        if self.fault is not None:
            raise self.fault
        await asyncio.Event().wait()
        return 0


async def world_over(store: MemoryStore) -> Exchange:
    whole = await worlds.memory_world()
    return replace(whole.exchange, store=store, force=InForce(store, CedarJudge))


async def test_alive_and_ready() -> None:
    world: World = await worlds.memory_world()
    assert await asked(world.exchange, "/healthz") == (200, b'{"status":"alive"}')
    assert await asked(world.exchange, "/readyz") == (200, b'{"status":"ready"}')


async def test_not_ready_without_an_alliance() -> None:
    exchange = await world_over(MemoryStore(TrustedClock(worlds.system_clock)))
    assert await asked(exchange, "/readyz") == (503, b'{"status":"not ready"}')
    assert (await asked(exchange, "/healthz"))[0] == 200


async def test_not_ready_while_the_store_fails_or_stands_still(monkeypatch: Any) -> None:
    store = Broken(TrustedClock(worlds.system_clock))
    exchange = await world_over(store)
    store.fault = StoreUnavailable("the reason")
    assert await asked(exchange, "/readyz") == (503, b'{"status":"not ready"}')
    store.fault = None
    monkeypatch.setattr(health, "PATIENCE", 0.01)
    assert await asked(exchange, "/readyz") == (503, b'{"status":"not ready"}')
