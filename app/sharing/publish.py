"""Publish: the end of an embargo is a deed, not a moment (access-policy case 23).

Time alone never opens: a version that merely became visible at its old position would be missed by everybody who polls on from a later one. So it is
published, with a date_added of its own, in a transaction like any other write; copies that a curator released under an embargo, too.
"""

from datetime import datetime

from app.audit.events import Event
from app.sharing.due import BATCH, Duty, Round, attend
from app.sharing.exchange import Exchange
from app.sharing.threads import Line
from app.stix.handling import HandlingLabel, State


async def publish(exchange: Exchange, limit: int = BATCH) -> Round:
    """Publish versions whose embargo has ended: one transaction, about `limit` of them. Raises StoreUnavailable."""
    return await attend(exchange, Duty(_embargo_end, _open, Event.PUBLISH), limit)


def _embargo_end(label: HandlingLabel) -> datetime | None:
    return label.embargo_end if label.state is State.EMBARGOED else None


def _open(line: Line) -> None:
    line.state = State.PUBLISHED
    line.own = line.own.in_state(State.PUBLISHED)
    line.fresh_date = True
