"""`next`: where a client stands in a collection, and what it had asked for (TAXII 2.1 §3.4, §3.5, App. B).

A cursor is a plain value that the client carries: it needs no server memory, no key and no expiry, and works on any worker.

* It opens nothing: each use is judged anew with the present clearance of whoever sends it, so a forged one is a query like any other.
* It works alone, since it holds the match fields; `app.taxii.query.resolve` folds it into a request that may repeat or change them.
* What it holds comes from what the client sent and saw: a date_added it was shown, fields it asked for.

Text form: base64url without padding of `format version ‖ deflated MessagePack ‖ CRC-32`. Compression keeps a hundred ids in a URL.
"""

import binascii
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Annotated

import msgspec

from app.errors import InvalidCursor, quoted

LAST_MICROS = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z, the latest instant that has a TAXII timestamp, in microseconds since 1970."""

_FORMAT = b"\x01"
_CHECKSUM_LENGTH = 4
_MOST_CHARACTERS = 65_536  # no server takes a longer request line
_MOST_BYTES = 65_536  # inflated; the match fields came through a request line as well
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Versions:
    """What `match[version]` selects of each object (TAXII 2.1 §3.4.1): a union, in which a version counts once.

    `exact` holds `app.stix.timestamps.version_key` values, so that equal instants match whatever their precision.
    """

    last: bool = False
    first: bool = False
    all: bool = False
    exact: frozenset[str] = frozenset()


LATEST = Versions(last=True)
"""What is selected without `match[version]`."""

EVERY = Versions(all=True)
"""All versions: what the versions endpoint lists, and what DELETE without `match[version]` removes."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The date_added of the last entry shown (microseconds since 1970), where that was, and the match fields in force.

    `object_id` is None for the objects and the manifest of a collection, which share one order, and names the object for the
    endpoints of one object and its versions. A match field that was not in force is None.
    """

    collection: str
    object_id: str | None
    position: int
    ids: frozenset[str] | None = None
    types: frozenset[str] | None = None
    spec_versions: frozenset[str] | None = None
    versions: Versions | None = None

    @property
    def match_values(self) -> int:
        """How many values the match fields hold together."""
        exact = self.versions.exact if self.versions else None
        return sum(len(values or ()) for values in (self.ids, self.types, self.spec_versions, exact))


_Values = frozenset[str] | None
_Position = Annotated[int, msgspec.Meta(ge=0, le=LAST_MICROS)]
_Match = tuple[bool, bool, bool, frozenset[str]] | None  # the fields of `Versions`
_Fields = tuple[str, str | None, _Position, _Values, _Values, _Values, _Match]  # the fields of `Cursor`
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder(_Fields)


def encode(cursor: Cursor) -> str:
    """Write a cursor as the text of `next`: ASCII, fit for a query string as it stands."""
    chosen = cursor.versions
    match: _Match = None if chosen is None else (chosen.last, chosen.first, chosen.all, chosen.exact)
    fields: _Fields = (cursor.collection, cursor.object_id, cursor.position, cursor.ids, cursor.types, cursor.spec_versions, match)
    sealed = _FORMAT + zlib.compress(_ENCODER.encode(fields), level=9, wbits=-15)
    return urlsafe_b64encode(sealed + _checksum(sealed)).rstrip(b"=").decode()


def decode(text: str) -> Cursor:
    """Read the text of `next`. Raises InvalidCursor for everything that `encode` does not write."""
    if len(text) > _MOST_CHARACTERS or not _BASE64URL.fullmatch(text):
        raise _invalid(text)
    try:
        whole = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        sealed, checksum = whole[:-_CHECKSUM_LENGTH], whole[-_CHECKSUM_LENGTH:]
        if not sealed.startswith(_FORMAT) or checksum != _checksum(sealed):
            raise _invalid(text)
        collection, object_id, position, ids, types, spec_versions, match = _DECODER.decode(_inflated(sealed[1:]))
    except (binascii.Error, zlib.error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _invalid(text) from error
    return Cursor(collection, object_id, position, ids, types, spec_versions, Versions(*match) if match else None)


def _checksum(sealed: bytes) -> bytes:
    return zlib.crc32(sealed).to_bytes(_CHECKSUM_LENGTH)


def _inflated(deflated: bytes) -> bytes:
    stream = zlib.decompressobj(wbits=-15)
    # What would grow beyond the bound is cut short here, and then refused as MessagePack that ends too early.
    return stream.decompress(deflated, _MOST_BYTES)


def _invalid(text: str) -> InvalidCursor:
    return InvalidCursor(f"`next` {quoted(text)} was not issued by this server or was damaged on its way: leave it out to start over")
