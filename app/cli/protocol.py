"""HTTP as uvicorn speaks it, with bounds on what a stranger may send before anybody asks who he is.

The head of a request is limited in size and in the time that it may take: neither can be left to the application, which sees a request only when its
head is complete. What breaks the bounds, or is no HTTP, is answered with a TAXII error (TAXII 2.1 §3.6.1) and the connection is closed.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.taxii.media import TAXII

LARGEST_HEAD: Final = 96 * 1024
"""Octets: a URL may have 64 KiB (so much the parser takes), headers half as much again."""
PATIENCE: Final = 30.0
"""Seconds from the first octet of a request, or from the connection, to the end of its head."""
_REFUSAL: Final = (
    b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n"
    % (TAXII.encode(), len(body := b'{"title":"this is no HTTP request that can be understood","http_status":"400"}'))
    + body
)


class BoundedHttp(HttpToolsProtocol):
    """One connection. `_awaiting` is true until the head of the request at hand is complete; what comes in one piece with its beginning is not counted."""

    _awaiting = True
    _counts = True
    _octets = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """The time for the first head runs from here."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(PATIENCE, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Read on, and refuse a head that grows too large."""
        self._counts = True
        super().data_received(data)
        if self._awaiting and self._counts:
            self._octets += len(data)
            if self._octets > LARGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._awaiting, self._counts, self._octets = True, False, 0
        if self._deadline is None:
            self._deadline = self.loop.call_later(PATIENCE, self._give_up)

    def on_headers_complete(self) -> None:
        """Its head is complete; what follows is for the application to bound."""
        self._awaiting = False
        self._forget_deadline()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._forget_deadline()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer in the protocol's own type; what was wrong is not repeated."""
        del msg
        self.transport.write(_REFUSAL)
        self.transport.close()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
