"""Measures what the simulation of capacity goes by: a store that grows, polls, pages, adds, delivery records, memory.

The same for SQLite and for MongoDB. Where no server is named by LEGATION_TEST_MONGODB_URL, the database of the tests stands for it: what Legation itself
spends over it is measured all the same, what the database spends is no statement about MongoDB.
"""

import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import apsw

from app.store.sqlite.deliveries import beside
from benchmarks import corpus
from benchmarks.client import Connection, poll, request
from benchmarks.inputs import Figures, Rate, Stage
from benchmarks.legation import ALL, ENVELOPE, READER, Desk, signed_token, write_alliance
from benchmarks.measure import Pace, Probe, compare
from benchmarks.processes import Server
from benchmarks.weighing import STAND_IN, Mongo, database
from benchmarks.world import before, say

COLLECTION: Final = "indicators"
FRESH: Final = "fresh"
"""Where envelopes are measured, so that what is polled stays as it is."""
POLLERS: Final = 32
SECONDS: Final = 5.0
"""Of polling without a pause."""
ALONE: Final = 2000
"""Polls one after the other, whose records are weighed in a file."""
FEW: Final = 50
"""The same in a database, whose documents are weighed one by one."""
FOUND: Final = (1, 10, 100, 1000)
"""New objects that a poll finds."""
SENT: Final = ((1, 20), (10, 10), (100, 4), (1000, 1))
"""Objects of an envelope, and how many such envelopes in a round."""
PACE: Final = Pace(9, 0.3)


@dataclass(frozen=True)
class Scales:
    """How a store is weighed, in octets: its delivery records; its file, if it has one; the keys of its indexes, if they lie apart."""

    deliveries: Callable[[], int]
    file: Callable[[], int] | None = None
    keys: Callable[[], int] | None = None


def of_sqlite(folder: Path, sizes: Sequence[int]) -> Figures:
    """Figures of a store in a file, which grows to the last of the sizes."""
    desk = Desk(folder, "sqlite", _alliance(folder))
    weigh = lambda: beside(desk.file).stat().st_size  # noqa: E731 # what it weighs is decided here
    return _measured(desk, f"SQLite {apsw.sqlite_lib_version()}", sizes, Scales(weigh, file=desk.octets))


def of_mongodb(folder: Path, sizes: Sequence[int]) -> Figures:
    """Figures of a store in a database: the named one, else the one that stands for it."""
    with database(folder) as (server, name):
        desk = Mongo(folder, "mongodb", _alliance(folder), server=server)
        try:
            return _measured(desk, name, sizes, Scales(lambda: desk.weigh("batch"), keys=desk.keys))
        finally:
            desk.drop()


def _alliance(folder: Path) -> Path:
    path = folder / "alliance"
    if not path.exists():
        write_alliance(path, (COLLECTION, FRESH), signed_token()[1])
    return path


def _measured(desk: Desk, name: str, sizes: Sequence[int], scales: Scales) -> Figures:
    desk.prepare()
    empty = desk.octets()
    with desk.serve() as server:
        with Connection(server.port) as connection:
            connection.ask(desk.reading(COLLECTION, "limit=1"))
        rest = server.resident()
        stages = list(_stages(desk, server, sizes, scales.file))
        found = _after(desk, server, sizes[-1], FOUND)
        spent = _polls(desk, server, found)
        delay = 0.0 if name == STAND_IN else _delay(desk, server, found[10])
        answers = _answers(desk, server, found)
    stored = (desk.octets() - empty) / sizes[-1]
    indexed = scales.keys() / sizes[-1] if scales.keys else None
    with desk.serve() as server:
        envelope, added = _fitted(_posts(desk, server))
    alone = _alone(desk, found[10], scales.deliveries, FEW if scales.keys else ALONE)
    # The one that stands for MongoDB answers one after the other: 32 at once wait longer than is measured.
    rates, together = ([], alone) if name == STAND_IN else _together(desk, found[10], scales.deliveries)
    base, entry = _fitted({size: each for size, each in spent.items() if size})
    return Figures(
        store=name, day=f"{datetime.now(UTC):%Y-%m-%d}", machine=_machine(),
        idle=spent[0], poll=base, entry=entry, page=stages[-1].page, envelope=envelope, added=added,
        stored_octets=stored, index_octets=indexed, delivery_alone=alone, delivery_together=together,
        rest_megabytes=rest, delay=delay, stages=tuple(stages), rates=tuple(rates), **answers,
    )  # fmt: skip


def _stages(desk: Desk, server: Server, sizes: Sequence[int], file: Callable[[], int] | None) -> Iterator[Stage]:
    definitions, marks = corpus.many_labels(5, ALL, 100)
    desk.load(server.port, COLLECTION, definitions)
    stored = 0
    for size in sizes:
        began = server.cpu()
        desk.load(server.port, COLLECTION, corpus.indicators(size - stored, marks, start=stored))
        added, stored = (server.cpu() - began) / (size - stored), size
        found = _after(desk, server, size, (10,))
        asked = {"idle": f"added_after={found[0]}", "poll": f"added_after={found[10]}", "page": "limit=1000"}
        least = _least(server, {name: desk.reading(COLLECTION, query) for name, query in asked.items()})
        made = Stage(size, least["idle"], least["poll"], least["page"], added, file() if file else None, server.resident())
        say(f"{desk.name}: {made}")
        yield made


def _least(server: Server, messages: dict[str, bytes]) -> dict[str, float]:
    """Processor time of each request in the round that took least: what else the machine does can only add to it."""
    samples = compare([Probe.of(name, server, message) for name, message in messages.items()], PACE)
    return {name: min(sample.cpu_by_round) for name, sample in samples.items()}


def _after(desk: Desk, server: Server, stored: int, wanted: Sequence[int]) -> dict[int, str]:
    """After which instant a poll finds so many of the objects that came last; 0: nothing."""
    with Connection(server.port) as connection:
        since = ""
        if stored > 2 * ENVELOPE:  # then this one lies in the envelope before the last
            earlier = corpus.identifier("indicator", stored - ENVELOPE - ENVELOPE // 2)
            since = f"&added_after={connection.ask(desk.reading(COLLECTION, '', resource=f'objects/{earlier}/')).header('x-taxii-date-added-first')}"
        answer = connection.ask(desk.reading(COLLECTION, f"limit=10000{since}", resource="manifest/"))
    dates = [each["date_added"] for each in json.loads(answer.body)["objects"]]
    return {0: dates[-1]} | {count: before(dates[-count]) for count in wanted}


def _polls(desk: Desk, server: Server, found: dict[int, str]) -> dict[int, float]:
    messages = {str(count): desk.reading(COLLECTION, f"added_after={date}") for count, date in found.items()}
    return {int(name): spent for name, spent in _least(server, messages).items()}


def _delay(desk: Desk, server: Server, after: str) -> float:
    """What a poll takes longer on the wall than the processor is busy for it, at the median, with nobody else asking."""
    sample = compare([Probe.of("poll", server, desk.reading(COLLECTION, f"added_after={after}"))], PACE)["poll"]
    return max(0.0, sample.walls.at(0.5) - sample.cpu)


def _answers(desk: Desk, server: Server, found: dict[int, str]) -> dict[str, int | float]:
    """Octets of answers, headers included."""
    with Connection(server.port) as connection:
        sizes = {}
        for count, date in found.items():
            answer = connection.ask(desk.reading(COLLECTION, f"added_after={date}"))
            sizes[count] = float(len(answer.head) + 2 + len(answer.body))
        path = f"/bench/collections/{COLLECTION}/objects/?limit=1000"
        plain, zipped = (len(connection.ask(request(path, desk.bearer(READER), **more)).body) for more in ({}, {"Accept_Encoding": "gzip"}))
    base, each = _fitted({count: size for count, size in sizes.items() if count})
    return {"idle_octets": int(sizes[0]), "poll_octets": int(base), "object_octets": round(each), "zipped": zipped / plain}


def _posts(desk: Desk, server: Server) -> dict[int, float]:
    """Processor time of an envelope, by the objects in it: of rounds of such envelopes, the one that took least."""
    _, marks = corpus.many_labels(4, ALL, 100)
    found: dict[int, float] = {}
    start = 0
    with Connection(server.port) as connection:
        for _ in range(PACE.rounds):
            for size, count in SENT:
                bodies = list(corpus.envelopes(corpus.indicators(size * count, marks, seed=7, start=start), size))
                start += size * count
                began = server.cpu()
                for body in bodies:
                    connection.ask(desk.posting(FRESH, body))
                found[size] = min(found.get(size, 1e9), (server.cpu() - began) / count)
    return found


def _alone(desk: Desk, after: str, deliveries: Callable[[], int], count: int) -> float:
    """Octets of a delivery record of a client that reads alone; files are weighed when their server has ended."""
    empty = deliveries()
    with desk.serve() as server, Connection(server.port) as connection:
        message = desk.reading(COLLECTION, f"added_after={after}")
        for _ in range(count):
            connection.ask(message)
    return (deliveries() - empty) / count


def _together(desk: Desk, after: str, deliveries: Callable[[], int]) -> tuple[list[Rate], float]:
    """What 32 clients without a pause get from one worker and from two, in the better of two tries; and octets of each of their records."""
    tries: list[Rate] = []
    empty, records = deliveries(), 0
    for workers in (1, 2, 1, 2):
        with desk.serve(workers) as server:
            message = desk.reading(COLLECTION, f"added_after={after}")
            warm = poll(server.port, message, POLLERS, 0.5)
            began = server.cpu()
            walls = poll(server.port, message, POLLERS, SECONDS)
            tries.append(
                Rate(
                    workers,
                    len(walls.seconds) / SECONDS,
                    (server.cpu() - began) / max(1, len(walls.seconds)),
                    walls.at(0.99) if walls.seconds else SECONDS,
                )
            )
            records += len(warm.seconds) + len(walls.seconds)
    best = [max((each for each in tries if each.workers == workers), key=lambda rate: rate.per_second) for workers in (1, 2)]
    return best, (deliveries() - empty) / max(1, records)


def _fitted(points: dict[int, float]) -> tuple[float, float]:
    """A fixed part and one for each, by least squares of the relative error: a small poll counts as much as a large one."""
    weights = {size: 1 / value**2 for size, value in points.items()}
    total = sum(weights.values())
    middle = sum(weights[size] * size for size in points) / total
    height = sum(weights[size] * value for size, value in points.items()) / total
    slope = sum(weights[size] * (size - middle) * (value - height) for size, value in points.items())
    slope /= sum(weights[size] * (size - middle) ** 2 for size in points)
    return height - slope * middle, slope


def _machine() -> str:
    memory = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")) / 1024**2
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
