"""What one reader is shown of the rows in memory: each sentence of `Selection` in its plainest form."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from app.store.columns import page_of
from app.store.contract import Entry, Page, Selection, StoredVersion
from app.store.pins import Pin, are_seen
from app.taxii.query import Versions

BEFORE_EVERYTHING: Final = -1


def read_page(rows: Iterable[StoredVersion], raws: Mapping[int, bytes], pins: Mapping[int, frozenset[Pin]], selection: Selection) -> Page:
    """The page that the selection describes."""
    shown = [row for row in rows if not _is_withheld(row, pins.get(row.row, frozenset()), selection)]
    return _cut(raws, _select(shown, selection), selection)


def _is_withheld(row: StoredVersion, pins: frozenset[Pin], selection: Selection) -> bool:
    """Whether it is another's and refers to something that the reader may not see. A tombstone never is: it is shown to nobody anyway."""
    return row.flagged and row.contributor != selection.organisation and not row.deleted and not are_seen(pins, selection.numbers)


def _select(rows: Iterable[StoredVersion], selection: Selection) -> list[StoredVersion]:
    """All rows that the selection describes, its size apart, ascending date_added."""
    threads: dict[str, list[StoredVersion]] = {}
    for row in rows:
        threads.setdefault(row.object_id, []).append(row)
    chosen = [row for thread in threads.values() for row in _versions(_served(thread, selection), selection.versions)]
    after = BEFORE_EVERYTHING if selection.after is None else selection.after
    return sorted((row for row in chosen if row.date_added > after and _matches(row, selection)), key=lambda row: row.date_added)


def _served(thread: Sequence[StoredVersion], selection: Selection) -> list[StoredVersion]:
    """The visible rows of the one contribution under an id that the reader is shown, ascending by version."""
    cleared = [row for row in thread if row.label in selection.numbers]
    visible = [row for row in cleared if not row.deleted]
    if any(row.contributor == selection.organisation for row in cleared):
        contributor = selection.organisation
    else:
        _, contributor = min(((row.rank, row.contributor) for row in visible), default=(0, ""))
    return sorted((row for row in visible if row.contributor == contributor), key=lambda row: (row.key, row.row))


def _versions(rows: Sequence[StoredVersion], versions: Versions) -> list[StoredVersion]:
    newest = len(rows) - 1
    return [
        row
        for place, row in enumerate(rows)
        if versions.all or (versions.last and place == newest) or (versions.first and place == 0) or row.key in versions.exact
    ]


def _matches(row: StoredVersion, selection: Selection) -> bool:
    has_id = selection.ids is None or row.object_id in selection.ids
    return has_id and (selection.types is None or row.object_type in selection.types)


def _cut(raws: Mapping[int, bytes], rows: Sequence[StoredVersion], selection: Selection) -> Page:
    """The first of `rows`, as many as the page may hold."""
    entries: list[Entry] = []
    size = 0
    for row in rows:
        raw = raws[row.row] if selection.with_raw else b""
        size += len(raw)
        if len(entries) == selection.limit or (entries and size > selection.budget):
            return page_of(entries, selection, more=True)
        entries.append(Entry(row.row, row.object_id, row.version, row.date_added, raw, row.label, row.contributor))
    return page_of(entries, selection, more=False)
