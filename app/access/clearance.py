"""The clearance: which handling labels a principal may pass in a collection, as the numbers under which a store knows them.

A page compares rows with these numbers and decides nothing. Invariants:
* A clearance is good for one epoch, up to its mark, and until its moment: above the mark nothing is decided yet, past the moment time alone
  may have closed something.
* Labels are decided once; new ones are decided before a page that may hold them is taken.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Final

from app.access.actions import Action
from app.access.decision import Judge, Question
from app.access.principal import Principal
from app.stix.handling import HandlingLabel

NOTHING_DECIDED: Final = 0
"""The mark below every label number."""

FIRST_PAUSE: Final = 0.002
"""Seconds: what it takes to read a thousand labels."""
SLICE: Final = 8
"""Parts of labels decided in one go: at a tenth of a millisecond each, other requests wait a millisecond for their turn."""

CAPACITY: Final = 2_000
"""Clearances kept: those of a few hundred organisations' clients in the collections each polls; with 500 labels each, some 70 MB."""

NumberedLabel = tuple[int, HandlingLabel]


@dataclass(frozen=True, slots=True)
class Clearance:
    """The numbers of the labels allowed, of all labels up to `mark`, under the alliance of `epoch`, before the instant `until`."""

    epoch: int
    mark: int
    numbers: frozenset[int]
    until: datetime | None

    @staticmethod
    def nothing(epoch: int) -> "Clearance":
        """The clearance from which one is built up: no label decided."""
        return Clearance(epoch, NOTHING_DECIDED, frozenset(), None)

    def holds(self, epoch: int, now: datetime) -> bool:
        """Whether what it says is still true of the labels up to its mark."""
        return self.epoch == epoch and (self.until is None or now < self.until)


def clear(judge: Judge, question: Question, labels: Sequence[NumberedLabel], now: datetime, previous: Clearance) -> Clearance:
    """`previous`, extended in one go by those of `labels` above its mark; `question` says who asks for what where.

    `labels` must hold every label in use above the mark and below its own highest. Raises ValueError if `previous` has run out at `now`.
    """
    if not previous.holds(previous.epoch, now):
        raise ValueError("a clearance that has run out cannot be extended")
    fresh = sorted((entry for entry in labels if entry[0] > previous.mark), key=lambda entry: entry[0])
    if not fresh:
        return previous
    questions = [Question(question.principal, question.action, question.collection, label) for _, label in fresh]
    decisions = judge.decide_many(questions, now)
    allowed = frozenset(number for (number, _), decision in zip(fresh, decisions, strict=True) if decision.allowed)
    moments = [previous.until, question.principal.agreement_end, question.collection.archive_end]
    moments.extend(moment for number, label in fresh for moment in _moments(label, allowed=number in allowed))
    ahead = (moment for moment in moments if moment is not None and moment > now)
    return Clearance(previous.epoch, fresh[-1][0], previous.numbers | allowed, min(ahead, default=None))


async def extend(judge: Judge, question: Question, labels: Sequence[NumberedLabel], now: datetime, previous: Clearance) -> Clearance:
    """`clear`, slice by slice; as long as a slice took, the time is others'.

    A request goes through the event loop a dozen times before it is answered. Did it meet a slice each time, it would wait for all of them. What comes
    before and after several slices, the reading of many labels and of a page under them, takes as long as one: there is a pause between these, too.
    """
    slices = list(_slices(sorted(labels, key=lambda entry: entry[0])))
    clearance, pause = previous, FIRST_PAUSE if len(slices) > 1 else 0.0
    for part in slices:
        if pause:
            await asyncio.sleep(pause)
        began = perf_counter()
        clearance = clear(judge, question, part, now, clearance)
        pause = perf_counter() - began
    if len(slices) > 1:
        await asyncio.sleep(pause)
    return clearance


def _slices(labels: Sequence[NumberedLabel]) -> Iterator[Sequence[NumberedLabel]]:
    """The labels in order, in as many lists as it takes; a label of many parts costs as much as so many labels."""
    start = parts = 0
    for place, (_, label) in enumerate(labels):
        parts += 1 + len(label.also)
        if parts >= SLICE:
            yield labels[start : place + 1]
            start, parts = place + 1, 0
    if parts:
        yield labels[start:]


def _moments(label: HandlingLabel, *, allowed: bool) -> Iterator[datetime | None]:
    """When time alone may change the answer: retention closes what is allowed; the end of an embargo must reach all workers alike."""
    for part in label.parts:
        yield part.embargo_until
        if allowed:
            yield part.retention_until


class ClearanceCache:
    """Clearances by principal class, action and collection; the least recently used go first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[tuple[Principal, Action, str], Clearance] = OrderedDict()

    def get(self, question: Question, epoch: int, now: datetime) -> Clearance | None:
        """The clearance kept for whom and where `question` asks, if it still holds."""
        key = _key(question)
        found = self._entries.get(key)
        if found is None or not found.holds(epoch, now):
            return None
        self._entries.move_to_end(key)
        return found

    def put(self, question: Question, clearance: Clearance) -> None:
        """Keep `clearance` in place of what was kept for the same."""
        key = _key(question)
        self._entries[key] = clearance
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)


def _key(question: Question) -> tuple[Principal, Action, str]:
    return question.principal.clearance_class, question.action, question.collection.key
