"""Dates given anew, after a commit took longer than it was given: whoever polled in between by his own clock would never ask for the former ones again."""

from app.store.contract import Amendment
from app.store.mongo.labels import give_dates
from app.store.mongo.rows import amend, dates_of
from app.store.mongo.scope import Scope
from app.store.mongo.stamps import Stamps


async def renew(scope: Scope, late: Stamps) -> None:
    """Give the rows of a write later dates, in the same order and runs; those that were given another date meanwhile keep it."""
    for collection, stamped in late.rows.items():
        await scope.hold(collection)
        current = await dates_of(scope, collection, list(stamped))
        former = late.dates.get(collection, [])
        given = dict(zip(former, await give_dates(scope, collection, late.runs.get(collection, [])), strict=True))
        changes = [Amendment(row, date_added=given[date]) for row, date in stamped.items() if date in given and current.get(row) == date]
        await amend(scope, collection, changes)
