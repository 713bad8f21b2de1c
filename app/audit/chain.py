"""Sealed chains: each record is bound to the one before it, so that a change, a gap or another order shows (DESIGN 8).

A chain is a sequence of records numbered from 1. The seal of a record is SHA-256 over the seal before it, its number and its bytes; the first is bound
to the chain's name. A chain alone cannot show that its end was cut off: a checkpoint that was kept elsewhere can.
Pure: where records are kept, and who signs checkpoints, is not known here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

NUMBER_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record in its place: its number, its bytes, and the seal over both and all before."""

    number: int
    record: bytes
    seal: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: the number and seal of its newest record; number 0 and the chain's own seal if it is empty."""

    number: int
    seal: bytes


def empty(chain: str) -> Head:
    """The head of a chain without records."""
    return Head(0, sha256(b"legation audit chain\0" + chain.encode()).digest())


def seal(head: Head, record: bytes) -> Sealed:
    """The next record of the chain that ends at `head`."""
    number = head.number + 1
    return Sealed(number, record, sha256(head.seal + number.to_bytes(NUMBER_BYTES, "big") + record).digest())


class Inspection:
    """Walks along one chain, record by record in portions of any size, and tells what is wrong with it.

    After a fault it goes on from the record as it stands, so that each fault is told once. `known`: number → seal, from checkpoints kept elsewhere.
    """

    def __init__(self, chain: str, known: Mapping[int, bytes]) -> None:
        self.head = empty(chain)
        self.records = 0
        self._known = known

    def take(self, records: Iterable[Sealed]) -> Iterator[str]:
        """The faults of the next records."""
        for each in records:
            self.records += 1
            if each.number != self.head.number + 1:
                yield _gap(self.head.number, each.number)
            elif seal(self.head, each.record).seal != each.seal:
                yield f"record {each.number} was changed, or is not the one that was sealed here"
            if self._known.get(each.number, each.seal) != each.seal:
                yield f"record {each.number} is not the one that the checkpoint names"
            self.head = Head(each.number, each.seal)

    def end(self) -> Iterator[str]:
        """The faults that show only when there are no more records."""
        for number in sorted(number for number in self._known if number > self.head.number):
            yield f"ends at record {self.head.number}, but the checkpoint names record {number}: the end was cut off"


def faults(chain: str, records: Iterable[Sealed], known: Mapping[int, bytes]) -> Iterator[str]:
    """What is wrong with a whole chain, in its order; nothing if it is whole."""
    inspection = Inspection(chain, known)
    yield from inspection.take(records)
    yield from inspection.end()


def _gap(last: int, found: int) -> str:
    if found <= last:
        return f"record {found} stands after record {last}: records were inserted or put in another order"
    if found == last + 2:
        return f"record {last + 1} is missing"
    return f"records {last + 1} to {found - 1} are missing"
