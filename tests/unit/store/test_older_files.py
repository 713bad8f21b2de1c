"""Files of earlier releases, brought up to date when they are opened: pins that nothing went by (DESIGN 6, References), ids in one index."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import apsw
import pytest
from contract.samples import select

from app.store.contract import Page
from app.store.pins import Contribution, Pin
from app.store.sqlite import pins
from app.store.sqlite.connection import make_private, open_writer
from app.store.sqlite.faults import faults
from app.store.sqlite.ids import walk
from app.store.sqlite.reading import read_page
from app.store.sqlite.rows import history
from app.store.sqlite.schema import STORE, migrate
from app.taxii.query import EVERY

BEFORE = 2
"""How many migrations such a file has behind it."""
GREEN, STRICT = 1, 2
FILE = """
INSERT INTO collection (number, key, labels) VALUES (1, 'shared', 2);
INSERT INTO version VALUES
    (1, 1, 'indicator--1', 'indicator', 'ng-cert', 0, '1', '1', x'00', '', x'7B7D'),
    (2, 1, 'indicator--1', 'indicator', 'ng-cert', 0, '2', '2', x'00', '', x'7B7D'),
    (3, 1, 'note--1', 'note', 'ng-cert', 0, '1', '1', x'00', '', x'7B7D'),
    (4, 1, 'note--1', 'note', 'ng-cert', 0, '2', '2', x'00', '', x'7B7D'),
    (5, 1, 'note--2', 'note', 'ng-cert', 0, '1', '1', x'00', '', x'7B7D');
INSERT INTO standing VALUES (1, 11, 2, 2, 0, 0, 0, 0),
    (2, 12, 2, 2, 0, 0, 1, 0),
    (3, 13, 1, 1, 0, 0, 0, 0),
    (4, 14, 1, 1, 0, 0, 1, 0),
    (5, 15, 1, 1, 0, 0, 1, 0);
INSERT INTO lane VALUES (1, 1, '*', 0, 1, 13), (2, 1, '*', 1, 1, 15), (3, 1, '*', 0, 2, 11), (4, 1, '*', 1, 2, 12);
INSERT INTO page VALUES (1, 13, 3, 1, 0),
    (2, 14, 4, 1, 0),
    (2, 15, 5, 1, 0),
    (3, 11, 1, 2, 0), (4, 12, 2, 2, 0);
INSERT INTO pin VALUES (4, 'indicator--1', 'ng-cert', 1);
"""


PINS = "SELECT t.collection, n.row, t.object_id, t.contributor, n.label FROM pin n JOIN target t ON t.number = n.target ORDER BY n.row"


def _opened(path: Path, migrations: int, content: str) -> apsw.Connection:
    """A file with so many migrations behind it and this content, opened by this release."""
    make_private(path)
    old = apsw.Connection(str(path))
    migrate(old, path.name, replace(STORE, migrations=STORE.migrations[:migrations]))
    old.execute(content).fetchall()
    old.close()
    return open_writer(path, timedelta(seconds=1))


def _rows(connection: apsw.Connection, *numbers: int) -> list[int]:
    found = read_page(connection, select(*numbers, collection="shared", versions=EVERY))
    assert isinstance(found, Page)
    return [entry.row for entry in found.entries]


def test_targets_that_have_closed_since_close_what_refers_to_them(tmp_path: Path) -> None:
    """With the older versions of it; and what refers to nothing hidden is left as it is."""
    opened = _opened(tmp_path / "store.db", BEFORE, FILE)
    assert _rows(opened, GREEN) == [5]
    assert _rows(opened, GREEN, STRICT) == [1, 2, 3, 4, 5]
    assert opened.execute(PINS).fetchall() == [(1, 3, "indicator--1", "ng-cert", STRICT), (1, 4, "indicator--1", "ng-cert", STRICT)]
    opened.close()


NAMED = """
INSERT INTO collection (number, key, labels) VALUES (1, 'one', 2), (2, 'two', 2);
INSERT INTO version VALUES (1, 1, 'note--1', 'note', 'ng-cert', 0, '1', '1', x'00', '', x'7B7D'),
    (2, 2, 'note--1', 'note', 'ng-cert', 0, '1', '1', x'00', '', x'7B7D');
INSERT INTO standing VALUES (1, 11, 1, 1, 0, 0, 1, 1), (2, 12, 1, 1, 0, 0, 1, 0);
INSERT INTO pin VALUES (1, 1, 'indicator--1', 'ng-cert', 2), (1, 1, 'indicator--1', 'ke-cert', 0), (1, 1, 'indicator--1', 'ng-cert', -1),
    (2, 2, 'indicator--1', 'ng-cert', 1);
"""


@pytest.mark.parametrize("before", [3, 4])
def test_pins_that_named_their_targets_are_the_same_pins(tmp_path: Path, before: int) -> None:
    """Each in its collection, under its labels; and what is pinned again gets no second number."""
    opened = _opened(tmp_path / "store.db", before, NAMED)
    ours = frozenset({Pin("indicator--1", "ng-cert", 2), Pin("indicator--1", "ke-cert", 0), Pin("indicator--1", "ng-cert", -1)})
    assert pins.of_rows(opened, 1, [1, 2]) == {1: ours}
    assert pins.of_rows(opened, 2, [1, 2]) == {2: frozenset({Pin("indicator--1", "ng-cert", 1)})}
    pins.add_pins(opened, 2, {2: frozenset({Pin("indicator--1", "ng-cert", 1), Pin("indicator--1", "ke-cert", 1)})})
    assert pins.pinned(opened, 2, [Contribution("indicator--1", "ng-cert")]) == {Contribution("indicator--1", "ng-cert"): frozenset({1})}
    assert opened.execute("SELECT count(*) FROM target").get == 4
    assert opened.execute("PRAGMA integrity_check").get == "ok"
    opened.close()


ELSEWHERE = """
INSERT INTO collection (number, key, labels) VALUES (2, 'elsewhere', 1);
INSERT INTO version VALUES (6, 2, 'note--2', 'note', 'ng-cert', 0, '1', '1', x'00', '', x'7B7D');
INSERT INTO standing VALUES (6, 16, 1, 1, 0, 0, 1, 0);
"""
"""The id of another collection, which is not crowded by it."""


@pytest.mark.parametrize("before", [1, 2, 3, 4, 5])
def test_ids_are_found_as_before(tmp_path: Path, before: int) -> None:
    """Those under which there are several versions, and those under which there is one; and the file says the same everywhere."""
    content = FILE[: FILE.index("INSERT INTO pin")] + ELSEWHERE
    opened = _opened(tmp_path / "store.db", before, content)
    found = history(opened, 1, ["indicator--1", "note--1", "note--2", "note--9"])
    assert {name: [each.row for each in rows] for name, rows in found.items()} == {
        "indicator--1": [1, 2],
        "note--1": [3, 4],
        "note--2": [5],
    }
    assert [each.row for each in history(opened, 2, ["note--2", "note--1"])["note--2"]] == [6]
    assert walk(opened, 2, "", 9) == ["note--2"]
    assert sorted(walk(opened, 1, "", 9)) == ["indicator--1", "note--1", "note--2"]
    assert dict(opened.execute("SELECT row, crowded FROM standing")) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 0, 6: 0}
    assert [fault for fault in faults(opened) if "ids" in fault] == []
    opened.close()
