"""Bodies are counted while they come (T-4.2.1-05, T-5.5-05, C28)."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from app.api.body import SLOWEST, BodyTooSlow, ClientGone, read_body, refuse_encoded
from app.api.message import Call
from app.errors import EnvelopeTooLarge, UnsupportedMediaType


class Body:
    """A body that comes in pieces; None hangs up."""

    def __init__(self, *pieces: bytes | None) -> None:
        self.left = list(pieces)

    async def __call__(self) -> Any:
        """The next piece; when there is none the client stands still."""
        if not self.left:
            await asyncio.Event().wait()
        piece = self.left.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(self.left)}


def call(body: Body, headers: Iterable[tuple[bytes, bytes]] = ()) -> Call:
    return Call({"type": "http", "method": "POST", "headers": list(headers)}, body)


@pytest.mark.parametrize("pieces", [[b"0123456789"], [b"01234", b"56789"], [b"", b"0123456789", b""]])
async def test_a_body_of_exactly_the_limit_passes(pieces: list[bytes]) -> None:
    """C28: that size exactly must pass."""
    assert await read_body(call(Body(*pieces), [(b"content-length", b"10")]), 10, 1) == b"0123456789"


async def test_a_longer_one_is_refused_as_soon_as_it_is_longer() -> None:
    """T-5.5-05: with chunked transfer nothing is announced."""
    body = Body(b"012345", b"6789A", b"never read")
    with pytest.raises(EnvelopeTooLarge, match="larger than 10 octets"):
        await read_body(call(body), 10, 1)
    assert body.left == [b"never read"]


async def test_an_announced_length_above_the_limit_is_refused_unread() -> None:
    body = Body(b"x")
    with pytest.raises(EnvelopeTooLarge):
        await read_body(call(body, [(b"content-length", b"11")]), 10, 1)
    assert body.left == [b"x"]


async def test_an_announced_length_that_is_no_number_is_not_believed() -> None:
    assert await read_body(call(Body(b"{}"), [(b"content-length", b"2, 2")]), 10, 1) == b"{}"


async def test_a_body_that_stands_still_is_given_up() -> None:
    with pytest.raises(BodyTooSlow, match="too slowly"):
        await read_body(call(Body()), 10, 0)


@pytest.mark.parametrize(("octets", "is_given_up"), [(10, True), (1000, False)], ids=["a trickle", "a slow line"])
async def test_a_body_must_keep_a_pace(monkeypatch: pytest.MonkeyPatch, octets: int, is_given_up: bool) -> None:  # noqa: FBT001
    """Each piece comes within the patience of a second; at ten octets a tenth of a second it would take for ever, at a thousand it may."""
    assert 100 < SLOWEST < 10_000
    loop = asyncio.get_running_loop()
    seconds = loop.time()
    monkeypatch.setattr(loop, "time", lambda: seconds)
    left = 100

    async def receive() -> Any:
        nonlocal seconds, left
        seconds += 0.1
        left -= 1
        for _ in range(3):
            await asyncio.sleep(0)  # lets the loop look at its clock
        return {"type": "http.request", "body": b"x" * octets, "more_body": left > 0}

    reading = read_body(Call({"type": "http", "method": "POST", "headers": []}, receive), 1_000_000, 1)
    if is_given_up:
        with pytest.raises(BodyTooSlow, match="too slowly"):
            await reading
        assert left > 0
    else:
        assert len(await reading) == 100 * octets


async def test_a_client_that_hangs_up_is_not_answered() -> None:
    with pytest.raises(ClientGone):
        await read_body(call(Body(b"half", None)), 10, 1)


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"deflate, gzip", b"identity, gzip"])
def test_encoded_bodies_are_refused(encoding: bytes) -> None:
    with pytest.raises(UnsupportedMediaType, match="send the envelope uncompressed"):
        refuse_encoded(call(Body(), [(b"content-encoding", encoding)]))


@pytest.mark.parametrize(
    "headers", [[], [(b"content-encoding", b"identity")], [(b"content-encoding", b"Identity")], [(b"content-encoding", b"")]]
)
def test_plain_bodies_pass(headers: list[tuple[bytes, bytes]]) -> None:
    refuse_encoded(call(Body(), headers))
