"""From entries to a page, for stores that find them row by row."""

from collections.abc import Sequence

from app.store.contract import Entry, Page, Selection


def page_of(entries: Sequence[Entry], selection: Selection, *, more: bool) -> Page:
    """Entries as the page that the selection asked for."""
    if not entries:
        return Page(more=more)
    rows, ids, versions, dates, raws, labels, contributors = zip(*entries, strict=True)
    names = (ids, versions, labels, contributors) if selection.with_names else ((), (), (), ())
    return Page(rows, dates, raws if selection.with_raw else (), *names, more)
