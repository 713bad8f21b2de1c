"""Many new members at once, from a table that a spreadsheet writes.

CSV in UTF-8; the first line names the columns, in any order; fields are parted by `,` or `;`:

    id,name,jurisdiction,country,identity
    gh-cert,Ghana national CERT,GH,Ghana,
    tg-cert,Togo national CERT,TG,Togo,identity--0b8e6a1c-5d0e-4f6b-9a3e-2f1d7c4b5a69

`country` (for the title of the national collection) and `identity` (under which the member publishes) may be left out or empty.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import zip_longest
from pathlib import Path
from typing import Final

from app.configuration.names import unknown
from app.configuration.templates import NewMember
from app.configuration.write import mistakes
from app.errors import ConfigurationError, quoted

COLUMNS: Final = tuple(field.name for field in fields(NewMember))
REQUIRED: Final = ("id", "name", "jurisdiction")


def read_members_csv(path: Path) -> list[NewMember]:
    """The members that the file lists. Raises ConfigurationError with every mistake of every row, each with its line."""
    header, *rows = _rows(path)
    problems = [f"line {header[0]}: {problem}" for problem in _header_problems(header[1])]
    members: dict[str, NewMember] = {}
    if not problems:
        for line, row in rows:
            member = NewMember(**dict(zip_longest(header[1], row[: len(header[1])], fillvalue="")))
            problems += [f"line {line}: {problem}" for problem in _row_problems(header[1], row, member, members)]
            members[member.id] = member
    if problems:
        raise ConfigurationError([f"{path.name}: {problem}" for problem in problems])
    return list(members.values())


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The lines that are not empty, each with its number. Raises ConfigurationError if there is none, or if it is no such table."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets put a byte order mark in front
        first = text.partition("\n")[0]
        reader = csv.reader(text.splitlines(), delimiter=";" if ";" in first and "," not in first else ",", strict=True)
        rows = [(reader.line_num, [field.strip() for field in row]) for row in reader if any(field.strip() for field in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError([f"{path.name}: cannot be read as CSV in UTF-8: {error}"]) from error
    if not rows:
        raise ConfigurationError([f"{path.name}: is empty; the first line names the columns {', '.join(COLUMNS)}"])
    return rows


def _header_problems(header: Sequence[str]) -> Iterator[str]:
    yield from (unknown("column", name, COLUMNS) for name in header if name not in COLUMNS)
    yield from (f"the column `{name}` is missing" for name in REQUIRED if name not in header)
    yield from (f"the column {quoted(name)} is there twice" for name in sorted(set(header)) if header.count(name) > 1)


def _row_problems(header: Sequence[str], row: Sequence[str], member: NewMember, before: dict[str, NewMember]) -> Iterator[str]:
    if len(row) > len(header):
        yield f"there are more fields than columns: {quoted(', '.join(row[len(header) :]))}; put a field with a comma in quotes"
    if member.id in before:
        yield f"id: {quoted(member.id)} was listed before"
    yield from mistakes(member)
