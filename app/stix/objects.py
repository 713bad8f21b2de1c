"""One STIX object: its bytes as they came, and what they say (STIX 2.1; which rules hold is in validation.py and rules.py).

A value of `StixObject` made by `read_object` is valid, within the limits, and not from the future. Its bytes are never rebuilt.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple, cast

import jiter

from app.clock import timestamp, to_micros
from app.errors import InvalidObject, quoted
from app.stix.decode import DEPTH, fingerprint, parse
from app.stix.identifiers import OBSERVABLE_TYPES
from app.stix.rules import fault_of_null, fault_of_rules, fault_of_version
from app.stix.timestamps import version_key
from app.stix.validation import SCHEMA_BY_TYPE, custom_parts, fault_of_shape, is_custom_observable
from app.stix.walk import Walked, walk

AHEAD: Final = timedelta(minutes=10)
"""How far `modified` may lie ahead: some clients take the latest `modified` as the place to go on from, and would skip everything until then."""

STORED_DEPTH: Final = 200
"""What the parser itself allows: an object that was accepted once can always be read again."""

_LONGEST_ID: Final = 250
_LONGEST_VERSION: Final = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest object that is accepted: bytes, levels of nesting, distinct references, bytes of a STIX pattern."""

    object_bytes: int = 1024 * 1024
    depth: int = DEPTH
    references: int = 5_000
    pattern_bytes: int = 64 * 1024


class StixObject(NamedTuple):
    """An object version. `version` is the text of `modified`, else of `created`, else None: observables have no versions.

    `references` are the ids that it refers to; `has_floats`: a number may be spelled in several ways.
    """

    raw: bytes
    content: dict[str, object]
    id: str
    type: str
    version: str | None
    references: frozenset[str]
    has_floats: bool = False

    def __repr__(self) -> str:
        """Which it is, and nothing of what it holds."""
        return f"StixObject(id={self.id!r}, version={self.version!r})"

    @property
    def fingerprint(self) -> bytes:
        """Equal for equal content, however it is spelled."""
        return fingerprint(self.content, has_floats=self.has_floats)

    @property
    def created_by(self) -> str | None:
        """The identity that says it created the object."""
        creator = self.content.get("created_by_ref")
        return creator if isinstance(creator, str) else None

    @property
    def is_observable(self) -> bool:
        """A cyber-observable object, of the standard or custom (STIX 2.1 §6)."""
        return self.type in OBSERVABLE_TYPES or (self.type not in SCHEMA_BY_TYPE and is_custom_observable(self.content))

    @property
    def is_revoked(self) -> bool:
        """Whether its creator took it back (STIX 2.1 §3.6)."""
        return self.content.get("revoked") is True


def read_object(
    raw: bytes,
    now: datetime,
    limits: Limits = Limits(),
    allow_custom: bool = True,  # noqa: FBT001, FBT002 # the name of the collection's own setting
) -> StixObject:
    """The object in `raw`, valid by STIX 2.1, within `limits`; without `allow_custom` it has only what the standard or an extension defines.

    Raises InvalidObject with the reason, and with the object's id and version as far as they can be read.
    """
    if len(raw) > limits.object_bytes:
        raise _refusal(f"the object has {len(raw)} bytes; at most {limits.object_bytes} are accepted", _leniently(raw))
    try:
        content = parse(raw)
        walked = walk(content, limits.depth)
    except InvalidObject as error:
        raise _refusal(str(error), _leniently(raw)) from error
    kind = content.get("type")
    if not isinstance(kind, str):
        raise _refusal("`type` is missing or not a string", content)
    fault = (
        (fault_of_null(content) if walked.has_nulls else None)
        or _fault_of_bundle(kind)
        or fault_of_version(content, kind)
        or fault_of_shape(content, kind)
        or _fault_of_excess(content, kind, len(walked.references), limits)
        or fault_of_rules(content, kind)
        or _fault_of_time(content, now)
        or (None if allow_custom else _fault_of_custom(content, kind))
    )
    if fault is not None:
        raise _refusal(fault, content)
    return _made(raw, content, walked)


def reopen(raw: bytes) -> StixObject:
    """An object that `read_object` accepted before and a store kept: decoded, not judged again."""
    content = parse(raw)
    return _made(raw, content, walk(content, STORED_DEPTH))


def _made(raw: bytes, content: dict[str, object], walked: Walked) -> StixObject:
    return StixObject(
        raw, content, cast("str", content["id"]), cast("str", content["type"]), _version(content), walked.references, walked.has_floats
    )


def _fault_of_bundle(kind: str) -> str | None:
    return "a bundle is not an object; unpack it and send its `objects`" if kind == "bundle" else None


def _fault_of_excess(content: dict[str, object], kind: str, count: int, limits: Limits) -> str | None:
    if count > limits.references:
        return f"the object refers to {count} others; at most {limits.references} are accepted"
    if kind == "indicator" and content["pattern_type"] == "stix":
        size = len(str(content["pattern"]).encode())
        if size > limits.pattern_bytes:
            return f"`pattern` has {size} bytes; at most {limits.pattern_bytes} are accepted"
    return None


def _fault_of_time(content: dict[str, object], now: datetime) -> str | None:
    modified = content.get("modified")
    if not isinstance(modified, str) or version_key(modified) <= _latest(now):
        return None
    return f"`modified` ({quoted(modified)}) is more than ten minutes ahead of this server's clock; correct the sender's clock"


def _fault_of_custom(content: dict[str, object], kind: str) -> str | None:
    part = next(custom_parts(content, kind), None)
    return None if part is None else f"{part} is custom; this collection takes only what the standard or an extension defines"


@lru_cache(maxsize=16)
def _latest(now: datetime) -> str:
    return version_key(timestamp(to_micros(now + AHEAD)))


def _version(content: dict[str, object]) -> str | None:
    modified = content.get("modified")
    version = modified if isinstance(modified, str) else content.get("created")
    return version if isinstance(version, str) else None


def _refusal(message: str, content: dict[str, object]) -> InvalidObject:
    """With id and version only where they can be ones: a status line is no place for a megabyte of text."""
    identifier, version = content.get("id"), _version(content)
    return InvalidObject(
        message,
        identifier if isinstance(identifier, str) and len(identifier) <= _LONGEST_ID else None,
        version if version is not None and len(version) <= _LONGEST_VERSION else None,
    )


def _leniently(raw: bytes) -> dict[str, object]:
    """What can be read of an object that is refused already, to name it in the refusal."""
    try:
        value: object = jiter.from_json(raw)
    except ValueError:
        return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
