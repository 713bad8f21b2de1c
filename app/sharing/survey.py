"""Explain: what a client sees of a collection, level by level, and which policy says so. A deed of the operator's command line.

It answers for the labels that occur, in the words of the policies; it shows no content.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.access.actions import Action
from app.access.decision import Decision, Question
from app.errors import NotFound
from app.sharing.door import Visit
from app.sharing.exchange import NOTHING_HERE, Exchange
from app.sharing.view import read_threads
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
class Explanation:
    """What a client sees of a collection or of one object there: of the collection itself, then label by label, from open to closed."""

    client: str
    collection: str
    reads: bool
    policies: tuple[str, ...]
    meanings: tuple[str, ...]
    reasons: tuple[Reason, ...]


async def explain(exchange: Exchange, client: str, path: str, object_id: str | None = None) -> Explanation:
    """Why `client` sees what he sees in `root/name`. Raises Unauthenticated for an unknown client, NotFound for an unknown collection or object."""
    force = await exchange.force.now()
    principal = force.principal(client)
    collection = next((each for each in force.alliance.collections if each.path == path), None)
    if collection is None:
        raise NotFound(NOTHING_HERE)
    visit = Visit(force, principal, collection, exchange.clock())
    reading = force.judge.decide(visit.asks(Action.READ), visit.now)
    counted = await exchange.store.transact(lambda tx: _labels(exchange, tx, visit, object_id))
    questions = [Question(principal, Action.READ, collection, label) for label, _ in counted]
    decisions = force.judge.decide_many(questions, visit.now) if questions else []
    reasons = [_reason(visit, label, count, decision) for (label, count), decision in zip(counted, decisions, strict=True)]
    reasons.sort(key=lambda reason: (Tlp.of(reason.tlp), reason.originator, reason.state))
    return Explanation(client, path, reading.allowed, reading.policies, _meanings(visit, reading.policies), tuple(reasons))


async def _labels(exchange: Exchange, tx: Transaction, visit: Visit, object_id: str | None) -> Sequence[tuple[HandlingLabel, int]]:
    book = exchange.books.of(visit.collection.key)
    await book.catch_up(tx, visit.collection.key)
    if object_id is None:
        counts = await tx.label_counts(visit.collection.key)
        return [(book.label(number), count) for number, count in sorted(counts.items())]
    thread = (await read_threads(tx, visit.collection.key, book, [object_id]))[object_id]
    found: dict[HandlingLabel, int] = {}
    for line in thread.lines:
        if not line.deleted:
            found[line.effective] = found.get(line.effective, 0) + 1
    if not found:
        raise NotFound(NOTHING_HERE)
    return list(found.items())


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
