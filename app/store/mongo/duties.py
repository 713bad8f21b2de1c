"""What duties go by: rulings on what is stored, jobs left by writes, and the leases that keep two schedulers from doing the same. Within a transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from app.store.contract import RulingKind, StoredRuling
from app.store.mongo.documents import Documents, JobDocument, LeaseDocument, RulingDocument
from app.store.mongo.scope import Scope
from app.store.pins import Contribution, Job


async def rule(scope: Scope, ruling: StoredRuling) -> None:
    """Keep a ruling."""
    await scope.hold(ruling.collection)
    await scope.documents.rulings.replace_one(_ruled(ruling), ruling_document(ruling), upsert=True, session=scope.session)


async def unrule(scope: Scope, ruling: StoredRuling) -> None:
    """Forget a ruling."""
    await scope.hold(ruling.collection)
    await scope.documents.rulings.delete_one(_ruled(ruling), session=scope.session)


async def rulings(scope: Scope, kind: RulingKind, collection: str | None, ids: Sequence[str] | None) -> Sequence[StoredRuling]:
    """The rulings of a kind, oldest first."""
    wanted: dict[str, Any] = {"kind": kind.value}
    if collection is not None:
        wanted["collection"] = collection
    if ids is not None:
        wanted["object_id"] = {"$in": list(ids)}
    found = await scope.documents.rulings.find(wanted, {"_id": 0}, session=scope.session).to_list()
    return sorted((ruling_of(each) for each in found), key=lambda each: (each.made, *_ruled(each).values()))


async def lease(scope: Scope, name: str, holder: str, until: int) -> bool:
    """Take or keep a lease; False while another's time is not over."""
    kept = await scope.documents.leases.find_one({"_id": name}, session=scope.session)
    if kept is not None and kept["holder"] != holder and kept["until"] > scope.clock.unchecked():
        return False
    await scope.documents.leases.replace_one(
        {"_id": name}, LeaseDocument(_id=name, holder=holder, until=until), upsert=True, session=scope.session
    )
    return True


async def add_job(scope: Scope, job: Job) -> None:
    """Keep a job, once."""
    await scope.hold(job.collection)
    if await scope.documents.jobs.find_one(_job(job), session=scope.session) is None:
        document = JobDocument(
            collection=job.collection, target=job.target.object_id, contributor=job.target.contributor, made=scope.clock.unchecked()
        )
        await scope.documents.jobs.insert_one(document, session=scope.session)


async def jobs(scope: Scope) -> Sequence[Job]:
    """All jobs, oldest first."""
    return await all_jobs(scope.documents, scope.session)


async def all_jobs(documents: Documents, session: AsyncClientSession | None = None) -> Sequence[Job]:
    """The same, also outside of a transaction."""
    found = documents.jobs.find({}, session=session).sort([("made", 1), ("_id", 1)])
    return [Job(each["collection"], Contribution(each["target"], each["contributor"])) for each in await found.to_list()]


async def end_job(scope: Scope, job: Job) -> None:
    """Forget a job."""
    await scope.hold(job.collection)
    await scope.documents.jobs.delete_one(_job(job), session=scope.session)


def _ruled(ruling: StoredRuling) -> Mapping[str, str | int]:
    """What a ruling is on."""
    return {
        "kind": ruling.kind.value,
        "collection": ruling.collection,
        "object_id": ruling.object_id,
        "contributor": ruling.contributor,
        "row": ruling.row,
    }


def ruling_document(ruling: StoredRuling) -> RulingDocument:
    """The inverse."""
    return RulingDocument(
        kind=ruling.kind.value,
        collection=ruling.collection,
        object_id=ruling.object_id,
        contributor=ruling.contributor,
        row=ruling.row,
        reason=ruling.reason,
        client=ruling.client,
        made=ruling.made,
        until=ruling.until,
    )


def ruling_of(document: RulingDocument) -> StoredRuling:
    """A ruling as it is kept."""
    return StoredRuling(
        kind=RulingKind(document["kind"]),
        collection=document["collection"],
        object_id=document["object_id"],
        contributor=document["contributor"],
        row=document["row"],
        reason=document["reason"],
        client=document["client"],
        made=document["made"],
        until=document["until"],
    )


def _job(job: Job) -> Mapping[str, str]:
    return {"collection": job.collection, "target": job.target.object_id, "contributor": job.target.contributor}
