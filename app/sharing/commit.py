"""Commit: turn settled threads into rows and amendments of one collection, within a transaction.

Order of dates (DESIGN 7): rows that get a new date first, in their old order; then what arrives, by phase (definitions and identities; other objects;
what refers to others), within a phase label by label, the label that was sent first leading. Each such run begins in a millisecond of its own. So does
each row that refers to others, in the order sent: it may be withheld alone. Nothing else has a say: neither numbers of labels nor flags, which
hidden rows move.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain

from app.audit.events import Deed, encode, spans
from app.clock import timestamp
from app.sharing.labels import LabelBook
from app.sharing.pinning import bind, follow_targets
from app.sharing.threads import NOT_DATED, Line, Thread
from app.sharing.turns import in_turns
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
    """Where to write, for whom new labels count, and as whose deed it goes on record."""

    collection: str
    organisation: str
    book: LabelBook
    deed: Deed


async def commit(tx: Transaction, target: Target, threads: Iterable[Thread], pins: Pins = _no_pins) -> None:
    """Write every change of `threads`, and what follows from it for whatever refers to them, and seal it. `pins` gives the pins of an arriving version.

    What changes nothing leaves no record. Afterwards arrived lines carry their version value; rows, labels and dates are the store's.
    """
    changed = list(threads)
    if not changed:
        return
    lines = [line for thread in changed for line in thread.lines]
    number = await _numbers(tx, target, lines)
    await follow_targets(tx, target.collection, changed, target.book)  # before anything is dated: it may take long
    await bind(tx, target.collection, changed, number, pins)
    runs = _runs(lines)
    await _date(tx, target, lines, runs)
    arrivals = [_arrival(line, number) async for line in in_turns(chain.from_iterable(runs))]
    stored = (line for line in lines if line.stored is not None)
    amendments = [change async for line in in_turns(stored) if (change := _amendment(line, number)) is not None]
    if amendments:
        await tx.amend(target.collection, amendments)
    rows = await tx.put(target.collection, arrivals) if arrivals else ()
    if rows or amendments or target.deed.reason:  # a hold may change nothing but its own deadline
        await tx.seal(target.collection, encode(target.deed, _details(rows, arrivals, amendments, lines)))


def _details(rows: Sequence[int], arrivals: Sequence[Arrival], amendments: Sequence[Amendment], lines: Iterable[Line]) -> dict[str, object]:
    """What the record says: which rows came, bound by the hash of what they hold, which were deleted, and which changed at all."""
    content = sha256(b"".join(arrival.stored.digest for arrival in arrivals)).hexdigest() if arrivals else ""
    deleted = spans(line.stored.row for line in lines if line.stored is not None and line.deleted and not line.stored.deleted)
    return {"rows": spans(rows), "content": content, "deleted": deleted, "changed": spans(each.row for each in amendments)}


Number = Callable[[HandlingLabel], int]


async def _numbers(tx: Transaction, target: Target, lines: Sequence[Line]) -> Number:
    wanted = list(dict.fromkeys(label for line in lines for label in (line.own, line.effective)))
    unknown = [label for label in wanted if target.book.number(label) is None]
    if unknown:
        await target.book.intern(tx, target.collection, unknown, target.organisation)
    numbers = {label: target.book.number(label) or 0 for label in wanted}
    return numbers.__getitem__


def _runs(lines: Iterable[Line]) -> list[list[Line]]:
    """What arrives, in the order of its dates, run by run. What refers to others has no say in the order of labels: it may be withheld under its own."""
    by_label: tuple[dict[HandlingLabel, list[Line]], ...] = ({}, {})
    alone: tuple[list[list[Line]], ...] = ([], [])
    for line in sorted((line for line in lines if line.arriving is not None), key=lambda line: line.order):
        phase = 0 if line.arriving is not None and line.arriving.type in FIRST_TYPES else 1
        if line.references:
            alone[phase].append([line])
        else:
            by_label[phase].setdefault(line.effective, []).append(line)
    return [run for phase in (0, 1) for run in (*by_label[phase].values(), *alone[phase])]


async def _date(tx: Transaction, target: Target, lines: Sequence[Line], runs: Sequence[Sequence[Line]]) -> None:
    """Give their date_added to the lines that get a new one."""
    renewed = sorted((line for line in lines if line.fresh_date), key=lambda line: line.stored.date_added if line.stored else 0)
    dated = [*renewed, *chain.from_iterable(runs)]
    if dated:
        lengths = [1] * len(renewed) + [len(run) for run in runs]
        for line, date in zip(dated, await tx.dates(target.collection, lengths), strict=True):
            line.date = date


def _arrival(line: Line, number: Number) -> Arrival:
    arriving = line.arriving
    assert arriving is not None  # noqa: S101 # _arriving chose it by that
    if line.key == NOT_DATED:
        line.version = timestamp(line.date)
        line.key = version_key(line.version)
    stored = StoredVersion(
        row=0,
        object_id=arriving.id,
        object_type=arriving.type,
        contributor=line.contributor,
        rank=min(line.rank, line.date),
        version=line.version,
        key=line.key,
        date_added=line.date,
        own=number(line.own),
        label=number(line.effective),
        state=line.state,
        digest=line.digest,
        last=line.last,
        flagged=line.flagged,
        source=line.source,
    )
    return Arrival(stored, arriving.raw, line.pins)


def _amendment(line: Line, number: Number) -> Amendment | None:
    """A stored row as it is now; None if nothing about it changed, or if it arrives."""
    stored = line.stored
    if stored is None:
        return None
    before = stored.label, stored.own, stored.state, stored.last, stored.flagged, stored.date_added, stored.deleted
    now = number(line.effective), number(line.own), line.state, line.last, line.flagged, line.date or stored.date_added, line.deleted
    rank = line.date if line.rank and line.opens else line.rank
    return None if now == before else Amendment(stored.row, *now, None if rank == stored.rank else rank)
