"""A copy of the file while others read and write it: as it was at one moment, in a file of its own.

A read transaction holds that moment from the first page to the last. Without it SQLite would begin anew after each commit of another process, and on a busy
server never end. Meanwhile the log cannot be cut back, so it grows by what is written.
"""

import os
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import apsw

from app.errors import ConfigurationError, StoreUnavailable, quoted
from app.store.sqlite.connection import open_reader, translated
from app.store.sqlite.schema import check_file

PAGES_AT_ONCE: Final = 1_024
"""4 MiB: often enough to show how far it got."""


def back_up(path: Path, target: Path, seen: Callable[[int, int], None]) -> None:
    """Write the store in `path` to `target`, which must not be there; it is complete and on the disk when this returns, or not there.

    `seen` hears how many pages of how many are written. Raises ConfigurationError for a source or target that is not fit, StoreUnavailable.
    """
    with translated(), closing(open_reader(path)) as source, _new_file(target) as file:
        check_file(source, path.name)
        source.execute("BEGIN; SELECT * FROM counter").fetchall()
        with closing(apsw.Connection(str(file))) as copy:
            # The file is nobody's until it is complete: whatever goes wrong, it is thrown away whole.
            copy.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").fetchall()
            with copy.backup("main", source, "main") as pages:
                while not pages.done:
                    pages.step(PAGES_AT_ONCE)
                    seen(pages.page_count - pages.remaining, pages.page_count)


@contextmanager
def _new_file(target: Path) -> Generator[Path]:
    """A private file that takes its name only when it is complete, and nobody else's. Raises ConfigurationError, StoreUnavailable."""
    if target.exists():
        raise ConfigurationError([f"{quoted(target, 200)} is there already; name a new file"])
    try:
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            try:
                yield Path(file.name)
                os.fsync(file.fileno())
                Path(file.name).replace(target)
                _sync(target.parent)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except (OSError, apsw.FullError) as error:
        raise StoreUnavailable(f"{quoted(target, 200)} cannot be written ({error}); name a file on a disk with space") from error


def _sync(folder: Path) -> None:
    """See to it that a new name in the folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
