"""Elsewhere: what the sender's own organisation has under the ids of an envelope in other collections, as far as this client may write there, too.

Nothing of others counts: so a refusal or a warning tells the sender what his organisation did, and nothing else.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from app.access.actions import Action
from app.access.alliance import Collection
from app.sharing.door import Visit
from app.store.contract import Transaction

Sent: TypeAlias = Mapping[tuple[str, str], frozenset[bytes]]
"""(object id, key of the version) → the digests of what was sent under it, deleted or not."""


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
        if _meet(visit.collection, place):
            for object_id, rows in (await tx.history(place.key, wanted)).items():
                for row in rows:
                    if row.contributor == visit.principal.organisation:
                        key = object_id, row.key
                        found[key] = found.get(key, frozenset()) | {row.digest}
    return found


def _meet(one: Collection, other: Collection) -> bool:
    ends = {one.path, *one.release_to}
    return other.path in ends or not ends.isdisjoint(other.release_to)
