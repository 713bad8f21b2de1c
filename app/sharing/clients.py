"""Clients: what was heard of each, for the operator. When it last read, how far it came, what it was refused, and whether it should start over.

Who gained sight of something older than his position gets it by polling from the start alone (access-policy case 24). Reloads put on record whom that
concerns; it concerns him until he did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from app.audit.events import ADMINISTRATION, Event, decode
from app.clock import from_micros
from app.sharing.exchange import Exchange
from app.sharing.portions import portions
from app.store.contract import Store
from app.store.records import Poll, Refusal

PORTION: Final = 1_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What a client read of one collection: when last, up to which date_added, how many versions of objects since it was first seen."""

    collection: str
    at: datetime
    position: datetime | None
    objects: int
    start_over_since: datetime | None
    """When something was opened that lies behind the position; None if it has read from the start since."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The last minute in which a client was refused something: what, with which HTTP status, how often."""

    at: datetime
    request: str
    status: int
    count: int


@dataclass(frozen=True, slots=True)
class Contact:
    """A client of the alliance, or the public (""), and what was heard of it."""

    client: str
    last_poll: datetime | None
    readings: tuple[Reading, ...]
    last_failure: Failure | None

    @property
    def should_start_over(self) -> bool:
        """Whether something was opened to it that it has passed by."""
        return any(reading.start_over_since is not None for reading in self.readings)


async def clients(exchange: Exchange, organisation: str | None = None) -> list[Contact]:
    """Every client of the alliance in force, or of one organisation, by name; first the public, if anything was heard of it."""
    alliance = (await exchange.force.now()).alliance
    paths = {key: collection.path for key, collection in alliance.by_key.items()}
    opened = await _opened(exchange.store)
    polls: dict[str, list[Poll]] = {}
    for poll in await exchange.store.polls():
        if poll.collection in paths:
            polls.setdefault(poll.client, []).append(poll)
    failures = {refusal.client: refusal for refusal in await exchange.store.refusals(0)}
    known = [client for client in sorted(alliance.principals) if organisation in {None, client.partition("/")[0]}]
    public = [""] if organisation is None and ("" in polls or "" in failures) else []
    return [_contact(client, polls.get(client, ()), failures.get(client), paths, opened) for client in [*public, *known]]


Opened = Mapping[tuple[str, str], int]
"""Client and path of a collection → when something there was last opened to it (µs)."""


async def _opened(store: Store) -> Opened:
    found: dict[tuple[str, str], int] = {}
    async for portion in portions(store, ADMINISTRATION, PORTION):
        for record in (decode(each.record) for each in portion):
            if record.deed.event is Event.RELOAD:
                opened = cast("Mapping[str, Sequence[str]]", record.details.get("opened", {}))
                found |= {(client, path): record.deed.at for path, names in opened.items() for client in names}
    return found


def _contact(client: str, polls: Sequence[Poll], failure: Refusal | None, paths: Mapping[str, str], opened: Opened) -> Contact:
    readings = sorted((_reading(poll, paths[poll.collection], opened) for poll in polls), key=lambda reading: reading.collection)
    last = max((reading.at for reading in readings), default=None)
    failed = None if failure is None else Failure(from_micros(failure.minute), failure.request, failure.status, failure.count)
    return Contact(client, last, tuple(readings), failed)


def _reading(poll: Poll, path: str, opened: Opened) -> Reading:
    since = opened.get((poll.client, path), 0)
    concerns = since > poll.from_start
    return Reading(path, from_micros(poll.at), _moment(poll.position), poll.objects, from_micros(since) if concerns else None)


def _moment(micros: int) -> datetime | None:
    return from_micros(micros) if micros else None
