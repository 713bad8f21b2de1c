"""What falls due is done beside the requests: the scheduler in a worker, from its first request to its last."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from secrets import token_hex

from app.api.logs import logger
from app.bootstrap import Settings
from app.cli.checkpointing import checkpoints_of
from app.sharing.exchange import Exchange
from app.sharing.schedule import Scheduler, duties


@asynccontextmanager
async def duties_done(exchange: Exchange, settings: Settings) -> AsyncGenerator[None]:
    """Whatever falls due meanwhile is done, by this worker or by another on the same store; the deed under way is finished at the end."""
    stop = asyncio.Event()
    holder = f"{os.getpid()}-{token_hex(8)}"
    todo = duties(exchange, timedelta(days=settings.purge_after))
    checkpoints = checkpoints_of(settings)
    if checkpoints is not None:
        todo += (partial(checkpoints.keep, exchange),)
    scheduler = Scheduler(exchange, todo, holder, _tell)
    running = asyncio.create_task(scheduler.run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


def _tell(error: Exception) -> None:
    logger("legation.scheduler").warning("duties_put_off", exc_info=error)
