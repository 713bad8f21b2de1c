"""From the path of a request to its desk: one look into a table, not one pattern after the other.

All paths are built alike (TAXII 2.1 §3.1): every second segment is a name of the standard, those between are what the client names; only the first may be
fixed too, for what belongs to no API root. So length and fixed names tell the endpoint, with and without the final slash, and never by a redirect:
clients lose their credentials on the way (C5).
"""

from collections.abc import Mapping
from typing import Generic, TypeVar

D = TypeVar("D")
_Shape = tuple[int, tuple[str, ...]]


class Paths(Generic[D]):
    """What stands at each path of a table of templates such as `/{api_root}/status/{status_id}/`; `nowhere` stands at all others.

    Raises ValueError for a template that is not built so.
    """

    def __init__(self, templates: Mapping[str, D], nowhere: D) -> None:
        self._alone: dict[str, D] = {}
        self._shaped: dict[_Shape, tuple[D, str, tuple[str, ...]]] = {}
        self._nowhere = nowhere
        for template, desk in templates.items():
            segments = template.strip("/").split("/")
            first = "" if segments[0].startswith("{") else segments[0]
            named, fixed = segments[2 if first else 0 :: 2], segments[1::2]
            if len(segments) == 1 and "{" not in template:
                self._alone[segments[0]] = desk
            elif named and all(each.startswith("{") for each in named) and "{" not in "".join(fixed):
                self._shaped[len(segments) + 1, tuple(fixed)] = desk, first, tuple(each.strip("{}") for each in named)
            else:
                raise ValueError(template)

    def find(self, path: str) -> tuple[D, dict[str, str]]:
        """What stands at a path, and what the path names there."""
        segments = path.split("/")
        if not segments[-1]:
            del segments[-1]
        if len(segments) == 2 and segments[1] in self._alone:
            return self._alone[segments[1]], {}
        found = self._shaped.get((len(segments), tuple(segments[2::2])))
        if found is None or "" in segments[1:] or segments[0]:
            return self._nowhere, {}
        desk, first, names = found
        if first and segments[1] != first:
            return self._nowhere, {}
        return desk, dict(zip(names, segments[3 if first else 1 :: 2], strict=True))
