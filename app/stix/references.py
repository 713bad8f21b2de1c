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
    found: list[str] = []
    waiting: list[object] = [content if "granular_markings" not in content else _without_markings(content)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for name, item in cast("dict[str, object]", value).items():
                if isinstance(item, str):
                    if name.endswith("_ref") and name not in _NOT_FOLLOWED:
                        found.append(item)
                elif isinstance(item, dict | list) and name not in _NOT_FOLLOWED:
                    waiting.append(cast("object", item))
                    if name.endswith("_refs"):
                        found.extend(target for target in cast("list[object]", item) if isinstance(target, str))
        elif isinstance(value, list):
            waiting.extend(item for item in cast("list[object]", value) if not isinstance(item, str))
    return frozenset(filter(is_identifier, found))


def _without_markings(content: dict[str, object]) -> dict[str, object]:
    """The content with its granular markings less the markings themselves: whatever else an entry refers to still counts."""
    entries = content["granular_markings"]
    rest = [
        {name: item for name, item in cast("dict[str, object]", entry).items() if name != "marking_ref"}
        for entry in (cast("list[object]", entries) if isinstance(entries, list) else ())
        if isinstance(entry, dict)
    ]
    return {**content, "granular_markings": rest}
