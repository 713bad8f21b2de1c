"""Connections to the file: made private, opened with the settings that its promises need, and their errors in the project's words.

* Write-ahead log, `synchronous=FULL`: what was committed is on the disk. No memory map: it makes a damaged file worse.
* The library must hold the fix of 3.51.3: before it, two connections that wrote and checkpointed at once could damage the file.
* The busy timeout is set first of all: apsw's own is zero, and the very next statement may meet another process.
* Plans do not depend on what is bound (QPSG): else SQLite prepares a statement anew each time, which costs more than most of them take.
"""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final

import apsw

from app.errors import ConfigurationError, StoreUnavailable, quoted
from app.store.sqlite.schema import STORE, Schema, check_file, migrate

LIBRARY_AT_LEAST: Final = (3, 51, 3)
READER_PATIENCE: Final = timedelta(seconds=2)
"""Reads wait for nobody but a process that opens or recovers the file; they wait on the event loop."""
UNSHARED: Final = apsw.SQLITE_OPEN_NOMUTEX
"""For connections that one thread uses: SQLite takes a lock for each column of each row, else, which is a third of what reading a page of objects costs."""
STATEMENTS_KEPT: Final = 256
WRITER_CACHE_KIB: Final = 8_192
"""What an envelope touches: the recent ids, the ends of its lanes, the targets that it refers to."""
READER_CACHE_KIB: Final = 24_576
"""A page of 1,000 objects that lie among hidden ones touches as many pages of the file, 16 MiB, and those of its index: with less room than that
each question would read them all again, and hidden neighbours would show by the time it takes."""
LOG_PAGES: Final = 4_000
"""Pages in the log at which it is brought into the file, four times SQLite's number: what many writes change alike is then brought there once, and requests
meet a quarter of these moments. With pages of 16 KB that is the size to which the log is cut back."""
LOG_KEPT_BYTES: Final = 64 * 1024 * 1024
"""The log is cut back to this size after a checkpoint."""

UNUSABLE_FILE: Final = (apsw.NotADBError, apsw.CorruptError, apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.AuthError)
UNAVAILABLE: Final = (
    *UNUSABLE_FILE,
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.NoMemError,
    apsw.ProtocolError,
    apsw.ConnectionClosedError,
)


class _Translated:
    """A context. Not made of a generator: reads enter it several times in each request."""

    __slots__ = ()

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, UNAVAILABLE):
            raise StoreUnavailable(f"the store cannot be used now ({_reason(error)}); {_remedy(error)}") from error


_TRANSLATED: Final = _Translated()


def translated() -> _Translated:
    """Raises StoreUnavailable for whatever makes the file unusable at the moment; faults of the project pass as they are."""
    return _TRANSLATED


@contextmanager
def immediate(connection: apsw.Connection) -> Generator[None]:
    """One transaction that writes; whatever is raised within rolls it back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def require_library(version: str) -> None:
    """Raises ConfigurationError if this SQLite may damage a file that several connections write to."""
    if tuple(int(part) for part in version.split(".")) < LIBRARY_AT_LEAST:
        needed = ".".join(map(str, LIBRARY_AT_LEAST))
        raise ConfigurationError(
            [f"SQLite {quoted(version)} can damage the store; install the locked `apsw`, which brings {needed} or newer"]
        )


def make_private(path: Path) -> None:
    """Make the file, and the folders that lead to it, for their owner alone; what exists is left as it is. Raises ConfigurationError."""
    make_folders(path)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise _unfit(path, error.strerror or "it cannot be made") from error


def make_folders(path: Path) -> None:
    """The folders that lead to a file alone. Raises ConfigurationError."""
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unfit(path, error.strerror or "it cannot be made") from error


def sync_folder(folder: Path) -> None:
    """See to it that new names in the folder are on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_writer(path: Path, patience: timedelta, schema: Schema = STORE) -> apsw.Connection:
    """The connection that writes; the file is brought to the newest version of its schema. Raises ConfigurationError, StoreUnavailable."""
    return _opened(path, patience, WRITER_CACHE_KIB, partial(_prepare_file, schema))


def open_alone(path: Path, patience: timedelta, schema: Schema = STORE) -> apsw.Connection:
    """The same, and as long as it is open no other connection can use the file. Raises StoreUnavailable if one does."""
    try:
        return _opened(path, patience, WRITER_CACHE_KIB, partial(_take_file, schema))
    except StoreUnavailable as error:
        if isinstance(error.__cause__, apsw.BusyError):
            raise StoreUnavailable(
                f"{quoted(path, 200)} is in use; stop the servers and commands that have it open, and try again"
            ) from error
        raise


def open_reader(path: Path) -> apsw.Connection:
    """A connection that can only read, on one thread: cursors are closed where they were opened. Raises ConfigurationError, StoreUnavailable."""
    return _opened(path, READER_PATIENCE, READER_CACHE_KIB, _forbid_writes, UNSHARED)


def _opened(
    path: Path, patience: timedelta, cache_kib: int, prepare: Callable[[apsw.Connection, Path], None], sharing: int = 0
) -> apsw.Connection:
    try:
        with translated():
            connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE | sharing, statementcachesize=STATEMENTS_KEPT)
            try:
                connection.set_busy_timeout(patience // timedelta(milliseconds=1))
                connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
                connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
                _set(connection, "mmap_size = 0", "temp_store = MEMORY")
                prepare(connection, path)
                _set(connection, f"cache_size = -{cache_kib}")  # last: a file that was just given its page size forgets it
            except BaseException:
                connection.close()
                raise
            return connection
    except StoreUnavailable as error:
        if isinstance(error.__cause__, UNUSABLE_FILE):
            raise _unfit(path, _reason(error.__cause__)) from error
        raise


def _prepare_file(schema: Schema, connection: apsw.Connection, path: Path) -> None:
    check_file(connection, path.name, schema)
    _set(connection, f"page_size = {schema.page_octets}")  # of a file that is made now; others stay as they are
    if connection.execute("PRAGMA journal_mode = WAL").get != "wal":
        raise _unfit(path, "its file system takes no write-ahead log")
    _set(connection, "synchronous = FULL", f"wal_autocheckpoint = {LOG_PAGES}", f"journal_size_limit = {LOG_KEPT_BYTES}")
    _set(connection, "secure_delete = ON")  # what was deleted is gone from the file too
    migrate(connection, path.name, schema)


def _take_file(schema: Schema, connection: apsw.Connection, path: Path) -> None:
    _set(connection, "locking_mode = EXCLUSIVE")  # before the log is first looked at: it is then nobody else's
    _prepare_file(schema, connection, path)


def _forbid_writes(connection: apsw.Connection, _path: Path) -> None:
    _set(connection, "query_only = ON")


def _set(connection: apsw.Connection, *settings: str) -> None:
    for setting in settings:
        connection.execute(f"PRAGMA {setting}").fetchall()  # some answer with a row, and are done only when it is read


def _unfit(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError([f"{quoted(path)} cannot be used as a store ({reason}); name a file that the server may read and write"])


def _reason(error: BaseException) -> str:
    return str(error).lower() or type(error).__name__


def _remedy(error: apsw.Error) -> str:
    if isinstance(error, apsw.FullError):
        return "free space on its disk"
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return "another process holds it; try again"
    return "look at its disk and its file"
