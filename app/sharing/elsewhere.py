"""Elsewhere: what the sender's own organisation has under the ids of an envelope in other collections, as far as this client may write there, too.

Nothing of others counts: so a refusal or a warning tells the sender what his organisation did, and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from app.access.actions import Action
from app.access.alliance import Collection
from app.sharing.door import Visit
from app.sharing.exchange import Exchange
from app.sharing.pinning import bearing
from app.sharing.view import current_threads
from app.stix.handling import HandlingLabel
from app.store.contract import StoredVersion, Transaction

Sent: TypeAlias = Mapping[tuple[str, str], frozenset[bytes]]
"""(object id, key of the version) → the digests of what was sent under it, deleted or not."""

Kept: TypeAlias = Mapping[str, Sequence[HandlingLabel]]
"""Object id → the labels under which it is kept."""


def places(visit: Visit) -> list[Collection]:
    """The other collections where the visitor may write."""
    others = (Visit(visit.force, visit.principal, each, visit.now) for each in visit.force.alliance.collections)
    return [other.collection for other in others if other.collection.key != visit.collection.key and other.may(Action.WRITE_NEW)]


async def sent_beside(tx: Transaction, visit: Visit, ids: Iterable[str]) -> Sent:
    """What was sent into those collections that releases lead into this one, or together with it into a third.

    There two contents under one version would meet, and the curator of the one intake would have to be told of the other.
    """
    found: dict[tuple[str, str], frozenset[bytes]] = {}
    wanted = list(dict.fromkeys(ids))
    for place in places(visit):
        for row in await _mine(tx, visit, place, wanted) if _meet(visit.collection, place) else ():
            key = row.object_id, row.key
            found[key] = found.get(key, frozenset()) | {row.digest}
    return found


async def kept_elsewhere(exchange: Exchange, tx: Transaction, visit: Visit, ids: Iterable[str]) -> Kept:
    """Under which labels the organisation keeps these objects elsewhere: as it sent them, whatever others put on them since."""
    found: dict[str, list[HandlingLabel]] = {}
    wanted = list(dict.fromkeys(ids))
    for place in places(visit) if wanted else ():
        there = {row.object_id for row in await _mine(tx, visit, place, wanted) if not row.deleted}
        for object_id, thread in (await current_threads(exchange, tx, place.key, there)).items() if there else ():
            found.setdefault(object_id, []).append(bearing(thread.of(visit.principal.organisation)).own)
    return found


async def _mine(tx: Transaction, visit: Visit, place: Collection, ids: Sequence[str]) -> list[StoredVersion]:
    history = await tx.history(place.key, ids)
    return [row for rows in history.values() for row in rows if row.contributor == visit.principal.organisation]


def _meet(one: Collection, other: Collection) -> bool:
    ends = {one.path, *one.release_to}
    return other.path in ends or not ends.isdisjoint(other.release_to)
