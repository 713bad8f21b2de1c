"""The handling label: the hashable sum of all that a policy may ask of an object version.

A label holds only what the object and its writing say. What the alliance's files say of the organisations named here is looked up live.

Invariants, each with a property test:
* `join` never opens: whoever may not read under one of its parts may not read under the result.
* A positive list that becomes empty means nobody, never anybody; absent (`None`) means unrestricted.
* Labels of different originators are not mixed: the result carries both, and a reader must pass each.
* Being listed or named is a permission (for partners, for TLP:RED): a join never turns one label's list into leave to pass the other.
* A label stays small, however many are joined: beyond `MOST_CONDITIONS` it closes to all but its originator.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from functools import cached_property, lru_cache, reduce
from typing import Any, Final

import orjson


class Tlp(IntEnum):
    """The one scale for TLP 1 and TLP 2.0, from open to closed."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    AMBER_STRICT = 3
    RED = 4

    @property
    def text(self) -> str:
        """As files and people write it: `amber+strict`."""
        return self.name.lower().replace("_", "+")

    @classmethod
    def of(cls, text: str) -> "Tlp":
        """The level that `text` names (`white` is clear). Raises KeyError for anything else."""
        return TLP_BY_TEXT[text.lower()]


_LAST_HOUR: Final = datetime(9999, 12, 31, 22, tzinfo=UTC)
"""Beyond it an hour more is no date; such an embargo never ends anyway."""

MOST_CONDITIONS: Final = 8
"""Of one originator, beside the combination of all: every reader must be asked about each, and real versions need one or two."""

TLP_BY_TEXT: Final = {level.text: level for level in Tlp} | {"white": Tlp.CLEAR}


class State(StrEnum):
    """Where a version stands. All but `published` close it; only a deed leads back to `published`, with a new date_added."""

    PUBLISHED = "published"
    QUARANTINED = "quarantined"
    EMBARGOED = "embargoed"
    HELD = "held"


@dataclass(frozen=True)
class HandlingLabel:
    """Who may see a version, as far as the version itself says so. `also` holds further labels, all of which bind too.

    Labels are few and looked up for every object that is added, again and again: each keeps its hash and its parts.
    """

    tlp: Tlp
    originator: str
    submitter: str
    recipients: frozenset[str] | None = None
    releasable_to: frozenset[str] | None = None
    not_releasable_to: frozenset[str] = frozenset()
    embargo_until: datetime | None = None
    retention_until: datetime | None = None
    purposes: frozenset[str] | None = None
    opaque: bool = False
    by_default: bool = False
    state: State = State.PUBLISHED
    also: tuple["HandlingLabel", ...] = ()

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, field.name) for field in fields(self)))

    @cached_property
    def parts(self) -> tuple["HandlingLabel", ...]:
        """The labels a reader must pass, each of them."""
        return (replace(self, also=()), *self.also) if self.also else (self,)

    @property
    def embargo_end(self) -> datetime | None:
        """When the last embargo of its parts ends."""
        return max(filter(None, (part.embargo_until for part in self.parts)), default=None)

    @property
    def retention_end(self) -> datetime | None:
        """When the first retention of its parts ends."""
        return min(filter(None, (part.retention_until for part in self.parts)), default=None)

    @property
    def kept(self) -> "HandlingLabel":
        """The one of all equal labels that is kept: what a store is asked for by label is found soonest by the very same."""
        return HandlingLabel.from_text(self.to_text())

    def in_state(self, state: State) -> "HandlingLabel":
        """The same conditions for a version that stands otherwise."""
        if self.state is state and all(part.state is state for part in self.also):
            return self
        return replace(self, state=state, also=tuple(replace(part, state=state) for part in self.also))

    def to_text(self) -> str:
        """The canonical text by which stores intern labels: equal labels, equal text."""
        return json.dumps(_document(self), sort_keys=True, separators=(",", ":"))

    @staticmethod
    @lru_cache(maxsize=4096)
    def from_text(text: str) -> "HandlingLabel":
        """The inverse of `to_text`. Kept: every class of clients reads the same labels, and a thousand of them at once."""
        return _from_document(orjson.loads(text))


@lru_cache(maxsize=4096)
def join(first: HandlingLabel, second: HandlingLabel) -> HandlingLabel:
    """The label of a version that is bound by both: it closes to everybody to whom `first` or `second` closes.

    State, submitter and primary originator stay `first`'s. Labels of one originator are combined; where being listed or named in one of them would let
    somebody pass whom the other keeps out, that other stays beside the result as a condition of its own.
    """
    if first == second:
        return first
    return _joined(first, second).kept


def _joined(first: HandlingLabel, second: HandlingLabel) -> HandlingLabel:
    parts: dict[str, list[HandlingLabel]] = {}
    for part in (*first.parts, *second.parts):
        parts.setdefault(part.originator, []).append(replace(part, state=first.state))
    primary, *conditions = _bind(parts.pop(first.originator))
    others = [part for name in sorted(parts) for part in _bind(parts[name])]
    return replace(primary, state=first.state, also=tuple(conditions + others))


def join_all(labels: Iterable[HandlingLabel]) -> HandlingLabel:
    """`join` over one label or more, the first leading."""
    return reduce(join, labels)


def combine(first: HandlingLabel, second: HandlingLabel) -> HandlingLabel:
    """The label of one version under two markings of one originator: the higher level, and every restriction of both."""
    return replace(
        first,
        tlp=max(first.tlp, second.tlp),
        recipients=_intersection(first.recipients, second.recipients),
        releasable_to=_intersection(first.releasable_to, second.releasable_to),
        not_releasable_to=first.not_releasable_to | second.not_releasable_to,
        embargo_until=max(filter(None, (first.embargo_until, second.embargo_until)), default=None),
        retention_until=min(filter(None, (first.retention_until, second.retention_until)), default=None),
        purposes=_intersection(first.purposes, second.purposes),
        opaque=first.opaque or second.opaque,
        by_default=first.by_default or second.by_default,
    )


def is_looser(new: HandlingLabel, old: HandlingLabel) -> bool:
    """Whether somebody could see something under `new` that `old` closes: `new` does not already contain `old`."""
    joined = join(new, replace(old, by_default=new.by_default))
    return joined != new


def round_embargo(instant: datetime) -> datetime:
    """Up to the whole hour: close embargoes share a label."""
    whole = instant.replace(minute=0, second=0, microsecond=0)
    return whole if whole == instant or whole > _LAST_HOUR else whole + timedelta(hours=1)


def round_retention(instant: datetime, now: datetime) -> datetime:
    """Down to the day, to the first of the month when it lies more than 90 days ahead; never before it was due to be kept at all."""
    day = instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.replace(day=1) if instant - now > timedelta(days=90) else day


def _bind(parts: list[HandlingLabel]) -> list[HandlingLabel]:
    """Parts of one originator as few as keep every condition: their combination first, then those that it does not keep."""
    combined = reduce(combine, parts)
    needed: list[HandlingLabel] = []
    for part in dict.fromkeys(replace(part, by_default=False) for part in parts if not _keeps(combined, part)):
        if not any(_implies(other, part) for other in needed):
            needed = [*(other for other in needed if not _implies(part, other)), part]
    if len(needed) > MOST_CONDITIONS:
        return [replace(combined, tlp=Tlp.RED, recipients=frozenset(), releasable_to=frozenset())]
    return [combined, *sorted(needed, key=HandlingLabel.to_text)]


def _implies(label: HandlingLabel, other: HandlingLabel) -> bool:
    """Whether whoever passes `label` passes `other`."""
    return _keeps(label, other) and combine(label, other) == label


def _keeps(combined: HandlingLabel, part: HandlingLabel) -> bool:
    """Whether nobody passes `combined` by being listed or named there whom `part` keeps out because it lists or names nobody."""
    if combined.releasable_to == frozenset():
        return True
    if part.embargo_until is not None and part.recipients is None and combined.recipients is not None:
        return False
    if part.tlp < Tlp.AMBER:
        return True
    if part.tlp is Tlp.RED:
        return part.recipients is not None or combined.recipients is None
    return combined.tlp is not Tlp.RED and (part.releasable_to is None) == (combined.releasable_to is None)


def _intersection(first: frozenset[str] | None, second: frozenset[str] | None) -> frozenset[str] | None:
    if first is None:
        return second
    return first if second is None else first & second


def _document(label: HandlingLabel) -> dict[str, object]:
    """Only what is set: labels are many and mostly plain."""
    document: dict[str, object] = {"tlp": label.tlp.text, "originator": label.originator, "submitter": label.submitter}
    for name in ("recipients", "releasable_to", "purposes"):
        names: frozenset[str] | None = getattr(label, name)
        if names is not None:
            document[name] = sorted(names)
    if label.not_releasable_to:
        document["not_releasable_to"] = sorted(label.not_releasable_to)
    for name in ("embargo_until", "retention_until"):
        instant: datetime | None = getattr(label, name)
        if instant is not None:
            document[name] = instant.astimezone(UTC).isoformat()
    document.update({name: True for name in ("opaque", "by_default") if getattr(label, name)})
    if label.state is not State.PUBLISHED:
        document["state"] = label.state.value
    if label.also:
        document["also"] = [_document(part) for part in label.also]
    return document


def _from_document(document: dict[str, object]) -> HandlingLabel:
    values = {name: _READERS[name](value) if name in _READERS else value for name, value in document.items()}
    return HandlingLabel(**values)  # type: ignore[arg-type] # the names are those of the fields


_READERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "tlp": TLP_BY_TEXT.__getitem__,
    "state": State,
    **dict.fromkeys(("recipients", "releasable_to", "purposes", "not_releasable_to"), frozenset),
    **dict.fromkeys(("embargo_until", "retention_until"), datetime.fromisoformat),
    "also": lambda parts: tuple(map(_from_document, parts)),
}
"""From the values of a document, as `_document` writes them, to those of a label; the others are the same in both."""
