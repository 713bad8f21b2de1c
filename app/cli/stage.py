"""Where the demonstration is played: a fresh private store with the model alliance in force, tokens for its cast, and the real server beside it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Final, NoReturn

from app.bootstrap import DEFAULT_PORT, SQLITE
from app.cli.session import do
from app.configuration import model_folder, read_alliance
from app.errors import StoreUnavailable
from app.sharing import administer
from app.sharing.exchange import Exchange

PATIENCE: Final = 40
"""Seconds that the server gets to finish when the demonstration ends."""
_SAYS: Final = "Legation serves "


@dataclass(frozen=True, slots=True)
class Stage:
    """The running server: where it answers, its store, and the tokens of the cast by client."""

    url: str
    store: str
    tokens: dict[str, str]
    server: subprocess.Popen[bytes]


@contextmanager
def stage(cast: Iterable[str], port: int | None) -> Generator[Stage]:
    """A stage that is gone when the context ends, with all that was on it. `port` None: the usual one if it is free, else any."""
    with _ending_cleanly(), tempfile.TemporaryDirectory(prefix="legation-demo-") as folder:
        store = f"{SQLITE}{Path(folder) / 'private' / 'legation.sqlite'}"
        do(store, lambda exchange: administer.adopt(exchange, read_alliance(model_folder())), create=True)
        tokens = do(store, lambda exchange: _issue(exchange, cast))
        with _server(store, _free(DEFAULT_PORT) if port is None else port) as (server, url):
            yield Stage(url, store, tokens, server)


@contextmanager
def _ending_cleanly() -> Generator[None]:
    """A wish to end (SIGTERM) clears the stage like Ctrl-C does."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(0)

    former = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


async def _issue(exchange: Exchange, cast: Iterable[str]) -> dict[str, str]:
    return {client: (await administer.issue_token(exchange, client, None)).token for client in cast}


@contextmanager
def _server(store: str, port: int) -> Generator[tuple[subprocess.Popen[bytes], str]]:
    command = (
        sys.executable,
        "-P",
        "-m",
        "app.cli",
        "serve",
        "--store",
        store,
        "--port",
        str(port),
        "--log-level",
        "warning",
        "--log-format",
        "text",
    )
    # What the operator has set for a server of his own must not reach this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEGATION_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as server:  # noqa: S603 # our own command
        try:
            yield server, _url(server.stdout)
        finally:
            server.terminate()
            try:
                server.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                server.kill()


def _url(output: IO[bytes] | None) -> str:
    line = "" if output is None else output.readline().decode()
    if not line.startswith(_SAYS):
        msg = "the server did not start; its reason stands above"
        raise StoreUnavailable(msg)
    return line.removeprefix(_SAYS).strip().removesuffix("/taxii2/")


def _free(port: int) -> int:
    """The port if nobody has it, else 0 for any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port
