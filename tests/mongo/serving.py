"""A MongoDB server for the tests: the one that LEGATION_TEST_MONGODB_URL names, else SecantusDB, started here as a process of its own (README.md)."""

import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import OperationFailure

SERVER = Path(__file__).parents[2] / ".venv-mongo" / "bin" / "secantusd-py"
NAMED = "LEGATION_TEST_MONGODB_URL"
PATIENCE = 60
"""Seconds for a start."""
LISTENING = re.compile(r"listening on (\S+:\d+)")


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server without a database's name; one that was started for it ends with it."""
    if NAMED in os.environ:
        yield os.environ[NAMED]
        return
    if not SERVER.exists():
        pytest.skip(f"no MongoDB server: `make setup-dev` installs one, or name one with {NAMED}")
    with TemporaryDirectory(prefix="legation-mongo-") as folder, started(Path(folder)) as server:
        yield f"mongodb://{address_of(server)}/"


@contextmanager
def started(folder: Path, *options: str, port: int = 0) -> Iterator[subprocess.Popen[str]]:
    """SecantusDB over a folder; without a port, on one that is free. Told to fail on request, as MongoDB's own drivers are tested."""
    where = ["--host", "127.0.0.1", "--port", str(port), "--storage-path", str(folder), "--cache-size", "128M", "--enable-test-commands"]
    command = [str(SERVER), *where, *options]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            server.kill()  # what it acknowledged is kept all the same, and an orderly end takes seconds


def address_of(server: "subprocess.Popen[str]") -> str:
    """Host and port, once it listens."""
    assert server.stderr is not None
    impatience = Timer(PATIENCE, server.kill)
    impatience.start()
    lines = iter(server.stderr.readline, "")
    found = next((match for line in lines if (match := LISTENING.search(line))), None)
    impatience.cancel()
    assert found, "the database does not start"
    return found[1]


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The address of a database of its own on a server, gone afterwards."""
    name = f"legation-test-{uuid4().hex}"
    yield urlsplit(server)._replace(path=f"/{name}").geturl()
    with MongoClient[dict[str, object]](server) as client:
        client.drop_database(name)


@asynccontextmanager
async def failing(url: str, *commands: str, times: int = 1, **how: Any) -> AsyncIterator[None]:
    """The server fails the next of these commands. One that does not take such requests cannot be asked."""
    async with AsyncMongoClient(url) as client:
        data = {"failCommands": list(commands), **how}
        try:
            await client.admin.command("configureFailPoint", "failCommand", mode={"times": times}, data=data)
        except OperationFailure as error:
            pytest.skip(f"this server fails nothing on request: {error}")
        try:
            yield
        finally:
            await client.admin.command("configureFailPoint", "failCommand", mode="off")
