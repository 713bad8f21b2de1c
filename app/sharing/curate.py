"""Curate: release what waits in an intake into the collections that the intake names (access-policy: release).

A release copies, in one transaction: the same bytes, the label that the intake gave it or a stricter one, the originator unchanged, the date of the release.
Definitions and the creator's identity that an object names come along, if the partner's copy is not there yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.access.actions import Action
from app.access.alliance import Collection
from app.audit.events import Event
from app.errors import Denied, InvalidObject
from app.sharing.commit import Target, commit
from app.sharing.door import Visit, enter_intake, judged
from app.sharing.exchange import Exchange
from app.sharing.reject import forget
from app.sharing.release import Releasing, needs
from app.sharing.released import destinations, partner_pins
from app.sharing.threads import Thread
from app.sharing.view import current_threads
from app.stix.objects import StixObject, reopen
from app.store.contract import Transaction


@dataclass(frozen=True, slots=True)
class Released:
    """What became of one object that a curator wanted to release."""

    object_id: str
    ok: bool
    message: str


async def release(exchange: Exchange, client: str, path: str, object_ids: Sequence[str], to: str | None) -> list[Released]:
    """Publish the newest version of each object in the collection `to` (`root/name`), which may be left out if the intake names only one.

    Raises Unauthenticated; NotFound if there is no such collection for the client; Denied if it is no intake, or does not release to `to`.
    """

    async def work(tx: Transaction, visit: Visit) -> list[Released]:
        return await _release(exchange, tx, visit, _destination(visit, to), object_ids)

    return await judged(exchange, lambda: enter_intake(exchange, client, path, Action.RELEASE), work, weight=len(object_ids))


def _destination(visit: Visit, to: str | None) -> Collection:
    possible = destinations(visit)
    wanted = None if to is None else visit.force.alliance.at(to)
    chosen = possible if to is None else [each for each in possible if each == wanted]
    if len(chosen) != 1:
        msg = f"name one collection that this intake releases to: {', '.join(each.path for each in possible)}"
        raise Denied(msg)
    return chosen[0]


async def _release(exchange: Exchange, tx: Transaction, visit: Visit, destination: Collection, object_ids: Sequence[str]) -> list[Released]:
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
