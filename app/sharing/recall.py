"""Recall: the sealed records of deeds, for the operator, and for auditors whom the policies let audit a collection as such: the secretariat's.

What concerns no single collection is for those who may audit every one of them. Auditors get no hash of content: what is short can be guessed by it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from app.access.actions import Action
from app.audit.chain import Sealed
from app.audit.deliveries import DELIVERIES
from app.audit.events import ADMINISTRATION, Event, Record, decode
from app.clock import from_micros
from app.errors import NotFound
from app.sharing.door import Tour, absent, everywhere
from app.sharing.exchange import NOTHING_HERE, Exchange
from app.sharing.portions import portions

PORTION: Final = 500
"""Records read at once."""
CONTENT: Final = "content"
"""The detail that binds what came by its hash."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: those of one place (`root/name`, or administration; None: all), since when, of which events (none: all)."""

    place: str | None = None
    since: datetime | None = None
    events: frozenset[Event] = field(default_factory=frozenset[Event])


@dataclass(frozen=True, slots=True)
class Recalled:
    """A record in its place: the collection or administration, its number there; None if it is no longer what was sealed and cannot be read."""

    place: str
    number: int
    record: Record | None


async def recall(exchange: Exchange, client: str | None, wanted: Wanted, tell: Callable[[Recalled], None]) -> None:
    """Tell every record that is wanted, place by place, oldest first. `client` None is the operator.

    Raises Unauthenticated; NotFound for a place that is none, or that the client may not audit.
    """
    for place, chain in await _chains(exchange, client, wanted.place):
        async for portion in portions(exchange.store, chain, PORTION):
            for each in portion:
                recalled = Recalled(place, each.number, _read(each, with_content=client is None))
                if _is_wanted(recalled.record, wanted):
                    tell(recalled)


async def _chains(exchange: Exchange, client: str | None, place: str | None) -> Sequence[tuple[str, str]]:
    """The chains that are meant: place and name, by place."""
    tour = None if client is None else await everywhere(exchange, client)
    if tour is None:
        force = await exchange.force.now()
        named = {collection.path: collection.key for collection in force.alliance.collections} | {ADMINISTRATION: ADMINISTRATION}
        known = {DELIVERIES, *named.values()}
        named |= {chain: chain for chain in await exchange.store.heads() if chain not in known}  # of collections no longer in force
    else:
        named = _audited(tour)
    chosen = named if place is None else {place: named[place]} if place in named else {}
    if not chosen:
        raise NotFound(NOTHING_HERE) if tour is None else absent(tour.principal)
    return sorted(chosen.items())


def _audited(tour: Tour) -> dict[str, str]:
    audited = {visit.collection.path: visit.collection.key for visit in tour.visits if visit.may(Action.READ_AUDIT)}
    return {**audited, ADMINISTRATION: ADMINISTRATION} if audited and len(audited) == len(tour.visits) else audited


def _read(sealed: Sealed, *, with_content: bool) -> Record | None:
    try:
        record = decode(sealed.record)
        from_micros(record.deed.at)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
    return record if with_content else replace(record, details={name: value for name, value in record.details.items() if name != CONTENT})


def _is_wanted(record: Record | None, wanted: Wanted) -> bool:
    """What cannot be read may be anything."""
    if record is None:
        return True
    if wanted.events and record.deed.event not in wanted.events:
        return False
    return wanted.since is None or from_micros(record.deed.at) >= wanted.since
