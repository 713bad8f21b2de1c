"""Bundles on their way into a collection: as envelopes of a few hundred objects, in an order in which each is understood, through the deed `add`.

The files are read several times, since they may be larger than memory. The first reading is a survey: nothing is sent before every file has proved whole.
Then, over all files together: marking definitions; identities; what refers to nothing; what refers to something. So a marking is known before it is
used, and readers receive an object before what refers to it, as they would from a single envelope.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Final

from app.cli.bundles import objects
from app.errors import InvalidObject
from app.stix.decode import decode
from app.stix.walk import references

MOST_OBJECTS: Final = 500
"""Of one envelope: its transaction holds up other writers for a fraction of a second."""
MOST_OCTETS: Final = 4 * 1024 * 1024
_FRAME: Final = len(b'{"objects":[]}')


class Turn(IntEnum):
    """When an object is sent."""

    REFUSED = 0
    DEFINITION = 1
    IDENTITY = 2
    PLAIN = 3
    REFERRING = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object stands: its file, and its number there, from 1."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"object {self.number} of {self.file}"


@dataclass(frozen=True, slots=True)
class Item:
    """An object on its way."""

    place: Place
    raw: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """An object that was not taken, and why. `object` is its id, or its place if it has none that can be read."""

    object: str
    version: str
    message: str


@dataclass(slots=True)
class Plan:
    """What the survey found: the turn of each object by its number over all files, and what cannot be sent."""

    turns: bytearray = field(default_factory=bytearray)
    refused: list[Failure] = field(default_factory=list[Failure])

    @property
    def sent(self) -> list[Turn]:
        """The turns in which something is sent."""
        return [turn for turn in Turn if turn is not Turn.REFUSED and turn in self.turns]

    def note(self, item: Item, largest: int) -> None:
        """Take in one object; one that cannot be read, or is larger than a whole body may be, is refused here and now."""
        if len(item.raw) > largest - _FRAME:
            self._refuse(item, f"has {len(item.raw)} octets, more than a body may have here")
            return
        try:
            content = decode(item.raw)
        except InvalidObject as error:
            self._refuse(item, str(error))
        else:
            self.turns.append(_turn(content))

    def _refuse(self, item: Item, message: str) -> None:
        self.turns.append(Turn.REFUSED)
        self.refused.append(Failure(str(item.place), "", message))


def survey(files: Sequence[Path], largest: int, seen: Callable[[int], None]) -> Plan:
    """Read all files once. `largest` is how many octets a body may have; `seen` is told how many octets of all files were read.

    Raises MalformedEnvelope if a file is no bundle.
    """
    plan = Plan()
    for item in _items(files, seen):
        plan.note(item, largest)
    return plan


def parcels(files: Sequence[Path], plan: Plan, largest: int, seen: Callable[[int], None]) -> Iterator[list[Item]]:
    """The objects of all files as envelopes, in the order in which they are to be sent."""
    packer = _Packer(min(MOST_OCTETS, largest))
    for turn in plan.sent:
        for number, item in enumerate(_items(files, seen)):
            if plan.turns[number] == turn:
                yield from packer.pack(item)
        yield from packer.close()


def readings(plan: Plan) -> int:
    """How often `parcels` reads the files."""
    return len(plan.sent)


def envelope(items: Sequence[Item]) -> bytes:
    """The body that carries these objects, each byte for byte."""
    return b'{"objects":[%b]}' % b",".join(item.raw for item in items)


class _Packer:
    """Collects objects until an envelope is full."""

    def __init__(self, most_octets: int) -> None:
        self._most_octets = most_octets
        self._items: list[Item] = []
        self._octets = _FRAME

    def pack(self, item: Item) -> Iterator[list[Item]]:
        """Add an object; yields the envelope that was full before."""
        octets = len(item.raw) + 1
        if self._octets + octets > self._most_octets or len(self._items) == MOST_OBJECTS:
            yield from self.close()
        self._items.append(item)
        self._octets += octets

    def close(self) -> Iterator[list[Item]]:
        """Yield what was collected, if anything was."""
        if self._items:
            yield self._items
        self._items, self._octets = [], _FRAME


def _items(files: Sequence[Path], seen: Callable[[int], None]) -> Iterator[Item]:
    before = 0
    for path in files:
        for number, raw in enumerate(objects(path, lambda octets, start=before: seen(start + octets)), start=1):  # type: ignore[misc] # bound now
            yield Item(Place(path.name, number), raw)
        before += path.stat().st_size


def _turn(content: dict[str, object]) -> Turn:
    known = {"marking-definition": Turn.DEFINITION, "identity": Turn.IDENTITY}
    return known.get(str(content.get("type")), Turn.REFERRING if references(content) else Turn.PLAIN)
