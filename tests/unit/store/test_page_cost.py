"""What a page costs: everything it looks up lies in an index, and a row that is not flagged is served without a look at what it refers to."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import apsw
import pytest
from contract.samples import COLLECTION, bytes_of, select, version

from app.clock import system_clock
from app.store.contract import Arrival, Page, Selection, Transaction
from app.store.dates import TrustedClock
from app.store.pins import Pin
from app.store.sqlite import open_sqlite, reading
from app.store.sqlite.connection import make_private, open_reader, open_writer
from app.store.sqlite.ids import keys_of
from app.store.sqlite.values import integers, texts
from app.taxii.query import EVERY, Versions

VERSIONS = (Versions(last=True), Versions(first=True), EVERY, Versions(last=True, first=True, exact=frozenset({"1"})))
SOURCES = {
    "merge": (reading.merge_of(3), (1, 2, 3)),
    "heap": (reading._HEAP, (integers([1, 2]),)),
    "ids": (reading._BY_ID + reading._SORTED, (keys_of(1, ["indicator--1"]), texts(["indicator--1"]))),
}
PINS = frozenset({Pin("indicator--9", "ng-cert", 1), Pin("indicator--8", "ng-cert", 1)})


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    """An empty store's file."""
    path = tmp_path / "store.db"
    make_private(path)
    opened = open_writer(path, timedelta(seconds=1))
    yield opened
    opened.close()


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("versions", VERSIONS)
def test_a_page_scans_no_table_and_sorts_only_what_was_asked_for_by_id(
    connection: apsw.Connection, source: str, versions: Versions
) -> None:
    text, bindings = SOURCES[source]
    query = reading.page_query(text, versions, with_raw=True, with_names=True)
    asked = (0, 10, "ng-cert", integers([1]), texts(["1"]), *bindings)
    plan = [detail for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {query}", asked)]
    scanned = {step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step}
    assert scanned <= {"SCAN p", "SCAN h", "SCAN heap"}
    assert any(step.startswith("SEARCH n USING PRIMARY KEY") for step in plan)
    assert [step for step in plan if "TEMP B-TREE" in step] == ["USE TEMP B-TREE FOR ORDER BY"] * (2 if source == "ids" else 0)


def test_a_row_that_is_not_flagged_costs_nothing_for_what_it_refers_to(tmp_path: Path) -> None:
    """Steps of the virtual machine, counted."""
    plain, pinned, flagged = (_steps(tmp_path / name, pins, is_flagged=name == "flagged") for name, pins in _KINDS)
    assert plain == pinned
    assert flagged > plain


@pytest.mark.parametrize("versions", VERSIONS[:3])
@pytest.mark.parametrize("limit", [10, 50])
def test_what_is_hidden_costs_nothing(tmp_path: Path, versions: Versions, limit: int) -> None:
    """Case 39: the steps of a page follow what the reader sees, however much lies before, between and behind it.

    That there is a hidden label at all costs as much as one more look for it.
    """
    steps: list[int] = []
    for hidden in (1, 40):
        path = tmp_path / str(hidden)
        asyncio.run(_interleave(path, hidden=hidden))
        steps.append(_count(path, select(1, limit=limit, versions=versions), limit))
    assert steps[1] == steps[0]


_KINDS = (("plain", frozenset[Pin]()), ("pinned", PINS), ("flagged", PINS))


def _steps(path: Path, pins: frozenset[Pin], *, is_flagged: bool) -> int:
    asyncio.run(_fill(path, pins, is_flagged=is_flagged))
    return _count(path, select(1, limit=50), 50)


def _count(path: Path, selection: Selection, expected: int) -> int:
    """The steps that a page of so many entries takes."""
    reader, steps = open_reader(path), 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return False

    reading.read_page(reader, selection)
    reader.set_progress_handler(count, 1)
    found = reading.read_page(reader, selection)
    reader.close()
    assert isinstance(found, Page)
    assert len(found.entries) == expected
    return steps


async def _interleave(path: Path, *, hidden: int) -> None:
    """Rows under label 1, and around each of them `hidden` ones under label 2."""
    store = await open_sqlite(path, TrustedClock(system_clock))

    async def work(tx: Transaction) -> None:
        for place in range(51):
            aside = [
                version(f"indicator--{place:02}-{number:02}", label=2, date_added=1_000_000 + 100 * place + number)
                for number in range(hidden)
            ]
            shown = version(f"indicator--{place:02}", date_added=1_000_000 + 100 * place + 50) if place else None
            rows = [*aside, *([shown] if shown is not None else [])]
            if rows:
                await tx.put(COLLECTION, [Arrival(row, bytes_of(row)) for row in rows])

    await store.transact(work)
    await store.close()


async def _fill(path: Path, pins: frozenset[Pin], *, is_flagged: bool) -> None:
    store = await open_sqlite(path, TrustedClock(system_clock))

    async def work(tx: Transaction) -> None:
        rows = [version(f"indicator--{number:02}", flagged=is_flagged, date_added=1_000_001 + number) for number in range(60)]
        await tx.put(COLLECTION, [Arrival(row, bytes_of(row), pins) for row in rows])

    await store.transact(work)
    await store.close()
