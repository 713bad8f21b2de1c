"""The stage of a history: one exchange behind its real HTTP application, and the deeds done in it.

`Stage.ask` hands the application a request as the web server would; tests/property/sockets.py sends it through a socket instead.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch
from urllib.parse import quote
from uuid import uuid4

import orjson
from deeds import HandClock
from property.cast import CURATORS, Changes, alliance, changed
from property.dates import Dates
from property.histories import Add, Deed, Delete, Duties, Erase, Hold, Lift, Reject, Release, Reload, Withdraw
from property.remembering import judge_of

from app.access.alliance import Alliance
from app.access.decision import Judge
from app.api import FaceSettings, create_app
from app.api.asgi import ASGIApp, Message
from app.errors import Denied, NotFound, SharingError, Unauthenticated
from app.sharing import administer, commit, curate, erase, hold, reject, review, withdraw
from app.sharing.exchange import Exchange, InForce
from app.sharing.hold import HoldReason
from app.sharing.schedule import Scheduler, duties
from app.store.contract import Store
from app.store.dates import TrustedClock
from app.store.memory import MemoryStore
from app.store.sqlite import open_sqlite
from app.taxii.media import TAXII

NO_GRACE: Final = timedelta(0)
"""Past their retention bytes go at once: histories are short."""
DONE, REFUSED = 0, 1
"""Statuses of what is no request."""


class Answer(NamedTuple):
    """What came back, to the last byte."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body, decoded."""
        found: dict[str, Any] = orjson.loads(self.body) if self.body else {}
        return found

    def header(self, name: bytes) -> str | None:
        """One header."""
        return next((value.decode() for key, value in self.headers if key == name), None)


Ask = Callable[[str, str, bytes, bytes], Awaitable[Answer]]
"""Sends a request: method, target, token (empty for the public), body."""


@dataclass
class Stage:
    """One exchange, its clock and its dates, the alliance in force, and the way in which it is asked."""

    exchange: Exchange
    clock: HandClock
    dates: Dates
    send: Ask
    tokens: dict[str, bytes] = field(default_factory=dict)
    changes: Changes = ()

    async def ask(self, client: str, method: str, target: str, body: bytes = b"") -> Answer:
        """Send one request as a client."""
        token = self.tokens.get(client) or await self._token(client)
        answer = await self.send(method, target, token, body)
        assert answer.status < 500, (client, method, target, answer)
        return answer

    async def do(self, step: int, deed: Deed | None, seconds: float) -> Answer | None:
        """Let time pass, then do a deed; without one time passes alike. What its dates told is kept in `dates`."""
        self.clock.go(seconds=seconds)
        self.dates.step = step
        with patch.object(commit, "_date", self.dates):
            return None if deed is None else await self.act(deed)

    async def act(self, deed: Deed) -> Answer:
        """Do a deed."""
        if isinstance(deed, Add):
            return await self.ask(deed.client, "POST", f"{place(deed.path)}objects/", b'{"objects":%b}' % orjson.dumps(deed.objects))
        if isinstance(deed, Delete):
            query = f"?match[version]={deed.versions}" if deed.versions else ""
            return await self.ask(deed.client, "DELETE", f"{place(deed.path)}objects/{deed.object_id}/{query}")
        try:
            return Answer(DONE, (), orjson.dumps(await self._run(deed)))
        except (NotFound, Denied, Unauthenticated) as error:
            return Answer(REFUSED, (), f"{type(error).__name__}: {error}".encode())

    async def _run(self, deed: Deed) -> object:
        """A deed that is no request. Raises NotFound, Denied, Unauthenticated."""
        done: object = None
        match deed:
            case Release():
                done = await curate.release(self.exchange, deed.client, deed.path, deed.object_ids, deed.to)
            case Reject():
                done = await reject.reject(self.exchange, deed.client, deed.path, deed.object_ids, deed.reason)
            case Hold():
                order = HoldReason.ACCURACY, self.exchange.clock() + timedelta(hours=deed.hours)
                done = await hold.hold(self.exchange, deed.client, deed.path, deed.object_id, order)
            case Lift():
                done = await hold.lift(self.exchange, deed.client, deed.path, deed.object_id)
            case Withdraw():
                done = await withdraw.withdraw(self.exchange, deed.client, deed.object_id)
            case Erase():
                done = await erase.erase(self.exchange, deed.client, deed.object_id, erase.ErasureReason.REQUEST)
            case Reload():
                self.changes = changed(self.changes, deed.change)
                done = (await administer.adopt(self.exchange, alliance(self.changes))).changed
            case Duties():
                await self._do_duties()
        return done

    async def _do_duties(self) -> None:
        failures: list[Exception] = []
        scheduler = Scheduler(self.exchange, duties(self.exchange, NO_GRACE), "stage", failures.append)
        await scheduler.look()
        assert not failures, failures

    async def _token(self, client: str) -> bytes:
        if client:
            self.tokens[client] = (await administer.issue_token(self.exchange, client, None)).token.encode()
        return self.tokens.get(client, b"")

    async def review(self, client: str) -> Answer:
        """What a curator is shown of his intake, and of what was rejected there."""
        path = next(each for each, curator in CURATORS.items() if curator == client)
        try:
            waiting = await review.review(self.exchange, client, path)
            rejected = await reject.rejected(self.exchange, client, path)
        except SharingError as error:
            return Answer(REFUSED, (), str(error).encode())
        return Answer(DONE, (), orjson.dumps([waiting, rejected]))

    async def rejected(self, client: str, path: str) -> Answer:
        """What a submitter is told of rejections."""
        return await _told(reject.rejected(self.exchange, client, path))

    async def held(self, client: str) -> Answer:
        """What a client is told of holds."""
        return await _told(hold.holds(self.exchange, client))

    async def erased(self, client: str) -> Answer:
        """What a client is told of erasures."""
        return await _told(erase.erasures(self.exchange, client))


async def _told(answer: Awaitable[Sequence[object]]) -> Answer:
    try:
        return Answer(DONE, (), orjson.dumps(await answer))
    except SharingError as error:
        return Answer(REFUSED, (), str(error).encode())


def place(path: str) -> str:
    """The path of a collection under its alias."""
    root, _, name = path.partition("/")
    return f"/{root}/collections/{name}/"


@asynccontextmanager
async def in_process(app: ASGIApp) -> AsyncIterator[Ask]:
    """Requests are handed to the application as the web server would."""

    async def send(method: str, target: str, token: bytes, body: bytes) -> Answer:
        path, _, query = target.partition("?")
        headers = [(b"host", b"taxii.example.org"), *((name.lower(), value) for name, value in headers_of(token, body))]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https", "root_path": "",
            "path": path, "raw_path": path.encode(), "query_string": quoted(query).encode(), "headers": headers,
            "client": ("127.0.0.1", 4711), "server": ("taxii.example.org", 443),
        }  # fmt: skip
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def take(message: Message) -> None:
            sent.append(message)

        await app(scope, receive, take)
        return Answer(sent[0]["status"], tuple(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:]))

    yield send


def headers_of(token: bytes, body: bytes) -> list[tuple[bytes, bytes]]:
    """The head of a request, but for its host."""
    proof = [(b"Authorization", b"Bearer " + token)] if token else []
    return [(b"Accept", _TAXII), *proof, *([(b"Content-Type", _TAXII)] if body else [])]


def quoted(query: str) -> str:
    """A query string as clients send it."""
    return quote(query, safe="=&[],:.-_")


_TAXII: Final = TAXII.encode()
MakeStore = Callable[[HandClock], Awaitable[Store]]
MakeJudge = Callable[[Alliance], Judge]
Face = Callable[[ASGIApp], AbstractAsyncContextManager[Ask]]
OpenStage = Callable[[Dates], AbstractAsyncContextManager["Stage"]]
"""Opens a stage that dates as it is told."""


def in_memory(_folder: Path) -> MakeStore:
    """A store in memory, always another."""

    async def make(clock: HandClock) -> Store:
        return MemoryStore(TrustedClock(clock, clock.monotonic))

    return make


def on_disk(folder: Path, name: str = "") -> MakeStore:
    """A file in `folder`: always the same of a `name`, else always another."""

    async def make(clock: HandClock) -> Store:
        return await open_sqlite(folder / f"{name or uuid4()}.db", TrustedClock(clock, clock.monotonic))

    return make


MAKERS: Final[dict[str, Callable[[Path], MakeStore]]] = {"memory": in_memory, "sqlite": on_disk}
"""From the name of a kind of store, and a folder for its files, to what makes fresh ones."""
FACE: Final = FaceSettings(public_url="https://taxii.example.org")


@asynccontextmanager
async def open_stage(
    make_store: MakeStore, dates: Dates, clock: HandClock | None = None, *, make_judge: MakeJudge = judge_of, face: Face = in_process
) -> AsyncIterator[Stage]:
    """A stage over a store, the small alliance in force."""
    clock = clock or HandClock()
    store = await make_store(clock)
    exchange = Exchange(store, InForce(store, make_judge), clock)
    try:
        await administer.adopt(exchange, alliance())
        async with face(create_app(exchange, FACE)) as send:
            yield Stage(exchange, clock, dates, send)
    finally:
        await store.close()
