"""What the store keeps beside objects: the alliance in force, statuses, tokens. What takes a `Scope` belongs to a transaction."""

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from app.store.contract import InForce, StoredStatus, StoredToken
from app.store.mongo.documents import COLLECTIONS, EPOCH, AllianceDocument, Documents, StatusDocument, TokenDocument
from app.store.mongo.scope import Scope
from app.store.mongo.totals import raised

_OLDEST_FIRST: Final = [("created", 1), ("_id", 1)]


async def epoch(documents: Documents, session: AsyncClientSession | None = None) -> int:
    """The epoch in force; 0 before the first alliance."""
    found = await documents.totals.find_one({"_id": EPOCH}, session=session)
    return 0 if found is None else found["value"]


async def epoch_held(scope: Scope) -> int:
    """The epoch in the snapshot of a write; if another is put in force before the write ends, one of the two is run again."""
    return await epoch(scope.documents, scope.session)


async def in_force(documents: Documents) -> InForce | None:
    """The alliance in force."""
    found = await documents.alliances.find_one({})
    return None if found is None else InForce(found["_id"], found["digest"], found["document"])


async def adopt(scope: Scope, document: bytes, digest: str) -> int:
    """Put an alliance in the place of the former; its epoch.

    Every collection is written to, so that whoever writes there now either ends first or begins again, and reads the new epoch.
    """
    documents, session = scope.documents, scope.session
    for counters in await documents.counters.find(COLLECTIONS, {"name": 1}, session=session).to_list():
        await scope.turn.take(counters["name"])
    new = AllianceDocument(_id=await raised(documents, EPOCH, 1, session), digest=digest, document=document)
    await documents.counters.update_many(COLLECTIONS, {"$inc": {"turn": 1}}, session=session)
    await documents.alliances.delete_many({}, session=session)
    await documents.alliances.insert_one(new, session=session)
    return new["_id"]


async def status(documents: Documents, status_id: str, now: int) -> StoredStatus | None:
    """A status whose time is not over."""
    found = await documents.statuses.find_one({"_id": status_id, "kept_until": {"$gt": now}})
    return None if found is None else status_of(found)


def status_of(found: StatusDocument) -> StoredStatus:
    """A status as it is kept."""
    return StoredStatus(found["_id"], found["root"], found["client"], found["organisation"], found["document"], found["kept_until"])


def status_document(kept: StoredStatus) -> StatusDocument:
    """The inverse."""
    return StatusDocument(
        _id=kept.id, root=kept.root, client=kept.client, organisation=kept.organisation, document=kept.document, kept_until=kept.kept_until
    )


async def save_status(scope: Scope, kept: StoredStatus) -> None:
    """Keep a status. Those whose time is over go outside of the transaction, so that two writers never meet over them."""
    await scope.documents.statuses.delete_many({"kept_until": {"$lte": scope.clock.unchecked()}})
    await scope.documents.statuses.replace_one({"_id": kept.id}, status_document(kept), upsert=True, session=scope.session)


async def token(documents: Documents, digest: str) -> StoredToken | None:
    """The token with this digest."""
    found = await documents.tokens.find_one({"digest": digest})
    return None if found is None else _token(found)


async def tokens(documents: Documents) -> Sequence[StoredToken]:
    """All tokens, oldest first."""
    return [_token(found) for found in await documents.tokens.find({}).sort(_OLDEST_FIRST).to_list()]


async def add_token(scope: Scope, new: StoredToken) -> None:
    """Keep a token."""
    document = TokenDocument(
        id=new.id,
        client=new.client,
        digest=new.digest,
        created=new.created,
        expires=new.expires,
        last_used=new.last_used,
        revoked=new.revoked,
    )
    await scope.documents.tokens.insert_one(document, session=scope.session)


async def revoke_token(scope: Scope, token_id: str, at: int) -> bool:
    """Mark a token revoked; False if it cannot be."""
    done = await scope.documents.tokens.update_one({"id": token_id, "revoked": 0}, {"$set": {"revoked": at}}, session=scope.session)
    return done.modified_count == 1


async def touch_tokens(documents: Documents, used: Mapping[str, int]) -> None:
    """Move the last use of tokens forward."""
    updates = [UpdateOne({"id": token_id}, {"$max": {"last_used": at}}) for token_id, at in used.items()]
    if updates:
        await documents.tokens.bulk_write(updates, ordered=False)


def _token(found: TokenDocument) -> StoredToken:
    return StoredToken(
        id=found["id"],
        client=found["client"],
        digest=found["digest"],
        created=found["created"],
        expires=found["expires"],
        last_used=found["last_used"],
        revoked=found["revoked"],
    )
