"""The one door to a collection: who comes in, and what one who may not is told.

Hidden and absent are the same (TAXII 2.1 App. B, access-policy case 25): NotFound, one text. Denied only for what the client may see but not do. The
anonymous public is told nothing of that: Unauthenticated for all but what is public (DESIGN 9).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol, TypeVar

from app.access.actions import Action
from app.access.alliance import Collection, CollectionKind
from app.access.decision import Question
from app.access.principal import Principal
from app.audit.events import Deed, Event
from app.clock import to_micros
from app.errors import Denied, EpochMoved, NotFound, StoreUnavailable, Unauthenticated
from app.sharing.exchange import NOTHING_HERE, Address, Exchange, Force
from app.store.contract import Transaction

T = TypeVar("T")
CREDENTIALS_WANTED = "credentials are needed here"
TRIES: Final = 10
"""How often a request is judged by an alliance that is no longer in force when it acts: more reloads than that do not fit into one request."""
_REFUSALS = {
    Action.READ: "you may not read this collection",
    Action.WRITE_NEW: "you may not add objects to this collection",
}


class Visit(NamedTuple):
    """One client at one collection, under the alliance of one epoch, at one instant."""

    force: Force
    principal: Principal
    collection: Collection
    now: datetime

    def asks(self, action: Action) -> Question:
        """The question whether the client may do `action` here at all."""
        return Question(self.principal, action, self.collection)

    def deed(self, event: Event, reason: str = "") -> Deed:
        """What the client does here, as it goes on record."""
        return Deed(event, self.principal.client, self.force.epoch, to_micros(self.now), reason)

    def may(self, action: Action) -> bool:
        """Whether the client may do `action` in the collection at all, whatever the label of a single object says."""
        key = (self.principal.clearance_class, self.collection.key, action)
        known = self.force.doors.get(key, self.now)
        if known is None:
            known = self.force.judge.decide(self.asks(action), self.now).allowed
            self.force.doors.keep(key, known, until=(self.principal.agreement_end, self.collection.archive_end), now=self.now)
        return known


@dataclass(frozen=True, slots=True)
class Tour:
    """One client at every collection of the alliance of one epoch, at one instant."""

    force: Force
    principal: Principal
    visits: tuple[Visit, ...]


class Judged(Protocol):
    """What was judged by the alliance of one epoch: a visit, a tour."""

    @property
    def force(self) -> Force:
        """The alliance that it was judged by."""
        ...


J = TypeVar("J", bound=Judged)


async def visit(exchange: Exchange, client: str, address: Address) -> Visit:
    """The client, and the collection if it exists for him. Raises Unauthenticated, NotFound."""
    force = await exchange.force.now()
    principal = force.principal(client)
    collection = force.alliance.by_path.get((address.root, address.collection))
    if collection is not None:
        visiting = Visit(force, principal, collection, exchange.clock())
        if visiting.may(Action.DISCOVER):
            return visiting
    raise absent(principal)


async def enter(exchange: Exchange, client: str, address: Address, action: Action) -> Visit:
    """The visit of a client who may do `action` here. Raises Unauthenticated, NotFound, Denied."""
    visiting = await visit(exchange, client, address)
    if not visiting.may(action):
        raise Unauthenticated(CREDENTIALS_WANTED) if visiting.principal.is_anonymous else Denied(_REFUSALS[action])
    return visiting


async def enter_path(exchange: Exchange, client: str, path: str, action: Action) -> Visit:
    """The visit of a client who may do `action` in `root/name` (or its id): for deeds beside TAXII, to which a collection is there or is not.

    Raises Unauthenticated, NotFound.
    """
    force = await exchange.force.now()
    principal = force.principal(client)
    collection = force.alliance.at(path)
    if collection is not None:
        visiting = Visit(force, principal, collection, exchange.clock())
        if visiting.may(action):
            return visiting
    raise absent(principal)


async def enter_intake(exchange: Exchange, client: str, path: str, action: Action) -> Visit:
    """The visit of a curator. Raises as `enter_path` does; Denied where he curates, but nothing waits, since it is no intake."""
    visit = await enter_path(exchange, client, path, action)
    if visit.collection.kind is not CollectionKind.INTAKE:
        msg = f"{path} is no intake: what is sent there is published without a curator"
        raise Denied(msg)
    return visit


async def everywhere(exchange: Exchange, client: str, *, with_removed: bool = False) -> Tour:
    """The client at every collection, whatever he may do there; those that left the alliance only if asked for. Raises Unauthenticated."""
    force = await exchange.force.now()
    principal, now = force.principal(client), exchange.clock()
    collections = (*force.alliance.collections, *(force.alliance.removed if with_removed else ()))
    return Tour(force, principal, tuple(Visit(force, principal, collection, now) for collection in collections))


async def judged(
    exchange: Exchange, enter: Callable[[], Awaitable[J]], work: Callable[[Transaction, J], Awaitable[T]], weight: int = 1
) -> T:
    """What `work` returns, done in one transaction under the alliance that `enter` judged by; both again if it changed in between."""

    async def once() -> T:
        entered = await enter()

        async def checked(tx: Transaction) -> T:
            await require_epoch(tx, entered.force)
            return await work(tx, entered)

        return await exchange.store.transact(checked, weight)

    return await under_one_alliance(once)


async def under_one_alliance(once: Callable[[], Awaitable[T]]) -> T:
    """What `once` returns, which judges and acts; again from the start if the alliance changed in between, never under the former one.

    Raises StoreUnavailable if it changes each time: a worker that does not learn of the new one must not go on asking for ever.
    """
    for _ in range(TRIES - 1):
        try:
            return await once()
        except EpochMoved:
            continue
    try:
        return await once()
    except EpochMoved as error:
        raise StoreUnavailable("the alliance changed each time that the request was judged; try again, or start the server anew") from error


async def require_epoch(tx: Transaction, force: Force) -> None:
    """Raises EpochMoved if the alliance is no longer the one that was judged by."""
    if await tx.epoch() != force.epoch:
        raise EpochMoved("the alliance changed while the request was judged")


def absent(principal: Principal) -> Unauthenticated | NotFound:
    """What is said of something that does not exist for `principal`."""
    return Unauthenticated(CREDENTIALS_WANTED) if principal.is_anonymous else NotFound(NOTHING_HERE)
