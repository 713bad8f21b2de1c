"""Pins as writes keep them true. Called on the writer's thread, within its transaction.

What moves many pins is one statement over the index of targets: readers go on meanwhile in their snapshots, on other connections.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import apsw

from app.store.pins import AWAITED, Contribution, Pin
from app.store.sqlite.schema import ANY_TYPE
from app.store.sqlite.values import integer_if_any, integers, texts

_KNOWN: Final = """SELECT t.object_id, t.contributor, t.number FROM carray(?1) i CROSS JOIN target t INDEXED BY target_by_id
    ON t.collection = ?2 AND t.object_id = i.value"""
_OF_ROWS: Final = """SELECT n.row, t.object_id, t.contributor, n.label FROM carray(?1) i CROSS JOIN pin n ON n.row = i.value
    CROSS JOIN target t ON t.number = n.target WHERE t.collection = ?2"""
_PINNED: Final = f"""SELECT DISTINCT k.object_id, k.contributor, n.label FROM ({_KNOWN}) k CROSS JOIN pin n INDEXED BY pin_by_target
    ON n.target = k.number"""  # noqa: S608 # constants
_COPY: Final = "INSERT OR IGNORE INTO pin SELECT n.row, n.target, ?2 FROM pin n INDEXED BY pin_by_target WHERE n.target = ?1"
_DROP: Final = "DELETE FROM pin INDEXED BY pin_by_target WHERE target = ?1 AND label IN (SELECT value FROM carray(?2))"
_UNFLAGGED: Final = """SELECT s.row FROM pin n INDEXED BY pin_by_target CROSS JOIN standing s ON s.row = n.row
    WHERE n.target = ?1 AND n.label = ?2 AND s.flagged = 0 AND s.label <> ?2"""
_FLAG_PAGE: Final = f"""UPDATE page SET flagged = 1 WHERE (lane, date_added) IN (
    SELECT a.number, u.date_added FROM ({_UNFLAGGED}) f CROSS JOIN standing u ON u.row = f.row CROSS JOIN version v ON v.row = f.row
    CROSS JOIN lane a INDEXED BY lane_by_label
        ON a.collection = v.collection AND a.object_type IN ('{ANY_TYPE}', v.object_type) AND a.candidate = u.candidate AND a.label = u.label
    WHERE u.deleted = 0)"""  # noqa: S608 # constants
_FLAG: Final = f"UPDATE standing SET flagged = 1 WHERE row IN ({_UNFLAGGED})"  # noqa: S608 # constants
_REFERRING: Final = f"""SELECT f.row, v.object_id FROM (
    SELECT DISTINCT n.row FROM pin n INDEXED BY pin_by_target WHERE n.target = ?1 AND n.label <> ?2 AND n.label <> {AWAITED} ORDER BY n.row LIMIT ?3
    ) f CROSS JOIN version v ON v.row = f.row ORDER BY f.row"""  # noqa: S608 # constants
_UNPIN: Final = "DELETE FROM pin WHERE row IN (SELECT value FROM carray(?3)) AND target = ?1 AND label <> ?2"


def of_rows(connection: apsw.Connection, collection: int, rows: Sequence[int]) -> Mapping[int, frozenset[Pin]]:
    """The pins of rows."""
    found: dict[int, set[Pin]] = {}
    for row, *pin in connection.execute(_OF_ROWS, (integers(rows), collection)) if rows else ():
        found.setdefault(row, set()).add(Pin(*pin))
    return {row: frozenset(pins) for row, pins in found.items()}


def add_pins(connection: apsw.Connection, collection: int, pins: Mapping[int, frozenset[Pin]]) -> None:
    """Give rows pins that they may have already."""
    targets = _numbers(connection, collection, {Contribution(pin.target, pin.contributor) for of in pins.values() for pin in of})
    connection.executemany(
        "INSERT OR IGNORE INTO pin VALUES (?, ?, ?)",
        ((row, targets[target, contributor], label) for row, of in pins.items() for target, contributor, label in of),
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
    number = _number(connection, collection, target)
    if number is None:
        return
    connection.execute(_COPY, (number, label))
    connection.execute(_FLAG_PAGE, (number, label))  # whoever is not flagged has been published: `candidate` does not change
    connection.execute(_FLAG, (number, label))
    if instead_of:
        connection.execute(_DROP, (number, integers(instead_of)))


def referring(connection: apsw.Connection, collection: int, target: Contribution, label: int, limit: int) -> Mapping[int, str]:
    """The rows of lowest number that have a pin on the contribution under another label."""
    number = _number(connection, collection, target)
    return {} if number is None else dict(connection.execute(_REFERRING, (number, label, limit)))


def unpin(connection: apsw.Connection, collection: int, target: Contribution, label: int, rows: Sequence[int]) -> None:
    """Take from rows their pins on the contribution under other labels."""
    number = _number(connection, collection, target)
    if number is not None and rows:
        connection.execute(_UNPIN, (number, label, integers(rows)))


def _number(connection: apsw.Connection, collection: int, target: Contribution) -> int | None:
    """What stands for a contribution in pins; None if it was never pinned."""
    query = "SELECT number FROM target WHERE collection = ? AND object_id = ? AND contributor = ?"
    return integer_if_any(connection, query, collection, *target)


def _numbers(connection: apsw.Connection, collection: int, targets: AbstractSet[Contribution]) -> Mapping[tuple[str, str], int]:
    """The same for many; those that are new get one."""
    known = _known(connection, collection, targets)
    new = sorted(targets - known.keys())
    if new:
        query = "INSERT INTO target (collection, object_id, contributor) VALUES (?, ?, ?)"
        connection.executemany(query, ((collection, *target) for target in new))
        known |= _known(connection, collection, new)
    return known


def _known(connection: apsw.Connection, collection: int, targets: Collection[Contribution]) -> dict[tuple[str, str], int]:
    found = connection.execute(_KNOWN, (texts({target.object_id for target in targets}), collection)) if targets else ()
    return {(object_id, contributor): number for object_id, contributor, number in found}
