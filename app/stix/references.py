"""What an object refers to: the identifiers in its `*_ref` and `*_refs` properties, at any depth (STIX 2.1 §3.1).

Who created it and how it is marked are not references to follow: `created_by_ref`, `object_marking_refs` and granular markings are left out.
"""

from typing import Final, cast

from app.stix.identifiers import is_identifier

_NOT_FOLLOWED: Final = frozenset({"created_by_ref", "object_marking_refs"})


def references(content: dict[str, object]) -> frozenset[str]:
    """Every identifier that `content` refers to. Texts that are no identifiers (keys of a deprecated observable container, §2.13) are not references.

    Without recursion: the depth of the content was bounded when it was decoded, its width by the size of the object.
    """
    found: set[str] = set()
    waiting: list[object] = [value for name, value in content.items() if name != "granular_markings" and not _note(name, value, found)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(item for name, item in cast("dict[str, object]", value).items() if not _note(name, item, found))
        elif isinstance(value, list):
            waiting.extend(item for item in cast("list[object]", value) if not isinstance(item, str))
    return frozenset(found)


def _note(name: str, value: object, found: set[str]) -> bool:
    """Whether `value` needs no further look; a reference is put into `found`."""
    if isinstance(value, str):
        if name.endswith("_ref") and name not in _NOT_FOLLOWED and is_identifier(value):
            found.add(value)
        return True
    if name.endswith("_refs") and isinstance(value, list):
        items = cast("list[object]", value)
        if name not in _NOT_FOLLOWED:
            found.update(item for item in items if isinstance(item, str) and is_identifier(item))
        return all(isinstance(item, str) for item in items)
    return False
