"""Labels and dates of a collection. Within a transaction, or in the snapshot of a page."""

import time
from collections.abc import Mapping, Sequence

from pymongo.asynchronous.client_session import AsyncClientSession

from app.errors import StoreUnavailable
from app.stix.handling import HandlingLabel
from app.store.mongo.documents import Documents, LabelDocument
from app.store.mongo.rows import portions
from app.store.mongo.scope import Scope


async def above_mark(
    documents: Documents, session: AsyncClientSession, collection: str, mark: int
) -> tuple[tuple[int, HandlingLabel], ...]:
    """The labels numbered above `mark`, ascending."""
    wanted = {"collection": collection, "number": {"$gt": mark}}
    found = await documents.labels.find(wanted, session=session).sort("number").to_list()
    return tuple((each["number"], HandlingLabel.from_text(each["text"])) for each in found)


async def known(scope: Scope, collection: str, above: int) -> tuple[tuple[int, HandlingLabel], ...]:
    """The same within a transaction.

    Whoever reads a label keeps it for good, even if his write fails. So labels of others are read a second time, as a majority has them: what a failover
    could take back is never told, or its number might come to mean something else.
    """
    found = await above_mark(scope.documents, scope.session, collection, above)
    others = [each for each in found if not scope.made_label(collection, each[0])]
    if others:
        async with scope.later_session() as session:
            confirmed = await above_mark(scope.documents, session, collection, above)
        if not frozenset(others) <= frozenset(confirmed):
            raise StoreUnavailable("the database took back what it had told; try again")
    return found


async def intern(scope: Scope, collection: str, labels: Sequence[HandlingLabel], organisation: str) -> Sequence[int]:
    """The number of each label; new ones get the next. Raises StoreUnavailable if the clock is not to be trusted."""
    counters = await scope.hold(collection)
    texts = [label.to_text() for label in labels]
    numbers: dict[str, int] = {}
    for some in portions(list(dict.fromkeys(texts))):
        async for found in scope.documents.labels.find({"collection": collection, "text": {"$in": some}}, session=scope.session):
            numbers[found["text"]] = found["number"]
    new = [text for text in dict.fromkeys(texts) if text not in numbers]
    if new:
        made = scope.clock.now(counters.newest)
        numbers |= {text: number for number, text in enumerate(new, counters.labels + 1)}
        counters.labels += len(new)
        documents = [
            LabelDocument(collection=collection, number=numbers[text], text=text, organisation=organisation, made=made) for text in new
        ]
        await scope.documents.labels.insert_many(documents, session=scope.session)
    return [numbers[text] for text in texts]


async def made(scope: Scope, collection: str, organisation: str, since: int) -> int:
    """How many labels an organisation made at that instant or later."""
    wanted = {"collection": collection, "organisation": organisation, "made": {"$gte": since}}
    return await scope.documents.labels.count_documents(wanted, session=scope.session)


async def in_use(scope: Scope, collection: str, organisation: str) -> int:
    """How many of its labels have a version in a lane."""
    wanted = {"collection": collection, "organisation": organisation}
    found = await scope.documents.labels.find(wanted, {"number": 1}, session=scope.session).to_list()
    return len({each["number"] for each in found} & (await counts(scope, collection)).keys())


async def counts(scope: Scope, collection: str) -> Mapping[int, int]:
    """How many versions lie under each label number."""
    held: dict[int, int] = {}
    async for lane in scope.documents.lanes.find({"collection": collection, "held": {"$gt": 0}}, session=scope.session):
        held[lane["label"]] = held.get(lane["label"], 0) + lane["held"]
    return held


async def give_dates(scope: Scope, collection: str, runs: Sequence[int]) -> Sequence[int]:
    """Dates for all rows of `runs`. Raises StoreUnavailable if the clock is not to be trusted."""
    counters = await scope.hold(collection)
    dates = scope.dating.give(counters.newest, runs)
    counters.newest = max(dates, default=counters.newest)
    scope.dated = scope.dated or time.monotonic()
    scope.stamps.give(collection, runs, dates)
    return dates
