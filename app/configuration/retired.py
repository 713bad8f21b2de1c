"""Ids of organisations and collections are never used again: objects, tokens and audit records go on naming those that are gone.

The files do not say what once existed; the alliance in force remembers it.
"""

from collections.abc import Iterator

from app.access.alliance import Alliance
from app.configuration.draft import collection_path, organisation_path


def carry_retired(new: Alliance, in_force: Alliance) -> Alliance:
    """The new alliance with the memory of the one in force: every id that was retired, and those that it no longer has."""
    gone = (in_force.organisations.keys() - new.organisations.keys()) | (in_force.by_key.keys() - new.by_key.keys())
    return new.model_copy(update={"retired": new.retired | in_force.retired | gone})


def retired_problems(new: Alliance, in_force: Alliance) -> list[str]:
    """A sentence for each id of the new alliance that once was another's, naming its file. Such an alliance must not be put in force."""
    return [f"{place} was removed once and is never used again; {remedy}" for name, place, remedy in _ids(new) if name in in_force.retired]


def _ids(alliance: Alliance) -> Iterator[tuple[str, str, str]]:
    for name in alliance.organisations:
        yield name, f"{organisation_path(name)}: the organisation `{name}`", "rename the file, and what refers to it"
    for collection in alliance.collections:
        yield collection.key, f"{collection_path(collection)}: id: `{collection.key}`", "give the collection a fresh UUID"
