"""Lanes: the versions of one collection that are read alike and lie under one label, in the order of their dates.

A database merges sorted ranges of an index only as long as they are few: `MOST_RANGES` is MongoDB's own bound, beyond which it would read all that a
reader may see and sort it, page by page. So labels are asked for in portions, and each portion only up to the date that the page reaches already.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from pymongo import UpdateOne

from app.stix.handling import State
from app.store.contract import StoredVersion
from app.store.mongo.scope import Scope

MOST_RANGES: Final = 200
"""`internalQueryMaxScansToExplode`."""


class Lane(IntEnum):
    """How a version is read. Those that are compared are flagged: their siblings and pins decide. Those that are newest may be `last` for somebody."""

    NEWEST = 1
    OLDER = 2
    COMPARED_NEWEST = 3
    COMPARED_OLDER = 4


COMPARED: Final = Lane.COMPARED_NEWEST - Lane.NEWEST
"""From a lane to the one of flagged versions beside it."""


def lane_of(stored: StoredVersion) -> Lane | None:
    """Where a version stands; deleted ones stand nowhere."""
    if stored.deleted:
        return None
    is_newest = stored.last or (stored.flagged and stored.state is not State.PUBLISHED)
    return Lane((Lane.NEWEST if is_newest else Lane.OLDER) + (COMPARED if stored.flagged else 0))


class Place(NamedTuple):
    """A lane of a collection."""

    lane: int
    label: int


@dataclass(slots=True)
class Moves:
    """Versions that leave lanes and enter others."""

    held: dict[Place, int] = field(default_factory=dict[Place, int])
    newest: dict[Place, int] = field(default_factory=dict[Place, int])

    def enter(self, place: Place, newest: int, count: int = 1) -> None:
        """Versions come to stand there, the newest dated so."""
        self.held[place] = self.held.get(place, 0) + count
        self.newest[place] = max(newest, self.newest.get(place, 0))

    def leave(self, place: Place, count: int = 1) -> None:
        """Versions no longer stand there."""
        self.held[place] = self.held.get(place, 0) - count

    async def make(self, scope: Scope, collection: str) -> None:
        """Note them."""
        updates = [self._update(collection, place) for place in self.held if self.held[place] or place in self.newest]
        if updates:
            await scope.documents.lanes.bulk_write(updates, session=scope.session)

    def _update(self, collection: str, place: Place) -> UpdateOne:
        return UpdateOne(
            {"_id": f"{collection}/{place.lane}/{place.label}"},
            {
                "$inc": {"held": self.held[place]},
                "$max": {"newest": self.newest.get(place, 0)},
                "$setOnInsert": {"collection": collection, "lane": place.lane, "label": place.label},
            },
            upsert=True,
        )
