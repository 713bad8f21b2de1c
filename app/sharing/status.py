"""Status: what became of an earlier POST (TAXII 2.1 §4.3, access-policy case 29)."""

from app.errors import NotFound
from app.sharing import discover
from app.sharing.door import absent
from app.sharing.exchange import NOTHING_HERE, Exchange


async def status(exchange: Exchange, client: str, root: str, status_id: str) -> bytes:
    """The status resource as it was first answered.

    Readable by the client that posted, and by contributors of its organisation with scope `organisation`, under the API root of the POST, as long as
    that exists for them: one who may do nothing any more is told nothing either.
    Raises Unauthenticated, NotFound.
    """
    principal = (await exchange.force.now()).principal(client)
    if principal.is_anonymous:
        raise absent(principal)
    await discover.root(exchange, client, root)
    kept = await exchange.store.status(status_id)
    if kept is None or kept.root != root:
        raise NotFound(NOTHING_HERE)
    is_colleague = kept.organisation == principal.organisation and principal.is_told_of_its_own
    if kept.client != client and not is_colleague:
        raise NotFound(NOTHING_HERE)
    return kept.document
