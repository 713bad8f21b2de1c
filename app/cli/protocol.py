"""HTTP as uvicorn speaks it, with bounds on what a stranger may send before anybody asks who he is, and on how long he may hold what he was sent.

The head of a request is limited in size and in the time that it may take: neither can be left to the application, which sees a request only when its
head is complete. What breaks the bounds, or is no HTTP, is answered with a TAXII error (TAXII 2.1 §3.6.1) and the connection is closed.

An answer must be read at a pace, as a body must come at one: a connection that waits to be emptied, open or closing, is cut when it does not.
"""

import asyncio
from typing import Final, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.api.body import SLOWEST
from app.cli.packets import Packets
from app.taxii.media import TAXII

LARGEST_HEAD: Final = 96 * 1024
"""Octets: a URL may have 64 KiB (so much the parser takes), headers half as much again."""
PATIENCE: Final = 30.0
"""Seconds from the first octet of a request, from the connection, or from anything else that comes between requests, to the end of a head."""
READERS_PATIENCE: Final = 30.0
"""Seconds in which a client that is slow to read must have taken `SLOWEST` octets a second."""
MOST_UNREAD: Final = 64 * 1024
"""Octets that wait here before the application is asked to wait: over TLS the loop would take eight times as many, and see a slow reader late."""
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
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """The time for the first head runs from here."""
        super().connection_made(transport)
        self._packets = Packets(transport)
        self.transport = cast("asyncio.Transport", self._packets)
        transport.set_write_buffer_limits(MOST_UNREAD)
        self._deadline = self.loop.call_later(PATIENCE, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Read on, and refuse a head that grows too large. What comes when no request is under way starts the time for the next one.

        Without that, a single octet would hold the connection for ever: uvicorn ends its own time between requests when anything comes.
        """
        self._counts = True
        super().data_received(data)
        if self._awaiting and self._counts:
            self._octets += len(data)
            if self._octets > LARGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("")
        # Without a deadline there was a head, so there is a request, answered or not; or the next one has begun, and its head is still on the way.
        if self._deadline is None and not self.transport.is_closing() and (self._awaiting or self.cycle.response_complete):
            self._deadline = self.loop.call_later(PATIENCE, self._give_up)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._awaiting, self._counts, self._octets = True, False, 0

    def on_headers_complete(self) -> None:
        """Its head is complete; what follows is for the application to bound."""
        self._awaiting = False
        self._forget_deadline()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """The last answer of a connection must be read as well."""
        self._packets.flush()
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_reader()

    def pause_writing(self) -> None:
        """The client is slower than the application."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """It has read nearly everything; of a connection that closes the rest is watched too."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._forget_watch()

    def eof_received(self) -> None:
        """Who sends nothing more is left as soon as he has read what was written."""
        super().eof_received()
        self._watch_reader()

    def timeout_keep_alive_handler(self) -> None:
        """No further request comes."""
        self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._forget_deadline()
        self._forget_watch()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer in the protocol's own type; what was wrong is not repeated."""
        del msg
        self.transport.write(_REFUSAL)
        self._close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._packets.begin()
        super()._start_asgi_task(cycle, app)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        self._close()

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
            self._watch_reader()

    def _watch_reader(self) -> None:
        self._forget_watch()
        self._watch = self.loop.call_later(READERS_PATIENCE, self._look, self.transport.get_write_buffer_size())

    def _look(self, unread_before: int) -> None:
        if unread_before - self.transport.get_write_buffer_size() < SLOWEST * READERS_PATIENCE:
            self.transport.abort()
        else:
            self._watch_reader()

    def _forget_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
