"""Pages: every condition of the selection inside one query, before its limit; nothing is filtered afterwards.

A query has three parts:
* The source yields rows of visible labels in the order of their dates, lazily: a merge of few lanes (UNION ALL), a heap over many, or the index of ids.
* The choice looks at the pins of flagged rows and compares them with their siblings. Both lie in an index in the order in which they are asked for.
* The rest fetches what an entry holds.

Bound everywhere: ?1 after, ?2 limit, ?3 organisation, ?4 label numbers, ?5 versions asked for by key; from ?6 on what the source needs.
"""

from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import closing
from functools import cache
from itertools import accumulate, islice
from typing import Any, Final, NamedTuple

import apsw

from app.store.contract import Behind, Page, Selection
from app.store.pins import AWAITED
from app.store.sqlite.ids import ROWS_OF, keys_of
from app.store.sqlite.labels import above_mark
from app.store.sqlite.schema import ANY_TYPE
from app.store.sqlite.values import integers, texts
from app.store.sqlite.witness import Memory
from app.taxii.query import LATEST, Versions

FEW_LANES: Final = 64
"""Up to here a merge is faster than the heap, and its statement short enough to be kept prepared."""
FEW_TYPES: Final = 4
NO_LANE: Final = 0
_NOTHING: Final = frozenset[str]()
_NO_VERSIONS: Final = Versions()
WEIGHED_AT_ONCE: Final = 64
"""Rows read before their octets are counted: a page passes over its budget by the largest of them, 64 MB, and only in memory."""

_SEEN: Final = "(SELECT value FROM carray(?4))"
_AMONG: Final = f"""FROM crowd o CROSS JOIN standing t ON t.row = o.row {{}}
    WHERE o.collection = v.collection AND o.object_id = v.object_id AND t.label IN {_SEEN}"""
_SIBLING: Final = _AMONG.format("")
_NOT_WITHHELD: Final = f"""({{0}}.contributor = ?3 OR NOT EXISTS (
    SELECT 1 FROM pin n WHERE n.row = {{0}}.row AND n.label <> {AWAITED} AND n.label NOT IN {_SEEN}))"""  # noqa: S608 # constants
_IS_VISIBLE: Final = f"AND t.deleted = 0 AND {_NOT_WITHHELD.format('o')}"
_VISIBLE_SIBLING: Final = f"SELECT 1 {_SIBLING} {_IS_VISIBLE}"
_RANKED: Final = f"{_AMONG.format('CROSS JOIN version r ON r.row = o.row')} {_IS_VISIBLE}"
_OUTRANKED: Final = f"""(EXISTS (SELECT 1 {_RANKED} AND o.contributor < v.contributor AND r.rank <= v.rank)
    OR EXISTS (SELECT 1 {_RANKED} AND o.contributor > v.contributor AND r.rank < v.rank))"""
_BEST: Final = f"(SELECT substr(min(format('%020d%s', r.rank, o.contributor)), 21) {_RANKED})"
"""Whose the best ranked of all visible rows under the id is: looked for only if somebody else's row goes before this one."""
_SERVED: Final = f"""({_NOT_WITHHELD.format("v")} AND (v.contributor = ?3
    OR (NOT EXISTS (SELECT 1 {_SIBLING} AND o.contributor = ?3) AND (NOT {_OUTRANKED} OR v.contributor = {_BEST}))))"""
_LAST: Final = f"""NOT EXISTS ({_VISIBLE_SIBLING} AND o.contributor = v.contributor AND o.key > v.key)"""
_FIRST: Final = f"""NOT EXISTS ({_VISIBLE_SIBLING} AND o.contributor = v.contributor AND o.key < v.key)"""
_ALONE: Final = "(SELECT crowded FROM standing WHERE row = v.row) = 0"
"""One look instead of five for the usual flagged row: only what it refers to lies under other labels, and it has no sibling to be compared with."""
_SEEN_ITSELF: Final = _NOT_WITHHELD.format("v")
_EXACT: Final = "v.key IN (SELECT value FROM carray(?5))"

_ARM: Final = "SELECT date_added, row, label, flagged FROM page WHERE lane = ?{} AND date_added > ?1"
_NEXT: Final = "(SELECT min(date_added) FROM page WHERE lane = {lane} AND date_added > {after})"
_HEAP: Final = f"""WITH RECURSIVE heap(date_added, lane) AS (
    SELECT {_NEXT.format(lane="n.value", after="?1")}, n.value FROM carray(?6) n
    UNION ALL
    SELECT {_NEXT.format(lane="h.lane", after="h.date_added")}, h.lane FROM heap h WHERE h.date_added IS NOT NULL
    ORDER BY 1) SELECT q.date_added, q.row, q.label, q.flagged FROM heap h CROSS JOIN page q ON q.lane = h.lane AND q.date_added = h.date_added"""  # noqa: S608 # constants
"""A lane that has come to its end has no date, and goes no further."""
_BY_ID: Final = f"""SELECT s.date_added, o.row, s.label, s.flagged
    FROM ({ROWS_OF.format("?6")}) k CROSS JOIN standing s ON s.row = k.row CROSS JOIN version o ON o.row = k.row
    WHERE o.object_id IN (SELECT value FROM carray(?7)) AND s.deleted = 0 AND s.date_added > ?1 AND s.label IN {_SEEN}"""  # noqa: S608 # constants
"""How a row stands comes before what it is: of one that is hidden nothing more is fetched than of an id that is not there."""
_OF_TYPES: Final = " AND o.object_type IN (SELECT value FROM carray(?8))"
_SORTED: Final = " ORDER BY 1 LIMIT -1"  # with a limit, SQLite keeps the order of a subquery, and sees that the rest needs no sorting
_LANES: Final = "SELECT number, label FROM lane INDEXED BY {} WHERE collection = ?1 AND object_type = ?2 AND candidate = ?3 AND newest > ?4"
_LANES_NEWER: Final = _LANES.format("lane_by_newest") + " LIMIT ?5"
_LANES_OF: Final = _LANES.format("lane_by_label") + " AND label IN (SELECT value FROM carray(?5))"  # noqa: S608 # constants


_ALWAYS: Final = {"rows": "p.row", "dates": "p.date_added"}
_RAW: Final = {"raws": "v.raw"}
_NAMES: Final = {"ids": "v.object_id", "versions": "v.version", "labels": "p.label", "contributors": "v.contributor"}
"""What an entry holds: a column of the page, and where the query has it from."""


class _Source(NamedTuple):
    """Where rows come from in the order of their dates: the text of a subquery, and what it binds from ?6 on."""

    text: str
    bindings: Sequence[object]


class Way(NamedTuple):
    """The way to a page: the number of its collection, and the lanes of visible labels in which something is newer; of a selection by ids, none."""

    collection: int | None
    lanes: Sequence[int]


def read_page(connection: apsw.Connection, selection: Selection, memory: Memory | None = None) -> Page | Behind:
    """The page, or what the clearance lacks, from one snapshot. Nothing else may use the connection meanwhile.

    A way that `memory` knows is not sought again: its page is read by one statement, which is a snapshot by itself, and of the state in which the way
    was found if the file is in that state after it.
    """
    if memory is None:
        return _read_page(connection, selection)[0]
    key = _key(selection)
    way = memory.known(key)
    if way is not None and not selects_nothing(selection):
        page = _page(connection, way, selection)
        if memory.holds():
            return page
    state = memory.begin()
    found, way = _read_page(connection, selection)
    memory.keep(state, key, way)
    return found


def _read_page(connection: apsw.Connection, selection: Selection) -> tuple[Page | Behind, Way | None]:
    connection.execute("BEGIN")
    try:
        epoch, collection, newest_label = connection.execute(
            "SELECT u.epoch, c.number, coalesce(c.labels, 0) FROM counter u LEFT JOIN collection c ON c.key = ?", (selection.collection,)
        ).get
        if epoch != selection.epoch or newest_label > selection.mark:
            return Behind(epoch, above_mark(connection, collection, selection.mark)), None
        if selects_nothing(selection):
            return Page(), None  # whoever asks for the same with other versions goes another way
        way = Way(collection, () if selection.ids is not None else _lanes(connection, collection, selection))
        return _page(connection, way, selection), way if _is_small(selection, way) else None
    finally:
        if connection.in_transaction:  # an error may have ended it
            connection.execute("COMMIT")


def _key(selection: Selection) -> Hashable:
    """What the way depends on, in one state of the file: that the clearance fits is part of it."""
    collection, epoch, mark = selection.collection, selection.epoch, selection.mark
    if selection.ids is not None:
        return collection, epoch, mark
    return collection, epoch, mark, selection.numbers, selection.after, selection.types, selection.versions == LATEST


def _is_small(selection: Selection, way: Way) -> bool:
    """Whether a way is worth its room in memory: a client could ask for thousands of others."""
    return len(way.lanes) <= FEW_LANES and len(selection.types or ()) <= FEW_TYPES


def is_long(selection: Selection) -> bool:
    """Whether reading may pass over a whole collection: versions by value, wherever they are."""
    return bool(selection.versions.exact) and not selection.versions.all and selection.ids is None


def selects_nothing(selection: Selection) -> bool:
    """Whether the selection is empty whatever is stored."""
    return not selection.numbers or selection.versions == _NO_VERSIONS or _NOTHING in (selection.ids, selection.types)


def page_query(source: str, versions: Versions, *, with_raw: bool, with_names: bool) -> str:
    """The whole query on top of a source."""
    return _query(source, (versions.last, versions.first, versions.all, bool(versions.exact)), with_raw, with_names)


@cache
def merge_of(lanes: int) -> str:
    """The source that merges so many lanes, bound one by one."""
    return " UNION ALL ".join(_ARM.format(place) for place in range(6, 6 + lanes)) + _SORTED


def _page(connection: apsw.Connection, way: Way, selection: Selection) -> Page:
    source = _merged(way.lanes) if selection.ids is None else _ids(way.collection, selection.ids, selection)
    if source is None:
        return Page()
    after = _after(selection)
    exact = texts(selection.versions.exact) if selection.versions.exact else None
    query = page_query(source.text, selection.versions, with_raw=selection.with_raw, with_names=selection.with_names)
    bindings = (after, selection.limit + 1, selection.organisation, integers(selection.numbers), exact, *source.bindings)
    with closing(connection.execute(query, bindings)) as rows:
        return _cut(rows, selection)


def _columns(*, with_raw: bool, with_names: bool) -> dict[str, str]:
    """What a row gives: the column of the page, and its text in the query."""
    return _ALWAYS | (_RAW if with_raw else {}) | (_NAMES if with_names else {})


def _cut(rows: Iterator[tuple[Any, ...]], selection: Selection) -> Page:
    """As many of the rows as the page may hold, of one row more than that; at least one. What they hold together is looked at now and then only."""
    names = _columns(with_raw=selection.with_raw, with_names=selection.with_names)
    columns: dict[str, list[Any]] = {name: [] for name in names}
    found, raws = columns["rows"], columns.get("raws", [])
    size = 0
    while size <= selection.budget and (batch := list(islice(rows, WEIGHED_AT_ONCE))):
        for column, part in zip(columns.values(), zip(*batch, strict=True), strict=True):
            column.extend(part)
        size += sum(map(len, raws[-len(batch) :]))
    fitting = selection.limit
    if size > selection.budget:
        fitting = min(fitting, max(1, bisect_right(list(accumulate(map(len, raws))), selection.budget)))
    return Page(**{name: tuple(column[:fitting]) for name, column in columns.items()}, more=len(found) > fitting)


def _ids(collection: int | None, ids: Collection[str], selection: Selection) -> _Source | None:
    """The rows under these ids; None if the collection has none at all."""
    if collection is None:
        return None
    text, bindings = _BY_ID, [keys_of(collection, ids), texts(ids)]
    if selection.types is not None:
        text, bindings = text + _OF_TYPES, [*bindings, texts(selection.types)]
    if selection.versions == LATEST:
        text += " AND s.candidate"
    return _Source(text + _SORTED, bindings)


def _after(selection: Selection) -> int:
    return -1 if selection.after is None else selection.after


def _lanes(connection: apsw.Connection, collection: int | None, selection: Selection) -> list[int]:
    """The lanes of visible labels in which something is newer than the selection's date."""
    candidates = (1,) if selection.versions == LATEST else (1, 0)
    kinds = [(collection, kind, candidate, _after(selection)) for kind in selection.types or (ANY_TYPE,) for candidate in candidates]
    return [lane for kind in kinds for lane in _visible(connection, kind, selection.numbers)]


def _merged(lanes: Sequence[int]) -> _Source | None:
    """The rows of these lanes; None if there are no lanes."""
    if not lanes:
        return None
    if len(lanes) > FEW_LANES:
        return _Source(_HEAP, (integers(lanes),))
    width = 1 << (len(lanes) - 1).bit_length()  # few widths, so that few statements are prepared
    return _Source(merge_of(width), [*lanes, *[NO_LANE] * (width - len(lanes))])


def _visible(connection: apsw.Connection, kind: tuple[int | None, str, int, int], numbers: frozenset[int]) -> list[int]:
    """The lanes of one kind. Looked for among the newer ones, or, if these are many, label by label: either way no longer than the reader's labels are."""
    found = list(connection.execute(_LANES_NEWER, (*kind, len(numbers) + 1)))
    if len(found) > len(numbers):
        found = list(connection.execute(_LANES_OF, (*kind, integers(numbers))))
    return [lane for lane, label in found if label in numbers]


@cache
def _query(source: str, versions: tuple[bool, bool, bool, bool], with_raw: bool, with_names: bool) -> str:  # noqa: FBT001 # what the cache goes by
    order = "" if source is _HEAP else "ORDER BY p.date_added"  # a heap gives its rows in order
    return f"""SELECT {", ".join(_columns(with_raw=with_raw, with_names=with_names).values())}
        FROM ({source}) p CROSS JOIN version v ON v.row = p.row
        WHERE {_choice(*versions)} {order} LIMIT ?2"""  # noqa: S608 # made of constants


def _choice(last: bool, first: bool, every: bool, exact: bool) -> str:  # noqa: FBT001 # the fields of `Versions`
    """The condition on a row. Of candidates alone, those that are not flagged are `last` already."""
    if (last, first, every, exact) == (True, False, False, False):
        return f"p.flagged = 0 OR ({_SEEN_ITSELF} AND ({_ALONE} OR ({_SERVED} AND {_LAST})))"
    served = f"(p.flagged = 0 OR ({_SEEN_ITSELF} AND ({_ALONE} OR {_SERVED})))"
    chosen = " OR ".join(text for wanted, text in ((last, _LAST), (first, _FIRST), (exact, _EXACT)) if wanted)
    return served if every else f"{served} AND ({chosen})"
