"""Whose signed tokens are believed: auth/issuers.toml, and the key sets beside it.

A key set that lies in a file is taken into the alliance itself, so that all workers verify with the keys that were checked.
"""

from typing import Final, cast

from app.access.alliance import Issuer
from app.access.bearer import embedded, is_safe_location
from app.configuration.folder import NAME_RULE, File, Folder, Sort, Table, is_name
from app.configuration.names import unknown
from app.configuration.shapes import read_shape
from app.errors import ConfigurationError, quoted

ISSUERS: Final = "auth/issuers.toml"


def read_issuers(folder: Folder) -> tuple[dict[str, Issuer], list[str]]:
    """The issuers with their keys, and every mistake in them."""
    key_sets = {file.path: file for file in folder.of(Sort.KEYS)}
    issuers: dict[str, Issuer] = {}
    problems: list[str] = []
    for name, table in _tables(folder).items():
        place = f"{ISSUERS}: {name}"
        if not is_name(name) or not isinstance(table, dict):
            problems.append(f"{ISSUERS}: {quoted(name)}: must be a table, such as `[login]`; {NAME_RULE}")
            continue
        issuer, mistakes = read_shape(Issuer, File(place, Sort.ISSUERS, (name,), table=cast("Table", table)))
        problems += mistakes
        if issuer is not None:
            keys, mistakes = _keys(issuer.keys, key_sets)
            problems += [f"{place}: keys: {mistake}" for mistake in mistakes]
            issuers[name] = issuer.model_copy(update={"keys": keys})
    problems += _twice(issuers)
    return issuers, problems + [f"{path}: no issuer names this file in `keys`; remove it" for path in key_sets]


def _tables(folder: Folder) -> dict[str, object]:
    return {name: table for file in folder.of(Sort.ISSUERS) for name, table in (file.table or {}).items()}


def _keys(location: str, key_sets: dict[str, File]) -> tuple[str, list[str]]:
    """What the alliance keeps of a location: the keys themselves if they lie in a file. Takes the file out of `key_sets`."""
    if "://" in location:
        safe = is_safe_location(location)
        return location, [] if safe else [f"{quoted(location)}: must be an https URL without credentials (http from this machine only)"]
    file = key_sets.pop(f"auth/{location}", None)
    if file is None:
        return location, [unknown("key set", location, {path.removeprefix("auth/") for path in key_sets})]
    try:
        return embedded(file.text.encode()), []
    except ConfigurationError as error:
        return location, [f"{quoted(location)}: {problem}" for problem in error.problems]


def _twice(issuers: dict[str, Issuer]) -> list[str]:
    taken: dict[str, str] = {}
    problems: list[str] = []
    for name, issuer in issuers.items():
        if issuer.issuer in taken:
            problems.append(f"{ISSUERS}: {name}: issuer: {quoted(issuer.issuer)} is `{taken[issuer.issuer]}` already")
        taken.setdefault(issuer.issuer, name)
    return problems
