"""Verdict: whether one client gets an object, and why (not), as somebody may know it. What `explain` answers, put into words. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.access.decision import Decision
from app.access.principal import Principal
from app.sharing.fates import Fate, Reader, fates, served_contribution
from app.sharing.knowledge import Knowledge
from app.sharing.threads import REGISTERED_RANK, Line, Thread
from app.stix.handling import HandlingLabel
from app.stix.wording import terms
from app.store.pins import Pin

UNTOLD: Final = "what another organisation's version adds to its handling closes it"
HIDDEN_TARGET: Final = "it refers to something that is closed to this client, and not shown to you"


@dataclass(frozen=True, slots=True)
class Ground:
    """What decides: a policy, with the one line that it says of itself; the line alone where no policy does, or none may be named."""

    meaning: str
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What becomes of one version for a client; `terms` are what it demands beside its level, each in words.

    `by`, who submitted it, and `originator` are empty where that is not told. `refers_to`: the targets that withhold it, as far as whoever asks sees them.
    """

    version: str
    by: str
    originator: str
    tlp: str
    state: str
    terms: tuple[str, ...]
    fate: Fate
    grounds: tuple[Ground, ...]
    refers_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a client (empty: the public) gets the object by a plain poll, in which version, why not the newest, and each version, newest first.

    `reads`: whether he reads in the collection at all.
    """

    client: str
    reads: bool
    gets: bool
    version: str
    because: str
    versions: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One client and one object, as whoever asks may know them: the thread without what is hidden from him, and what it refers to."""

    knowledge: Knowledge
    thread: Thread
    targets: Mapping[str, Thread]
    principal: Principal

    def verdict(self) -> Verdict:
        """What is answered. The thread holds a version that he asks about."""
        reader = Reader(self.principal.organisation, lambda label: self.knowledge.passes(self.principal, label), self.knowledge.book)
        found = [(line, fate) for line, fate in fates(self.thread, reader) if self.knowledge.is_his(line)]
        found.sort(key=lambda each: each[0].sorting, reverse=True)
        told = [(line, self._told(line, fate, reader)) for line, fate in found]
        shown = next(((line, each) for line, each in told if each.fate is Fate.SHOWN), None)
        rivals = [each for line, each in told if shown is None or line.contributor == shown[0].contributor]
        newest = next((each for each in rivals if each.fate is not Fate.DELETED), rivals[0])
        door = self.knowledge.decide(self.principal)
        deciding = newest.grounds if door.allowed or newest.fate is Fate.DELETED else self._named(door)
        return Verdict(
            client=self.principal.client,
            reads=door.allowed,
            gets=shown is not None,
            version="" if shown is None else shown[1].version,
            because="" if newest.fate is Fate.SHOWN else "; ".join(ground.meaning for ground in deciding),
            versions=tuple(each for _, each in told),
        )

    def _told(self, line: Line, fate: Fate, reader: Reader) -> Told:
        names, label = self.knowledge.knows_contributor(line), self._label(line)
        stopping = reader.stopped_by(line) if fate is Fate.WITHHELD else []
        seen = [pin for pin in stopping if self.knowledge.knows_target(pin, self.targets)]
        return Told(
            version=line.version,
            by=line.contributor if names else "",
            originator=line.own.originator if names else "",
            tlp=max(part.tlp for part in label.parts).text,
            state=label.state.value,
            terms=tuple(terms(label)),
            fate=fate,
            grounds=tuple(dict.fromkeys(self._grounds(line, fate, reader))),
            refers_to=tuple(dict.fromkeys(pin.target for pin in seen)),
        )

    def _label(self, line: Line) -> HandlingLabel:
        """The label that is told: with what other versions add to it only if that is his to know."""
        return line.effective if self.knowledge.knows_label(line.effective) else line.own.in_state(line.state)

    def _grounds(self, line: Line, fate: Fate, reader: Reader) -> Iterator[Ground]:
        if fate is Fate.DELETED:
            yield Ground("it was deleted")
        elif fate is Fate.REPLACED:
            yield Ground(self._instead(reader))
        elif fate is Fate.WITHHELD:
            yield from self._references(reader.stopped_by(line))
        else:
            door, decision = self.knowledge.decide(self.principal), self.knowledge.decide(self.principal, self._label(line))
            yield from () if door.allowed else self._named(door)
            yield from [Ground(UNTOLD)] if fate is Fate.CLOSED and decision.allowed else self._named(decision)

    def _instead(self, reader: Reader) -> str:
        """Which other contribution the client is shown under the id."""
        served = served_contribution(self.thread, reader)
        assert served is not None  # noqa: S101 # or nothing would be replaced
        lines = self.thread.contributions[served]
        if not all(self.knowledge.knows_contributor(line) for line in lines):
            return "another contribution under this id, which you may read too, is shown to it instead"
        if served == reader.organisation and not any(reader.sees(line) for line in lines):
            return "its own organisation deleted its contribution under this id, and is shown no other until it posts again"
        if served == reader.organisation:
            return "its own organisation's contribution under this id is shown to it instead"
        is_owned = any(line.rank == REGISTERED_RANK and reader.sees(line) for line in lines)
        rank = "registered originator's" if is_owned else "earlier"
        return f"the {rank} contribution under this id, by {served}, is shown to it instead"

    def _references(self, stopping: Sequence[Pin]) -> Iterator[Ground]:
        seen = [pin for pin in stopping if self.knowledge.knows_target(pin, self.targets)]
        yield from (
            Ground(f"it refers to {target}, which is closed to this client") for target in dict.fromkeys(pin.target for pin in seen)
        )
        for label in dict.fromkeys(self.knowledge.book.label(pin.label) for pin in seen if pin.label):
            yield from self._named(self.knowledge.decide(self.principal, label))
        if len(seen) < len(stopping):
            yield Ground(HIDDEN_TARGET)

    def _named(self, decision: Decision) -> Iterator[Ground]:
        if not decision.policies:
            path = self.knowledge.visit.collection.path
            yield Ground(f"no policy permits it: that takes the role `reader`, and an audience among the readers of {path}")
        yield from (Ground(self.knowledge.judge.meaning(policy), policy) for policy in decision.policies)
