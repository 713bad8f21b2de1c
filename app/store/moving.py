"""Moving: what a store holds, piece by piece, in a form in which no engine has a say; one store tells it, another keeps it (decision 24).

All that means something travels: row and label numbers, dates, standing, pins, seals. What an engine makes of it (lanes, page indexes, counts, the stretches
of deliveries) is made anew by the one that keeps it. Leases stay behind: they say which process does something now, and none does at the copy.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final, Protocol, TypeAlias

from app.audit.chain import Head, Sealed
from app.store.contract import Arrival, InForce, StoredRuling, StoredStatus, StoredToken
from app.store.pins import Job
from app.store.records import Batch, Poll, Refusal

PIECES_AT_ONCE: Final = 500
"""Of one portion: one visit to the disk, or one transaction of a database."""
OCTETS_AT_ONCE: Final = 4 * 1024 * 1024
"""After which a portion ends, whatever the number of its pieces: so a copy takes the same memory, however much is stored."""
OCTETS_OF_A_ROW: Final = 36
"""What the number of a delivered row takes in memory."""


class Part(StrEnum):
    """What a store holds, in the order in which it is copied."""

    ALLIANCE = "alliance"
    LABELS = "labels"
    VERSIONS = "versions"
    RULINGS = "rulings"
    JOBS = "jobs"
    STATUSES = "statuses"
    TOKENS = "tokens"
    RECORDS = "records"
    BATCHES = "batches"
    """Records of the chain of deliveries, with what they seal."""
    POLLS = "polls"
    REFUSALS = "refusals"


@dataclass(frozen=True, slots=True)
class KeptCollection:
    """A collection in which a label or a date was given: its highest label number, and its newest date. It may hold no rows."""

    key: str
    labels: int
    newest: int


@dataclass(frozen=True, slots=True)
class KeptLabel:
    """A label of a collection as it is kept: its number, its text, the organisation it was made for, and when (µs since 1970)."""

    collection: str
    number: int
    text: str
    organisation: str
    made: int


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version of a collection, its row number given; a tombstone has no bytes."""

    collection: str
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record of a chain other than that of deliveries."""

    chain: str
    sealed: Sealed


Piece: TypeAlias = InForce | KeptLabel | KeptVersion | StoredRuling | Job | StoredStatus | StoredToken | KeptRecord | Batch | Poll | Refusal
Place: TypeAlias = tuple[int | str, ...]
"""Where a source goes on within a part; the empty one is its beginning. What it says else only the source knows."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Pieces of one part, and the place after them; None: nothing follows."""

    pieces: Sequence[Piece]
    after: Place | None


@dataclass(slots=True)
class Gathering:
    """A portion in the making, which takes pieces until it is full."""

    pieces: list[Piece] = field(default_factory=list[Piece])
    after: Place = ()
    octets: int = 0

    @property
    def is_full(self) -> bool:
        """Whether the rest belongs to the next one."""
        return len(self.pieces) >= PIECES_AT_ONCE or self.octets >= OCTETS_AT_ONCE

    def add(self, piece: Piece, place: Place) -> None:
        """Take a piece, and the place after it."""
        self.pieces.append(piece)
        self.after = place
        self.octets += octets_of(piece)

    def portion(self) -> Portion:
        """What was gathered; unless it is full, there was nothing more."""
        return Portion(tuple(self.pieces), self.after if self.is_full else None)


def octets_of(piece: Piece) -> int:
    """About what a piece takes in memory, as far as that may be much."""
    match piece:
        case KeptVersion():
            return len(piece.arrival.raw)
        case InForce() | StoredStatus():
            return len(piece.document)
        case KeptRecord():
            return len(piece.sealed.record)
        case Batch():
            return OCTETS_OF_A_ROW * sum(len(each.delivery.rows) for each in piece.deliveries)
        case _:
            return 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What a copy must agree in with its source, and what changes with whatever is written to a store, best effort apart.

    `rows`: the highest row number that was given; `heads`: where each chain ends; `counts`: how many pieces of each part there are.
    """

    rows: int
    epoch: int
    collections: frozenset[KeptCollection]
    heads: Mapping[str, Head]
    counts: Mapping[Part, int]

    @property
    def pieces(self) -> int:
        """How many there are of all parts."""
        return sum(self.counts.values())

    @property
    def fingerprint(self) -> str:
        """Equal standings, equal text."""
        collections = sorted([each.key, each.labels, each.newest] for each in self.collections)
        heads = {chain: [head.number, head.seal.hex()] for chain, head in self.heads.items()}
        whole = [self.rows, self.epoch, collections, heads, dict(self.counts)]
        return sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Mark:
    """What a destination says of itself until its copy is finished: of what it is one, how that stood, and from where the copy goes on.

    `origin` is the source as it may be shown, `standing` the fingerprint of its standing; no `part`: all pieces are there.
    """

    origin: str
    standing: str
    part: Part | None
    after: Place = ()

    def to_text(self) -> str:
        """The mark as it is kept."""
        return json.dumps([self.origin, self.standing, self.part, self.after])

    @staticmethod
    def from_text(text: str) -> "Mark":
        """The inverse."""
        origin, standing, part, after = json.loads(text)
        return Mark(origin, standing, None if part is None else Part(part), tuple(after))


class Source(Protocol):
    """A store that is told. It was brought up to date as whenever it is opened, and nothing else is written to it."""

    async def standing(self) -> Standing:
        """How it stands now."""
        ...

    async def portion(self, part: Part, after: Place) -> Portion:
        """The next pieces of a part, always in the same order. Raises StoreUnavailable for what cannot be read as it was written."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


class Destination(Protocol):
    """A store in the making. Until it is finished nobody can open it as a store: whoever tries is told what to do."""

    async def mark(self) -> Mark | None:
        """What it says of itself; None before its copy began."""
        ...

    async def begin(self, mark: Mark, standing: Standing) -> None:
        """Put down the mark, the counters of all collections and that of rows, in one transaction."""
        ...

    async def keep(self, part: Part, pieces: Sequence[Piece], mark: Mark) -> None:
        """Keep pieces, and the mark that says what follows them: either both are there, durably, or keeping them again is the same as once."""
        ...

    async def standing(self) -> Standing:
        """How it stands now: counted, not remembered."""
        ...

    async def finish(self, record: bytes) -> None:
        """Seal a record at the end of the chain of administration and take the mark away, in one transaction: it is a store from then on."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...
