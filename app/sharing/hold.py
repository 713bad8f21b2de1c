"""Hold: the secretariat's compliance closes an object to all but its originator, without seeing it, for a reason and until a deadline.

A hold is on the contributions that stand under an id in one collection; new versions of them are held too. It takes nothing out of the join of labels.
Who lifts it, compliance or the scheduler at the deadline, gives the versions new dates in their old order: nothing opens at an old position (access-policy
case 23). What then stands is what would stand without it: an embargo that has not ended goes on, quarantine too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from app.access.actions import Action
from app.audit.events import Deed, Event
from app.clock import from_micros, to_micros
from app.errors import Denied, NotFound
from app.sharing.commit import Target, commit
from app.sharing.door import Visit, enter_path, judged
from app.sharing.due import BATCH, NOBODY, Round, duty_deed
from app.sharing.exchange import NOTHING_HERE, Exchange
from app.sharing.rulings import concerning
from app.sharing.view import current_threads, read_threads
from app.store.contract import RulingKind, StoredRuling, Transaction


class HoldReason(StrEnum):
    """Why something is held: a closed list, so that a record never carries content."""

    NEUTRALITY = "neutrality"
    LAWFULNESS = "lawfulness"
    ACCURACY = "accuracy"
    REQUEST = "request"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Held:
    """A hold: on whose contribution under which id where, for what reason, by which client, since when and until when."""

    collection: str
    object_id: str
    contributor: str
    reason: str
    client: str
    since: datetime
    until: datetime


async def hold(exchange: Exchange, client: str, path: str, object_id: str, order: tuple[HoldReason, datetime]) -> int:
    """Hold what stands under an id in `root/name`, for a reason and until a deadline; the number of contributions. A second hold replaces the first.

    Raises Unauthenticated; NotFound if the client may not hold there or nothing stands there; Denied for a deadline that is over.
    """
    reason, deadline = order
    if deadline <= exchange.clock():
        msg = "a hold needs a deadline in the future"
        raise Denied(msg)

    async def work(tx: Transaction, visit: Visit) -> int:
        contributors = await _live(exchange, tx, visit, object_id)
        await _change(exchange, tx, visit.collection.key, {object_id: contributors}, visit.deed(Event.HOLD, reason.value))
        for contributor in contributors:
            made, until = to_micros(visit.now), to_micros(deadline)
            await tx.rule(StoredRuling(RulingKind.HOLD, visit.collection.key, object_id, contributor, 0, reason.value, client, made, until))
        return len(contributors)

    return await judged(exchange, lambda: enter_path(exchange, client, path, Action.HOLD), work)


async def lift(exchange: Exchange, client: str, path: str, object_id: str) -> int:
    """Lift the holds on an id in `root/name`; the number of contributions. Raises as `hold`, NotFound also if nothing is held."""

    async def work(tx: Transaction, visit: Visit) -> int:
        rulings = await tx.rulings(RulingKind.HOLD, visit.collection.key, [object_id])
        if not rulings:
            raise NotFound(NOTHING_HERE)
        await _lift(exchange, tx, rulings, visit.deed(Event.LIFT))
        return len(rulings)

    return await judged(exchange, lambda: enter_path(exchange, client, path, Action.HOLD), work)


async def lift_due(exchange: Exchange, limit: int = BATCH) -> Round:
    """Lift holds whose deadline is over: one transaction, at most `limit` of them. A deed of the scheduler. Raises StoreUnavailable."""

    async def work(tx: Transaction) -> Round:
        now, rulings = to_micros(exchange.clock()), await tx.rulings(RulingKind.HOLD)
        due = [ruling for ruling in rulings if ruling.until <= now]
        await _lift(exchange, tx, due[:limit], await duty_deed(exchange, tx, Event.LIFT))
        ahead = min((ruling.until for ruling in rulings if ruling.until > now), default=None)
        return Round(len(due[:limit]), len(due) > limit, None if ahead is None else from_micros(ahead))

    return await exchange.store.transact(work, weight=limit)


async def holds(exchange: Exchange, client: str) -> list[Held]:
    """The holds that concern a client, oldest first: those where it may hold itself, and those on its organisation's contributions."""
    found = await concerning(exchange, client, RulingKind.HOLD, lambda visit: visit.may(Action.HOLD))
    return [_held(ruling, collection.path) for ruling, collection in found]


async def _live(exchange: Exchange, tx: Transaction, visit: Visit, object_id: str) -> list[str]:
    """Whose contributions stand under an id. Raises NotFound."""
    thread = (await current_threads(exchange, tx, visit.collection.key, [object_id]))[object_id]
    if not thread.contributors:
        raise NotFound(NOTHING_HERE)
    return thread.contributors


async def _change(exchange: Exchange, tx: Transaction, collection: str, contributors: dict[str, list[str]], deed: Deed) -> None:
    """Hold contributions of one collection, or lift their holds, as the deed says; `contributors` by object id."""
    book = exchange.books.of(collection)
    await book.catch_up(tx, collection)
    threads = await read_threads(tx, collection, book, contributors)
    for object_id, thread in threads.items():
        for contributor in contributors[object_id]:
            if deed.event is Event.LIFT:
                thread.lift(contributor, exchange.clock())
            else:
                thread.held.add(contributor)
        thread.settle()
    await commit(tx, Target(collection, NOBODY, book.draft(), deed), threads.values())


async def _lift(exchange: Exchange, tx: Transaction, rulings: Sequence[StoredRuling], deed: Deed) -> None:
    for collection, group in groupby(sorted(rulings, key=lambda each: each.collection), key=lambda each: each.collection):
        contributors: dict[str, list[str]] = {}
        for ruling in group:
            contributors.setdefault(ruling.object_id, []).append(ruling.contributor)
            await tx.unrule(ruling)
        await _change(exchange, tx, collection, contributors, deed)


def _held(ruling: StoredRuling, path: str) -> Held:
    since, until = from_micros(ruling.made), from_micros(ruling.until)
    return Held(path, ruling.object_id, ruling.contributor, ruling.reason, ruling.client, since, until)
