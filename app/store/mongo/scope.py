"""What a write in progress works with: the database, its session, the clock, and the counters of the collections that it holds."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pymongo import ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession

from app.errors import StoreUnavailable
from app.store.dates import Dating, TrustedClock
from app.store.mongo.clock import DatabaseClock
from app.store.mongo.documents import EPOCH, CounterDocument, Documents, counter_of
from app.store.mongo.stamps import Stamps
from app.store.mongo.turns import Turn

_HOLD: Final[list[dict[str, Any]]] = [{"$set": {"turn": {"$add": ["$turn", 1]}, "at": "$$NOW"}}]


@dataclass(slots=True)
class Counters:
    """The counters of one collection as this write leaves them."""

    labels: int = 0
    newest: int = 0
    held: int = 0
    number: int = 0
    seal: bytes = b""

    def changes_from(self, other: "Counters") -> dict[str, int | bytes]:
        """What differs."""
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) != getattr(other, name)}

    def copy(self) -> "Counters":
        """The same values."""
        return Counters(self.labels, self.newest, self.held, self.number, self.seal)


@dataclass(slots=True)
class Scope:
    """One attempt of a write, from its first statement to its end. `database_clock` is there if the database's own clock is the one that counts.

    With `only_reads` nothing is written and nobody kept away.
    """

    documents: Documents
    session: AsyncClientSession
    clock: TrustedClock
    dating: Dating
    turn: Turn
    database_clock: DatabaseClock | None
    stamps: Stamps = field(default_factory=Stamps)
    dated: float | None = None
    """When the first date was given, by the monotonic clock."""
    is_over: bool = False
    only_reads: bool = False
    _counters: dict[str, Counters] = field(default_factory=dict[str, Counters])
    _before: dict[str, Counters] = field(default_factory=dict[str, Counters])

    def require_open(self) -> None:
        """Raises StoreUnavailable once the write ended: nothing may be written outside of it then."""
        if self.is_over:
            raise StoreUnavailable("the transaction is over")

    async def hold(self, name: str) -> Counters:
        """Keep all other writers away from a collection, until the end; its counters, to be changed in place.

        Whoever wrote there since the snapshot of this write was taken, or does now, makes it fail here, and be run again. What only reads holds
        nothing, and is told no counters.
        """
        if self.only_reads:
            return Counters()
        if name not in self._counters:
            await self.turn.take(name)
            found = await self._hold(name)
            self._counters[name] = Counters(found["labels"], found["newest"], found["held"], found["number"], found["seal"])
            self._before[name] = self._counters[name].copy()
        return self._counters[name]

    @property
    def seconds_dated(self) -> float:
        """For how long the write has had dates."""
        return 0.0 if self.dated is None else time.monotonic() - self.dated

    def made_label(self, name: str, number: int) -> bool:
        """Whether this write gave the label its number."""
        return name in self._before and number > self._before[name].labels

    def later_session(self) -> AsyncClientSession:
        """A session outside of the transaction, which waits until a majority has all that the transaction has read."""
        later = self.session.client.start_session(causal_consistency=True)
        if self.session.cluster_time is not None and self.session.operation_time is not None:
            later.advance_cluster_time(self.session.cluster_time)
            later.advance_operation_time(self.session.operation_time)
        return later

    async def settle(self) -> None:
        """Write the counters that changed."""
        for name, counters in self._counters.items():
            changes = counters.changes_from(self._before[name])
            if changes:
                await self.documents.counters.update_one({"_id": counter_of(name)}, {"$set": changes}, session=self.session)

    async def _hold(self, name: str) -> CounterDocument:
        counters, which = self.documents.counters, {"_id": counter_of(name)}
        asked = 0.0 if self.database_clock is None else self.database_clock.monotonic()
        found = await counters.find_one_and_update(which, _HOLD, return_document=ReturnDocument.AFTER, session=self.session)
        if found is None:
            return await self._begin(name)
        self._set_clock(found.get("at"), asked)
        return found

    async def _begin(self, name: str) -> CounterDocument:
        """The first write to a collection meets a reload as any other: both write the epoch then."""
        new = CounterDocument(_id=counter_of(name), name=name, turn=1, labels=0, newest=0, held=0, number=0, seal=b"")
        await self.documents.counters.insert_one(new, session=self.session)
        await self.documents.totals.update_one({"_id": EPOCH}, {"$inc": {"collections": 1}}, session=self.session)
        return new

    def _set_clock(self, shown: datetime | None, asked: float) -> None:
        if self.database_clock is not None and shown is not None:
            self.database_clock.set(shown, asked)
