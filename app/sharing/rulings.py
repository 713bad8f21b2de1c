"""Rulings as they are told: to who may make them, and to contributors of the organisation whose contribution each is on."""

from collections.abc import Callable, Sequence

from app.access.alliance import Collection
from app.sharing.door import Visit, everywhere
from app.sharing.exchange import Exchange
from app.store.contract import RulingKind, StoredRuling, Transaction


async def concerning(
    exchange: Exchange, client: str, kind: RulingKind, may: Callable[[Visit], bool]
) -> list[tuple[StoredRuling, Collection]]:
    """The rulings of a kind that concern a client, oldest first, with their collections: where he `may`, and those on what is his organisation's.

    The latter only for a client who is told of its own. Raises Unauthenticated.
    """
    tour = await everywhere(exchange, client)
    visits = {visit.collection.key: visit for visit in tour.visits}
    own = tour.principal.organisation if tour.principal.is_told_of_its_own else None

    async def work(tx: Transaction) -> Sequence[StoredRuling]:
        return await tx.rulings(kind)

    known = [(ruling, visits[ruling.collection]) for ruling in await exchange.store.examine(work) if ruling.collection in visits]
    return [(ruling, visit.collection) for ruling, visit in known if ruling.contributor == own or may(visit)]
