"""The three folders of an alliance as they lie on disk: which file is what, and what its text says as TOML.

Nothing is judged here but what cannot be read: stray files, unfit names, text that is not TOML. Files and folders whose names begin with a dot
(editors, version control, mounted volumes) and README.md are passed over.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

from app.configuration.names import nearest
from app.errors import quoted

FOLDERS: Final = ("auth", "collections", "policies")
LARGEST_FILE: Final = 1024 * 1024
"""Octets. No file that people review is larger."""
Table: TypeAlias = Mapping[str, object]


class Sort(StrEnum):
    """What a file says something about."""

    ISSUERS = "issuers"
    GROUP = "group"
    ORGANISATION = "organisation"
    KEYS = "keys"
    ROOT = "root"
    COLLECTION = "collection"
    POLICY = "policy"
    SCHEMA = "schema"
    ALIASES = "aliases"
    CASE = "case"


LAYOUT: Final = {
    Sort.ISSUERS: "auth/issuers.toml",
    Sort.GROUP: "auth/groups/NAME.toml",
    Sort.ORGANISATION: "auth/organisations/NAME.toml",
    Sort.KEYS: "auth/PATH.json",
    Sort.ROOT: "collections/NAME/api-root.toml",
    Sort.COLLECTION: "collections/NAME/NAME.toml",
    Sort.SCHEMA: "policies/schema.cedarschema",
    Sort.POLICY: "policies/NAME.cedar",
    Sort.ALIASES: "policies/aliases.toml",
    Sort.CASE: "policies/cases/NAME.toml",
}
"""The first that fits counts."""
_PATTERNS: Final = {
    sort: re.compile(re.escape(layout).replace("NAME", "([^/]+)").replace("PATH", "(.+)")) for sort, layout in LAYOUT.items()
}
NAME_RULE: Final = "names are made of `a` to `z`, `0` to `9` and `-`, 63 at most"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NAMED: Final = frozenset({Sort.GROUP, Sort.ORGANISATION, Sort.ROOT, Sort.COLLECTION})
"""Files whose place becomes a name in addresses, audiences and commands."""


@dataclass(frozen=True, slots=True)
class File:
    """A file: where it lies, the names that its path gives it, its text; and its table, if it is TOML that can be read."""

    path: str
    sort: Sort
    names: tuple[str, ...]
    text: str = ""
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """All files of the three folders in the order of their paths, and what is wrong with them as files."""

    files: list[File] = field(default_factory=list[File])
    problems: list[str] = field(default_factory=list[str])

    def of(self, sort: Sort) -> Iterator[File]:
        """The files of one sort."""
        return (file for file in self.files if file.sort is sort)


def scan(folder: Path) -> Folder:
    """Reads the three folders in `folder`. What cannot be read is a problem, never an exception; a file that is only unreadable still exists."""
    found = Folder()
    found.problems.extend(f"{name}: no such folder in {quoted(folder)}" for name in FOLDERS if not (folder / name).is_dir())
    for path in paths(folder):
        relative = path.relative_to(folder).as_posix()
        sort, names = _place(relative)
        if sort is None:
            found.problems.append(f"{relative}: {_stray(path)}")
        elif sort in _NAMED and not all(map(is_name, names)):
            found.problems.append(f"{relative}: {NAME_RULE}; rename the file or its folder")
        else:
            file, problem = _read(path, File(relative, sort, names))
            found.files.append(file)
            if problem:
                found.problems.append(f"{relative}: {problem}")
    return found


def is_name(text: str) -> bool:
    """Whether `text` may name something in addresses, audiences and commands."""
    return _NAME.fullmatch(text) is not None


def paths(folder: Path) -> Iterator[Path]:
    """The files of the three folders that count, in order."""
    for name in FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if not is_hidden and path.name != "README.md" and not path.is_dir():
                yield path


def _place(relative: str) -> tuple[Sort | None, tuple[str, ...]]:
    for sort, pattern in _PATTERNS.items():
        fit = pattern.fullmatch(relative)
        if fit:
            return sort, fit.groups()
    return None, ()


def _stray(path: Path) -> str:
    if path.suffix.startswith(".py"):
        return "code has no place here: it would hide modules of Python; remove it"
    suffixes = [".toml", ".cedar", ".cedarschema", ".json"]
    suffix = nearest(path.suffix, suffixes) if path.suffix not in suffixes else None
    hint = f"; did you mean `{path.stem}{suffix}`?" if suffix else "; remove or rename it"
    return f"no file of an alliance lies here under this name{hint}"


def _read(path: Path, file: File) -> tuple[File, str]:
    """The file with its text, and what keeps it from being read."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            return file, f"the file is larger than {LARGEST_FILE} octets"
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text) if path.suffix == ".toml" else None
    except UnicodeDecodeError as error:
        return file, f"the text is not UTF-8, at octet {error.start}"
    except tomllib.TOMLDecodeError as error:
        return file, f"not TOML: {str(error)[:1].lower()}{str(error)[1:]}"
    except OSError as error:
        return file, f"cannot be read: {(error.strerror or 'unknown reason').lower()}"
    except RecursionError:
        return file, "not TOML that anybody would review: nested too deep"
    return File(file.path, file.sort, file.names, text, table), ""
