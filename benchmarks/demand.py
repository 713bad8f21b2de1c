"""What an alliance asks of its servers: clients that poll, each at its own moment, and objects that arrive in bursts and are seen by some of them.

Pure, and the same for the same seed.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from math import ceil, exp, log
from typing import Final

from benchmarks.inputs import Figures
from benchmarks.queueing import Request

DAY: Final = 86_400
TURN: Final = 0.002
"""Seconds of work after which a write lets others go first, as the server does (app/sharing/turns.py)."""
ADD: Final = "add"
POLLED: Final = 10
"""Objects that each poll brought when rates were measured (benchmarks.gauge)."""


@dataclass(frozen=True)
class Audience:
    """A share of the objects, and how many members see each of them."""

    share: float
    members: int


@dataclass(frozen=True)
class Load:
    """An alliance at work."""

    members: int = 196
    clients: int = 10
    """Of each member."""
    every: float = 60.0
    """Seconds from one poll of a client to its next."""
    within: float = 60.0
    """Seconds of each round in which all the polls lie: as long as the round if each client has a phase of its own, 1 if all go by the same clock."""
    follows: int = 1
    """Collections that each client polls in each round, one right after the other."""
    objects_a_day: float = 27_400
    """New ones and new versions: 10 million in a year."""
    burst: float = 50
    """Objects that arrive together, on average."""
    audiences: tuple[Audience, ...] = (Audience(0.6, 196), Audience(0.3, 1), Audience(0.1, 20))
    """Alliance-wide, national, operations."""

    @property
    def pollers(self) -> int:
        """Clients of all members."""
        return self.members * self.clients

    @property
    def polls_per_second(self) -> float:
        """On average."""
        return self.pollers * self.follows / self.every

    @property
    def bursts_per_second(self) -> float:
        """On average."""
        return self.objects_a_day / self.burst / DAY

    @property
    def seen(self) -> float:
        """The share of all objects that one member sees, on average."""
        return sum(each.share * min(each.members, self.members) / self.members for each in self.audiences)

    @property
    def finding(self) -> float:
        """The share of polls that find something: at least one burst that the member sees, in the collection that is asked, since the last poll."""
        rates = [0.0] * self.follows
        for number, each in enumerate(self.audiences):
            rates[number % self.follows] += self.bursts_per_second * each.share * min(each.members, self.members) / self.members
        return sum(1 - exp(-rate * self.every) for rate in rates) / self.follows

    @property
    def entries_per_second(self) -> float:
        """Objects on all pages together, on average: whatever is new goes to all who see it, once."""
        return self.objects_a_day / DAY * self.seen * self.pollers


@dataclass
class _Timeline:
    """When objects came that a member sees in one of its collections, and how many there were by then."""

    at: list[float] = field(default_factory=list)
    count: list[int] = field(default_factory=lambda: [0])

    def add(self, at: float, size: int) -> None:
        self.at.append(at)
        self.count.append(self.count[-1] + size)

    def between(self, after: float, until: float) -> int:
        return self.count[bisect_right(self.at, until)] - self.count[bisect_right(self.at, after)]


def requests(load: Load, figures: Figures, seconds: float, seed: int = 1) -> Iterator[Request]:
    """All that arrives within so many seconds, in order."""
    dice = random.Random(f"{seed}/bursts")
    bursts = list(_bursts(load, seconds, dice))
    seen = [[_Timeline() for _ in range(load.follows)] for _ in range(load.members)]
    for at, size, number, who in bursts:
        for member in who:
            seen[member][number % load.follows].add(at, size)
    adds = [_add(at, size, figures) for at, size, _, _ in bursts if at >= 0]
    return merge(_polls(load, figures, seconds, seen, seed), adds, key=lambda request: request.at)


def _bursts(load: Load, seconds: float, dice: random.Random) -> Iterator[tuple[float, int, int, Sequence[int]]]:
    """When, how many objects, for which audience, and the members of it. They begin a round earlier, so that the first polls find something."""
    at = -load.every
    while (at := at + dice.expovariate(load.bursts_per_second)) < seconds:
        size = 1 + int(log(1 - dice.random()) / log(1 - 1 / load.burst)) if load.burst > 1 else 1
        (number,) = dice.choices(range(len(load.audiences)), [each.share for each in load.audiences])
        yield at, size, number, dice.sample(range(load.members), min(load.audiences[number].members, load.members))


def _add(at: float, size: int, figures: Figures) -> Request:
    cost = figures.envelope + figures.added * size
    return Request(at, cost, slices=ceil(cost / TURN), kind=ADD)


def steady(load: Load, figures: Figures, count: int, rounds: int, seed: int = 1) -> Iterator[Request]:
    """Rounds of polls that each find so many objects."""
    cost, crowded = _finding(figures, count)
    for at, _ in _moments(load, rounds * load.every, seed):
        yield Request(at, cost, crowded)


def _finding(figures: Figures, count: int) -> tuple[float, float]:
    """What a poll takes that finds so many, alone and together with others."""
    entries = figures.entry * count
    together = figures.rates[0].cpu - figures.entry * POLLED if figures.rates else figures.poll
    return figures.poll + entries, min(figures.poll, together) + entries


def _polls(load: Load, figures: Figures, seconds: float, seen: Sequence[Sequence[_Timeline]], seed: int) -> Iterator[Request]:
    for at, client in _moments(load, seconds, seed):
        for timeline in seen[client % load.members]:
            count = timeline.between(at - load.every, at)
            yield Request(at, *_finding(figures, count)) if count else Request(at, figures.idle)


def _moments(load: Load, seconds: float, seed: int) -> Iterator[tuple[float, int]]:
    """When which client polls: each at its own phase, the same in every round."""
    dice = random.Random(f"{seed}/phases")
    phases = sorted((dice.random() * load.within, client) for client in range(load.pollers))
    for number in range(ceil(seconds / load.every)):
        for phase, client in phases:
            at = number * load.every + phase
            if at >= seconds:
                return
            yield at, client
