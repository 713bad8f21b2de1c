"""The transaction as deeds see it: each method is one visit to the writer's thread."""

from collections.abc import Callable, Mapping, Sequence
from typing import Concatenate, ParamSpec, TypeVar

import apsw

from app.errors import StoreUnavailable
from app.stix.handling import HandlingLabel
from app.store.contract import Amendment, Arrival, RulingKind, StoredRuling, StoredStatus, StoredToken, StoredVersion
from app.store.dates import Dating, TrustedClock
from app.store.pins import Contribution, Job, Pin
from app.store.sqlite import chains, duties, registry
from app.store.sqlite import pins as pinning
from app.store.sqlite.ids import walk
from app.store.sqlite.labels import above_mark, counts, give_dates, in_use, intern, made, number_of
from app.store.sqlite.lanes import Lanes
from app.store.sqlite.rows import amend, history, put, raw, under
from app.store.sqlite.thread import SingleThread

P = ParamSpec("P")
T = TypeVar("T")


class SqliteTransaction:
    """A write in progress, between the BEGIN IMMEDIATE and the end that its store gives it. `app.store.contract.Transaction` says what each method means.

    With `only_reads` it takes no write lock: not even a collection that nothing was written to gets a number.
    """

    def __init__(
        self, thread: SingleThread, connection: apsw.Connection, clock: TrustedClock, dating: Dating, *, only_reads: bool = False
    ) -> None:
        self._thread = thread
        self._connection = connection
        self._clock = clock
        self._dating = dating
        self._only_reads = only_reads
        self._lanes = Lanes(connection)
        self._collections: dict[str, int] = {}

    async def epoch(self) -> int:
        """The epoch under the write lock."""
        return await self._on(registry.epoch)

    async def history(self, collection: str, ids: Sequence[str]) -> Mapping[str, Sequence[StoredVersion]]:
        """All rows under each of `ids`."""
        return await self._in(collection, history, ids)

    async def ids(self, collection: str, after: str, limit: int) -> Sequence[str]:
        """The next object ids after `after`."""
        return await self._in(collection, walk, after, limit)

    async def raw(self, collection: str, rows: Sequence[int]) -> Mapping[int, bytes]:
        """The bytes of rows that are not deleted."""
        return await self._in(collection, raw, rows)

    async def labels(self, collection: str, above: int = 0) -> Sequence[tuple[int, HandlingLabel]]:
        """The labels numbered above `above`."""
        return await self._in(collection, above_mark, above)

    async def intern(self, collection: str, labels: Sequence[HandlingLabel], organisation: str) -> Sequence[int]:
        """The number of each label."""
        return await self._in(collection, intern, self._clock, labels, organisation)

    async def labels_made(self, collection: str, organisation: str, since: int) -> int:
        """How many labels were interned for `organisation` since."""
        return await self._in(collection, made, organisation, since)

    async def labels_in_use(self, collection: str, organisation: str) -> int:
        """How many of its labels are in use."""
        return await self._in(collection, in_use, organisation)

    async def label_counts(self, collection: str) -> Mapping[int, int]:
        """How many rows that are not deleted lie under each label number."""
        return await self._in(collection, counts)

    async def under(self, collection: str, labels: Sequence[int], limit: int, after: int = -1) -> Sequence[StoredVersion]:
        """The first rows later than `after` under these labels."""
        return await self._in(collection, under, labels, limit, after)

    async def dates(self, collection: str, runs: Sequence[int]) -> Sequence[int]:
        """One date_added for each row of all runs."""
        return await self._in(collection, give_dates, self._dating, runs)

    async def put(self, collection: str, arrivals: Sequence[Arrival]) -> Sequence[int]:
        """Store new rows; their numbers."""
        return await self._in(collection, put, self._lanes, arrivals)

    async def amend(self, collection: str, amendments: Sequence[Amendment]) -> None:
        """Change stored rows."""
        await self._in(collection, amend, self._lanes, amendments)

    async def pins(self, collection: str, rows: Sequence[int]) -> Mapping[int, frozenset[Pin]]:
        """The pins of rows."""
        return await self._in(collection, pinning.of_rows, rows)

    async def pin(self, collection: str, pins: Mapping[int, frozenset[Pin]]) -> None:
        """Give stored rows further pins."""
        await self._in(collection, pinning.add_pins, pins)

    async def pinned(self, collection: str, targets: Sequence[Contribution]) -> Mapping[Contribution, frozenset[int]]:
        """The labels under which each contribution is pinned."""
        return await self._in(collection, pinning.pinned, targets)

    async def repin(self, collection: str, target: Contribution, label: int, instead_of: frozenset[int]) -> None:
        """Give every row with a pin on the contribution one under `label`, and take others away."""
        await self._in(collection, pinning.repin, target, label, instead_of)

    async def referring(self, collection: str, target: Contribution, label: int, limit: int) -> Mapping[int, str]:
        """The rows of lowest number that have a pin on the contribution under another label."""
        return await self._in(collection, pinning.referring, target, label, limit)

    async def unpin(self, collection: str, target: Contribution, label: int, rows: Sequence[int]) -> None:
        """Take from rows their pins on the contribution under other labels."""
        await self._in(collection, pinning.unpin, target, label, rows)

    async def add_job(self, job: Job) -> None:
        """Keep a job."""
        await self._on(duties.add_job, job)

    async def jobs(self) -> Sequence[Job]:
        """All jobs, oldest first."""
        return await self._on(duties.jobs)

    async def end_job(self, job: Job) -> None:
        """Forget a job."""
        await self._on(duties.end_job, job)

    async def save_status(self, status: StoredStatus) -> None:
        """Keep a status."""
        await self._on(registry.save_status, status, self._clock.unchecked())

    async def rule(self, ruling: StoredRuling) -> None:
        """Keep a ruling."""
        await self._on(duties.rule, ruling)

    async def unrule(self, ruling: StoredRuling) -> None:
        """Forget a ruling."""
        await self._on(duties.unrule, ruling)

    async def rulings(self, kind: RulingKind, collection: str | None = None, ids: Sequence[str] | None = None) -> Sequence[StoredRuling]:
        """The rulings of a kind, oldest first."""
        return await self._on(duties.rulings, kind, collection, ids)

    async def lease(self, name: str, holder: str, until: int) -> bool:
        """Take or keep a lease."""
        return await self._on(duties.lease, name, holder, until, self._clock.unchecked())

    async def seal(self, chain: str, record: bytes) -> None:
        """Put a record at the end of a chain."""
        await self._on(chains.append, chain, record)

    async def adopt(self, document: bytes, digest: str) -> int:
        """Put an alliance in force."""
        return await self._on(registry.adopt, document, digest)

    async def add_token(self, token: StoredToken) -> None:
        """Keep a token."""
        await self._on(registry.add_token, token)

    async def revoke_token(self, token_id: str, at: int) -> bool:
        """Mark a token revoked."""
        return await self._on(registry.revoke_token, token_id, at)

    async def _in(self, collection: str, work: Callable[Concatenate[apsw.Connection, int, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        def in_collection(connection: apsw.Connection) -> T:
            if collection not in self._collections:
                self._collections[collection] = number_of(connection, collection, only_reads=self._only_reads)
            return work(connection, self._collections[collection], *args, **kwargs)

        return await self._on(in_collection)

    async def _on(self, work: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        def in_transaction() -> T:
            if not self._connection.in_transaction:  # SQLite ends it by itself on a full disk: nothing may be written outside it then
                raise StoreUnavailable("the transaction is over")
            return work(self._connection, *args, **kwargs)

        return await self._thread.run(in_transaction)
