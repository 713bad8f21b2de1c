"""Knowledge: what the one who asks for an explanation may know of a collection, so that no answer holds more (access-policy cases 25, 31, 32).

* He is told of versions that his organisation originated or submitted, deleted ones too, and, as a curator, of those that he sees himself.
* Beside them counts what he may read. What is hidden from him does not exist in his answer: neither its id, nor whose it is, nor that it is there.
* Standing restrictions of other organisations are left out of it: every answer is that of an alliance which has none but his own organisation's.
* What his object refers to decides as it does for readers, and is named only if he sees it himself.

Whoever sits at the machine knows everything (docs/security.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.access.actions import Action
from app.access.decision import Decision, Judge, Question
from app.access.principal import Principal
from app.sharing.door import Visit
from app.sharing.exchange import Exchange
from app.sharing.labels import LabelBook
from app.sharing.pinning import labels_to_pass
from app.sharing.threads import Line, Thread
from app.stix.handling import HandlingLabel, State
from app.store.pins import Pin


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What one who asks may know; `everything` for whoever sits at the machine. `judge` decides about others as he may know it."""

    visit: Visit
    book: LabelBook
    judge: Judge
    everything: bool
    _passed: dict[tuple[Principal, HandlingLabel], bool] = field(default_factory=dict[tuple[Principal, HandlingLabel], bool])

    @staticmethod
    def of(exchange: Exchange, visit: Visit, book: LabelBook, *, everything: bool) -> "Knowledge":
        """The knowledge of a visitor."""
        return Knowledge(visit, book, visit.force.judge if everything else _uninitiated(exchange, visit), everything)

    def is_his(self, line: Line) -> bool:
        """Whether he asks about this version: it is his organisation's, or he is a curator who sees it."""
        if self.everything:
            return True
        if self.is_involved(line):
            return self._may(Action.EXPLAIN, [line.own.in_state(line.state)])
        return not line.deleted and self._may(Action.EXPLAIN, labels_to_pass(line, self.book))

    def knows(self, line: Line) -> bool:
        """Whether he may know that the version is there."""
        return self.is_his(line) or (not line.deleted and self._may(Action.READ, labels_to_pass(line, self.book)))

    def is_involved(self, line: Line) -> bool:
        """Whether his organisation submitted or originated the version."""
        return self.visit.principal.organisation in {line.contributor, line.own.originator}

    def knows_contributor(self, line: Line) -> bool:
        """Whether he is told who submitted the version, as curators are by `review`; who reads it is not."""
        return self.everything or self.is_involved(line) or line.own.state is State.QUARANTINED or bool(line.source)

    def knows_label(self, label: HandlingLabel) -> bool:
        """Whether all of a label, with what others' versions add to it, is his to know."""
        return self.everything or self._may(Action.EXPLAIN, [label]) or self._may(Action.READ, [label])

    def knows_target(self, pin: Pin, targets: Mapping[str, Thread]) -> bool:
        """Whether he sees what a version refers to: something that stands in the contribution that is pinned."""
        if self.everything:
            return True
        lines = targets[pin.target].of(pin.contributor) if pin.target in targets else []
        return any(self.knows(line) for line in lines)

    def decide(self, principal: Principal, label: HandlingLabel | None = None) -> Decision:
        """Whether somebody reads what lies under a label, or in the collection at all, and by which policies, as far as may be known here."""
        return self.judge.decide(Question(principal, Action.READ, self.visit.collection, label), self.visit.now)

    def passes(self, principal: Principal, label: HandlingLabel) -> bool:
        """Whether somebody reads what lies under a label, as far as may be known here."""
        asked = principal, label
        if asked not in self._passed:
            self._passed[asked] = self.decide(principal, label).allowed
        return self._passed[asked]

    def known(self, thread: Thread) -> Thread:
        """The thread without what does not exist for him."""
        kept = {name: [line for line in lines if self.knows(line)] for name, lines in thread.contributions.items()}
        return Thread(thread.object_id, {name: lines for name, lines in kept.items() if lines})

    def _may(self, action: Action, labels: Iterable[HandlingLabel]) -> bool:
        visit = self.visit
        questions = [Question(visit.principal, action, visit.collection, label) for label in dict.fromkeys(labels)]
        return all(decision.allowed for decision in visit.force.judge.decide_many(questions, visit.now))


def _uninitiated(exchange: Exchange, visit: Visit) -> Judge:
    """A judge who has never heard of the standing restrictions of other organisations."""
    alliance, asking = visit.force.alliance, visit.principal.organisation
    organisations = {
        name: each if name == asking else each.model_copy(update={"withhold_from": frozenset[str]()})
        for name, each in alliance.organisations.items()
    }
    return exchange.force.make_judge(alliance.model_copy(update={"organisations": organisations}))
