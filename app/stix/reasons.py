"""A schema's findings as one sentence for the sender: where, and what is wrong there (used by validation.py).

The sentence never repeats a pattern of the schema, and quotes the sender's values shortened.
"""

from collections.abc import Callable, Sequence
from typing import Final, cast

from jsonschema_rs import ValidationError, ValidationErrorKind

from app.errors import quoted
from app.stix.corrections import HIVE, IDENTIFIER, MEDIA_TYPE, TIMESTAMP

_MILLISECONDS: Final = r"T\d{2}:\d{2}:\d{2}\.\d{3,}Z$"
_SECONDS: Final = r"T\d{2}:\d{2}:\d{2}Z$"
_RESERVED: Final = ("severity", "action", "username", "phone_numbers")
_BY_PATTERN: Final = {
    IDENTIFIER: "is not an identifier (`type--uuid`)",
    TIMESTAMP: "is not a timestamp of a real date (`2024-01-31T12:00:00.000Z`)",
    _MILLISECONDS: "needs at least three fraction digits (`2024-01-31T12:00:00.000Z`)",
    _SECONDS: "must be precise to the second (`2024-01-31T12:00:00Z`)",
    MEDIA_TYPE: "is not a media type (`type/subtype`)",
}
_WHOLE: Final = {
    "artifact": "an artifact has either `payload_bin`, or `url` and `hashes`; `decryption_key` only beside `encryption_algorithm` (§6.1)",
    "email-message": "`is_multipart` decides: true goes with `body_multipart`, whose parts have a body, false with `body` (§6.6)",
    "location": "a location has `region`, `country`, or `latitude` with `longitude`; `precision` only beside the two (§4.10)",
    "malware": "a malware family needs a `name`, and `is_family` is true or false (§4.11)",
    "marking-definition": "a marking has `created` and is a statement, a TLP marking exactly as the standard prints it, or has extensions (§7.2.1)",
    "network-traffic": "traffic has `src_ref` or `dst_ref`, and no `end` while `is_active` (§6.12)",
    "observed-data": "observed data has either `objects` or `object_refs` (§4.14)",
}
"""Where a schema offers alternatives for a whole object, its own findings confuse."""

_ONLY_TOPLEVEL: Final = "belongs to an extension with `toplevel-property-extension` among its `extension_types` (§7.3.1)"
_TYPE_NAMES: Final = {
    "array": "a list",
    "object": "an object",
    "integer": "an integer",
    "string": "a string",
    "boolean": "true or false",
    "number": "a number",
}
_SHOWN: Final = 6


def reason(error: ValidationError) -> str:
    """What a schema finds wrong, and where."""
    return _WORDS.get(error.kind.name, _limited)(error)


def _required(error: ValidationError) -> str:
    return f"`{_missing(error)}` is required{_inside(error.instance_path)}"


def _unexpected(error: ValidationError) -> str:
    kind = cast("ValidationErrorKind.AdditionalProperties", error.kind)
    return f"{quoted(kind.unexpected[0])} is not a name that is allowed{_inside(error.instance_path)}"


def _mistyped(error: ValidationError) -> str:
    kind = cast("ValidationErrorKind.Type", error.kind)
    return f"{_place(error.instance_path)} must be {_TYPE_NAMES[kind.types[0]]}"


def _outside(error: ValidationError) -> str:
    options = cast("ValidationErrorKind.Enum", error.kind).options
    shown = ", ".join(f"`{option}`" for option in options[:_SHOWN])
    alternatives = f"{'one of ' if len(options) > 1 else ''}{shown}{' …' if len(options) > _SHOWN else ''}"
    return f"{_place(error.instance_path)} must be {alternatives}, not {quoted(error.instance)}"


def _malformed(error: ValidationError) -> str:
    pattern = cast("ValidationErrorKind.Pattern", error.kind).pattern
    if pattern in _BY_PATTERN:
        misfit = _BY_PATTERN[pattern]
    elif pattern.startswith("^") and pattern.endswith("--"):
        misfit = f"must be the identifier of {pattern[1:-2].strip('()').replace('|', ' or ')}"
    else:
        misfit = "is not of the form that it must have"
    return f"{_place(error.instance_path)} {misfit}: {quoted(error.instance)}"


def _limited(error: ValidationError) -> str:
    return f"{_place(error.instance_path)} {_limit(error.kind)}"


def _limit(kind: ValidationErrorKind) -> str:
    match kind:
        case ValidationErrorKind.MinItems() | ValidationErrorKind.MinProperties():
            return "is empty; leave the property out"
        case ValidationErrorKind.Minimum():
            return f"must be at least {kind.limit}"
        case ValidationErrorKind.Maximum():
            return f"must be at most {kind.limit}"
        case ValidationErrorKind.MinLength():
            return f"must have at least {kind.limit} characters"
        case ValidationErrorKind.MaxLength():
            return f"must have at most {kind.limit} characters"
        case _:
            return f"violates `{kind.name}` of its schema"


def _forbidden(error: ValidationError) -> str:
    instance, where = error.instance, _place(error.instance_path)
    if isinstance(instance, dict):
        reserved = next((name for name in _RESERVED if name in instance), None)
        return f"`extension_properties` {_ONLY_TOPLEVEL}" if reserved is None else f"`{reserved}` is a reserved name; use another (§3.8)"
    if cast("ValidationErrorKind.Not", error.kind).schema == {"pattern": HIVE}:
        return f"{where} must spell out its hive (`HKEY_LOCAL_MACHINE`), not {quoted(instance)}"
    return f"{where} may not {'be' if error.instance_path == ['type'] else 'refer to'} {quoted(instance)}"


def _undecided(error: ValidationError) -> str:
    context = cast("ValidationErrorKind.AnyOf", error.kind).context
    kind = cast("dict[str, object]", error.instance).get("type") if isinstance(error.instance, dict) else None
    if not error.instance_path and isinstance(kind, str) and kind in _WHOLE:
        return _WHOLE[kind]
    leaves = [branch[0] for branch in context if branch]
    empty = next((leaf for leaf in leaves if leaf.kind.name == "minItems"), None)
    if empty is not None:
        return reason(empty)
    if all(leaf.kind.name == "required" for branch in context for leaf in branch):
        names = list(dict.fromkeys(f"`{_missing(leaf)}`" for leaf in leaves))
        if len(leaves) < len(context):
            return f"{_place(error.instance_path)} has properties that exclude each other"
        shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        return f"at least one of {shown} is required{_inside(error.instance_path)}"
    return " or ".join(dict.fromkeys(reason(leaf) for leaf in leaves[:_SHOWN]))


def _missing(error: ValidationError) -> str:
    return cast("ValidationErrorKind.Required", error.kind).property


def _place(path: Sequence[str | int]) -> str:
    if not path:
        return "the object"
    return quoted("".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix("."))


def _inside(path: Sequence[str | int]) -> str:
    return f" in {_place(path)}" if path else ""


_WORDS: Final[dict[str, Callable[[ValidationError], str]]] = {
    "required": _required,
    "additionalProperties": _unexpected,
    "type": _mistyped,
    "enum": _outside,
    "pattern": _malformed,
    "not": _forbidden,
    "anyOf": _undecided,
    "oneOf": _undecided,
}
