"""`make prove`: every promise of the design, proven long. Prints how far it is, and a table of what was played, compared and caught.

`python -m property.prove --help` tells the sizes. It ends with 1 if a property does not hold, or a planted leak goes unnoticed.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Final

import structlog
from property import test_noninterference, timing
from property.leaks import LEAKS, MOST_HISTORIES, caught_within
from property.proofs import PROOFS, Proof
from property.proving import Tally
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

HISTORIES: Final = 2_000
PROVEN, REFUTED = 0, 1
LONGEST_REASON: Final = 1_500
"""Characters of what went wrong; its seed brings back the rest."""


@dataclass(frozen=True)
class Piece:
    """Some histories of a proof, or one planted leak until it is noticed."""

    name: str
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Done:
    """A piece of work that is done: how much it compared, in how many CPU seconds; what went wrong, if something did."""

    piece: Piece
    counted: int
    seconds: float
    wrong: str = ""


def play(piece: Piece) -> Done:
    """Do a piece of work; in a process of its own."""
    began, counted, wrong = process_time(), 0, ""
    try:
        with TemporaryDirectory(prefix="legation-prove-") as folder:
            counted = _leak(piece.name) if not piece.seeds else _histories(piece, Path(folder))
    except AssertionError as error:
        wrong = str(error)[:LONGEST_REASON]
    return Done(piece, counted, process_time() - began, wrong)


def _histories(piece: Piece, folder: Path) -> int:
    proof, counted = next(each for each in PROOFS if each.name == piece.name), 0
    for seed in piece.seeds:
        try:
            counted += proof.prove(seed, folder)
        except Exception as error:
            msg = f"seed {seed}: {str(error) or traceback.format_exc(limit=-2)}"
            raise AssertionError(msg) from error
    return counted


def _leak(name: str) -> int:
    leak = next(each for each in LEAKS if each.__name__ == name)
    stage = test_noninterference.in_a_store(Path())
    return caught_within(leak, lambda seed: test_noninterference.play(seed, stage, Tally()))


def begin() -> None:
    """What a process that plays does first: it logs next to nothing, since planted faults make servers complain; and it ends with whoever started it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    signal.signal(signal.SIGTERM, lambda *_: _end())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it hears of it, and ends it
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    _end()


def _end() -> None:
    """End at once, with all that was started here: nobody waits for what is played, and a server in the midst of its work may not listen."""
    for pid in descendants(os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os._exit(1)


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, task.read_text().split()):
                found += [child, *descendants(child)]
    return found


@dataclass
class Sum:
    """What came of one proof."""

    histories: int = 0
    counted: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def add(self, done: Done) -> None:
        """Take in a piece."""
        self.histories += len(done.piece.seeds)
        self.counted += done.counted
        self.seconds += done.seconds
        self.wrong += [done.wrong] if done.wrong else []


def pieces(proofs: Sequence[Proof], asked: int, first: int) -> Iterator[Piece]:
    """All work: what takes longest in one piece comes first."""
    for proof in sorted(proofs, key=lambda each: each.at_once):
        seeds = range(first, first + proof.histories(asked))
        for start in range(0, len(seeds), proof.at_once):
            yield Piece(proof.name, tuple(seeds[start : start + proof.at_once]))


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that play. If what is within is broken off, they are ended."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=begin)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in active_children():
            process.terminate()
        raise
    pool.shutdown()


def work(todo: Sequence[Piece], jobs: int, console: Console) -> dict[str, Sum]:
    """Do all work, in as many processes, and show how far it is."""
    sums: dict[str, Sum] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with (
        _pool(jobs) as pool,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task("proving", total=len(todo))
        futures: list[Future[Done]] = [pool.submit(play, piece) for piece in todo]
        for future in as_completed(futures):
            done = future.result()
            sums.setdefault(done.piece.name, Sum()).add(done)
            if done.wrong:
                progress.console.print(f"[bold red]{done.piece.name}[/]: {done.wrong}", highlight=False, soft_wrap=True)
            progress.update(task, advance=1)
    return sums


# ---- what is printed


def proofs_table(proofs: Sequence[Proof], sums: dict[str, Sum], first: int) -> Table:
    """Property by property."""
    table = Table("promise", "property", "histories", "seeds", "compared", "CPU s", "holds", title="Properties")
    for proof in proofs:
        found = sums[proof.name]
        seeds = f"{first}-{first + found.histories - 1}"
        compared = f"{found.counted:,} {proof.counts}"
        table.add_row(
            str(proof.promise), proof.name, f"{found.histories:,}", seeds, compared, f"{found.seconds:,.0f}", "no" if found.wrong else "yes"
        )
    return table


def leaks_table(sums: dict[str, Sum]) -> Table:
    """Leak by leak, those that took longest to notice first."""
    table = Table("planted leak", "noticed by history", title="Planted leaks")
    caught = {name: found for name, found in sums.items() if name in _leaks()}
    for name, found in sorted(caught.items(), key=lambda each: (not each[1].wrong, -each[1].counted, each[0])):
        table.add_row(name.replace("_", " "), "not noticed" if found.wrong else str(found.counted))
    return table


def timing_table(measured: Sequence[timing.Measured]) -> Table:
    """Question by question."""
    title = f"Lower quartiles of answers, without and among {timing.HIDDEN:,} hidden objects"
    table = Table("question", "without, ms", "among, ms", "times", "holds", title=title)
    for each in measured:
        holds = "yes" if each.ratio <= timing.LARGEST else "no"
        table.add_row(each.question, f"{each.without * 1e3:.3f}", f"{each.among * 1e3:.3f}", f"{each.ratio:.2f}", holds)
    return table


def _leaks() -> list[str]:
    return [leak.__name__ for leak in LEAKS]


def _summary(sums: dict[str, Sum], seconds: float) -> str:
    leaks = Counter(bool(found.wrong) for name, found in sums.items() if name in _leaks())
    latest = max((found.counted for name, found in sums.items() if name in _leaks() and not found.wrong), default=0)
    histories = sum(found.histories for found in sums.values())
    noticed = f"{leaks[False]} of {leaks.total()} planted leaks noticed, the last by history {latest} of {MOST_HISTORIES}"
    return f"{histories:,} histories in {seconds / 60:.1f} minutes; {noticed}"


def prove(asked: argparse.Namespace, console: Console, measure: Callable[[Path], list[timing.Measured]] = timing.play) -> int:
    """Do everything, print the tables; the exit code."""
    began = perf_counter()
    proofs = [proof for proof in PROOFS if asked.only in proof.name]
    leaks = [Piece(name) for name in _leaks() if not asked.only]
    sums = work([*leaks, *pieces(proofs, asked.histories, asked.first)], asked.jobs, console)
    measured: list[timing.Measured] = []
    if not asked.only:
        with TemporaryDirectory(prefix="legation-prove-") as folder, console.status("timing"):
            measured = measure(Path(folder))
    console.print(proofs_table(proofs, sums, asked.first))
    for table in (leaks_table(sums), timing_table(measured)) if not asked.only else ():
        console.print(table)
    console.print(_summary(sums, perf_counter() - began))
    holds = not any(found.wrong for found in sums.values()) and all(each.ratio <= timing.LARGEST for each in measured)
    return PROVEN if holds else REFUTED


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What to prove, and how much of it."""
    parser = argparse.ArgumentParser(prog="make prove", description="Prove the promises of the design, long.")
    parser.add_argument(
        "histories", nargs="?", type=int, default=HISTORIES, help="how many histories; properties that cost more play a share"
    )
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="only properties whose name holds this text; no leaks, no timing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser.parse_args(given)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Ctrl-C does: nothing that plays outlives it
    sys.exit(prove(arguments(), Console()))
