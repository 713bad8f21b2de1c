"""Keeping a store: `legation backup` copies it while it is used, `restore` brings it back, `store verify` holds all that is in it against itself.

`store copy` is in copying.py.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.progress import MofNCompleteColumn

from app.bootstrap import back_up_store, restore_store
from app.cli.copying import copy
from app.cli.options import Json, Store, takes
from app.cli.session import do
from app.cli.terminal import REFUSED, note, progress, say_json, table
from app.sharing import administer
from app.sharing.exchange import Exchange
from app.sharing.verify import Finding, Verification, held
from app.sharing.verify import verify as verify_deed

stores = typer.Typer(no_args_is_help=True, help="Look after a store.")
stores.command("copy")(copy)
FINDINGS_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class Backup:
    """What `backup` is asked."""

    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="a new file for the copy")]
    store: Store


@takes(Backup)
def backup(asked: Backup) -> None:
    """Copy the store as it is at one moment, whoever reads and writes it meanwhile: FILE, and FILE-deliveries beside it.

    The copy is private, and whole or not there.
    """
    with _counting() as seen:
        back_up_store(asked.store, asked.file, seen)
    note(f"{escape(str(asked.file))}, and what lies beside it, hold the store: {asked.file.stat().st_size} octets")


@dataclass(frozen=True, kw_only=True)
class Restore:
    """What `restore` is asked."""

    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="what `backup` wrote")]
    store: Store


@takes(Restore)
def restore(asked: Restore) -> None:
    """Put a copy in the place of a store that was moved away. It goes on record, since what was written after the copy is gone.

    The server must not run. Deliveries that are still there stay.
    """
    with _counting() as seen:
        restore_store(asked.file, asked.store, seen)
    do(asked.store, administer.record_restore)
    note("the store is restored; `legation store verify` looks into it")


@contextmanager
def _counting() -> Generator[Callable[[int, int], None]]:
    """A bar of how much of how much is copied."""
    with progress(MofNCompleteColumn()) as bar:
        task = bar.add_task("copying")
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


@dataclass(frozen=True, kw_only=True)
class Verify:
    """What `store verify` is asked."""

    store: Store
    json: Json = False


@stores.command("verify")
@takes(Verify)
def verify(asked: Verify) -> None:
    """Check everything that is stored: bytes against hashes, labels against markings, versions against their siblings, indexes against rows.

    It changes nothing, and servers may go on meanwhile. What cannot be checked is counted. Exit code 1: something is wrong.
    """
    found = do(asked.store, _verify)
    if asked.json:
        say_json(_document(found))
    else:
        _report(found)
    if not found.is_sound:
        raise typer.Exit(REFUSED)


async def _verify(exchange: Exchange) -> Verification:
    with progress(MofNCompleteColumn()) as bar:
        task = bar.add_task("verifying", total=await held(exchange))
        return await verify_deed(exchange, lambda count: bar.advance(task, count))


def _document(found: Verification) -> dict[str, object]:
    return {
        "sound": found.is_sound,
        "collections": [asdict(each) for each in found.walked],
        "unchecked": [{"versions": count, "reason": reason.value} for reason, count in found.unknowable.items()],
        "findings": [asdict(each) for each in found.findings],
        "faults": found.faults,
    }


def _report(found: Verification) -> None:
    columns = ("collection", "objects", "versions", "deleted")
    table("Verified", columns, [(each.collection, each.objects, each.versions, each.tombstones) for each in found.walked], to_error=True)
    for reason, count in found.unknowable.items():
        note(f"{count} versions {reason.value}")
    if found.findings:
        table("Wrong", ("collection", "object", "version", "of", "what"), [_cells(each) for each in found.findings[:FINDINGS_SHOWN]])
    if len(found.findings) > FINDINGS_SHOWN:
        note(f"and {len(found.findings) - FINDINGS_SHOWN} more; --json lists them all")
    for fault in found.faults:
        note(f"[bold red]wrong:[/] {escape(fault)}")
    wrong = len(found.findings) + len(found.faults)
    note(f"{wrong} things are wrong; docs/operating.md says what to do" if wrong else "nothing is wrong")


def _cells(each: Finding) -> tuple[str, ...]:
    return each.collection, each.object_id, each.version, each.contributor, each.what
