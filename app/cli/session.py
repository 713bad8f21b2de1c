"""A deed from the command line: the store is opened, the deed is done under the same rules as over HTTP, the store is closed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.bootstrap import MEMORY, Settings, build_exchange, open_store
from app.errors import ConfigurationError
from app.sharing.exchange import Exchange

T = TypeVar("T")


def do(store: str, deed: Callable[[Exchange], Awaitable[T]], *, create: bool = False) -> T:
    """What the deed returns. `create`: the store may be made for it. Raises SharingError."""
    refuse_memory(store)
    return asyncio.run(_do(store, deed, create))


def refuse_memory(store: str) -> None:
    """A store in memory dies with its process: a deed there would be lost, and no server would hear of it. Raises ConfigurationError."""
    if store == MEMORY:
        raise ConfigurationError(
            ["`memory:` lives in one process alone, so a deed beside the server needs a store that both can open: `sqlite:///PATH`"]
        )


async def _do(url: str, deed: Callable[[Exchange], Awaitable[T]], create: bool) -> T:  # noqa: FBT001 # as given
    store = await open_store(url, create=create)
    try:
        return await deed(build_exchange(store, Settings(store=url)))
    finally:
        await store.close()
