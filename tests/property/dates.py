"""The dates of a stage: the one thing that what is hidden may move (DESIGN 2, promise 1, c).

`Dates` records those of one stage and feeds them to another. It checks that nothing but the clock was moved: rows that can be seen keep their order,
and the steps inside a run.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

from app.clock import timestamp
from app.sharing import commit
from app.sharing.threads import Line
from app.store.contract import Transaction

MILLISECOND: Final = 1_000


class Leak(AssertionError):
    """Something hidden showed."""


class RowKey(NamedTuple):
    """By what a row is known in both worlds: they have the same dates, so that observables have the same versions."""

    collection: str
    object_id: str
    contributor: str
    version: str


Dated = tuple[int, RowKey]
"""A row that gets a date, and in which step of the history; the version of an observable is empty while it arrives."""


@dataclass
class Dates:
    """Stands where a commit dates its rows. Without `recorded` dates of another stage it records; with them it feeds, and compares those of `seen`.

    A row may get several dates in one step: a hold is lifted, then a job after a job is done. Its last is what can be seen, its first may rank it.
    """

    recorded: dict[Dated, list[int]] = field(default_factory=dict[Dated, list[int]])
    seen: frozenset[tuple[RowKey, int]] = frozenset()
    is_feeding: bool = False
    step: int = 0
    leaks: list[str] = field(default_factory=list)
    _fed: Counter[Dated] = field(default_factory=Counter)
    _real: Any = field(default_factory=lambda: commit._date)

    async def __call__(self, tx: Transaction, target: commit.Target, lines: Sequence[Line], groups: Sequence[Sequence[Line]]) -> None:
        """Date the lines of a commit."""
        await self._real(tx, target, lines, groups)
        dated = {self._key(target.collection, line): line for line in lines if line.date}
        if not self.is_feeding:
            for key, line in dated.items():
                self.recorded.setdefault(key, []).append(line.date)
            return
        missing = [key for key in dated if key not in self.recorded]
        if missing:
            self.leaks.append(f"{missing[0]} got a date, which it did not get before")
            return
        self._compare([(line.date, self._next(key)) for key, line in dated.items() if len(self.recorded[key]) == 1 and self._is_seen(key)])
        for key, line in dated.items():
            line.date = self._next(key)
        self._fed.update(list(dated))

    def check(self) -> None:
        """Raises Leak if dates told more than the clock may."""
        if self.leaks:
            raise Leak(self.leaks[0])

    @property
    def is_unsure(self) -> bool:
        """Whether a row that can be seen got fewer dates in this step than in the other stage: which of them it was fed is a guess then."""
        return any(0 < count < len(self.recorded[key]) for key, count in self._fed.items() if key[0] == self.step and self._is_seen(key))

    def _next(self, key: Dated) -> int:
        dates = self.recorded[key]
        return dates[min(self._fed[key], len(dates) - 1)]

    def _key(self, collection: str, line: Line) -> Dated:
        object_id = line.arriving.id if line.arriving is not None else line.stored.object_id if line.stored is not None else ""
        return self.step, RowKey(collection, object_id, line.contributor, line.version)

    def _is_seen(self, key: Dated) -> bool:
        row = key[1] if key[1].version else key[1]._replace(version=timestamp(self.recorded[key][-1]))
        return any((row, date) in self.seen for date in self.recorded[key])

    def _compare(self, pairs: list[tuple[int, int]]) -> None:
        """(own date, recorded date) of the rows of one commit: whole runs may have been moved by whole milliseconds, no more, and none past another."""
        pairs.sort()
        for (own, fed), (next_own, next_fed) in pairwise(pairs):
            moved = (next_fed - fed) - (next_own - own)
            is_same_run = own // MILLISECOND == next_own // MILLISECOND
            if next_fed < fed or moved % MILLISECOND or (moved and is_same_run):
                self.leaks.append(f"dates of one commit in step {self.step}: {pairs}")
