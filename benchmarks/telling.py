"""What the simulation tells, as tables: for a terminal, and as they stand in docs/scaling.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.table import Table

from benchmarks.demand import Load
from benchmarks.inputs import Figures
from benchmarks.sizing import GIGABIT, need, starting_over

if TYPE_CHECKING:
    from benchmarks.capacity import Outcome

CORES: Final = (2, 8, 32)


@dataclass(frozen=True)
class Sheet:
    """One table. The first column names what the others tell of."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def table(self) -> Table:
        """For a terminal."""
        table = Table(title=self.title, title_justify="left")
        for number, name in enumerate(self.head):
            table.add_column(name, justify="right" if number else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def lines(self) -> list[str]:
        """For a document."""
        return [_line(self.head), _line(["---"] * len(self.head)), *map(_line, self.rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def sheets(load: Load, figures: Mapping[str, Figures], stored: float) -> Iterator[Sheet]:
    """All that is measured, and all that follows from it by arithmetic."""
    names = ["", *(each.store for each in figures.values())]
    measured = ", ".join(sorted({f"{each.day}, {each.machine}" for each in figures.values()}))
    yield Sheet(f"Measured: {measured}", names, _columns([_measured(each) for each in figures.values()]))
    yield _growth(figures["sqlite"])
    yield Sheet(
        f"{load.pollers:,} clients, {load.objects_a_day:,.0f} objects a day, {stored:,.0f} stored",
        names,
        _columns([_needed(load, each, stored) for each in figures.values()]),
    )
    yield _over(load, figures, stored)


def _columns(told: Sequence[Mapping[str, str]]) -> list[list[str]]:
    return [[name, *(each[name] for each in told)] for name in told[0]]


def _measured(each: Figures) -> dict[str, str]:
    return {
        "a poll that finds nothing": _ms(each.idle),
        "a poll that brings something, its delivery record included": f"{_ms(each.poll)} + {each.entry * 1e6:.1f} µs an object",
        "the same, 10 objects, 32 clients at once": "; ".join(
            f"{_ms(rate.cpu)}, {1 / rate.cpu:,.0f} per second of a core" for rate in each.rates[:1]
        ),
        "a page of 1,000": _ms(each.page),
        "an envelope added": f"{_ms(each.envelope)} + {each.added * 1e6:.0f} µs an object",
        "an answer: nothing, something": f"{each.idle_octets} octets, {each.poll_octets} + {each.object_octets} an object",
        "a page as gzip": f"{each.zipped:.0%} of its octets",
        "kept, an object": _kept(each),
        "kept, a delivery record of 10 objects": f"{each.delivery_alone:.0f} octets"
        + (f", {each.delivery_together:.0f} where 32 wait together" if each.rates else ""),
        "a worker in memory: at rest, at most": f"{each.rest_megabytes:.0f}, {max(stage.megabytes for stage in each.stages):.0f} MB",
        "on the wall, 32 clients: one worker, two": ", ".join(f"{rate.per_second:,.0f}/s" for rate in each.rates),
    }


def _kept(each: Figures) -> str:
    if each.index_octets is None:
        return f"{each.stored_octets:,.0f} octets with its indexes"
    return f"{each.stored_octets:,.0f} octets of documents, {each.index_octets:,.0f} of index keys, before compression"


def _growth(each: Figures) -> Sheet:
    rows = [
        [
            f"{stage.stored:,}",
            _ms(stage.idle),
            _ms(stage.poll),
            _ms(stage.page),
            f"{stage.added * 1e6:.0f} µs",
            "" if stage.octets is None else f"{stage.octets / 1e6:,.1f} MB",
            f"{stage.megabytes:.0f} MB",
        ]
        for stage in each.stages
    ]
    head = ["objects stored", "poll, nothing", "poll, 10 new", "page of 1,000", "an object added", "file", "worker in memory"]
    return Sheet(f"As the store grows: {each.store}", head, rows)


def _needed(load: Load, each: Figures, stored: float) -> dict[str, str]:
    needed = need(load, each, stored)
    return {
        "polls": f"{needed.polls_per_second:.1f}/s, {needed.finding:.0%} bring something",
        "cores busy": f"{needed.cores:.3f}",
        "delivery records a day": f"{needed.records_a_day:,.0f}",
        "delivery records kept a year": f"{needed.records_a_year / 1e9:.1f} GB",
        "objects kept": f"{needed.objects / 1e9:.1f} GB",
        "sent on average": f"{needed.sent_per_second * 8 / 1e6:.1f} Mbit/s",
        "written on average": f"{needed.written_per_second / 1e3:.1f} kB/s",
    }


def _over(load: Load, figures: Mapping[str, Figures], stored: float) -> Sheet:
    rows = []
    for store, each in figures.items():
        over = starting_over(load, each, stored)
        for name, line in (("1 Gbit/s", GIGABIT), ("10 Gbit/s", 10 * GIGABIT)):
            for how, is_zipped in (("plain", False), ("gzip", True)):
                hours = (f"{over.seconds(cores, line, is_zipped=is_zipped) / 3600:.1f} h" for cores in CORES)
                rows.append([f"{store}, {name}, {how}", f"{over.cpu / 3600:.0f}", *hours])
    title = (
        f"All clients start over: {over.objects:,.0f} objects each, {over.pages / 1e6:.1f} million pages, "
        f"{over.octets / 1e12:.1f} TB plain, {over.zipped / 1e12:.1f} TB as gzip, {over.records / 1e9:.1f} GB of delivery records"
    )
    return Sheet(title, ["store, line", "core hours", *(f"{cores} cores" for cores in CORES)], rows)


def simulated(load: Load, outcomes: Sequence["Outcome"]) -> Sheet:
    """What was played."""
    rows = [
        [
            f"{each.case.store}: {each.case.name}",
            f"{each.case.load.polls_per_second:.1f}",
            f"{each.found:.0%}",
            f"{each.used:.1%}",
            f"{each.peak:.0%}",
            *(f"{1000 * wait:.1f} ms" for wait in (each.wait_50, each.wait_95, each.wait_99, each.answer_99, each.add_99)),
        ]
        for each in outcomes
    ]
    title = f"{load.members} members of {load.clients} clients, a poll every {load.every:g} s, {load.objects_a_day:,.0f} objects a day"
    head = ["", "polls/s", "bring", "busy", "busiest second", "waits p50", "p95", "p99", "answer p99", "added p99"]
    return Sheet(title, head, rows)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
