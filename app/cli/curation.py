"""`legation review`, `legation release`, `legation explain`: what waits in an intake, letting it out, and who sees what for which reason."""

import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import typer

from app.cli.options import As, CollectionArgument, Json, Store, path_of, place, reader, takes
from app.cli.session import do, naming
from app.cli.terminal import REFUSED, note, say, say_json, table
from app.sharing.curate import Released, Waiting
from app.sharing.curate import release as release_deed
from app.sharing.curate import review as review_deed
from app.sharing.exchange import Address
from app.sharing.explain import Explanation
from app.sharing.explain import explain as explain_deed

FROM_INPUT: Final = "-"


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
    columns = ("object", "name", "version", "TLP", "from", "waiting since")
    table(f"Waiting in {path}", columns, [_waiting(each) for each in waiting])


def _waiting(each: Waiting) -> tuple[str, ...]:
    return each.object_id, each.name, each.version, each.tlp, each.submitter, each.date_added


@dataclass(frozen=True, kw_only=True)
class Release:
    """What `release` is asked."""

    collection: CollectionArgument
    ids: Annotated[list[str], typer.Argument(metavar="OBJECT-ID…", help="what to release; `-` reads ids from standard input, one a line")]
    to: Annotated[
        Address | None, typer.Option("--to", metavar="ROOT/COLLECTION", parser=place, help="where to publish, if the intake names several")
    ] = None
    client: As
    store: Store
    json: Json = False


@takes(Release)
def release(asked: Release) -> None:
    """Publish objects of an intake, as their newest versions stand there, in a collection that the intake names."""
    ids = [each for given in asked.ids for each in (_from_input() if given == FROM_INPUT else [given])]
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


def _from_input() -> Iterable[str]:
    return sys.stdin.read().split()


@dataclass(frozen=True, kw_only=True)
class Explain:
    """What `explain` is asked."""

    client: Annotated[
        str, typer.Argument(metavar="ORG/CLIENT", parser=reader, help="whose sight is explained; `public` for the anonymous public")
    ]
    collection: CollectionArgument
    object_id: Annotated[str | None, typer.Argument(metavar="OBJECT-ID", help="one object alone")] = None
    store: Store
    json: Json = False


@takes(Explain)
def explain(asked: Explain) -> None:
    """Explain what a client sees of a collection, level by level, and which policies say so."""
    path = path_of(asked.collection)
    with naming(asked.client, path):
        found = do(asked.store, lambda exchange: explain_deed(exchange, asked.client, path, asked.object_id))
    if asked.json:
        say_json(asdict(found))
        return
    say(f"{found.client or 'the public'} {'reads' if found.reads else 'does not read'} {found.collection}: {_because(found)}")
    columns = ("TLP", "originator", "state", "versions", "reads", "because")
    table("", columns, [
        (each.tlp, each.originator, each.state, each.objects, "yes" if each.allowed else "no", _reasons(each.policies, each.meanings))
        for each in found.reasons
    ])  # fmt: skip


def _because(found: Explanation) -> str:
    return _reasons(found.policies, found.meanings)


def _reasons(policies: Iterable[str], meanings: Iterable[str]) -> str:
    """Policy by policy in its own words; no policy means that none permits."""
    return "\n".join(f"{policy}: {meaning}" for policy, meaning in zip(policies, meanings, strict=True)) or "no policy permits it"
