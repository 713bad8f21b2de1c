"""Strict JSON for one object: I-JSON (RFC 7493), which STIX demands of numbers and strings, and nothing that two parsers could read differently.

Bytes are stored and served as they came, so what this server understands must be what every consumer will: a second `object_marking_refs`, a lone
surrogate, or a number that one parser rounds and another does not, would let the same bytes mean different things on both sides.
"""

import hashlib
from collections.abc import Iterable
from math import isinf
from typing import Final, cast

import jiter
import orjson

from app.errors import InvalidObject, quoted

MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON parser reads exactly (RFC 7493 §2.2, STIX 2.1 §2.10)."""

DEPTH: Final = 64


def decode(raw: bytes, depth: int = DEPTH) -> dict[str, object]:
    """The JSON object in `raw`. Nesting may be `depth` levels deep (the parser itself stops at 200).

    Raises InvalidObject for anything else: other JSON, invalid UTF-8, a byte-order mark, duplicate keys at any depth, NaN, numbers that overflow,
    integers beyond ±(2^53-1), lone surrogates.
    """
    try:
        value: object = jiter.from_json(raw, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True)
    except ValueError as error:
        raise InvalidObject(f"the object is not strict JSON: {quoted(error, 120)}") from error
    if not isinstance(value, dict):
        raise InvalidObject(f"{quoted(_excerpt(raw))} is not a JSON object")
    content = cast("dict[str, object]", value)
    _refuse_inexact(content, depth)
    return content


def fingerprint(content: dict[str, object]) -> bytes:
    """SHA-256 of the object's canonical JSON: equal for equal content, whatever the order of keys and the spelling of numbers (`1.0` is `1`)."""
    plain = _plain(content) if _holds_floats(content) else content
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).digest()


def _holds_floats(content: dict[str, object]) -> bool:
    """Whether any number has to be spelled anew: in most objects none has."""
    waiting: list[object] = [content]
    while waiting:
        value = waiting.pop()
        for each in cast("dict[str, object]", value).values() if isinstance(value, dict) else cast("list[object]", value):
            if isinstance(each, dict | list):
                waiting.append(cast("object", each))
            elif isinstance(each, float):
                return True
    return False


def _refuse_inexact(content: dict[str, object], depth: int) -> None:
    """Level by level, so that the depth costs nothing to know and no nesting can exhaust the stack."""
    level: list[dict[str, object] | list[object]] = [content]
    deep = 0
    while level:
        deep += 1
        if deep > depth:
            raise InvalidObject(f"the object is nested more than {depth} levels deep")
        below: list[dict[str, object] | list[object]] = []
        for container in level:
            values: Iterable[object] = container.values() if isinstance(container, dict) else container
            for value in values:
                if isinstance(value, str):
                    continue
                if isinstance(value, dict | list):
                    below.append(cast("dict[str, object] | list[object]", value))
                else:
                    _refuse_number(value)
        level = below


def _refuse_number(value: object) -> None:
    if isinstance(value, float):
        if isinf(value):
            msg = "a number is too large for a double; send it as a string"
            raise InvalidObject(msg)
    elif isinstance(value, int) and not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise InvalidObject(f"the integer {quoted(_spelled(value))} is beyond ±(2^53-1), which parsers round; send it as a string")


def _spelled(number: int) -> str:
    """Never the whole of it: writing out a huge integer is quadratic, and refused by Python above 4,300 digits."""
    return str(number) if number.bit_length() <= 256 else f"about 2^{number.bit_length()}"


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
