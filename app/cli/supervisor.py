"""Several workers on one socket, watched over: one that dies is replaced, a stop reaches all of them, and none outlives the supervisor.

The socket stays open here while workers come and go, so that connections wait instead of being refused. A worker that cannot even start the first time
ends the whole: it would fail the same way again. One that dies later is replaced after a pause that grows while it keeps dying.
"""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import socket
from typing import Final

from app.api.logs import logger
from app.api.metrics import Exposition, shared_folder, sum_of_workers
from app.bootstrap import Settings
from app.cli.addresses import metrics_address
from app.cli.worker import GRACE, READY, SIGNALS
from app.errors import StoreUnavailable

MARGIN: Final = 10
"""Seconds beyond their own grace after which workers are killed."""
PAUSES: Final = (0.0, 0.2, 1.0, 5.0, 10.0)
"""Seconds before a worker is replaced, by how often it died shortly after its start."""
STEADY: Final = 30.0
"""Seconds after which a worker counts as having run well."""


@dataclass(slots=True)
class Supervisor:
    """Keeps `settings.workers` processes alive. `announce` is called once, when all of them answer."""

    settings: Settings
    listener: socket
    announce: Callable[[], None]
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _alive: set[Process] = field(default_factory=set[Process])
    _waiting: int = 0
    _failed: bool = False

    async def run(self) -> None:
        """Serve until told to stop. Raises StoreUnavailable if a worker cannot start."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._stop.set)
        self._waiting = self.settings.workers
        slots = [asyncio.create_task(self._keep()) for _ in range(self.settings.workers)]
        await self._stop.wait()
        await self._end()
        await asyncio.gather(*slots)
        if self._failed:
            msg = "a worker could not start; its reason stands above"
            raise StoreUnavailable(msg)

    async def _keep(self) -> None:
        """One place among the workers: whoever holds it is replaced when it dies."""
        loop = asyncio.get_running_loop()
        deaths, has_run = 0, False
        while not self._stop.is_set():
            began = loop.time()
            process, answers = await self._start()
            if answers and not has_run:
                has_run = True
                self._count()
            code = await process.wait()
            self._alive.discard(process)
            if self._stop.is_set():
                return
            if not has_run:
                self._failed = True
                self._stop.set()
                return
            deaths = 0 if loop.time() - began > STEADY else deaths + 1
            logger("legation.supervisor").warning("worker_died", code=code, deaths=deaths)
            await self._pause(PAUSES[min(deaths, len(PAUSES)) - 1] if deaths else 0)

    async def _start(self) -> tuple[Process, bool]:
        """A new worker, and whether it came so far as to answer requests."""
        reader, writer = os.pipe()
        command = (sys.executable, "-P", "-m", "app.cli.worker", str(self.listener.fileno()), str(writer))
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, pass_fds=(self.listener.fileno(), writer))
        os.close(writer)
        self._alive.add(process)
        if self._stop.is_set():
            process.terminate()
        stdin = process.stdin
        assert stdin is not None  # noqa: S101 # a pipe was asked for
        stdin.write(self.settings.model_dump_json().encode() + b"\n")
        return process, await _said(reader) == READY

    def _count(self) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            self.announce()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return

    async def _end(self) -> None:
        """Ask all workers to finish; kill those that do not."""
        ending = set(self._alive)
        for process in ending:
            process.terminate()
        try:
            async with asyncio.timeout(GRACE + MARGIN):
                await asyncio.gather(*(process.wait() for process in ending))
        except TimeoutError:
            for process in self._alive:
                process.kill()


async def _said(descriptor: int) -> bytes:
    """What comes out of a pipe until its other end is closed."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    with os.fdopen(descriptor, "rb") as pipe:
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            return await reader.read()
        finally:
            transport.close()


async def supervise(settings: Settings, listener: socket, announce: Callable[[], None]) -> None:
    """Serve with several workers until told to stop. Raises StoreUnavailable, ConfigurationError."""
    if settings.metrics is None:
        await Supervisor(settings, listener, announce).run()
        return
    with shared_folder() as folder:
        exposition = Exposition(*metrics_address(settings.metrics), sum_of_workers(folder))
        try:
            await Supervisor(settings, listener, announce).run()
        finally:
            await asyncio.to_thread(exposition.close)
