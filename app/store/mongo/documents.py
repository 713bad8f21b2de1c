"""What lies in the database: its collections, as documents of known shape.

* `counter` holds one document for each collection (and for the chain of administration): whoever writes there writes it first, so that writers of one
  collection conflict, and wait for each other. Two more count row numbers and epochs.
* `version` is all that is known of a version but its bytes; those lie in `content`, with what an entry names, so that a change of labels moves no bytes.
* `lane` sums up the versions that are read together: those of one collection that stand alike, under one label. A poll looks into lanes with news alone.
* `batch` is a record of the chain of deliveries together with what it seals: one document, so that it is written whole or not at all.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NotRequired, TypedDict, cast

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

ROWS: Final = "rows"
"""The highest row number that was given."""
EPOCH: Final = "epoch"
"""The epoch in force."""
SCHEMA: Final = "schema"
"""The version of what lies here; also tells whose database this is."""
COPY: Final = "copy"
"""In the place of `SCHEMA` as long as a copy is not finished: no release takes the database for a store."""


COLLECTIONS: Final = {"_id": {"$gte": "of:", "$lt": "of;"}}
"""The condition on the counters of collections and chains, whatever their names."""


def counter_of(name: str) -> str:
    """The `_id` of the counters of a collection or chain."""
    return f"of:{name}"


class CounterDocument(TypedDict):
    """Of a collection: its highest label number, its newest date, how many rows it holds, the end of its chain. `turn` and `at` change with every write."""

    _id: str
    name: str
    turn: int
    at: NotRequired[datetime]
    labels: int
    newest: int
    held: int
    number: int
    seal: bytes


class TotalDocument(TypedDict):
    """What is counted over all collections."""

    _id: str
    value: int


class MarkDocument(TypedDict):
    """What a copy that is not finished says of itself (app/store/moving.py), and the version of what lies here; no `mark`: it has not begun."""

    _id: str
    value: int
    mark: NotRequired[str]


class PinDocument(TypedDict):
    """A pin; always written in this order, since equal means byte by byte."""

    target: str
    contributor: str
    label: int


class VersionDocument(TypedDict):
    """A stored version; `_id` is its row, `lane` where it stands (None: deleted), `size` the length of its bytes. Without pins, `pins` is absent."""

    _id: int
    collection: str
    object_id: str
    object_type: str
    contributor: str
    rank: int
    version: str
    key: str
    date_added: int
    own: int
    label: int
    state: str
    digest: bytes
    deleted: bool
    last: bool
    flagged: bool
    source: str
    lane: int | None
    size: int
    pins: NotRequired[list[PinDocument]]


class ContentDocument(TypedDict):
    """What an entry of a page holds and no write changes; it goes when its version is deleted."""

    _id: int
    collection: str
    object_id: str
    version: str
    contributor: str
    raw: NotRequired[bytes]


class LaneDocument(TypedDict):
    """`newest` is never below the newest date in the lane; `held` counts its versions."""

    _id: str
    collection: str
    lane: int
    label: int
    newest: int
    held: int


class LabelDocument(TypedDict):
    """A label by its number, whom it was made for, and when."""

    collection: str
    number: int
    text: str
    organisation: str
    made: int


class SealedDocument(TypedDict):
    """A record in its chain."""

    chain: str
    number: int
    record: bytes
    seal: bytes


class DeliveryDocument(TypedDict):
    """A delivery: its first row, and the steps from one to the next (app/audit/deliveries.py)."""

    client: str
    collection: str
    epoch: int
    at: int
    first: int
    steps: bytes


class StretchDocument(TypedDict):
    """Rows that lie close together in a delivery (app/store/stretches.py)."""

    collection: str
    size: int
    last: int
    first: int


class BatchDocument(TypedDict):
    """Deliveries that were made durable together, numbered from `first` to `last`; `highest` is the highest row of this batch and of all before it."""

    _id: int
    seal: bytes
    first: int
    last: int
    highest: int
    deliveries: list[DeliveryDocument]
    stretches: list[StretchDocument]


class AllianceDocument(TypedDict):
    """The alliance in force; `_id` is its epoch."""

    _id: int
    digest: str
    document: bytes


class StatusDocument(TypedDict):
    """A status."""

    _id: str
    root: str
    client: str
    organisation: str
    document: bytes
    kept_until: int


class TokenDocument(TypedDict):
    """A token."""

    id: str
    client: str
    digest: str
    created: int
    expires: int
    last_used: int
    revoked: int


class RulingDocument(TypedDict):
    """A ruling."""

    kind: str
    collection: str
    object_id: str
    contributor: str
    row: int
    reason: str
    client: str
    made: int
    until: int


class LeaseDocument(TypedDict):
    """A lease, by its name."""

    _id: str
    holder: str
    until: int


class JobDocument(TypedDict):
    """A job, and when it was left."""

    collection: str
    target: str
    contributor: str
    made: int


class WriterDocument(TypedDict):
    """A process that writes: the sessions in which it does, and when it last said that it lives, by the database's clock."""

    _id: str
    sessions: list[bytes]
    seen: datetime


class PollDocument(TypedDict):
    """What was heard of a client in a collection."""

    client: str
    collection: str
    at: int
    from_start: int
    position: int
    objects: int


class RefusalDocument(TypedDict):
    """What a client was refused within a minute."""

    minute: int
    client: str
    request: str
    status: int
    count: int


Database = AsyncDatabase[dict[str, Any]]
"""Documents come as the driver makes them; `Documents` says what they are."""


@dataclass(frozen=True, slots=True)
class Documents:
    """The collections of one database."""

    counters: AsyncCollection[CounterDocument]
    totals: AsyncCollection[TotalDocument]
    marks: AsyncCollection[MarkDocument]
    versions: AsyncCollection[VersionDocument]
    contents: AsyncCollection[ContentDocument]
    lanes: AsyncCollection[LaneDocument]
    labels: AsyncCollection[LabelDocument]
    sealed: AsyncCollection[SealedDocument]
    batches: AsyncCollection[BatchDocument]
    alliances: AsyncCollection[AllianceDocument]
    statuses: AsyncCollection[StatusDocument]
    tokens: AsyncCollection[TokenDocument]
    rulings: AsyncCollection[RulingDocument]
    leases: AsyncCollection[LeaseDocument]
    jobs: AsyncCollection[JobDocument]
    writers: AsyncCollection[WriterDocument]
    polls: AsyncCollection[PollDocument]
    refusals: AsyncCollection[RefusalDocument]


def documents_of(database: Database) -> Documents:
    """The collections of a database, by their names."""
    return Documents(
        counters=cast("AsyncCollection[CounterDocument]", database["counter"]),
        totals=cast("AsyncCollection[TotalDocument]", database["counter"]),
        marks=cast("AsyncCollection[MarkDocument]", database["counter"]),
        versions=cast("AsyncCollection[VersionDocument]", database["version"]),
        contents=cast("AsyncCollection[ContentDocument]", database["content"]),
        lanes=cast("AsyncCollection[LaneDocument]", database["lane"]),
        labels=cast("AsyncCollection[LabelDocument]", database["label"]),
        sealed=cast("AsyncCollection[SealedDocument]", database["sealed"]),
        batches=cast("AsyncCollection[BatchDocument]", database["batch"]),
        alliances=cast("AsyncCollection[AllianceDocument]", database["alliance"]),
        statuses=cast("AsyncCollection[StatusDocument]", database["status"]),
        tokens=cast("AsyncCollection[TokenDocument]", database["token"]),
        rulings=cast("AsyncCollection[RulingDocument]", database["ruling"]),
        leases=cast("AsyncCollection[LeaseDocument]", database["lease"]),
        jobs=cast("AsyncCollection[JobDocument]", database["job"]),
        writers=cast("AsyncCollection[WriterDocument]", database["writer"]),
        polls=cast("AsyncCollection[PollDocument]", database["poll"]),
        refusals=cast("AsyncCollection[RefusalDocument]", database["refusal"]),
    )
