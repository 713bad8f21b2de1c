"""A thread of its own for a connection, so that neither waiting for a lock nor writing to the disk holds up the event loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import ParamSpec, TypeVar, cast

from app.errors import StoreUnavailable
from app.store.sqlite.connection import translated

P = ParamSpec("P")
T = TypeVar("T")

_Task = tuple[Callable[[], object], "asyncio.Future[object]", asyncio.AbstractEventLoop]


class SingleThread:
    """Runs one thing after the other, in the order asked for, also when who asked no longer waits.

    No executor: each page with objects goes through such a thread, and the executor's futures, locks and callbacks cost twice the rest of the way.
    """

    def __init__(self, name: str) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._is_closed = False
        Thread(target=_work, args=(self._tasks,), name=name, daemon=True).start()

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns. Raises StoreUnavailable after `close`, and for whatever makes the file unusable at the moment."""
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[object] = loop.create_future()
        self._tasks.put((partial(work, *args, **kwargs), done, loop))
        return cast("T", await done)

    def close(self) -> None:
        """Let the thread end with what it was given last."""
        self._is_closed = True
        self._tasks.put(None)


def _work(tasks: "SimpleQueue[_Task | None]") -> None:
    while (task := tasks.get()) is not None:
        _do(*task)
        del task  # a page is let go of when it was sent, not when the next thing comes


def _do(work: Callable[[], object], done: "asyncio.Future[object]", loop: asyncio.AbstractEventLoop) -> None:
    try:
        with translated():
            settle = partial(_finish, done, work())
    except BaseException as error:  # noqa: BLE001 # told to who waits
        settle = partial(_fail, done, error)
    with suppress(RuntimeError):  # the loop was closed: nobody waits
        loop.call_soon_threadsafe(settle)


def _finish(done: "asyncio.Future[object]", result: object) -> None:
    """Tell who asked, unless he went away."""
    if not done.done():
        done.set_result(result)


def _fail(done: "asyncio.Future[object]", error: BaseException) -> None:
    """The same of a failure."""
    if not done.done():
        done.set_exception(error)
