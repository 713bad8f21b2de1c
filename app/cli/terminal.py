"""How a command speaks: results on standard output, everything else on standard error, errors as lines, the end as an exit code.

Exit codes: 0 the deed is done; 1 it was refused, or failed in part; 2 the command line is wrong.
"""

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.errors import ConfigurationError, SharingError

REFUSED: Final = 1
WIDE: Final = 200
"""Columns for output that no terminal limits: identifiers must not be broken."""


@contextmanager
def refusals() -> Generator[None]:
    """What is refused within ends the command with an error line and exit code 1, never with a traceback."""
    try:
        yield
    except SharingError as error:
        complain(error)
        raise typer.Exit(REFUSED) from error
    except BrokenPipeError as error:
        # Whoever read the output has gone. What is left in the buffer must go somewhere, or Python complains once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(REFUSED) from error


def complain(error: SharingError) -> None:
    """Tell what is wrong: one line, or one for each problem."""
    problems = error.problems if isinstance(error, ConfigurationError) else [str(error)]
    for problem in problems:
        note(f"[bold red]error:[/] {escape(problem)}")


def note(markup: str) -> None:
    """A line for the person, on standard error."""
    _console(to_error=True).print(markup, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """A line of the result, on standard output, exactly as it is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say_json(value: object) -> None:
    """The result for a script, on standard output."""
    say(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, to_error: bool = False) -> None:
    """A table; its cells are shown as they are, whatever they hold. Rows that begin alike stand together."""
    grid = Table(title=title, title_justify="left", title_style="bold", highlight=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    has_groups = len({row[0] for row in rows}) < len(rows)
    for place, row in enumerate(rows):
        if place and row[0] != rows[place - 1][0] and has_groups:
            grid.add_section()
        grid.add_row(*(escape(printable(str(cell))) for cell in row))
    _console(to_error=to_error).print(grid)


def printable(text: str) -> str:
    """The text without characters that command a terminal: what others wrote is shown, not obeyed. Lines stay."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)


def progress(count: ProgressColumn | None = None) -> Progress:
    """A bar that counts octets, or as `count` says, on standard error; silent where nobody watches."""
    console = _console(to_error=True)
    parts = (TextColumn("{task.description}"), BarColumn(), count or DownloadColumn(), TimeRemainingColumn())
    return Progress(*parts, console=console, transient=True, disable=not console.is_terminal)


def _console(*, to_error: bool) -> Console:
    stream = sys.stderr if to_error else sys.stdout
    return Console(stderr=to_error, width=None if stream.isatty() else WIDE, soft_wrap=False)
