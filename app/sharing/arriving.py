"""What arrives: the objects of an envelope, read one by one by the rules of STIX alone, before anything stored is looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from app.errors import InvalidObject
from app.sharing.door import Visit
from app.sharing.turns import in_turns
from app.stix.markings import marking_refs
from app.stix.objects import Limits, StixObject, read_object


class Arriving(NamedTuple):
    """The object at `position` of the envelope, the different markings on it and its parts, and the fingerprint of its content."""

    position: int
    object: StixObject
    markings: tuple[str, ...]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Posting:
    """An envelope that was read: its objects, and what could not be read, by its place."""

    requested: datetime
    objects: list[Arriving] = field(default_factory=list[Arriving])
    unread: dict[int, InvalidObject] = field(default_factory=dict[int, InvalidObject])

    @property
    def weight(self) -> int:
        """How much it is to write, in objects: ten references cost about as much as one (for the margin of its dates)."""
        return len(self.objects) + len(self.unread) + sum(len(each.object.references) for each in self.objects) // 10

    @property
    def ids(self) -> Iterator[str]:
        """Every id that the write has to look at: what arrives, what it refers to, what it is marked with."""
        for each in self.objects:
            yield each.object.id
            yield from each.object.references
            yield from each.markings


async def read_posting(pieces: Sequence[bytes], visit: Visit, limits: Limits) -> Posting:
    """Read every object; a fault in one is its own."""
    posting = Posting(visit.now)
    allow_custom = visit.collection.custom == "allow"
    async for index, piece in in_turns(enumerate(pieces)):
        try:
            read = read_object(piece, visit.now, limits, allow_custom)
        except InvalidObject as error:
            posting.unread[index] = error
        else:
            posting.objects.append(Arriving(index, read, tuple(dict.fromkeys(marking_refs(read.content))), read.fingerprint))
    return posting
