"""Pinning: how what a version refers to decides who is shown it, and how that stays true (DESIGN 6, References; access-policy cases 4 to 6).

* A pin goes to a contribution, as its writer is shown it: his organisation's own, also if all that is left are tombstones; else the one he is served, and
  then beside it an awaited pin on what his organisation may add later. What dangles has the awaited pin alone. A stranger's posting changes nothing.
* The label of a pin is the *bearing* one of its target: that of the newest version that was let out, deleted or not, else of the newest.
* What closes a target closes what refers to it in the same transaction. What opens it does not: pins under the former label stay beside the new one until
  a job has given the rows new dates (app/sharing/journal.py), so that nothing becomes visible at an old position.
* The pins of a published version bind older ones too, and those of tombstones stay: hiding the newest leaves no older one as a consolation.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from app.sharing.labels import LabelBook
from app.sharing.threads import Line, Thread
from app.stix.handling import HandlingLabel, State, is_looser
from app.store.contract import StoredVersion, Transaction
from app.store.pins import AWAITED, Contribution, Job, Pin

Served = Callable[[Thread], list[Line]]
Number = Callable[[HandlingLabel], int]


def pins(line: Line, threads: Mapping[str, Thread], served: Served, book: LabelBook) -> frozenset[Pin]:
    """What a version refers to, contribution by contribution, as far as its writer is shown it. All labels must have their numbers."""
    if not line.references:
        return frozenset()
    return frozenset(pin for target in line.references for pin in _pins(target, line.contributor, threads.get(target), served, book))


def _pins(target: str, contributor: str, thread: Thread | None, served: Served, book: LabelBook) -> Iterable[Pin]:
    own = thread.contributions.get(contributor) if thread is not None else None
    if own:
        yield Pin(target, contributor, book.number(bearing(own).effective) or 0)
        return
    yield Pin(target, contributor, AWAITED)
    shown = served(thread) if thread is not None else []
    if thread is not None and shown:
        others = thread.contributions[shown[-1].contributor]
        yield Pin(target, shown[-1].contributor, book.number(bearing(others).effective) or 0)


def bearing(lines: Sequence[Line]) -> Line:
    """The version of a contribution, ascending and at least one, by whose label what refers to it is judged."""
    if len(lines) == 1:
        return lines[0]
    let_out = [line for line in lines if line.is_published]
    open_ones = [line for line in let_out if line.state is not State.EMBARGOED]
    return (open_ones or let_out or list(lines))[-1]


def labels_to_pass(line: Line, book: LabelBook) -> Iterator[HandlingLabel]:
    """The label of a stored version, and those of what it refers to: whoever is not of its contributor's organisation must pass each."""
    yield line.effective
    yield from (book.label(pin.label) for pin in line.pins if pin.label != AWAITED)


async def follow_targets(tx: Transaction, collection: str, threads: Iterable[Thread], book: LabelBook) -> None:
    """Move the pins on contributions whose bearing label has changed, before their rows change; leave jobs for those that opened."""
    moved: dict[Contribution, int] = {}
    for thread in threads:
        for contributor, lines in thread.contributions.items():
            now = book.number(bearing(lines).effective) or 0
            if now != _former(lines, book):
                moved[Contribution(thread.object_id, contributor)] = now
    known = await tx.pinned(collection, list(moved))
    for target, labels in known.items():
        kept = frozenset(label for label in labels - {moved[target]} if not _is_superseded(label, moved[target], book))
        await tx.repin(collection, target, moved[target], labels - kept - {moved[target]})
        if kept:
            await tx.add_job(Job(collection, target))


def _former(lines: Iterable[Line], book: LabelBook) -> int | None:
    """The number of the bearing label as the store has it; None for a new contribution."""
    rows = [line.stored for line in lines if line.stored is not None]
    if not rows:
        return None
    stored = sorted(rows, key=lambda row: (row.key, row.row))
    let_out = [row for row in stored if book.label(row.own).state is State.PUBLISHED]
    open_ones = [row for row in let_out if row.state is not State.EMBARGOED]
    found: list[StoredVersion] = open_ones or let_out or stored
    return found[-1].label


def _is_superseded(former: int, new: int, book: LabelBook) -> bool:
    """Whether nobody whom the former label of a pin keeps out passes the new one."""
    if former == AWAITED:
        return True
    if not former or not new:
        return not new
    before, now = book.label(former), book.label(new)
    return before.state in {State.PUBLISHED, now.state} and not is_looser(now, before)


async def bind(
    tx: Transaction, collection: str, threads: Sequence[Thread], number: Number, own_pins: Callable[[Line], frozenset[Pin]]
) -> None:
    """Bring the pins of all versions of `threads` up to date, store those that stored rows lack, and flag what lies under another label than its pins."""
    lines = [line for thread in threads for line in thread.lines]
    rows = [line.stored.row for line in lines if line.stored is not None]
    known = await tx.pins(collection, rows)
    for line in lines:
        line.pins = known.get(line.stored.row, frozenset()) if line.stored is not None else own_pins(line)
    for thread in threads:
        for versions in thread.contributions.values():
            _hand_down(versions)
    stored = {line.stored.row: line.pins for line in lines if line.stored is not None}
    lacking = {row: now - known.get(row, frozenset()) for row, now in stored.items()}
    await tx.pin(collection, {row: new for row, new in lacking.items() if new})
    for line in lines:
        if line.pins and not line.flagged:
            own = number(line.effective)
            line.flagged = any(pin.label not in {AWAITED, own} for pin in line.pins)


def _hand_down(lines: Sequence[Line]) -> None:
    """From each version that was let out to every older one, and to one of the same age."""
    if len(lines) == 1:
        return
    handed = frozenset[Pin]()
    for _, group in groupby(reversed(lines), key=lambda line: line.key):
        same = list(group)
        handed = handed.union(*(line.pins for line in same if line.is_published))
        for line in same:
            line.pins |= handed
