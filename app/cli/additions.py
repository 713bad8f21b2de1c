"""`legation add`: files for new members and collections, with fresh ids and the defaults of their kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from app.access.alliance import CollectionKind
from app.cli.options import place, takes
from app.cli.terminal import note, say
from app.configuration import NewCollection, NewMember, add_collections, add_members, read_collections_csv, read_members_csv
from app.sharing.exchange import Address

additions = typer.Typer(no_args_is_help=True, help="Write the files of new members and collections.")

Folder = Annotated[
    Path,
    typer.Option("--alliance", metavar="DIR", envvar="LEGATION_ALLIANCE", exists=True, file_okay=False, help="the alliance's folder"),
]
HERE: Final = Path()
AUDIENCES: Final = "audience such as `group:members` or `org:ng-cert`; may be given several times"


@dataclass(frozen=True, kw_only=True)
class Member:
    """What `add member` is asked."""

    id: Annotated[str | None, typer.Argument(metavar="ID", help="its id, such as `ng-cert`: the name of its file, for ever")] = None
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="its name for people")] = None
    jurisdiction: Annotated[str | None, typer.Option(metavar="XX", help="its country, ISO 3166-1")] = None
    country: Annotated[str, typer.Option(metavar="TEXT", help="the country's name, for the title of its national collection")] = ""
    identity: Annotated[str, typer.Option(metavar="ID", help="the STIX identity under which it publishes; without, one is made up")] = ""
    csv: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="many at once: columns id, name, jurisdiction, and if you like country, identity",
        ),
    ] = None
    alliance: Folder = HERE


@additions.command("member")
@takes(Member)
def member(asked: Member) -> None:
    """Add a member organisation, and a national collection if its country has none: ID, --name and --jurisdiction, or --csv FILE."""
    _written(add_members(asked.alliance, _members(asked)), asked.alliance)


def _members(asked: Member) -> list[NewMember]:
    if asked.csv is not None and not (asked.id or asked.name or asked.jurisdiction):
        return read_members_csv(asked.csv)
    if asked.csv is not None or not (asked.id and asked.name and asked.jurisdiction):
        raise typer.BadParameter("give ID, --name and --jurisdiction for one member, or --csv FILE alone for many")
    return [NewMember(asked.id, asked.name, asked.jurisdiction, asked.country, asked.identity)]


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What `add collection` is asked."""

    collection: Annotated[Address | None, typer.Argument(metavar="ROOT/COLLECTION", parser=place, help="where it will lie")] = None
    kind: Annotated[CollectionKind | None, typer.Option(help="what it is for")] = None
    owner: Annotated[str, typer.Option(metavar="ORG", help="the organisation that administers it")] = ""
    title: Annotated[str, typer.Option(metavar="TEXT", help="what clients call it; without, its name")] = ""
    description: Annotated[str, typer.Option(metavar="TEXT", help="shown to clients")] = ""
    reader: Annotated[list[str] | None, typer.Option(metavar="AUDIENCE", help=f"who reads: {AUDIENCES}")] = None
    writer: Annotated[list[str] | None, typer.Option(metavar="AUDIENCE", help=f"who adds: {AUDIENCES}")] = None
    red_recipient: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="who gets TLP:RED that names nobody, as `user:ng-cert/desk`")
    ] = None
    release_to: Annotated[list[str] | None, typer.Option(metavar="ROOT/COLLECTION", help="intakes: where a curator may publish")] = None
    csv: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="many at once: columns root, name, kind, owner, and if you like title, description, readers, writers, red_recipients, release_to",
        ),
    ] = None
    alliance: Folder = HERE


@additions.command("collection")
@takes(Collection)
def collection(asked: Collection) -> None:
    """Add a collection to an API root that exists: ROOT/COLLECTION, --kind and --owner, or --csv FILE."""
    _written(add_collections(asked.alliance, _collections(asked)), asked.alliance)


def _collections(asked: Collection) -> list[NewCollection]:
    if asked.csv is not None and not (asked.collection or asked.kind or asked.owner):
        return read_collections_csv(asked.csv)
    if asked.csv is not None or not (asked.collection and asked.kind and asked.owner):
        raise typer.BadParameter("give ROOT/COLLECTION, --kind and --owner for one collection, or --csv FILE alone for many")
    return [
        NewCollection(
            root=asked.collection.root,
            name=asked.collection.collection,
            kind=asked.kind,
            owner=asked.owner,
            title=asked.title,
            description=asked.description,
            readers=tuple(asked.reader or ()),
            writers=tuple(asked.writer or ()),
            red_recipients=tuple(asked.red_recipient or ()),
            release_to=tuple(asked.release_to or ()),
        )
    ]


def _written(paths: Sequence[Path], folder: Path) -> None:
    for path in paths:
        say(str(path))
    note(f"{len(paths)} files written; look at them, then `legation check {folder}` and `legation reload {folder}`")
