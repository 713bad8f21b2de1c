"""Who saw: to whom which versions of an object were delivered, for its originator's auditors and for the secretariat's (DESIGN 8).

An auditor need not read a collection to ask: control by the source reaches wherever a copy lies. What of it he may audit is for the policies to say, version
by version, by the label each was written with: what others' versions bind it with does not take it from its originator. Content is never shown.
Collections that left the alliance count too: what was delivered from them was delivered.
Deliveries are numbered over all clients and objects, so the numbers stay here: they would count what others received.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.access.actions import Action
from app.access.decision import Question
from app.access.principal import Role
from app.audit.deliveries import Delivered
from app.clock import timestamp
from app.errors import NotFound
from app.sharing.door import Tour, Visit, absent, everywhere, judged
from app.sharing.exchange import NOTHING_HERE, Exchange
from app.stix.handling import HandlingLabel
from app.stix.identifiers import is_identifier
from app.store.contract import StoredVersion, Transaction

Audited = tuple[Visit, Mapping[int, StoredVersion]]
"""What of one collection may be audited: versions by their rows."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Which part of a list is wanted: what follows the first `skip`, at most `limit` of it. None: as much as a page holds by default."""

    limit: int | None = None
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """One version of the object that left for one client, when and under which epoch. Client and organisation "" are the public."""

    collection: str
    object_id: str
    version: str
    contributor: str
    organisation: str
    client: str
    delivered: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Recipients:
    """A part of what left, in the order in which it was put on record, and how many to skip for what follows; None at the end."""

    received: tuple[Received, ...]
    following: int | None


async def who_saw(exchange: Exchange, client: str, object_id: str, portion: Portion) -> Recipients:
    """To whom what the client may audit under an id was delivered, from every collection, removed ones too.

    Raises Unauthenticated; NotFound if the client may audit nothing there, whether or not there is anything.
    """
    limit = min(portion.limit or exchange.limits.page, exchange.limits.largest_page)
    wanted = portion.skip + limit + 1
    audited = await _audited(exchange, client, object_id)
    found: list[tuple[int, int, Received]] = []
    for visit, versions in audited:
        for each in await exchange.store.delivered(visit.collection.key, versions.keys(), wanted):
            found += _lines(visit, versions, each)
    found.sort(key=lambda line: line[:2])
    page = tuple(received for *_, received in found[portion.skip : portion.skip + limit])
    return Recipients(page, portion.skip + limit if len(found) >= wanted else None)


async def _audited(exchange: Exchange, client: str, object_id: str) -> Sequence[Audited]:

    async def enter() -> Tour:
        tour = await everywhere(exchange, client, with_removed=True)
        if Role.AUDITOR not in tour.principal.roles or not is_identifier(object_id):  # no store is asked for whoever happens to ask
            raise absent(tour.principal)
        return tour

    kept = await judged(exchange, enter, lambda tx, tour: _kept(exchange, tx, tour, object_id))
    audited = [(visit, found) for visit, rows in kept if (found := _permitted(visit, rows))]
    if not audited:
        raise NotFound(NOTHING_HERE)
    return audited


Rows = Sequence[tuple[StoredVersion, HandlingLabel]]


async def _kept(exchange: Exchange, tx: Transaction, tour: Tour, object_id: str) -> list[tuple[Visit, Rows]]:
    """The versions under an id, tombstones too, with the labels they were written with."""
    found: list[tuple[Visit, Rows]] = []
    for visit in tour.visits:
        rows = (await tx.history(visit.collection.key, [object_id])).get(object_id)
        if rows:
            book = exchange.books.of(visit.collection.key)
            await book.catch_up(tx, visit.collection.key)
            found.append((visit, [(row, book.label(row.own)) for row in rows]))
    return found


def _permitted(visit: Visit, rows: Rows) -> dict[int, StoredVersion]:
    questions = [Question(visit.principal, Action.READ_AUDIT, visit.collection, label) for _, label in rows]
    decisions = visit.force.judge.decide_many(questions, visit.now)
    return {row.row: row for (row, _), decision in zip(rows, decisions, strict=True) if decision.allowed}


def _lines(visit: Visit, versions: Mapping[int, StoredVersion], each: Delivered) -> list[tuple[int, int, Received]]:
    delivery = each.delivery
    organisation, at = delivery.client.partition("/")[0], timestamp(delivery.at)
    return [
        (
            each.number,
            row,
            Received(
                collection=visit.collection.path,
                object_id=versions[row].object_id,
                version=versions[row].version,
                contributor=versions[row].contributor,
                organisation=organisation,
                client=delivery.client,
                delivered=at,
                epoch=delivery.epoch,
            ),
        )
        for row in delivery.rows
    ]
