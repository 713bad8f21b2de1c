"""What new files say: members and collections as TOML that a person likes to read and edit, with fresh ids and the model alliance's defaults."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast
from uuid import uuid4

from app.access.alliance import CollectionKind

NATIONAL_ROOT: Final = "members"
"""The API root that national collections are added to."""


@dataclass(frozen=True, slots=True)
class NewMember:
    """A member to be added: the id of its file, its name, its country code; the country's name for titles; its STIX identity if it has one."""

    id: str
    name: str
    jurisdiction: str
    country: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class NewCollection:
    """A collection to be added to an API root that exists. What is left empty takes the default of its kind."""

    root: str
    name: str
    kind: CollectionKind
    owner: str
    title: str = ""
    description: str = ""
    readers: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    red_recipients: tuple[str, ...] = ()
    release_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Defaults:
    ceiling: str
    unmarked: str
    readers: tuple[str, ...]
    comment: str


_DEFAULTS: Final = {
    CollectionKind.NATIONAL: _Defaults(
        "red", "amber+strict", ("group:members",), "The owner decides who reads; the handling of each object decides what."
    ),
    CollectionKind.ALLIANCE: _Defaults(
        "amber+strict", "green", ("group:members", "group:secretariat"), "TLP:RED does not belong in a broadcast: the ceiling refuses it."
    ),
    CollectionKind.OPERATION: _Defaults("red", "amber", (), "Exists for its readers only: the participants, each as `org:` or `group:`."),
    CollectionKind.INTAKE: _Defaults("red", "amber", (), "Everything waits here until a curator releases it into one of `release_to`."),
    CollectionKind.PUBLIC: _Defaults("clear", "clear", ("public",), "Read by everybody, without credentials."),
}
_MEMBER_CLIENTS: Final = """
[clients.misp]                         # a tool that synchronises by itself; rename it as you like
roles = ["reader", "contributor"]
purposes = ["defence"]

[clients.desk]                         # the people who answer for TLP:RED and for loosening what was shared
roles = ["reader", "contributor", "releaser", "red-reader"]
identities = [{desk}]
purposes = ["defence"]

[clients.feed]                         # what the organisation passes on to its own constituency, up to TLP:AMBER
roles = ["reader"]
scope = "constituency"
purposes = ["defence"]

[clients.admin]                        # administers the collections of the organisation
roles = ["admin"]
"""


def national(member: NewMember) -> NewCollection:
    """The national collection of a member's jurisdiction, as the model alliance has them."""
    country = member.country or member.name
    return NewCollection(
        root=NATIONAL_ROOT,
        name=f"{member.jurisdiction.lower()}-indicators",
        kind=CollectionKind.NATIONAL,
        owner=member.id,
        title=f"{country} indicators",
        description=f"What {country} shares",
        writers=(f"org:{member.id}",),
        red_recipients=(f"user:{member.id}/desk",),
    )


def member_text(member: NewMember, *, is_first: bool) -> str:
    """The file of a member. `is_first`: its jurisdiction gets a national collection with it."""
    lines = list(
        _lines(
            {
                "kind": "member",
                "name": member.name,
                "jurisdiction": member.jurisdiction,
                "identities": (member.identity or f"identity--{uuid4()}",),
            }
        )
    )
    if not is_first:
        lines.insert(
            0, "# Its jurisdiction has a national collection: to write there, it must be among `writers` in that collection's file."
        )
    if not member.identity:
        lines.insert(-1, "# Made up. Put the identity here under which the organisation really publishes (`created_by_ref`).")
    return "\n".join(lines) + "\n" + _MEMBER_CLIENTS.format(desk=_text(f"identity--{uuid4()}"))


def collection_text(collection: NewCollection) -> str:
    """The file of a collection, with a fresh id."""
    defaults = _DEFAULTS[collection.kind]
    readers = collection.readers or (collection.writers if collection.kind is CollectionKind.INTAKE else defaults.readers)
    table: dict[str, object] = {
        "id": str(uuid4()),
        "title": collection.title or collection.name.replace("-", " ").capitalize(),
        "description": collection.description,
        "kind": collection.kind.value,
        "owner": collection.owner,
        "readers": readers,
        "writers": collection.writers,
        "ceiling": defaults.ceiling,
        "unmarked": defaults.unmarked,
        "red_recipients": collection.red_recipients,
        "release_to": collection.release_to,
    }
    return "\n".join([f"# {defaults.comment}", *_lines({key: value for key, value in table.items() if value})]) + "\n"


def _lines(table: Mapping[str, object]) -> Iterator[str]:
    for key, value in table.items():
        yield (
            f"{key} = [{', '.join(map(_text, cast('tuple[str, ...]', value)))}]" if isinstance(value, tuple) else f"{key} = {_text(value)}"
        )


def _text(value: object) -> str:
    """A TOML string: the escapes of JSON, and DEL, which JSON lets pass (TOML 1.0, String)."""
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
