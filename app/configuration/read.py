"""From the three folders to an alliance, or to all that is wrong with them at once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from app.access.alliance import Alliance, ApiRoot, Collection, Group, Organisation
from app.configuration.check_auth import check_auth
from app.configuration.check_collections import check_collections, check_roots
from app.configuration.draft import Draft
from app.configuration.folder import File, Folder, Sort, Table, scan
from app.configuration.issuers import read_issuers
from app.configuration.names import unknown
from app.configuration.shapes import LEVELS, read_shape
from app.errors import ConfigurationError, quoted
from app.stix.handling import TLP_BY_TEXT
from app.stix.identifiers import is_identifier
from app.stix.markings import CANONICAL

Model = TypeVar("Model", bound=BaseModel)
ALIASES: Final = "policies/aliases.toml"


def read_alliance(folder: Path) -> Alliance:
    """The alliance that auth/, collections/ and policies/ in `folder` describe. The policies are taken as text: the judge validates them.

    Raises ConfigurationError with every mistake, each naming file and key and, where one is near, the right name.
    """
    found = scan(folder)
    problems = list(found.problems)
    draft = _draft(found, problems)
    for check in (check_auth, check_roots, check_collections):
        problems.extend(check(draft))
    if problems:
        raise ConfigurationError(sorted(set(problems)))
    return draft.alliance


def read_cases(folder: Path) -> dict[str, Table]:
    """The policy cases of policies/cases/ by file name. Raises ConfigurationError for what cannot be read."""
    found = scan(folder)
    files = list(found.of(Sort.CASE))
    broken = [problem for problem in found.problems if problem.startswith("policies/cases/")]
    if broken:
        raise ConfigurationError(broken)
    return {file.path: file.table or {} for file in files}


def _draft(found: Folder, problems: list[str]) -> Draft:
    """All that can be read, unchecked; adds the mistakes that single files have to `problems`."""
    organisations = _read(found, Sort.ORGANISATION, Organisation, problems)
    groups = _read(found, Sort.GROUP, Group, problems)
    roots = _read(found, Sort.ROOT, ApiRoot, problems)
    issuers, mistakes = read_issuers(found)
    collections: list[Collection] = []
    for file in _readable(found, Sort.COLLECTION):
        collection, own = read_shape(Collection, file, root=file.names[0], name=file.names[1])
        problems += own
        collections += [collection] if collection else []
    problems += [*mistakes, *_policy_problems(found)]
    alliance = Alliance(
        organisations=organisations,
        groups=groups,
        issuers=issuers,
        roots=roots,
        collections=tuple(collections),
        policies={f"{file.names[0]}.cedar": file.text for file in found.of(Sort.POLICY)},
        policy_schema="".join(file.text for file in found.of(Sort.SCHEMA)),
        marking_aliases=_aliases(found, problems),
    )
    return Draft(alliance, frozenset(_unread(found, alliance, has_issuers=not mistakes)))


def _read(found: Folder, sort: Sort, model: type[Model], problems: list[str]) -> dict[str, Model]:
    values: dict[str, Model] = {}
    for file in _readable(found, sort):
        value, own = read_shape(model, file)
        problems += own
        if value is not None:
            values[file.names[0]] = value
    return values


def _readable(found: Folder, sort: Sort) -> Iterator[File]:
    return (file for file in found.of(sort) if file.table is not None)


def _unread(found: Folder, alliance: Alliance, *, has_issuers: bool) -> Iterator[str]:
    """The names whose files exist but have mistakes of their own."""
    yield from (f"org:{file.names[0]}" for file in found.of(Sort.ORGANISATION) if file.names[0] not in alliance.organisations)
    yield from (f"group:{file.names[0]}" for file in found.of(Sort.GROUP) if file.names[0] not in alliance.groups)
    yield from (f"{file.names[0]}/" for file in found.of(Sort.ROOT) if file.names[0] not in alliance.roots)
    read = {(collection.root, collection.name) for collection in alliance.collections}
    for file in found.of(Sort.COLLECTION):
        if file.names not in read:
            yield from ("/".join(file.names), f"op:{file.names[1]}")
    if not has_issuers or any(file.table is None for file in found.of(Sort.ISSUERS)):
        yield "issuers"


def _policy_problems(found: Folder) -> Iterator[str]:
    if not any(found.of(Sort.POLICY)):
        yield "policies: there is no policy, so nobody could do anything; add `*.cedar` files"
    if not any(found.of(Sort.SCHEMA)):
        yield "policies/schema.cedarschema: the file is missing; without it no policy can be validated"


def _aliases(found: Folder, problems: list[str]) -> dict[str, str]:
    tables: list[Mapping[str, object]] = [file.table or {} for file in found.of(Sort.ALIASES)]
    aliases = {identifier: level for table in tables for identifier, level in table.items()}
    problems.extend(f"{ALIASES}: {problem}" for identifier, level in aliases.items() for problem in _alias_problems(identifier, level))
    return {identifier: str(level) for identifier, level in aliases.items() if level in TLP_BY_TEXT}


def _alias_problems(identifier: str, level: object) -> Iterator[str]:
    canonical = CANONICAL.get(identifier.lower())
    if canonical is not None:
        yield f"{quoted(identifier)} is TLP:{canonical.text.upper()} for everybody; remove the line"
    elif not (identifier.startswith("marking-definition--") and is_identifier(identifier) and identifier == identifier.lower()):
        yield f"{quoted(identifier)} is no id of a marking definition, `marking-definition--` and a UUID in lower case"
    if level not in TLP_BY_TEXT:
        yield f"{quoted(identifier)}: {unknown('level', str(level), LEVELS)}"
