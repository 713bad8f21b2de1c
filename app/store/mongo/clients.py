"""What is known of clients: when they polled last and where they stand, what they were refused. Best effort, outside of transactions."""

from collections.abc import Sequence
from datetime import timedelta

from pymongo import UpdateOne

from app.store.mongo.documents import Documents, PollDocument, RefusalDocument
from app.store.records import REFUSALS_KEPT, Poll, Refusal


async def note(documents: Documents, polls: Sequence[Poll], refusals: Sequence[Refusal], now: int) -> None:
    """Add to what is known; what is too old goes."""
    if polls:
        await documents.polls.bulk_write([_heard(poll) for poll in polls])
    if refusals:
        await documents.refusals.bulk_write([_refused(refusal) for refusal in refusals])
    await documents.refusals.delete_many({"minute": {"$lt": now - REFUSALS_KEPT // timedelta(microseconds=1)}})


async def polls(documents: Documents) -> Sequence[Poll]:
    """What is known of each client in each collection."""
    found = await documents.polls.find({}).sort([("client", 1), ("collection", 1)]).to_list()
    return [poll_of(each) for each in found]


async def refusals(documents: Documents, since: int) -> Sequence[Refusal]:
    """What was refused since."""
    found = await documents.refusals.find({"minute": {"$gte": since}}).sort("minute").to_list()
    return [refusal_of(each) for each in found]


def poll_of(found: PollDocument) -> Poll:
    """What was heard of a client in a collection, as it is kept."""
    return Poll(found["client"], found["collection"], found["at"], found["from_start"], found["position"], found["objects"])


def refusal_of(found: RefusalDocument) -> Refusal:
    """What a client was refused within a minute, as it is kept."""
    return Refusal(found["client"], found["request"], found["status"], found["minute"], found["count"])


def _heard(poll: Poll) -> UpdateOne:
    position = {"$set": {"position": poll.position}} if poll.position else {"$setOnInsert": {"position": 0}}
    changes = {"$max": {"at": poll.at, "from_start": poll.from_start}, "$inc": {"objects": poll.objects}}
    return UpdateOne({"client": poll.client, "collection": poll.collection}, {**changes, **position}, upsert=True)


def _refused(refusal: Refusal) -> UpdateOne:
    which = {"minute": refusal.minute, "client": refusal.client, "request": refusal.request, "status": refusal.status}
    return UpdateOne(which, {"$inc": {"count": refusal.count}}, upsert=True)
