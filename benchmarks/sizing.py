"""How much an alliance needs, by arithmetic alone: records, disks, memory, the network, and everybody starting over at once."""

from dataclasses import dataclass
from typing import Final

from benchmarks.demand import DAY, Load
from benchmarks.inputs import Figures

YEAR: Final = 365 * DAY
PAGE: Final = 1_000
GIGABIT: Final = 1e9 / 8
"""Octets per second of a line of 1 Gbit/s."""


@dataclass(frozen=True)
class Need:
    """What a load needs of one store and of what stands before it. Octets, unless it says otherwise."""

    polls_per_second: float
    finding: float
    """The share of polls that bring something, and so leave a record."""
    records_a_day: float
    cores: float
    """Busy on average: reading and adding together."""
    objects: float
    """On the disk, as many as are stored."""
    objects_a_year: float
    records_a_year: float
    sent_per_second: float
    written_per_second: float
    """Of objects and records, on average."""


@dataclass(frozen=True)
class StartingOver:
    """Everybody reads everything that it may see, at once."""

    objects: float
    """That one client reads."""
    pages: float
    """Of all clients."""
    cpu: float
    """Seconds."""
    octets: float
    zipped: float
    records: float
    """Octets on the disk."""

    def seconds(self, cores: int, line: float, *, is_zipped: bool = False) -> float:
        """How long it takes at least, by whatever is short: cores or the line, of so many octets per second."""
        return max(self.cpu / cores, (self.zipped if is_zipped else self.octets) / line)


def need(load: Load, figures: Figures, stored: float) -> Need:
    """What a load needs while so many objects are stored."""
    found = load.polls_per_second * load.finding
    spent = load.polls_per_second * (1 - load.finding) * figures.idle + found * figures.poll + load.entries_per_second * figures.entry
    spent += load.bursts_per_second * figures.envelope + load.objects_a_day / DAY * figures.added
    sent = (load.polls_per_second - found) * figures.idle_octets + found * figures.poll_octets
    records = found * figures.delivery_alone
    return Need(
        polls_per_second=load.polls_per_second,
        finding=load.finding,
        records_a_day=found * DAY,
        cores=spent,
        objects=stored * figures.kept,
        objects_a_year=load.objects_a_day * 365 * figures.kept,
        records_a_year=records * YEAR,
        sent_per_second=sent + load.entries_per_second * figures.object_octets,
        written_per_second=load.objects_a_day / DAY * figures.kept + records,
    )


def starting_over(load: Load, figures: Figures, stored: float) -> StartingOver:
    """What it takes if all clients begin anew at once, by pages of 1,000."""
    objects = stored * load.seen
    pages = load.pollers * objects / PAGE
    octets = load.pollers * objects * figures.object_octets
    # A record of a page of a thousand neighbours is hardly longer than one of ten: docs/audit.md.
    return StartingOver(objects, pages, pages * figures.page, octets, octets * figures.zipped, pages * figures.delivery_alone)


def longest_idle_second(load: Load, figures: Figures, workers: int) -> float:
    """Seconds until the last is answered if all clients poll in the same instant and find nothing, on workers that each have a core."""
    return load.pollers * load.follows * figures.idle / workers


def waiting(rate: float, cost: float) -> float:
    """Mean seconds of waiting for one worker whose requests arrive at random and cost the same: M/D/1 (Pollaczek and Khinchine)."""
    used = rate * cost
    return used * cost / (2 * (1 - used))
