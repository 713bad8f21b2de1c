"""The sealed chains, but for that of deliveries: written in the transaction of the change they tell of; read by whoever checks them."""

from collections.abc import Mapping, Sequence

from app.audit.chain import Head, Sealed, empty, seal
from app.store.mongo.documents import COLLECTIONS, Documents, SealedDocument
from app.store.mongo.scope import Scope


async def append(scope: Scope, chain: str, record: bytes) -> None:
    """Seal a record at the end of a chain, which is held until the end of the transaction."""
    end = await scope.hold(chain)
    new = seal(Head(end.number, end.seal) if end.number else empty(chain), record)
    await scope.documents.sealed.insert_one(
        SealedDocument(chain=chain, number=new.number, record=new.record, seal=new.seal), session=scope.session
    )
    end.number, end.seal = new.number, new.seal


async def heads(documents: Documents) -> Mapping[str, Head]:
    """Where each chain ends."""
    found = await documents.counters.find({**COLLECTIONS, "number": {"$gt": 0}}).to_list()
    return {each["name"]: Head(each["number"], each["seal"]) for each in found}


async def sealed(documents: Documents, chain: str, limit: int, after: int) -> Sequence[Sealed]:
    """The records of a chain above `after`."""
    found = documents.sealed.find({"chain": chain, "number": {"$gt": after}}).sort("number").limit(limit)
    return [Sealed(each["number"], each["record"], each["seal"]) for each in await found.to_list()]
