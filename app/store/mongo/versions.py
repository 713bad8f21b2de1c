"""Versions as documents, and back."""

from collections.abc import Iterable

from app.stix.handling import State
from app.store.contract import Arrival, StoredVersion
from app.store.mongo.documents import ContentDocument, PinDocument, VersionDocument
from app.store.mongo.lanes import lane_of
from app.store.pins import Pin


def pin_of(document: PinDocument) -> Pin:
    """A pin as it is kept."""
    return Pin(document["target"], document["contributor"], document["label"])


def pin_documents(pins: Iterable[Pin]) -> list[PinDocument]:
    """The inverse, in an order of their own."""
    return [PinDocument(target=pin.target, contributor=pin.contributor, label=pin.label) for pin in sorted(pins)]


def stored_of(document: VersionDocument) -> StoredVersion:
    """A version as it is kept."""
    return StoredVersion(
        row=document["_id"],
        object_id=document["object_id"],
        object_type=document["object_type"],
        contributor=document["contributor"],
        rank=document["rank"],
        version=document["version"],
        key=document["key"],
        date_added=document["date_added"],
        own=document["own"],
        label=document["label"],
        state=State(document["state"]),
        digest=document["digest"],
        deleted=document["deleted"],
        last=document["last"],
        flagged=document["flagged"],
        source=document["source"],
    )


def version_document(row: int, collection: str, arrival: Arrival) -> VersionDocument:
    """What is kept of an arrival, but for its bytes."""
    stored = arrival.stored
    document = VersionDocument(
        _id=row,
        collection=collection,
        object_id=stored.object_id,
        object_type=stored.object_type,
        contributor=stored.contributor,
        rank=stored.rank,
        version=stored.version,
        key=stored.key,
        date_added=stored.date_added,
        own=stored.own,
        label=stored.label,
        state=stored.state.value,
        digest=stored.digest,
        deleted=stored.deleted,
        last=stored.last,
        flagged=stored.flagged,
        source=stored.source,
        lane=lane_of(stored),
        size=len(arrival.raw),
    )
    if arrival.pins:
        document["pins"] = pin_documents(arrival.pins)
    return document


def content_document(row: int, collection: str, arrival: Arrival) -> ContentDocument:
    """What an entry of a page will hold."""
    stored = arrival.stored
    return ContentDocument(
        _id=row, collection=collection, object_id=stored.object_id, version=stored.version, contributor=stored.contributor, raw=arrival.raw
    )


def standing(row: StoredVersion) -> dict[str, object]:
    """All that an amendment can change."""
    return {
        "label": row.label,
        "own": row.own,
        "state": row.state.value,
        "last": row.last,
        "flagged": row.flagged,
        "date_added": row.date_added,
        "deleted": row.deleted,
        "rank": row.rank,
        "lane": lane_of(row),
    }
