"""The transaction as deeds see it: each method is one or a few visits to the database, in one session and one snapshot."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from app.stix.handling import HandlingLabel
from app.store.contract import Amendment, Arrival, RulingKind, StoredRuling, StoredStatus, StoredToken, StoredVersion
from app.store.mongo import chains, duties, registry
from app.store.mongo import labels as labelling
from app.store.mongo import pins as pinning
from app.store.mongo import rows as storing
from app.store.mongo.scope import Scope
from app.store.pins import Contribution, Job, Pin

P = ParamSpec("P")
T = TypeVar("T")


class MongoTransaction:
    """A write in progress, until its store ends it. `app.store.contract.Transaction` says what each method means."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def epoch(self) -> int:
        """The epoch under the write lock."""
        return await self._run(registry.epoch_held)

    async def history(self, collection: str, ids: Sequence[str]) -> Mapping[str, Sequence[StoredVersion]]:
        """All rows under each of `ids`."""
        return await self._run(storing.history, collection, ids)

    async def ids(self, collection: str, after: str, limit: int) -> Sequence[str]:
        """The first object ids above `after`."""
        return await self._run(storing.ids, collection, after, limit)

    async def raw(self, collection: str, rows: Sequence[int]) -> Mapping[int, bytes]:
        """The bytes of rows that are not deleted."""
        return await self._run(storing.raw, collection, rows)

    async def labels(self, collection: str, above: int = 0) -> Sequence[tuple[int, HandlingLabel]]:
        """The labels numbered above `above`."""
        return await self._run(labelling.known, collection, above)

    async def intern(self, collection: str, labels: Sequence[HandlingLabel], organisation: str) -> Sequence[int]:
        """The number of each label."""
        return await self._run(labelling.intern, collection, labels, organisation)

    async def labels_made(self, collection: str, organisation: str, since: int) -> int:
        """How many labels were interned for `organisation` since."""
        return await self._run(labelling.made, collection, organisation, since)

    async def labels_in_use(self, collection: str, organisation: str) -> int:
        """How many of its labels are in use."""
        return await self._run(labelling.in_use, collection, organisation)

    async def label_counts(self, collection: str) -> Mapping[int, int]:
        """How many rows that are not deleted lie under each label number."""
        return await self._run(labelling.counts, collection)

    async def under(self, collection: str, labels: Sequence[int], limit: int, after: int = -1) -> Sequence[StoredVersion]:
        """The first rows later than `after` under these labels."""
        return await self._run(storing.under, collection, labels, limit, after)

    async def dates(self, collection: str, runs: Sequence[int]) -> Sequence[int]:
        """One date_added for each row of all runs."""
        return await self._run(labelling.give_dates, collection, runs)

    async def put(self, collection: str, arrivals: Sequence[Arrival]) -> Sequence[int]:
        """Store new rows; their numbers."""
        return await self._run(storing.put, collection, arrivals)

    async def amend(self, collection: str, amendments: Sequence[Amendment]) -> None:
        """Change stored rows."""
        await self._run(storing.amend, collection, amendments)

    async def pins(self, collection: str, rows: Sequence[int]) -> Mapping[int, frozenset[Pin]]:
        """The pins of rows."""
        return await self._run(pinning.of_rows, collection, rows)

    async def pin(self, collection: str, pins: Mapping[int, frozenset[Pin]]) -> None:
        """Give stored rows further pins."""
        await self._run(pinning.add_pins, collection, pins)

    async def pinned(self, collection: str, targets: Sequence[Contribution]) -> Mapping[Contribution, frozenset[int]]:
        """The labels under which each contribution is pinned."""
        return await self._run(pinning.pinned, collection, targets)

    async def repin(self, collection: str, target: Contribution, label: int, instead_of: frozenset[int]) -> None:
        """Give every row with a pin on the contribution one under `label`, and take others away."""
        await self._run(pinning.repin, collection, target, label, instead_of)

    async def referring(self, collection: str, target: Contribution, label: int, limit: int) -> Mapping[int, str]:
        """The rows of lowest number that have a pin on the contribution under another label."""
        return await self._run(pinning.referring, collection, target, label, limit)

    async def unpin(self, collection: str, target: Contribution, label: int, rows: Sequence[int]) -> None:
        """Take from rows their pins on the contribution under other labels."""
        await self._run(pinning.unpin, collection, target, label, rows)

    async def add_job(self, job: Job) -> None:
        """Keep a job."""
        await self._run(duties.add_job, job)

    async def jobs(self) -> Sequence[Job]:
        """All jobs, oldest first."""
        return await self._run(duties.jobs)

    async def end_job(self, job: Job) -> None:
        """Forget a job."""
        await self._run(duties.end_job, job)

    async def save_status(self, status: StoredStatus) -> None:
        """Keep a status."""
        await self._run(registry.save_status, status)

    async def rule(self, ruling: StoredRuling) -> None:
        """Keep a ruling."""
        await self._run(duties.rule, ruling)

    async def unrule(self, ruling: StoredRuling) -> None:
        """Forget a ruling."""
        await self._run(duties.unrule, ruling)

    async def rulings(self, kind: RulingKind, collection: str | None = None, ids: Sequence[str] | None = None) -> Sequence[StoredRuling]:
        """The rulings of a kind, oldest first."""
        return await self._run(duties.rulings, kind, collection, ids)

    async def lease(self, name: str, holder: str, until: int) -> bool:
        """Take or keep a lease."""
        return await self._run(duties.lease, name, holder, until)

    async def seal(self, chain: str, record: bytes) -> None:
        """Put a record at the end of a chain."""
        await self._run(chains.append, chain, record)

    async def adopt(self, document: bytes, digest: str) -> int:
        """Put an alliance in force."""
        return await self._run(registry.adopt, document, digest)

    async def add_token(self, token: StoredToken) -> None:
        """Keep a token."""
        await self._run(registry.add_token, token)

    async def revoke_token(self, token_id: str, at: int) -> bool:
        """Mark a token revoked."""
        return await self._run(registry.revoke_token, token_id, at)

    async def _run(self, work: Callable[Concatenate[Scope, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        self._scope.require_open()
        return await work(self._scope, *args, **kwargs)
