"""Strict JSON for one object: I-JSON (RFC 7493), which STIX demands of numbers and strings, and nothing that two parsers could read differently.

Bytes are stored and served as they came, so what this server understands must be what every consumer will: a second `object_marking_refs`, a lone
surrogate, or a number that one parser rounds and another does not, would let the same bytes mean different things on both sides.
"""

import hashlib
from typing import Final, cast

import jiter
import orjson

from app.errors import InvalidObject, quoted
from app.stix.walk import MAX_INTEGER, walk

DEPTH: Final = 64


def decode(raw: bytes, depth: int = DEPTH) -> dict[str, object]:
    """The JSON object in `raw`, walked through (`app.stix.walk`). Nesting may be `depth` levels deep (the parser itself stops at 200).

    Raises InvalidObject for anything else: other JSON, invalid UTF-8, a byte-order mark, duplicate keys at any depth, NaN, numbers that overflow,
    integers beyond ±(2^53-1), lone surrogates.
    """
    content = parse(raw)
    walk(content, depth)
    return content


def parse(raw: bytes) -> dict[str, object]:
    """The JSON object in `raw`, for who walks through it himself. Raises InvalidObject as `decode`, but for numbers and depth."""
    try:
        value: object = jiter.from_json(raw, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True)
    except ValueError as error:
        raise InvalidObject(f"the object is not strict JSON: {quoted(error, 120)}") from error
    if not isinstance(value, dict):
        raise InvalidObject(f"{quoted(_excerpt(raw))} is not a JSON object")
    return cast("dict[str, object]", value)


def fingerprint(content: dict[str, object], *, has_floats: bool = True) -> bytes:
    """SHA-256 of the object's canonical JSON: equal for equal content, whatever the order of keys and the spelling of numbers (`1.0` is `1`).

    Without `has_floats` (`app.stix.walk`) there is no number to spell anew.
    """
    plain = _plain(content) if has_floats else content
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).digest()


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_INTEGER:
        return int(value)
    return value


def _excerpt(raw: bytes) -> str:
    return raw[:80].decode(errors="replace")
