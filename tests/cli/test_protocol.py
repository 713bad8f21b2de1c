"""What a stranger may send before anybody knows who he is: a head of limited size in limited time. All else is refused and the connection closed.

And how long he may hold what he was sent: as long as he reads it.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest
import uvicorn

from app.api.message import Call, Reply, write
from app.cli import protocol
from app.cli.protocol import BoundedHttp
from app.cli.worker import run
from app.taxii.media import TAXII

PAGE = bytes(1024 * 1024)
SMALL = 16 * 1024
"""Octets that the system holds back for a socket, so that the server sees early how a client reads."""
WAIT = 20
"""Seconds until something that hangs is a failure."""
events: SimpleQueue[str] = SimpleQueue()
"""What the server did for a reader: it `waits` for him, it `looked` at what he has read, it `ended` a page, whole or not."""


class WatchedHttp(BoundedHttp):
    """Tells what it does for a reader."""

    def _watch_reader(self) -> None:
        super()._watch_reader()
        events.put("waits")

    def _look(self, unread_before: int) -> None:
        events.put("looked")
        super()._look(unread_before)


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Say how large the request's body was; at `/unread` without a look at it; at `/page` send a page."""
    size, more = 0, scope["path"] != "/unread"
    if scope["path"] == "/page":
        await write(send, Reply(200, PAGE), Call(scope, receive), ())
        events.put("ended")
        return
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server that speaks the protocol."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    configuration = uvicorn.Config(answer, http=WatchedHttp, ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(configuration)
    thread = threading.Thread(target=lambda: run(server.serve(sockets=[listener])))
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


def spoken(port: int, *pieces: bytes) -> bytes:
    """All that the server answers to these pieces until it closes, or until it has answered and waits for more."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break
        connection.settimeout(5)
        try:
            while piece := connection.recv(65_536):
                received += piece
        except ConnectionResetError:
            pass
    return received


GET = b"GET /%b HTTP/1.1\r\nhost: x\r\n%bconnection: close\r\n\r\n"


def test_a_request_is_answered(port: int) -> None:
    assert spoken(port, GET % (b"", b"")).endswith(b"\r\n\r\n0")


def test_a_cursor_and_headers_of_full_length_pass(port: int) -> None:
    head = GET % (b"?next=" + b"x" * 65_000, b"x-some: " + b"y" * 20_000 + b"\r\n")
    assert spoken(port, head[:1000], head[1000:60_000], head[60_000:]).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("flood", [b"GET /" + b"x" * 2_000_000, b"GET / HTTP/1.1\r\nx-flood: " + b"y" * 2_000_000])
def test_a_head_without_end_is_refused(port: int, flood: bytes) -> None:
    reply = spoken(port, *(flood[start : start + 100_000] for start in range(0, len(flood), 100_000)))
    assert reply == b"" or (reply.startswith(b"HTTP/1.1 400") and TAXII.encode() in reply)


def test_a_large_body_is_no_head(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3000000\r\n\r\n"
    assert spoken(port, head, b"z" * 3_000_000).endswith(b"3000000")


def test_requests_on_one_connection_are_bounded_each_by_itself(port: int) -> None:
    again = b"GET /?%b HTTP/1.1\r\nhost: x\r\n\r\n" % (b"x" * 60_000)
    reply = spoken(port, again, again, again, GET % (b"", b""))
    assert reply.count(b"HTTP/1.1 200") == 4


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01 hello\r\n\r\n", b"FOO /taxii2/ HTTP/1.1\r\nhost: x\r\n\r\n"])
def test_what_is_no_http_is_answered_in_the_protocols_type(port: int, nonsense: bytes) -> None:
    """TAXII 2.1 §3.6.1, C1: errors are TAXII too."""
    reply = spoken(port, nonsense)
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert f"content-type: {TAXII}".encode() in head
    assert b"connection: close" in head
    assert body == b'{"title":"this is no HTTP request that can be understood","http_status":"400"}'


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nhost:"])
def test_a_head_that_does_not_come_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 0.05)
    assert spoken(port, begun) == b""


def test_the_next_head_on_a_connection_has_its_time_too(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        reply = b""
        while not reply.endswith(b"\r\n\r\n0"):
            reply += connection.recv(1000)
        connection.sendall(b"GET / HT")
        assert connection.recv(1000) == b""


def answered(connection: socket.socket, request: bytes) -> None:
    """Send a request and take its answer, which ends in `0`."""
    connection.sendall(request)
    reply = b""
    while not reply.endswith(b"\r\n\r\n0"):
        reply += connection.recv(1000)


@pytest.mark.parametrize(
    ("request_", "stray"),
    [
        (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"\r\n"),
        (b"POST /unread HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n", b"x"),
    ],
    ids=["an empty line", "an octet of a body"],
)
def test_an_octet_between_requests_holds_no_connection(port: int, monkeypatch: pytest.MonkeyPatch, request_: bytes, stray: bytes) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as connection:
        answered(connection, request_)
        connection.sendall(stray)
        assert connection.recv(1000) == b""


def test_a_request_after_an_empty_line_is_answered(port: int) -> None:
    """RFC 9112 §2.2: old clients end a body with one."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as connection:
        for _ in range(3):
            answered(connection, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            connection.sendall(b"\r\n")


def reader(port: int, head: bytes) -> socket.socket:
    """A client that asked, and takes in little unless it reads."""
    while not events.empty():
        events.get()
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    connection.settimeout(WAIT)
    connection.connect(("127.0.0.1", port))
    connection.sendall(head)
    return connection


def rest_of(connection: socket.socket) -> int:
    """How many octets come until the connection ends, one way or the other."""
    size = 0
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            size += len(piece)
    return size


@pytest.mark.parametrize("more", [b"", b"connection: close\r\n"], ids=["kept", "closing"])
def test_a_page_is_not_held_for_a_client_that_does_not_read(port: int, monkeypatch: pytest.MonkeyPatch, more: bytes) -> None:
    monkeypatch.setattr(protocol, "READERS_PATIENCE", 0.1)
    with reader(port, b"GET /page HTTP/1.1\r\nhost: x\r\n%b\r\n" % more) as connection:
        while events.get(timeout=WAIT) != "ended":
            pass
        assert rest_of(connection) < len(PAGE)


def test_a_client_that_reads_slowly_gets_its_page(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads a part whenever the server begins to wait, and no more until it has looked: the page takes many times the patience."""
    monkeypatch.setattr(protocol, "READERS_PATIENCE", 0.2)
    looks, size = 0, 0
    with reader(port, GET % (b"page", b"")) as connection:
        while (event := events.get(timeout=WAIT)) != "ended":
            looks += event == "looked"
            part = size + 4 * SMALL if event == "waits" else size
            while size < part and (piece := connection.recv(SMALL)):
                size += len(piece)
        size += rest_of(connection)
    assert looks > 2
    assert size > len(PAGE)
