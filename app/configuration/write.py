"""Adds members and collections to an alliance on disk: all files or none, and only if the folder still reads without a mistake."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.access.alliance import Alliance, CollectionKind
from app.configuration.countries import is_country
from app.configuration.draft import organisation_path, root_path
from app.configuration.folder import NAME_RULE, is_name
from app.configuration.names import unknown
from app.configuration.read import read_alliance
from app.configuration.templates import NewCollection, NewMember, collection_text, member_text, national
from app.errors import ConfigurationError, quoted
from app.stix.identifiers import is_identifier


def add_member(folder: Path, member: NewMember) -> list[Path]:
    """Writes the files of one new member; see `add_members`."""
    return add_members(folder, [member])


def add_members(folder: Path, members: Sequence[NewMember]) -> list[Path]:
    """Writes an organisation for each member, and a national collection for each jurisdiction that has none; returns the files in order.

    Raises ConfigurationError, and leaves nothing behind, if a member is unfit, a file exists, or the folder had mistakes before or has some then.
    """
    problems = [f"member {quoted(member.id)}: {mistake}" for member in members for mistake in mistakes(member)]
    if problems:
        raise ConfigurationError(problems)
    alliance = read_alliance(folder)
    served = _served(alliance)
    texts: dict[str, str] = {}
    for member in members:
        is_first = member.jurisdiction not in served
        path = organisation_path(member.id)
        if path in texts:
            raise ConfigurationError([f"member {quoted(member.id)}: is listed twice"])
        texts[path] = member_text(member, is_first=is_first)
        if is_first:
            texts.update(_collection(alliance, national(member)))
            served.add(member.jurisdiction)
    return _write(folder, texts)


def add_collection(folder: Path, collection: NewCollection) -> list[Path]:
    """Writes the file of one new collection; see `add_collections`."""
    return add_collections(folder, [collection])


def add_collections(folder: Path, collections: Sequence[NewCollection]) -> list[Path]:
    """Writes the file of each new collection. Raises ConfigurationError as `add_members` does, and if there is no such API root."""
    alliance = read_alliance(folder)
    texts: dict[str, str] = {}
    for collection in collections:
        for path, text in _collection(alliance, collection).items():
            if path in texts:
                raise ConfigurationError([f"{path}: is listed twice"])
            texts[path] = text
    return _write(folder, texts)


def mistakes(member: NewMember) -> Iterator[str]:
    """What is unfit in a new member by itself, each with its remedy."""
    if not is_name(member.id):
        yield f"id: {quoted(member.id)} is no name; {NAME_RULE}"
    if not member.name.strip():
        yield "name: must not be empty"
    if not is_country(member.jurisdiction):
        yield f"jurisdiction: {quoted(member.jurisdiction)} is no country code of ISO 3166-1, two capital letters such as `NG`"
    if member.identity and not (member.identity.startswith("identity--") and is_identifier(member.identity)):
        yield f"identity: {quoted(member.identity)} is no id of a STIX identity, `identity--` and a UUID in lower case"
    title = national(member).title
    if "." in title or "," in title:
        yield f"country: is needed, without `.` and `,`, to make a title; {quoted(title)} cannot be one"


def _served(alliance: Alliance) -> set[str | None]:
    """The jurisdictions that have a national collection."""
    owners = (collection.owner for collection in alliance.collections if collection.kind is CollectionKind.NATIONAL)
    return {alliance.organisations[owner].jurisdiction for owner in owners}


def _collection(alliance: Alliance, collection: NewCollection) -> dict[str, str]:
    if collection.root not in alliance.roots:
        raise ConfigurationError([f"{root_path(collection.root)}: {unknown('API root', collection.root, alliance.roots)}"])
    if not is_name(collection.name):
        raise ConfigurationError([f"{quoted(collection.name)} is no name; {NAME_RULE}"])
    return {f"collections/{collection.root}/{collection.name}.toml": collection_text(collection)}


def _write(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    present = [f"{path}: the file exists already; nothing was written" for path in texts if (folder / path).exists()]
    if present:
        raise ConfigurationError(present)
    written: list[Path] = []
    try:
        for path, text in texts.items():
            with (folder / path).open("x", encoding="utf-8") as file:
                written.append(folder / path)
                file.write(text)
        read_alliance(folder)
    except BaseException as error:
        for file_path in written:
            file_path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ConfigurationError([f"{quoted(folder)}: cannot be written: {(error.strerror or 'unknown reason').lower()}"]) from error
        raise
    return written
