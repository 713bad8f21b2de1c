"""Control by the source and by compliance: `legation withdraw`, `hold`, `lift`, `holds`; and retention: `retention`, `purge`."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from app.cli.options import As, CollectionArgument, Json, Store, duration, path_of, takes
from app.cli.session import do, knowing, naming
from app.cli.terminal import note, say_json, table
from app.clock import timestamp, to_micros
from app.errors import quoted
from app.sharing.exchange import Exchange
from app.sharing.hold import Held, HoldReason
from app.sharing.hold import hold as hold_deed
from app.sharing.hold import holds as holds_deed
from app.sharing.hold import lift as lift_deed
from app.sharing.retain import Ending, ending
from app.sharing.retain import purge as purge_deed
from app.sharing.withdraw import withdraw as withdraw_deed

ObjectArgument = Annotated[str, typer.Argument(metavar="OBJECT-ID", help="the STIX id")]


@dataclass(frozen=True, kw_only=True)
class Withdraw:
    """What `withdraw` is asked."""

    object_id: ObjectArgument
    client: As
    store: Store
    json: Json = False


@takes(Withdraw)
def withdraw(asked: Withdraw) -> None:
    """Take an object back from every collection and intake, with what was released or relayed of it."""
    with knowing(asked.client, f"{quoted(asked.object_id)} is nowhere an object of the organisation of {asked.client}"):
        found = do(asked.store, lambda exchange: withdraw_deed(exchange, asked.client, asked.object_id))
    if asked.json:
        say_json([asdict(each) for each in found])
        return
    for each in found:
        note(f"{each.versions} versions withdrawn from {each.collection}")


def deadline(text: str) -> datetime:
    """A UTC time, or a date: then its first moment."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{quoted(text)} is no time: write `2026-09-30` or `2026-09-30T12:00:00Z`") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class Hold:
    """What `hold` is asked."""

    collection: CollectionArgument
    object_id: ObjectArgument
    reason: Annotated[HoldReason, typer.Option(help="why, as a word that carries no content")]
    until: Annotated[datetime, typer.Option(metavar="TIME", parser=deadline, help="when it ends, UTC: `2026-09-30` or a whole time")]
    client: As
    store: Store


@takes(Hold)
def hold(asked: Hold) -> None:
    """Close an object to all but its originator, without seeing it, until it is lifted or the deadline is over."""
    path = path_of(asked.collection)
    with naming(asked.client, path):
        count = do(asked.store, lambda exchange: hold_deed(exchange, asked.client, path, asked.object_id, (asked.reason, asked.until)))
    note(f"{count} contributions under this id in {path} held until {_written(asked.until)}")


@dataclass(frozen=True, kw_only=True)
class Lift:
    """What `lift` is asked."""

    collection: CollectionArgument
    object_id: ObjectArgument
    client: As
    store: Store


@takes(Lift)
def lift(asked: Lift) -> None:
    """Lift the hold on an object before its deadline; it comes to its readers under a new date."""
    path = path_of(asked.collection)
    with naming(asked.client, path):
        count = do(asked.store, lambda exchange: lift_deed(exchange, asked.client, path, asked.object_id))
    note(f"the hold on {count} contributions under this id in {path} is lifted")


@dataclass(frozen=True, kw_only=True)
class Holds:
    """What `holds` is asked."""

    client: As
    store: Store
    json: Json = False


@takes(Holds)
def holds(asked: Holds) -> None:
    """List holds: all for compliance, those on its own objects for an organisation."""
    with knowing(asked.client):
        found = do(asked.store, lambda exchange: holds_deed(exchange, asked.client))
    if asked.json:
        say_json([asdict(each) for each in found])
        return
    if not found:
        note(f"nothing is held that concerns {asked.client}")
        return
    table("Held", ("collection", "object", "of", "reason", "by", "since", "until"), [_held(each) for each in found])


def _held(each: Held) -> tuple[str, ...]:
    return each.collection, each.object_id, each.contributor, each.reason, each.client, _written(each.since), _written(each.until)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What `retention` is asked."""

    organisation: Annotated[str, typer.Argument(metavar="ORG", help="whose objects")]
    within: Annotated[timedelta, typer.Option(metavar="DURATION", parser=duration, help="how far ahead to look, such as `180d`")]
    store: Store
    json: Json = False


@takes(Retention)
def retention(asked: Retention) -> None:
    """List what an organisation must extend by a new version, or lose: what is past its retention or soon will be."""
    found = do(asked.store, lambda exchange: ending(exchange, asked.organisation, asked.within))
    if asked.json:
        say_json([asdict(each) for each in found])
        return
    if not found:
        note(f"no object of {asked.organisation} ends that soon")
        return
    table(f"Retention of {asked.organisation}", ("collection", "object", "version", "state", "ends"), [_ending(each) for each in found])


def _ending(each: Ending) -> tuple[str, ...]:
    return each.collection, each.object_id, each.version, each.state, f"{_written(each.ends)}{' (over)' if each.is_over else ''}"


@dataclass(frozen=True, kw_only=True)
class Purge:
    """What `purge` is asked."""

    after: Annotated[
        timedelta | None, typer.Option(metavar="DURATION", parser=duration, help="how long past retention, such as `30d`; without, at once")
    ] = None
    store: Store


@takes(Purge)
def purge(asked: Purge) -> None:
    """Remove the bytes of everything that is past its retention; tombstones stay, and what is held."""
    note(f"{do(asked.store, lambda exchange: _purge(exchange, asked.after or timedelta(0)))} versions purged")


async def _purge(exchange: Exchange, grace: timedelta) -> int:
    """Round by round, so that a server beside it goes on writing."""
    total, more = 0, True
    while more:
        round_ = await purge_deed(exchange, grace)
        total, more = total + round_.done, round_.more
    return total


def _written(moment: datetime) -> str:
    return timestamp(to_micros(moment)).replace(".000000Z", "Z")
