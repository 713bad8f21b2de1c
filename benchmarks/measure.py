"""How contestants are compared: side by side, in turns, each asked for the same; and what a row of the table says of it.

Each round asks every contestant for a fraction of a second, one after the other, so that whatever else the machine does at the time hits all alike. The
figure is the median over the rounds of the server's processor time per request; ratios are taken between figures of the same row only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.client import Connection, Walls
from benchmarks.processes import Server

MOST_REQUESTS: Final = 3000
"""In one round."""
SLOW: Final = 1.0
"""Seconds: whoever takes longer is asked once."""
FLOOR_A: Final = "floor (a)"
FLOOR_B: Final = "floor (b)"
FLOOR_C: Final = "floor (c)"
LEGATION: Final = "Legation"
OPENTAXII: Final = "OpenTAXII"
MEDALLION: Final = "medallion"


@dataclass(frozen=True)
class Probe:
    """What one contestant is asked: `act` is done over and over on one connection."""

    name: str
    server: Server
    act: Callable[[Connection], object]

    @staticmethod
    def of(name: str, server: Server, message: bytes) -> "Probe":
        """A single request."""
        return Probe(name, server, partial(_ask, message))


def _ask(message: bytes, connection: Connection) -> object:
    return connection.ask(message)


@dataclass
class Sample:
    """What one contestant needed: seconds of processor time per act, one figure for each round; seconds on the wall, one for each act."""

    cpu_by_round: list[float] = field(default_factory=list)
    walls: Walls = field(default_factory=Walls)

    @property
    def cpu(self) -> float:
        """Seconds of processor time per act."""
        return median(self.cpu_by_round)

    @property
    def text(self) -> str:
        """The figure with its quantiles on the wall, in milliseconds."""
        p50, p95, p99 = (milliseconds(self.walls.at(share)) for share in (0.5, 0.95, 0.99))
        return f"**{milliseconds(self.cpu)}** (wall {p50} / {p95} / {p99})"


@dataclass(frozen=True)
class Pace:
    """How long to measure: rounds, and seconds for each contestant in a round."""

    rounds: int
    seconds: float


def compare(probes: Sequence[Probe], pace: Pace) -> dict[str, Sample]:
    """Measure contestants in turns; one that needs more than a second is asked once. Raises ValueError or OSError if one does not answer."""
    samples = {probe.name: Sample() for probe in probes}
    repeats = {probe.name: _warmed(probe, pace.seconds, samples[probe.name]) for probe in probes}
    for _ in range(pace.rounds):
        for probe in probes:
            if repeats[probe.name]:
                _measure(probe, repeats[probe.name], samples[probe.name])
    return samples


def _warmed(probe: Probe, seconds: float, sample: Sample) -> int:
    """How often to ask in a round; 0 if the first answer took so long that it is all there will be."""
    with Connection(probe.server.port) as connection:
        before, began = probe.server.cpu(), perf_counter()
        probe.act(connection)
        wall = perf_counter() - began
        if wall > SLOW:
            sample.walls.seconds.append(wall)
            sample.cpu_by_round.append(probe.server.cpu() - before)
            return 0
        began = perf_counter()
        probe.act(connection)
        return max(1, min(MOST_REQUESTS, int(seconds / (perf_counter() - began))))


def _measure(probe: Probe, repeat: int, sample: Sample) -> None:
    with Connection(probe.server.port) as connection:
        probe.act(connection)
        before = probe.server.cpu()
        for _ in range(repeat):
            began = perf_counter()
            probe.act(connection)
            sample.walls.seconds.append(perf_counter() - began)
        sample.cpu_by_round.append((probe.server.cpu() - before) / repeat)


@dataclass(frozen=True)
class Check:
    """One target: a figure against its bound. `at_least`: the figure must not be below."""

    text: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Whether the target is met."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def ratio(self) -> float:
        """What is reached of the target: 1 and below is in, whichever way the target goes."""
        return self.bound / max(self.value, 1e-12) if self.at_least else self.value / self.bound


@dataclass(frozen=True)
class Row:
    """A row of the table: figures by contestant as text, the targets, and a note on how it was measured."""

    name: str
    figures: Mapping[str, str]
    checks: tuple[Check, ...] = ()
    note: str = ""
    bars: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds by contestant, where they can be drawn beside each other."""


def row_of(name: str, samples: Mapping[str, Sample], *checks: Check, note: str = "") -> Row:
    """A row of samples."""
    figures = {who: sample.text for who, sample in samples.items()}
    return Row(name, figures, checks, note, {who: sample.cpu * 1000 for who, sample in samples.items()})


def times(samples: Mapping[str, Sample], other: str, bound: float, who: str = LEGATION) -> Check:
    """The check that `who` needs at most `bound` times the processor time of `other`."""
    return Check(f"≤ {bound:g} times {other}", samples[who].cpu / samples[other].cpu, bound)


def within(samples: Mapping[str, Sample], bound: float, who: str = LEGATION) -> Check:
    """The check that `who` needs at most `bound` milliseconds of processor time."""
    return Check(f"≤ {bound:g} ms", samples[who].cpu * 1000, bound)


def milliseconds(seconds: float) -> str:
    """Three significant digits, in milliseconds."""
    value = seconds * 1000
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
