"""`legation audit key`, `checkpoint`, `verify`: keys and checkpoints as files, and whether the records are whole."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from rich.progress import MofNCompleteColumn

from app.audit.checkpoint import Checkpoint, checking_key, make_key, read, sign, signing_key
from app.cli.options import Json, Store, takes
from app.cli.session import do
from app.cli.terminal import REFUSED, note, progress, say, say_json, table
from app.clock import timestamp
from app.errors import ConfigurationError, quoted
from app.sharing import attest as deeds
from app.sharing.attest import Attested
from app.sharing.exchange import Exchange

Read = TypeVar("Read")
PUBLIC_SUFFIX: Final = ".pub"
PRIVATE, PUBLIC = 0o600, 0o644


@dataclass(frozen=True, kw_only=True)
class Key:
    """What `key` is asked."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="where the private key goes; the public one goes to FILE.pub")]


@takes(Key)
def key(asked: Key) -> None:
    """Make the key that signs checkpoints. Keep the private file on the server, the public one where checkpoints are checked."""
    private, public = make_key()
    write_new(asked.file, private.decode(), PRIVATE)
    published = Path(f"{asked.file}{PUBLIC_SUFFIX}")
    write_new(published, public.decode(), PUBLIC)
    note(f"the private key is in {asked.file}; keep {published} where checkpoints are checked")


@dataclass(frozen=True, kw_only=True)
class MakeCheckpoint:
    """What `checkpoint` is asked."""

    key: Annotated[
        Path, typer.Option(envvar="LEGATION_CHECKPOINT_KEY", metavar="FILE", help="the private key that `legation audit key` made")
    ]
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="where the checkpoint goes; without, to standard output")] = None
    store: Store


@takes(MakeCheckpoint)
def checkpoint(asked: MakeCheckpoint) -> None:
    """Write down, signed, where every chain of records ends. Keep it where nobody who can change the store can change it."""
    signer = from_file(asked.key, signing_key)
    taken = do(asked.store, deeds.checkpoint)
    text = sign(taken, signer)
    if asked.to is None:
        say(text)
    else:
        write_new(asked.to, f"{text}\n", PUBLIC)
    note(f"{len(taken.heads)} chains as they ended at {timestamp(taken.at)}")


@dataclass(frozen=True, kw_only=True)
class Verify:
    """What `verify` is asked."""

    since: Annotated[
        Path | None, typer.Option(metavar="CHECKPOINT", help="a checkpoint that was kept elsewhere: shows ends that were cut off")
    ] = None
    key: Annotated[Path | None, typer.Option(metavar="PUBLIC-KEY", help="the public key of who signed the checkpoint")] = None
    store: Store
    json: Json = False


@takes(Verify)
def verify(asked: Verify) -> None:
    """Check every record: name those that were changed, removed, inserted or put in another order, and say what could not be checked.

    Exit code 1 if anything is wrong.
    """
    if asked.key is not None and asked.since is None:
        raise ConfigurationError(["--key checks a checkpoint: name one with --since"])
    checker = None if asked.key is None else from_file(asked.key, checking_key)
    since = None if asked.since is None else from_file(asked.since, lambda octets: read(octets.decode("ascii", "replace"), checker))
    found = do(asked.store, lambda exchange: _watched(exchange, since))
    unchecked = list(found.unchecked)
    if since is not None and checker is None:
        unchecked.append("who wrote the checkpoint: name the public key with --key")
    if asked.json:
        say_json({"whole": found.is_whole, "chains": [asdict(report) for report in found.chains], "unchecked": unchecked})
    else:
        _show(found, unchecked)
    if not found.is_whole:
        raise typer.Exit(REFUSED)


async def _watched(exchange: Exchange, since: Checkpoint | None) -> Attested:
    with progress(MofNCompleteColumn()) as bar:
        task = bar.add_task("verifying", total=await deeds.records(exchange))
        return await deeds.attest(exchange, since, lambda count: bar.advance(task, count))


def _show(found: Attested, unchecked: list[str]) -> None:
    table("Records", ("chain", "records", "faults"), [(each.of, each.records, len(each.faults) or "none") for each in found.chains])
    for report in found.chains:
        for fault in report.faults:
            say(f"{report.of}: {fault}")
    for each in unchecked:
        say(f"not checked: {each}")


def from_file(path: Path, understand: Callable[[bytes], Read]) -> Read:
    """What a file holds, understood. Raises ConfigurationError that names it."""
    try:
        return understand(path.read_bytes())
    except OSError as error:
        raise ConfigurationError([f"{quoted(path, 200)} cannot be read: {(error.strerror or 'unknown reason').lower()}"]) from error
    except ConfigurationError as error:
        raise ConfigurationError([f"{quoted(path, 200)}: {problem}" for problem in error.problems]) from error


def write_new(path: Path, text: str, mode: int) -> None:
    """Write a file that is not there yet, and see it to the disk. Raises ConfigurationError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise ConfigurationError([f"{quoted(path, 200)} is there already: name another file"]) from error
    except OSError as error:
        raise ConfigurationError([f"{quoted(path, 200)} cannot be written: {(error.strerror or 'unknown reason').lower()}"]) from error
