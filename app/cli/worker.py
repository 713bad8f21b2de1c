"""One worker: a web server on a socket that it was given, from opening the store to closing it.

Started by the supervisor, a worker is a process of its own (`python -m app.cli.worker LISTENER READY`): its settings arrive on standard input, it reports
on the descriptor READY that it answers, and it ends when standard input ends, for then nobody supervises it any more.
"""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from socket import socket
from typing import Final

import uvicorn
from uvicorn.loops.auto import auto_loop_factory

from app.api.asgi import ASGIApp
from app.api.logs import configure_logging
from app.api.metrics import Exposition, Metrics
from app.bootstrap import Settings, build_app, build_exchange, open_store
from app.cli.addresses import metrics_address, public_url
from app.cli.duties import duties_done
from app.cli.memory import keep_blocks, settle
from app.cli.protocol import BoundedHttp
from app.cli.terminal import REFUSED, complain
from app.errors import ConfigurationError, SharingError, quoted
from app.sharing.exchange import Exchange

GRACE: Final = 30
"""Seconds that requests under way get when the server stops; a write of a full envelope needs a few."""
KEEP_ALIVE: Final = 75
"""Seconds: longer than the proxies that stand in front usually keep a connection, so that they, not we, close it."""
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: none that HTTP/2 lists as unfit, that is no static keys and no CBC (T-8.2.2-05). TLS 1.3 has none such."""
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
READY: Final = b"1"


class Server(uvicorn.Server):
    """uvicorn's server, told to stop by us: signals are heeded from before the store is opened, and a stop is a success."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals as they are."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        settle()
        self._announce()


class Stop:
    """The wish to stop, which may come before there is a server. Ctrl-C once more is impatience: requests under way are given up.

    Any other second signal is none: a service manager and the supervisor may both pass the same wish on.
    """

    def __init__(self) -> None:
        self._is_asked = False
        self._server: Server | None = None

    def ask(self, number: int) -> None:
        """Stop as soon as what was begun is done."""
        if self._server is not None:
            self._server.should_exit = True
            self._server.force_exit = self._server.force_exit or (self._is_asked and number == signal.SIGINT)
        self._is_asked = True

    def attach(self, server: Server) -> None:
        """Let it stop this server."""
        self._server = server
        server.should_exit = self._is_asked


async def serve(
    settings: Settings, listener: socket, announce: Callable[[], None], prepare: Callable[[Exchange], Awaitable[None]] | None = None
) -> None:
    """Serve until told to stop; the store is closed when this returns, whatever happened. `prepare` runs before the first request."""
    keep_blocks()
    stop = Stop()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.ask, number)
    metrics = Metrics()
    store = await open_store(settings.store, create=prepare is not None and settings.alliance is not None)
    try:
        exchange = build_exchange(store, settings, metrics)
        if prepare is not None:
            await prepare(exchange)
        app = build_app(exchange, settings, public_url(settings, listener), metrics)
        server = Server(configuration(settings, app), announce)
        stop.attach(server)
        async with duties_done(exchange, settings):
            with _exposed(settings, metrics):
                await server.serve(sockets=[listener])
        await exchange.contacts.write()
    finally:
        await store.close()


@contextmanager
def _exposed(settings: Settings, metrics: Metrics) -> Generator[None]:
    """A single worker shows its figures itself; of several, the supervisor shows the sum."""
    if settings.metrics is None or settings.workers > 1:
        yield
        return
    exposition = Exposition(*metrics_address(settings.metrics), metrics.registry)
    try:
        yield
    finally:
        exposition.close()


def configuration(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    """uvicorn, told to speak HTTP and nothing else: logs, addresses and errors are our own."""
    has_tls = settings.ssl_certfile is not None
    return uvicorn.Config(
        app,
        http=BoundedHttp,
        ws="none",
        lifespan="off",  # the store is opened before the application is made, and closed after it
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        ssl_context_factory=(lambda _config, _default: tls(settings)) if has_tls else None,
    )


def tls(settings: Settings) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 (T-8.2.2-02, T-8.2.2-03). Raises ConfigurationError if certificate or key cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    certificate, key = settings.ssl_certfile or "", settings.ssl_keyfile
    try:
        # Without a password OpenSSL would ask for one on the terminal, which hangs a service: an empty one fails instead.
        context.load_cert_chain(certificate, key, lambda: settings.ssl_keyfile_password or "")
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = "name a PEM chain and its key, and the password if the key has one (LEGATION_SSL_KEYFILE_PASSWORD)"
        raise ConfigurationError([f"{quoted(certificate)} and {quoted(key)} cannot be used for TLS ({reason}); {remedy}"]) from error
    return context


def run(work: Coroutine[None, None, None]) -> None:
    """Run on the fast event loop."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(work)


def main() -> None:
    """Be a worker. Exit code 1: it could not start, and says why."""
    listener, ready = socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    settings = Settings.model_validate_json(sys.stdin.readline())
    configure_logging(settings.log_level, settings.log_format == "json")
    try:
        run(_supervised(settings, listener, ready))
    except SharingError as error:
        complain(error)
        sys.exit(REFUSED)


async def _supervised(settings: Settings, listener: socket, ready: int) -> None:
    loop = asyncio.get_running_loop()

    def abandoned() -> None:
        loop.remove_reader(sys.stdin.fileno())
        os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(sys.stdin.fileno(), abandoned)
    await serve(settings, listener, lambda: _announce(ready))


def _announce(ready: int) -> None:
    os.write(ready, READY)
    os.close(ready)


if __name__ == "__main__":
    main()
