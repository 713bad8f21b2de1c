"""One walk through an object as it was decoded: what strict JSON demands of its numbers and its depth, and what it refers to (RFC 7493; STIX 2.1 §2.10, §3.1).

Who created it and how it is marked are not references to follow: `created_by_ref`, `object_marking_refs` and granular markings are left out.
"""

from collections import Counter
from math import isinf
from typing import Final, NamedTuple, cast

from app.errors import InvalidObject, quoted
from app.stix.identifiers import is_identifier

MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON parser reads exactly (RFC 7493 §2.2, STIX 2.1 §2.10)."""

_NOT_FOLLOWED: Final = frozenset({"created_by_ref", "object_marking_refs"})
_CONTAINERS: Final = (dict, list)

Content = dict[str, object]


class Walked(NamedTuple):
    """What an object refers to, whether it holds a number with a fraction or an exponent, which can be spelled in several ways, and whether a null."""

    references: frozenset[str]
    has_floats: bool
    has_nulls: bool


def walk(content: Content, depth: int | None = None) -> Walked:
    """Walk level by level, so that the depth costs nothing to know and no nesting can exhaust the stack; in one walk, since every object passes here.

    Texts that are no identifiers (keys of a deprecated observable container, §2.13) are not references. Raises InvalidObject for more levels than
    `depth`, for numbers that overflow, and for integers beyond ±(2^53-1).
    """
    named, others = list[str](), list[object]()
    level: list[object] = [content]
    deep = 0
    while level:
        deep += 1
        if depth is not None and deep > depth:
            raise InvalidObject(f"the object is nested more than {depth} levels deep")
        below: list[object] = []
        for container in level:
            if isinstance(container, dict):
                _through_object(cast("Content", container), named, below, others)
            else:
                _through_list(cast("list[object]", container), below, others)
        level = below
    if "granular_markings" in content:
        named = list(Counter(named) - Counter(_markings(content["granular_markings"])))
    references = frozenset([each for each in named if is_identifier(each)])
    return Walked(references, *_judge(others)) if others else Walked(references, has_floats=False, has_nulls=False)


def _through_object(members: Content, named: list[str], below: list[object], others: list[object]) -> None:
    for name, value in members.items():
        if isinstance(value, str):
            if name[-4:] == "_ref" and name not in _NOT_FOLLOWED:
                named.append(value)
        elif isinstance(value, _CONTAINERS):
            below.append(cast("object", value))
            if name[-5:] == "_refs" and name not in _NOT_FOLLOWED:
                named.extend([target for target in cast("list[object]", value) if isinstance(target, str)])
        else:
            others.append(value)


def _through_list(values: list[object], below: list[object], others: list[object]) -> None:
    for value in values:
        if isinstance(value, _CONTAINERS):
            below.append(cast("object", value))
        elif not isinstance(value, str):
            others.append(value)


def references(content: Content) -> frozenset[str]:
    """Every identifier that `content` refers to. Raises InvalidObject as `walk`, at no depth."""
    return walk(content).references


def _markings(entries: object) -> list[str]:
    """The markings of parts: whatever else an entry refers to still counts."""
    found = [
        cast("Content", entry).get("marking_ref")
        for entry in (cast("list[object]", entries) if isinstance(entries, list) else ())
        if isinstance(entry, dict)
    ]
    return [each for each in found if isinstance(each, str)]


def _judge(values: list[object]) -> tuple[bool, bool]:
    """Whether any of what is neither text nor container is a float, or a null. Raises InvalidObject for what two parsers may read differently."""
    has_floats = has_nulls = False
    for value in values:
        if value is None:
            has_nulls = True
        elif isinstance(value, float):
            has_floats = True
            if isinf(value):
                msg = "a number is too large for a double; send it as a string"
                raise InvalidObject(msg)
        elif isinstance(value, int) and not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise InvalidObject(f"the integer {quoted(_spelled(value))} is beyond ±(2^53-1), which parsers round; send it as a string")
    return has_floats, has_nulls


def _spelled(number: int) -> str:
    """Never the whole of it: writing out a huge integer is quadratic, and refused by Python above 4,300 digits."""
    return str(number) if number.bit_length() <= 256 else f"about 2^{number.bit_length()}"
