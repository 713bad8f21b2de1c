"""The load client: raw sockets and as little Python as possible, so that what is measured is the server.

`Connection` sends one request after the other; `poll` keeps many connections busy at once. What a server spends is read from the operating system by
`processes.Server`, never from wall time.
"""

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import quote

ACCEPT: Final = "application/taxii+json;version=2.1"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSING: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_NEXT: Final = re.compile(rb'"next": ?"([^"]+)"')
_EDGE: Final = 400
"""Octets at either end of a body among which `next` stands: before the objects or after them."""
PATIENCE: Final = 600.0
"""Seconds: a peer takes minutes for what is measured here."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value."""
        found = re.search(rb"\r\n" + re.escape(name.encode()) + rb": *([^\r]*)", self.head, re.IGNORECASE)
        return found[1].decode() if found else None

    @property
    def next(self) -> str | None:
        """The cursor of the next page."""
        found = _NEXT.search(self.body[:_EDGE]) or _NEXT.search(self.body[-_EDGE:])
        return found[1].decode() if found else None


def request(path: str, authorization: str = "", body: bytes | None = None, **headers: str) -> bytes:
    """The bytes of one request."""
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: 127.0.0.1", f"Accept: {ACCEPT}"]
    lines += [f"Authorization: {authorization}"] if authorization else []
    lines += [] if body is None else [f"Content-Type: {ACCEPT}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b"")


class Connection:
    """One connection, opened anew where the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._buffer = bytearray(1 << 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, message: bytes) -> Answer:
        """One request and its whole answer. Raises OSError if the server goes away."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(message)
        filled, head_end = 0, -1
        while head_end < 0:
            filled = self._receive(filled)
            head_end = self._buffer.find(b"\r\n\r\n", 0, filled)
        head = bytes(self._buffer[: head_end + 2])
        length = _LENGTH.search(head)
        end = head_end + 4 + (int(length[1]) if length else 0)
        if end > len(self._buffer):
            self._buffer.extend(bytes(end - len(self._buffer)))
        while filled < end:
            filled = self._receive(filled)
        if _CLOSING.search(head) or head.startswith(b"HTTP/1.0"):
            self.close()
        return Answer(int(head[9:12]), head, bytes(self._buffer[head_end + 4 : end]))

    def ask(self, message: bytes) -> Answer:
        """The same, where only success will do. Raises ValueError."""
        answer = self.send(message)
        if answer.status not in {200, 202}:
            raise ValueError(f"{message[:120]!r} was answered with {answer.status}: {answer.body[:300]!r}")
        return answer

    def pages(self, path: str, authorization: str = "") -> Iterator[Answer]:
        """A full sync: every page, by following `next`."""
        cursor: str | None = ""
        while cursor is not None:
            more = f"&next={quote(cursor, safe='')}" if cursor else ""
            answer = self.ask(request(path + more, authorization))
            yield answer
            cursor = answer.next

    def _receive(self, filled: int) -> int:
        assert self._socket is not None  # noqa: S101 # who receives has sent
        count = self._socket.recv_into(memoryview(self._buffer)[filled:])
        if not count:
            raise ConnectionError("the server closed the connection")
        return filled + count


@dataclass
class Walls:
    """Seconds per request."""

    seconds: list[float] = field(default_factory=list)

    def at(self, share: float) -> float:
        """A quantile, such as 0.99."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Poller(asyncio.Protocol):
    """Sends the same request again as soon as it is answered, or `pause` seconds later."""

    def __init__(self, message: bytes, pause: float, walls: Walls) -> None:
        self._message = message
        self._pause = pause
        self._walls = walls
        self._left = 0
        self._sent = 0.0
        self.stopped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        if self._left <= 0:
            length = _LENGTH.search(data, 0, 2048)
            self._left = data.find(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
        self._left -= len(data)
        if self._left > 0:
            return
        self._walls.seconds.append(time.perf_counter() - self._sent)
        if self._pause:
            asyncio.get_running_loop().call_later(self._pause, self._send)
        else:
            self._send()

    def _send(self) -> None:
        if not self.stopped and not self._transport.is_closing():
            self._sent = time.perf_counter()
            self._transport.write(self._message)  # type: ignore[attr-defined] # a stream


async def _poll(port: int, message: bytes, pollers: int, seconds: float, pause: float) -> Walls:
    loop, walls = asyncio.get_running_loop(), Walls()
    made = [await loop.create_connection(lambda: _Poller(message, pause, walls), "127.0.0.1", port) for _ in range(pollers)]
    walls.seconds.clear()
    await asyncio.sleep(seconds)
    found = Walls(list(walls.seconds))
    for transport, poller in made:
        poller.stopped = True
        transport.close()
    return found


def poll(port: int, message: bytes, pollers: int, seconds: float, pause: float = 0.0) -> Walls:
    """Many connections for some seconds; servers that close connections are not for this."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_poll(port, message, pollers, seconds, pause))
