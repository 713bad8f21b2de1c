"""Erase: the secretariat's data protection officer deletes an object by legal duty, without seeing it, wherever it is kept (access-policy case 36).

All contributions under the id go, in one transaction, and none of them is taken again: whoever contributed one is told so when he sends the id once more,
and nobody else, since what others have under the id is theirs. Tombstones stay, as after every delete.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.access.actions import Action
from app.access.decision import Question
from app.audit.events import Event
from app.clock import from_micros, to_micros
from app.errors import Denied, NotFound
from app.sharing.commit import Target, commit
from app.sharing.door import Tour, Visit, everywhere, judged
from app.sharing.exchange import NOTHING_HERE, Exchange
from app.sharing.rulings import concerning
from app.sharing.view import current_threads
from app.stix.handling import HandlingLabel, Tlp
from app.store.contract import RulingKind, StoredRuling, Transaction

NOBODYS: Final = HandlingLabel(Tlp.CLEAR, originator="", submitter="")
"""Who may delete what is nobody's deletes for another reason than that it is his own."""


class ErasureReason(StrEnum):
    """By which duty something is erased: a closed list, so that a record never carries content."""

    REQUEST = "request"
    """Of the person whom the data concern."""
    ORDER = "order"
    """Of a court or an authority."""
    UNLAWFUL = "unlawful"
    """The data should never have been shared."""


@dataclass(frozen=True, slots=True)
class Erased:
    """A contribution that was erased: where, of which object, whose, for which reason, by which client, when."""

    collection: str
    object_id: str
    contributor: str
    reason: str
    client: str
    at: datetime


async def erase(exchange: Exchange, client: str, object_id: str, reason: ErasureReason) -> list[Erased]:
    """Delete every version of every contribution under the id, in every collection.

    Raises Unauthenticated; Denied if the client may not; NotFound if there is nothing.
    """

    async def enter() -> Tour:
        tour = await everywhere(exchange, client)
        duties = tuple(visit for visit in tour.visits if _may_erase(visit))
        if not duties:
            msg = "this client may not erase objects; that takes the secretariat's role `dpo`"
            raise Denied(msg)
        return replace(tour, visits=duties)

    async def work(tx: Transaction, duties: Tour) -> list[Erased]:
        found = [each for visit in duties.visits for each in await _erase_from(exchange, tx, visit, object_id, reason)]
        if not found:
            raise NotFound(NOTHING_HERE)
        return found

    return await judged(exchange, enter, work)


async def erasures(exchange: Exchange, client: str) -> list[Erased]:
    """What was erased, oldest first, as far as it concerns a client: all for who may erase, its organisation's contributions for others."""
    found = await concerning(exchange, client, RulingKind.ERASURE, _may_erase)
    return [_erased(ruling, collection.path) for ruling, collection in found]


async def erased_of(tx: Transaction, organisation: str, ids: Iterable[str]) -> dict[str, str]:
    """Which of these ids were erased as contributions of the organisation, in whatever collection, with the reason."""
    found = await tx.rulings(RulingKind.ERASURE, None, list(dict.fromkeys(ids)))
    return {ruling.object_id: ruling.reason for ruling in found if ruling.contributor == organisation}


def _may_erase(visit: Visit) -> bool:
    return visit.force.judge.decide(Question(visit.principal, Action.DELETE, visit.collection, NOBODYS), visit.now).allowed


async def _erase_from(exchange: Exchange, tx: Transaction, visit: Visit, object_id: str, reason: ErasureReason) -> list[Erased]:
    collection = visit.collection
    thread = (await current_threads(exchange, tx, collection.key, [object_id]))[object_id]
    contributors = thread.contributors
    if not contributors:
        return []
    for line in thread.lines:
        line.deleted = True
    thread.settle()
    book = exchange.books.of(collection.key).draft()
    await commit(tx, Target(collection.key, visit.principal.organisation, book, visit.deed(Event.ERASE, reason.value)), [thread])
    client, now = visit.principal.client, to_micros(visit.now)
    rulings = [StoredRuling(RulingKind.ERASURE, collection.key, object_id, name, 0, reason.value, client, now) for name in contributors]
    for ruling in rulings:
        await tx.rule(ruling)
    return [_erased(ruling, collection.path) for ruling in rulings]


def _erased(ruling: StoredRuling, path: str) -> Erased:
    return Erased(path, ruling.object_id, ruling.contributor, ruling.reason, ruling.client, from_micros(ruling.made))
