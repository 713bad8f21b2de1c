"""Copies of a store while others read and write it, and their way back into its place.

A store is two files: the main one, then its deliveries, so that the copy knows of every delivery of what it holds. Each is copied as it was at one moment. A
read transaction holds that moment from the first page to the last: without it SQLite would begin anew after each commit of another process, and on a busy
server never end. Meanwhile the log cannot be cut back, so it grows by what is written.
"""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import apsw

from app.errors import ConfigurationError, StoreUnavailable, quoted
from app.store.sqlite.connection import make_folders, open_reader, sync_folder, translated
from app.store.sqlite.deliveries import beside
from app.store.sqlite.schema import DELIVERIES, STORE, Schema, check_file

PAGES_AT_ONCE: Final = 256
"""4 MiB: often enough to show how far it got."""
LEFTOVERS: Final = ("", "-wal", "-shm")
"""What a main file may have left behind: a log of the old one would be played back into the new one, and ruin it."""

Seen = Callable[[int, int], None]
"""Hears how many pages of how many of the present file are written."""


def back_up(path: Path, target: Path, seen: Seen) -> None:
    """Write the store in `path` to `target`, its deliveries beside it; both are complete and on the disk when this returns, or not there.

    Raises ConfigurationError for a source or target that is not fit, or there already; StoreUnavailable.
    """
    _copy(path, target, [beside] if beside(path).exists() else [], seen)


def restore(copy: Path, path: Path, seen: Seen) -> None:
    """Put what `back_up` wrote in the place of a store that was moved away. Deliveries that are still there stay: they know more.

    Raises ConfigurationError if something is in the place, or the copy is not fit or of another store; StoreUnavailable.
    """
    ours = beside(path)
    left = [f"{path}{more}" for more in LEFTOVERS] + ([] if ours.exists() else [f"{ours}{more}" for more in LEFTOVERS])
    found = [quoted(name, 200) for name in left if Path(name).exists()]
    if found:
        raise ConfigurationError([f"{', '.join(found)} would be overwritten, or spoil what is restored; stop the server and move it away"])
    if ours.exists() and _identity(copy) != _identity(ours):
        raise ConfigurationError([f"{quoted(ours, 200)} belongs to another store than {quoted(copy, 200)}; move it away"])
    make_folders(path)
    _copy(copy, path, [] if ours.exists() else [beside], seen)


def _copy(path: Path, target: Path, further: Sequence[Callable[[Path], Path]], seen: Seen) -> None:
    sources = [(path, STORE), *((of(path), DELIVERIES) for of in further)]
    with translated(), _new_files([target, *(of(target) for of in further)]) as files:
        for (source, schema), file in zip(sources, files, strict=True):
            _copy_file(source, schema, file, seen)


def _copy_file(path: Path, schema: Schema, file: Path, seen: Seen) -> None:
    with closing(open_reader(path)) as source, closing(apsw.Connection(str(file))) as copy:
        check_file(source, path.name, schema)
        source.execute("BEGIN; SELECT count(*) FROM sqlite_schema").fetchall()
        # The file is nobody's until it is complete: whatever goes wrong, it is thrown away whole.
        copy.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").fetchall()
        with copy.backup("main", source, "main") as pages:
            while not pages.done:
                pages.step(PAGES_AT_ONCE)
                seen(pages.page_count - pages.remaining, pages.page_count)


@contextmanager
def _new_files(targets: Sequence[Path]) -> Generator[list[Path]]:
    """Private files that take their names only when all are complete, the first one last. Raises ConfigurationError, StoreUnavailable."""
    for target in targets:
        if target.exists():
            raise ConfigurationError([f"{quoted(target, 200)} is there already; name a new file"])
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(NamedTemporaryFile(dir=each.parent, prefix=f".{each.name}.", delete=False)) for each in targets]
            paths = [Path(file.name) for file in files]
            for path in paths:
                stack.callback(path.unlink, missing_ok=True)
            yield paths
            for file in files:
                os.fsync(file.fileno())
            for path, target in reversed([*zip(paths, targets, strict=True)]):
                path.replace(target)
            sync_folder(targets[0].parent)
    except (OSError, apsw.FullError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreUnavailable(f"{quoted(targets[0], 200)} cannot be written ({reason}); name a file on a disk with space") from error


def _identity(path: Path) -> object:
    with translated(), closing(open_reader(path)) as connection:
        return connection.execute("SELECT id FROM identity").get
