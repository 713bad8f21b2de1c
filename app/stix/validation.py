"""The shape of STIX objects: the OASIS schemas, amended (corrections.py) and compiled once, at first use (STIX 2.1 §4 to §8).

* Which schema judges a type stands in an explicit table: a custom type named `core` or `timestamp` picks no helper schema.
* All schemas are in the registry and the compiler is offline: no reference can make it fetch anything.
* The regular expressions run in an engine of linear time, whatever is sent.
* Reasons name the place and what is wrong there; the sender's values appear shortened.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final, cast

import jsonschema_rs
import orjson

from app.errors import quoted
from app.stix.corrections import amend, amend_text
from app.stix.identifiers import DOMAIN_TYPES, META_TYPES, OBSERVABLE_TYPES, RELATIONSHIP_TYPES
from app.stix.reasons import reason

_FOLDERS: Final = {"common": META_TYPES, "observables": OBSERVABLE_TYPES, "sdos": DOMAIN_TYPES, "sros": RELATIONSHIP_TYPES}
SCHEMA_BY_TYPE: Final = {name: f"{folder}/{name}" for folder, names in _FOLDERS.items() for name in names}
"""Every type of the standard that can be shared; all others are custom."""

_CUSTOM_OBJECT: Final = "common/core"
_CUSTOM_OBSERVABLE: Final = "common/cyber-observable-core"
_NEW_TYPES: Final = frozenset({"new-sdo", "new-sco", "new-sro"})
_NEW_PROPERTIES: Final = _NEW_TYPES | {"toplevel-property-extension"}
_PARTS: Final = {
    "external_references": frozenset({"source_name", "description", "url", "hashes", "external_id"}),
    "granular_markings": frozenset({"lang", "marking_ref", "selectors"}),
    "kill_chain_phases": frozenset({"kill_chain_name", "phase_name"}),
}
_LOCAL_ID: Final = "--00000000-0000-4000-8000-000000000000"


def fault_of_shape(content: dict[str, object], kind: str) -> str | None:
    """What the schema of the type `kind` finds wrong with `content`, or None. A custom type is judged by the properties common to all objects (§3.2)."""
    schema = SCHEMA_BY_TYPE.get(kind) or (_CUSTOM_OBSERVABLE if is_custom_observable(content) else _CUSTOM_OBJECT)
    return _fault(schema, content)


def fault_of_container(container: dict[str, object]) -> str | None:
    """What is wrong with the objects in an observed-data's deprecated `objects` (§2.13): they need no id, and may carry any text as one."""
    for key, value in container.items():
        part = cast("dict[str, object]", value) if isinstance(value, dict) else {}
        kind = part.get("type")
        if not isinstance(kind, str):
            return f"`objects` has {quoted(key)}, which is not an object with a `type`"
        schema = SCHEMA_BY_TYPE[kind] if kind in OBSERVABLE_TYPES else _CUSTOM_OBSERVABLE
        local = {**part, "id": (kind if kind in OBSERVABLE_TYPES else "x-custom") + _LOCAL_ID}
        fault = _fault(schema, local)
        if fault is not None:
            return f"{quoted(key)} in `objects`: {fault}"
    return None


def is_custom_observable(content: dict[str, object]) -> bool:
    """Whether an object of a custom type is an observable: an extension says so, or it has none of the times that all others need (§3.2)."""
    types = _extension_types(content)
    return "new-sco" in types or ("created" not in content and "modified" not in content and types.isdisjoint(_NEW_TYPES))


def custom_parts(content: dict[str, object], kind: str) -> Iterator[str]:
    """Names of what is neither of the standard nor announced by an extension (§7.3, §11): the type, properties, keys of extensions."""
    types = _extension_types(content)
    extensions = content.get("extensions")
    for key in cast("dict[str, object]", extensions) if isinstance(extensions, dict) else ():
        if not key.startswith("extension-definition--") and key not in _known_extensions().get(kind, ()):
            yield f"the extension {quoted(key)}"
    if kind not in SCHEMA_BY_TYPE:
        if types.isdisjoint(_NEW_TYPES):
            yield f"the type {quoted(kind)}"
        return
    if types.isdisjoint(_NEW_PROPERTIES):
        yield from (f"the property {quoted(name)}" for name in content if name not in _known_properties()[kind])
    for name, known in _PARTS.items():
        entries = content.get(name)
        for entry in cast("list[object]", entries) if isinstance(entries, list) else ():
            yield from (f"the property {quoted(f'{name}.{key}')}" for key in cast("dict[str, object]", entry) if key not in known)


def _fault(schema: str, content: dict[str, object]) -> str | None:
    """The first finding alone: an object that is wrong in 60,000 places costs no more than one that is wrong in one."""
    try:
        _validators()[schema].validate(content)
    except jsonschema_rs.ValidationError as error:
        return reason(error)
    return None


def _extension_types(content: dict[str, object]) -> frozenset[object]:
    extensions = content.get("extensions")
    if not isinstance(extensions, dict):
        return frozenset()
    entries = [cast("dict[str, object]", entry) for entry in cast("dict[str, object]", extensions).values() if isinstance(entry, dict)]
    return frozenset(kind for entry in entries if isinstance(kind := entry.get("extension_type"), str))


@cache
def _schemas() -> dict[str, dict[str, object]]:
    schemas: dict[str, dict[str, object]] = {}
    for folder in _FOLDERS:
        for file in files("app.stix.schemas").joinpath(folder).iterdir():
            if file.name.endswith(".json"):
                schemas[f"{folder}/{file.name.removesuffix('.json')}"] = orjson.loads(amend_text(file.read_text(encoding="utf-8")))
    amend(schemas)
    return schemas


@cache
def _validators() -> dict[str, jsonschema_rs.Validator]:
    schemas = _schemas()
    registry = jsonschema_rs.Registry([(cast("str", schema["$id"]), schema) for schema in schemas.values()])
    return {
        name: jsonschema_rs.validator_for(
            schemas[name], registry=registry, validate_formats=False, offline=True, pattern_options=jsonschema_rs.RegexOptions()
        )
        for name in (*SCHEMA_BY_TYPE.values(), _CUSTOM_OBJECT, _CUSTOM_OBSERVABLE)
    }


@cache
def _known_properties() -> dict[str, frozenset[str]]:
    """The properties that the schema of each type names, wherever in it."""
    return {kind: frozenset(_properties(name, _schemas()[name])) for kind, name in SCHEMA_BY_TYPE.items()}


@cache
def _known_extensions() -> dict[str, frozenset[str]]:
    """The keys of the predefined extensions of each type that has any (§6)."""
    known: dict[str, frozenset[str]] = {}
    for kind, name in SCHEMA_BY_TYPE.items():
        definitions = cast("dict[str, dict[str, object]]", _schemas()[name].get("definitions", {}))
        for title, definition in definitions.items():
            if title.endswith("-extensions-dictionary"):
                patterns = cast("dict[str, object]", definition["patternProperties"])
                known[kind] = frozenset(pattern.strip("^$") for pattern in patterns)
    return known


def _properties(name: str, schema: dict[str, object]) -> Iterator[str]:
    yield from cast("dict[str, object]", schema.get("properties", {}))
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in cast("list[dict[str, object]]", schema.get(keyword, [])):
            yield from _properties(name, part)
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("../"):
        target = reference.removeprefix("../").removesuffix(".json")
        yield from _properties(target, _schemas()[target])
