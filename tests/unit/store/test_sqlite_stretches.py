"""Stretches: however rows lie, each is within one, and no search misses it (DESIGN 8)."""

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from contract.samples import COLLECTION, Hands
from hypothesis import given
from hypothesis import strategies as st

from app.audit.deliveries import Delivery
from app.store.sqlite import open_sqlite
from app.store.sqlite.deliveries import beside
from app.store.sqlite.store import SqliteStore
from app.store.stretches import MOST_STRETCHES, NEAR, stretches

STEPS = st.lists(st.one_of(st.integers(1, 3), st.integers(NEAR - 1, NEAR + 2), st.integers(1, 1 << 40)), max_size=80)


def rows_of(steps: list[int]) -> tuple[int, ...]:
    rows = [7]
    for step in steps:
        rows.append(rows[-1] + step)
    return tuple(rows)


@given(STEPS)
def test_every_row_is_within_one_stretch_of_its_size(steps: list[int]) -> None:
    rows = rows_of(steps)
    found = list(stretches(rows))
    assert 1 <= len(found) <= MOST_STRETCHES
    assert [(size, last - first < 1 << size, last >= first) for size, last, first in found] == [(size, True, True) for size, *_ in found]
    assert [sum(first <= row <= last for _, last, first in found) for row in rows] == [1] * len(rows)
    assert all(first in rows and last in rows for _, last, first in found)
    if all(step <= NEAR for step in steps):
        assert len(found) == 1


PAGES = [
    (5,),
    (5, 6, 7),
    tuple(range(1, 1001)),
    tuple(range(1, 10_000_000, 250_000)),
    (1, 2, 3, 5_000, 5_001, 9_000_000),
    tuple(range(1, 60_000, 2_000)),
    (6, 1 << 40),
]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await open_sqlite(tmp_path / "store.db", Hands().trusted())
    for at, rows in enumerate(PAGES):
        await opened.deliver([Delivery("ng-cert/misp", COLLECTION, 1, at, rows)])
    yield opened
    await opened.close()


async def test_a_search_finds_what_holds_a_row_and_nothing_else(store: SqliteStore) -> None:
    """Against the pages themselves: every row, its neighbours, and what no page holds."""
    asked = {near for rows in PAGES for row in (*rows[:40], *rows[-3:]) for near in (row - 1, row, row + 1)} | {4_500_000, 1 << 41}
    for row in sorted(asked - {0}):
        expected = [at for at, rows in enumerate(PAGES) if row in rows]
        assert [each.delivery.at for each in await store.delivered(COLLECTION, [row], 100)] == expected, row
    assert len(await store.delivered(COLLECTION, asked, 100)) == len(PAGES)


async def test_an_old_row_is_searched_for_around_itself(store: SqliteStore, tmp_path: Path) -> None:
    """By the plan: size by size, within bounds; neither the deliveries nor the stretches are passed over from end to end."""
    from app.store.sqlite.stretches import _HOLDING
    from app.store.sqlite.values import integers

    connection = apsw.Connection(str(beside(tmp_path / "store.db")), flags=apsw.SQLITE_OPEN_READONLY)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {_HOLDING}", (integers([5]), integers([1]), COLLECTION, 0))]
    connection.close()
    assert "SEARCH s USING PRIMARY KEY (collection=? AND size=? AND last>? AND last<?)" in plan
    assert not [step for step in plan if step.startswith(("SCAN s", "SCAN d"))]
