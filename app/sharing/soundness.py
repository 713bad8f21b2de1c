"""Soundness: whether what is kept under one id says the same everywhere: bytes, hashes, labels, flags, pins. Pure.

What deeds settle (app/sharing/threads.py) is settled once more from what is stored, and must change nothing: so a label, a `last` or a flag that was lost or
altered shows, whoever altered it. A flag too many costs time and closes nothing; it is no fault.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.errors import InvalidObject
from app.sharing.pinning import bearing
from app.sharing.threads import Line, Thread, thread_of
from app.stix.handling import HandlingLabel
from app.stix.labelling import keeps
from app.stix.markings import Marking
from app.stix.objects import StixObject, reopen
from app.store.contract import StoredVersion
from app.store.pins import AWAITED, Contribution, Pin

NOBODYS: Final = 0
"""The label of a pin on what was erased: seen by nobody."""
Labels = Mapping[int, HandlingLabel]
Found = Iterator[tuple[StoredVersion, str]]
"""Versions with what is wrong about them."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept under one id of a collection: rows of all contributors, and the bytes and pins of each."""

    object_id: str
    rows: Sequence[StoredVersion]
    raws: Mapping[int, bytes] = field(default_factory=dict[int, bytes])
    pins: Mapping[int, frozenset[Pin]] = field(default_factory=dict[int, frozenset[Pin]])

    def numbered(self, labels: Labels) -> bool:
        """Whether every label that its rows name exists."""
        return all(number in labels for row in self.rows for number in (row.own, row.label))

    def thread(self, labels: Labels) -> Thread:
        """The thread that the rows make. All their labels must exist."""
        return thread_of(self.object_id, self.rows, labels.__getitem__)


def open_kept(row: StoredVersion, raw: bytes | None) -> StixObject:
    """The object that a row which is not deleted holds. Raises InvalidObject, saying how it is not what came."""
    if raw is None:
        raise InvalidObject("its bytes are gone, and it is not deleted")
    try:
        opened = reopen(raw)
    except KeyError as error:
        raise InvalidObject("its bytes hold no STIX object") from error
    if opened.fingerprint != row.digest:
        raise InvalidObject("its bytes are not those that came: their hash is another")
    if (opened.id, opened.type) != (row.object_id, row.object_type) or opened.version not in {None, row.version}:
        raise InvalidObject("its bytes are those of another object or version")
    return opened


def is_under_its_markings(row: StoredVersion, markings: Sequence[Marking], labels: Labels) -> bool:
    """Whether the label that a version was written with is at least as strict as its markings."""
    return keeps(labels[row.own], markings)


def faults_of_numbers(kept: Kept, labels: Labels) -> Found:
    """Labels that do not exist, or that say another state than the row."""
    for row in kept.rows:
        missing = {row.own, row.label} - labels.keys()
        if missing:
            yield row, f"its label number {min(missing)} does not exist"
        elif labels[row.label].state is not row.state:
            yield row, "its label and its row say different states"


def faults_of_standing(kept: Kept, labels: Labels) -> Found:
    """Versions that do not stand as all versions under their id, taken together, make them stand. All their labels must exist."""
    thread = kept.thread(labels)
    thread.settle()
    for line in thread.lines:
        stored = line.stored
        assert stored is not None  # noqa: S101 # made of rows alone
        if line.effective != labels[stored.label]:
            yield stored, "it lies under another label than its own and those of newer versions make together"
        if line.last is not stored.last:
            yield (
                stored,
                "it is said to be the last version, and is not" if stored.last else "it is the last version, and is not said to be",
            )
        if not stored.flagged and _needs_flag(line, kept.pins.get(stored.row, frozenset())):
            yield stored, "it must be compared with other rows when it is read, and is not flagged"
    yield from _twins(kept)


def bearings(targets: Iterable[Kept], labels: Labels) -> dict[Contribution, int]:
    """The number of the label by which what refers to each contribution is judged. All labels must exist."""
    found: dict[Contribution, int] = {}
    for kept in targets:
        for contributor, lines in kept.thread(labels).contributions.items():
            stored = bearing(lines).stored
            assert stored is not None  # noqa: S101 # made of rows alone
            found[Contribution(kept.object_id, contributor)] = stored.label
    return found


def faults_of_pins(kept: Kept, bearing_labels: Mapping[Contribution, int]) -> Found:
    """Versions whose pins do not bind as their targets stand now."""
    for row in kept.rows:
        by_target: dict[Contribution, set[int]] = {}
        for pin in kept.pins.get(row.row, frozenset()):
            by_target.setdefault(Contribution(pin.target, pin.contributor), set()).add(pin.label)
        for target, numbers in by_target.items():
            if numbers != {AWAITED} and not {NOBODYS, bearing_labels.get(target)} & numbers:
                yield row, f"it refers to {target.object_id}, whose label does not close it as it should"


def _needs_flag(line: Line, pins: frozenset[Pin]) -> bool:
    return line.flagged or any(pin.label not in {AWAITED, line.stored.label} for pin in pins if line.stored is not None)


def _twins(kept: Kept) -> Found:
    """Versions of one contribution that no reader could tell apart."""
    live = [row for row in kept.rows if not row.deleted]
    count = Counter((row.contributor, row.key) for row in live)
    for row in live:
        if count[row.contributor, row.key] > 1:
            yield row, "the same version is there twice"
