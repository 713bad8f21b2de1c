"""A store in a database as the source of a copy, or its destination.

A database keeps nobody away, so a source is refused while a server holds a lease on it, and whatever is written to it all the same shows in how it stands. The
mark of a destination lies in the place of the version of its layout: it goes in the transaction that puts that down.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from app.audit.events import ADMINISTRATION
from app.clock import timestamp, to_micros
from app.errors import StoreUnavailable, quoted
from app.store.mongo import chains
from app.store.mongo.address import without_secrets
from app.store.mongo.connection import translated
from app.store.mongo.documents import COPY, SCHEMA, TotalDocument
from app.store.mongo.keeping import KEEPING, keep_counters
from app.store.mongo.opening import Reached, reach
from app.store.mongo.schema import VERSION, prepare, prepare_copy
from app.store.mongo.scope import Scope
from app.store.mongo.telling import portion, standing
from app.store.mongo.writer import Writer
from app.store.moving import Mark, Part, Piece, Place, Portion, Standing

TAKEN: Final = "another copy is being made into the same database; let one of the two end"


async def open_source(url: str) -> "MongoSource":
    """The store in a database. Raises ConfigurationError, StoreUnavailable as when it is opened, and if a server works on it."""
    reached = await reach(url, partial(prepare, create=False))
    try:
        await _require_idle(reached, url)
    except BaseException:
        await reached.client.close()
        raise
    return MongoSource(reached)


async def open_destination(url: str) -> "MongoDestination":
    """A new store in a database, or one whose copy is not finished. Raises ConfigurationError if something else is in its place, StoreUnavailable."""
    return MongoDestination(await reach(url, prepare_copy))


class MongoSource:
    """A store that is told. `app.store.moving.Source` says what each method means."""

    def __init__(self, reached: Reached) -> None:
        self._reached = reached
        self.close = reached.client.close

    async def standing(self) -> Standing:
        """How it stands now."""
        with translated():
            return await standing(self._reached.documents)

    async def portion(self, part: Part, after: Place) -> Portion:
        """The next pieces of a part."""
        with translated():
            return await portion(self._reached.documents, part, after)


class MongoDestination:
    """A store in the making. `app.store.moving.Destination` says what each method means."""

    def __init__(self, reached: Reached) -> None:
        self._reached = reached
        self._documents = reached.documents
        self._writer = Writer(reached.client, reached.documents, reached.trusted_clock(), reached.clock)
        self._text: str | None = None

    async def mark(self) -> Mark | None:
        """What it says of itself."""
        with translated():
            found = await self._documents.marks.find_one({"_id": COPY})
        self._text = None if found is None else found.get("mark")
        return None if self._text is None else Mark.from_text(self._text)

    async def begin(self, mark: Mark, standing: Standing) -> None:
        """Put down the mark and the counters."""

        async def work(scope: Scope) -> None:
            await self._move(scope, mark)
            await keep_counters(scope, standing)

        await self._writer.run_in_scope(work, len(standing.collections))
        self._text = mark.to_text()

    async def keep(self, part: Part, pieces: Sequence[Piece], mark: Mark) -> None:
        """Keep pieces and the mark."""

        async def work(scope: Scope) -> None:
            await self._move(scope, mark)
            if pieces:
                await KEEPING[part](scope, pieces)

        await self._writer.run_in_scope(work, len(pieces))
        self._text = mark.to_text()

    async def standing(self) -> Standing:
        """How it stands now."""
        with translated():
            return await standing(self._documents)

    async def finish(self, record: bytes) -> None:
        """Seal a record and take the mark away."""

        async def work(scope: Scope) -> None:
            gone = await self._documents.marks.delete_one({"_id": COPY, "mark": self._text}, session=scope.session)
            _require(gone.deleted_count)
            await self._documents.totals.insert_one(TotalDocument(_id=SCHEMA, value=VERSION), session=scope.session)
            await chains.append(scope, ADMINISTRATION, record)

        await self._writer.run_in_scope(work, 1)

    async def close(self) -> None:
        """Let go of it."""
        await self._writer.close()
        await self._reached.client.close()

    async def _move(self, scope: Scope, mark: Mark) -> None:
        """Put another mark in the place of the one that was read or put here. Raises StoreUnavailable if it is no longer there."""
        which = {"_id": COPY, "mark": self._text}  # None: it has none yet
        moved = await self._documents.marks.update_one(which, {"$set": {"mark": mark.to_text()}}, session=scope.session)
        _require(moved.matched_count)


async def _require_idle(reached: Reached, url: str) -> None:
    with translated():
        held = await reached.documents.leases.find_one({"until": {"$gt": to_micros(reached.clock())}})
    if held is not None:
        name, until = quoted(without_secrets(url)), timestamp(held["until"])
        raise StoreUnavailable(f"a server works on {name}; stop all that do (one that was killed is forgotten at {until}), and try again")


def _require(matched: int) -> None:
    if not matched:
        raise StoreUnavailable(TAKEN)
