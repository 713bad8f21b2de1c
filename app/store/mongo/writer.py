"""Writes: one attempt after the other, until one is committed in time, or the store gives up.

* A write that met another's is run again, after a short pause if the other is another process's. So is one that lost the primary before its commit.
  Whoever meets others looks for processes that died in the midst of a write, and ends what they left.
* A commit whose answer was lost is asked for again until it is known: the database does it once.
* Dates that the clock overtakes before the commit roll back; those that it overtakes while the commit is under way are given anew before anybody is told.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError, PyMongoError

from app.errors import StoreUnavailable
from app.store.contract import Transaction
from app.store.dates import ATTEMPTS, Dating, TrustedClock
from app.store.mongo.clock import DatabaseClock
from app.store.mongo.connection import TRANSACTION, TRANSIENT, UNKNOWN_RESULT, Client, translated
from app.store.mongo.documents import Documents
from app.store.mongo.pace import Pace, attempt_for
from app.store.mongo.presence import Presence
from app.store.mongo.renewal import renew
from app.store.mongo.scope import Scope
from app.store.mongo.transaction import MongoTransaction
from app.store.mongo.turns import Busy, Turn, Turns

T = TypeVar("T")

COMMIT_RESERVE: Final = 100_000
"""µs that must be left before the first date when the commit begins: its rows can be read only once a majority has it in its journals."""
PATIENCE: Final = 30.0
"""Seconds for which a write meets others and is run again: the largest envelope takes a few."""
SHORTEST_PAUSE: Final = 0.005
LONGEST_PAUSE: Final = 0.2


class _Late(Exception):
    """The clock came too near to the first date."""


class Patience:
    """How long one write goes on trying."""

    def __init__(self) -> None:
        self._until = time.monotonic() + PATIENCE
        self._pause = SHORTEST_PAUSE

    @property
    def is_left(self) -> bool:
        """Whether it is too early to give up."""
        return time.monotonic() < self._until

    async def pause(self) -> None:
        """Wait a moment, longer each time, and not in step with others."""
        await asyncio.sleep(self._pause * (0.5 + random.random()))  # noqa: S311 # no secret
        self._pause = min(2 * self._pause, LONGEST_PAUSE)


class Writer:
    """Runs the writes of one process."""

    def __init__(self, client: Client, documents: Documents, clock: TrustedClock, database_clock: DatabaseClock | None) -> None:
        self._client = client
        self._documents = documents
        self._clock = clock
        self._database_clock = database_clock
        self._turns = Turns()
        self._pace = Pace()
        self._presence = Presence(client, documents)
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_closed = False

    async def run(self, work: Callable[[Transaction], Awaitable[T]], weight: int) -> T:
        """What `work` returns, once it is committed. Raises StoreUnavailable, and whatever `work` raises."""
        return await self.run_in_scope(lambda scope: work(MongoTransaction(scope)), weight)

    async def run_in_scope(self, work: Callable[[Scope], Awaitable[T]], weight: int) -> T:
        """The same for what knows documents."""
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        self._running += 1
        self._idle.clear()
        try:
            return await self._run(work, weight, self._pace.first_attempt)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def examine(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """What `work` returns, which only reads: in the snapshot of a transaction that holds nothing and ends without a commit.

        Run again while the database cannot go on with it. Raises StoreUnavailable, and whatever `work` raises.
        """
        patience = Patience()
        while True:
            scope = self._scope(Dating(self._clock, 1, 0), Turn(self._turns))
            scope.only_reads = True
            try:
                async with scope.session:
                    await scope.session.start_transaction()
                    return await work(MongoTransaction(scope))
            except PyMongoError as error:
                if not (error.has_error_label(TRANSIENT) and patience.is_left):
                    with translated():
                        raise
                await patience.pause()
            finally:
                scope.is_over = True

    async def close(self) -> None:
        """Take no more writes, wait for those that run, and say that nobody has to wait for this process."""
        self._is_closed = True
        await self._idle.wait()
        await self._presence.close()

    async def _run(self, work: Callable[[Scope], Awaitable[T]], weight: int, late: int) -> T:
        patience = Patience()
        wanted: set[str] = set()
        while late < ATTEMPTS:
            async with self._turns.of(wanted) as turn:
                scope = self._scope(Dating(self._clock, weight, late), turn)
                try:
                    result = await _attempt(work, scope, patience, self._presence)
                    break
                except Busy as busy:
                    wanted.add(busy.name)
                except _Late:
                    late = max(late + 1, attempt_for(scope.seconds_dated, weight))
                except PyMongoError as error:
                    if not (_may_be_run_again(error) and patience.is_left):
                        with translated():
                            raise
                    await self._presence.end_the_dead()
                    await patience.pause()
                finally:
                    self._pace.took(scope.seconds_dated, weight)
                wanted |= turn.held
        else:
            raise StoreUnavailable("the store is too slow to date what it is sent; look at its database, or send less at once")
        if scope.stamps.rows and not scope.dating.is_in_time():
            await self._run(lambda later: renew(later, scope.stamps), weight, late + 1)
        return result

    def _scope(self, dating: Dating, turn: Turn) -> Scope:
        session = self._client.start_session(default_transaction_options=TRANSACTION)
        return Scope(self._documents, session, self._clock, dating, turn, self._database_clock)


async def _attempt(work: Callable[[Scope], Awaitable[T]], scope: Scope, patience: Patience, presence: Presence) -> T:
    """What `work` returns, committed; or nothing is kept."""
    try:
        await presence.show(scope.session)
        await scope.session.start_transaction()
        result = await work(scope)
        await scope.settle()
        if not scope.dating.is_in_time(COMMIT_RESERVE):
            raise _Late
        await _commit(scope.session, patience)
    finally:
        scope.is_over = True
        await asyncio.shield(scope.session.end_session())  # rolls back what was not committed, also if who asked went away
    return result


async def _commit(session: AsyncClientSession, patience: Patience) -> None:
    while True:
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label(UNKNOWN_RESULT):
                raise
            if not patience.is_left:
                raise StoreUnavailable("the database did not say whether it kept the write; send it again") from error
            await patience.pause()
        else:
            return


def _may_be_run_again(error: PyMongoError) -> bool:
    """Whether nothing of the attempt was kept. Two that begin the same document at once may also be told so."""
    return error.has_error_label(TRANSIENT) or isinstance(error, DuplicateKeyError)
