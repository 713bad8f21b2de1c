"""A store on files as the source of a copy, or its destination: both files held alone, so that nobody else can read or write them meanwhile.

A source that a server has open is refused: what it wrote would be missing in the copy. The mark of a destination lies in its main file, which another number
of application keeps from being opened as a store; it goes in the transaction that gives the file its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import apsw

from app.audit.events import ADMINISTRATION
from app.errors import ConfigurationError, quoted
from app.store.moving import Mark, Part, Piece, Place, Portion, Standing
from app.store.sqlite import chains
from app.store.sqlite.connection import immediate, make_private, open_alone, require_library, sync_folder
from app.store.sqlite.deliveries import beside, open_deliveries
from app.store.sqlite.keeping import KEEPING, keep_counters
from app.store.sqlite.schema import APPLICATION_ID, COPY, STORE, Schema
from app.store.sqlite.telling import BESIDE, portion, standing
from app.store.sqlite.thread import SingleThread

PATIENCE: Final = timedelta(seconds=2)
"""For a command that ends; a server does not go away by waiting."""

_MARK: Final = "CREATE TABLE IF NOT EXISTS copying (one INTEGER PRIMARY KEY CHECK (one = 1), mark TEXT NOT NULL) STRICT"


@dataclass(frozen=True, slots=True)
class _Files:
    """The main file of a store and that of its deliveries. Both connections are used on the thread alone."""

    path: Path
    thread: SingleThread
    store: apsw.Connection
    records: apsw.Connection

    async def standing(self) -> Standing:
        """How they stand."""
        return await self.thread.run(standing, self.store, self.records)

    async def close(self) -> None:
        """Let go of them."""
        await self.thread.run(self.records.close)
        await self.thread.run(self.store.close)
        self.thread.close()


async def open_source(path: Path) -> "SqliteSource":
    """The store in `path`, which is there. Raises ConfigurationError, StoreUnavailable as when it is opened, and if somebody else has it open."""
    return SqliteSource(await _hold(path, STORE))


async def open_destination(path: Path) -> "SqliteDestination":
    """A new store in `path`, or one whose copy is not finished. Raises ConfigurationError if something else is in its place, StoreUnavailable."""
    _make_room(path)
    files = await _hold(path, COPY)
    await files.thread.run(_make_mark, files.store)
    return SqliteDestination(files)


class SqliteSource:
    """A store that is told. `app.store.moving.Source` says what each method means."""

    def __init__(self, files: _Files) -> None:
        self._files = files
        self.standing = files.standing
        self.close = files.close

    async def portion(self, part: Part, after: Place) -> Portion:
        """The next pieces of a part."""
        return await self._files.thread.run(portion, self._files.store, self._files.records, part, after)


class SqliteDestination:
    """A store in the making. `app.store.moving.Destination` says what each method means."""

    def __init__(self, files: _Files) -> None:
        self._files = files
        self.standing = files.standing
        self.close = files.close

    async def mark(self) -> Mark | None:
        """What it says of itself."""
        text = await self._files.thread.run(lambda: self._files.store.execute("SELECT mark FROM copying").get)
        return None if text is None else Mark.from_text(text)

    async def begin(self, mark: Mark, standing: Standing) -> None:
        """Put down the mark and the counters."""
        await self._files.thread.run(self._begin, mark, standing)

    async def keep(self, part: Part, pieces: Sequence[Piece], mark: Mark) -> None:
        """Keep pieces, then the mark."""
        await self._files.thread.run(self._keep, part, pieces, mark)

    async def finish(self, record: bytes) -> None:
        """Seal a record and take the mark away."""
        await self._files.thread.run(self._finish, record)

    def _begin(self, mark: Mark, standing: Standing) -> None:
        with immediate(self._files.store):
            keep_counters(self._files.store, standing)
            self._put(mark)

    def _keep(self, part: Part, pieces: Sequence[Piece], mark: Mark) -> None:
        if part in BESIDE:
            with immediate(self._files.records):
                KEEPING[part](self._files.records, pieces)
        with immediate(self._files.store):
            if part not in BESIDE:
                KEEPING[part](self._files.store, pieces)
            self._put(mark)

    def _finish(self, record: bytes) -> None:
        sync_folder(self._files.path.parent)
        with immediate(self._files.store):
            chains.append(self._files.store, ADMINISTRATION, record)
            self._files.store.execute(f"DROP TABLE copying; PRAGMA application_id = {APPLICATION_ID}")

    def _put(self, mark: Mark) -> None:
        self._files.store.execute("INSERT OR REPLACE INTO copying VALUES (1, ?)", (mark.to_text(),))


def _make_room(path: Path) -> None:
    """Make the main file, unless it is there; what lies beside one that is not there belongs to something else."""
    if beside(path).exists() and not (path.exists() and path.stat().st_size):
        raise ConfigurationError([f"{quoted(beside(path), 200)} belongs to another store; move it away, or name another file"])
    make_private(path)


def _make_mark(store: apsw.Connection) -> None:
    store.execute(_MARK)


async def _hold(path: Path, schema: Schema) -> _Files:
    require_library(apsw.sqlite_lib_version())
    thread = SingleThread("store-copier")
    try:
        store = await thread.run(open_alone, path, PATIENCE, schema)
        try:
            records = await thread.run(open_deliveries, path, store, open_alone)
        except BaseException:
            await thread.run(store.close)
            raise
    except BaseException:
        thread.close()
        raise
    return _Files(path, thread, store, records)
