"""What is told of a store, kept in a database: pieces under the numbers and dates that they have, and everything that is made of them (app/store/moving.py).

Within a transaction, which also moves the mark.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from app.store.contract import InForce, StoredRuling, StoredStatus, StoredToken
from app.store.mongo import duties, registry
from app.store.mongo.deliveries import batch_document, end_of
from app.store.mongo.documents import (
    EPOCH,
    ROWS,
    AllianceDocument,
    LabelDocument,
    PollDocument,
    RefusalDocument,
    SealedDocument,
)
from app.store.mongo.rows import keep as keep_rows
from app.store.mongo.scope import Scope
from app.store.moving import KeptLabel, KeptRecord, KeptVersion, Part, Standing
from app.store.pins import Job
from app.store.records import Batch, Poll, Refusal


async def keep_counters(scope: Scope, standing: Standing) -> None:
    """The counter of rows and those of collections."""
    await scope.documents.totals.update_one({"_id": ROWS}, {"$set": {"value": standing.rows}}, session=scope.session)
    for each in standing.collections:
        counters = await scope.hold(each.key)
        counters.labels, counters.newest = each.labels, each.newest


async def _alliance(scope: Scope, pieces: Sequence[InForce]) -> None:
    for each in pieces:
        document = AllianceDocument(_id=each.epoch, digest=each.digest, document=each.document)
        await scope.documents.alliances.insert_one(document, session=scope.session)
        await scope.documents.totals.update_one({"_id": EPOCH}, {"$set": {"value": each.epoch}}, session=scope.session)


async def _labels(scope: Scope, pieces: Sequence[KeptLabel]) -> None:
    documents = [
        LabelDocument(collection=each.collection, number=each.number, text=each.text, organisation=each.organisation, made=each.made)
        for each in pieces
    ]
    await scope.documents.labels.insert_many(documents, session=scope.session)


async def _versions(scope: Scope, pieces: Sequence[KeptVersion]) -> None:
    for key, some in groupby(sorted(pieces, key=lambda each: each.collection), key=lambda each: each.collection):
        await keep_rows(scope, key, [(each.arrival.stored.row, each.arrival) for each in some])


async def _rulings(scope: Scope, pieces: Sequence[StoredRuling]) -> None:
    await scope.documents.rulings.insert_many([duties.ruling_document(each) for each in pieces], session=scope.session)


async def _jobs(scope: Scope, pieces: Sequence[Job]) -> None:
    for each in pieces:
        await duties.add_job(scope, each)


async def _statuses(scope: Scope, pieces: Sequence[StoredStatus]) -> None:
    await scope.documents.statuses.insert_many([registry.status_document(each) for each in pieces], session=scope.session)


async def _tokens(scope: Scope, pieces: Sequence[StoredToken]) -> None:
    for each in pieces:
        await registry.add_token(scope, each)


async def _records(scope: Scope, pieces: Sequence[KeptRecord]) -> None:
    documents = [
        SealedDocument(chain=each.chain, number=each.sealed.number, record=each.sealed.record, seal=each.sealed.seal) for each in pieces
    ]
    await scope.documents.sealed.insert_many(documents, session=scope.session)
    for each in pieces:
        counters = await scope.hold(each.chain)
        counters.number, counters.seal = each.sealed.number, each.sealed.seal


async def _batches(scope: Scope, pieces: Sequence[Batch]) -> None:
    highest = (await end_of(scope.documents)).highest  # of those before, which are committed
    for each in pieces:
        document = batch_document(each, highest)
        await scope.documents.batches.insert_one(document, session=scope.session)
        highest = document["highest"]


async def _polls(scope: Scope, pieces: Sequence[Poll]) -> None:
    documents = [
        PollDocument(
            client=each.client,
            collection=each.collection,
            at=each.at,
            from_start=each.from_start,
            position=each.position,
            objects=each.objects,
        )
        for each in pieces
    ]
    await scope.documents.polls.insert_many(documents, session=scope.session)


async def _refusals(scope: Scope, pieces: Sequence[Refusal]) -> None:
    documents = [
        RefusalDocument(minute=each.minute, client=each.client, request=each.request, status=each.status, count=each.count)
        for each in pieces
    ]
    await scope.documents.refusals.insert_many(documents, session=scope.session)


KEEPING: Final[Mapping[Part, Callable[[Scope, Sequence[Any]], Awaitable[None]]]] = {
    Part.ALLIANCE: _alliance,
    Part.LABELS: _labels,
    Part.VERSIONS: _versions,
    Part.RULINGS: _rulings,
    Part.JOBS: _jobs,
    Part.STATUSES: _statuses,
    Part.TOKENS: _tokens,
    Part.RECORDS: _records,
    Part.BATCHES: _batches,
    Part.POLLS: _polls,
    Part.REFUSALS: _refusals,
}
"""How the pieces of each part, at least one, are kept."""
