"""Deliveries: which rows left for which client, as small as they can be kept, and as the bytes that a chain seals (DESIGN 8).

Rows of a page lie close together, so they are kept as steps from one to the next, in the smallest width that holds the largest step; a page of a full
sync is then mostly ones, which deflate to almost nothing. Reading them back runs at the speed of C: ten million are looked through in a moment.
"""

import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import sub
from typing import Final, NamedTuple

from isal import isal_zlib

DELIVERIES: Final = "deliveries"
"""The chain of all deliveries. Its records are batches: what was made durable together is sealed together."""

_WIDTHS: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}
_DEFLATED: Final = 0x80
_WORTH_DEFLATING: Final = 64
"""Octets: below, deflating costs more than it saves."""


class Delivery(NamedTuple):
    """One page of objects that left for one client: which rows of which collection, when (µs since 1970), under which epoch. "" is the public."""

    client: str
    collection: str
    epoch: int
    at: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery that is on record, with its number: later ones have higher numbers."""

    number: int
    delivery: Delivery


def pack(rows: Sequence[int]) -> bytes:
    """Ascending rows, as steps after the first one, which is kept beside them."""
    steps = list(map(sub, rows[1:], rows))
    width = next(width for width in _WIDTHS if max(steps, default=0) < 1 << 8 * width)
    body = _little_endian(array(_WIDTHS[width], steps)).tobytes()
    if len(body) >= _WORTH_DEFLATING and len(smaller := isal_zlib.compress(body, 1)) < len(body):
        return bytes((width | _DEFLATED,)) + smaller
    return bytes((width,)) + body


def unpack(first: int, packed: bytes) -> Iterator[int]:
    """The rows again, ascending. Raises KeyError, ValueError or zlib.error for what `pack` did not make."""
    body = zlib.decompress(packed[1:]) if packed[0] & _DEFLATED else packed[1:]
    steps: array[int] = array(_WIDTHS[packed[0] & ~_DEFLATED])
    steps.frombytes(body)
    return accumulate(_little_endian(steps), initial=first)


def batch_record(deliveries: Iterable[Delivery]) -> bytes:
    """What is sealed of deliveries that were made durable together: their fields, each preceded by its length, so that nothing reads two ways."""
    return b"".join(_sized(part) for each in deliveries for part in _parts(each))


def _parts(delivery: Delivery) -> Iterator[bytes]:
    yield delivery.client.encode()
    yield delivery.collection.encode()
    yield b"%d %d" % (delivery.epoch, delivery.at)
    yield _little_endian(array("Q", delivery.rows)).tobytes()


def _sized(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def _little_endian(values: "array[int]") -> "array[int]":
    """The same on every machine."""
    if sys.byteorder == "big":
        values.byteswap()
    return values
