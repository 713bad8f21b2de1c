"""The head of an answer leaves together with the beginning of its body.

uvicorn writes them one after the other, and each write is a packet of its own: the kernel is entered twice, and the client is woken twice. That was a
tenth of the time of a poll.
"""

import asyncio
from typing import Any, Final

_INTERIM: Final = b"HTTP/1.1 100"
"""How an answer begins that only asks for the body: it leaves at once, since the client waits for it."""


class Packets:
    """Stands before the transport of a connection, as far as uvicorn uses one. Told of each answer when it begins and when it is complete."""

    __slots__ = ("_awaits_head", "_head", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._awaits_head = False
        self._head = b""
        self.is_closing = transport.is_closing

    def begin(self) -> None:
        """What is written next is the head of an answer."""
        self._awaits_head = True

    def write(self, octets: bytes | memoryview) -> None:
        """Write them, and before them the head that was held back; a head is held back until then."""
        if self._awaits_head and (head := bytes(octets)) and not head.startswith(_INTERIM):
            self._awaits_head, self._head = False, head
        elif self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, octets))
        else:
            self._transport.write(octets)

    def flush(self) -> None:
        """Write a head that has no body."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Close when all is written."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's."""
        return getattr(self._transport, name)
