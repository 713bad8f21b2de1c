"""Identify: from proof of identity to the name of a client. Wrong, expired, revoked and unknown are told apart by nobody."""

from app.access.credentials import digest, is_well_formed
from app.clock import to_micros
from app.errors import Unauthenticated
from app.sharing.exchange import Exchange

NOT_ACCEPTED = "these credentials are not accepted"


async def by_token(exchange: Exchange, token: str) -> str:
    """The client whose live token this is; asked of the store each time, so that revocation holds at once on every worker. Raises Unauthenticated."""
    kept = await exchange.store.token(digest(token)) if is_well_formed(token) else None
    now = to_micros(exchange.clock())
    if kept is None or kept.revoked or (kept.expires and now >= kept.expires):
        raise Unauthenticated(NOT_ACCEPTED)
    if (await exchange.force.now()).alliance.client(kept.client) is None:
        raise Unauthenticated(NOT_ACCEPTED)
    await exchange.uses.note(exchange.store, kept, now)
    return kept.client


async def by_subject(exchange: Exchange, issuer: str, subject: str) -> str:
    """The client of a subject whose token a configured issuer signed. Raises Unauthenticated."""
    client = (await exchange.force.now()).alliance.client_of_subject.get(f"{issuer}/{subject}")
    if client is None:
        raise Unauthenticated(NOT_ACCEPTED)
    return client
