"""How many clients do how many workers bear? An alliance's polls and bursts, played against figures that were measured (capacity.json).

`python -m benchmarks.capacity` prints tables, `--json` the same for a script, `--svg FILE` draws how the answer's time grows with the number of clients.
`--measure` measures this machine first and keeps the figures; docs/scaling.md tells what came of it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from benchmarks import gauge, inputs
from benchmarks.charts import curves
from benchmarks.demand import ADD, Load, requests, steady
from benchmarks.inputs import Figures
from benchmarks.queueing import Played, play
from benchmarks.sizing import need, starting_over
from benchmarks.telling import sheets, simulated

SIZES: Final = {"sqlite": (1_000, 10_000, 100_000, 1_000_000), "mongodb": (1_000,)}
"""Objects stored at which is measured. Over MongoDB few: what grows there is the database's, and the one that stands for it reads all of them."""
CLIENTS: Final = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 150_000, 200_000, 300_000, 400_000)
"""Of the curves."""
NEW: Final = 10
"""Objects that each poll of the curves brings."""
ROUNDS: Final = 3
"""Of polls, for the curves: what is not answered in one burdens the next."""


@dataclass(frozen=True)
class Case:
    """A load on so many workers, of which so many have a core at the same time."""

    name: str
    store: str
    load: Load
    workers: int
    cores: int


@dataclass(frozen=True)
class Outcome:
    """What the simulation saw, in seconds. `used`: the share of the workers' time that is work; `peak`: in the busiest second."""

    case: Case
    polls: int
    found: float
    used: float
    peak: float
    wait_50: float
    wait_95: float
    wait_99: float
    answer_99: float
    add_99: float


def simulate(case: Case, figures: Figures, seconds: float, seed: int = 1) -> Outcome:
    """Play a case."""
    played = play(requests(case.load, figures, seconds, seed), case.workers, case.cores)
    polls = [each for each in played.answered if each.request.kind != ADD]
    waits, times = sorted(each.wait for each in polls), sorted(each.time for each in polls)
    adds = sorted(each.time for each in played.answered if each.request.kind == ADD)
    able = min(case.workers, case.cores)
    return Outcome(
        case=case,
        polls=len(polls),
        found=sum(each.request.crowded is not None for each in polls) / len(polls),
        used=played.busy / able / seconds,
        peak=_peak(played, able),
        wait_50=at(waits, 0.5), wait_95=at(waits, 0.95), wait_99=at(waits, 0.99),
        answer_99=at(times, 0.99) + figures.delay, add_99=at(adds, 0.99),
    )  # fmt: skip


def at(ordered: Sequence[float], share: float) -> float:
    """A quantile; 0 of nothing."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _peak(played: Played, able: int) -> float:
    """Of the work that arrives within one second, the most, as a share of what can be done in it."""
    seconds: dict[int, float] = {}
    for each in played.answered:
        seconds[int(each.request.at)] = seconds.get(int(each.request.at), 0.0) + each.spent
    return max(seconds.values()) / able


def cases(load: Load, stores: Sequence[str]) -> Iterator[Case]:
    """The rows of the table."""
    cron, many = replace(load, within=1.0), replace(load, follows=5)
    busy = replace(load, objects_a_day=load.objects_a_day * 36.5, burst=load.burst * 10)
    if "sqlite" in stores:
        yield Case("one worker", "sqlite", load, 1, 1)
        yield Case("two workers", "sqlite", load, 2, 2)
        yield Case("two, all clients within one second", "sqlite", cron, 2, 2)
        yield Case("two, all at once", "sqlite", replace(load, within=0.0), 2, 2)
        yield Case("two, five collections each", "sqlite", many, 2, 2)
        yield Case("two, a million objects a day in bursts of 500", "sqlite", busy, 2, 2)
    if "mongodb" in stores:
        yield Case("two servers of one worker", "mongodb", load, 2, 2)
        yield Case("the same, all clients within one second", "mongodb", cron, 2, 2)
        yield Case("two servers of two workers, the same", "mongodb", cron, 4, 4)


def main() -> None:
    """Run as the command line says."""
    asked = _parser().parse_args()
    if asked.measure:
        _measure(asked.measure)
    figures = inputs.read()
    load = Load(members=asked.members, clients=asked.clients, every=asked.every, objects_a_day=asked.objects_a_day, burst=asked.burst)
    outcomes = [simulate(case, figures[case.store], asked.minutes * 60, asked.seed) for case in cases(load, list(figures))]
    if asked.svg:
        asked.svg.write_text(drawn(load, figures["sqlite"], asked.seed))
    if asked.json:
        json.dump(told(load, figures, asked.stored, outcomes), sys.stdout, indent=1)
        return
    console = Console(width=None if sys.stdout.isatty() else 150)
    for sheet in (*sheets(load, figures, asked.stored), simulated(load, outcomes)):
        if asked.markdown:
            print(sheet.title, "", *sheet.lines(), "", sep="\n")  # its output
        else:
            console.print(sheet.table())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.capacity", description="Simulate how many clients how many workers bear.")
    parser.add_argument("--measure", choices=[*SIZES, "all"], help="measure this machine first: minutes, a store of a million objects")
    parser.add_argument("--members", type=int, default=Load.members)
    parser.add_argument("--clients", type=int, default=Load.clients, help="of each member")
    parser.add_argument("--every", type=float, default=Load.every, help="seconds from one poll of a client to its next")
    parser.add_argument("--objects-a-day", type=float, default=Load.objects_a_day)
    parser.add_argument("--burst", type=float, default=Load.burst, help="objects that arrive together, on average")
    parser.add_argument("--stored", type=float, default=10_000_000, help="objects for which disks and starting over are told")
    parser.add_argument("--minutes", type=float, default=120, help="how long is simulated")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same figures")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--markdown", action="store_true", help="print the tables as they stand in docs/scaling.md")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the curves")
    return parser


def _measure(which: str) -> None:
    known = inputs.read() if inputs.FILE.exists() else {}
    with tempfile.TemporaryDirectory(prefix="legation-capacity-") as name:
        for store, sizes in SIZES.items():
            if which in {store, "all"}:
                measured = gauge.of_sqlite(Path(name), sizes) if store == "sqlite" else gauge.of_mongodb(Path(name), sizes)
                known = {**known, store: measured}
                inputs.write(known)


def told(load: Load, figures: dict[str, Figures], stored: float, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything as values for JSON."""
    return {
        "load": asdict(load),
        "figures": {store: asdict(each) for store, each in figures.items()},
        "need": {store: asdict(need(load, each, stored)) for store, each in figures.items()},
        "starting over": {store: asdict(starting_over(load, each, stored)) for store, each in figures.items()},
        "simulated": [asdict(each) for each in outcomes],
    }


# ---- the curves


def drawn(load: Load, figures: Figures, seed: int) -> str:
    """How long the slowest of a hundred answers takes, by the number of clients that poll once a minute and find something each time."""
    cron = replace(load, within=1.0)
    series = {
        "one worker": list(_curve(load, figures, 1, seed)),
        "two workers on two cores": list(_curve(load, figures, 2, seed)),
        "two workers, all within one second": list(_curve(cron, figures, 2, seed)),
    }
    return curves(
        "How long an answer takes, by the number of clients",
        f"Simulated from figures measured on {figures.day} ({figures.machine}; {figures.store}): the 99th percentile of the time from a poll that "
        f"brings {NEW} objects to its answer, against the number of clients that poll once a minute, both on logarithmic scales. With one worker and "
        "with two it stays at some milliseconds until their cores are full, and rises steeply there. Where all clients poll within the same second, it "
        f"grows with their number as soon as they are more than can be answered in a second. A line marks the {load.pollers:,} clients of "
        f"{load.members} members.",
        series,
        (load.pollers, f"{load.members} members of {load.clients} clients"),
    )


def _curve(load: Load, figures: Figures, workers: int, seed: int) -> Iterator[tuple[float, float]]:
    """Up to the first number of clients that are too many: answers come half a round late."""
    for count in CLIENTS:
        played = play(steady(replace(load, members=1, clients=count), figures, NEW, ROUNDS, seed), workers, workers)
        slowest = at(sorted(each.time for each in played.answered), 0.99) + figures.delay
        yield count, slowest
        if slowest > load.every / 2:
            return


if __name__ == "__main__":
    main()
