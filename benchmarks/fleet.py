"""Servers over one store, as operators run them: some are killed on the way, and come back on the ports where their clients look for them."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.bootstrap import Settings, build_exchange, open_store
from app.configuration import model_folder, read_alliance
from app.sharing import administer
from benchmarks.client import Answer, Connection
from benchmarks.processes import PATIENCE, ROOT, free_port

PLENTY: Final = ("--requests-per-second", "1000000", "--writes-per-second", "1000000")
"""Quotas that nobody reaches."""


class Lost(Exception):
    """The connection broke before the answer was there: whether the server did what was asked is not known."""


def prepare(store: str, cast: Iterable[str]) -> dict[str, str]:
    """Put the model alliance in force in a fresh store; a token for each client of the cast."""
    return asyncio.run(_prepare(store, cast))


async def _prepare(url: str, cast: Iterable[str]) -> dict[str, str]:
    store = await open_store(url)
    try:
        exchange = build_exchange(store, Settings(store=url))
        await administer.adopt(exchange, read_alliance(model_folder()))
        return {client: (await administer.issue_token(exchange, client, None)).token for client in cast}
    finally:
        await store.close()


@dataclass
class Member:
    """One `legation serve` with its workers, on a port of its own."""

    command: Sequence[str]
    port: int
    log: Path
    process: "subprocess.Popen[str] | None" = None
    up: threading.Event = field(default_factory=threading.Event)
    starts: list[float] = field(default_factory=list)
    """Seconds from each start to the line that says that it answers."""

    def start(self) -> None:
        """Start it, and wait until it answers. Raises ChildProcessError."""
        began = time.perf_counter()
        process = self._open()
        assert process.stdout is not None  # noqa: S101 # a pipe was asked for
        impatience = threading.Timer(PATIENCE, process.kill)
        impatience.start()
        try:
            line = process.stdout.readline()
        finally:
            impatience.cancel()
        if not line.startswith("Legation serves"):
            raise ChildProcessError(f"the server does not start: {self.log.read_text(errors='replace')[-600:]}")
        self.starts.append(time.perf_counter() - began)
        self.up.set()

    def stumble(self, seconds: float) -> None:
        """Start it, and kill it that much later, however far it got."""
        self._open()
        self.runs_for(seconds)
        self.kill()

    def runs_for(self, seconds: float) -> bool:
        """Whether it still runs that much later."""
        assert self.process is not None  # noqa: S101 # who asks has started it
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def _open(self) -> "subprocess.Popen[str]":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True, env=_environment()
            )
        return self.process

    def workers(self) -> list[int]:
        """The processes that it started."""
        assert self.process is not None  # noqa: S101 # who asks has started it
        return [int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]

    def kill(self) -> None:
        """End it with all its workers at once, as a crash of the machine would. It stays down."""
        if self.process is not None:
            self.up.clear()
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            assert self.process.stdout is not None  # noqa: S101 # as above
            self.process.stdout.close()
            self.process = None

    def kill_worker(self, dice: random.Random) -> None:
        """End one worker; its supervisor starts another. Of a single worker it is the server that ends, and is started again."""
        workers = self.workers()
        if workers:
            os.kill(dice.choice(workers), signal.SIGKILL)
        else:
            self.kill()
            self.start()


@dataclass
class Fleet:
    """Servers over one store; `tokens` by client. `failures`: answers that no client should ever get."""

    store: str
    tokens: dict[str, str]
    members: list[Member]
    failures: list[str] = field(default_factory=list)
    given_up: threading.Event = field(default_factory=threading.Event)
    """Set when something went wrong for good: nobody waits for a server any more."""

    def give_up(self) -> None:
        """Whoever waits for a server waits no longer."""
        self.given_up.set()
        for each in self.members:
            each.up.set()

    def line(self, client: str, seed: int) -> "Line":
        """A connection of a client."""
        return Line(self, f"Bearer {self.tokens[client]}", random.Random(seed))


@contextmanager
def fleet(store: str, folder: Path, cast: Iterable[str], processes: int = 1, workers: int = 1) -> Iterator[Fleet]:
    """So many servers over a fresh store, running; none outlives the context."""
    tokens = prepare(store, cast)
    made = Fleet(store, tokens, [member(store, folder / f"server-{number}.log", workers) for number in range(processes)])
    try:
        for each in made.members:
            each.start()
        yield made
    finally:
        made.give_up()
        for each in made.members:
            each.kill()


def member(store: str, log: Path, workers: int = 1, *options: str) -> Member:
    """A server over a store, not yet started."""
    port = free_port()
    serve = (sys.executable, "-P", "-m", "app.cli", "serve", "--store", store, "--port", str(port), "--workers", str(workers))
    return Member((*serve, *PLENTY, "--log-level", "warning", *options), port, log)


def _environment() -> dict[str, str]:
    """What whoever measures has set for a server of his own must not reach these; they take the code that lies here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEGATION_")}
    return kept | {"PYTHONPATH": str(ROOT)}


class Line:
    """One client's connection: to any server that is up, and to another when that one goes away."""

    def __init__(self, fleet: Fleet, authorization: str, dice: random.Random) -> None:
        self.authorization = authorization
        self._fleet = fleet
        self._dice = dice
        self._member = dice.choice(fleet.members)
        self._connection = Connection(self._member.port)

    def ask_once(self, message: bytes) -> Answer:
        """The answer. Raises Lost; ValueError for what no client should ever get, which is noted; ConnectionAbortedError when all is given up."""
        if self._fleet.given_up.is_set():
            raise ConnectionAbortedError
        try:
            answer = self._connection.send(message)
        except OSError as error:
            self._connection.close()
            self._go_on_elsewhere()
            raise Lost from error
        if answer.status >= 500 or answer.status in {401, 429}:
            self._fleet.failures.append(f"{answer.status} for {message[:100]!r}: {answer.body[:200]!r}")
            raise ValueError(self._fleet.failures[-1])
        return answer

    def ask(self, message: bytes) -> Answer:
        """The same for what may be asked any number of times."""
        while True:
            try:
                return self.ask_once(message)
            except Lost:
                continue

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def _go_on_elsewhere(self) -> None:
        """Another server that is up; if none is, wait for the one that comes back first among those drawn."""
        up = [each for each in self._fleet.members if each.up.is_set()]
        self._member = self._dice.choice(up or self._fleet.members)
        self._member.up.wait(PATIENCE)
        self._connection = Connection(self._member.port)
