"""Discover: which API roots and collections exist for a client (TAXII 2.1 §4.1, §4.2, §5.1, §5.2). What he may not know of is not listed."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.access.actions import Action
from app.access.alliance import ApiRoot, Collection
from app.sharing.door import Visit, absent, visit
from app.sharing.exchange import Address, Exchange, Force


@dataclass(frozen=True, slots=True)
class Seen:
    """A collection as one client may use it: decisions about this client, not properties of the collection (T-5.2.1-05, T-5.2.1-06)."""

    collection: Collection
    can_read: bool
    can_write: bool


async def roots(exchange: Exchange, client: str) -> list[tuple[str, ApiRoot]]:
    """The API roots that hold something for the client, by name. Raises Unauthenticated if there are none for the anonymous public."""
    force = await exchange.force.now()
    principal = force.principal(client)
    names = sorted({visiting.collection.root for visiting in _visible(exchange, force, client, force.alliance.collections)})
    if not names and principal.is_anonymous:
        raise absent(principal)
    return [(name, force.alliance.roots[name]) for name in names]


async def root(exchange: Exchange, client: str, name: str) -> ApiRoot:
    """The API root, if it holds something for the client. Raises Unauthenticated, NotFound."""
    force = await exchange.force.now()
    _require_root(exchange, force, client, name)
    return force.alliance.roots[name]


async def collections(exchange: Exchange, client: str, name: str) -> list[Seen]:
    """The collections of an API root that exist for the client, by id: an order that never changes (T-3.3-03). Raises Unauthenticated, NotFound."""
    force = await exchange.force.now()
    visits = _require_root(exchange, force, client, name)
    return [_seen(visiting) for visiting in sorted(visits, key=lambda visiting: visiting.collection.key)]


async def collection(exchange: Exchange, client: str, address: Address) -> Seen:
    """One collection, as `collections` lists it. Raises Unauthenticated, NotFound."""
    return _seen(await visit(exchange, client, address))


def _require_root(exchange: Exchange, force: Force, client: str, name: str) -> list[Visit]:
    visits = _visible(exchange, force, client, (each for each in force.alliance.collections if each.root == name))
    if not visits:
        raise absent(force.principal(client))
    return visits


def _visible(exchange: Exchange, force: Force, client: str, among: Iterable[Collection]) -> list[Visit]:
    principal, now = force.principal(client), exchange.clock()
    visits = (Visit(force, principal, collection, now) for collection in among)
    return [visiting for visiting in visits if visiting.may(Action.DISCOVER)]


def _seen(visiting: Visit) -> Seen:
    return Seen(visiting.collection, visiting.may(Action.READ), visiting.may(Action.WRITE_NEW))
