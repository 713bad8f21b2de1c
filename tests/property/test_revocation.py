"""Revocation is immediate (DESIGN 3 and 6; access-policy 6, property 7, case 38): what was closed is closed to every request that begins afterwards.

A server runs with two workers over a file, as operators run it. Readers ask both of them without pause, over connections that are kept. Beside the server
the alliance is reloaded, a member suspended, an object held, tightened, deleted, a token revoked. Before that, every answer is as it was; of the requests
that begin after the deed has returned, none is answered under the old rules. Nothing waits for a time: a round ends when every connection was answered
often enough.
"""

import asyncio
import os
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

import pytest
from deeds import delete, keep, later
from desks import Desk, Serving, serving
from property.cast import ALLIANCE, COMPLIANCE, Change, Changes, alliance, changed, terms_of
from property.stage import place
from worlds import GREEN, TAXII, World, indicator

from app.bootstrap import Settings, build_exchange, open_store
from app.clock import system_clock
from app.sharing import administer, hold
from app.sharing.hold import HoldReason

READER, WRITER = "za-cert/misp", "ng-cert/misp"
OF_EACH: Final = 2
"""Connections to each worker."""
ENOUGH: Final = 3
"""Answers of each connection before a deed, and to requests that began after it."""
MOST: Final = 20_000
"""Requests of a connection in one round: a bound for what must end by itself."""
SHORT_ROUNDS: Final = 7
CLOSED: Final = terms_of("ng-cert", 0)
IDLE: Final = False
"""What `active` is of a suspended organisation."""


class Asked(NamedTuple):
    """One request: when it began, and whether its answer still showed what is to be closed."""

    began: float
    is_open: bool


@dataclass
class Round:
    """One deed, and what readers saw around it. `closed` is the moment at which it had returned."""

    target: str
    shown: bytes
    closed: float | None = None
    before: list[int] = field(default_factory=list)
    asked: list[list[Asked]] = field(default_factory=list)
    ready: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def read(self, connection: HTTPConnection, token: str) -> None:
        """Ask on one connection, until enough was asked after the deed."""
        mine: list[Asked] = []
        self.asked.append(mine)
        after = 0
        while after < ENOUGH:
            began = monotonic()
            is_late = self.closed is not None and began > self.closed
            connection.request("GET", self.target, headers={"Accept": TAXII, "Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            mine.append(Asked(began, self.shown in answer.read()))
            after += is_late
            if len(mine) == ENOUGH:
                self.ready.release()
            assert len(mine) < MOST, "the deed does not return"


@dataclass
class Beside:
    """The operator and the other members, beside the server: their deeds go to the same file."""

    world: World
    changes: Changes = ()
    days: int = 1

    async def reload(self, *change: Any) -> None:
        """Put in force what changes one thing."""
        self.changes = changed(self.changes, Change(*change))
        await administer.adopt(self.world.exchange, alliance(self.changes))

    async def newer(self, content: dict[str, Any], *marks: str) -> None:
        """A newer version under these markings."""
        self.days += 1
        await keep(self.world, WRITER, ALLIANCE, later(content, self.days, object_marking_refs=list(marks)))


Deed = Callable[[], Awaitable[object]]


async def closings(beside: Beside, content: dict[str, Any], token_id: str) -> dict[str, tuple[Deed, Deed]]:
    """What closes an object to the reader at once, and what opens it again, or nothing."""
    exchange, identifier = beside.world.exchange, content["id"]

    async def held() -> None:
        await hold.hold(exchange, COMPLIANCE, ALLIANCE, identifier, (HoldReason.INCIDENT, system_clock() + timedelta(hours=1)))

    async def nothing() -> None:
        return

    return {
        "withheld": (lambda: beside.reload("withhold", "ng-cert", ("org:za-cert",)), lambda: beside.reload("withhold", "ng-cert", ())),
        "suspended": (lambda: beside.reload("active", "za-cert", IDLE), lambda: beside.reload("active", "za-cert", not IDLE)),
        "without role": (
            lambda: beside.reload("roles", READER, ("contributor",)),
            lambda: beside.reload("roles", READER, ("reader", "contributor")),
        ),
        "held": (held, lambda: hold.lift(exchange, COMPLIANCE, ALLIANCE, identifier)),
        "tightened": (lambda: beside.newer(content, GREEN, CLOSED["id"]), nothing),
        "deleted": (lambda: delete(beside.world, WRITER, ALLIANCE, identifier), nothing),
        "token revoked": (lambda: administer.revoke_token(exchange, token_id), nothing),
    }


@asynccontextmanager
async def operating(url: str) -> AsyncIterator[Beside]:
    """A store in which the small alliance is in force, opened beside the server."""
    store = await open_store(url)
    try:
        beside = Beside(World(build_exchange(store, Settings(store=url))))
        await administer.adopt(beside.world.exchange, alliance())
        yield beside
    finally:
        await store.close()


# ---- both workers


def worker_of(running: Serving, port: int) -> int:
    """The process that serves a connection from this port: whose descriptor holds the other end."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[2].endswith(f":{port:04X}"):  # others had the port before, and their ends may still be listed
            for pid in running.workers():
                if _holds(pid, f"socket:[{fields[9]}]"):
                    return pid
    raise AssertionError("no connection comes from this port")


def _holds(pid: int, name: str) -> bool:
    return any(str(each.readlink()) == name for each in Path(f"/proc/{pid}/fd").iterdir())


@contextmanager
def connections(running: Serving) -> Iterator[list[HTTPConnection]]:
    """Kept connections, as many to each worker."""
    host, port = running.url.removeprefix("http://").split(":")
    by_worker: dict[int, list[HTTPConnection]] = {pid: [] for pid in running.workers()}
    with ExitStack() as stack:
        for _ in range(200):
            connection = HTTPConnection(host, int(port), timeout=60)
            stack.callback(connection.close)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            by_worker[worker_of(running, connection.sock.getsockname()[1])].append(connection)
            if all(len(each) >= OF_EACH for each in by_worker.values()):
                break
        assert all(len(each) >= OF_EACH for each in by_worker.values()), "one worker takes all connections"
        yield [connection for each in by_worker.values() for connection in each[:OF_EACH]]


# ---- rounds


async def play_round(beside: Beside, kept: list[HTTPConnection], dice: random.Random, name: str) -> int:
    """One deed while readers read; how many of their requests were compared."""
    content = indicator(object_marking_refs=[GREEN])
    await keep(beside.world, WRITER, ALLIANCE, CLOSED, content)
    issued = await administer.issue_token(beside.world.exchange, READER, None)
    close, reopen = (await closings(beside, content, issued.id))[name]
    target = dice.choice(["objects/", "manifest/", f"objects/{content['id']}/", f"objects/?match[id]={content['id']}&match[version]=all"])
    round_ = Round(f"{place(ALLIANCE)}{target}", str(content["id"]).encode())
    readers = [asyncio.create_task(asyncio.to_thread(round_.read, each, issued.token)) for each in kept]
    for _ in readers:
        await asyncio.to_thread(round_.ready.acquire)
    began = monotonic()
    await close()
    round_.closed = monotonic()
    await asyncio.gather(*readers)
    await reopen()
    assert len(round_.asked) == len(kept)
    return sum(compared(each, began, round_.closed) for each in round_.asked)


def compared(asked: Sequence[Asked], began: float, closed: float) -> int:
    """How many requests of one connection were compared: those answered before a deed, and those that began after it. Raises AssertionError."""
    # The next request begins when the one before is answered.
    early = [each for each, following in pairwise(asked) if following.began < began]
    late = [each for each in asked if each.began > closed]
    assert all(each.is_open for each in early), "it was closed before the deed"
    assert not any(each.is_open for each in late), "a request that began after the deed was answered as before it"
    assert len(late) >= ENOUGH
    return len(early) + len(late)


async def _play(seed: int, folder: Path, rounds: int, only: Sequence[str] = (), **variables: str) -> int:
    dice = random.Random(seed)
    url = f"sqlite:///{folder}/{seed}.sqlite"
    async with operating(url) as beside:
        names = [*only] or [*await closings(beside, indicator(), "")]
        dice.shuffle(names)
        running = serving(Desk(folder, url), "--workers", "2", **variables)
        server = await asyncio.to_thread(running.__enter__)
        try:
            with connections(server) as kept:
                return sum([await play_round(beside, kept, dice, names[number % len(names)]) for number in range(rounds)])
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


def prove_one(seed: int, folder: Path, rounds: int = 2 * SHORT_ROUNDS) -> int:
    """Rounds of deeds against one server; how many requests were compared."""
    return asyncio.run(_play(seed, folder, rounds))


def test_promise_4_what_is_closed_is_closed_to_every_request_that_begins_later(tmp_path: Path) -> None:
    """Access-policy 6, property 7; case 38: each kind of deed once, both workers asked."""
    assert prove_one(0, tmp_path, SHORT_ROUNDS) >= SHORT_ROUNDS * 2 * OF_EACH * ENOUGH


FAULTS: Final = {
    "token revoked": """
from app.sharing import identify

real, known = identify.by_token, {}

async def by_token(exchange, token):
    if token not in known:
        known[token] = await real(exchange, token)
    return known[token]

identify.by_token = by_token
""",
    "withheld": """
from dataclasses import replace
from app.sharing.exchange import InForce

real = InForce._load

async def load(self):
    force = await real(self)
    return force if self._force is None else replace(force, judge=self._force.judge)

InForce._load = load
""",
}
"""What goes wrong in each worker, by the deed after which it shows: credentials and judges that are kept."""


@pytest.mark.parametrize("deed", FAULTS)
def test_a_worker_that_goes_on_under_the_old_rules_is_noticed(deed: str, tmp_path: Path) -> None:
    """Access-policy 6, property 3."""
    (tmp_path / "sitecustomize.py").write_text(FAULTS[deed])
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    with pytest.raises(AssertionError, match="answered as before"):
        asyncio.run(_play(0, tmp_path, 1, [deed], PYTHONPATH=path))
