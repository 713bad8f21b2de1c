"""Whom did an object reach? Ten million delivered versions on record, and how long it takes to find one among them.

`python -m benchmarks.audit [--versions N]` writes each shape of history into a store of its own in a temporary folder and prints a table. Apart from
`make bench`, since it has neither floor nor peer: nobody else keeps such a record.
"""

import argparse
import asyncio
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

from app.audit.deliveries import Delivery
from app.clock import system_clock
from app.store.contract import Store
from app.store.dates import TrustedClock
from app.store.sqlite import open_sqlite
from app.store.sqlite.deliveries import beside

COLLECTION: Final = "3f1d0c1e-6f0b-4a53-9a55-0d2f6a9c7b10"
CLIENTS: Final = 200
BATCH: Final = 32
"""Deliveries of one commit, as when some dozens of clients poll at once."""
PAGE: Final = 1_001
"""Deliveries asked for, as a face asks that shows a thousand."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of history: what each page holds, as rows, given how many versions there are to be in all."""

    name: str
    pages: Callable[[int], Iterator[tuple[int, ...]]]


def _polls(versions: int) -> Iterator[tuple[int, ...]]:
    """Everybody polls all day: ten new objects at a time, each to every client."""
    for first in range(1, versions // CLIENTS, 10):
        yield from (tuple(range(first, first + 10)) for _ in range(CLIENTS))


def _syncs(versions: int) -> Iterator[tuple[int, ...]]:
    """Everybody starts over: pages of a thousand neighbours."""
    for _ in range(CLIENTS):
        yield from (tuple(range(first, first + 1_000)) for first in range(1, versions // CLIENTS, 1_000))


def _spread(size: int, versions: int) -> Iterator[tuple[int, ...]]:
    """Pages of objects that lie far apart, each page over the whole collection: the worst case of a search by ranges."""
    chance = random.Random(size)  # not for secrets: the same each time
    for _ in range(versions // size):
        yield tuple(sorted(chance.sample(range(1, versions // 10), size)))


SHAPES: Final = (
    Shape("polls: pages of 10 neighbours", _polls),
    Shape("full syncs: pages of 1,000 neighbours", _syncs),
    Shape("pages of 10, spread over everything", lambda versions: _spread(10, versions)),
    Shape("pages of 1,000, spread over everything", lambda versions: _spread(1_000, versions)),
)


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(prog="benchmarks.audit", description="Search the record of deliveries.")
    parser.add_argument("--versions", type=int, default=10_000_000, help="delivered versions on record")
    parser.add_argument("--shape", type=int, choices=range(len(SHAPES)), help="only this one")
    asked = parser.parse_args()
    print("| history | deliveries | octets each | put on record, each | search: wall | CPU | found |")  # its output
    print("|---|---|---|---|---|---|---|")
    for number, shape in enumerate(SHAPES):
        if asked.shape in {None, number}:
            with tempfile.TemporaryDirectory(prefix="legation-audit-") as folder:
                asyncio.run(_measure(shape, Path(folder) / "store.sqlite", asked.versions))


async def _measure(shape: Shape, path: Path, versions: int) -> None:
    store = await open_sqlite(path, TrustedClock(system_clock))
    began = perf_counter()
    count, last = await _fill(store, shape.pages(versions))
    filled = perf_counter() - began
    await store.close()
    octets = beside(path).stat().st_size
    store = await open_sqlite(path, TrustedClock(system_clock))
    figures = [await _search(store, rows) for rows in ([1], [last // 2], [last], [last + 1], list(range(last // 2, last // 2 + 10)))]
    await store.close()
    wall, processor, found = ([figure[place] for figure in figures] for place in range(3))
    shown = (
        f"{count:,}",
        f"{octets / count:.0f}",
        f"{filled / count * 1e6:.0f} µs",
        _list(wall),
        _list(processor),
        ", ".join(map(str, found)),
    )
    print(f"| {shape.name} | {' | '.join(shown)} |", flush=True)


async def _fill(store: Store, pages: Iterator[tuple[int, ...]]) -> tuple[int, int]:
    """How many deliveries were put on record, and the highest row in them."""
    count, last = 0, 0
    batch: list[Delivery] = []
    for rows in pages:
        count, last = count + 1, max(last, rows[-1])
        batch.append(Delivery(f"member-{count % CLIENTS}/misp", COLLECTION, 1, count, rows))
        if len(batch) == BATCH:
            await store.deliver(batch)
            batch = []
    if batch:
        await store.deliver(batch)
    return count, last


async def _search(store: Store, rows: Sequence[int]) -> tuple[float, float, int]:
    """The best of three: what else the machine does can only add to it."""
    tries: list[tuple[float, float, int]] = []
    for _ in range(3):
        wall, processor = perf_counter(), process_time()
        found = await store.delivered(COLLECTION, rows, PAGE)
        tries.append((perf_counter() - wall, process_time() - processor, len(found)))
    return min(tries)


def _list(seconds: Sequence[float]) -> str:
    return ", ".join(f"{each:.2g} s" for each in seconds)


if __name__ == "__main__":
    main()
