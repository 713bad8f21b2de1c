"""Group commit: deliveries that arrive while others are being made durable wait for the next visit to the disk or the database, and share it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from app.audit.deliveries import Delivery

GATHERING: Final = 0.001
"""Seconds that a crowd waits for more: a visit to the disk costs a tenth of a millisecond of the processor, whoever shares it."""
_Waiting = tuple[Sequence[Delivery], "asyncio.Future[None]"]


async def _moment() -> None:
    await asyncio.sleep(GATHERING)


class Together:
    """Puts deliveries on record by `append`, one call after the other, in the order in which they came.

    Who comes when nothing is written calls it himself: if he is cancelled, so is his call. Those who come meanwhile are written by a task of their own. Its
    calls hold what waits, up to `most` deliveries (None: all of it); what one caller brought is never divided. If the last one held those of several,
    a `moment` passes before the next.
    """

    def __init__(
        self,
        append: Callable[[Sequence[Delivery]], Awaitable[None]],
        most: int | None = None,
        moment: Callable[[], Awaitable[None]] = _moment,
    ) -> None:
        self._append = append
        self._most = most
        self._moment = moment
        self._waiting: list[_Waiting] = []
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._writing: asyncio.Task[None] | None = None

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Return when they are on record. Raises whatever `append` raised of the call that held them."""
        if not deliveries:
            return
        if not self._at_rest.is_set():
            done = asyncio.get_running_loop().create_future()
            self._waiting.append((deliveries, done))
            await done
            return
        self._at_rest.clear()
        try:
            await self._append(deliveries)  # who reads alone makes no task, and is told at once
        finally:
            if self._waiting:
                self._writing = asyncio.create_task(self._write())  # kept, or it might be collected while it runs
            else:
                self._at_rest.set()

    async def finish(self) -> None:
        """Wait for what is being written."""
        await self._at_rest.wait()

    async def _write(self) -> None:
        together: list[_Waiting] = []
        is_crowd = False
        try:
            while self._waiting:
                if is_crowd:
                    await self._moment()
                together = self._next()
                is_crowd = len(together) > 1  # who reads alone does not wait
                failure: Exception | None = None
                try:
                    await self._append([each for deliveries, _ in together for each in deliveries])
                except Exception as error:  # noqa: BLE001 # told to whoever waits, and to nobody else
                    failure = error
                for _, done in together:
                    _settle(done, failure)
        finally:
            for _, done in (*together, *self._waiting):
                done.cancel()  # nothing to those who were told
            self._waiting, self._writing = [], None
            self._at_rest.set()

    def _next(self) -> list[_Waiting]:
        """Those whose turn it is; always somebody."""
        count, size = 0, 0
        for deliveries, _ in self._waiting:
            size += len(deliveries)
            if count and self._most is not None and size > self._most:
                break
            count += 1
        together, self._waiting = self._waiting[:count], self._waiting[count:]
        return together


def _settle(done: "asyncio.Future[None]", failure: Exception | None) -> None:
    """Tell one who waits, unless he went away."""
    if done.done():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
