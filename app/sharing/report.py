"""The report of a POST: one outcome per object, rendered as a TAXII status resource (TAXII 2.1 §4.3.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from app.clock import timestamp, to_micros
from app.taxii.resources import Status, StatusDetails

UNREADABLE = "x-unreadable--00000000-0000-4000-8000-{:012d}"
"""Stands for the id of an object that has none that could be read: its place in the envelope, counted from 1."""


@dataclass(slots=True)
class Outcome:
    """What became of the object at `index`. `failure` is empty for a success; `note` tells a success something more."""

    index: int
    object_id: str | None
    version: str | None
    failure: str = ""
    note: str = ""


def report(outcomes: Sequence[Outcome], requested: datetime) -> Status:
    """The status of a request that is done: counts that add up, and lists that are complete (T-4.3.1-09, C27)."""
    received = timestamp(to_micros(requested))
    successes = [_details(outcome, received) for outcome in outcomes if not outcome.failure]
    failures = [_details(outcome, received) for outcome in outcomes if outcome.failure]
    return Status(
        id=str(uuid4()),
        status="complete",
        request_timestamp=received,
        total_count=len(outcomes),
        success_count=len(successes),
        successes=tuple(successes),
        failure_count=len(failures),
        failures=tuple(failures),
        pending_count=0,
    )


def _details(outcome: Outcome, received: str) -> StatusDetails:
    return StatusDetails(
        id=outcome.object_id or UNREADABLE.format(outcome.index + 1),
        version=outcome.version or received,
        message=outcome.failure or outcome.note or None,
    )
