"""Heads of requests and ready answers: compression and HEAD (C33, RFC 9110 §9.3.2, §12.5.3)."""

import asyncio
import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api import message
from app.api.message import LARGEST_ON_LOOP, MOST_DISCARDED, PIECE, SMALLEST_COMPRESSED, Call, Joined, Reply, joined, takes_gzip, write

JSON = b'{"objects":[' + b",".join(b'{"id":"indicator--%d"}' % n for n in range(1000)) + b"]}"


async def nothing() -> Any:
    """No body."""
    return {"type": "http.request"}


def call(method: str = "GET", **headers: str) -> Call:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Call({"type": "http", "method": method, "headers": raw}, nothing)


async def messages(reply: Reply, of: Call) -> list[Any]:
    sent: list[Any] = []

    async def send(each: Any) -> None:
        sent.append(each)

    await write(send, reply, of, ((b"vary", b"Accept"),))
    return sent


async def written(reply: Reply, of: Call) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    start, *bodies = await messages(reply, of)
    return start["status"], start["headers"], b"".join(each["body"] for each in bodies)


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.001", True),
        ("*", True),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("gzip;q=0, x-gzip", False),
        ("br", False),
        ("identity", False),
        ("", False),
        ("gzip;level=0", True),
        (";;,,=;q", False),
    ],
)
def test_accept_encoding(header: str, taken: bool) -> None:  # noqa: FBT001
    assert takes_gzip(header) is taken


@pytest.mark.parametrize("size", [SMALLEST_COMPRESSED, len(JSON), LARGEST_ON_LOOP + 1])
async def test_answers_are_compressed_on_request(size: int) -> None:
    """C33; on the loop or in a thread, the bytes inside are the same."""
    body = (JSON * (size // len(JSON) + 1))[:size]
    _, headers, sent = await written(Reply(200, body), call(accept_encoding="gzip"))
    assert (b"content-encoding", b"gzip") in headers
    assert (b"content-length", b"%d" % len(sent)) in headers
    assert gzip.decompress(sent) == body
    assert len(sent) < len(body)


async def test_equal_answers_have_equal_bytes() -> None:
    """DESIGN 2, promise 1: the compressed form carries neither time nor name."""
    _, _, first = await written(Reply(200, JSON), call(accept_encoding="gzip"))
    assert first[4:8] == bytes(4)
    assert first[3] == 0


@pytest.mark.parametrize("headers", [{}, {"accept_encoding": "identity"}, {"accept_encoding": "gzip;q=0"}])
async def test_answers_are_plain_unless_asked(headers: dict[str, str]) -> None:
    status, sent_headers, sent = await written(Reply(202, JSON, ((b"x-one", b"1"),)), call(**headers))
    assert (status, sent) == (202, JSON)
    assert sent_headers == [
        (b"content-type", b"application/taxii+json;version=2.1"),
        (b"content-length", b"%d" % len(JSON)),
        (b"vary", b"Accept"),
        (b"x-one", b"1"),
    ]


async def test_small_answers_stay_plain() -> None:
    _, _, sent = await written(Reply(200, b"{}"), call(accept_encoding="gzip"))
    assert sent == b"{}"


async def test_head_has_the_head_of_get() -> None:
    _, asked, body = await written(Reply(200, JSON), call("HEAD", accept_encoding="gzip"))
    _, got, _ = await written(Reply(200, JSON), call("GET", accept_encoding="gzip"))
    assert asked == got
    assert body == b""


def test_headers_are_read_as_http_writes_them() -> None:
    raw = [(b"accept", b" a/b "), (b"accept", b"c/d"), (b"x-empty", b""), (b"x-latin", "ü".encode("latin-1"))]
    head = Call({"type": "http", "method": "GET", "headers": raw}, nothing)
    assert head.header(b"accept") == "a/b, c/d"
    assert head.values(b"accept") == ["a/b", "c/d"]
    assert head.header(b"x-empty") == ""
    assert head.header(b"x-latin") == "ü"
    assert head.header(b"absent") is None
    assert head.values(b"absent") == []


@given(st.lists(st.integers(0, 3 * PIECE // 2) | st.integers(0, 100), min_size=1, max_size=12))
def test_what_is_joined_as_it_is_written_is_what_would_be_joined_whole(sizes: list[int]) -> None:
    """Its length is said before; a piece is as long as may be sent at once, and one comma, unless a single slice is longer."""
    slices = [bytes([65 + place]) * size for place, size in enumerate(sizes)]
    body, whole = Joined(slices), b",".join(slices)
    pieces = list(body.pieces())
    assert (len(body), bytes(body), b"".join(pieces)) == (len(whole), whole, whole)
    assert all(len(piece) <= PIECE + piece.count(b",") or piece.count(b",") <= 1 for piece in pieces)
    assert bytes(joined(slices)) == whole


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_a_long_page_is_the_same_however_it_is_sent(method: str, encoding: str) -> None:
    slices = [b'{"id":"indicator--%d"}' % number for number in range(20_000)]
    body = joined(slices)
    assert isinstance(body, Joined)
    asked = call(method, accept_encoding=encoding)
    assert await written(Reply(200, body), asked) == await written(Reply(200, bytes(body)), asked)


@pytest.mark.parametrize(("size", "sizes"), [(0, [0]), (1, [1]), (PIECE, [PIECE]), (PIECE + 1, [PIECE, 1]), (2 * PIECE, [PIECE, PIECE])])
async def test_long_answers_go_in_pieces(size: int, sizes: list[int]) -> None:
    """So that a connection sees how they are read; the last piece says that it is the last."""
    body = (JSON * (size // len(JSON) + 1))[:size]
    _, *bodies = await messages(Reply(200, body), call())
    assert [len(each["body"]) for each in bodies] == sizes
    assert [each.get("more_body", False) for each in bodies] == [True] * (len(sizes) - 1) + [False]
    assert b"".join(each["body"] for each in bodies) == body


CLOSES = ("1.1", {"connection": "Keep-Alive, Close", "content_length": "9"})


@pytest.mark.parametrize(
    ("version", "headers", "is_read", "leaves"),
    [
        (*CLOSES, False, True),
        ("1.1", {"connection": "close", "transfer_encoding": "chunked"}, False, True),
        ("1.0", {"content_length": "9"}, False, True),
        (*CLOSES, True, False),
        ("1.1", {"connection": "close"}, False, False),
        ("1.1", {"content_length": "9"}, False, False),
    ],
)
def test_when_a_body_is_left_on_a_connection_that_closes(version: str, headers: dict[str, str], is_read: bool, leaves: bool) -> None:  # noqa: FBT001
    """RFC 9112 §9.3."""
    of = call(**headers)
    of.scope["http_version"] = version
    of.is_read = is_read
    assert of.leaves_body is leaves


class Line:
    """A body that never ends, or stands still after some pieces."""

    def __init__(self, pieces: int | None) -> None:
        self.left = pieces
        self.taken = 0

    async def __call__(self) -> Any:
        """The next piece."""
        if self.left == 0:
            await asyncio.Event().wait()
        self.left = None if self.left is None else self.left - 1
        self.taken += 1
        return {"type": "http.request", "body": bytes(PIECE), "more_body": True}


@pytest.mark.parametrize(("pieces", "taken"), [(None, MOST_DISCARDED // PIECE), (3, 3)], ids=["endless", "still"])
async def test_no_more_than_so_much_of_it_is_let_in(monkeypatch: pytest.MonkeyPatch, pieces: int | None, taken: int) -> None:
    """RFC 9112 §9.6: the answer goes first; then what comes is forgotten, up to a size and for a time."""
    monkeypatch.setattr(message, "DISCARDING", 5.0 if pieces is None else 0.05)
    line = Line(pieces)
    of = Call({"type": "http", "method": "POST", "headers": [(b"connection", b"close"), (b"content-length", b"99")]}, line)
    _, *bodies = await messages(Reply(403, b"no"), of)
    assert line.taken == taken
    assert [(each["body"], each.get("more_body", False)) for each in bodies] == [(b"no", True), (b"", False)]
