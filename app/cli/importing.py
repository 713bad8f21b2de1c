"""Bundles on their way into a collection: as envelopes of a few hundred objects, in an order in which each is understood, through the deed `add`.

The files are read several times, since they may be larger than memory. The first reading is a survey: nothing is sent before every file has proved whole.
Then, over all files together: marking definitions; what refers to nothing; what refers to something. So a marking is known before it is used, and
readers receive an object before what refers to it, as they would from a single envelope.

Identities need more care. An unmarked one that only tells who made an object is open to the readers of the collection, but only if it arrives together
with such an object and nothing else refers to it (then it may be a victim). Cutting a bundle into envelopes must not change what that rule says of
the whole bundle, so an identity travels with the first object that it created, or, if others refer to it, with those that settle the question.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Final

from app.cli.bundles import objects
from app.errors import InvalidObject
from app.stix.decode import decode
from app.stix.references import references

MOST_OBJECTS: Final = 500
"""Of one envelope: its transaction holds up other writers for a fraction of a second."""
MOST_OCTETS: Final = 4 * 1024 * 1024
_FRAME: Final = len(b'{"objects":[]}')


class Turn(IntEnum):
    """When an object is sent."""

    REFUSED = 0
    DEFINITION = 1
    PLAIN = 2
    REFERRING = 3
    IDENTITY = 4
    """Identities have no turn of their own: they travel with others."""


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
    """What the survey found: the turn of each object by its number over all files, and the identities with what they are to each other."""

    turns: bytearray = field(default_factory=bytearray)
    refused: list[Failure] = field(default_factory=list[Failure])
    identities: dict[str, list[Item]] = field(default_factory=dict[str, list[Item]])
    creators: set[str] = field(default_factory=set[str])
    creators_of_identities: set[str] = field(default_factory=set[str])
    referred: set[str] = field(default_factory=set[str])

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
            self.turns.append(self._turn(item, content))

    def _refuse(self, item: Item, message: str) -> None:
        self.turns.append(Turn.REFUSED)
        self.refused.append(Failure(str(item.place), "", message))

    def _turn(self, item: Item, content: dict[str, object]) -> Turn:
        kind, creator, targets = content.get("type"), _creator(content), references(content)
        self.referred.update(target for target in targets if target.startswith("identity--"))
        if kind == "identity":
            self.identities.setdefault(str(content.get("id")), []).append(item)
            self.creators_of_identities.add(creator)
            return Turn.IDENTITY
        self.creators.add(creator)
        if kind == "marking-definition":
            return Turn.DEFINITION
        return Turn.REFERRING if targets else Turn.PLAIN

    def company(self) -> tuple[dict[str, list[Item]], dict[str, list[Item]], list[Item]]:
        """The identities that travel with an object they created, those that travel with one that refers to them, and those that travel alone."""
        with_created: dict[str, list[Item]] = {}
        with_referring: dict[str, list[Item]] = {}
        alone: list[Item] = []
        for identifier, items in self.identities.items():
            is_creator = identifier in self.creators or identifier in self.creators_of_identities
            if identifier in self.referred and identifier in self.creators_of_identities:
                with_referring[identifier] = items
            elif is_creator and identifier not in self.referred:
                with_created[identifier] = items
            else:
                alone += items
        return with_created, with_referring, alone


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
    with_created, with_referring, alone = plan.company()
    packer = _Packer(min(MOST_OCTETS, largest))
    for turn in (Turn.DEFINITION, Turn.PLAIN, Turn.REFERRING):
        if turn in plan.turns:
            for number, item in enumerate(_items(files, seen)):
                if plan.turns[number] == turn:
                    companions = _companions(item, with_created, with_referring) if with_created or with_referring else []
                    yield from packer.pack([*companions, item])
        yield from packer.close()
        if turn is Turn.DEFINITION:
            for item in alone:
                yield from packer.pack([item])
            yield from packer.close()
    for items in with_created.values():  # those that created nothing but identities
        yield from packer.pack(items)
    yield from packer.close()


def readings(plan: Plan) -> int:
    """How often `parcels` reads the files."""
    return sum(turn in plan.turns for turn in (Turn.DEFINITION, Turn.PLAIN, Turn.REFERRING))


def envelope(items: Sequence[Item]) -> bytes:
    """The body that carries these objects, each byte for byte."""
    return b'{"objects":[%b]}' % b",".join(item.raw for item in items)


class _Packer:
    """Collects objects until an envelope is full. What must travel together is packed at once."""

    def __init__(self, most_octets: int) -> None:
        self._most_octets = most_octets
        self._items: list[Item] = []
        self._octets = _FRAME

    def pack(self, items: Sequence[Item]) -> Iterator[list[Item]]:
        """Add objects; yields the envelope that was full before."""
        octets = sum(len(item.raw) + 1 for item in items)
        if self._octets + octets > self._most_octets or len(self._items) + len(items) > MOST_OBJECTS:
            yield from self.close()
        self._items += items
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


def _companions(item: Item, with_created: dict[str, list[Item]], with_referring: dict[str, list[Item]]) -> list[Item]:
    content = decode(item.raw)
    found = with_created.pop(_creator(content), [])
    for target in references(content) & with_referring.keys():
        found = [*found, *with_referring.pop(target)]
    return found


def _creator(content: Mapping[str, object]) -> str:
    creator = content.get("created_by_ref")
    return creator if isinstance(creator, str) else ""
