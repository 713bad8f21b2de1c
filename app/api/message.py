"""Requests and answers as the desk sees them: heads only, bodies as bytes. Few objects are made per request; that is their whole purpose."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from isal import isal_zlib

from app.api.asgi import Receive, Scope, Send
from app.taxii.media import TAXII

Header = tuple[bytes, bytes]

TAXII_TYPE: Final[Header] = (b"content-type", TAXII.encode())
JSON_TYPE: Final[Header] = (b"content-type", b"application/json")
SMALLEST_COMPRESSED: Final = 1024
"""Octets; below, the packet is the cost, not its length."""
LARGEST_ON_LOOP: Final = 1024 * 1024
"""Octets compressed on the event loop, in about a millisecond; more goes to a thread."""
PIECE: Final = 64 * 1024
"""Octets sent at once: of a longer body the rest waits until the client has read, so that the connection sees how it reads."""
MOST_DISCARDED: Final = 16 * 1024 * 1024
"""Octets of an unread body that are taken off the line before a connection closes: what is left there may cost the client the answer."""
DISCARDING: Final = 2.0
"""Seconds that this may take."""
_COMPRESSION_LEVEL: Final = 1
_GZIP_WINDOW: Final = 31


class Call:
    """The head of one request. `client` is filled in when it is known."""

    __slots__ = ("_headers", "client", "is_read", "method", "params", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.params: dict[str, str] = scope.get("path_params", {})
        self.client = ""
        """`organisation/client`; empty for the anonymous public."""
        self.is_read = False
        """Whether its body was read to the end."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, []).append(value)
        self._headers = headers

    def values(self, name: bytes) -> list[str]:
        """Every occurrence of a header."""
        return [value.decode("latin-1").strip() for value in self._headers.get(name, ())]

    def header(self, name: bytes) -> str | None:
        """A header's value, its occurrences joined as HTTP joins lists; None if it is absent."""
        found = self._headers.get(name)
        return None if found is None else found[0].decode("latin-1").strip() if len(found) == 1 else ", ".join(self.values(name))

    @property
    def leaves_body(self) -> bool:
        """Whether the connection closes with this request (RFC 9112 §9.3) while its body may still be on the way."""
        if self.is_read or not (b"content-length" in self._headers or b"transfer-encoding" in self._headers):
            return False
        return self.scope.get("http_version") == "1.0" or "close" in (self.header(b"connection") or "").lower()


class Joined:
    """A long body that is joined as it is written: slices, with a comma between any two.

    So a page goes to the connection through a buffer that stays in the processor's cache; one of 3 MB that is joined whole leaves it before it is sent.
    """

    __slots__ = ("_ends", "_slices")

    def __init__(self, slices: Sequence[bytes]) -> None:
        self._slices = slices
        self._ends = list(accumulate(map(len, slices)))

    def __len__(self) -> int:
        return self._ends[-1] + len(self._slices) - 1

    def __bytes__(self) -> bytes:
        return b",".join(self._slices)

    def pieces(self) -> Iterator[bytes]:
        """The body in order, as many slices at once as fit into a piece, at least one."""
        begin, written = 0, 0
        while begin < len(self._slices):
            end = max(begin + 1, bisect_right(self._ends, written + PIECE))
            rest = self._slices[end : end + 1] and [b""]  # ends with a comma, if more follows
            yield b",".join([*self._slices[begin:end], *rest])
            begin, written = end, self._ends[end - 1]


def joined(slices: Sequence[bytes]) -> "bytes | Joined":
    """The slices, at least one, as a body: short ones are joined at once."""
    body = Joined(slices)
    return body if len(body) > PIECE else bytes(body)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is ready to be sent; `headers` are those that only this one has."""

    status: int
    body: bytes | Joined = b""
    headers: Sequence[Header] = ()
    media_type: Header = TAXII_TYPE


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the client takes gzip (RFC 9110 §12.5.3): named, or covered by `*`, and not ruled out by `q=0`."""
    weights: dict[str, bool] = {}
    for element in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in element.split(";"))
        weights[coding] = not any(_rules_out(parameter) for parameter in parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def _rules_out(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in {"", "0.", "."}


async def encoded(reply: Reply, call: Call) -> tuple[bytes | Joined, Sequence[Header]]:
    """The body as it goes over the wire, and the header that says how it was encoded.

    The compressed form carries no time and no name, so that equal answers have equal bytes.
    """
    accepted = call.header(b"accept-encoding")
    if len(reply.body) < SMALLEST_COMPRESSED or not accepted or not takes_gzip(accepted):
        return reply.body, ()
    if len(reply.body) > LARGEST_ON_LOOP:
        body = await asyncio.to_thread(_compress, reply.body)
    else:
        body = _compress(reply.body)
    return body, ((b"content-encoding", b"gzip"),)


def _compress(body: bytes | Joined) -> bytes:
    compressed: bytes = isal_zlib.compress(bytes(body), _COMPRESSION_LEVEL, _GZIP_WINDOW)
    return compressed


async def write(send: Send, reply: Reply, call: Call, always: Sequence[Header]) -> None:
    """Send `reply` with the headers of every answer. The answer to HEAD has the head of the answer to GET (RFC 9110 §9.3.2).

    Before the connection closes, what still comes of the request's body is let in and forgotten (RFC 9112 §9.6).
    """
    body, encoding = await encoded(reply, call)
    headers = [reply.media_type, (b"content-length", b"%d" % len(body)), *always, *encoding, *reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if call.method == "HEAD":
        body = b""
    pieces = _pieces(body)
    piece = next(pieces)
    for following in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        piece = following
    if call.leaves_body:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        piece = b""
        await _discard(call.receive)
    await send({"type": "http.response.body", "body": piece})


def _pieces(body: bytes | Joined) -> Iterator[bytes | memoryview]:
    """At least one."""
    if isinstance(body, Joined):
        yield from body.pieces()
    elif len(body) <= PIECE:
        yield body
    else:
        whole = memoryview(body)  # whose pieces are not copied
        yield from (whole[begin : begin + PIECE] for begin in range(0, len(body), PIECE))


async def _discard(receive: Receive) -> None:
    octets, more = 0, True
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARDING):
            while more and octets < MOST_DISCARDED:
                message = await receive()
                octets, more = octets + len(message.get("body", b"")), message.get("more_body", False)
