"""Sight: the clearance of a client in a collection, kept and brought up to date, and the page it opens.

A page is never taken under an incomplete clearance: the store answers `Behind` with the labels that are missing, they are decided, and the page is
asked for again. If the epoch moved, the whole visit is out of date and starts over.
"""

from typing import NamedTuple

from app.access.actions import Action
from app.access.clearance import Clearance, extend
from app.errors import EpochMoved
from app.sharing.door import Visit
from app.sharing.exchange import Exchange
from app.store.contract import Page, Selection
from app.taxii.query import LATEST, Versions


class Wish(NamedTuple):
    """What a page shall hold, whoever asks: the part of a selection that is the client's to say."""

    limit: int
    versions: Versions = LATEST
    after: int | None = None
    ids: frozenset[str] | None = None
    types: frozenset[str] | None = None
    with_raw: bool = True
    with_names: bool = True


async def page(exchange: Exchange, visit: Visit, action: Action, wish: Wish) -> Page:
    """The page that the client may see for `action`. Raises EpochMoved."""
    clearance = kept(exchange, visit, action)
    while True:
        found = await exchange.store.page(_selection(exchange, visit, clearance, wish))
        if isinstance(found, Page):
            return found
        if found.epoch != visit.force.epoch:
            raise EpochMoved("the alliance changed while the request was answered")
        clearance = await extend(visit.force.judge, visit.asks(action), found.labels, visit.now, clearance)
        exchange.clearances.put(visit.asks(action), clearance)


def kept(exchange: Exchange, visit: Visit, action: Action) -> Clearance:
    """What was decided before and still holds; nothing, else."""
    known = exchange.clearances.get(visit.asks(action), visit.force.epoch, visit.now)
    return known if known is not None else Clearance.nothing(visit.force.epoch)


def _selection(exchange: Exchange, visit: Visit, clearance: Clearance, wish: Wish) -> Selection:
    return Selection(
        collection=visit.collection.key,
        organisation=visit.principal.organisation,
        epoch=clearance.epoch,
        mark=clearance.mark,
        numbers=clearance.numbers,
        versions=wish.versions,
        limit=wish.limit,
        after=wish.after,
        ids=wish.ids,
        types=wish.types,
        with_raw=wish.with_raw,
        with_names=wish.with_names,
        budget=exchange.limits.page_bytes,
    )
