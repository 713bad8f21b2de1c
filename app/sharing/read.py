"""Read objects, manifest, one object, its versions (TAXII 2.1 §5.3, §5.4, §5.6, §5.8): one road, four answers.

(1) the door; (2) the query, with what its cursor adds; (3) the page under the client's clearance, in one snapshot with the epoch; (4) the delivery record,
durable before a page with objects is answered; (5) what the headers say, from the rows of the page and from nothing else.
"""

from typing import Final, NamedTuple

from app.access.actions import Action
from app.access.alliance import Compatibility
from app.audit.deliveries import Delivery
from app.clock import timestamp, to_micros
from app.errors import NotFound
from app.sharing.door import Visit, enter, under_one_alliance
from app.sharing.exchange import NOTHING_HERE, Address, Exchange
from app.sharing.sight import Wish, page
from app.stix.identifiers import is_identifier
from app.store.contract import Page
from app.store.records import Poll
from app.taxii.query import EVERY, Endpoint, ObjectQuery, next_after, resolve

SPEC_VERSION = "2.1"
MILLISECOND = 1_000
WITH_OBJECTS: Final = (Endpoint.OBJECTS, Endpoint.OBJECT)
"""Whose answers hold objects. No set: it would hash them in Python, several times a request."""


class Answer(NamedTuple):
    """A page as the client receives it. `first` and `last` are the X-TAXII-Date-Added headers; None leaves them out (TAXII 2.1 §3.2)."""

    page: Page
    next: str | None
    first: str | None
    last: str | None
    compatibility: frozenset[str]


async def read(  # noqa: PLR0913, PLR0917 # a request line, whole
    exchange: Exchange, client: str, address: Address, query: ObjectQuery, endpoint: Endpoint, object_id: str | None = None
) -> Answer:
    """The page that a query selects of what the client may see.

    For the endpoints of one object an id that is unknown, or hidden from the client, raises NotFound; one whose versions are all filtered away gives no
    entries (T-5.6-07, T-5.6-08). Raises Unauthenticated, NotFound, Denied.
    """

    async def once() -> tuple[Visit, ObjectQuery, Page]:
        visit = await enter(exchange, client, address, Action.READ)
        if object_id is not None and not is_identifier(object_id):
            raise NotFound(NOTHING_HERE)
        resolved = resolve(query, visit.collection.key, endpoint, object_id)
        return visit, resolved, await _page(exchange, visit, resolved, endpoint, object_id)

    visit, resolved, found = await under_one_alliance(once)
    await _record(exchange, visit, found, resolved, endpoint)
    return _answer(visit, resolved, found, object_id)


async def _page(exchange: Exchange, visit: Visit, query: ObjectQuery, endpoint: Endpoint, object_id: str | None) -> Page:
    wish = Wish(
        limit=min(query.limit or exchange.limits.page, exchange.limits.largest_page),
        versions=query.versions,
        after=query.after,
        ids=query.ids if object_id is None else frozenset({object_id}),
        types=query.types,
        with_raw=endpoint in WITH_OBJECTS,
        with_names=endpoint not in WITH_OBJECTS,  # objects name themselves
    )
    if query.spec_versions is not None and SPEC_VERSION not in query.spec_versions:
        found = Page()  # nothing else is stored: STIX 2.0 is refused at the door
    else:
        found = await page(exchange, visit, Action.READ, wish)
    if not found.rows and object_id is not None:
        await _require(exchange, visit, object_id)
    return found


async def _require(exchange: Exchange, visit: Visit, object_id: str) -> None:
    """Whether the client may see any version of the object. Raises NotFound."""
    any_version = await page(exchange, visit, Action.READ, Wish(limit=1, versions=EVERY, ids=frozenset({object_id}), with_raw=False))
    if not any_version.rows:
        raise NotFound(NOTHING_HERE)


async def _record(exchange: Exchange, visit: Visit, found: Page, query: ObjectQuery, endpoint: Endpoint) -> None:
    """The delivery record, durable when this returns; and a note for the operator."""
    client, collection, now = visit.principal.client, visit.collection.key, to_micros(exchange.clock())
    objects = len(found.rows) if endpoint in WITH_OBJECTS else 0
    if objects:
        rows = tuple(sorted(found.rows))
        await exchange.store.deliver([Delivery(client, collection, visit.force.epoch, now, rows)])
    if endpoint in _POLLED:
        from_start = now if query.after is None else 0
        position = found.dates[-1] if found.dates else 0
        exchange.contacts.polled(Poll(client, collection, now, from_start, position, objects))


_POLLED: Final = (Endpoint.OBJECTS, Endpoint.MANIFEST)


def _answer(visit: Visit, query: ObjectQuery, found: Page, object_id: str | None) -> Answer:
    compatibility = visit.principal.compatibility
    if not found.rows:
        # An empty page keeps the client where it stood: Elastic loses its cursor without the header, EclecticIQ fails on a word in it (C15).
        asked = None if query.added_after is None else timestamp(query.added_after)
        return Answer(found, next=None, first=asked, last=asked, compatibility=compatibility)
    last = found.dates[-1]
    following = next_after(query, visit.collection.key, object_id, last) if found.more else None
    if not found.more and Compatibility.MILLISECOND_DATES in compatibility:
        # No two commits share a millisecond, so a client that cuts to it passes by nothing and reads nothing again (C16).
        last = -(-last // MILLISECOND) * MILLISECOND
    return Answer(found, following, timestamp(found.dates[0]), timestamp(last), compatibility)
