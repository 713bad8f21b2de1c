"""Where objects are kept: what every store promises. The docstrings below are the contract; tests/contract/ proves it for each store.

A store compares, it never decides: it is handed the label numbers that a reader may see and returns exactly those rows. What a write means
(contributions, joins of labels, which version is `last`) is decided by app/sharing and arrives here as rows to put and amendments.

Promises:
* A page is read in one snapshot together with the epoch and the highest label number; if the reader's clearance was computed for another epoch,
  or before a label that now exists, the answer is `Behind` and no page (DESIGN 6).
* `transact` is all or nothing and durable when it returns; writers are serial per collection; commit order is the order of date_added.
* date_added is unique and strictly rising per collection, and never earlier than the moment at which its row can be read.
* Row numbers and label numbers are never reused.
* What a transaction seals is in its chain when it is committed, and in no chain otherwise. Records and deliveries are never changed or removed.

What a store may rely on, because writers keep it (app/sharing/threads.py):
* The rows of one contribution that are not deleted differ in `key`.
* Of the published versions of a contribution, whoever may see one may see every newer one that is not deleted: labels join backwards.
* An unflagged row belongs to the only contribution under its id, all versions of that are published, and its pins lie under its own label.
* The pins of a published version, tombstone or not, are among those of every older version of its contribution: what withholds one withholds those too.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import repeat
from typing import NamedTuple, Protocol, TypeVar

from app.stix.handling import HandlingLabel, State
from app.store.pins import Pin, PinTransaction
from app.store.records import RecordStore
from app.taxii.query import Versions

T = TypeVar("T")


class StoredVersion(NamedTuple):
    """One version of one object, as one organisation contributed it to one collection; without its bytes. A tuple, because an envelope makes thousands.

    `row` is 0 until the store has put it. `own` numbers the label it was written with, `label` the effective one, which clearances name.
    Its `state` is that of `label`; that of `own` is how the version stands without a hold or an embargo that came after its publication.
    `rank` orders the contributions under one id for a reader who has none himself: 0 on a version of the registered originator's, else the first
    date_added under which it was published, or, while it waits, was put. `version` is what clients read (literal `modified`, `created`, or the
    first date_added); `key` orders it.
    `last` is set on the newest published, not deleted version of a contribution. `flagged` rows are compared with their siblings when read: their id
    has several contributions, or their contribution a version that is not published, or their pins lie under other labels.
    `source` is the key of the intake collection from which a curator released it. A deleted row is a tombstone: no bytes, all else stays.
    """

    row: int
    object_id: str
    object_type: str
    contributor: str
    rank: int
    version: str
    key: str
    date_added: int
    own: int
    label: int
    state: State
    digest: bytes
    deleted: bool = False
    last: bool = False
    flagged: bool = False
    source: str = ""


class Arrival(NamedTuple):
    """A version to put, with its bytes and its pins."""

    stored: StoredVersion
    raw: bytes
    pins: frozenset[Pin] = frozenset()


class Selection(NamedTuple):
    """What one reader asks of one collection: his clearance as plain numbers, his query, and the size of the page.

    * Visible to him: rows, not deleted, whose `label` is in `numbers`; of those that are flagged and of another contributor than `organisation`, only those
      whose pins all lie under labels in `numbers`, too. The rest is withheld: to him it does not exist, in all that follows.
    * Per object id one contribution: that of `organisation` if it has a visible row or a tombstone whose label is in `numbers`; else that of the
      visible row of lowest `rank`, among equals of the contributor whose name sorts first. So no row that he may not see, nor a tombstone, has a say
      in which of two contributions he is shown. (After an organisation deleted its own it is shown none. A contribution of which every version is
      withheld leaves its place to the next, as a hidden one does: did it keep it, who refers to something hidden would take away what others share
      under the same id.)
    * Of the visible rows of that contribution, `versions` chooses: `last` the highest key, `first` the lowest, `exact` by key, `all` every one; several
      choices are united.
    * Then `ids`, `types`, `after` (date_added strictly later), ascending date_added, `limit`; a page with raw bytes also ends before they exceed
      `budget`, but never without an entry.
    """

    collection: str
    organisation: str
    epoch: int
    mark: int
    numbers: frozenset[int]
    versions: Versions
    limit: int
    after: int | None = None
    ids: frozenset[str] | None = None
    types: frozenset[str] | None = None
    with_raw: bool = True
    with_names: bool = True
    budget: int = 32 * 1024 * 1024


class Entry(NamedTuple):
    """One row of a page.

    `raw` is empty unless the selection asked for it, and so are `object_id`, `version`, `label` (0) and `contributor` without its `with_names`.
    """

    row: int
    object_id: str
    version: str
    date_added: int
    raw: bytes
    label: int
    contributor: str


class Page(NamedTuple):
    """Entries in ascending date_added, column by column, and whether more follow.

    In columns, because the usual page is only joined: an `Entry` for each of a thousand objects costs as much as finding them. `raws` is empty unless the
    selection asked for it, and so are `ids`, `versions`, `labels` and `contributors` without its `with_names`.
    """

    rows: tuple[int, ...] = ()
    dates: tuple[int, ...] = ()
    raws: tuple[bytes, ...] = ()
    ids: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()
    contributors: tuple[str, ...] = ()
    more: bool = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The same row by row."""
        ids, versions, contributors = (column or repeat("") for column in (self.ids, self.versions, self.contributors))
        return tuple(map(Entry, self.rows, ids, versions, self.dates, self.raws or repeat(b""), self.labels or repeat(0), contributors))


@dataclass(frozen=True, slots=True)
class Behind:
    """The clearance does not fit the snapshot: the epoch in force now, and the labels above the mark, ascending."""

    epoch: int
    labels: tuple[tuple[int, HandlingLabel], ...]


@dataclass(frozen=True, slots=True)
class InForce:
    """The alliance in force: its epoch, the SHA-256 of its document, the document."""

    epoch: int
    digest: str
    document: bytes


@dataclass(frozen=True, slots=True)
class StoredStatus:
    """A TAXII status resource with those who may read it. Instants in microseconds since 1970."""

    id: str
    root: str
    client: str
    organisation: str
    document: bytes
    kept_until: int


class StoredToken(NamedTuple):
    """A credential: never the token, only its SHA-256 (hex). Instants in microseconds since 1970; 0 = never."""

    id: str
    client: str
    digest: str
    created: int
    expires: int
    last_used: int = 0
    revoked: int = 0


class RulingKind(StrEnum):
    """What was decided about something that is stored."""

    HOLD = "hold"
    REJECTION = "rejection"
    ERASURE = "erasure"
    RELAY = "relay"
    """Not of a contribution, but of the `contributor` who should have been its only one: `client` tried to send on his TLP:RED, and was refused."""


@dataclass(frozen=True, slots=True)
class StoredRuling:
    """A decision on a contribution (`row` is 0), or on one of its versions: by which client, when, for which reason, until when (µs; 0 = for good).

    What it does to rows is written on them; this is its record.
    """

    kind: RulingKind
    collection: str
    object_id: str
    contributor: str
    row: int
    reason: str
    client: str
    made: int
    until: int = 0


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a later write changes on a stored row; None leaves a thing as it is. `deleted` drops the bytes for good: False does not bring them back."""

    row: int
    label: int | None = None
    own: int | None = None
    state: State | None = None
    last: bool | None = None
    flagged: bool | None = None
    date_added: int | None = None
    deleted: bool | None = None
    rank: int | None = None

    def on(self, stored: StoredVersion) -> StoredVersion:
        """The row as this leaves it."""
        return stored._replace(
            label=stored.label if self.label is None else self.label,
            own=stored.own if self.own is None else self.own,
            state=stored.state if self.state is None else self.state,
            last=stored.last if self.last is None else self.last,
            flagged=stored.flagged if self.flagged is None else self.flagged,
            date_added=stored.date_added if self.date_added is None else self.date_added,
            deleted=stored.deleted or bool(self.deleted),  # what is gone stays gone
            rank=stored.rank if self.rank is None else self.rank,
        )


class Transaction(PinTransaction, Protocol):
    """A write in progress. It sees its own changes. It is worked from one task only, and may be run again from its start."""

    async def epoch(self) -> int:
        """The epoch under the write lock; 0 before the first alliance."""
        ...

    async def history(self, collection: str, ids: Sequence[str]) -> Mapping[str, Sequence[StoredVersion]]:
        """All rows under each of `ids`, of all contributors, tombstones included, ascending `row`. Ids without rows are absent."""
        ...

    async def ids(self, collection: str, after: str, limit: int) -> Sequence[str]:
        """The next ids after `after`, or from the first on (""), tombstones' too: a whole collection in small pieces, each id once, in some order."""
        ...

    async def raw(self, collection: str, rows: Sequence[int]) -> Mapping[int, bytes]:
        """The bytes of rows that are not deleted."""
        ...

    async def labels(self, collection: str, above: int = 0) -> Sequence[tuple[int, HandlingLabel]]:
        """The labels of the collection numbered above `above`, ascending."""
        ...

    async def intern(self, collection: str, labels: Sequence[HandlingLabel], organisation: str) -> Sequence[int]:
        """The number of each label in this collection; new ones get the next numbers, are dated now and counted for `organisation`."""
        ...

    async def labels_made(self, collection: str, organisation: str, since: int) -> int:
        """How many labels were interned for `organisation` at that instant (µs) or later."""
        ...

    async def labels_in_use(self, collection: str, organisation: str) -> int:
        """How many labels interned for `organisation` are the effective label of a row that is not deleted."""
        ...

    async def label_counts(self, collection: str) -> Mapping[int, int]:
        """How many rows that are not deleted lie under each label number. For the operator; never for a client."""
        ...

    async def under(self, collection: str, labels: Sequence[int], limit: int, after: int = -1) -> Sequence[StoredVersion]:
        """The first rows later than `after` that are not deleted and lie under one of these effective labels, ascending date_added."""
        ...

    async def dates(self, collection: str, runs: Sequence[int]) -> Sequence[int]:
        """One date_added for each row of all runs, in order (app/store/dates.py). Each run begins in a millisecond of its own."""
        ...

    async def put(self, collection: str, arrivals: Sequence[Arrival]) -> Sequence[int]:
        """Store new rows, in the order given; returns their row numbers."""
        ...

    async def amend(self, collection: str, amendments: Sequence[Amendment]) -> None:
        """Change stored rows; at most one amendment per row and call."""
        ...

    async def save_status(self, status: StoredStatus) -> None:
        """Keep a status; statuses whose time is over may go."""
        ...

    async def rule(self, ruling: StoredRuling) -> None:
        """Keep a ruling, in place of one of the same kind on the same thing."""
        ...

    async def unrule(self, ruling: StoredRuling) -> None:
        """Forget the ruling of this kind on this thing, if there is one."""
        ...

    async def rulings(self, kind: RulingKind, collection: str | None = None, ids: Sequence[str] | None = None) -> Sequence[StoredRuling]:
        """The rulings of a kind, oldest first: all, those of a collection, those on objects of these ids."""
        ...

    async def lease(self, name: str, holder: str, until: int) -> bool:
        """Take or keep the lease `name` until that instant (µs); False while another holder's time is not over. A past instant gives it back."""
        ...

    async def seal(self, chain: str, record: bytes) -> None:
        """Put a record at the end of a chain (app/audit/chain.py)."""
        ...

    async def adopt(self, document: bytes, digest: str) -> int:
        """Put an alliance in force; returns its epoch, one above the former."""
        ...

    async def add_token(self, token: StoredToken) -> None:
        """Keep a token."""
        ...

    async def revoke_token(self, token_id: str, at: int) -> bool:
        """Mark a token revoked; False if there is none of that id or it was revoked before."""
        ...


class Store(RecordStore, Protocol):
    """A store that is open. All methods may be called from any task of the event loop it was opened on."""

    shared: bool
    """Whether other processes can open the same store (several workers, deeds beside a server)."""

    async def page(self, selection: Selection) -> Page | Behind:
        """The page that the selection describes, or what its clearance lacks."""
        ...

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], weight: int = 1) -> T:
        """Run `work` in one transaction and commit. `weight`: how many objects it handles, for the margin of its dates.

        If the clock passed the first date given before the commit, everything is rolled back and run again with twice the margin.
        Whatever `work` raises rolls back and is raised. Raises StoreUnavailable if the store cannot be written or the clock is not to be trusted.
        """
        ...

    async def examine(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work`, which only reads, in one transaction: it sees one moment, keeps no writer waiting, waits for none and keeps nothing.

        It may be run again from its start. Whatever `work` raises is raised. Raises StoreUnavailable if the store cannot be read.
        """
        ...

    async def epoch(self) -> int:
        """The epoch in force now; 0 before the first alliance. Cheap: every request asks."""
        ...

    async def in_force(self) -> InForce | None:
        """The alliance in force."""
        ...

    async def status(self, status_id: str) -> StoredStatus | None:
        """A status whose time is not over."""
        ...

    async def token(self, digest: str) -> StoredToken | None:
        """The token with this digest, revoked and expired ones included."""
        ...

    async def tokens(self) -> Sequence[StoredToken]:
        """All tokens, oldest first."""
        ...

    async def touch_tokens(self, used: Mapping[str, int]) -> None:
        """Set the last use of tokens, by id (µs). Best effort: it may be lost in a crash."""
        ...

    async def count(self, collection: str) -> int:
        """How many rows a collection holds, tombstones apart. For the operator; never for a client."""
        ...

    async def ready(self) -> bool:
        """Whether the store answers, for readiness probes."""
        ...

    async def faults(self) -> Sequence[str]:
        """What the engine finds wrong by itself, in words: damage to what it wrote, indexes or counts that disagree with the rows.

        It may take long; readers and writers go on meanwhile.
        """
        ...

    async def close(self) -> None:
        """Finish running writes and let go of files and threads."""
        ...
