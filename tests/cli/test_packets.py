"""The head of an answer waits for the beginning of its body, and for nothing else."""

import asyncio
from collections.abc import Iterable

from app.cli.packets import Packets

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Line(asyncio.Transport):
    """Where packets arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.packets: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.packets.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.packets.append(b"".join(list_of_data))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self.packets))


def begun() -> tuple[Packets, _Line]:
    line = _Line()
    packets = Packets(line)
    packets.begin()
    return packets, line


def test_a_head_leaves_with_the_beginning_of_its_body() -> None:
    packets, line = begun()
    packets.write(HEAD)
    assert line.packets == []
    for piece in (b"one", b"two"):
        packets.write(piece)
    assert line.packets == [HEAD + b"one", b"two"]


def test_a_head_without_a_body_leaves_when_the_answer_is_complete() -> None:
    packets, line = begun()
    packets.write(HEAD)
    packets.flush()
    packets.flush()
    assert line.packets == [HEAD]


def test_a_head_leaves_before_the_connection_closes() -> None:
    packets, line = begun()
    packets.write(HEAD)
    packets.close()
    assert line.packets == [HEAD]
    assert packets.is_closing()


def test_who_waits_to_be_asked_for_the_body_is_asked_at_once() -> None:
    packets, line = begun()
    packets.write(CONTINUE)
    packets.write(HEAD)
    packets.write(b"body")
    assert line.packets == [CONTINUE, HEAD + b"body"]


def test_what_only_looks_like_a_head_is_not_held_back() -> None:
    packets, line = begun()
    for octets in (HEAD, b"body", HEAD):
        packets.write(octets)
    assert line.packets == [HEAD + b"body", HEAD]
    assert packets.get_write_buffer_size() == len(HEAD + b"body" + HEAD)
