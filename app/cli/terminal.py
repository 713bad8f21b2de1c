"""How a command speaks: results on standard output, everything else on standard error, errors as lines, the end as an exit code.

Exit codes: 0 the deed is done; 1 it was refused, or failed in part; 2 the command line is wrong.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Final, override

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from typer.core import TyperGroup

from app.errors import ConfigurationError, SharingError

REFUSED: Final = 1
WIDE: Final = 200
"""Columns for output that no terminal limits: identifiers must not be broken."""


class Commands(TyperGroup):
    """A group whose commands end with an error line, never with a traceback, when a deed is refused."""

    @override
    def invoke(self, ctx: typer.Context) -> object:
        """Run the command; what it was refused becomes exit code 1."""
        try:
            return super().invoke(ctx)
        except SharingError as error:
            complain(error)
            raise typer.Exit(REFUSED) from error
        except BrokenPipeError as error:
            # Whoever read the output has gone; there is nobody to tell.
            sys.stderr.close()
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


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, to_error: bool = False) -> None:
    """A table; its cells are shown as they are, whatever they hold."""
    grid = Table(title=title, title_justify="left", highlight=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(escape(printable(str(cell))) for cell in row))
    _console(to_error=to_error).print(grid)


def printable(text: str) -> str:
    """The text without characters that command a terminal: what others wrote is shown, not obeyed."""
    return "".join(character if character.isprintable() else "�" for character in text)


def progress() -> Progress:
    """A bar that counts octets, on standard error; silent where nobody watches."""
    console = _console(to_error=True)
    parts = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*parts, console=console, transient=True, disable=not console.is_terminal)


def _console(*, to_error: bool) -> Console:
    stream = sys.stderr if to_error else sys.stdout
    return Console(stderr=to_error, width=None if stream.isatty() else WIDE, soft_wrap=False)
