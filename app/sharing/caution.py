"""Caution: what a status says of an object that was taken, but will not reach everybody whom its sender may have in mind (access-policy cases 4, 22).

Everything said here the sender can know himself: labels of his organisation's own contributions, and of such as he is shown.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from app.sharing.elsewhere import Kept
from app.sharing.threads import Line
from app.sharing.view import View
from app.stix.handling import HandlingLabel, State, combine
from app.store.pins import AWAITED

REFERS: Final = "readers who cannot see what it refers to will not receive it"
KEEPS: Final = "your organisation keeps what it refers to more strictly in another collection"
REVOKES: Final = "readers of the version it revokes who cannot see this one will not learn of it"


def caution(line: Line, versions: list[Line], view: View, kept: Kept) -> str:
    """What to tell the sender of a version that was committed; empty if there is nothing.

    `versions`: those of its contribution, ascending. `kept`: what his organisation has elsewhere of all that dangles.
    """
    if not line.pins and (line.arriving is None or not line.arriving.is_revoked):
        return ""  # as most
    notes = [REFERS] if _refers_to_stricter(line, view) else []
    notes += [KEEPS] if any(_is_stricter(label, line.effective) for target in dangling(line) for label in kept.get(target, ())) else []
    notes += [REVOKES] if _revokes_looser(line, versions, view) else []
    return "; ".join(notes)


def dangling(line: Line) -> frozenset[str]:
    """What a version that was committed refers to, and its sender is not shown in this collection: its id is all that others learn of it."""
    awaited = {pin.target for pin in line.pins if pin.label == AWAITED}
    return frozenset(awaited.difference(pin.target for pin in line.pins if pin.label != AWAITED)) if awaited else frozenset()


def _refers_to_stricter(line: Line, view: View) -> bool:
    mine = view.visit.principal.organisation
    shown = (pin.label for pin in line.pins if pin.label > 0 and (pin.contributor == mine or pin.label in view.numbers))
    return any(_is_stricter(view.book.label(number), line.effective) for number in shown)


def _revokes_looser(line: Line, versions: list[Line], view: View) -> bool:
    """Whether it takes back a version that stood, before, under a label that this one's is stricter than."""
    if line.arriving is None or not line.arriving.is_revoked:
        return False
    older = [each.stored for each in versions if each.key < line.key and each.is_standing and each.stored is not None]
    return bool(older) and _is_stricter(line.own, view.book.label(older[-1].label))


@lru_cache(maxsize=4096)
def _is_stricter(label: HandlingLabel, other: HandlingLabel) -> bool:
    """Whether `label` sets a condition that no part of `other` sets, whose ever they are: everybody withholds from somebody."""
    if label.state not in {State.PUBLISHED, other.state}:
        return True
    return not all(any(_sets(part, condition) for part in other.parts) for condition in label.parts)


def _sets(part: HandlingLabel, condition: HandlingLabel) -> bool:
    """Whether `part` holds all of `condition` already, but for whose it is."""
    alike = replace(condition, originator=part.originator, submitter=part.submitter, state=part.state, by_default=part.by_default)
    return combine(part, alike) == part
