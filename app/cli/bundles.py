"""Bundles in files, cut open while they are read: one piece of the file is in memory, however large the file is.

Nothing is decoded here. A file may hold a STIX bundle or a TAXII envelope, plain or compressed by gzip: what counts is its list `objects`. Every member
of that list comes out byte for byte; that the list itself is well formed is proven on the way, up to the end of the file.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from app.errors import MalformedEnvelope, quoted

PIECE: Final = 1024 * 1024
"""Octets read at once."""
LARGEST_OBJECT: Final = 64 * 1024 * 1024
"""Octets; a file whose objects seem larger is no bundle, or one that nobody takes."""

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}\[\]]', re.DOTALL)
"""A whole string, a quote whose string does not end yet, or a bracket. Possessive: no input makes it search twice."""
_OPENING, _QUOTE = b"{[", b'"'
_FIRST = re.compile(rb"\s*")
_BETWEEN = re.compile(rb"\s*,\s*")
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


def objects(path: Path, seen: Callable[[int], None]) -> Iterator[bytes]:
    """The members of the file's `objects`, in order, as they stand; `seen` is told how many octets of the file were read.

    Raises MalformedEnvelope, naming the file and the remedy.
    """
    cutter = _Cutter(path.name)
    try:
        with path.open("rb") as file:
            is_compressed = file.read(2) == _GZIP
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if is_compressed else file
            while piece := stream.read(PIECE):
                yield from cutter.cut(piece)
                seen(file.tell())
    except (OSError, EOFError, zlib.error) as error:
        raise MalformedEnvelope(f"{quoted(path.name)} cannot be read: {error}") from error
    cutter.finish()


class _Cutter:
    """Where the reading of one file stands: how deep among brackets, in which member, and from where on bytes are still needed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._buffer = b""
        self._at = 0
        """Everything before is understood."""
        self._needed = 0
        """Everything before can go: the start of the object at hand, or the end of the last one."""
        self._depth = 0
        self._member = b""
        self._is_inside = False
        self._found: int | None = None
        self._is_bundle = False
        """A bundle may be empty, and then has no `objects` (STIX 2.1 §8)."""

    def cut(self, piece: bytes) -> Iterator[bytes]:
        """The objects that are complete now."""
        rest = self._buffer[self._needed :]
        if len(rest) > LARGEST_OBJECT:
            raise self._malformed(f"an object after the first {self._found or 0} is larger than {LARGEST_OBJECT} octets")
        self._buffer = rest + piece if self._depth or self._found is not None else (rest + piece).removeprefix(_BOM)
        self._at -= self._needed
        self._needed = 0
        for token in _TOKEN.finditer(self._buffer, self._at):
            text = token.group()
            if text == _QUOTE:
                break
            self._at = token.end()
            if self._is_inside:
                if self._depth > 2 and text[0] == _QUOTE[0]:
                    continue
                yield from self._within(text, token.start())
            else:
                self._outside(text)
        if not self._is_inside:
            self._needed = self._at

    def finish(self) -> None:
        """The file is at its end. Raises MalformedEnvelope if the bundle is not."""
        if self._found is None and not self._is_bundle:
            raise self._malformed("it has no list `objects`, so it is neither a bundle nor an envelope")
        if self._depth:
            raise self._malformed(f"it ends in the middle, after {self._found or 0} objects")

    def _within(self, text: bytes, start: int) -> Iterator[bytes]:
        """A token inside `objects`: at depth 2 between its members, deeper in one of them."""
        if self._depth == 2:
            self._seam(text, start)
        self._depth += 1 if text in _OPENING else -1
        if self._depth == 2:
            yield self._buffer[self._needed : self._at]
            self._found = (self._found or 0) + 1
            self._needed = self._at
        self._is_inside = self._depth >= 2

    def _seam(self, text: bytes, start: int) -> None:
        """What stands before a member must be a comma, before the first one nothing; and a member must be an object."""
        gap = self._buffer[self._needed : start]
        is_right = not gap.strip() if text == b"]" else text == b"{" and (_BETWEEN if self._found else _FIRST).fullmatch(gap) is not None
        if not is_right:
            raise self._malformed(f"`objects` is no list of JSON objects after the first {self._found}")
        self._needed = start

    def _outside(self, text: bytes) -> None:
        """A token of the bundle's other members, or of what is no bundle at all."""
        if text[0] == _QUOTE[0]:
            if self._depth == 1:
                self._is_bundle = self._is_bundle or (self._member, text) == (b'"type"', b'"bundle"')
                self._member = text
            return
        if (self._depth == 0 and (text != b"{" or self._found is not None)) or (self._depth == 1 and text == b"]"):
            raise self._malformed("it is not one JSON object")
        if self._depth == 1 and text == b"[" and self._member == b'"objects"':
            if self._found is not None:
                raise self._malformed("it names `objects` twice, and readers differ in which one they take")
            self._found, self._is_inside, self._needed = 0, True, self._at
        self._depth += 1 if text in _OPENING else -1

    def _malformed(self, what: str) -> MalformedEnvelope:
        return MalformedEnvelope(f"{quoted(self._name)} is no bundle that can be imported: {what}")
