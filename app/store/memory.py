"""The reference store: everything in memory, each sentence of the contract in its plainest form. Other stores must agree with it.

A transaction works on a copy of the state that takes the former's place when it ends well; whoever reads meanwhile reads the former.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from app.errors import StoreUnavailable
from app.stix.handling import HandlingLabel
from app.store.contract import (
    Amendment,
    Arrival,
    Behind,
    InForce,
    Page,
    RulingKind,
    Selection,
    StoredRuling,
    StoredStatus,
    StoredToken,
    StoredVersion,
    Transaction,
)
from app.store.dates import ATTEMPTS, Dating, TrustedClock
from app.store.memory_pages import read_page
from app.store.memory_records import Chains, MemoryRecords, append
from app.store.pins import AWAITED, Contribution, Job, Pin

T = TypeVar("T")


class _Label(NamedTuple):
    """A label with the organisation it was made for, and when."""

    label: HandlingLabel
    organisation: str
    made: int


@dataclass(slots=True)
class _Collection:
    """Rows by number, with their bytes and pins; labels in the order of their numbers, which begin at 1; the newest date given."""

    rows: dict[int, StoredVersion] = field(default_factory=dict[int, StoredVersion])
    raws: dict[int, bytes] = field(default_factory=dict[int, bytes])
    pins: dict[int, frozenset[Pin]] = field(default_factory=dict[int, frozenset[Pin]])
    labels: list[_Label] = field(default_factory=list[_Label])
    newest: int = 0

    def copy(self) -> "_Collection":
        return _Collection(dict(self.rows), dict(self.raws), dict(self.pins), list(self.labels), self.newest)

    def pinning(self, target: Contribution) -> Iterator[tuple[int, frozenset[int]]]:
        """Rows with a pin on a contribution, and the labels of these pins."""
        for row, pins in self.pins.items():
            labels = frozenset(pin.label for pin in pins if (pin.target, pin.contributor) == target)
            if labels:
                yield row, labels

    def labels_above(self, mark: int) -> tuple[tuple[int, HandlingLabel], ...]:
        return tuple((number, each.label) for number, each in enumerate(self.labels, 1) if number > mark)


_Ruled = tuple[RulingKind, str, str, str, int]
"""What a ruling is on: its kind, collection, object id, contributor and row."""


@dataclass(slots=True)
class _State:
    """All that is stored. Values are frozen, so copying the tables is enough."""

    collections: dict[str, _Collection] = field(default_factory=dict[str, _Collection])
    last_row: int = 0
    in_force: InForce | None = None
    statuses: dict[str, StoredStatus] = field(default_factory=dict[str, StoredStatus])
    tokens: dict[str, StoredToken] = field(default_factory=dict[str, StoredToken])
    rulings: dict[_Ruled, StoredRuling] = field(default_factory=dict[_Ruled, StoredRuling])
    leases: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    jobs: dict[Job, None] = field(default_factory=dict[Job, None])
    chains: Chains = field(default_factory=Chains)

    @property
    def epoch(self) -> int:
        return 0 if self.in_force is None else self.in_force.epoch

    def copy(self) -> "_State":
        collections = {key: collection.copy() for key, collection in self.collections.items()}
        return _State(
            collections,
            self.last_row,
            self.in_force,
            dict(self.statuses),
            dict(self.tokens),
            dict(self.rulings),
            dict(self.leases),
            dict(self.jobs),
            {name: list(records) for name, records in self.chains.items()},
        )


class MemoryStore(MemoryRecords):
    """The contract in memory. `app.store.contract.Store` says what each method means."""

    shared = False

    def __init__(self, clock: TrustedClock) -> None:
        super().__init__(clock)
        self._state = _State()
        self._lock = asyncio.Lock()
        self._is_open = True

    async def page(self, selection: Selection) -> Page | Behind:
        """The page, or what the clearance lacks."""
        collection = self._state.collections.get(selection.collection, _Collection())
        if self._state.epoch != selection.epoch or len(collection.labels) > selection.mark:
            return Behind(self._state.epoch, collection.labels_above(selection.mark))
        return read_page(collection.rows.values(), collection.raws, collection.pins, selection)

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], weight: int = 1) -> T:
        """Run `work` in one transaction and commit."""
        async with self._lock:
            for attempt in range(ATTEMPTS):
                state, dating = self._state.copy(), Dating(self._clock, weight, attempt)
                result = await work(MemoryTransaction(state, self._clock, dating))
                if dating.is_in_time():
                    self._state = state
                    return result
        raise StoreUnavailable("the store is too slow to date what it is sent; send less at once")

    async def examine(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` over the state as it is, and keep nothing."""
        return await work(MemoryTransaction(self._state.copy(), self._clock, Dating(self._clock, 1, 0)))

    async def epoch(self) -> int:
        """The epoch in force."""
        return self._state.epoch

    async def in_force(self) -> InForce | None:
        """The alliance in force."""
        return self._state.in_force

    async def status(self, status_id: str) -> StoredStatus | None:
        """A status whose time is not over."""
        found = self._state.statuses.get(status_id)
        return found if found is not None and found.kept_until > self._clock.unchecked() else None

    async def token(self, digest: str) -> StoredToken | None:
        """The token with this digest."""
        return next((token for token in self._state.tokens.values() if token.digest == digest), None)

    async def tokens(self) -> Sequence[StoredToken]:
        """All tokens, oldest first."""
        return sorted(self._state.tokens.values(), key=lambda token: token.created)

    async def touch_tokens(self, used: Mapping[str, int]) -> None:
        """Set the last use of tokens."""
        async with self._lock:
            tokens = self._state.tokens
            tokens.update(
                {name: tokens[name]._replace(last_used=max(at, tokens[name].last_used)) for name, at in used.items() if name in tokens}
            )

    async def count(self, collection: str) -> int:
        """How many rows a collection holds, tombstones apart."""
        return sum(not row.deleted for row in self._state.collections.get(collection, _Collection()).rows.values())

    async def ready(self) -> bool:
        """Whether the store is open."""
        return self._is_open

    async def faults(self) -> Sequence[str]:
        """Nothing: no file, no index and no count is kept beside the rows."""
        return ()

    async def close(self) -> None:
        """Finish running writes."""
        async with self._lock:
            self._is_open = False

    def _all_chains(self) -> Chains:
        return {**self._state.chains, **super()._all_chains()}


class MemoryTransaction:
    """A write on a copy of the state. `app.store.contract.Transaction` says what each method means."""

    def __init__(self, state: _State, clock: TrustedClock, dating: Dating) -> None:
        self._state = state
        self._clock = clock
        self._dating = dating

    async def epoch(self) -> int:
        """The epoch under the write lock."""
        return self._state.epoch

    async def history(self, collection: str, ids: Sequence[str]) -> Mapping[str, Sequence[StoredVersion]]:
        """All rows under each of `ids`."""
        wanted = frozenset(ids)
        found: dict[str, list[StoredVersion]] = {}
        for row in self._in(collection).rows.values():
            if row.object_id in wanted:
                found.setdefault(row.object_id, []).append(row)
        return found

    async def ids(self, collection: str, after: str, limit: int) -> Sequence[str]:
        """The first object ids above `after`."""
        return sorted({row.object_id for row in self._in(collection).rows.values() if row.object_id > after})[:limit]

    async def raw(self, collection: str, rows: Sequence[int]) -> Mapping[int, bytes]:
        """The bytes of rows that are not deleted."""
        raws = self._in(collection).raws
        return {row: raws[row] for row in rows if row in raws}

    async def labels(self, collection: str, above: int = 0) -> Sequence[tuple[int, HandlingLabel]]:
        """The labels numbered above `above`."""
        return self._in(collection).labels_above(above)

    async def intern(self, collection: str, labels: Sequence[HandlingLabel], organisation: str) -> Sequence[int]:
        """The number of each label."""
        kept = self._in(collection)
        for label in dict.fromkeys(labels):
            if label not in (each.label for each in kept.labels):
                kept.labels.append(_Label(label, organisation, self._clock.now(kept.newest)))
        numbers = {each.label: number for number, each in enumerate(kept.labels, 1)}
        return [numbers[label] for label in labels]

    async def labels_made(self, collection: str, organisation: str, since: int) -> int:
        """How many labels were interned for `organisation` since."""
        return sum(each.organisation == organisation and each.made >= since for each in self._in(collection).labels)

    async def labels_in_use(self, collection: str, organisation: str) -> int:
        """How many of its labels are in use."""
        used = await self.label_counts(collection)
        return sum(each.organisation == organisation and number in used for number, each in enumerate(self._in(collection).labels, 1))

    async def label_counts(self, collection: str) -> Mapping[int, int]:
        """How many rows that are not deleted lie under each label number."""
        return Counter(row.label for row in self._in(collection).rows.values() if not row.deleted)

    async def under(self, collection: str, labels: Sequence[int], limit: int, after: int = -1) -> Sequence[StoredVersion]:
        """The first rows later than `after` under these labels."""
        rows = self._in(collection).rows.values()
        found = [row for row in rows if not row.deleted and row.label in labels and row.date_added > after]
        return sorted(found, key=lambda row: row.date_added)[:limit]

    async def dates(self, collection: str, runs: Sequence[int]) -> Sequence[int]:
        """One date_added for each row of all runs."""
        kept = self._in(collection)
        dates = self._dating.give(kept.newest, runs)
        kept.newest = max(dates, default=kept.newest)
        return dates

    async def put(self, collection: str, arrivals: Sequence[Arrival]) -> Sequence[int]:
        """Store new rows; their numbers."""
        kept = self._in(collection)
        rows = range(self._state.last_row + 1, self._state.last_row + 1 + len(arrivals))
        for row, arrival in zip(rows, arrivals, strict=True):
            kept.rows[row] = arrival.stored._replace(row=row)
            if arrival.pins:
                kept.pins[row] = arrival.pins
            kept.newest = max(kept.newest, arrival.stored.date_added)
            if not arrival.stored.deleted:
                kept.raws[row] = arrival.raw
        self._state.last_row += len(arrivals)
        return rows

    async def amend(self, collection: str, amendments: Sequence[Amendment]) -> None:
        """Change stored rows."""
        kept = self._in(collection)
        for amendment in amendments:
            row = amendment.on(kept.rows[amendment.row])
            kept.rows[row.row] = row
            kept.newest = max(kept.newest, row.date_added)
            if row.deleted:
                kept.raws.pop(row.row, None)

    async def pins(self, collection: str, rows: Sequence[int]) -> Mapping[int, frozenset[Pin]]:
        """The pins of rows."""
        kept = self._in(collection).pins
        return {row: kept[row] for row in rows if kept.get(row)}

    async def pin(self, collection: str, pins: Mapping[int, frozenset[Pin]]) -> None:
        """Give stored rows further pins."""
        kept = self._in(collection).pins
        kept.update({row: kept.get(row, frozenset()) | further for row, further in pins.items()})

    async def pinned(self, collection: str, targets: Sequence[Contribution]) -> Mapping[Contribution, frozenset[int]]:
        """The labels under which each contribution is pinned."""
        found = {target: [labels for _, labels in self._in(collection).pinning(target)] for target in targets}
        return {target: frozenset[int]().union(*labels) for target, labels in found.items() if labels}

    async def repin(self, collection: str, target: Contribution, label: int, instead_of: frozenset[int]) -> None:
        """Give every row with a pin on the contribution one under `label`, and take others away."""
        kept = self._in(collection)
        for row, _ in list(kept.pinning(target)):
            kept.pins[row] = kept.pins[row] - {Pin(*target, old) for old in instead_of} | {Pin(*target, label)}
            kept.rows[row] = kept.rows[row]._replace(flagged=kept.rows[row].flagged or kept.rows[row].label != label)

    async def referring(self, collection: str, target: Contribution, label: int, limit: int) -> Mapping[int, str]:
        """The rows of lowest number that have a pin on the contribution under another label."""
        kept = self._in(collection)
        found = sorted(row for row, labels in kept.pinning(target) if labels - {label, AWAITED})
        return {row: kept.rows[row].object_id for row in found[:limit]}

    async def unpin(self, collection: str, target: Contribution, label: int, rows: Sequence[int]) -> None:
        """Take from rows their pins on the contribution under other labels."""
        kept = self._in(collection).pins
        kept.update({row: frozenset(pin for pin in kept[row] if pin[:2] != target or pin.label == label) for row in rows})

    async def add_job(self, job: Job) -> None:
        """Keep a job."""
        self._state.jobs.setdefault(job)

    async def jobs(self) -> Sequence[Job]:
        """All jobs, oldest first."""
        return list(self._state.jobs)

    async def end_job(self, job: Job) -> None:
        """Forget a job."""
        self._state.jobs.pop(job, None)

    async def save_status(self, status: StoredStatus) -> None:
        """Keep a status."""
        now = self._clock.unchecked()
        self._state.statuses = {name: kept for name, kept in self._state.statuses.items() if kept.kept_until > now}
        self._state.statuses[status.id] = status

    async def rule(self, ruling: StoredRuling) -> None:
        """Keep a ruling."""
        self._state.rulings[_ruled(ruling)] = ruling

    async def unrule(self, ruling: StoredRuling) -> None:
        """Forget a ruling."""
        self._state.rulings.pop(_ruled(ruling), None)

    async def rulings(self, kind: RulingKind, collection: str | None = None, ids: Sequence[str] | None = None) -> Sequence[StoredRuling]:
        """The rulings of a kind, oldest first."""
        found = (each for each in self._state.rulings.values() if each.kind is kind)
        chosen = (each for each in found if collection in {None, each.collection} and (ids is None or each.object_id in ids))
        return sorted(chosen, key=lambda each: (each.made, *_ruled(each)))

    async def lease(self, name: str, holder: str, until: int) -> bool:
        """Take or keep a lease."""
        kept, over = self._state.leases.get(name, (holder, 0))
        if kept != holder and over > self._clock.unchecked():
            return False
        self._state.leases[name] = holder, until
        return True

    async def seal(self, chain: str, record: bytes) -> None:
        """Put a record at the end of a chain."""
        append(self._state.chains, chain, record)

    async def adopt(self, document: bytes, digest: str) -> int:
        """Put an alliance in force."""
        self._state.in_force = InForce(self._state.epoch + 1, digest, document)
        return self._state.epoch

    async def add_token(self, token: StoredToken) -> None:
        """Keep a token."""
        self._state.tokens[token.id] = token

    async def revoke_token(self, token_id: str, at: int) -> bool:
        """Mark a token revoked."""
        token = self._state.tokens.get(token_id)
        if token is None or token.revoked:
            return False
        self._state.tokens[token_id] = token._replace(revoked=at)
        return True

    def _in(self, collection: str) -> _Collection:
        return self._state.collections.setdefault(collection, _Collection())


def _ruled(ruling: StoredRuling) -> _Ruled:
    return ruling.kind, ruling.collection, ruling.object_id, ruling.contributor, ruling.row
