"""Commit: turn settled threads into rows and amendments of one collection, within a transaction.

Order of dates (DESIGN 7): rows that get a new date first, in their old order; then what arrives, by phase (definitions and identities; other objects;
what refers to others), within a phase by label in the order sent. Each such run, and each flagged row, begins in a millisecond of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from app.clock import timestamp
from app.sharing.labels import LabelBook
from app.sharing.pinning import bind, follow_targets
from app.sharing.place import REGISTERED_RANK
from app.sharing.threads import NOT_DATED, Line, Thread
from app.stix.handling import HandlingLabel
from app.stix.timestamps import version_key
from app.store.contract import Amendment, Arrival, StoredVersion, Transaction
from app.store.pins import Pin

FIRST_TYPES = frozenset({"marking-definition", "extension-definition", "identity"})
Pins = Callable[[Line], frozenset[Pin]]


def _no_pins(_: Line) -> frozenset[Pin]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class Target:
    """Where to write, and for whom new labels count."""

    collection: str
    organisation: str
    book: LabelBook


async def commit(tx: Transaction, target: Target, threads: Iterable[Thread], pins: Pins = _no_pins) -> None:
    """Write every change of `threads`, and what follows from it for whatever refers to them. `pins` gives the pins of an arriving version.

    Afterwards arrived lines carry their version value; rows, labels and dates are the store's.
    """
    changed = list(threads)
    lines = [line for thread in changed for line in thread.lines]
    number = await _numbers(tx, target, lines)
    await follow_targets(tx, target.collection, changed, target.book)  # before anything is dated: it may take long
    await bind(tx, target.collection, changed, number, pins)
    dated = await _date(tx, target, lines, number)
    ranks = _ranks(changed, dated)
    arrivals = [_arrival(line, dated[id(line)], number, ranks) for line in _arriving(lines, number)]
    amendments = [
        change for line in lines if line.stored is not None and (change := _amendment(line, line.stored, dated, number)) is not None
    ]
    if amendments:
        await tx.amend(target.collection, amendments)
    if arrivals:
        await tx.put(target.collection, arrivals)


Number = Callable[[HandlingLabel], int]


async def _numbers(tx: Transaction, target: Target, lines: Sequence[Line]) -> Number:
    wanted = list(dict.fromkeys(label for line in lines for label in (line.own, line.effective)))
    unknown = [label for label in wanted if target.book.number(label) is None]
    if unknown:
        await target.book.intern(tx, target.collection, unknown, target.organisation)
    numbers = {label: target.book.number(label) or 0 for label in wanted}
    return numbers.__getitem__


def _arriving(lines: Iterable[Line], number: Number) -> list[Line]:
    arriving = [line for line in lines if line.arriving is not None]
    return sorted(arriving, key=lambda line: (_phase(line), number(line.effective), line.order))


def _phase(line: Line) -> int:
    if line.arriving is not None and line.arriving.type in FIRST_TYPES:
        return 0
    return 2 if line.references else 1


async def _date(tx: Transaction, target: Target, lines: Sequence[Line], number: Number) -> dict[int, int]:
    """The new date_added of each line that gets one, by the line's `id()`."""
    renewed = sorted(
        (line for line in lines if line.fresh_date and line.stored), key=lambda line: line.stored.date_added if line.stored else 0
    )
    arriving = _arriving(lines, number)
    if not renewed and not arriving:
        return {}
    runs = [1] * len(renewed)
    for _, group in groupby(arriving, key=lambda line: (_phase(line), number(line.effective))):
        runs += _runs(list(group))
    dates = await tx.dates(target.collection, runs)
    return {id(line): date for line, date in zip([*renewed, *arriving], dates, strict=True)}


def _runs(group: Sequence[Line]) -> list[int]:
    """Lengths of runs: a flagged row stands alone."""
    runs: list[int] = []
    for flagged, lines in groupby(group, key=lambda line: line.flagged):
        count = sum(1 for _ in lines)
        runs += [1] * count if flagged else [count]
    return runs


def _ranks(threads: Iterable[Thread], dated: dict[int, int]) -> dict[tuple[str, str], int]:
    """The rank of every contribution that arrives now: the registered originator's is first, others follow in the order of their first dates."""
    ranks: dict[tuple[str, str], int] = {}
    for thread in threads:
        for contributor, lines in thread.contributions.items():
            arriving = [line for line in lines if line.arriving is not None]
            if not arriving:
                continue
            first = REGISTERED_RANK if any(line.is_owned for line in arriving) else min(dated[id(line)] for line in arriving)
            ranks[thread.object_id, contributor] = thread.ranks.get(contributor, first)
    return ranks


def _arrival(line: Line, date: int, number: Number, ranks: dict[tuple[str, str], int]) -> Arrival:
    arriving = line.arriving
    assert arriving is not None  # noqa: S101 # _arriving chose it by that
    if line.key == NOT_DATED:
        line.version = timestamp(date)
        line.key = version_key(line.version)
    stored = StoredVersion(
        row=0,
        object_id=arriving.id,
        object_type=arriving.type,
        contributor=line.contributor,
        rank=ranks[arriving.id, line.contributor],
        version=line.version,
        key=line.key,
        date_added=date,
        own=number(line.own),
        label=number(line.effective),
        state=line.state,
        digest=line.digest,
        last=line.last,
        flagged=line.flagged,
        source=line.source,
    )
    return Arrival(stored, arriving.raw, line.pins)


def _amendment(line: Line, stored: StoredVersion, dated: dict[int, int], number: Number) -> Amendment | None:
    """What changed on a stored row; None if nothing did."""
    now = replace(
        stored,
        own=number(line.own),
        label=number(line.effective),
        state=line.state,
        last=line.last,
        flagged=line.flagged,
        date_added=dated.get(id(line), stored.date_added),
        deleted=line.deleted,
    )
    if now == stored:
        return None
    names = ("own", "label", "state", "last", "flagged", "date_added", "deleted")
    changes = {name: getattr(now, name) for name in names if getattr(now, name) != getattr(stored, name)}
    return Amendment(stored.row, **changes)
