"""The alliance as the one document that the store keeps in force: equal alliances give equal bytes, on every machine."""

import json
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import cast
from uuid import UUID

from app.access.alliance import Alliance
from app.configuration.draft import collection_path, organisation_path


def render(alliance: Alliance) -> bytes:
    """The canonical JSON of an alliance: keys and sets sorted, lists in their order, defaults written out."""
    plain = alliance.model_dump()
    return json.dumps(plain, default=_plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def load(document: bytes) -> Alliance:
    """The inverse of `render`. Raises pydantic's ValidationError for what is no alliance."""
    return Alliance.model_validate_json(document)


def alliance_hash(alliance: Alliance) -> str:
    """The SHA-256 of the document, in hexadecimal."""
    return sha256(render(alliance)).hexdigest()


def carry_retired(new: Alliance, in_force: Alliance) -> Alliance:
    """The new alliance with the memory of the one in force: every id that was retired, and those that it no longer has."""
    gone = (in_force.organisations.keys() - new.organisations.keys()) | (in_force.by_key.keys() - new.by_key.keys())
    return new.model_copy(update={"retired": new.retired | in_force.retired | gone})


def retired_problems(new: Alliance, in_force: Alliance) -> list[str]:
    """A sentence for each organisation and collection of the new alliance whose id once was another's. Such an alliance must not be put in force."""
    retired = in_force.retired | new.retired
    return [
        f"{path}: {key} `{name}` was removed once and is never used again; {remedy}"
        for path, key, name, remedy in _ids(new)
        if name in retired
    ]


def _ids(alliance: Alliance) -> Iterable[tuple[str, str, str, str]]:
    for name in alliance.organisations:
        yield organisation_path(name), "the organisation", name, "rename the file, and what refers to it"
    for collection in alliance.collections:
        yield collection_path(collection), "id:", collection.key, "give the collection a fresh UUID"


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(cast("frozenset[str]", value))
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"an alliance holds no {type(value).__name__}")
