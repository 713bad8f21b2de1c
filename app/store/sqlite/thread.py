"""A thread of its own for a connection, so that neither waiting for a lock nor writing to the disk holds up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from app.errors import StoreUnavailable
from app.store.sqlite.connection import translated

P = ParamSpec("P")
T = TypeVar("T")


class SingleThread:
    """Runs one thing after the other, in the order asked for, also when who asked no longer waits."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._is_closed = False

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns. Raises StoreUnavailable after `close`, and for whatever makes the file unusable at the moment."""
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(_translating, work, *args, **kwargs))

    def close(self) -> None:
        """Let the thread end with what it was given last."""
        self._is_closed = True
        self._executor.shutdown(wait=False)


def _translating(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    with translated():
        return work(*args, **kwargs)
