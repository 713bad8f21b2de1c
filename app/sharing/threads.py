"""A thread: all that a collection keeps under one object id, while a deed works on it. Pure: nothing here reads or writes.

The rules (DESIGN 6):
* Every organisation's postings under an id are its own *contribution*, with its own versions, labels and deletes.
* `effective(v)` joins the labels of all published versions of the contribution that are not older than v, tombstones included: tightening reaches back at
  once, loosening does not, deleting never loosens. Versions that are not published join nothing.
* Into a relayed version the labels of all the originator's own published versions join as well, whenever they come: whatever he loosens later opens
  no copy at its old place.
* `last` is the newest published version that is not deleted; one that becomes `last` because a newer one was deleted gets a new date.
* A *hold* is on a contribution: all its versions, new ones too, close to all but the originator. It takes nothing out of the join and moves no `last`.
  So does an embargo that comes after publication, but for `last`: what was once published stays in the join.
* Rows are flagged where a reader must be shown one of several: several contributions, or a version that is not published. (A commit flags further ones, for
  what they refer to.)
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Final

from app.stix.handling import HandlingLabel, State, join, join_all
from app.stix.objects import StixObject
from app.store.contract import StoredVersion
from app.store.pins import Pin

NOT_DATED: Final = "~"
"""Key of a version that takes its value from the date it is about to get: sorts after every date."""
REGISTERED_RANK: Final = 0
"""Of a version whose creator its contributor has registered: before every date."""


@dataclass(slots=True)
class Line:
    """One version in a thread. `stored` is absent while it arrives; `arriving` holds the object then.

    `state` is how it stands now; the state of `own` how it stands when nothing closes it afterwards: neither a hold nor a later embargo.
    """

    contributor: str
    version: str
    key: str
    digest: bytes
    own: HandlingLabel
    effective: HandlingLabel
    state: State
    stored: StoredVersion | None = None
    arriving: StixObject | None = None
    references: frozenset[str] = frozenset()
    is_owned: bool = False
    order: int = 0
    deleted: bool = False
    last: bool = False
    flagged: bool = False
    fresh_date: bool = False
    bound: HandlingLabel | None = None
    """What binds a relayed version beside its own label: what its originator put on his."""
    date: int = 0
    """The date_added that it gets in this deed; 0 if it keeps what it has."""
    source: str = ""
    pins: frozenset[Pin] = frozenset()
    """What it refers to, and what newer versions do that bind it; of an arriving version, once it is committed."""

    @property
    def is_published(self) -> bool:
        """Whether it has been let out, so that its label joins into older versions."""
        return self.own.state is State.PUBLISHED

    @property
    def is_standing(self) -> bool:
        """Whether it may be `last`."""
        return self.is_published and self.state is not State.EMBARGOED and not self.deleted

    @property
    def rank(self) -> int:
        """Where it puts its contribution among others under the id; of one that arrives, not yet dated, after all that are stored."""
        return (REGISTERED_RANK if self.is_owned else _UNRANKED) if self.stored is None else self.stored.rank

    @property
    def opens(self) -> bool:
        """Whether it is let out in this deed: those who see it only now are to see nothing of how long it waited."""
        return self.stored is not None and self.stored.state is not State.PUBLISHED and self.state is State.PUBLISHED

    @property
    def sorting(self) -> tuple[str, bool, int]:
        """Oldest version first; equal keys (one posted again beside its tombstone) in the order in which they came."""
        return self.key, self.stored is None, self.order if self.stored is None else self.stored.row


@dataclass(slots=True)
class Thread:
    """The contributions under one id: organisation → its versions, ascending. `held` names those whose contributions are held."""

    object_id: str
    contributions: dict[str, list[Line]] = field(default_factory=dict[str, list[Line]])
    held: set[str] = field(default_factory=set[str])

    @property
    def lines(self) -> Iterable[Line]:
        """Every version of every contribution."""
        return (line for lines in self.contributions.values() for line in lines)

    def of(self, contributor: str) -> list[Line]:
        """The versions of one organisation that are not deleted, ascending."""
        return [line for line in self.contributions.get(contributor, ()) if not line.deleted]

    @property
    def contributors(self) -> list[str]:
        """The organisations of which something is not deleted, by name."""
        return [name for name in sorted(self.contributions) if self.of(name)]

    def add(self, line: Line) -> None:
        """Put a version where its key belongs."""
        insort(self.contributions.setdefault(line.contributor, []), line, key=lambda each: each.sorting)

    def versions(self, contributor: str, key: str) -> list[Line]:
        """The versions of one organisation that have this key: one at most that is not deleted."""
        lines = self.contributions.get(contributor)
        if not lines:
            return []
        return lines[bisect_left(lines, key, key=_key) : bisect_right(lines, key, key=_key)]

    def relayed(self, originator: str) -> list[Line]:
        """The versions that other organisations sent of what is `originator`'s, as far as they are not deleted."""
        return [line for line in self.lines if line.own.originator == originator != line.contributor and not line.deleted]

    def lift(self, contributor: str, now: datetime) -> None:
        """End a hold: the versions stand as they would without it, under new dates in their old order."""
        self.held.discard(contributor)
        for line in self.contributions.get(contributor, ()):
            line.state = line.own.state
            if line.is_published and _is_later(line.own.embargo_end, now):
                line.state = State.EMBARGOED
            line.fresh_date = not line.deleted

    def served(self, organisation: str, sees: Callable[[Line], bool]) -> list[Line]:
        """The versions that this organisation is shown under the id: its own, else, of what it sees, those beside the best ranked."""
        if not self.contributions:
            return []
        if organisation in self.contributions:
            return self.of(organisation)
        visible = [line for line in self.lines if not line.deleted and sees(line)]
        _, best = min(((line.rank, line.contributor) for line in visible), default=(0, ""))
        return [line for line in visible if line.contributor == best]

    def settle(self) -> None:
        """Bring states, effective labels, `last` and flags up to date after versions were added, tightened, published, held or deleted."""
        alone = self._alone()
        if alone is not None:
            alone.effective, alone.bound = alone.own.in_state(alone.state), None
            alone.last, alone.flagged = alone.is_standing, alone.state is not State.PUBLISHED and not alone.deleted
            return
        for name in self.held:
            for line in self.contributions.get(name, ()):
                line.state = State.HELD
        for name, lines in self.contributions.items():
            bounds = {each: self._originators_label(each) for each in {line.own.originator for line in lines} - {name}}
            for line in lines:
                line.bound = bounds.get(line.own.originator)
            _settle_labels(lines)
        several = len(self.contributions) > 1
        for lines in self.contributions.values():
            _settle_last(lines)
            unpublished = any(line.state is not State.PUBLISHED and not line.deleted for line in lines)
            for line in lines:
                line.flagged = several or unpublished

    def _alone(self) -> Line | None:
        """The one version under the id, if nothing but its own label has a say: what most of what comes is, and stays."""
        if len(self.contributions) != 1 or self.held:
            return None
        ((name, lines),) = self.contributions.items()
        line = lines[0]
        return line if len(lines) == 1 and line.own.originator == name and line.state is line.own.state else None

    def _originators_label(self, originator: str) -> HandlingLabel | None:
        own = [line for line in self.contributions.get(originator, ()) if line.is_published and line.own.originator == originator]
        return join_all(_demand(line, line.own) for line in own) if own else None


_UNRANKED: Final = 1 << 63
"""After every date: a contribution that arrives now."""


def _key(line: Line) -> str:
    return line.key


def _is_later(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now


def _settle_labels(lines: list[Line]) -> None:
    """From the newest to the oldest; versions of one key bind each other. Each keeps the state in which it stands."""
    newer: HandlingLabel | None = None
    for _, group in groupby(reversed(lines), key=_key):
        alike = list(group)
        for line in alike:
            if line.is_published:
                bound = _demand(line, _stated(line))
                newer = bound if newer is None else join(bound, newer)
        for line in alike:
            line.effective = (_stated(line) if newer is None else join(_stated(line), newer)).in_state(line.state)


def _demand(line: Line, label: HandlingLabel) -> HandlingLabel:
    """What a version that was let out demands of others by its label: an embargo that came afterwards is its own, they stay out."""
    if line.state is State.PUBLISHED:
        return label
    return replace(label, embargo_until=None, also=tuple(replace(part, embargo_until=None) for part in label.also))


def _stated(line: Line) -> HandlingLabel:
    return line.own if line.bound is None else join(line.own, line.bound)


def _settle_last(lines: list[Line]) -> None:
    newest = next((line for line in reversed(lines) if line.is_standing), None)
    for line in lines:
        became_last = line is newest and not line.last
        if became_last and line.stored is not None and any(each.last and not each.is_standing for each in lines):
            line.fresh_date = True
    for line in lines:
        line.last = line is newest


def thread_of(object_id: str, rows: Iterable[StoredVersion], label: Callable[[int], HandlingLabel]) -> Thread:
    """The thread that the store's rows under an id make; `label` gives the label of a number."""
    thread = Thread(object_id)
    for row in rows:
        if row.state is State.HELD:
            thread.held.add(row.contributor)
        thread.contributions.setdefault(row.contributor, []).append(
            Line(
                contributor=row.contributor,
                version=row.version,
                key=row.key,
                digest=row.digest,
                own=label(row.own),
                effective=label(row.label),
                state=row.state,
                stored=row,
                deleted=row.deleted,
                last=row.last,
                flagged=row.flagged,
                source=row.source,
            )
        )
    for lines in thread.contributions.values():
        lines.sort(key=lambda each: each.sorting)
    return thread
