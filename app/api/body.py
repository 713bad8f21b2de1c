"""Reading the body of a POST: counted while it comes, so that no more is held than the collection takes (TAXII 2.1 §4.2.1, §5.5)."""

import asyncio
from typing import Final

from app.api.asgi import Receive
from app.api.message import Call
from app.errors import EnvelopeTooLarge, RequestError, UnsupportedMediaType, quoted

SLOWEST: Final = 1024
"""Octets a second on average: less than the poorest line, more than somebody who only wants to hold a connection."""


class BodyTooSlow(RequestError):
    """The body stopped coming, or comes so slowly that it may as well (408)."""


class ClientGone(Exception):
    """The client hung up before its body was complete."""


def refuse_encoded(call: Call) -> None:
    """Take bodies as they are: a compressed one would have to be inflated before its size is known. Raises UnsupportedMediaType."""
    encoding = call.header(b"content-encoding")
    if encoding is not None and encoding.lower() not in {"", "identity"}:
        raise UnsupportedMediaType(f"bodies encoded as {quoted(encoding)} are not taken: send the envelope uncompressed")


async def read_body(call: Call, largest: int, patience: float) -> bytes:
    """The whole body of at most `largest` octets. A length announced above it is refused before a single octet is read.

    Raises EnvelopeTooLarge; BodyTooSlow when nothing comes for `patience` seconds, or less than `SLOWEST` on average after them; ClientGone.
    """
    announced = call.header(b"content-length")
    if announced is not None and announced.isdecimal() and int(announced) > largest:
        raise _too_large(largest)
    now = asyncio.get_running_loop().time
    started = now()
    body = bytearray()
    more = True
    while more:
        piece, more = await _next_piece(call.receive, min(now(), started + len(body) / SLOWEST) + patience)
        call.is_read = not more
        body += piece
        if len(body) > largest:
            raise _too_large(largest)
    return bytes(body)


async def _next_piece(receive: Receive, deadline: float) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout_at(deadline):
            message = await receive()
    except TimeoutError as error:
        raise BodyTooSlow("the body came too slowly: send it again, or in smaller parts") from error
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)


def _too_large(largest: int) -> EnvelopeTooLarge:
    return EnvelopeTooLarge(f"the body is larger than {largest} octets, the `max_content_length` of this API root: send it in several")
