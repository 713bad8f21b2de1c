"""A stage behind real sockets: the web server that operators run, on a loopback address, asked by a client over a connection that is kept."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
from property.stage import Answer, Ask, headers_of, quoted
from worlds import NO_TLS

from app.api.asgi import ASGIApp
from app.bootstrap import Settings
from app.cli.worker import Server, configuration

_EXCEPTED: Final = frozenset({b"date"})
"""What an answer says beside what the application made it of (DESIGN 2, promise 1)."""


@asynccontextmanager
async def through_sockets(app: ASGIApp) -> AsyncIterator[Ask]:
    """Requests go through a web server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        started = asyncio.Event()
        server = Server(configuration(Settings(store="memory:"), app), started.set)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await started.wait()
        try:
            async with httpx.AsyncClient(base_url=f"http://{host}:{port}", verify=NO_TLS, trust_env=False) as client:
                yield _asking(client)
        finally:  # a comparison that is given up must not leave a server to listen where the next one does
            server.should_exit = True
            await serving


def _asking(client: httpx.AsyncClient) -> Ask:
    async def send(method: str, target: str, token: bytes, body: bytes) -> Answer:
        path, _, query = target.partition("?")
        # The encoding is the client library's to ask for, and to undo: what is compared are the bytes inside.
        headers = [(b"Accept-Encoding", b"identity"), *headers_of(token, body)]
        answer = await client.request(method, f"{path}?{quoted(query)}" if query else path, headers=headers, content=body or None)
        told = tuple((name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _EXCEPTED)
        return Answer(answer.status_code, told, answer.content)

    return send
