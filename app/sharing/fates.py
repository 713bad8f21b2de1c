"""Fates: what becomes of each version under an id for one reader, by the rules that the stores go by (`Selection` in app/store/contract.py). Pure.

A property test holds it against what the TAXII face really serves.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.sharing.labels import LabelBook
from app.sharing.threads import Line, Thread
from app.stix.handling import HandlingLabel
from app.store.pins import AWAITED, Pin


class Fate(StrEnum):
    """What becomes of a version for a reader. Only `shown` comes by a plain poll; `older` ones come to him who asks for them."""

    SHOWN = "shown"
    OLDER = "older"
    DELETED = "deleted"
    CLOSED = "closed"
    WITHHELD = "withheld"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: his organisation, the labels that he passes, and the book that says which label a pin means."""

    organisation: str
    passes: Callable[[HandlingLabel], bool]
    book: LabelBook

    def stopped_by(self, line: Line) -> list[Pin]:
        """What the version refers to and he may not see, which withholds it from him; his own organisation's is never withheld."""
        if line.contributor == self.organisation:
            return []
        return sorted(pin for pin in line.pins if pin.label != AWAITED and not (pin.label and self.passes(self.book.label(pin.label))))

    def sees(self, line: Line) -> bool:
        """Whether he may see the version, if it were the only contribution under its id."""
        return not line.deleted and self.passes(line.effective) and not self.stopped_by(line)


def served_contribution(thread: Thread, reader: Reader) -> str | None:
    """Whose contribution under the id the reader is shown, if any: his own organisation's, its tombstones too, else that of the best ranked he sees."""
    own = thread.contributions.get(reader.organisation, [])
    if any(reader.sees(line) or (line.deleted and reader.passes(line.effective)) for line in own):
        return reader.organisation
    visible = [line for line in thread.lines if reader.sees(line)]
    return min(((line.rank, line.contributor) for line in visible), default=(0, None))[1]


def fates(thread: Thread, reader: Reader) -> Iterator[tuple[Line, Fate]]:
    """Every version under the id with its fate, contribution by contribution, the newest first."""
    served = served_contribution(thread, reader)
    for contributor, lines in sorted(thread.contributions.items()):
        newest = next((line for line in reversed(lines) if reader.sees(line)), None)
        for line in reversed(lines):
            if line.deleted:
                yield line, Fate.DELETED
            elif not reader.passes(line.effective):
                yield line, Fate.CLOSED
            elif reader.stopped_by(line):
                yield line, Fate.WITHHELD
            elif contributor != served:
                yield line, Fate.REPLACED
            else:
                yield line, Fate.SHOWN if line is newest else Fate.OLDER
