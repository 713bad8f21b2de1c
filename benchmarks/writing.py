"""The rows of the table about writing, and what it does to those who read meanwhile."""

import json
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import median
from time import perf_counter, sleep
from typing import Final

from benchmarks import corpus
from benchmarks.client import Connection, poll
from benchmarks.legation import ENVELOPE
from benchmarks.measure import FLOOR_C, LEGATION, OPENTAXII, Check, Row
from benchmarks.peers import Peer
from benchmarks.processes import Server, run
from benchmarks.world import INGESTS, World

PACED: Final = {4: 0.02, 32: 0.1}
"""Pollers, and the seconds each waits between two polls: the machine is not to be busy with polls alone."""
SLICE: Final = 6
"""Envelopes of a round of ingest."""
_RATES: Final = (
    "objects per second of processor time of the server; in brackets per second on the wall, one connection; medallion checks nothing"
)


@dataclass
class Rates:
    """Objects per second, round by round: of processor time, and on the wall."""

    by_cpu: list[float] = field(default_factory=list)
    by_wall: list[float] = field(default_factory=list)

    def note(self, count: int, wall: float, cpu: float) -> None:
        """Take in a round."""
        self.by_cpu.append(count / cpu)
        self.by_wall.append(count / wall)

    @property
    def cpu(self) -> float:
        """Objects per second of processor time."""
        return median(self.by_cpu)

    @property
    def wall(self) -> float:
        """Objects per second on the wall."""
        return median(self.by_wall)

    @property
    def text(self) -> str:
        """Both figures."""
        return f"**{self.cpu:,.0f}** (wall {self.wall:,.0f})"


def ingest(world: World) -> Row:
    """Envelopes of corpus A through HTTP, in turns with the floor; each round goes into a collection that is empty."""
    bodies = list(islice(corpus.envelopes(world.attack.objects, ENVELOPE), SLICE))
    file = world.folder / "envelopes"
    file.write_bytes(b"\n".join(bodies))
    count = sum(len(json.loads(body)["objects"]) for body in bodies)
    own, below = Rates(), Rates()
    for number in range(min(INGESTS, world.scale.pace.rounds) - 1):
        said = run([sys.executable, "-m", "benchmarks.floors", str(world.folder / f"floor-{number}.sqlite"), str(file)])
        below.note(count, *map(float, said.split()))
        own.note(count, *_posted(world, world.server, f"ingest-{number}", bodies))
    figures = {FLOOR_C: below.text, LEGATION: own.text} | {peer.name: _peer_ingest(world, peer) for peer in world.peers}
    checks = (
        Check("≥ 12,000 per second of one process", own.cpu, 12_000, at_least=True),
        Check("≥ 1/3 of (c), on the wall", own.wall / below.wall, 1 / 3, at_least=True),
    )
    return Row("ingest in envelopes of 1,000, A, objects/s", figures, checks, note=_RATES)


def _posted(world: World, server: Server, collection: str, bodies: Sequence[bytes]) -> tuple[float, float]:
    """Seconds on the wall and of processor time. Raises ValueError if an object was refused."""
    with Connection(server.port) as connection:
        before, began = server.cpu(), perf_counter()
        answers = [connection.ask(world.desk.posting(collection, body)) for body in bodies]
        spent = perf_counter() - began, server.cpu() - before
    refused = [status["failures"][:1] for answer in answers if (status := json.loads(answer.body))["failure_count"]]
    if refused:
        raise ValueError(f"{collection}: {refused}")
    return spent


def _peer_ingest(world: World, peer: Peer) -> str:
    """One envelope of indicators that the peer does not have."""
    count = 500 if peer.name == OPENTAXII else 100
    (body,) = corpus.envelopes(corpus.indicators(count, world.five[1], seed=50), count)
    rates = Rates()
    with Connection(peer.server.port) as connection:
        before, began = peer.server.cpu(), perf_counter()
        connection.ask(peer.posting(body))
        rates.note(count, perf_counter() - began, peer.server.cpu() - before)
    return rates.text


def ingest_large(world: World) -> Row:
    """Corpus S into the collection that holds most, in turns with one that is empty."""
    rates = {"indicators": Rates(), f"ingest-{INGESTS - 1}": Rates()}
    for number in range(max(2, world.scale.pace.rounds - 1)):
        objects = corpus.indicators(SLICE * ENVELOPE, world.five[1], seed=60 + number)
        bodies = list(corpus.envelopes([*(world.five[0] if number == 0 else ()), *objects], ENVELOPE))
        for collection, found in rates.items():
            found.note(SLICE * ENVELOPE, *_posted(world, world.server, collection, bodies))
    large, empty = rates.values()
    check = Check("≥ 10,000 per second of one process", large.cpu, 10_000, at_least=True)
    note = f"into an empty collection: {empty.text}"
    return Row(f"the same with {world.scale.large:,} stored, S", {LEGATION: large.text}, (check,), note=note)


def memory(world: World) -> Row:
    """What a worker holds: after its first answer, and after all that was read and written so far."""
    after = world.server.resident()
    figures = {LEGATION: f"**{world.rest_mb:.0f}** → **{after:.0f}** MB"} | {
        peer.name: f"{peer.server.resident():.0f} MB" for peer in world.peers
    }
    checks = Check("≤ 130 MB at rest", world.rest_mb, 130), Check("≤ 180 MB after", after, 180)
    return Row("resident memory per worker", figures, checks, note=f"after {world.scale.large:,} objects and more written and read")


def polls_during_writes(world: World) -> Row:
    """The slowest polls while envelopes are posted to the same worker without a pause, against polls of an idle worker."""
    message = world.desk.reading("attack", f"added_after={world.own_poll()[0]}")
    seconds = max(3.0, 6 * world.scale.pace.seconds)
    figures, checks = [], []
    for number, (pollers, pause) in enumerate(PACED.items()):
        idle = poll(world.server.port, message, pollers, seconds, pause)
        with _posting(world, 80 + number):
            busy = poll(world.server.port, message, pollers, seconds, pause)
        checks.append(Check(f"{pollers} pollers ≤ 10 times idle", busy.at(0.99) / idle.at(0.99), 10))
        figures.append(f"{pollers}: {idle.at(0.99) * 1000:.2g} → **{busy.at(0.99) * 1000:.3g} ms**")
    return Row("p99 of a poll during a full-speed import, 4 / 32 pollers", {LEGATION: "; ".join(figures)}, tuple(checks))


class _posting:  # noqa: N801 # used as a context, like the functions beside it
    """Envelopes posted by a thread of the client, one after the other, as long as the context lasts."""

    def __init__(self, world: World, seed: int) -> None:
        objects = corpus.indicators(SLICE * 4 * ENVELOPE, world.five[1], seed=seed)
        self._bodies = list(corpus.envelopes([*world.five[0], *objects], ENVELOPE))
        self._world = world
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._post)

    def __enter__(self) -> None:
        self._thread.start()
        sleep(0.2)

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _post(self) -> None:
        while not self._is_over.is_set():
            for body in self._bodies:
                if not self._is_over.is_set():
                    _posted(self._world, self._world.server, "busy", [body])


WRITING: Final = (ingest, ingest_large, memory, polls_during_writes)
"""The rows, in the order in which they are measured."""
