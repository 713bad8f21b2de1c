"""Timing (access-policy 6, property 11; case 39): what is hidden slows no answer, as far as statistics can tell.

Two files hold the same visible objects; one of them holds 100,000 hidden ones beside, under many labels, before, among and behind the others. The same
questions are asked of both, in turns, and a hidden id beside an unknown one. Compared are the lower quartiles: what else runs on a machine makes some
answers slower, none faster. A difference counts if it is found again: three times in a row. `make test` asserts no time, so this is run by `make prove` alone.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Final

from property.cast import ALLIANCE, alliance
from property.dates import Dates
from property.stage import Stage, on_disk, open_stage, place

from app.access.cedar import CedarJudge
from app.stix.handling import HandlingLabel, State, Tlp
from app.store.contract import Arrival, StoredVersion, Transaction

VISIBLE, HIDDEN = 1_000, 100_000
SAMPLES: Final = 300
"""Of each question, by turns."""
LARGEST: Final = 1.5
"""How many times as long an answer may take with hidden objects as without, by the lower quartile: rows that lie further apart in a file take a little
longer to fetch. Work for each hidden row would take a hundred times as long."""
ATTEMPTS: Final = 3
READER: Final = "za-cert/misp"
KEY: Final = next(each.key for each in alliance().collections if each.path == ALLIANCE)
OPEN: Final = HandlingLabel(Tlp.GREEN, "ng-cert", "ng-cert")
_LISTS: Final = ("org:ng-cert", "org:ke-cert", "jur:KE", "group:secretariat", "op:afjoc")
CLOSED: Final = tuple(
    HandlingLabel(level, "ng-cert", "ng-cert", releasable_to=frozenset({name}))
    for level, name in product((Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.AMBER_STRICT), _LISTS)
)
COMMIT: Final = 2_000


def identifier(number: int, *, is_hidden: bool) -> str:
    """The id of one object: hidden ones lie among the others by id as well."""
    return f"indicator--{number * 2 + is_hidden:08x}-0000-4000-8000-000000000000"


UNKNOWN: Final = f"indicator--{VISIBLE:08x}-0000-4000-8000-0000000000ff"


def _rows(hidden: int) -> Iterator[tuple[str, int]]:
    """(id, label number) of all objects, in the order in which they come."""
    each = hidden // (VISIBLE + 1)
    for number in range(VISIBLE + 1):
        for place_ in range(each):
            yield identifier(number * each + place_, is_hidden=True), 2 + (number + place_) % len(CLOSED)
        if number < VISIBLE:
            yield identifier(number * (each or 1), is_hidden=False), 1


async def fill(stage: Stage, hidden: int) -> None:
    """Store the visible objects, and so many hidden ones."""
    rows = [*_rows(hidden)]

    async def label(tx: Transaction) -> None:
        assert list(await tx.intern(KEY, [OPEN, *CLOSED], "ng-cert")) == list(range(1, len(CLOSED) + 2))

    await stage.exchange.store.transact(label)
    for start in range(0, len(rows), COMMIT):
        portion = rows[start : start + COMMIT]

        async def put(tx: Transaction, portion: Sequence[tuple[str, int]] = portion) -> None:
            dates = await tx.dates(KEY, [1] * len(portion))
            arrivals = [_arrival(*row, date) for row, date in zip(portion, dates, strict=True)]
            await tx.put(KEY, arrivals)

        stage.clock.go(seconds=10)
        await stage.exchange.store.transact(put, weight=len(portion))


def _arrival(object_id: str, label: int, date: int) -> Arrival:
    raw = b'{"type":"indicator","id":"%b","name":"%b"}' % (object_id.encode(), b"x" * 600)
    stored = StoredVersion(
        row=0, object_id=object_id, object_type="indicator", contributor="ng-cert", rank=date, version="2026-02-01T00:00:00.000Z",
        key="2026-02-01T00:00:00", date_added=date, own=label, label=label, state=State.PUBLISHED, digest=bytes(32), last=True,
    )  # fmt: skip
    return Arrival(stored, raw)


@dataclass(frozen=True)
class Measured:
    """How long answers to one question took (seconds, lower quartile), without hidden objects and with them."""

    question: str
    without: float
    among: float

    @property
    def ratio(self) -> float:
        """How many times as long it took with them."""
        return self.among / self.without


async def measure(asked: dict[str, tuple[tuple[Stage, str], tuple[Stage, str]]], dice: random.Random, samples: int) -> list[Measured]:
    """Ask each question both ways, in turns and in random order."""
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in asked}
    for _ in range(samples):
        for name in dice.sample(sorted(asked), len(asked)):
            for which in dice.sample((0, 1), 2):
                stage, target = asked[name][which]
                began = perf_counter()
                await stage.ask(READER, "GET", target)
                taken[name][which].append(perf_counter() - began)
    return [Measured(name, quantiles(without)[0], quantiles(among)[0]) for name, (without, among) in taken.items()]


def questions(plain: Stage, crowded: Stage) -> dict[str, tuple[tuple[Stage, str], tuple[Stage, str]]]:
    """What is asked of both, and of the crowded one twice."""
    where = place(ALLIANCE)
    visible = {each: identifier(VISIBLE // 2 * each, is_hidden=False) for each in (1, HIDDEN // (VISIBLE + 1))}
    both = {
        "a page of objects": "objects/?limit=100",
        "all objects": "objects/?limit=1000",
        "a page of the manifest": "manifest/?limit=100",
        "all versions": "manifest/?limit=100&match[version]=all",
        "nothing new": "objects/?added_after=2027-01-01T00:00:00Z",
    }
    asked = {name: ((plain, where + target), (crowded, where + target)) for name, target in both.items()}
    own = [(stage, f"{where}objects/{visible[each]}/") for stage, each in ((plain, 1), (crowded, HIDDEN // (VISIBLE + 1)))]
    asked["one object"] = own[0], own[1]
    hidden = identifier(HIDDEN // 2, is_hidden=True)
    asked["a hidden id, beside an unknown one"] = (crowded, f"{where}objects/{UNKNOWN}/"), (crowded, f"{where}objects/{hidden}/")
    return asked


@asynccontextmanager
async def filled(folder: Path) -> AsyncIterator[tuple[Stage, Stage]]:
    """Both files, without and with hidden objects."""
    async with AsyncExitStack() as stack:
        stages = [await stack.enter_async_context(open_stage(on_disk(folder), Dates(), make_judge=CedarJudge)) for _ in range(2)]
        for stage, hidden in zip(stages, (0, HIDDEN), strict=True):
            await fill(stage, hidden)
        yield stages[0], stages[1]


async def _play(folder: Path, tell: Callable[[list[Measured]], None]) -> list[Measured]:
    async with filled(folder) as (plain, crowded):
        asked = questions(plain, crowded)
        found: list[Measured] = []
        for attempt in range(ATTEMPTS):
            measured = await measure(asked, random.Random(attempt), SAMPLES)
            tell(measured)
            found = [each for each in found if each.ratio <= LARGEST] + measured
            asked = {each.question: asked[each.question] for each in measured if each.ratio > LARGEST}
            if not asked:
                break
    return found


def play(folder: Path, tell: Callable[[list[Measured]], None] = lambda _: None) -> list[Measured]:
    """Measure; the last of each question. Whoever is above `LARGEST` was so `ATTEMPTS` times in a row."""
    return asyncio.run(_play(folder, tell))
