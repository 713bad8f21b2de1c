"""Pins as writes keep them true. Called on the writer's thread, within its transaction.

What moves many pins is one statement over the index of targets: readers go on meanwhile in their snapshots, on other connections.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import apsw

from app.store.pins import AWAITED, Contribution, Pin
from app.store.sqlite.schema import ANY_TYPE
from app.store.sqlite.values import integers, texts

_TARGET: Final = "n.collection = ?1 AND n.target = ?2 AND n.contributor = ?3"
# The plus keeps SQLite from the index of targets, in which it would look through all pins of the collection for each row.
_OF_ROWS: Final = (
    """SELECT n.row, n.target, n.contributor, n.label FROM carray(?1) i CROSS JOIN pin n ON n.row = i.value WHERE +n.collection = ?2"""
)
_PINNED: Final = """SELECT DISTINCT n.target, n.contributor, n.label FROM carray(?1) i CROSS JOIN pin n INDEXED BY pin_by_target
    ON n.target = i.value WHERE n.collection = ?2"""
_COPY: Final = f"""INSERT OR IGNORE INTO pin
    SELECT n.collection, n.row, n.target, n.contributor, ?4 FROM pin n INDEXED BY pin_by_target WHERE {_TARGET}"""  # noqa: S608 # constants
_DROP: Final = f"""DELETE FROM pin AS n INDEXED BY pin_by_target WHERE {_TARGET} AND n.label IN (SELECT value FROM carray(?4))"""  # noqa: S608 # constants
_UNFLAGGED: Final = f"""SELECT s.row FROM pin n INDEXED BY pin_by_target CROSS JOIN standing s ON s.row = n.row
    WHERE {_TARGET} AND n.label = ?4 AND s.flagged = 0 AND s.label <> ?4"""  # noqa: S608 # constants
_FLAG_PAGE: Final = f"""UPDATE page SET flagged = 1 WHERE (lane, date_added) IN (
    SELECT a.number, u.date_added FROM ({_UNFLAGGED}) f CROSS JOIN standing u ON u.row = f.row CROSS JOIN version v ON v.row = f.row
    CROSS JOIN lane a INDEXED BY lane_by_label
        ON a.collection = ?1 AND a.object_type IN ('{ANY_TYPE}', v.object_type) AND a.candidate = u.candidate AND a.label = u.label
    WHERE u.deleted = 0)"""  # noqa: S608 # constants
_FLAG: Final = f"UPDATE standing SET flagged = 1 WHERE row IN ({_UNFLAGGED})"  # noqa: S608 # constants
_REFERRING: Final = f"""SELECT f.row, v.object_id FROM (
    SELECT DISTINCT n.row FROM pin n INDEXED BY pin_by_target WHERE {_TARGET} AND n.label <> ?4 AND n.label <> {AWAITED} ORDER BY n.row LIMIT ?5
    ) f CROSS JOIN version v ON v.row = f.row ORDER BY f.row"""  # noqa: S608 # constants
_UNPIN: Final = f"""DELETE FROM pin AS n WHERE {_TARGET} AND n.label <> ?4 AND n.row IN (SELECT value FROM carray(?5))"""  # noqa: S608 # constants


def of_rows(connection: apsw.Connection, collection: int, rows: Sequence[int]) -> Mapping[int, frozenset[Pin]]:
    """The pins of rows."""
    found: dict[int, set[Pin]] = {}
    for row, *pin in connection.execute(_OF_ROWS, (integers(rows), collection)) if rows else ():
        found.setdefault(row, set()).add(Pin(*pin))
    return {row: frozenset(pins) for row, pins in found.items()}


def add_pins(connection: apsw.Connection, collection: int, pins: Mapping[int, frozenset[Pin]]) -> None:
    """Give rows pins that they may have already."""
    connection.executemany(
        "INSERT OR IGNORE INTO pin VALUES (?, ?, ?, ?, ?)", ((collection, row, *pin) for row, of in pins.items() for pin in of)
    )


def pinned(connection: apsw.Connection, collection: int, targets: Sequence[Contribution]) -> Mapping[Contribution, frozenset[int]]:
    """The labels under which each contribution is pinned."""
    wanted, found = frozenset(targets), dict[Contribution, set[int]]()
    for object_id, contributor, label in (
        connection.execute(_PINNED, (texts({each.object_id for each in wanted}), collection)) if wanted else ()
    ):
        found.setdefault(Contribution(object_id, contributor), set()).add(label)
    return {target: frozenset(labels) for target, labels in found.items() if target in wanted}


def repin(connection: apsw.Connection, collection: int, target: Contribution, label: int, instead_of: frozenset[int]) -> None:
    """Give every row with a pin on the contribution one under `label`, flag it if it lies under another, take the pins under `instead_of` away."""
    which = (collection, *target, label)
    connection.execute(_COPY, which)
    connection.execute(_FLAG_PAGE, which)  # whoever is not flagged has been published: `candidate` does not change
    connection.execute(_FLAG, which)
    if instead_of:
        connection.execute(_DROP, (collection, *target, integers(instead_of)))


def referring(connection: apsw.Connection, collection: int, target: Contribution, label: int, limit: int) -> Mapping[int, str]:
    """The rows of lowest number that have a pin on the contribution under another label."""
    return dict(connection.execute(_REFERRING, (collection, *target, label, limit)))


def unpin(connection: apsw.Connection, collection: int, target: Contribution, label: int, rows: Sequence[int]) -> None:
    """Take from rows their pins on the contribution under other labels."""
    if rows:
        connection.execute(_UNPIN, (collection, *target, label, integers(rows)))
