"""Probes for whoever runs the server: is the process alive, and can it answer. Nobody is asked who he is, and nothing is told but that."""

import asyncio

from app.api.message import JSON_TYPE, Call, Reply
from app.api.settings import FaceSettings
from app.errors import StoreError
from app.sharing.exchange import Exchange

PATIENCE = 2.0
"""Seconds; a store that takes longer is not ready."""


async def get_health(_: Exchange, __: FaceSettings, ___: Call) -> Reply:
    """The process answers."""
    return Reply(200, b'{"status":"alive"}', media_type=JSON_TYPE)


async def get_readiness(exchange: Exchange, _: FaceSettings, __: Call) -> Reply:
    """The store answers, and an alliance is in force."""
    try:
        async with asyncio.timeout(PATIENCE):
            await exchange.force.now()
    except (StoreError, TimeoutError):
        return Reply(503, b'{"status":"not ready"}', media_type=JSON_TYPE)
    return Reply(200, b'{"status":"ready"}', media_type=JSON_TYPE)
