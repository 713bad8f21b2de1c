"""The policies once more, in plain Python: a second opinion, written from the truth tables alone.

Nothing here is shared with app/access: neither how labels are told to the engine, nor how reasons are gathered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.access.actions import Action
from app.access.alliance import Alliance, Collection
from app.access.decision import Decision, Question
from app.access.principal import Principal
from app.stix.handling import HandlingLabel, State, Tlp

SEE = frozenset({Action.READ, Action.REVIEW, Action.RELEASE, Action.EXPLAIN})
WRITE = frozenset({Action.WRITE_NEW, Action.WRITE_VERSION})
FIND = frozenset({Action.DISCOVER, Action.READ})
EVERYTHING = frozenset(Action)


@dataclass(frozen=True)
class Case:
    """One question about one part of a label, with the words of the tables as properties."""

    principal: Principal
    collection: Collection
    label: HandlingLabel | None
    previous: HandlingLabel | None
    alliance: Alliance
    now: datetime

    @property
    def marked(self) -> HandlingLabel:
        """The label of a question that has one."""
        assert self.label is not None
        return self.label

    @property
    def is_own(self) -> bool:
        """Whether the one who asks is of the originator."""
        return self.label is not None and self.label.originator == self.principal.organisation

    @property
    def is_contributed(self) -> bool:
        """Whether he is of the originator or the submitter."""
        return self.is_own or (self.label is not None and self.label.submitter == self.principal.organisation)

    @property
    def is_named(self) -> bool:
        """Whether the recipients name him."""
        return bool((self.marked.recipients or frozenset()) & self.principal.names)

    @property
    def is_listed(self) -> bool:
        """Whether the marking lists his organisation, one of its groups or operations."""
        mine = self.principal.audiences & (self.marked.releasable_to or frozenset())
        return any(audience.split(":")[0] in {"org", "group", "op"} for audience in mine)

    @property
    def is_secretariat(self) -> bool:
        """Whether he is of the secretariat."""
        return self.principal.kind.value == "secretariat"

    def has(self, role: str) -> bool:
        """Whether he has a role."""
        return role in {each.value for each in self.principal.roles}

    def among(self, audiences: frozenset[str]) -> bool:
        """Whether one of these audiences is his."""
        return not audiences.isdisjoint(self.principal.audiences)

    @property
    def is_archive_open(self) -> bool:
        """Whether the archive date of a closed collection is still ahead."""
        until = self.collection.archive_until
        return until is not None and self.now.date() <= until

    @property
    def is_active(self) -> bool:
        """Whether the organisation is known and not suspended."""
        known = self.principal.kind.value == "public" or self.principal.organisation in self.alliance.organisations
        return known and self.principal.active


Rule = Callable[[Case], bool]


def _marked(rule: Rule) -> Rule:
    """A rule about labels: it has nothing to say of a question without one."""
    return lambda case: case.label is not None and rule(case)


def _others(rule: Rule) -> Rule:
    """A rule about labels that the originator passes."""
    return lambda case: case.label is not None and not case.is_own and rule(case)


def _kind(case: Case) -> str:
    return case.collection.kind.value


PERMITS: dict[str, tuple[frozenset[Action], Rule]] = {
    "readers-read": (FIND, lambda c: c.has("reader") and c.among(c.collection.readers)),
    "writers-discover": (
        frozenset({Action.DISCOVER}),
        lambda c: c.has("contributor") and c.among(c.collection.writers) and c.principal.scope.value == "organisation",
    ),
    "writers-write": (WRITE, lambda c: c.has("contributor") and c.among(c.collection.writers)),
    "originators-revoke": (frozenset({Action.REVOKE}), lambda c: c.has("contributor") and (c.label is None or c.is_own)),
    "contributors-delete": (frozenset({Action.DELETE}), lambda c: c.has("contributor") and (c.label is None or c.is_contributed)),
    "protection-officers-delete": (frozenset({Action.DELETE}), lambda c: c.has("dpo") and c.is_secretariat),
    "curators-review": (
        frozenset({Action.REVIEW, Action.RELEASE}),
        lambda c: (
            c.has("curator")
            and (c.is_secretariat or c.principal.organisation == c.collection.owner)
            and (c.label is None or c.label.state is State.QUARANTINED)
        ),
    ),
    "originators-explain": (
        frozenset({Action.EXPLAIN}),
        lambda c: (
            (c.has("contributor") or c.has("auditor"))
            and (c.among(c.collection.readers) or c.among(c.collection.writers))
            and c.is_contributed
        ),
    ),
    "curators-explain": (
        frozenset({Action.EXPLAIN}),
        lambda c: (
            c.has("curator")
            and (c.is_secretariat or c.principal.organisation == c.collection.owner)
            and c.label is not None
            and (c.label.state is State.QUARANTINED or (c.has("reader") and c.among(c.collection.readers)))
        ),
    ),
    "compliance-holds": (frozenset({Action.HOLD}), lambda c: c.has("compliance") and c.is_secretariat),
    "owners-administrate": (frozenset({Action.ADMINISTRATE}), lambda c: c.has("admin") and c.principal.organisation == c.collection.owner),
    "originators-audit": (frozenset({Action.READ_AUDIT}), lambda c: c.has("auditor") and c.is_own),
    "secretariat-audits": (frozenset({Action.READ_AUDIT}), lambda c: c.has("auditor") and c.is_secretariat),
}

FORBIDS: dict[str, tuple[frozenset[Action], Rule]] = {
    "suspended": (EVERYTHING, lambda c: not c.is_active),
    "agreement-over": (EVERYTHING, lambda c: c.principal.agreement_end is not None and c.principal.agreement_end <= c.now),
    "constituency-only-reads": (EVERYTHING - FIND, lambda c: c.principal.scope.value == "constituency"),
    "anonymous-reads-public": (FIND, lambda c: c.principal.kind.value == "public" and _kind(c) != "public"),
    "public-is-clear": (frozenset({Action.READ}), _others(lambda c: _kind(c) == "public" and c.marked.tlp is not Tlp.CLEAR)),
    "intake-owner-only-reviews": (FIND, lambda c: _kind(c) == "intake" and c.principal.organisation == c.collection.owner),
    "closed-to-partners": (
        SEE | FIND,
        lambda c: c.collection.state.value == "closed" and c.principal.kind.value in {"partner", "public"},
    ),
    "archive-over": (
        SEE | FIND,
        lambda c: (
            c.collection.state.value == "closed"
            and not c.is_archive_open
            and not (c.among(c.collection.writers) if c.label is None else c.is_contributed)
        ),
    ),
    "constituency-to-amber": (
        frozenset({Action.READ}),
        _marked(lambda c: c.principal.scope.value == "constituency" and c.marked.tlp in {Tlp.AMBER_STRICT, Tlp.RED}),
    ),
    "partner-not-listed": (
        SEE,
        _others(
            lambda c: (
                c.principal.kind.value == "partner"
                and c.marked.tlp in {Tlp.AMBER, Tlp.AMBER_STRICT}
                and _kind(c) != "operation"
                and not c.is_listed
            )
        ),
    ),
    "red-not-named": (SEE, _others(lambda c: c.marked.tlp is Tlp.RED and not (c.is_named and c.has("red-reader")))),
    "not-releasable": (SEE, _others(lambda c: c.among(c.marked.not_releasable_to))),
    "withheld": (
        SEE,
        _others(
            lambda c: (
                c.marked.originator in c.alliance.organisations
                and c.among(frozenset(c.alliance.organisations[c.marked.originator].withhold_from))
            )
        ),
    ),
    "not-listed": (SEE, _others(lambda c: c.marked.releasable_to is not None and not c.among(c.marked.releasable_to))),
    "purpose-not-met": (SEE, _others(lambda c: c.marked.purposes is not None and not c.marked.purposes & c.principal.purposes)),
    "quarantined": (frozenset({Action.READ}), _marked(lambda c: c.marked.state is State.QUARANTINED and not c.is_contributed)),
    "embargoed": (
        SEE,
        _others(
            lambda c: (
                (c.marked.state is State.EMBARGOED or (c.marked.embargo_until is not None and c.marked.embargo_until > c.now))
                and not c.is_named
            )
        ),
    ),
    "held": (SEE, _others(lambda c: c.marked.state is State.HELD)),
    "opaque": (SEE, _others(lambda c: c.marked.opaque)),
    "retention-over": (SEE, _others(lambda c: c.marked.retention_until is not None and c.marked.retention_until <= c.now)),
    "originator-unknown": (SEE | WRITE, _marked(lambda c: c.marked.originator not in c.alliance.organisations)),
    "not-open": (WRITE, lambda c: c.collection.state.value != "open"),
    "above-ceiling": (WRITE, _marked(lambda c: c.marked.tlp.text not in _levels_up_to(c.collection.ceiling))),
    "opaque-refused": (WRITE, _marked(lambda c: c.marked.opaque and c.collection.opaque == "refuse")),
    "red-names-nobody": (WRITE, _marked(lambda c: c.marked.tlp is Tlp.RED and not c.marked.recipients)),
    "submitted-by-another": (WRITE, _marked(lambda c: c.marked.submitter != c.principal.organisation)),
    "partners-write-to-intakes": (WRITE, lambda c: c.principal.kind.value == "partner" and _kind(c) != "intake"),
    "intake-quarantines": (WRITE, _marked(lambda c: _kind(c) == "intake" and c.marked.state is not State.QUARANTINED)),
    "relay-refused": (WRITE, _others(lambda c: not c.collection.relay or c.marked.tlp not in {Tlp.CLEAR, Tlp.GREEN})),
    "only-releasers-lower": (
        frozenset({Action.WRITE_VERSION}),
        _marked(
            lambda c: (
                c.previous is not None
                and c.previous.tlp in {Tlp.AMBER_STRICT, Tlp.RED}
                and c.marked.tlp < c.previous.tlp
                and not c.has("releaser")
            )
        ),
    ),
    "released-by-another": (frozenset({Action.RELEASE}), _marked(lambda c: c.is_contributed)),
}


def _levels_up_to(ceiling: str) -> list[str]:
    scale = ["clear", "green", "amber", "amber+strict", "red"]
    return scale[: scale.index("clear" if ceiling == "white" else ceiling) + 1]


def decide(question: Question, alliance: Alliance, now: datetime) -> Decision:
    """What the tables say to a question."""
    labels = [None] if question.label is None else list(question.label.parts)
    answers = [
        _decide(question.action, Case(question.principal, question.collection, label, question.previous, alliance, now)) for label in labels
    ]
    denials = [answer for answer in answers if not answer.allowed]
    reasons = {policy for answer in denials or answers for policy in answer.policies}
    return Decision(not denials, tuple(sorted(reasons)))


def _decide(action: Action, case: Case) -> Decision:
    forbidding = [name for name, (actions, rule) in FORBIDS.items() if action in actions and rule(case)]
    if forbidding:
        return Decision(allowed=False, policies=tuple(forbidding))
    permitting = [name for name, (actions, rule) in PERMITS.items() if action in actions and rule(case)]
    return Decision(bool(permitting), tuple(permitting))
