"""What a page costs: everything it looks up lies in an index, and a row that is not flagged is served without a look at what it refers to."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import apsw
import pytest
from contract.samples import COLLECTION, bytes_of, select, version

from app.clock import system_clock
from app.store.contract import Arrival, Page, Selection, StoredVersion, Transaction
from app.store.dates import TrustedClock
from app.store.pins import Pin
from app.store.sqlite import open_sqlite, reading
from app.store.sqlite.connection import make_private, open_reader, open_writer
from app.store.sqlite.values import integers, texts
from app.taxii.query import EVERY, Versions

VERSIONS = (Versions(last=True), Versions(first=True), EVERY, Versions(last=True, first=True, exact=frozenset({"1"})))
SOURCES = {
    "merge": (reading.merge_of(3), (1, 2, 3)),
    "heap": (reading._HEAP, (integers([1, 2]),)),
    "ids": (reading._BY_ID + reading._SORTED, (texts(["indicator--1"]), 1)),
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
    query = reading.page_query(text, versions, with_raw=True)
    asked = (0, 10, "ng-cert", integers([1]), texts(["1"]), *bindings)
    plan = [detail for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {query}", asked)]
    scanned = {step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step}
    assert scanned <= {"SCAN p", "SCAN h", "SCAN heap"}
    assert any(step.startswith("SEARCH n USING PRIMARY KEY") for step in plan)
    assert [step for step in plan if "TEMP B-TREE" in step] == (["USE TEMP B-TREE FOR ORDER BY"] if source == "ids" else [])


def test_a_row_that_is_not_flagged_costs_nothing_for_what_it_refers_to(tmp_path: Path) -> None:
    """Steps of the virtual machine, counted."""
    plain, pinned, flagged = (_steps(tmp_path / name, _visible(flagged=name == "flagged"), pins) for name, pins in _KINDS)
    assert plain == pinned
    assert flagged > plain


_KINDS = (("plain", frozenset[Pin]()), ("pinned", PINS), ("flagged", PINS))


def test_how_much_is_hidden_costs_nothing(tmp_path: Path) -> None:
    """Access-policy case 39. Rows that do not lie side by side are found one by one: a step more for each, whatever lies between them."""
    alone, few, many = (_steps(tmp_path / str(count), _among(count)) for count in (0, 60, 3_000))
    assert few == many
    assert alone <= many <= alone + 50


def _among(hidden: int) -> list[StoredVersion]:
    """Visible rows, and so many hidden ones before, between and behind them."""
    dates = range(1, 61_000_000, 61_000_000 // hidden) if hidden else ()
    rows = [*_visible(), *(version(f"indicator--hidden-{date}", own=2, label=2, date_added=date) for date in dates)]
    return sorted(rows, key=lambda row: row.date_added)


def _visible(*, flagged: bool = False) -> list[StoredVersion]:
    return [version(f"indicator--{number:02}", flagged=flagged, date_added=(number + 1) * 1_000_000) for number in range(60)]


def _steps(path: Path, rows: Sequence[StoredVersion], pins: frozenset[Pin] = frozenset()) -> int:
    asyncio.run(_fill(path, rows, pins))
    reader, steps = open_reader(path), 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return False

    selection: Selection = select(1, limit=50)
    reading.read_page(reader, selection)
    reader.set_progress_handler(count, 1)
    found = reading.read_page(reader, selection)
    reader.close()
    assert isinstance(found, Page)
    assert len(found.entries) == 50
    return steps


async def _fill(path: Path, rows: Sequence[StoredVersion], pins: frozenset[Pin]) -> None:
    store = await open_sqlite(path, TrustedClock(system_clock))

    async def work(tx: Transaction) -> None:
        await tx.put(COLLECTION, [Arrival(row, bytes_of(row), pins) for row in rows])

    await store.transact(work)
    await store.close()
