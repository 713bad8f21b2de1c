"""How SQLite answers the queries that matter: by an index from end to end, never by scanning or sorting a collection."""

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from contract.samples import Hands, put, select, version

from app.stix.handling import State
from app.store.contract import Selection
from app.store.sqlite import SqliteStore, ids, open_sqlite, pins, rows
from app.store.sqlite.ids import keys_of
from app.store.sqlite.reading import FEW_LANES, is_long, read_page
from app.store.sqlite.values import integers, texts
from app.taxii.query import EVERY, LATEST, Versions

MANY = range(1, FEW_LANES + 20)
LARGEST_CACHED_STATEMENT = 16_384
"""apsw prepares longer ones anew each time."""
BY_ROW = "INTEGER PRIMARY KEY (rowid=?)"
EVERY_CHOICE = Versions(last=True, first=True, exact=frozenset({"1"}))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Two rows a label, one of them flagged."""
    store = await open_sqlite(tmp_path / "store.db", Hands().trusted())
    for number in MANY:
        pending = version(f"indicator--{number}", "2", label=number, state=State.QUARANTINED, last=False, flagged=True)
        await put(store, version(f"indicator--{number}", "1", label=number, flagged=True), pending)
    yield store
    await store.close()


def statements(connection: apsw.Connection, selection: Selection) -> list[tuple[str, tuple[object, ...]]]:
    """What is executed for a page, with what is bound."""
    executed: list[tuple[str, tuple[object, ...]]] = []

    def trace(_cursor: object, statement: str, bindings: tuple[object, ...]) -> bool:
        executed.append((statement, bindings))
        return True

    connection.exec_trace = trace
    read_page(connection, selection)
    connection.exec_trace = None
    return [(statement, bindings) for statement, bindings in executed if statement.startswith(("SELECT", "WITH"))]


def plans(connection: apsw.Connection, selection: Selection) -> list[str]:
    return [
        detail
        for statement, bindings in statements(connection, selection)
        for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {statement}", bindings)
    ]


def is_scan_of_a_table(step: str) -> bool:
    return step.startswith("SCAN") and step.split()[1] not in {"p", "h", "heap", "u", "i", "n", "carray"}


def few(**changes: object) -> Selection:
    return select(*range(1, 6), **changes)


def many(**changes: object) -> Selection:
    return select(*MANY, **changes)


@pytest.mark.parametrize(
    "selection",
    [
        few(),
        few(after=5),
        few(with_raw=False),
        few(types=frozenset({"indicator", "tool"})),
        few(versions=EVERY),
        few(versions=EVERY_CHOICE),
        many(),
        many(after=5),
        many(types=frozenset({"indicator"})),
        many(versions=EVERY_CHOICE),
    ],
)
async def test_a_page_neither_scans_nor_sorts(store: SqliteStore, selection: Selection) -> None:
    """A plan that sorts the collection for each page costs 43 times as much on a million rows."""
    steps = plans(store._reader, selection)
    assert any(step.startswith("SEARCH page USING PRIMARY KEY (lane=? AND date_added>?)") for step in steps)
    assert any(step.startswith("SEARCH v USING INTEGER PRIMARY KEY") for step in steps)
    assert not [step for step in steps if is_scan_of_a_table(step) or "TEMP B-TREE" in step or "MATERIALIZE" in step]


async def test_objects_by_id_are_found_by_their_index(store: SqliteStore) -> None:
    """What is sorted then are the versions of those ids alone, of each of the two trees; of a row that is hidden nothing but how it stands is fetched."""
    for versions in (LATEST, EVERY, EVERY_CHOICE):
        steps = plans(store._reader, many(ids=frozenset({"indicator--1", "indicator--2"}), versions=versions))
        asked = [f"SEARCH {each} USING {key}" for each, key in (("n", "PRIMARY KEY (key=?)"), ("s", BY_ROW), ("o", BY_ROW))]
        assert [step for step in steps if step in asked] == asked * 2
        assert not [step for step in steps if is_scan_of_a_table(step)]
        assert steps.count("USE TEMP B-TREE FOR ORDER BY") == 2


async def test_flagged_rows_find_their_siblings_by_seeking(store: SqliteStore) -> None:
    """Ten thousand versions under one id must not make each look at all the others, unless another contribution's goes before it."""
    steps = plans(store._reader, few(versions=EVERY_CHOICE))
    seeks = {step.split("(", 1)[1] for step in steps if step.startswith("SEARCH o USING")}
    assert seeks == {
        "collection=? AND object_id=?)",
        "collection=? AND object_id=? AND contributor=?)",
        "collection=? AND object_id=? AND contributor<?)",
        "collection=? AND object_id=? AND contributor>?)",
        "collection=? AND object_id=? AND contributor=? AND key<?)",
        "collection=? AND object_id=? AND contributor=? AND key>?)",
    }


async def test_an_idle_poll_opens_no_lane(store: SqliteStore) -> None:
    newest = (await store.page(many())).entries[-1].date_added  # type: ignore[union-attr] # a page
    for selection in (few(after=newest), many(after=newest)):
        asked = [statement for statement, _ in statements(store._reader, selection)]
        assert len(asked) == 2
        assert not [text for text in asked if "FROM page" in text]


async def test_lanes_are_looked_up_by_their_index(store: SqliteStore) -> None:
    assert "SEARCH lane USING INDEX lane_by_label (collection=? AND object_type=? AND candidate=? AND label=?)" in plans(
        store._reader, few()
    )
    assert "SEARCH lane USING COVERING INDEX lane_by_newest (collection=? AND object_type=? AND candidate=? AND newest>?)" in plans(
        store._reader, many()
    )


async def test_statements_are_short_enough_to_be_kept_prepared(store: SqliteStore) -> None:
    """The widest merge, with every choice."""
    widest = select(*range(1, FEW_LANES + 1), versions=EVERY_CHOICE)
    asked = [statement for statement, _ in statements(store._reader, widest)]
    assert asked[-1].count("UNION ALL") == FEW_LANES - 1
    assert max(map(len, asked)) < LARGEST_CACHED_STATEMENT


async def test_histories_are_found_by_their_keys(store: SqliteStore) -> None:
    query = f"EXPLAIN QUERY PLAN {rows._HISTORY}"
    steps = [detail for *_, detail in store._reader.execute(query, (keys_of(1, ["indicator--1"]),))]
    of_one_tree = [
        "SCAN i VIRTUAL TABLE INDEX 1:",
        "SEARCH n USING PRIMARY KEY (key=?)",
        "SEARCH v USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
    ]
    assert [step for step in steps if step.startswith(("SEARCH", "SCAN"))] == of_one_tree * 2


@pytest.mark.parametrize("query", ids._WALKS)
async def test_a_walk_over_all_ids_seeks_its_place(store: SqliteStore, query: str) -> None:
    steps = [detail for *_, detail in store._reader.execute(f"EXPLAIN QUERY PLAN {query}", (1, 5))]
    assert steps == ["SEARCH n USING PRIMARY KEY (key>? AND key<?)", "SEARCH v USING INTEGER PRIMARY KEY (rowid=?)"]


@pytest.mark.parametrize(
    ("query", "bindings"), [(ids._EARLIER, 1), (ids._CROWD, 1), (ids._CROWDED, 1), (f"DELETE {ids._MOVED}", 0), (ids._NEXT, 0)]
)
async def test_new_ids_look_through_no_tree(store: SqliteStore, query: str, bindings: int) -> None:
    """What a write does about ids costs what it writes."""
    bound = [integers([1])] * bindings or (1, 2)
    steps = [detail for *_, detail in store._reader.execute(f"EXPLAIN QUERY PLAN {query}", bound)]
    tables = [step for step in steps if step.startswith(("SEARCH", "SCAN")) and "carray" not in step and "VIRTUAL TABLE" not in step]
    assert tables
    assert [step for step in tables if not step.startswith("SEARCH")] in ([], ["SCAN (subquery-1)"])


@pytest.mark.parametrize(
    ("query", "bindings", "step"),
    [
        (pins._OF_ROWS, (integers([1, 2]), 1), "SEARCH n USING PRIMARY KEY (row=?)"),
        (pins._KNOWN, (texts(["indicator--1"]), 1), "SEARCH t USING COVERING INDEX target_by_id (collection=? AND object_id=?)"),
        (pins._PINNED, (texts(["indicator--1"]), 1), "SEARCH n USING COVERING INDEX pin_by_target (target=?)"),
        (pins._COPY, (1, 2), "SEARCH n USING COVERING INDEX pin_by_target (target=?)"),
        (pins._DROP, (1, integers([2])), "SEARCH pin USING COVERING INDEX pin_by_target (target=? AND label=?)"),
        (pins._UNFLAGGED, (1, 2), "SEARCH n USING COVERING INDEX pin_by_target (target=? AND label=?)"),
        (pins._REFERRING, (1, 2, 3), "SEARCH n USING COVERING INDEX pin_by_target (target=?)"),
        (pins._UNPIN, (1, 2, integers([2])), "SEARCH pin USING PRIMARY KEY (row=? AND target=?)"),
    ],
    ids=["of rows", "numbers", "on targets", "copied", "dropped", "unflagged", "referring", "unpinned"],
)
async def test_pins_are_found_without_looking_through_those_of_a_collection(
    store: SqliteStore, query: str, bindings: tuple[object, ...], step: str
) -> None:
    steps = [detail for *_, detail in store._reader.execute(f"EXPLAIN QUERY PLAN {query}", bindings)]
    assert step in steps
    assert not any(is_scan_of_a_table(each) and "VIRTUAL TABLE" not in each and "SCAN f" not in each for each in steps)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (few(), False),
        (few(versions=EVERY), False),
        (few(versions=EVERY_CHOICE), True),
        (few(versions=EVERY_CHOICE, ids=frozenset({"indicator--1"})), False),
    ],
)
async def test_what_may_pass_over_a_collection_is_read_on_a_thread(store: SqliteStore, selection: Selection, expected: bool) -> None:  # noqa: FBT001 # a column of the table
    assert is_long(selection) == expected
    assert await store.page(selection) == read_page(store._reader, selection)
