"""`legation store copy`: a store moves to another place or engine, and clients do not notice."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.progress import MofNCompleteColumn

from app.bootstrap import open_destination, open_source, shown_store
from app.cli.options import Json, store_url, takes
from app.cli.terminal import REFUSED, note, progress, say_json, table
from app.clock import system_clock
from app.errors import ConfigurationError
from app.sharing.copy_store import Copied, Seen, copy_store

FROM_VARIABLE: Final = "LEGATION_COPY_FROM"
TO_VARIABLE: Final = "LEGATION_COPY_TO"


def _address(metavar: str, variable: str, text: str) -> object:
    return typer.Argument(metavar=metavar, envvar=variable, parser=store_url, show_default=False, help=text)


@dataclass(frozen=True, kw_only=True)
class Copy:
    """What `store copy` is asked."""

    source: Annotated[str, _address("FROM", FROM_VARIABLE, "the store to copy; nobody may use it meanwhile")]
    to: Annotated[str, _address("TO", TO_VARIABLE, "where it goes: a file or a database in which nothing is yet")]
    json: Json = False


@takes(Copy)
def copy(asked: Copy) -> None:
    """Copy everything that a store holds to another place or engine: objects, dates, labels, statuses, tokens, and the records of all of it.

    Clients go on with the cursors and the tokens that they have. Stop the servers first. What was interrupted goes on where it was when the same command
    is run again; until it is finished TO cannot be opened. FROM stays as it is: keep servers away from it afterwards. An address that holds a password is
    better given by the environment.
    """
    if shown_store(asked.source) == shown_store(asked.to):
        raise ConfigurationError(["FROM and TO are the same store; name another place as TO"])
    try:
        copied = _watched(asked)
    except KeyboardInterrupt as interrupt:
        note("interrupted; the same command goes on from here")
        raise typer.Exit(REFUSED) from interrupt
    if asked.json:
        say_json({"pieces": {part.value: count for part, count in copied.counts.items()}, "found": copied.found})
    else:
        table("Copied", ("what", "pieces"), list(copied.counts.items()), to_error=True)
    note(f"{escape(shown_store(asked.to))} holds all of it; look into it with `legation store verify` and `legation audit verify`")


def _watched(asked: Copy) -> Copied:
    with progress(MofNCompleteColumn()) as bar:
        task = bar.add_task("copying", total=None)

        def seen(done: int, whole: int) -> None:
            if done and bar.tasks[0].total is None:
                bar.print(f"going on where it was: {done} of {whole} pieces are there", highlight=False, soft_wrap=True)
            bar.update(task, completed=done, total=whole)

        return asyncio.run(_copy(asked, seen))


async def _copy(asked: Copy, seen: Seen) -> Copied:
    source = await open_source(asked.source)
    try:
        destination = await open_destination(asked.to)
        try:
            return await copy_store(source, destination, shown_store(asked.source), system_clock, seen)
        finally:
            await destination.close()
    finally:
        await source.close()
