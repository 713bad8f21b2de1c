"""The scheduler: one among all workers and processes on a store does what falls due, and is followed by another when it ends.

Which one is said by a lease in the store. It is renewed with every look and given back at the end; if its holder dies, it runs out. Duties are harmless when
two do them: each is a transaction that finds done what was done. Nothing is remembered between looks, so that whatever fell due while nobody looked is
found by the next look.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from app.clock import to_micros
from app.errors import StoreUnavailable
from app.sharing.due import Round
from app.sharing.exchange import Exchange
from app.sharing.hold import lift_due
from app.sharing.journal import run_jobs
from app.sharing.publish import publish
from app.sharing.retain import purge
from app.store.contract import Transaction

LEASE_NAME: Final = "scheduler"
LEASE: Final = timedelta(minutes=3)
"""Several looks: a holder that is merely slow keeps it."""
LONGEST_PAUSE: Final = timedelta(minutes=1)
"""Between two looks: so late at most is noticed what another process brought that falls due, or that the holder died."""
SHORTEST_PAUSE: Final = 0.05
"""Seconds: a timer may go off a little before the clock says so."""

Duty = Callable[[], Awaitable[Round]]


def duties(exchange: Exchange, purge_after: timedelta) -> tuple[Duty, ...]:
    """What is to be done when it falls due, one transaction at a time; last, what the others leave. `purge_after`: the grace past retention."""
    return partial(lift_due, exchange), partial(publish, exchange), partial(purge, exchange, purge_after), partial(run_jobs, exchange)


class Scheduler:
    """Looks for what is due. `holder` names it among all others, `tell` hears what went wrong; the next look tries again."""

    def __init__(self, exchange: Exchange, todo: Sequence[Duty], holder: str, tell: Callable[[Exception], None]) -> None:
        self._exchange = exchange
        self._duties = todo
        self._holder = holder
        self._tell = tell

    async def run(self, stop: asyncio.Event) -> None:
        """Look whenever something falls due, until `stop`; the transaction under way is finished. Raises nothing."""
        while not stop.is_set():
            due = await self._look_again_at()
            pause = (due - self._exchange.clock()).total_seconds()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(pause, SHORTEST_PAUSE)):
                    await stop.wait()
        with suppress(StoreUnavailable):
            await self._lease(timedelta(0))

    async def look(self) -> datetime:
        """Do whatever is due, unless another scheduler holds the lease; returns when to look again. Raises StoreUnavailable."""
        ahead = [self._exchange.clock() + LONGEST_PAUSE]
        for duty in self._duties:
            round_ = Round(0, more=True)
            while round_.more:
                if not await self._lease(LEASE):
                    return ahead[0]
                round_ = await duty()
            ahead += [] if round_.next is None else [round_.next]
        return min(ahead)

    async def _look_again_at(self) -> datetime:
        began = self._exchange.clock()
        try:
            return await self.look()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is told, and must not end the duties of a server that goes on
            self._tell(error)
            return began + LONGEST_PAUSE

    async def _lease(self, span: timedelta) -> bool:
        until = to_micros(self._exchange.clock() + span)

        async def work(tx: Transaction) -> bool:
            return await tx.lease(LEASE_NAME, self._holder, until)

        return await self._exchange.store.transact(work)
