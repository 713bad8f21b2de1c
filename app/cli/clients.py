"""`legation clients`: who still comes, how far each came, what was refused to it, and who should start over."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated

import typer

from app.cli.options import Json, Store, takes
from app.cli.session import do
from app.cli.terminal import note, say_json, table
from app.clock import timestamp, to_micros
from app.errors import NotFound, quoted
from app.sharing.clients import Contact, Failure, Reading
from app.sharing.clients import clients as clients_deed


@dataclass(frozen=True, kw_only=True)
class Clients:
    """What `clients` is asked."""

    organisation: Annotated[str | None, typer.Argument(metavar="[ORG]", help="the clients of one organisation alone")] = None
    store: Store
    json: Json = False


@takes(Clients)
def clients(asked: Clients) -> None:
    """Show of every client when it last polled, up to which date, how many objects it got, and what it was last refused.

    A client to whom something older than its position was opened should start over: it gets that only by polling without `added_after`. What a running
    server heard in its last seconds is not written down yet.
    """
    found = do(asked.store, lambda exchange: clients_deed(exchange, asked.organisation))
    if not found:
        raise NotFound(f"the alliance in force has no organisation {quoted(asked.organisation)}, or that organisation has no clients")
    if asked.json:
        say_json([asdict(each) | {"should_start_over": each.should_start_over} for each in found])
        return
    columns = ("client", "last poll", "collection", "position", "objects", "last failure", "to do")
    table("Clients", columns, [row for each in found for row in _rows(each)])
    behind = [each.client or "the public" for each in found if each.should_start_over]
    if behind:
        note(f"[bold yellow]should start over[/] (poll without `added_after`): {', '.join(behind)}")


def _rows(contact: Contact) -> list[tuple[str, ...]]:
    name, failure = contact.client or "(the public)", _failure(contact.last_failure)
    if not contact.readings:
        return [(name, "never", "", "", "", failure, "")]
    return [(name, *_reading(each), failure if place == 0 else "", _to_do(each)) for place, each in enumerate(contact.readings)]


def _reading(each: Reading) -> tuple[str, ...]:
    return _written(each.at), each.collection, _written(each.position), f"{each.objects:,}"


def _to_do(each: Reading) -> str:
    return "" if each.start_over_since is None else f"start over: more was opened {_written(each.start_over_since)}"


def _failure(failure: Failure | None) -> str:
    return "" if failure is None else f"{failure.status} {failure.request}, {failure.count}x {_written(failure.at)}"


def _written(moment: datetime | None) -> str:
    return "" if moment is None else timestamp(to_micros(moment.replace(microsecond=0))).replace(".000000Z", "Z")
