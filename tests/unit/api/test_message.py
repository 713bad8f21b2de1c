"""Heads of requests and ready answers: compression and HEAD (C33, RFC 9110 §9.3.2, §12.5.3)."""

import gzip
from typing import Any

import pytest

from app.api.message import LARGEST_ON_LOOP, SMALLEST_COMPRESSED, Call, Reply, takes_gzip, write

JSON = b'{"objects":[' + b",".join(b'{"id":"indicator--%d"}' % n for n in range(1000)) + b"]}"


async def nothing() -> Any:
    """No body."""
    return {"type": "http.request"}


def call(method: str = "GET", **headers: str) -> Call:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Call({"type": "http", "method": method, "headers": raw}, nothing)


async def written(reply: Reply, of: Call) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await write(send, reply, of, ((b"vary", b"Accept"),))
    return sent[0]["status"], sent[0]["headers"], sent[1]["body"]


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
