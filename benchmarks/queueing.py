"""Requests wait for workers, and workers for cores: a discrete-event simulation without a clock, a file or a network.

* A request goes to the workers in turns, and a worker does one thing at a time, in the order in which it came.
* Work that is done in slices goes back to the end of its worker's queue after each of them.
* A worker needs a core for each slice; who has waited for one longest is next. Nothing is interrupted within a slice.
* Every request is answered once, however long it takes.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush


@dataclass(frozen=True, slots=True)
class Request:
    """What arrives: when, and the seconds of processor time that it takes."""

    at: float
    cost: float
    crowded: float | None = None
    """What it takes instead if it had to wait, where waiting together is cheaper: delivery records share one visit to the disk."""
    slices: int = 1
    kind: str = "poll"


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that is done: how long it waited until somebody took it up, and when it was answered."""

    request: Request
    wait: float
    spent: float
    """Seconds of processor time."""
    end: float

    @property
    def time(self) -> float:
        """Seconds from its arrival to its answer."""
        return self.end - self.request.at


@dataclass
class Played:
    """What became of all."""

    answered: list[Answered] = field(default_factory=list)

    @property
    def busy(self) -> float:
        """Seconds of processor time, of all cores together."""
        return sum(each.spent for each in self.answered)


@dataclass(slots=True)
class _Job:
    request: Request
    left: int
    part: float = 0.0
    wait: float | None = None


@dataclass(slots=True)
class _Worker:
    queue: deque[_Job] = field(default_factory=deque)
    is_called: bool = False
    """It works, or waits for a core."""


def play(requests: Iterable[Request], workers: int, cores: int) -> Played:
    """Answer all requests, which come in the order of their arrival."""
    return _House([_Worker() for _ in range(workers)], cores).play(requests)


class _House:
    def __init__(self, workers: Sequence[_Worker], cores: int) -> None:
        self._workers = workers
        self._free = cores
        self._ready: deque[_Worker] = deque()
        self._ends: list[tuple[float, int, _Worker, _Job]] = []
        self._begun = 0
        self._played = Played()

    def play(self, requests: Iterable[Request]) -> Played:
        for number, request in enumerate(requests):
            self._work_until(request.at)
            worker = self._workers[number % len(self._workers)]
            worker.queue.append(_Job(request, request.slices))
            self._call(worker, request.at)
        self._work_until(float("inf"))
        return self._played

    def _work_until(self, moment: float) -> None:
        while self._ends and self._ends[0][0] <= moment:
            now, _, worker, job = heappop(self._ends)
            self._free += 1
            worker.is_called = False
            job.left -= 1
            if job.left:
                worker.queue.append(job)
            else:
                self._played.answered.append(Answered(job.request, job.wait or 0.0, job.part * job.request.slices, now))
            if worker.queue:
                self._call(worker, now)
            self._begin(now)

    def _call(self, worker: _Worker, now: float) -> None:
        """It has something to do: let it wait for a core, if it does not already."""
        if not worker.is_called:
            worker.is_called = True
            self._ready.append(worker)
            self._begin(now)

    def _begin(self, now: float) -> None:
        while self._free and self._ready:
            worker = self._ready.popleft()
            job = worker.queue.popleft()
            if job.wait is None:
                job.wait = now - job.request.at
                is_crowded = (job.wait > 0 or worker.queue) and job.request.crowded is not None
                job.part = ((job.request.crowded if is_crowded else None) or job.request.cost) / job.request.slices
            self._free -= 1
            self._begun += 1
            heappush(self._ends, (now + job.part, self._begun, worker, job))
