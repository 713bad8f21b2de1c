"""Withdraw: the originator takes an object back from wherever it is kept, in one transaction: all collections, intakes, and what was released from them.

Control by the source needs no reader's right and no open collection: whoever originated or submitted a version may delete it. Tombstones stay, as
after every delete (access-policy case 36), so nobody sees more afterwards than before.
"""

from dataclasses import dataclass

from app.access.actions import Action
from app.access.decision import Question
from app.access.principal import Principal
from app.audit.events import Event
from app.errors import Denied, NotFound
from app.sharing.commit import Target, commit
from app.sharing.door import Tour, Visit, everywhere, judged
from app.sharing.exchange import NOTHING_HERE, Exchange
from app.sharing.threads import Line
from app.sharing.view import read_threads
from app.store.contract import Transaction


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """How many versions were taken back from a collection."""

    collection: str
    versions: int


async def withdraw(exchange: Exchange, client: str, object_id: str) -> list[Withdrawn]:
    """Delete every version of the object that the client's organisation originated or submitted, wherever it is.

    Raises Unauthenticated; NotFound if it has none; Denied if the client may not delete.
    """

    async def enter() -> Tour:
        tour = await everywhere(exchange, client)
        if not any(visit.may(Action.DELETE) for visit in tour.visits):
            msg = "this client may not withdraw objects; that takes an active organisation and the role `contributor`"
            raise Denied(msg)
        return tour

    async def work(tx: Transaction, tour: Tour) -> list[Withdrawn]:
        counts = [Withdrawn(visit.collection.path, await _withdraw_from(exchange, tx, visit, object_id)) for visit in tour.visits]
        found = [each for each in counts if each.versions]
        if not found:
            raise NotFound(NOTHING_HERE)
        return found

    return await judged(exchange, enter, work)


async def _withdraw_from(exchange: Exchange, tx: Transaction, visit: Visit, object_id: str) -> int:
    book = exchange.books.of(visit.collection.key)
    await book.catch_up(tx, visit.collection.key)
    thread = (await read_threads(tx, visit.collection.key, book, [object_id]))[object_id]
    chosen = [line for line in thread.lines if not line.deleted and _is_his(visit.principal, line) and _may_delete(visit, line)]
    if chosen:
        for line in chosen:
            line.deleted = True
        thread.settle()
        target = Target(visit.collection.key, visit.principal.organisation, book.draft(), visit.deed(Event.WITHDRAW))
        await commit(tx, target, [thread])
    return len(chosen)


def _is_his(principal: Principal, line: Line) -> bool:
    return principal.organisation in {line.contributor, line.own.originator}


def _may_delete(visit: Visit, line: Line) -> bool:
    """By the label of the version itself: what others' versions bind it with does not tie its originator's hands."""
    question = Question(visit.principal, Action.DELETE, visit.collection, line.own)
    return visit.force.judge.decide(question, visit.now).allowed
