"""Many new members or collections at once, from a table that a spreadsheet writes.

CSV in UTF-8; the first line names the columns, in any order; fields are parted by `,` or `;`. What is not required may be left out or empty.

    id,name,jurisdiction,country,identity
    gh-cert,Ghana national CERT,GH,Ghana,
    tg-cert,Togo national CERT,TG,Togo,identity--0b8e6a1c-5d0e-4f6b-9a3e-2f1d7c4b5a69

    root,name,kind,owner,title,readers
    operations,serval,operation,secretariat,Serval,org:ng-cert org:ke-cert

`country` serves the title of the national collection; audiences in one field are parted by spaces.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest
from pathlib import Path
from typing import Final

from app.access.alliance import CollectionKind
from app.configuration.names import unknown
from app.configuration.templates import NewCollection, NewMember
from app.configuration.write import mistakes
from app.errors import ConfigurationError, quoted

REQUIRED: Final = ("id", "name", "jurisdiction")
REQUIRED_OF_COLLECTIONS: Final = ("root", "name", "kind", "owner")
KINDS: Final = tuple(kind.value for kind in CollectionKind)


def read_members_csv(path: Path) -> list[NewMember]:
    """The members that the file lists. Raises ConfigurationError with every mistake of every row, each with its line."""
    sheet = _Sheet.read(path, tuple(field.name for field in fields(NewMember)), REQUIRED)
    members: dict[str, NewMember] = {}
    for line, values in sheet.rows:
        member = NewMember(**values)
        if member.id in members:
            sheet.problems.append(f"line {line}: id: {quoted(member.id)} was listed before")
        sheet.problems += [f"line {line}: {problem}" for problem in mistakes(member)]
        members[member.id] = member
    sheet.refuse_if_wrong()
    return list(members.values())


def read_collections_csv(path: Path) -> list[NewCollection]:
    """The collections that the file lists. Raises ConfigurationError with every mistake of every row, each with its line."""
    sheet = _Sheet.read(path, tuple(field.name for field in fields(NewCollection)), REQUIRED_OF_COLLECTIONS)
    collections: list[NewCollection] = []
    for line, values in sheet.rows:
        if values["kind"] not in KINDS:
            sheet.problems.append(f"line {line}: kind: {unknown('kind', values['kind'], KINDS)}")
            continue
        collections.append(_new_collection(values))
    sheet.refuse_if_wrong()
    return collections


def _new_collection(values: Mapping[str, str]) -> NewCollection:
    return NewCollection(
        root=values["root"],
        name=values["name"],
        kind=CollectionKind(values["kind"]),
        owner=values["owner"],
        title=values.get("title", ""),
        description=values.get("description", ""),
        readers=tuple(values.get("readers", "").split()),
        writers=tuple(values.get("writers", "").split()),
        red_recipients=tuple(values.get("red_recipients", "").split()),
        release_to=tuple(values.get("release_to", "").split()),
    )


@dataclass(slots=True)
class _Sheet:
    """A table as it was read: its rows by line, each a value for every column that the file has, and what is wrong with it so far."""

    name: str
    rows: list[tuple[int, dict[str, str]]]
    problems: list[str]

    @classmethod
    def read(cls, path: Path, columns: Sequence[str], required: Sequence[str]) -> "_Sheet":
        """The table in `path`. Raises ConfigurationError if it is none, or its columns are wrong."""
        (line, header), *lines = _rows(path, columns)
        sheet = cls(path.name, [], [f"line {line}: {problem}" for problem in _header_problems(header, columns, required)])
        sheet.refuse_if_wrong()
        for number, row in lines:
            if len(row) > len(header):
                extra = quoted(", ".join(row[len(header) :]))
                sheet.problems.append(f"line {number}: there are more fields than columns: {extra}; put a field with a comma in quotes")
            sheet.rows.append((number, dict(zip_longest(header, row[: len(header)], fillvalue=""))))
        return sheet

    def refuse_if_wrong(self) -> None:
        """Raise ConfigurationError with all that was found, in the order of the lines."""
        if self.problems:
            raise ConfigurationError([f"{self.name}: {problem}" for problem in sorted(self.problems, key=_line)])


def _line(problem: str) -> int:
    return int(problem.removeprefix("line ").partition(":")[0])


def _rows(path: Path, columns: Sequence[str]) -> list[tuple[int, list[str]]]:
    """The lines that are not empty, each with its number. Raises ConfigurationError if there is none, or if it is no such table."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets put a byte order mark in front
        first = text.partition("\n")[0]
        reader = csv.reader(text.splitlines(), delimiter=";" if ";" in first and "," not in first else ",", strict=True)
        rows = [(reader.line_num, [field.strip() for field in row]) for row in reader if any(field.strip() for field in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError([f"{path.name}: cannot be read as CSV in UTF-8: {error}"]) from error
    if not rows:
        raise ConfigurationError([f"{path.name}: is empty; the first line names the columns {', '.join(columns)}"])
    return rows


def _header_problems(header: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> Iterator[str]:
    yield from (unknown("column", name, columns) for name in header if name not in columns)
    yield from (f"the column `{name}` is missing" for name in required if name not in header)
    yield from (f"the column {quoted(name)} is there twice" for name in sorted(set(header)) if header.count(name) > 1)
