"""What the references of an object may point to (STIX 2.1 §3.3: some are restricted to certain types).

A reference is judged by the type in its text; whether the object exists is nobody's business here. Custom types pass wherever a whole class of objects is
meant, since their names do not tell the class.
"""

from collections.abc import Iterator
from typing import Final, cast

from app.errors import quoted
from app.stix.identifiers import DOMAIN_TYPES, META_TYPES, OBSERVABLE_TYPES, RELATIONSHIP_TYPES, is_identifier, type_of

_NODE_BARRED: Final = RELATIONSHIP_TYPES | META_TYPES | {"bundle"}
_DOMAIN_BARRED: Final = _NODE_BARRED | OBSERVABLE_TYPES
_OBSERVABLE_BARRED: Final = _NODE_BARRED | DOMAIN_TYPES
_SEEN_BARRED: Final = DOMAIN_TYPES | META_TYPES | {"bundle"}
_OBJECT_BARRED: Final = frozenset({"bundle"})

_ADDRESSES: Final = frozenset({"ipv4-addr", "ipv6-addr"})
_ENDPOINTS: Final = _ADDRESSES | {"mac-addr", "domain-name"}
_CONTENTS: Final = frozenset({"file", "directory"})

BARRED: Final[dict[str, dict[str, frozenset[str]]]] = {
    "relationship": {"source_ref": _NODE_BARRED, "target_ref": _NODE_BARRED},
    "sighting": {"sighting_of_ref": _DOMAIN_BARRED},
    "malware-analysis": {"analysis_sco_refs": _OBSERVABLE_BARRED},
    "observed-data": {"object_refs": _SEEN_BARRED},
    "file": {"contains_refs": _OBSERVABLE_BARRED},
    **{kind: {"object_refs": _OBJECT_BARRED} for kind in ("grouping", "note", "opinion", "report")},
}
"""Types that a reference may not name, where a class of objects is meant (§4.12 to §4.16, §5, §6.7)."""

ALLOWED: Final[dict[str, dict[str, frozenset[str]]]] = {
    "malware": {"sample_refs": frozenset({"artifact", "file"})},
    "directory": {"contains_refs": _CONTENTS},
    "domain-name": {"resolves_to_refs": _ADDRESSES | {"domain-name"}},
    "email-addr": {"belongs_to_ref": frozenset({"user-account"})},
    "email-message": {
        **dict.fromkeys(("from_ref", "sender_ref", "to_refs", "cc_refs", "bcc_refs"), frozenset({"email-addr"})),
        "raw_email_ref": frozenset({"artifact"}),
    },
    "file": {"parent_directory_ref": frozenset({"directory"}), "content_ref": frozenset({"artifact"})},
    **{kind: {"resolves_to_refs": frozenset({"mac-addr"}), "belongs_to_refs": frozenset({"autonomous-system"})} for kind in _ADDRESSES},
    "network-traffic": {
        **dict.fromkeys(("src_ref", "dst_ref"), _ENDPOINTS),
        **dict.fromkeys(("src_payload_ref", "dst_payload_ref"), frozenset({"artifact"})),
        **dict.fromkeys(("encapsulates_refs", "encapsulated_by_ref"), frozenset({"network-traffic"})),
    },
    "process": {
        "opened_connection_refs": frozenset({"network-traffic"}),
        "creator_user_ref": frozenset({"user-account"}),
        "image_ref": frozenset({"file"}),
        **dict.fromkeys(("parent_ref", "child_refs"), frozenset({"process"})),
    },
    "windows-registry-key": {"creator_user_ref": frozenset({"user-account"})},
}
"""Types that a reference must name (§4.11, §6)."""

_MIME_PART: Final = frozenset({"artifact", "file"})
_IN_EXTENSIONS: Final[dict[str, tuple[str, str, frozenset[str]]]] = {
    "file": ("archive-ext", "contains_refs", _CONTENTS),
    "network-traffic": ("http-request-ext", "message_body_data_ref", frozenset({"artifact"})),
    "process": ("windows-service-ext", "service_dll_refs", frozenset({"file"})),
}


def fault_of_targets(content: dict[str, object], kind: str) -> str | None:
    """The first reference of an object of a standard type that names a type that it may not, or no identifier at all."""
    return next(_faults(content, kind, None), None)


def fault_of_local_targets(container: dict[str, object]) -> str | None:
    """The same inside the deprecated container of an observed-data: its objects refer to each other by their keys (§2.13)."""
    types = {key: part.get("type") for key, part in cast("dict[str, dict[str, object]]", container).items()}
    for key, part in cast("dict[str, dict[str, object]]", container).items():
        fault = next(_faults(part, str(part["type"]), types), None)
        if fault is not None:
            return f"{quoted(key)} in `objects`: {fault}"
    return None


def _faults(content: dict[str, object], kind: str, local: dict[str, object] | None) -> Iterator[str]:
    for name, barred in BARRED.get(kind, {}).items():
        for target, named in _targets(content, name, local):
            if named is None or named in barred:
                yield _fault(name, target, None, local)
    for name, allowed in ALLOWED.get(kind, {}).items():
        yield from _misplaced(content, name, allowed, local)
    if kind == "email-message":
        for part in cast("list[dict[str, object]]", content.get("body_multipart", [])):
            yield from _misplaced(part, "body_raw_ref", _MIME_PART, local)
    if kind in _IN_EXTENSIONS and "extensions" in content:
        key, name, allowed = _IN_EXTENSIONS[kind]
        yield from _misplaced(cast("dict[str, dict[str, object]]", content["extensions"]).get(key, {}), name, allowed, local)


def _misplaced(content: dict[str, object], name: str, allowed: frozenset[str], local: dict[str, object] | None) -> Iterator[str]:
    for target, named in _targets(content, name, local):
        if named not in allowed:
            yield _fault(name, target, allowed, local)


def _targets(content: dict[str, object], name: str, local: dict[str, object] | None) -> Iterator[tuple[object, object]]:
    """Each target of a property with the type that it names, None if it names nothing."""
    value = content.get(name)
    if value is None:
        return
    for target in cast("list[object]", value) if isinstance(value, list) else (value,):
        if not isinstance(target, str):
            yield target, None
        elif local is not None and target in local:
            yield target, local[target]
        else:
            yield target, type_of(target) if is_identifier(target) else None


def _fault(name: str, target: object, allowed: frozenset[str] | None, local: dict[str, object] | None) -> str:
    if not isinstance(target, str) or not (is_identifier(target) or (local is not None and target in local)):
        return f"`{name}` has {quoted(target)}, which is not an identifier (`type--uuid`){' nor a key of the container' if local is not None else ''}"
    wanted = "" if allowed is None else f"; it takes {', '.join(sorted(allowed))}"
    return f"`{name}` may not refer to {quoted(target)}{wanted}"
