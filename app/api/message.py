"""Requests and answers as the desk sees them: heads only, bodies as bytes. Few objects are made per request; that is their whole purpose."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is ready to be sent; `headers` are those that only this one has."""

    status: int
    body: bytes = b""
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


async def encoded(reply: Reply, call: Call) -> tuple[bytes, Sequence[Header]]:
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


def _compress(body: bytes) -> bytes:
    compressed: bytes = isal_zlib.compress(body, _COMPRESSION_LEVEL, _GZIP_WINDOW)
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
    rest: bytes | memoryview = memoryview(body) if len(body) > PIECE else body  # its pieces are not copied
    while len(rest) > PIECE:
        await send({"type": "http.response.body", "body": rest[:PIECE], "more_body": True})
        rest = rest[PIECE:]
    if call.leaves_body:
        await send({"type": "http.response.body", "body": rest, "more_body": True})
        rest = b""
        await _discard(call.receive)
    await send({"type": "http.response.body", "body": rest})


async def _discard(receive: Receive) -> None:
    octets, more = 0, True
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARDING):
            while more and octets < MOST_DISCARDED:
                message = await receive()
                octets, more = octets + len(message.get("body", b"")), message.get("more_body", False)
