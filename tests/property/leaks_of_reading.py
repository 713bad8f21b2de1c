"""Planted leaks in what is read: faults of a line or two in pages, headers, references. The proof must notice every one of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import pytest

from app.api import objects, rendering
from app.api.message import Header
from app.clock import timestamp
from app.errors import NotFound
from app.sharing import commit, pinning, read, sight
from app.sharing.pinning import Number, Served
from app.sharing.read import Answer
from app.sharing.threads import Line, Thread
from app.store import memory_pages
from app.store.columns import page_of
from app.store.contract import Behind, Page, Selection, StoredVersion, Transaction
from app.store.memory import MemoryStore
from app.store.pins import AWAITED, Contribution, Pin
from app.taxii.query import EVERY

Patch = pytest.MonkeyPatch
EVERY_LABEL: Final = frozenset(range(1, 10_000))


def page_cut_before_filtering(patch: Patch) -> None:
    """The limit counts hidden rows."""
    real = MemoryStore.page

    async def page(self: MemoryStore, selection: Selection) -> Page | Behind:
        whole = await real(self, selection._replace(numbers=EVERY_LABEL, with_names=True))
        if isinstance(whole, Behind):
            return whole
        return page_of([entry for entry in whole.entries if entry.label in selection.numbers], selection, more=whole.more)

    patch.setattr(MemoryStore, "page", page)


def more_counts_hidden_rows(patch: Patch) -> None:
    """`more` is settled before filtering."""
    real = MemoryStore.page

    async def page(self: MemoryStore, selection: Selection) -> Page | Behind:
        found, whole = await real(self, selection), await real(self, selection._replace(numbers=EVERY_LABEL))
        return found._replace(more=found.more or whole.more) if isinstance(found, Page) and isinstance(whole, Page) else found

    patch.setattr(MemoryStore, "page", page)


def hidden_contribution_shadows(patch: Patch) -> None:
    """Which contribution is shown is settled among all, hidden ones too."""
    real = memory_pages._served

    def served(thread: Sequence[StoredVersion], selection: Selection) -> list[StoredVersion]:
        best = min((row.rank, row.contributor) for row in thread)[1]
        return [row for row in real(thread, selection) if row.contributor in {best, selection.organisation}]

    patch.setattr(memory_pages, "_served", served)


def hidden_first_version_ranks(patch: Patch) -> None:
    """A contribution is ranked by its first version, also for those who may not see that one."""
    real = memory_pages._served

    def served(thread: Sequence[StoredVersion], selection: Selection) -> list[StoredVersion]:
        first = {row.contributor: row.rank for row in sorted(thread, key=lambda row: row.row, reverse=True)}
        return real([row._replace(rank=first[row.contributor]) for row in thread], selection)

    patch.setattr(memory_pages, "_served", served)


def own_hidden_contribution_shadows_for_the_feed(patch: Patch) -> None:
    """What an organisation has is taken for what its constituency feed has."""
    real = memory_pages._served

    def served(thread: Sequence[StoredVersion], selection: Selection) -> list[StoredVersion]:
        has_own = any(row.contributor == selection.organisation for row in thread)
        return [row for row in real(thread, selection) if not has_own or row.contributor == selection.organisation]

    patch.setattr(memory_pages, "_served", served)


def first_may_be_hidden(patch: Patch) -> None:
    """`first` is settled over all versions; if that one is hidden, nothing is shown."""
    real = memory_pages._served

    def served(thread: Sequence[StoredVersion], selection: Selection) -> list[StoredVersion]:
        found = real(thread, selection)
        if not found or not selection.versions.first:
            return found
        oldest = min(row.key for row in thread if row.contributor == found[0].contributor)
        return found if found[0].key == oldest else found[1:]

    patch.setattr(memory_pages, "_served", served)


def hidden_object_is_an_empty_page(patch: Patch) -> None:
    """GET of one object tells the hidden (200) from the unknown (404)."""
    real = read._require

    async def require(exchange: Any, visit: Any, object_id: str) -> None:
        if not await exchange.store.transact(lambda tx: tx.history(visit.collection.key, [object_id])):
            await real(exchange, visit, object_id)

    patch.setattr(read, "_require", require)


def last_date_of_the_collection(patch: Patch) -> None:
    """X-TAXII-Date-Added-Last speaks of rows that are not on the page."""
    newest: dict[str, int] = {}
    real_page, real_answer = MemoryStore.page, read._answer

    async def page(self: MemoryStore, selection: Selection) -> Page | Behind:
        rows = self._state.collections[selection.collection].rows.values() if selection.collection in self._state.collections else ()
        newest["date"] = max((row.date_added for row in rows), default=0)
        return await real_page(self, selection)

    def answered(*rest: Any) -> Answer:
        answer = real_answer(*rest)
        return answer._replace(last=timestamp(newest["date"])) if answer.page.entries and not answer.page.more else answer

    patch.setattr(MemoryStore, "page", page)
    patch.setattr(read, "_answer", answered)


def row_numbers_in_a_header(patch: Patch) -> None:
    """An entity tag is made of row numbers, whose gaps count what is hidden."""
    real = rendering.date_headers

    def headers(answer: Answer) -> tuple[Header, ...]:
        return (*real(answer), (b"etag", b'"%d"' % answer.page.entries[-1].row)) if answer.page.entries else real(answer)

    patch.setattr(objects, "date_headers", headers)


def total_in_a_header(patch: Patch) -> None:
    """How many rows the collection holds, all of them."""
    _count_in_a_header(patch, b"x-total-count", len)


def last_change_in_a_header(patch: Patch) -> None:
    """When anything in the collection changed last."""
    _count_in_a_header(patch, b"last-modified", lambda rows: max(row.date_added for row in rows))


def _count_in_a_header(patch: Patch, name: bytes, count: Callable[[list[StoredVersion]], int]) -> None:
    told: dict[str, int] = {}
    real_page, real_headers = MemoryStore.page, rendering.date_headers

    async def page(self: MemoryStore, selection: Selection) -> Page | Behind:
        collection = self._state.collections.get(selection.collection)
        told["count"] = count([*collection.rows.values()]) if collection is not None and collection.rows else 0
        return await real_page(self, selection)

    patch.setattr(MemoryStore, "page", page)
    patch.setattr(objects, "date_headers", lambda answer: (*real_headers(answer), (name, b"%d" % told["count"])))


def cursors_count_rows(patch: Patch) -> None:
    """`next` holds a row number, whose gaps count what is hidden."""
    real = read._answer

    def answered(visit: Any, query: Any, found: Page, object_id: str | None) -> Answer:
        answer = real(visit, query, found, object_id)
        if answer.next is None:
            return answer
        return answer._replace(
            next=read.next_after(query, visit.collection.key, object_id, found.entries[-1].date_added + found.entries[-1].row)
        )

    patch.setattr(read, "_answer", answered)


def epochs_in_a_header(patch: Patch) -> None:
    """How often the alliance changed, whomever that concerns."""
    real = read._answer, rendering.date_headers
    epoch: dict[str, int] = {}

    def answered(visit: Any, *rest: Any) -> Answer:
        epoch["now"] = visit.force.epoch
        return real[0](visit, *rest)

    patch.setattr(read, "_answer", answered)
    patch.setattr(objects, "date_headers", lambda answer: (*real[1](answer), (b"x-epoch", b"%d" % epoch["now"])))


def hidden_versions_are_listed(patch: Patch) -> None:
    """The versions of an object are those that anybody has sent."""
    real = sight._selection

    def selection(*rest: Any) -> Selection:
        chosen = real(*rest)
        return chosen._replace(numbers=EVERY_LABEL) if chosen.versions == EVERY and not chosen.with_raw and chosen.limit > 1 else chosen

    patch.setattr(sight, "_selection", selection)


def hidden_is_told_from_unknown(patch: Patch) -> None:
    """The text of a 404 for what is hidden is another one."""
    real = read._require

    async def require(exchange: Any, visit: Any, object_id: str) -> None:
        try:
            await real(exchange, visit, object_id)
        except NotFound:
            if await exchange.store.transact(lambda tx: tx.history(visit.collection.key, [object_id])):
                raise NotFound("there is nothing for you under this address") from None
            raise

    patch.setattr(read, "_require", require)


def references_to_the_hidden_are_served(patch: Patch) -> None:
    """What refers to something hidden is served."""
    patch.setattr(memory_pages, "_is_withheld", lambda *_: False)


def what_is_hidden_later_stays_referred_to(patch: Patch) -> None:
    """Pins stay under the label that the target had when they were set."""

    async def follow_targets(*_: object) -> None:
        return

    patch.setattr(commit, "follow_targets", follow_targets)


def older_versions_have_their_own_pins(patch: Patch) -> None:
    """What withholds the newest version leaves older ones as a consolation."""
    patch.setattr(pinning, "_hand_down", lambda _: None)


def deleted_targets_are_forgotten(patch: Patch) -> None:
    """What refers to something deleted is served as if that had never been there."""
    real = commit.follow_targets

    async def follow_targets(tx: Transaction, collection: str, threads: Sequence[Thread], book: Any) -> None:
        await real(tx, collection, threads, book)
        gone = [
            Contribution(each.object_id, name)
            for each in threads
            for name, lines in each.contributions.items()
            if not each.of(name) and lines
        ]
        for target, labels in (await tx.pinned(collection, gone)).items():
            await tx.repin(collection, target, AWAITED, labels - {AWAITED})

    patch.setattr(commit, "follow_targets", follow_targets)


def strangers_are_pinned(patch: Patch) -> None:
    """A reference goes to whatever is stored under the id, also if its writer is not shown it."""

    def _pins(target: str, _contributor: str, thread: Thread | None, _served: Served, book: Any) -> Iterable[Pin]:
        for name, lines in () if thread is None else thread.contributions.items():
            yield Pin(target, name, book.number(pinning.bearing(lines).effective) or 0)

    patch.setattr(pinning, "_pins", _pins)


def dangling_references_wait_for_anybody(patch: Patch) -> None:
    """What a stranger posts later under a dangling reference withholds it."""
    real = pinning._pins

    def _pins(target: str, contributor: str, *rest: Any) -> Iterable[Pin]:
        yield from real(target, contributor, *rest)
        yield from (Pin(target, name, AWAITED) for name in ("ng-cert", "ke-cert", "za-cert", "secretariat"))

    patch.setattr(pinning, "_pins", _pins)


def hidden_references_order_labels(patch: Patch) -> None:
    """The label that was sent first leads, also if what was sent under it refers to others, and is hidden."""
    real = commit._runs

    def runs(lines: Iterable[Line]) -> list[list[Line]]:
        chosen = [*lines]
        arriving = sorted((line for line in chosen if line.arriving is not None), key=lambda line: line.order)
        leading = {label: place for place, label in enumerate(dict.fromkeys(line.effective for line in arriving))}
        return sorted(real(chosen), key=lambda run: (bool(run[0].references), leading[run[0].effective]))

    patch.setattr(commit, "_runs", runs)


def labels_are_dated_by_number(patch: Patch) -> None:
    """Within a commit labels follow in the order of their numbers, which count what was labelled before."""
    number: dict[str, Number] = {}
    real_runs, real_numbers = commit._runs, commit._numbers

    async def numbers(*rest: Any) -> Number:
        number["of"] = await real_numbers(*rest)
        return number["of"]

    def runs(lines: Iterable[Line]) -> list[list[Line]]:
        return sorted(real_runs(lines), key=lambda run: (bool(run[0].references), number["of"](run[0].effective)))

    patch.setattr(commit, "_numbers", numbers)
    patch.setattr(commit, "_runs", runs)
