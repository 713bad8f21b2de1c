"""The writer's view: what the organisation that writes can see of a collection, under the write lock.

Refusals, markings that count as known and pins of references all go by this view, so that no answer to a write depends on what is hidden from its sender.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.access.actions import Action
from app.access.clearance import extend
from app.sharing.assess import Known, definition_meaning
from app.sharing.door import Visit, require_epoch
from app.sharing.exchange import Exchange
from app.sharing.labels import LabelBook
from app.sharing.pinning import pins
from app.sharing.sight import kept
from app.sharing.threads import Line, Thread, thread_of
from app.sharing.turns import in_turns
from app.stix.objects import reopen
from app.store.contract import Transaction
from app.store.pins import Pin, are_seen


@dataclass(frozen=True, slots=True)
class View:
    """One collection in one transaction, as one organisation sees it."""

    visit: Visit
    book: LabelBook
    numbers: frozenset[int]
    """The label numbers that the visitor may read here; none if he only writes."""

    @property
    def collection(self) -> str:
        """The collection's id."""
        return self.visit.collection.key

    def sees(self, line: Line) -> bool:
        """Whether a stored version is the visitor's own, or one that he may read, down to what it refers to."""
        if line.contributor == self.visit.principal.organisation:
            return True
        return self._is_cleared(line) and are_seen(line.pins, self.numbers)

    def served(self, thread: Thread) -> list[Line]:
        """The versions under an id that the visitor is shown, ascending."""
        return thread.served(self.visit.principal.organisation, self.sees)

    def shown(self, thread: Thread) -> list[Line]:
        """The versions under an id that a read shows him: his organisation's, if he may see any of them or a tombstone of them; else as others are shown."""
        own = thread.contributions.get(self.visit.principal.organisation, [])
        if any(self._is_cleared(line) for line in own):
            return [line for line in own if not line.deleted and self._is_cleared(line)]
        return thread.served("", lambda line: self._is_cleared(line) and are_seen(line.pins, self.numbers))

    def _is_cleared(self, line: Line) -> bool:
        return line.stored is not None and line.stored.label in self.numbers

    async def threads(self, tx: Transaction, ids: Iterable[str]) -> dict[str, Thread]:
        """The threads under `ids`, empty ones included."""
        return await read_threads(tx, self.collection, self.book, ids)

    async def markings(self, tx: Transaction, threads: Mapping[str, Thread]) -> dict[str, Known]:
        """The stored marking definitions among `threads` that the visitor can read, and whose terms they carry."""
        newest = {identifier: lines[-1] for identifier, thread in threads.items() if (lines := self.served(thread))}
        rows = {identifier: line.stored.row for identifier, line in newest.items() if line.stored is not None}
        raws = await tx.raw(self.collection, list(rows.values())) if rows else dict[int, bytes]()
        known: dict[str, Known] = {}
        for identifier, row in rows.items():
            meaning = definition_meaning(self.visit.force.alliance, reopen(raws[row]).content)
            if meaning is not None:
                known[identifier] = Known(meaning, newest[identifier].own.originator)
        return known

    def pins(self, line: Line, threads: Mapping[str, Thread]) -> frozenset[Pin]:
        """What a version refers to, as the visitor is shown it."""
        return pins(line, threads, self.served, self.book)


async def look(exchange: Exchange, tx: Transaction, visit: Visit) -> View:
    """The view of a visit under the write lock. Raises EpochMoved if the alliance is no longer the one the visit was judged by."""
    await require_epoch(tx, visit.force)
    book = exchange.books.of(visit.collection.key)
    await book.catch_up(tx, visit.collection.key)
    if not visit.may(Action.READ):
        return View(visit, book.draft(), frozenset())
    before = kept(exchange, visit, Action.READ)
    clearance = await extend(visit.force.judge, visit.asks(Action.READ), book.above(before.mark), visit.now, before)
    exchange.clearances.put(visit.asks(Action.READ), clearance)
    return View(visit, book.draft(), clearance.numbers)


async def read_threads(tx: Transaction, collection: str, book: LabelBook, ids: Iterable[str]) -> dict[str, Thread]:
    """The threads of a collection under `ids`, empty ones included."""
    wanted = list(dict.fromkeys(ids))
    history = await tx.history(collection, wanted)
    known = await tx.pins(collection, [row.row for rows in history.values() for row in rows])
    threads: dict[str, Thread] = {}
    async for identifier in in_turns(wanted):
        thread = threads[identifier] = thread_of(identifier, history.get(identifier, ()), book.label)
        for line in thread.lines:
            line.pins = known.get(line.stored.row, frozenset()) if line.stored is not None else frozenset()
    return threads


async def current_threads(exchange: Exchange, tx: Transaction, collection: str, ids: Iterable[str]) -> dict[str, Thread]:
    """As `read_threads`, with the exchange's own book of the collection, brought up to date."""
    book = exchange.books.of(collection)
    await book.catch_up(tx, collection)
    return await read_threads(tx, collection, book, ids)
