"""Curate: see what waits in an intake, and release it into the collections that the intake names (access-policy: review, release).

A release copies, in one transaction: the same bytes, the label that the intake gave it or a stricter one, the originator unchanged, the date of the release.
Definitions and the creator's identity that an object names come along, if the partner's copy is not there yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.access.actions import Action
from app.access.alliance import Collection
from app.audit.events import Event
from app.clock import timestamp
from app.errors import Denied, EpochMoved, InvalidObject
from app.sharing.commit import Target, commit
from app.sharing.door import Visit, enter_path, require_epoch
from app.sharing.exchange import Exchange
from app.sharing.labels import LabelBook
from app.sharing.reject import forget, reasons
from app.sharing.release import Releasing, needs, stands
from app.sharing.released import destinations, partner_pins
from app.sharing.sight import Wish, page
from app.sharing.threads import Thread
from app.sharing.view import current_threads
from app.stix.objects import StixObject, reopen
from app.store.contract import Entry, Transaction

REVIEW_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version in quarantine, as a curator sees it."""

    object_id: str
    type: str
    name: str
    version: str
    tlp: str
    submitter: str
    date_added: str


@dataclass(frozen=True, slots=True)
class Released:
    """What became of one object that a curator wanted to release."""

    object_id: str
    ok: bool
    message: str


async def review(exchange: Exchange, client: str, path: str) -> list[Waiting]:
    """What waits in the intake `root/name`, oldest first, as far as its labels let the curator's organisation see it. Raises Unauthenticated, NotFound."""
    while True:
        visit = await enter_path(exchange, client, path, Action.REVIEW)
        try:
            entries = await _quarantined(exchange, visit)
        except EpochMoved:
            continue
        book = exchange.books.of(visit.collection.key)
        decided = await exchange.store.transact(lambda tx: _decided(exchange, tx, visit, entries))  # noqa: B023 # run at once
        return [_waiting(entry, book) for entry in entries if entry.row not in decided]


async def release(exchange: Exchange, client: str, path: str, object_ids: Sequence[str], to: str | None) -> list[Released]:
    """Publish the newest version of each object in the collection `to` (`root/name`), which may be left out if the intake names only one.

    Raises Unauthenticated; NotFound if there is no such intake for the client; Denied if the intake does not release to `to`.
    """
    while True:
        visit = await enter_path(exchange, client, path, Action.RELEASE)
        destination = _destination(visit, to)
        try:
            return await exchange.store.transact(lambda tx: _release(exchange, tx, visit, destination, object_ids), weight=len(object_ids))  # noqa: B023 # run at once
        except EpochMoved:
            continue


async def _quarantined(exchange: Exchange, visit: Visit) -> list[Entry]:
    entries: list[Entry] = []
    more = True
    while more:
        after = entries[-1].date_added if entries else None
        found = await page(exchange, visit, Action.REVIEW, Wish(REVIEW_PAGE, after=after))
        entries += found.entries
        more = found.more
    return entries


async def _decided(exchange: Exchange, tx: Transaction, visit: Visit, entries: Sequence[Entry]) -> set[int]:
    """The rows of those entries that were released or rejected."""
    rejected = await reasons(tx, visit, {entry.row: entry.object_id for entry in entries})
    return await _released(exchange, tx, visit, entries) | rejected.keys()


async def _released(exchange: Exchange, tx: Transaction, visit: Visit, entries: Sequence[Entry]) -> set[int]:
    """The rows of those entries of which a copy stands in a destination."""
    done: set[int] = set()
    ids = [entry.object_id for entry in entries]
    sources = await current_threads(exchange, tx, visit.collection.key, ids)
    lines = {line.stored.row: line for thread in sources.values() for line in thread.lines if line.stored is not None}
    for destination in destinations(visit):
        threads = await current_threads(exchange, tx, destination.key, ids)
        done |= {entry.row for entry in entries if stands(threads[entry.object_id], lines[entry.row], reopen(entry.raw))}
    return done


def _waiting(entry: Entry, book: LabelBook) -> Waiting:
    shown = reopen(entry.raw)
    label = book.label(entry.label)
    name = shown.content.get("name")
    return Waiting(
        object_id=entry.object_id,
        type=shown.type,
        name=name if isinstance(name, str) else "",
        version=entry.version,
        tlp=label.tlp.text,
        submitter=label.submitter,
        date_added=timestamp(entry.date_added),
    )


def _destination(visit: Visit, to: str | None) -> Collection:
    possible = destinations(visit)
    chosen = [each for each in possible if to is None or each.path == to]
    if len(chosen) != 1:
        msg = f"name one collection that this intake releases to: {', '.join(each.path for each in possible)}"
        raise Denied(msg)
    return chosen[0]


async def _release(exchange: Exchange, tx: Transaction, visit: Visit, destination: Collection, object_ids: Sequence[str]) -> list[Released]:
    await require_epoch(tx, visit.force)
    work = await _open(exchange, tx, visit, destination, object_ids)
    results: list[Released] = []
    for object_id in dict.fromkeys(object_ids):
        try:
            work.release(object_id)
        except InvalidObject as error:
            results.append(Released(object_id, ok=False, message=str(error)))
        else:
            results.append(Released(object_id, ok=True, message=f"released to {destination.path}"))
    await forget(tx, visit, [result.object_id for result in results if result.ok])
    for thread in work.touched.values():
        thread.settle()
    target = Target(destination.key, visit.principal.organisation, work.book, visit.deed(Event.RELEASE))
    await commit(tx, target, work.touched.values(), partner_pins(work.threads, work.book))
    return results


async def _open(exchange: Exchange, tx: Transaction, visit: Visit, destination: Collection, object_ids: Sequence[str]) -> Releasing:
    sources = await current_threads(exchange, tx, visit.collection.key, object_ids)
    objects = await _objects(tx, visit, sources)
    needed = [identifier for each in objects.values() for identifier in needs(each) if identifier not in sources]
    companions = await current_threads(exchange, tx, visit.collection.key, needed)
    objects |= await _objects(tx, visit, companions)
    sources |= companions
    wanted = [*sources, *(reference for each in objects.values() for reference in each.references)]
    threads = await current_threads(exchange, tx, destination.key, wanted)
    books = exchange.books
    return Releasing(visit, destination, books.of(destination.key).draft(), books.of(visit.collection.key), sources, threads, objects)


async def _objects(tx: Transaction, visit: Visit, threads: dict[str, Thread]) -> dict[int, StixObject]:
    rows = [line.stored.row for thread in threads.values() for line in thread.lines if line.stored is not None and not line.deleted]
    raws = await tx.raw(visit.collection.key, rows) if rows else dict[int, bytes]()
    return {row: reopen(raw) for row, raw in raws.items()}
