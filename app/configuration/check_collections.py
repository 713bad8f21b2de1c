"""What: what the files of collections/ say of each other and of auth/. Each function yields a sentence per mistake, with file and key."""

from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from app.access.alliance import STIX_MEDIA_TYPE, Collection, CollectionKind, recipients_known
from app.access.principal import PUBLIC_AUDIENCE, Kind
from app.configuration.draft import Draft, collection_path, root_path
from app.configuration.names import unknown
from app.errors import quoted
from app.stix.handling import TLP_BY_TEXT, Tlp

RESERVED: Final = frozenset({"taxii2", "healthz", "readyz", "metrics", "openapi", "docs", "redoc", "status", "console", "static"})
"""First segments of paths that are, or may become, the server's own."""


def check_roots(draft: Draft) -> Iterator[str]:
    """Everything that API roots get wrong."""
    roots = draft.alliance.roots
    for name in sorted(roots.keys() & RESERVED):
        yield f"{root_path(name)}: `/{name}/` is the server's own; name the folder otherwise"
    for name in sorted({collection.root for collection in draft.alliance.collections} - roots.keys()):
        if f"{name}/" not in draft.unread:
            yield f'{root_path(name)}: the file is missing; a folder of collections is an API root and needs at least `title = "…"`'
    first, *others = sorted(name for name, root in roots.items() if root.default) or [""]
    for other in others:
        yield f"{root_path(other)}: default: `{first}` is the default already; there is one at most"


def check_collections(draft: Draft) -> Iterator[str]:
    """Everything that collections get wrong, each by itself and all together."""
    for collection in draft.alliance.collections:
        for check in (_name, _people, _levels, _kind, _media_types):
            for problem in check(draft, collection):
                yield f"{collection_path(collection)}: {problem}"
    yield from _twice(draft.alliance.collections)


def _name(_: Draft, collection: Collection) -> Iterator[str]:
    if _is_uuid(collection.name):
        yield "a UUID is no name: it could be the id of another collection; name the file otherwise"


def _people(draft: Draft, collection: Collection) -> Iterator[str]:
    owner = draft.alliance.organisations.get(collection.owner)
    if collection.owner not in draft.organisations:
        yield f"owner: {unknown('organisation', collection.owner, draft.organisations)}"
    elif owner is not None and owner.kind is Kind.PARTNER:
        yield f"owner: {quoted(collection.owner)} is a partner; a member or the secretariat owns a collection"
    yield from (f"readers: {problem}" for problem in draft.unknown_audiences(collection.readers))
    yield from (f"writers: {problem}" for problem in draft.unknown_audiences(collection.writers))
    if PUBLIC_AUDIENCE in collection.readers and collection.kind is not CollectionKind.PUBLIC:
        yield 'readers: `public` is for collections with `kind = "public"`; name groups or organisations'
    if PUBLIC_AUDIENCE in collection.writers:
        yield "writers: `public` writes nowhere; name groups or organisations"
    yield from (f"red_recipients: {problem}" for problem in _red_recipients(draft, collection))


def _red_recipients(draft: Draft, collection: Collection) -> Iterator[str]:
    known = recipients_known(draft.alliance)
    for recipient in sorted(collection.red_recipients):
        called = [principal for principal in draft.principals if recipient in principal.names]
        if not called and recipient.startswith("identity--"):
            yield from () if draft.has_unread_organisations else (f"{quoted(recipient)} is the identity of no client",)
        elif not called and not draft.is_unread(recipient):
            yield unknown("recipient", recipient, {name for name in known if name.startswith("user:")})
        elif called and recipient not in known:
            yield f"{quoted(recipient)} may not read TLP:RED; give the client the role `red-reader`"
        elif called and not draft.reaches(collection.readers, called) and collection.kind is not CollectionKind.INTAKE:
            yield f"{quoted(recipient)} is no reader of this collection and would receive nothing; add an audience of the client to `readers`"


def _levels(_: Draft, collection: Collection) -> Iterator[str]:
    ceiling, unmarked = collection.ceiling_level, TLP_BY_TEXT.get(collection.unmarked)
    if collection.kind is CollectionKind.PUBLIC and ceiling is not Tlp.CLEAR:
        yield 'ceiling: a collection for the public takes TLP:CLEAR only; write `ceiling = "clear"`'
    if unmarked is not None and unmarked > ceiling:
        yield f"unmarked: `{unmarked.text}` is above the ceiling `{ceiling.text}`: no unmarked object could be added"
    if unmarked is Tlp.RED and not collection.red_recipients:
        yield "unmarked: TLP:RED must name its recipients; list some in `red_recipients`"


def _kind(draft: Draft, collection: Collection) -> Iterator[str]:
    if collection.kind is CollectionKind.INTAKE:
        yield from _intake(draft, collection)
    else:
        yield from _writing_partners(draft, collection)
        if collection.release_to:
            yield "release_to: only intakes release; remove the key"
    owner = draft.alliance.organisations.get(collection.owner)
    if collection.kind is CollectionKind.NATIONAL and owner is not None and owner.kind is Kind.SECRETARIAT:
        yield "owner: a national collection belongs to a member"
    if collection.kind is CollectionKind.OPERATION:
        yield from _operation(collection)


def _intake(draft: Draft, collection: Collection) -> Iterator[str]:
    named = collection.writers | collection.readers
    if named <= draft.audiences and not any(map(draft.is_unread, named)):
        writers, readers = draft.inside_any(collection.writers), draft.inside_any(collection.readers)
        if len(writers) != 1 or not writers <= draft.partners:
            yield "writers: an intake has one partner as its only writer, such as `org:PARTNER`"
        elif not readers <= writers:
            yield "readers: in an intake only its partner reads; curators see it by `legation review`"
    intakes = {each.path for each in draft.alliance.collections if each.kind is CollectionKind.INTAKE}
    for path in collection.release_to:
        if path in intakes:
            yield f"release_to: {quoted(path)} is an intake; nothing is released into quarantine"
        elif path not in draft.paths:
            yield f"release_to: {unknown('collection', path, draft.paths - intakes)}"


def _writing_partners(draft: Draft, collection: Collection) -> Iterator[str]:
    for audience in sorted(collection.writers - {PUBLIC_AUDIENCE}):
        inside = draft.inside(audience)
        if audience == "group:partners" or (inside and inside <= draft.partners):
            yield f"writers: {quoted(audience)}: partners write into intakes only, from where a curator releases"


def _operation(collection: Collection) -> Iterator[str]:
    if not collection.readers:
        yield "readers: an operation exists for its readers only; name its participants"
    for audience in sorted(collection.readers):
        if audience.startswith(("op:", "user:")):
            yield f"readers: {quoted(audience)}: organisations take part in an operation; name `org:ID` or `group:ID`"


def _media_types(_: Draft, collection: Collection) -> Iterator[str]:
    if not collection.media_types:
        yield f"media_types: must not be empty; leave the key out for `{STIX_MEDIA_TYPE}`"
    for media_type in collection.media_types:
        if media_type != STIX_MEDIA_TYPE:
            yield f"media_types: {unknown('media type', media_type, [STIX_MEDIA_TYPE])}"


def _twice(collections: Iterable[Collection]) -> Iterator[str]:
    """What must be one of its kind: ids everywhere, titles in their API root, operations by name, since `op:NAME` knows no API root."""
    taken: dict[tuple[str, ...], str] = {}
    for collection in collections:
        marks = {"id": ("id", collection.key), "title": ("title", collection.root, collection.title.casefold())}
        if collection.kind is CollectionKind.OPERATION:
            marks["name"] = ("operation", collection.name)
        for key, mark in marks.items():
            if mark in taken:
                yield f"{collection_path(collection)}: {_TWICE[key]} {taken[mark]} already"
            taken.setdefault(mark, f"`{collection.path}`")


_TWICE: Final = {
    "id": "id: this UUID is the id of",
    "title": "title: must differ from all others of its API root and is the title of",
    "name": "`op:NAME` would mean two operations; this name is that of the operation",
}


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
