"""A deed from the command line: the store is opened, the deed is done under the same rules as over HTTP, the store is closed."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from pydantic import ValidationError

from app.bootstrap import LIMITS, MEMORY, Settings, build_exchange, open_store, variable
from app.errors import ConfigurationError, NotFound, Unauthenticated, quoted
from app.sharing.exchange import Exchange

T = TypeVar("T")


def do(store: str, deed: Callable[[Exchange], Awaitable[T]], *, create: bool = False) -> T:
    """What the deed returns. `create`: the store may be made for it. Raises SharingError."""
    refuse_memory(store)
    return asyncio.run(_do(store, deed, create))


@contextmanager
def naming(client: str | None, path: str) -> Generator[None]:
    """Says of what is not there which client and which collection were meant: whoever sits at the machine typed both. None: he asked himself."""
    try:
        yield
    except NotFound as error:
        whose = "" if client is None else f", for {client or 'the public'}"
        raise NotFound(f"there is no such thing in {quoted(path)}, or no such collection{whose}") from error
    except Unauthenticated as error:
        remedy = _unknown(client) if client else f"the public does not read {quoted(path)}"
        raise Unauthenticated(remedy) from error


@contextmanager
def knowing(client: str | None, absent: str = "") -> Generator[None]:
    """Says which client the alliance does not have, where no collection was named; `absent` is said of what does not exist for him."""
    try:
        yield
    except NotFound as error:
        raise NotFound(absent or str(error)) from error
    except Unauthenticated as error:
        raise Unauthenticated(_unknown(client or "")) from error


def _unknown(client: str) -> str:
    return f"the alliance in force has no client {quoted(client)}"


def refuse_memory(store: str) -> None:
    """A store in memory dies with its process: a deed there would be lost, and no server would hear of it. Raises ConfigurationError."""
    if store == MEMORY:
        raise ConfigurationError(
            ["`memory:` lives in one process alone, so a deed beside the server needs a store that both can open, such as `sqlite:///PATH`"]
        )


async def _do(url: str, deed: Callable[[Exchange], Awaitable[T]], create: bool) -> T:  # noqa: FBT001 # as given
    settings = _settings(url)
    store = await open_store(url, create=create)
    try:
        return await deed(build_exchange(store, settings))
    finally:
        await store.close()


def _settings(url: str) -> Settings:
    """The limits that the environment sets hold here as in the server; this is one process, whatever the number of workers."""
    variables = {name: os.environ.get(variable(name)) for name in LIMITS}
    try:
        return Settings.model_validate({"store": url, **{name: value for name, value in variables.items() if value is not None}})
    except ValidationError as error:
        problems = [f"{variable(str(each['loc'][0]))}: {each['msg']}, not {quoted(each['input'])}" for each in error.errors()]
        raise ConfigurationError(problems) from error
