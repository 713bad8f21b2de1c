"""Rulings as they are told: to who may make them, and to the organisation whose contribution each is on."""

from collections.abc import Callable, Sequence

from app.access.alliance import Collection
from app.sharing.door import Visit, everywhere
from app.sharing.exchange import Exchange
from app.store.contract import RulingKind, StoredRuling, Transaction


async def concerning(
    exchange: Exchange, client: str, kind: RulingKind, may: Callable[[Visit], bool]
) -> list[tuple[StoredRuling, Collection]]:
    """The rulings of a kind that concern a client, oldest first, with their collections: where he `may`, and those on what is his organisation's.

    Raises Unauthenticated.
    """
    visits = {visit.collection.key: visit for visit in (await everywhere(exchange, client)).visits}

    async def work(tx: Transaction) -> Sequence[StoredRuling]:
        return await tx.rulings(kind)

    known = [(ruling, visits[ruling.collection]) for ruling in await exchange.store.examine(work) if ruling.collection in visits]
    return [(ruling, visit.collection) for ruling, visit in known if ruling.contributor == visit.principal.organisation or may(visit)]
