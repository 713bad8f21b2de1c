"""What is counted over all collections."""

from pymongo import ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession

from app.store.mongo.documents import Documents


async def raised(documents: Documents, total: str, by: int, session: AsyncClientSession | None = None) -> int:
    """A total after it was raised. Raises LookupError in a database that was not prepared."""
    found = await documents.totals.find_one_and_update(
        {"_id": total}, {"$inc": {"value": by}}, return_document=ReturnDocument.AFTER, session=session
    )
    if found is None:
        raise LookupError(total)
    return found["value"]
