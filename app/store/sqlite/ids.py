"""Where the rows under an id are: by a key, which is a hash, so that whoever looks rows up by it compares their ids.

Ids come in no order: in one large tree each new one opens a page of its own, and a write of a thousand objects puts a thousand pages of the file back. So
those that came last stand in a small tree (`id_recent`), and each write moves as many on into the large one (`id_settled`), those that lie side by side there.

A row is `crowded` if another one of its collection has its key: the versions of those alone are kept in the order of what tells them apart (`crowd`).
"""

from collections.abc import Collection, Sequence
from contextlib import ExitStack, closing
from hashlib import blake2b
from heapq import merge
from itertools import groupby, islice, pairwise
from operator import itemgetter
from typing import Final

import apsw

from app.store.sqlite.values import integer_if_any, integers

RECENT: Final = 32_768
"""Ids that are not moved on: 1 MB. The tree of a million others is then opened at one place in thirty by a write of a thousand."""
HASH_OCTETS: Final = 5
"""With the number of a small collection in front, a key takes six octets of the file."""

ROWS_OF: Final = """SELECT n.row FROM carray({0}) i CROSS JOIN id_recent n ON n.key = i.value
    UNION ALL SELECT n.row FROM carray({0}) i CROSS JOIN id_settled n ON n.key = i.value"""
"""The rows under the keys bound at {0}, each of which is named once."""

_EARLIER: Final = """SELECT i.value, coalesce((SELECT min(row) FROM id_recent WHERE key = i.value), (SELECT min(row) FROM id_settled WHERE key = i.value))
    FROM carray(?1) i"""
_CROWD: Final = "UPDATE standing SET crowded = 1 WHERE crowded = 0 AND row IN (SELECT value FROM carray(?1)) RETURNING row"
_CROWDED: Final = """INSERT INTO crowd SELECT v.collection, v.object_id, v.contributor, v.key, v.row
    FROM carray(?1) i CROSS JOIN version v ON v.row = i.value"""
_NEXT: Final = "SELECT max(key) FROM (SELECT key FROM id_recent WHERE key > ? ORDER BY key LIMIT ?)"
_MOVED: Final = "FROM id_recent WHERE key > ?1 AND key <= ?2"
_WALKS: Final = tuple(
    f"SELECT n.key, v.object_id FROM {tree} n CROSS JOIN version v ON v.row = n.row WHERE n.key >= ? AND n.key < ? ORDER BY n.key"  # noqa: S608 # a constant
    for tree in ("id_recent", "id_settled")
)


def key_of(collection: int, object_id: str) -> int:
    """What stands for an id of a collection."""
    return (collection << 8 * HASH_OCTETS) + int.from_bytes(blake2b(object_id.encode(), digest_size=HASH_OCTETS).digest())


def teach_keys(connection: apsw.Connection) -> None:
    """Give the connection's statements a function `id_key`."""
    connection.create_scalar_function("id_key", key_of, 2, deterministic=True)  # type: ignore[arg-type] # of what a version holds


def keys_of(collection: int, ids: Collection[str]) -> "apsw.CArrayBinding":
    """The keys of ids, at least one, each once, to be bound."""
    return integers({key_of(collection, each) for each in ids})


def enter(connection: apsw.Connection, collection: int, numbered: Sequence[tuple[int, str]]) -> None:
    """Let new rows, at least one, be found by their ids. Within a transaction; the rows and how they stand are stored already."""
    entries = sorted((key_of(collection, object_id), row) for row, object_id in numbered)
    _crowd(connection, entries)
    connection.executemany("INSERT INTO id_recent VALUES (?, ?)", entries)
    _settle(connection, len(entries))


def walk(connection: apsw.Connection, collection: int, after: str, limit: int) -> Sequence[str]:
    """The next ids after one, or after none (""), each once: in the order of their keys, those that share one in their own."""
    first, end = collection << 8 * HASH_OCTETS, (collection + 1) << 8 * HASH_OCTETS
    start = (key_of(collection, after), after) if after else (first, "")
    with ExitStack() as opened:
        trees = [opened.enter_context(closing(connection.execute(query, (start[0], end)))) for query in _WALKS]
        found = groupby(merge(*trees, key=itemgetter(0)), key=itemgetter(0))
        ids = (each for key, under in found for each in sorted({object_id for _, object_id in under}) if (key, each) > start)
        return list(islice(ids, limit))


def _crowd(connection: apsw.Connection, entries: Sequence[tuple[int, int]]) -> None:
    """Say of rows that are not entered yet, and of who was alone before, that there are several under a key.

    Of those that were there before, either all are known to be crowded, or there is but one.
    """
    earlier = {key: row for key, row in connection.execute(_EARLIER, (integers({key for key, _ in entries}),)) if row is not None}
    several = earlier.keys() | {key for (key, _), (following, _) in pairwise(entries) if key == following}
    if not several:
        return
    rows = [*earlier.values(), *(row for key, row in entries if key in several)]
    crowded = [row for (row,) in connection.execute(_CROWD, (integers(rows),))]
    connection.execute(_CROWDED, (integers(sorted(crowded)),))


def _settle(connection: apsw.Connection, added: int) -> None:
    """Move on what is too much, from where the last move ended, and after the highest key from the lowest on again."""
    recent, settled_to = connection.execute("SELECT recent + ?, settled_to FROM counter", (added,)).get
    while recent > RECENT:
        last = integer_if_any(connection, _NEXT, settled_to, recent - RECENT)
        if last is not None:
            connection.execute(f"INSERT INTO id_settled SELECT key, row {_MOVED}", (settled_to, last))
            connection.execute(f"DELETE {_MOVED}", (settled_to, last))
            recent -= connection.changes()
        elif settled_to < 0:
            recent = 0  # it was counted wrongly: there is nothing
        settled_to = -1 if last is None else last
    connection.execute("UPDATE counter SET recent = ?, settled_to = ?", (recent, settled_to))
