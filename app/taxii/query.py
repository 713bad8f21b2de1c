"""The query string of a request, understood (TAXII 2.1 §3.4, and the parameter rows of the tables in §5).

* A parameter that does not apply to an endpoint, or that nobody defined, is ignored, whatever it says.
* One that applies is understood whole or refused with MalformedQuery; none is mended or half used.
* What a request leaves open, its cursor may settle: `resolve`. What neither settles keeps the standard's default.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from app.clock import to_micros
from app.errors import InvalidCursor, MalformedQuery, quoted
from app.stix.identifiers import is_identifier
from app.stix.timestamps import parse_timestamp, version_key
from app.taxii.cursor import EVERY, LATEST, Cursor, Versions, decode, encode

__all__ = ["EVERY", "LATEST", "Endpoint", "ObjectQuery", "QueryLimits", "Versions", "next_after", "parse_query", "resolve"]

_PAGE = frozenset({"added_after", "limit", "next"})
_VERSION = frozenset({"match[version]"})
_SPEC_VERSION = frozenset({"match[spec_version]"})
_OBJECT = frozenset({"match[id]", "match[type]"})


class Endpoint(Enum):
    """An endpoint that takes parameters; `parameters` are those of its table in TAXII 2.1 §5, all others are ignored."""

    OBJECTS = ("objects", _PAGE | _OBJECT | _VERSION | _SPEC_VERSION)
    MANIFEST = ("manifest", _PAGE | _OBJECT | _VERSION | _SPEC_VERSION)
    OBJECT = ("object", _PAGE | _VERSION | _SPEC_VERSION)
    VERSIONS = ("versions", _PAGE | _SPEC_VERSION)
    DELETE = ("delete", _VERSION | _SPEC_VERSION)
    DELIVERIES = ("deliveries", frozenset({"limit", "next"}))
    """Ours, not the standard's: who received an object. Its cursor holds how many deliveries were told, in place of a date."""

    def __init__(self, name: str, parameters: frozenset[str]) -> None:
        self.parameters = parameters
        self.versions = EVERY if name in {"versions", "delete"} else LATEST
        """What this endpoint selects without `match[version]`."""


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """`match_values`: how many values all match fields of one request may hold together, those of its cursor likewise."""

    match_values: int = 100


@dataclass(frozen=True, slots=True)
class ObjectQuery:
    """What a client asks of a collection, an object or its versions. Instants are microseconds since 1970, None means not asked for.

    `after` is what the store goes by: entries with a strictly later date_added. `added_after` keeps what the client wrote, for the
    date headers of an empty page. `limit` is the client's wish and may be far above what a page may hold. `has_versions` tells whether
    `versions` was asked for or is the endpoint's default.
    """

    added_after: int | None = None
    limit: int | None = None
    next: Cursor | None = None
    ids: frozenset[str] | None = None
    types: frozenset[str] | None = None
    spec_versions: frozenset[str] | None = None
    versions: Versions = LATEST
    has_versions: bool = False
    after: int | None = None


_DEFAULT_LIMITS = QueryLimits()
_ZERO_OFFSET = re.compile(r"[+ ]00:00\Z")
_LIMIT = re.compile(r"0*[1-9][0-9]*")
_MOST_DIGITS = 15
_LARGEST_LIMIT = 10**_MOST_DIGITS
_TYPE = re.compile(r"[a-z0-9-]{1,250}")
_SPEC_VERSION_FORM = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")
_KEYWORDS = frozenset({"last", "first", "all"})


def parse_query(pairs: Sequence[tuple[str, str]], endpoint: Endpoint, limits: QueryLimits = _DEFAULT_LIMITS) -> ObjectQuery:
    """Understand the decoded name-value pairs of a query string, in the order in which they came.

    Raises MalformedQuery, or InvalidCursor for `next` (TAXII 2.1 §3.4).
    """
    stated = _stated(pairs, endpoint.parameters)
    match = {name: _values(name, text) for name, text in stated.items() if name.startswith("match[")}
    if sum(map(len, match.values())) > limits.match_values:
        raise MalformedQuery(f"the match fields hold more than {limits.match_values} values: ask in several requests")
    added_after = _added_after(stated["added_after"]) if "added_after" in stated else None
    return ObjectQuery(
        added_after=added_after,
        limit=_limit(stated["limit"]) if "limit" in stated else None,
        next=_next(stated["next"], limits) if stated.get("next") else None,  # MISP sends an empty one with its first request
        ids=_matching(match, "match[id]", is_identifier, "a STIX identifier such as `indicator--` and a UUID"),
        types=_matching(match, "match[type]", _TYPE.fullmatch, "a STIX type: lower-case letters, digits and hyphens"),
        spec_versions=_matching(match, "match[spec_version]", _SPEC_VERSION_FORM.fullmatch, "a STIX version such as `2.1`"),
        versions=_versions(match["match[version]"]) if "match[version]" in match else endpoint.versions,
        has_versions="match[version]" in match,
        after=added_after,
    )


def resolve(query: ObjectQuery, collection: str, endpoint: Endpoint, object_id: str | None = None) -> ObjectQuery:
    """Fold the cursor into the query that came with it: the result has no `next`, and its `after` is the later of the two positions.

    The request's own match fields win, one by one. A cursor of another collection or another object counts as absent; the objects
    and the manifest of a collection continue each other, and so do an object and its versions.
    """
    cursor = query.next
    if cursor is None:
        return query
    if (cursor.collection, cursor.object_id) != (collection, object_id):
        return replace(query, next=None)
    inherited = cursor.versions if "match[version]" in endpoint.parameters and not query.has_versions else None
    return replace(
        query,
        next=None,
        ids=cursor.ids if query.ids is None else query.ids,
        types=cursor.types if query.types is None else query.types,
        spec_versions=cursor.spec_versions if query.spec_versions is None else query.spec_versions,
        versions=inherited or query.versions,
        has_versions=query.has_versions or inherited is not None,
        after=cursor.position if query.after is None else max(query.after, cursor.position),
    )


def next_after(query: ObjectQuery, collection: str, object_id: str | None, position: int) -> str:
    """Write the `next` that continues a resolved query behind the entry with this date_added (microseconds since 1970)."""
    versions = query.versions if query.has_versions else None
    return encode(Cursor(collection, object_id, position, query.ids, query.types, query.spec_versions, versions))


def _stated(pairs: Sequence[tuple[str, str]], parameters: frozenset[str]) -> dict[str, str]:
    stated: dict[str, str] = {}
    for name, value in pairs:
        if name in stated:
            raise MalformedQuery(f"{quoted(name)} occurs more than once: give it one time")
        if name in parameters:
            stated[name] = value
    return stated


def _values(name: str, text: str) -> list[str]:
    values = text.split(",")
    if "" in values:
        raise MalformedQuery(f"{quoted(name)} has an empty value: write values separated by single commas, or leave the field out")
    return values


def _matching(match: dict[str, list[str]], name: str, is_valid: Callable[[str], object], form: str) -> frozenset[str] | None:
    if name not in match:
        return None
    for value in match[name]:
        if not is_valid(value):
            raise MalformedQuery(f"{quoted(name)} holds {quoted(value)}, which is not {form}")
    return frozenset(match[name])


def _versions(values: list[str]) -> Versions:
    exact = [_exact(value) for value in values if value not in _KEYWORDS]
    keywords = [value for value in values if value in _KEYWORDS]
    if len({*exact, *keywords}) < len(values):
        raise MalformedQuery("`match[version]` names a version twice: give each value one time")
    if "all" in keywords and len(values) > 1:
        raise MalformedQuery("`match[version]` joins `all` with other values: `all` stands alone")
    return Versions(last="last" in keywords, first="first" in keywords, all="all" in keywords, exact=frozenset(exact))


def _exact(value: str) -> str:
    try:
        parse_timestamp(value)
    except ValueError as error:
        raise MalformedQuery(
            f"`match[version]` holds {quoted(value)}: it takes `last`, `first`, `all` and times such as `2024-01-31T00:00:00.000Z`"
        ) from error
    return version_key(value)


def _added_after(text: str) -> int:
    # date_added is whole microseconds, so cutting finer digits off keeps "strictly later" exact. A bare `+` arrives as a blank.
    try:
        return to_micros(parse_timestamp(_ZERO_OFFSET.sub("Z", text)))
    except ValueError as error:
        raise MalformedQuery(f"`added_after` {quoted(text)} is not a UTC time such as `2024-01-31T00:00:00.000000Z`") from error


def _limit(text: str) -> int:
    if not _LIMIT.fullmatch(text):
        raise MalformedQuery(f"`limit` {quoted(text)} is not a whole number of 1 or more")
    digits = text.lstrip("0")
    return int(digits) if len(digits) <= _MOST_DIGITS else _LARGEST_LIMIT


def _next(text: str, limits: QueryLimits) -> Cursor:
    cursor = decode(text)
    if cursor.match_values > limits.match_values:
        raise InvalidCursor(f"`next` holds more than {limits.match_values} match values: start over with fewer")
    # A cursor may be forged: what it holds must be what a request could have asked for, or the store would be asked for it unchecked.
    exact = cursor.versions.exact if cursor.versions else frozenset[str]()
    fields = (
        (cursor.ids, is_identifier),
        (cursor.types, _TYPE.fullmatch),
        (cursor.spec_versions, _SPEC_VERSION_FORM.fullmatch),
        (exact, _is_version_key),
    )
    asks_for_nothing = cursor.versions == Versions()
    if asks_for_nothing or not all(is_valid(value) for values, is_valid in fields for value in values or ()):
        raise InvalidCursor("`next` holds match values that no request can ask for: start over without it")
    return cursor


def _is_version_key(text: str) -> bool:
    try:
        parse_timestamp(f"{text}Z")
    except ValueError:
        return False
    return True
