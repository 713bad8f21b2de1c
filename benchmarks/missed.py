"""Does a follower ever miss an object? `make missed` lets writers and followers of every habit work at once, kills servers meanwhile, and counts.

`python -m benchmarks.missed --help` tells the sizes. The store is a parameter: without one, each arrangement gets a fresh SQLite file,
or with `--mongodb` a database of its own.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.database import database
from benchmarks.fleet import Fleet, fleet
from benchmarks.following import CAST, ENVELOPE, WRITERS, Follower, Ledger, Version, Writer, followers


@dataclass(frozen=True)
class Arrangement:
    """How many servers with how many workers, who writes how much, how many followers of each habit there are, and how often something is killed."""

    processes: int = 1
    workers: int = 1
    writers: int = 4
    objects: int = 5_000
    """Of each writer."""
    of_each: int = 2
    kills: int = 6
    envelope: int = ENVELOPE


@dataclass(frozen=True)
class Followed:
    """What became of one follower."""

    habit: str
    client: str
    versions: str
    rounds: int
    received: int
    missed: int
    twice: int
    """Received again under the date that it had; those who go by their own clock may."""
    redated: int
    """Received again under a later date: a write that the store was slow to commit."""
    strange: int
    """Received though it may not see it, or though nobody sent it."""


@dataclass(frozen=True)
class Counted:
    """What became of all."""

    arrangement: Arrangement
    acknowledged: int
    lost: int
    """Answers that a kill took."""
    seconds: float
    failures: list[str]
    followed: list[Followed]

    @property
    def is_clean(self) -> bool:
        """Whether nobody missed anything, got what he should not, or twice what he should get once; and no server failed."""
        exact = all(each.twice == 0 for each in self.followed if "clock" not in each.habit)
        return exact and not self.failures and not any(each.missed or each.strange for each in self.followed)


@contextmanager
def store_in(folder: Path, named: str | None = None, *, mongodb: bool) -> Iterator[str]:
    """The address of an empty store: the one that is named, else one in a database that is started for it, else a file."""
    if named or not mongodb:
        yield named or f"sqlite:///{folder}/store.sqlite"
        return
    with database(folder) as started:
        yield started.store


Tell = Callable[[int, int], None]
"""Hears how many versions are acknowledged of how many."""


def count(store: str, folder: Path, arrangement: Arrangement, tell: Tell = lambda _done, _whole: None) -> Counted:
    """Play an arrangement over a fresh store."""
    began = monotonic()
    with fleet(store, folder, CAST, arrangement.processes, arrangement.workers) as made:
        play = Play(made, arrangement, followers(made, arrangement.of_each))
        play.run(tell)
        followed = [_followed(each, play.ledger) for each in play.following]
        return Counted(arrangement, len(play.ledger.acknowledged), play.ledger.lost, monotonic() - began, made.failures, followed)


@dataclass
class Play:
    """One arrangement: followers are there before the first write and after the last one; servers and workers are killed in between."""

    fleet: Fleet
    arrangement: Arrangement
    following: Sequence[Follower]
    ledger: Ledger = field(default_factory=Ledger)
    _written: threading.Event = field(default_factory=threading.Event)
    _all_look: threading.Barrier = field(init=False)

    def __post_init__(self) -> None:
        """Everybody waits for everybody else's first look."""
        self._all_look = threading.Barrier(len(self.following) + 1)

    def run(self, tell: Tell) -> None:
        """Let everybody work until all is written and followed."""
        with _at_work([partial(self._follow, each) for each in self.following], self._give_up):
            self._all_look.wait()
            with _at_work([self._writer(number).run for number in range(self.arrangement.writers)], self._give_up):
                self._kill_now_and_then(tell)
            self._written.set()

    def _writer(self, number: int) -> Writer:
        client = WRITERS[number % len(WRITERS)]
        return Writer(self.fleet.line(client, 1000 + number), self.ledger, number, self.arrangement.objects, self.arrangement.envelope)

    def _follow(self, follower: Follower) -> None:
        follower.round()
        self._all_look.wait()
        while not self._written.is_set():
            follower.round()
        follower.round()
        follower.line.close()

    def _kill_now_and_then(self, tell: Tell) -> None:
        dice, kills = random.Random(self.arrangement.kills), self.arrangement.kills
        whole = self.arrangement.writers * self.arrangement.objects
        for number in range(kills):
            reached = whole * (number + 1) // (kills + 1)
            self.ledger.wait_for(reached, self.fleet.given_up)
            if self.fleet.given_up.is_set():
                return
            tell(reached, whole)
            victim = dice.choice(self.fleet.members)
            if number % 2:
                victim.kill_worker(dice)
            else:
                victim.kill()
                victim.start()

    def _give_up(self) -> None:
        """Whoever waits for something waits no longer."""
        self.fleet.give_up()
        self._all_look.abort()
        with self.ledger.changed:
            self.ledger.changed.notify_all()


@contextmanager
def _at_work(work: Sequence[Callable[[], None]], give_up: Callable[[], None]) -> Iterator[None]:
    """Threads beside what is within; they have ended when the context has. If one fails all give up, and its error is raised."""
    errors: list[BaseException] = []

    def guarded(one: Callable[[], None]) -> None:
        try:
            one()
        except ConnectionAbortedError:
            return  # another one has failed before
        except BaseException as error:  # noqa: BLE001 # raised again where it is waited for
            errors.append(error)
            give_up()

    threads = [threading.Thread(target=guarded, args=(one,), daemon=True) for one in work]
    for thread in threads:
        thread.start()
    try:
        yield
    except BaseException:
        give_up()
        raise
    finally:
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]


def _followed(follower: Follower, ledger: Ledger) -> Followed:
    wanted = ledger.visible(follower.client, ledger.acknowledged)
    got = follower.got
    missed = len(wanted - got) if follower.every else _missed_last(wanted, got)
    return Followed(
        habit=follower.habit,
        client=follower.client,
        versions="every" if follower.every else "last",
        rounds=follower.rounds,
        received=follower.received,
        missed=missed,
        twice=follower.twice,
        redated=follower.redated,
        strange=len(got - ledger.visible(follower.client, ledger.sent)),
    )


def _missed_last(wanted: set[Version], got: set[Version]) -> int:
    """Objects of which the newest version that was received is older than the newest that was acknowledged."""
    newest = {version.object_id: version.modified for version in sorted(got)}
    last = {version.object_id: version.modified for version in sorted(wanted)}
    return sum(newest.get(object_id, "") < modified for object_id, modified in last.items())


def main() -> None:
    """Run as the command line says. Exit code 1: somebody missed something."""
    parser = argparse.ArgumentParser(prog="benchmarks.missed", description="Count what followers miss while servers are killed.")
    parser.add_argument("--store", help="address of an empty store; it is used for one arrangement")
    parser.add_argument("--mongodb", action="store_true", help="over a database that is started for it, by 1 and 3 servers")
    parser.add_argument("--workers", type=int, nargs="+", help="workers of each server: an arrangement for each")
    parser.add_argument("--processes", type=int, nargs="+", help="servers over the one store: an arrangement for each")
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--objects", type=int, default=25_000, help="of each writer")
    parser.add_argument("--envelope", type=int, default=ENVELOPE, help="objects of an envelope: the server takes up to 20,000")
    parser.add_argument("--of-each", type=int, default=4, help="followers of each habit")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Ctrl-C does: no server outlives its benchmark
    several = ([1, 3], [1]) if asked.mongodb else ([1], [1, 4])
    arrangements = [
        Arrangement(processes, workers, asked.writers, asked.objects, asked.of_each, asked.kills, asked.envelope)
        for processes in asked.processes or several[0]
        for workers in asked.workers or several[1]
    ]
    counted = [_watched(asked.store, arrangement, mongodb=asked.mongodb) for arrangement in arrangements]
    if asked.json:
        print(json.dumps([asdict(each) | {"clean": each.is_clean} for each in counted], indent=2))
    else:
        for each in counted:
            _show(each)
    sys.exit(0 if all(each.is_clean for each in counted) else 1)


def _watched(store: str | None, arrangement: Arrangement, *, mongodb: bool) -> Counted:
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="legation-missed-") as name,
        Progress(*parts, console=console, disable=not console.is_terminal) as bar,
        store_in(Path(name), store, mongodb=mongodb) as where,
    ):
        task = bar.add_task(f"{arrangement.processes} servers, {arrangement.workers} workers")
        return count(where, Path(name), arrangement, lambda done, whole: bar.update(task, completed=done, total=whole))


COLUMNS: Final = ("habit", "client", "versions", "rounds", "received", "missed", "twice", "redated", "strange")


def _show(counted: Counted) -> None:
    arrangement = counted.arrangement
    title = (
        f"{arrangement.processes} servers with {arrangement.workers} workers, {arrangement.writers} writers: {counted.acknowledged} versions acknowledged, "
        f"{arrangement.kills} kills, {counted.lost} answers lost, {len(counted.failures)} failures, {counted.seconds:.0f} s"
    )
    table = Table(*COLUMNS, title=title, title_justify="left")
    for each in counted.followed:
        table.add_row(*(str(getattr(each, column)) for column in COLUMNS))
    console = Console()
    Console(width=None if console.is_terminal else 140).print(table)
    for failure in counted.failures[:10]:
        print(failure)


if __name__ == "__main__":
    main()
