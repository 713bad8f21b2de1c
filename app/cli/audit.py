"""`legation audit`: who received what, and what was done, from the records of the store."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Final, cast

import orjson
import typer

from app.audit.events import ADMINISTRATION, Event
from app.cli.checkpoints import checkpoint, key, verify
from app.cli.control import ObjectArgument, deadline
from app.cli.options import As, Json, Store, path_of, place, takes
from app.cli.options import client as client_name
from app.cli.session import do, knowing
from app.cli.terminal import REFUSED, note, say, say_json, table
from app.clock import timestamp, to_micros
from app.errors import ConfigurationError, quoted
from app.sharing.exchange import Address, Exchange
from app.sharing.recall import Recalled, Wanted, recall
from app.sharing.relays import Relay
from app.sharing.relays import relays as relays_deed
from app.sharing.who_saw import Portion, Received
from app.sharing.who_saw import who_saw as who_saw_deed

audit = typer.Typer(no_args_is_help=True, help="Who received what, what was done, and whether the records of both are whole.")
audit.command("key")(key)
audit.command("checkpoint")(checkpoint)
audit.command("verify")(verify)

Since = Annotated[
    datetime | None,
    typer.Option(metavar="TIME", parser=deadline, help="only what was done then or later, UTC: `2026-09-30` or a whole time"),
]
PUBLIC_NAME: Final = "(the public)"
UNREADABLE: Final = "(cannot be read: run `legation audit verify`)"


@dataclass(frozen=True, kw_only=True)
class WhoSaw:
    """What `who-saw` is asked."""

    object_id: ObjectArgument
    client: As
    store: Store
    json: Json = False


@audit.command("who-saw")
@takes(WhoSaw)
def who_saw(asked: WhoSaw) -> None:
    """List to whom an object was delivered: which version, when, from where, by which credential, under which policy epoch.

    Auditors of its originator see this of their own objects, auditors of the secretariat of all.
    """
    with knowing(asked.client, f"{quoted(asked.object_id)} is nowhere an object that {asked.client} may audit"):
        found = do(asked.store, lambda exchange: _all_recipients(exchange, asked.client, asked.object_id))
    if asked.json:
        say_json([asdict(each) for each in found])
        return
    if not found:
        note(f"{asked.object_id} was delivered to nobody")
        return
    columns = ("collection", "version", "put there by", "recipient", "client", "delivered", "epoch")
    table(f"Who saw {asked.object_id}", columns, [_received(each) for each in found])


async def _all_recipients(exchange: Exchange, client: str, object_id: str) -> list[Received]:
    found: list[Received] = []
    skip: int | None = 0
    while skip is not None:
        page = await who_saw_deed(exchange, client, object_id, Portion(exchange.limits.largest_page, skip))
        found += page.received
        skip = page.following
    return found


def _received(each: Received) -> tuple[object, ...]:
    organisation, client = each.organisation or PUBLIC_NAME, each.client.partition("/")[2]
    return each.collection, each.version, each.contributor, organisation, client, each.delivered, each.epoch


@dataclass(frozen=True, kw_only=True)
class Relays:
    """What `relays` is asked."""

    client: As
    since: Since = None
    store: Store
    json: Json = False


@audit.command("relays")
@takes(Relays)
def relays(asked: Relays) -> None:
    """List who tried to send on TLP:RED objects of another organisation: noted once a day for each client, kept for 90 days.

    Auditors of the originator see this of their own objects, auditors of the secretariat of all. Exit code 1: there is something to look into.
    """
    with knowing(asked.client, f"{asked.client} may not audit"):
        found = do(asked.store, lambda exchange: relays_deed(exchange, asked.client))
    since = "" if asked.since is None else timestamp(to_micros(asked.since))
    found = [each for each in found if each.tried >= since]
    if asked.json:
        say_json([asdict(each) for each in found])
    elif found:
        table("Tried to send on TLP:RED", ("object", "of", "by", "client", "tried"), [_tried(each) for each in found])
    else:
        note("nobody tried to send on TLP:RED")
    if found:
        raise typer.Exit(REFUSED)


def _tried(each: Relay) -> tuple[object, ...]:
    return each.object_id, each.originator, each.organisation, each.client.partition("/")[2], each.tried


@dataclass(frozen=True, kw_only=True)
class Log:
    """What `log` is asked."""

    collection: Annotated[
        Address | None,
        typer.Argument(metavar="[ROOT/COLLECTION]", parser=place, help="of which collection; without, of all, and of administration"),
    ] = None
    administration: Annotated[bool, typer.Option("--administration", help="only what concerns no single collection")] = False
    since: Since = None
    event: Annotated[list[Event] | None, typer.Option(help="only these events; may be given several times")] = None
    client: Annotated[
        str | None,
        typer.Option("--as", metavar="ORG/CLIENT", parser=client_name, help="for an auditor of the secretariat; without, for the operator"),
    ] = None
    store: Store
    json: Json = False


@audit.command("log")
@takes(Log)
def log(asked: Log) -> None:
    """List the sealed records of what was done: by whom, when, under which policy epoch, to which rows. Never content.

    With --json, one record a line.
    """
    if asked.administration and asked.collection is not None:
        raise ConfigurationError(["name a collection or --administration, not both"])
    where = ADMINISTRATION if asked.administration else None if asked.collection is None else path_of(asked.collection)
    wanted = Wanted(where, asked.since, frozenset(asked.event or ()))
    lines: list[Recalled] = []
    whom = "" if asked.client is None else f" that {asked.client} may audit"
    with knowing(asked.client, f"there is no {'chain' if where is None else quoted(where)}{whom}"):
        do(asked.store, lambda exchange: recall(exchange, asked.client, wanted, _say_line if asked.json else lines.append))
    if not asked.json:
        table("What was done", ("where", "number", "when", "event", "by", "epoch", "what"), [_line(each) for each in lines])


def _line(each: Recalled) -> tuple[object, ...]:
    if each.record is None:
        return each.place, each.number, "", "", "", "", UNREADABLE
    deed = each.record.deed
    said = [deed.reason] if deed.reason else []
    said += [f"{name} {_detail(value)}" for name, value in sorted(each.record.details.items())]
    return each.place, each.number, timestamp(deed.at), deed.event.value, deed.actor, deed.epoch, "; ".join(said)


def _detail(value: object) -> str:
    """Rows as spans of them, everything else as it is."""
    return ", ".join(map(_span, cast("list[object]", value))) if isinstance(value, list) else str(value)


def _span(each: object) -> str:
    match each:
        case [int(first), int(last)]:
            return str(first) if first == last else f"{first}-{last}"
        case _:
            return str(each)


def _say_line(each: Recalled) -> None:
    head: dict[str, object] = {"place": each.place, "number": each.number}
    if each.record is not None:
        deed = each.record.deed
        head |= {"at": timestamp(deed.at), "event": deed.event.value, "actor": deed.actor, "epoch": deed.epoch, "reason": deed.reason}
        head |= each.record.details
    say(orjson.dumps(head).decode())
