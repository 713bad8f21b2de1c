"""A chain read from its first record to its last, however long it is."""

from collections.abc import AsyncIterator, Sequence

from app.audit.chain import Sealed
from app.store.contract import Store


async def portions(store: Store, chain: str, size: int) -> AsyncIterator[Sequence[Sealed]]:
    """Its records, so many at once, ascending; nothing of a chain that has none."""
    after = 0
    while portion := await store.sealed(chain, size, after):
        yield portion
        after = portion[-1].number
