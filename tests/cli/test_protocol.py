"""What a stranger may send before anybody knows who he is: a head of limited size in limited time. All else is refused and the connection closed."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from app.cli import protocol
from app.cli.protocol import BoundedHttp
from app.taxii.media import TAXII


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Say how large the request's body was."""
    size, more = 0, True
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
    configuration = uvicorn.Config(answer, http=BoundedHttp, ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(configuration)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
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


def test_what_is_no_http_is_answered_in_the_protocols_type(port: int) -> None:
    """TAXII 2.1 §3.6.1, C1: errors are TAXII too."""
    reply = spoken(port, b"\x16\x03\x01 hello\r\n\r\n")
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
