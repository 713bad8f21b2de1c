"""What falls due: versions under labels whose moment has come, in every collection of the alliance. The common road of the scheduler's deeds.

Nothing is remembered between rounds: what is due follows from the labels alone, so that whatever fell due while no server ran is found by the next.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.audit.events import SERVER, Deed, Event
from app.clock import to_micros
from app.sharing.commit import Target, commit
from app.sharing.exchange import Exchange
from app.sharing.threads import Line
from app.sharing.view import read_threads
from app.stix.handling import HandlingLabel
from app.store.contract import Transaction

BATCH: Final = 500
"""Rows of one transaction: other writers wait some tens of milliseconds for it."""
NOBODY: Final = ""
"""For whom labels count that a duty makes: each stands for one that somebody made before."""


@dataclass(frozen=True, slots=True)
class Duty:
    """`when` the versions under a label fall due (None: never), what is done to each of them then, and as which event that goes on record."""

    when: Callable[[HandlingLabel], datetime | None]
    act: Callable[[Line], None]
    event: Event


@dataclass(frozen=True, slots=True)
class Round:
    """What one transaction of a duty did: to how many versions, whether more are due already, and when the next falls due."""

    done: int
    more: bool = False
    next: datetime | None = None


@dataclass(slots=True)
class _Progress:
    now: datetime
    limit: int
    done: int = 0
    ahead: list[datetime] = field(default_factory=list[datetime])

    @property
    def left(self) -> int:
        return max(0, self.limit - self.done)


async def attend(exchange: Exchange, duty: Duty, limit: int = BATCH) -> Round:
    """Do a duty to about `limit` versions, oldest date first, in one transaction. Raises StoreUnavailable."""
    collections = [collection.key for collection in (await exchange.force.now()).alliance.collections]

    async def work(tx: Transaction) -> Round:
        progress = _Progress(exchange.clock(), limit)
        for collection in collections:
            await _attend_to(exchange, tx, collection, duty, progress)
        return Round(progress.done, progress.left == 0, min(progress.ahead, default=None))

    return await exchange.store.transact(work, weight=limit)


async def _attend_to(exchange: Exchange, tx: Transaction, collection: str, duty: Duty, progress: _Progress) -> None:
    book = exchange.books.of(collection)
    await book.catch_up(tx, collection)
    moments = {number: moment for number, label in book.above(0) if (moment := duty.when(label)) is not None}
    progress.ahead += [moment for moment in moments.values() if moment > progress.now]
    due = [number for number, moment in moments.items() if moment <= progress.now]
    rows = await tx.under(collection, due, progress.left) if due and progress.left else ()
    if not rows:
        return
    threads = await read_threads(tx, collection, book, (row.object_id for row in rows))
    for thread in threads.values():
        progress.done += sum(_act(duty, line, progress.now) for line in thread.lines)
        thread.settle()
    target = Target(collection, NOBODY, book.draft(), await duty_deed(exchange, tx, duty.event))
    await commit(tx, target, threads.values())


async def duty_deed(exchange: Exchange, tx: Transaction, event: Event) -> Deed:
    """What the server does by itself, as it goes on record."""
    return Deed(event, SERVER, await tx.epoch(), to_micros(exchange.clock()))


def _act(duty: Duty, line: Line, now: datetime) -> bool:
    """Whether the version was due, and is done."""
    moment = None if line.deleted else duty.when(line.effective)
    if moment is None or moment > now:
        return False
    duty.act(line)
    return True
