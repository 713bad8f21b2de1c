"""Reject: a curator decides that what waits in an intake is not released, and says why.

The status of the POST that brought it is answered and cannot change (T-4.3.1-03). So the reason stands beside the object: `rejected` lists it to the
submitter and to curators, and whoever of the submitter's clients posts the same version again finds it in the new status. A newer version waits anew, and a
release of the same one takes the rejection back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.access.actions import Action
from app.access.alliance import CollectionKind
from app.audit.events import Event, encode, spans
from app.clock import from_micros, to_micros
from app.errors import Denied, NotFound
from app.sharing.door import Visit, absent, enter_intake, enter_path, judged
from app.sharing.exchange import Exchange
from app.sharing.labels import LabelBook
from app.sharing.release import may_review, stands
from app.sharing.released import destinations
from app.sharing.threads import Line
from app.sharing.view import current_threads
from app.stix.handling import State
from app.stix.objects import reopen
from app.store.contract import RulingKind, StoredRuling, Transaction

LONGEST_REASON: Final = 300
"""Characters: a sentence or two, which fit the message of a status."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A version that was not released: whose, by which client, why and when."""

    object_id: str
    version: str
    submitter: str
    reason: str
    client: str
    at: datetime


async def reject(exchange: Exchange, client: str, path: str, object_ids: Sequence[str], reason: str) -> dict[str, int]:
    """Reject every version of the objects that waits in the intake `root/name`; object id → how many versions, 0 where nothing waits.

    Raises Unauthenticated; NotFound if there is no such collection for the client; Denied if it is no intake, and for a reason that is empty or too long.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
        msg = f"a rejection needs a reason of one line and at most {LONGEST_REASON} characters"
        raise Denied(msg)

    async def work(tx: Transaction, visit: Visit) -> dict[str, int]:
        rejected: dict[str, int] = {}
        rows: list[int] = []
        for object_id, lines in (await _waiting(exchange, tx, visit, object_ids)).items():
            rulings = [_ruling(visit, object_id, line, reason) for line in lines]
            for ruling in rulings:
                await tx.rule(ruling)
            rows += [ruling.row for ruling in rulings]
            rejected[object_id] = len(rulings)
        if rows:
            await tx.seal(visit.collection.key, encode(visit.deed(Event.REJECT, reason), {"changed": spans(rows)}))
        return rejected

    return await judged(exchange, lambda: enter_intake(exchange, client, path, Action.REVIEW), work)


async def rejected(exchange: Exchange, client: str, path: str) -> list[Rejection]:
    """What of the intake `root/name` was rejected, oldest first: all of it for its curators, its own for an organisation. Raises Unauthenticated, NotFound."""

    async def work(tx: Transaction, visit: Visit) -> list[Rejection]:
        found = await tx.rulings(RulingKind.REJECTION, visit.collection.key)
        if not visit.may(Action.REVIEW):
            found = [ruling for ruling in found if ruling.contributor == visit.principal.organisation]
        lines, book = await _lines(exchange, tx, visit, [ruling.object_id for ruling in found]), exchange.books.of(visit.collection.key)
        return [
            _rejection(ruling, lines[ruling.row]) for ruling in found if ruling.row in lines and _is_shown(visit, lines[ruling.row], book)
        ]

    return await judged(exchange, lambda: _enter(exchange, client, path), work)


async def reasons(tx: Transaction, visit: Visit, rows: Mapping[int, str]) -> dict[int, str]:
    """Why versions of the intake were rejected, by row; `rows` tells their object ids."""
    found = await tx.rulings(RulingKind.REJECTION, visit.collection.key, list(rows.values()))
    return {ruling.row: ruling.reason for ruling in found if ruling.row in rows}


async def forget(tx: Transaction, visit: Visit, object_ids: Sequence[str]) -> None:
    """Take back the rejections of objects: they were released after all."""
    for ruling in await tx.rulings(RulingKind.REJECTION, visit.collection.key, object_ids):
        await tx.unrule(ruling)


async def _enter(exchange: Exchange, client: str, path: str) -> Visit:
    """A curator, or somebody who may send something there and so learns what became of it."""
    try:
        return await enter_path(exchange, client, path, Action.REVIEW)
    except NotFound:
        visit = await enter_path(exchange, client, path, Action.WRITE_NEW)
    if visit.collection.kind is not CollectionKind.INTAKE:
        raise absent(visit.principal)
    return visit


async def _waiting(exchange: Exchange, tx: Transaction, visit: Visit, object_ids: Sequence[str]) -> dict[str, list[Line]]:
    """The versions under each id that wait, as far as the curator may see them: not deleted, not held, no copy of them standing anywhere."""
    book = exchange.books.of(visit.collection.key)
    lines = {
        row: line
        for row, line in (await _lines(exchange, tx, visit, object_ids)).items()
        if line.state is State.QUARANTINED and may_review(visit, line, book)
    }
    raws = await tx.raw(visit.collection.key, list(lines)) if lines else dict[int, bytes]()
    waiting: dict[str, list[Line]] = {object_id: [] for object_id in object_ids}
    there = [await current_threads(exchange, tx, each.key, object_ids) for each in destinations(visit)]
    for row, line in lines.items():
        content = reopen(raws[row])
        if not any(stands(threads[content.id], line, content) for threads in there):
            waiting[content.id].append(line)
    return waiting


async def _lines(exchange: Exchange, tx: Transaction, visit: Visit, object_ids: Sequence[str]) -> dict[int, Line]:
    """The versions under these ids that are not deleted, by row."""
    threads = await current_threads(exchange, tx, visit.collection.key, object_ids)
    return {line.stored.row: line for thread in threads.values() for line in thread.lines if line.stored and not line.deleted}


def _is_shown(visit: Visit, line: Line, book: LabelBook) -> bool:
    return line.contributor == visit.principal.organisation or may_review(visit, line, book)


def _ruling(visit: Visit, object_id: str, line: Line, reason: str) -> StoredRuling:
    assert line.stored is not None  # noqa: S101 # what waits is stored
    collection, client, now = visit.collection.key, visit.principal.client, to_micros(visit.now)
    return StoredRuling(RulingKind.REJECTION, collection, object_id, line.contributor, line.stored.row, reason, client, now)


def _rejection(ruling: StoredRuling, line: Line) -> Rejection:
    return Rejection(ruling.object_id, line.version, ruling.contributor, ruling.reason, ruling.client, from_micros(ruling.made))
