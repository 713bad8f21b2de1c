"""`legation import` and `legation export`: bundles in files, of any size, in and out of a collection through the same deeds as over HTTP."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Annotated, Final
from uuid import uuid4

import typer
from rich.markup import escape

from app.cli.importing import Failure, Item, envelope, parcels, readings, survey
from app.cli.options import As, CollectionArgument, Json, Store, path_of, place, reader, takes
from app.cli.session import do, naming
from app.cli.terminal import REFUSED, note, progress, say_json, table
from app.errors import QuotaExceeded
from app.sharing.add import add, may_add
from app.sharing.exchange import Address, Exchange
from app.sharing.read import read
from app.sharing.report import UNREADABLE
from app.taxii.query import Endpoint, parse_query
from app.taxii.resources import StatusDetails

FAILURES_SHOWN: Final = 20
PAGE: Final = "1000"
_UNREADABLE_PREFIX: Final = UNREADABLE.format(0)[:-12]


@dataclass(frozen=True, kw_only=True)
class Import:
    """What `import` is asked."""

    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help="bundles or envelopes, plain or compressed by gzip")
    ]
    to: Annotated[Address, typer.Option("--to", metavar="ROOT/COLLECTION", parser=place, help="the collection to add to")]
    client: As
    store: Store
    json: Json = False


@dataclass(slots=True)
class Imported:
    """What became of the objects so far."""

    added: int = 0
    failures: list[Failure] = field(default_factory=list[Failure])


@takes(Import)
def import_(asked: Import) -> None:
    """Add the objects of bundles to a collection.

    The files are read to their end before anything is sent, then again in the order in which objects build on each other. Objects that are
    there already count as added, so an import that was broken off can be started again.
    """
    with naming(asked.client, path_of(asked.to)):
        imported = do(asked.store, lambda exchange: _import(exchange, asked))
    shown = imported.failures if asked.json else imported.failures[:FAILURES_SHOWN]
    if asked.json:
        say_json({"added": imported.added, "failed": len(imported.failures), "failures": [asdict(failure) for failure in shown]})
    else:
        _report(imported, shown)
    if imported.failures:
        raise typer.Exit(REFUSED)


def _report(imported: Imported, shown: Sequence[Failure]) -> None:
    if shown:
        table("Not added", ("object", "version", "reason"), [(each.object, each.version, each.message) for each in shown], to_error=True)
    rest = len(imported.failures) - len(shown)
    if rest:
        note(f"and {rest} more; --json lists them all")
    note(f"{imported.added} objects added, {len(imported.failures)} not")


async def _import(exchange: Exchange, asked: Import) -> Imported:
    largest = await may_add(exchange, asked.client, asked.to)
    size = sum(path.stat().st_size for path in asked.files)
    with progress() as bar:
        task = bar.add_task("reading", total=size)
        plan = survey(asked.files, largest, lambda octets: bar.update(task, completed=octets))
        imported = Imported(failures=plan.refused)
        bar.reset(task, description="adding", total=size * readings(plan))
        seen = _several_readings(size, lambda octets: bar.update(task, completed=octets))
        for items in parcels(asked.files, plan, largest, seen):
            await _send(exchange, asked, items, imported)
    return imported


def _several_readings(size: int, show: Callable[[int], None]) -> Callable[[int], None]:
    """From how far the present reading got to how far all of them did."""
    last, done = 0, 0

    def seen(octets: int) -> None:
        nonlocal last, done
        done += size if octets < last else 0
        last = octets
        show(done + octets)

    return seen


async def _send(exchange: Exchange, asked: Import, items: Sequence[Item], imported: Imported) -> None:
    while True:
        try:
            status = await add(exchange, asked.client, asked.to, envelope(items))
            break
        except QuotaExceeded as error:
            note(f"{escape(str(error))}")
            await asyncio.sleep(error.retry_after)
    imported.added += status.success_count
    imported.failures += [_failure(details, items) for details in status.failures or ()]


def _failure(details: StatusDetails, items: Sequence[Item]) -> Failure:
    """An object without an id is told by where it stands in its file, not by where it stood in the envelope."""
    message = details.message or ""
    if not details.id.startswith(_UNREADABLE_PREFIX):
        return Failure(details.id, details.version, message)
    number = int(details.id.removeprefix(_UNREADABLE_PREFIX))
    return Failure(str(items[number - 1].place), "", message)


@dataclass(frozen=True, kw_only=True)
class Export:
    """What `export` is asked."""

    collection: CollectionArgument
    client: Annotated[
        str,
        typer.Option(
            "--as", envvar="LEGATION_CLIENT", metavar="ORG/CLIENT", parser=reader, help="who receives it; `public` for the anonymous public"
        ),
    ]
    output: Annotated[Path | None, typer.Option("--output", "-o", dir_okay=False, help="file to write; without it, standard output")] = None
    all_versions: Annotated[bool, typer.Option("--all-versions", help="every version of each object, not the last alone")] = False
    store: Store


@takes(Export)
def export(asked: Export) -> None:
    """Write what a client may see of a collection as one bundle, each object byte for byte as it came."""
    path = path_of(asked.collection)
    with naming(asked.client, path):
        written = do(asked.store, lambda exchange: _export(exchange, asked))
    note(f"{written} objects of {path} written")


async def _export(exchange: Exchange, asked: Export) -> int:
    written = 0
    with _output(asked.output) as out:
        async for raws in _pages(exchange, asked):
            if raws:
                out.write(b'{"type":"bundle","id":"bundle--%b","objects":[\n' % str(uuid4()).encode() if not written else b",\n")
                out.write(b",\n".join(raws))
                written += len(raws)
        out.write(b"\n]}\n" if written else b'{"type":"bundle","id":"bundle--%b"}\n' % str(uuid4()).encode())
    return written


async def _pages(exchange: Exchange, asked: Export) -> AsyncGenerator[tuple[bytes, ...]]:
    versions = [("match[version]", "all")] if asked.all_versions else []
    following: str | None = ""
    while following is not None:
        query = parse_query([("limit", PAGE), ("next", following), *versions], Endpoint.OBJECTS)
        answer = await read(exchange, asked.client, asked.collection, query, Endpoint.OBJECTS)
        yield answer.page.raws
        following = answer.next


@contextmanager
def _output(path: Path | None) -> Generator[IO[bytes]]:
    """Standard output, or a private file that takes its name only when it is complete."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
