"""The journal: what writes leave to be done afterwards, in small transactions that other writes can come between.

A write that opens a contribution leaves a job: what refers to it was withheld from those who see it only now, and comes to them under a new date, not at a
position that they have passed (DESIGN 6, References). A job says whose pins to look at, nothing more. What they should be is read when it is worked on,
so that one which was interrupted, or overtaken by another write, is simply gone on with.
"""

from collections.abc import Mapping

from app.audit.events import Event
from app.sharing.commit import Target, commit
from app.sharing.due import BATCH, NOBODY, Round, duty_deed
from app.sharing.exchange import Exchange
from app.sharing.labels import LabelBook
from app.sharing.pinning import bearing
from app.sharing.threads import Line
from app.sharing.view import read_threads
from app.store.contract import Transaction
from app.store.pins import AWAITED, Job


async def run_jobs(exchange: Exchange, limit: int = BATCH) -> Round:
    """Work on the oldest job: one transaction, about `limit` rows that refer to its target. A deed of the scheduler. Raises StoreUnavailable."""

    async def work(tx: Transaction) -> Round:
        jobs = await tx.jobs()
        if not jobs:
            return Round(0)
        job = jobs[0]
        book = exchange.books.of(job.collection)
        await book.catch_up(tx, job.collection)
        label = await _label(tx, job, book)
        rows = await tx.referring(job.collection, job.target, label, limit)
        target = Target(job.collection, NOBODY, book.draft(), await duty_deed(exchange, tx, Event.OPEN))
        done = await _open(tx, job, label, rows, target) if rows else 0
        if len(rows) < limit:
            await tx.end_job(job)
        return Round(done, more=len(rows) == limit or len(jobs) > 1)

    return await exchange.store.transact(work, weight=limit)


async def _label(tx: Transaction, job: Job, book: LabelBook) -> int:
    """The number of the label that what refers to the target is judged by now."""
    thread = (await read_threads(tx, job.collection, book, [job.target.object_id]))[job.target.object_id]
    return book.number(bearing(thread.contributions[job.target.contributor]).effective) or 0


async def _open(tx: Transaction, job: Job, label: int, rows: Mapping[int, str], target: Target) -> int:
    """Leave rows the pin under `label` alone, and give them new dates; how many.

    With a row come the other versions of its contribution that refer to the target: each hands its pins down to older ones.
    """
    threads = await read_threads(tx, job.collection, target.book, rows.values())
    opened: list[int] = []
    for thread in threads.values():
        for lines in thread.contributions.values():
            kept = [(line, line.stored.row) for line in lines if line.stored is not None]
            if any(row in rows for _, row in kept):
                chosen = [(line, row) for line, row in kept if _is_closed(line, job, label)]
                opened += [row for _, row in chosen]
                for line, _ in chosen:
                    line.fresh_date = not line.deleted
        thread.settle()
    await tx.unpin(job.collection, job.target, label, opened)
    await commit(tx, target, threads.values())
    return len(opened)


def _is_closed(line: Line, job: Job, label: int) -> bool:
    """Whether a former label of the target still binds the version."""
    return any(pin[:2] == job.target and pin.label not in {label, AWAITED} for pin in line.pins)
