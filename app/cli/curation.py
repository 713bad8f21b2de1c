"""`legation review`, `release`, `reject`, `rejected`: what waits in an intake, and what becomes of it."""

import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import typer

from app.cli.options import As, CollectionArgument, Json, Store, path_of, place, takes
from app.cli.session import do, naming
from app.cli.terminal import REFUSED, note, say_json, table
from app.clock import timestamp, to_micros
from app.sharing.curate import Released
from app.sharing.curate import release as release_deed
from app.sharing.exchange import Address
from app.sharing.reject import reject as reject_deed
from app.sharing.reject import rejected as rejected_deed
from app.sharing.review import Waiting
from app.sharing.review import review as review_deed

FROM_INPUT: Final = "-"
IdsArgument = Annotated[
    list[str], typer.Argument(metavar="OBJECT-ID…", help="which objects; `-` reads ids from standard input, one a line")
]


@dataclass(frozen=True, kw_only=True)
class Review:
    """What `review` is asked."""

    collection: CollectionArgument
    client: As
    store: Store
    json: Json = False


@takes(Review)
def review(asked: Review) -> None:
    """Show what waits in an intake, oldest first."""
    path = path_of(asked.collection)
    with naming(asked.client, path):
        waiting = do(asked.store, lambda exchange: review_deed(exchange, asked.client, path))
    if asked.json:
        say_json([asdict(each) for each in waiting])
        return
    if not waiting:
        note(f"nothing waits in {path}")
        return
    columns = ("object", "version", "from, since", "handling", "to look at", "known already")
    table(f"Waiting in {path}", columns, [_waiting(each) for each in waiting])


def _waiting(each: Waiting) -> tuple[str, ...]:
    """One cell for each question of a curator; lines within it."""
    named = f"{each.object_id}\n{each.name}".rstrip()
    handling = "\n".join((f"TLP:{each.tlp.upper()}", *each.terms))
    return named, each.version, f"{each.submitter}\n{each.date_added}", handling, "\n".join(each.notes), "\n".join(each.known)


@dataclass(frozen=True, kw_only=True)
class Release:
    """What `release` is asked."""

    collection: CollectionArgument
    ids: IdsArgument
    to: Annotated[
        Address | None, typer.Option("--to", metavar="ROOT/COLLECTION", parser=place, help="where to publish, if the intake names several")
    ] = None
    client: As
    store: Store
    json: Json = False


@takes(Release)
def release(asked: Release) -> None:
    """Publish objects of an intake, as their newest versions stand there, in a collection that the intake names."""
    ids = _ids(asked.ids)
    to = None if asked.to is None else path_of(asked.to)
    path = path_of(asked.collection)
    with naming(asked.client, path):
        results = do(asked.store, lambda exchange: release_deed(exchange, asked.client, path, ids, to))
    refused = [each for each in results if not each.ok]
    if asked.json:
        say_json([asdict(each) for each in results])
    else:
        _report(results, refused)
    if refused:
        raise typer.Exit(REFUSED)


def _report(results: list[Released], refused: list[Released]) -> None:
    if refused:
        table("Not released", ("object", "reason"), [(each.object_id, each.message) for each in refused], to_error=True)
    note(f"{len(results) - len(refused)} objects released, {len(refused)} not")


@dataclass(frozen=True, kw_only=True)
class Reject:
    """What `reject` is asked."""

    collection: CollectionArgument
    ids: IdsArgument
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="one line for the submitter; it stands in his status when he sends the version again")
    ]
    client: As
    store: Store
    json: Json = False


@takes(Reject)
def reject(asked: Reject) -> None:
    """Decide that what waits in an intake is not released, and tell the submitter why; a newer version waits anew."""
    path = path_of(asked.collection)
    ids = _ids(asked.ids)
    with naming(asked.client, path):
        counts = do(asked.store, lambda exchange: reject_deed(exchange, asked.client, path, ids, asked.reason))
    missing = [object_id for object_id, count in counts.items() if not count]
    if asked.json:
        say_json(counts)
    else:
        if missing:
            table("Not rejected", ("object", "reason"), [(each, "it does not wait here") for each in missing], to_error=True)
        note(f"{len(counts) - len(missing)} objects rejected, {len(missing)} not")
    if missing:
        raise typer.Exit(REFUSED)


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """What `rejected` is asked."""

    collection: CollectionArgument
    client: As
    store: Store
    json: Json = False


@takes(Rejected)
def rejected(asked: Rejected) -> None:
    """List what of an intake was rejected, and why: all of it for its curators, its own for a submitter."""
    path = path_of(asked.collection)
    with naming(asked.client, path):
        found = do(asked.store, lambda exchange: rejected_deed(exchange, asked.client, path))
    if asked.json:
        say_json([asdict(each) for each in found])
        return
    if not found:
        note(f"nothing is rejected in {path}")
        return
    columns = ("object", "version", "from", "reason", "by", "at")
    table(f"Rejected in {path}", columns, [
        (each.object_id, each.version, each.submitter, each.reason, each.client, timestamp(to_micros(each.at))) for each in found
    ])  # fmt: skip


def _ids(given: list[str]) -> list[str]:
    """The ids as they are given, those from standard input in their place."""
    return [each for one in given for each in (_from_input() if one == FROM_INPUT else [one])]


def _from_input() -> Iterable[str]:
    return sys.stdin.read().split()
