"""Survey: what a client sees of a collection, level by level, and which policy says so. A deed of whoever sits at the machine.

It answers for the labels that occur, in the words of the policies; it shows no content. What becomes of a single object, and why, is told by `explain`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.access.actions import Action
from app.access.decision import Decision, Question
from app.errors import NotFound
from app.sharing.door import Visit
from app.sharing.exchange import NOTHING_HERE, Exchange
from app.stix.handling import HandlingLabel, Tlp
from app.store.contract import Transaction


@dataclass(frozen=True, slots=True)
class Reason:
    """One label, whether the client reads what lies under it, and why."""

    tlp: str
    originator: str
    state: str
    allowed: bool
    policies: tuple[str, ...]
    meanings: tuple[str, ...]
    objects: int
    """How many versions lie under it."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a client sees of a collection: of the collection itself, then label by label, from open to closed."""

    client: str
    collection: str
    reads: bool
    policies: tuple[str, ...]
    meanings: tuple[str, ...]
    reasons: tuple[Reason, ...]


async def survey(exchange: Exchange, client: str, path: str) -> Survey:
    """Why `client` sees what he sees in `root/name`. Raises Unauthenticated for an unknown client, NotFound for an unknown collection."""
    force = await exchange.force.now()
    principal = force.principal(client)
    collection = force.alliance.at(path)
    if collection is None:
        raise NotFound(NOTHING_HERE)
    visit = Visit(force, principal, collection, exchange.clock())
    reading = force.judge.decide(visit.asks(Action.READ), visit.now)
    counted = await exchange.store.examine(lambda tx: _labels(exchange, tx, visit))
    questions = [Question(principal, Action.READ, collection, label) for label, _ in counted]
    decisions = force.judge.decide_many(questions, visit.now) if questions else []
    reasons = [_reason(visit, label, count, decision) for (label, count), decision in zip(counted, decisions, strict=True)]
    reasons.sort(key=lambda reason: (Tlp.of(reason.tlp), reason.originator, reason.state))
    return Survey(client, collection.path, reading.allowed, reading.policies, _meanings(visit, reading.policies), tuple(reasons))


async def _labels(exchange: Exchange, tx: Transaction, visit: Visit) -> list[tuple[HandlingLabel, int]]:
    book = exchange.books.of(visit.collection.key)
    await book.catch_up(tx, visit.collection.key)
    counts = await tx.label_counts(visit.collection.key)
    return [(book.label(number), count) for number, count in sorted(counts.items())]


def _reason(visit: Visit, label: HandlingLabel, count: int, decision: Decision) -> Reason:
    return Reason(
        tlp=label.tlp.text,
        originator=label.originator,
        state=label.state.value,
        allowed=decision.allowed,
        policies=decision.policies,
        meanings=_meanings(visit, decision.policies),
        objects=count,
    )


def _meanings(visit: Visit, policies: Sequence[str]) -> tuple[str, ...]:
    return tuple(visit.force.judge.meaning(policy) for policy in policies)
