"""The journal: what writes leave to be done afterwards, in small transactions that other writes can come between.

A write that opens a contribution leaves a job: what refers to it was withheld from those who see it only now, and comes to them under a new date, not at a
position that they have passed (DESIGN 6, References). A job says whose pins to look at, nothing more. What they should be is read when it is worked on,
so that one which was interrupted, or overtaken by another write, is simply gone on with.
"""

from collections.abc import Mapping

from app.sharing.commit import Target, commit
from app.sharing.due import BATCH, NOBODY, Round
from app.sharing.exchange import Exchange
from app.sharing.labels import LabelBook
from app.sharing.pinning import bearing
from app.sharing.view import read_threads
from app.store.contract import Transaction
from app.store.pins import Job


async def run_jobs(exchange: Exchange, limit: int = BATCH) -> Round:
    """Work on the oldest job: one transaction, at most `limit` rows that refer to its target. A deed of the scheduler. Raises StoreUnavailable."""

    async def work(tx: Transaction) -> Round:
        jobs = await tx.jobs()
        if not jobs:
            return Round(0)
        done = await _work_on(exchange, tx, jobs[0], limit)
        if done < limit:
            await tx.end_job(jobs[0])
        return Round(done, more=done == limit or len(jobs) > 1)

    return await exchange.store.transact(work, weight=limit)


async def _work_on(exchange: Exchange, tx: Transaction, job: Job, limit: int) -> int:
    """Open what refers to the target of a job, oldest date first; how many rows."""
    book = exchange.books.of(job.collection)
    await book.catch_up(tx, job.collection)
    thread = (await read_threads(tx, job.collection, book, [job.target.object_id]))[job.target.object_id]
    label = book.number(bearing(thread.contributions[job.target.contributor]).effective) or 0
    rows = await tx.referring(job.collection, job.target, label, limit)
    if rows:
        await tx.unpin(job.collection, job.target, label, list(rows))
        await _redate(tx, job.collection, rows, book)
    return len(rows)


async def _redate(tx: Transaction, collection: str, rows: Mapping[int, str], book: LabelBook) -> None:
    threads = await read_threads(tx, collection, book, rows.values())
    for thread in threads.values():
        for line in thread.lines:
            line.fresh_date = line.stored is not None and line.stored.row in rows and not line.deleted
        thread.settle()
    await commit(tx, Target(collection, NOBODY, book.draft()), threads.values())
