"""The stage of a history: one exchange behind its real HTTP application, deeds done in it, and the dates that it gives.

Dates are the one thing that what is hidden may move (DESIGN 2, promise 1): `Dates` records those of one stage and feeds them to another. It checks
that nothing but the clock was moved: rows that can be seen keep their order, and the steps inside a run.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch
from urllib.parse import quote
from uuid import uuid4

import orjson
from deeds import HandClock
from property.histories import CURATOR, Add, Deed, Delete, alliance
from starlette.types import Message

from app.access.alliance import Alliance
from app.access.cedar import CedarJudge
from app.api import FaceSettings, create_app
from app.sharing import administer, commit, curate, review
from app.sharing.exchange import Exchange, InForce
from app.sharing.threads import Line
from app.store.contract import Store, Transaction
from app.store.dates import TrustedClock
from app.store.memory import MemoryStore
from app.store.sqlite import open_sqlite
from app.taxii.media import TAXII

MILLISECOND: Final = 1_000


class Leak(AssertionError):
    """Something hidden showed."""


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


RowKey = tuple[int, str, str, str, str]
"""Step of the history, collection, object id, contributor, version as it was stated (empty for observables)."""


@dataclass
class Dates:
    """Stands where a commit dates its rows. Without `recorded` dates of another stage it records; with them it feeds, and compares those of `seen`."""

    recorded: dict[RowKey, int] = field(default_factory=dict)
    seen: frozenset[RowKey] = frozenset()
    is_feeding: bool = False
    step: int = 0
    leaks: list[str] = field(default_factory=list)
    _real: Any = field(default_factory=lambda: commit._date)

    async def __call__(self, tx: Transaction, target: commit.Target, lines: Sequence[Line], groups: Sequence[Sequence[Line]]) -> None:
        """Date the lines of a commit."""
        await self._real(tx, target, lines, groups)
        dated = {self._key(target.collection, line): line for line in lines if line.date}
        if not self.is_feeding:
            self.recorded.update({key: line.date for key, line in dated.items()})
            return
        missing = [key for key in dated if key not in self.recorded]
        if missing:
            self.leaks.append(f"{missing[0]} was taken, which was refused before")
            return
        self._compare([(line.date, self.recorded[key]) for key, line in dated.items() if key in self.seen])
        for key, line in dated.items():
            line.date = self.recorded[key]

    def _key(self, collection: str, line: Line) -> RowKey:
        object_id = line.arriving.id if line.arriving is not None else line.stored.object_id if line.stored is not None else ""
        return self.step, collection, object_id, line.contributor, line.version

    def _compare(self, pairs: list[tuple[int, int]]) -> None:
        """(own date, recorded date) of the rows of one commit: whole runs may have been moved by whole milliseconds, no more, and none past another."""
        pairs.sort()
        for (own, fed), (next_own, next_fed) in pairwise(pairs):
            moved = (next_fed - fed) - (next_own - own)
            is_same_run = own // MILLISECOND == next_own // MILLISECOND
            if next_fed < fed or moved % MILLISECOND or (moved and is_same_run):
                self.leaks.append(f"dates of one commit in step {self.step}: {pairs}")


@cache
def _judge() -> CedarJudge:
    return CedarJudge(alliance())


def _make_judge(_: Alliance) -> CedarJudge:
    return _judge()


@dataclass
class Stage:
    """One exchange, its application, its clock and its dates."""

    exchange: Exchange
    clock: HandClock
    dates: Dates
    app: Any
    tokens: dict[str, str] = field(default_factory=dict)

    async def ask(self, client: str, method: str, target: str, body: bytes = b"") -> Answer:
        """Send one request, as the server would hand it to the application."""
        path, _, query = target.partition("?")
        headers = [(b"host", b"taxii.example.org"), (b"accept", TAXII.encode())]
        if client:
            headers.append((b"authorization", b"Bearer " + (await self._token(client)).encode()))
        if body:
            headers.append((b"content-type", TAXII.encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https", "root_path": "",
            "path": path, "raw_path": path.encode(), "query_string": quote(query, safe="=&[],:.-_").encode(), "headers": headers,
            "client": ("127.0.0.1", 4711), "server": ("taxii.example.org", 443),
        }  # fmt: skip
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        assert sent[0]["status"] < 500, (client, method, target, sent)
        return Answer(sent[0]["status"], tuple(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:]))

    async def do(self, step: int, deed: Deed | None, seconds: float) -> Answer | None:
        """Let time pass, then do a deed; without one time passes alike. Raises Leak if its dates tell more than the clock may."""
        self.clock.go(seconds=seconds)
        self.dates.step = step
        with patch.object(commit, "_date", self.dates):
            answer = None if deed is None else await self.act(deed)
        if self.dates.leaks:
            raise Leak(self.dates.leaks[0])
        return answer

    async def act(self, deed: Deed) -> Answer:
        """Do a deed."""
        if isinstance(deed, Add):
            return await self.ask(deed.client, "POST", f"{place(deed.path)}objects/", b'{"objects":%b}' % orjson.dumps(deed.objects))
        if isinstance(deed, Delete):
            query = f"?match[version]={deed.versions}" if deed.versions else ""
            return await self.ask(deed.client, "DELETE", f"{place(deed.path)}objects/{deed.object_id}/{query}")
        results = await curate.release(self.exchange, deed.client, deed.path, deed.object_ids, deed.to)
        return Answer(0, (), orjson.dumps(results))

    async def _token(self, client: str) -> str:
        if client not in self.tokens:
            self.tokens[client] = (await administer.issue_token(self.exchange, client, None)).token
        return self.tokens[client]

    async def review(self, path: str) -> Answer:
        """What a curator is shown of the quarantine."""
        return Answer(0, (), orjson.dumps(await review.review(self.exchange, CURATOR, path)))


def place(path: str) -> str:
    """The path of a collection under its alias."""
    root, _, name = path.partition("/")
    return f"/{root}/collections/{name}/"


MakeStore = Callable[[HandClock], Awaitable[Store]]


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


@asynccontextmanager
async def open_stage(make_store: MakeStore, dates: Dates, clock: HandClock | None = None) -> AsyncIterator[Stage]:
    """A stage over a store, the small alliance in force."""
    clock = clock or HandClock()
    store = await make_store(clock)
    exchange = Exchange(store, InForce(store, _make_judge), clock)
    try:
        await administer.adopt(exchange, alliance())
        yield Stage(exchange, clock, dates, create_app(exchange, FaceSettings(public_url="https://taxii.example.org")))
    finally:
        await store.close()
