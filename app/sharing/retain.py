"""Retention: what is past it is closed by the judge at its moment; here its bytes go, and its originator is told beforehand.

The originator may extend an object by a new version of longer retention, or delete it, until its bytes have gone. A tombstone stays: it keeps
the label, so that nothing which refers to the object opens. What compliance holds is left alone until it is lifted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.access.alliance import Collection
from app.audit.events import Event
from app.errors import NotFound, quoted
from app.sharing.due import BATCH, Duty, Round, attend
from app.sharing.exchange import Exchange
from app.sharing.threads import Line
from app.stix.handling import HandlingLabel, State
from app.store.contract import StoredVersion, Transaction

PORTION: Final = 1_000
"""Rows read at once for a list."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A version whose retention ends soon, or has ended."""

    collection: str
    object_id: str
    version: str
    state: str
    ends: datetime
    is_over: bool


async def purge(exchange: Exchange, grace: timedelta, limit: int = BATCH) -> Round:
    """Remove the bytes of versions that are past their retention for `grace`: one transaction, about `limit` of them. Raises StoreUnavailable."""

    def when(label: HandlingLabel) -> datetime | None:
        end = None if label.state is State.HELD else label.retention_end
        return None if end is None else _later(end, grace)

    return await attend(exchange, Duty(when, _remove, Event.PURGE), limit)


async def ending(exchange: Exchange, organisation: str, within: timedelta) -> list[Ending]:
    """What the organisation originated and must extend or lose `within` that span, soonest first. Raises NotFound for an unknown organisation."""
    alliance = (await exchange.force.now()).alliance
    if organisation not in alliance.organisations:
        raise NotFound(f"the alliance in force has no organisation {quoted(organisation)}")

    until = exchange.clock() + within

    async def work(tx: Transaction) -> list[Ending]:
        return [found for collection in alliance.collections for found in await _endings(exchange, tx, collection, organisation, until)]

    found = await exchange.store.transact(work)
    return sorted(found, key=lambda each: (each.ends, each.collection, each.object_id, each.version))


async def _endings(exchange: Exchange, tx: Transaction, collection: Collection, organisation: str, until: datetime) -> Iterator[Ending]:
    book, now = exchange.books.of(collection.key), exchange.clock()
    await book.catch_up(tx, collection.key)
    ends = {
        number: label.retention_end
        for number, label in book.above(0)
        if label.originator == organisation and label.retention_end is not None and label.retention_end <= until
    }
    rows = await _under(tx, collection.key, list(ends))
    return (
        Ending(collection.path, row.object_id, row.version, row.state.value, ends[row.label], is_over=ends[row.label] <= now)
        for row in rows
    )


async def _under(tx: Transaction, collection: str, labels: list[int]) -> list[StoredVersion]:
    """All rows under these labels."""
    rows: list[StoredVersion] = []
    while labels:
        portion = await tx.under(collection, labels, PORTION, after=rows[-1].date_added if rows else -1)
        rows += portion
        if len(portion) < PORTION:
            break
    return rows


def _later(moment: datetime, by: timedelta) -> datetime | None:
    try:
        return moment + by
    except OverflowError:
        return None


def _remove(line: Line) -> None:
    line.deleted = True
