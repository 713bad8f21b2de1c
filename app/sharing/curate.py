"""Curate: see what waits in an intake, and release it into the collections that the intake names (access-policy: review, release).

A release copies, in one transaction: the same bytes, the label that the intake gave it or a stricter one, the originator unchanged, the date of the release.
Definitions and the creator's identity that an object names come along, if the partner's copy is not there yet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.access.actions import Action
from app.access.alliance import Collection
from app.access.decision import Question
from app.clock import timestamp
from app.errors import Denied, EpochMoved, InvalidObject
from app.sharing.assess import refusal
from app.sharing.commit import Target
from app.sharing.door import Visit, enter_path, require_epoch
from app.sharing.exchange import NOTHING_HERE, Exchange
from app.sharing.labels import LabelBook
from app.sharing.pinning import labels_to_pass
from app.sharing.reject import forget, reasons
from app.sharing.released import commit_copies, copies, published
from app.sharing.sight import Wish, page
from app.sharing.threads import NOT_DATED, Line, Thread
from app.sharing.view import read_threads
from app.stix.markings import CANONICAL, marking_refs
from app.stix.objects import StixObject, reopen
from app.stix.references import references
from app.store.contract import Entry, Transaction
from app.taxii.query import EVERY

REVIEW_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version in quarantine, as a curator sees it."""

    object_id: str
    type: str
    name: str
    version: str
    tlp: str
    submitter: str
    date_added: str


@dataclass(frozen=True, slots=True)
class Released:
    """What became of one object that a curator wanted to release."""

    object_id: str
    ok: bool
    message: str


async def review(exchange: Exchange, client: str, path: str) -> list[Waiting]:
    """What waits in the intake `root/name`, oldest first, as far as its labels let the curator's organisation see it. Raises Unauthenticated, NotFound."""
    while True:
        visit = await enter_path(exchange, client, path, Action.REVIEW)
        try:
            entries = await _quarantined(exchange, visit)
        except EpochMoved:
            continue
        book = exchange.books.of(visit.collection.key)
        done, refused = await exchange.store.transact(lambda tx: _decided(exchange, tx, visit, entries))  # noqa: B023 # run at once
        return [_waiting(entry, book) for entry in entries if (entry.object_id, entry.version) not in done and entry.row not in refused]


async def release(exchange: Exchange, client: str, path: str, object_ids: Sequence[str], to: str | None) -> list[Released]:
    """Publish the newest version of each object in the collection `to` (`root/name`), which may be left out if the intake names only one.

    Raises Unauthenticated; NotFound if there is no such intake for the client; Denied if the intake does not release to `to`.
    """
    while True:
        visit = await enter_path(exchange, client, path, Action.RELEASE)
        destination = _destination(visit, to)
        try:
            return await exchange.store.transact(lambda tx: _release(exchange, tx, visit, destination, object_ids), weight=len(object_ids))  # noqa: B023 # run at once
        except EpochMoved:
            continue


async def _quarantined(exchange: Exchange, visit: Visit) -> list[Entry]:
    entries: list[Entry] = []
    more = True
    while more:
        after = entries[-1].date_added if entries else None
        found = await page(exchange, visit, Action.REVIEW, Wish(REVIEW_PAGE, versions=EVERY, after=after))
        entries += found.entries
        more = found.more
    return entries


async def _decided(
    exchange: Exchange, tx: Transaction, visit: Visit, entries: Sequence[Entry]
) -> tuple[set[tuple[str, str]], Mapping[int, str]]:
    """What of the entries was released, and the rows that were rejected."""
    refused = await reasons(tx, visit, {entry.row: entry.object_id for entry in entries})
    return await _released(exchange, tx, visit, entries), refused


async def _released(exchange: Exchange, tx: Transaction, visit: Visit, entries: Sequence[Entry]) -> set[tuple[str, str]]:
    """The (id, version) of those entries of which a copy stands in a destination."""
    done: set[tuple[str, str]] = set()
    digests = {line.digest: (thread.object_id, line.version) for thread, line in await _intake_lines(exchange, tx, visit, entries)}
    for destination in _destinations(visit):
        book = exchange.books.of(destination.key)
        await book.catch_up(tx, destination.key)
        threads = await read_threads(tx, destination.key, book, [entry.object_id for entry in entries])
        standing = (line for thread in threads.values() for line in copies(thread, visit.collection.key))
        done |= {digests[line.digest] for line in standing if line.digest in digests}
    return done


async def _intake_lines(exchange: Exchange, tx: Transaction, visit: Visit, entries: Sequence[Entry]) -> list[tuple[Thread, Line]]:
    book = exchange.books.of(visit.collection.key)
    await book.catch_up(tx, visit.collection.key)
    threads = await read_threads(tx, visit.collection.key, book, [entry.object_id for entry in entries])
    return [(thread, line) for thread in threads.values() for line in thread.lines]


def _waiting(entry: Entry, book: LabelBook) -> Waiting:
    shown = reopen(entry.raw)
    label = book.label(entry.label)
    name = shown.content.get("name")
    return Waiting(
        object_id=entry.object_id,
        type=shown.type,
        name=name if isinstance(name, str) else "",
        version=entry.version,
        tlp=label.tlp.text,
        submitter=label.submitter,
        date_added=timestamp(entry.date_added),
    )


def _destinations(visit: Visit) -> list[Collection]:
    return [each for each in visit.force.alliance.collections if each.path in visit.collection.release_to]


def _destination(visit: Visit, to: str | None) -> Collection:
    possible = _destinations(visit)
    chosen = [each for each in possible if to is None or each.path == to]
    if len(chosen) != 1:
        msg = f"name one collection that this intake releases to: {', '.join(each.path for each in possible)}"
        raise Denied(msg)
    return chosen[0]


@dataclass(slots=True)
class _Release:
    """One run of the transaction: the intake and the destination as they are under the write lock."""

    visit: Visit
    destination: Collection
    book: LabelBook
    source_book: LabelBook
    sources: dict[str, Thread]
    threads: dict[str, Thread]
    objects: dict[int, StixObject]
    """By row of the intake."""
    touched: dict[str, Thread] = field(default_factory=dict[str, Thread])

    def release(self, object_id: str) -> None:
        """Put the newest version of an object into its thread at the destination, with what it needs. Raises InvalidObject."""
        line = self._newest(object_id)
        if line is None or self._refusal(line):
            raise InvalidObject(NOTHING_HERE if line is None else self._refusal(line))
        if line.effective.tlp > self.destination.ceiling_level:
            msg = f"TLP:{line.effective.tlp.text.upper()} is above the ceiling of {self.destination.path}"
            raise InvalidObject(msg)
        if not self._copy(line):
            msg = "this version was released before"
            raise InvalidObject(msg)
        for needed in _needs(self._object(line)):
            companion = self._newest(needed)
            if companion is not None and not self._refusal(companion) and companion.effective.tlp <= self.destination.ceiling_level:
                self._copy(companion)

    def _newest(self, object_id: str) -> Line | None:
        thread = self.sources.get(object_id)
        live = [line for line in thread.lines if not line.deleted and line.stored is not None] if thread is not None else []
        return max(live, key=lambda line: line.sorting, default=None)

    def _refusal(self, line: Line) -> str:
        """Empty if the curator may release it; what he may not see does not exist for him."""
        visit, labels = self.visit, labels_to_pass(line, self.source_book)
        reviews = [Question(visit.principal, Action.REVIEW, visit.collection, label) for label in labels]
        if not all(decision.allowed for decision in visit.force.judge.decide_many(reviews, visit.now)):
            return NOTHING_HERE
        return refusal(visit, Question(visit.principal, Action.RELEASE, visit.collection, line.effective))

    def _object(self, line: Line) -> StixObject:
        assert line.stored is not None  # noqa: S101 # _newest chose it by that
        return self.objects[line.stored.row]

    def _copy(self, line: Line) -> bool:
        """Whether the version was not there yet, and now is."""
        arriving = self._object(line)
        thread = self.threads[arriving.id]
        mine = thread.of(line.contributor)
        if any(each.digest == line.digest for each in mine):
            return False
        label = published(line.effective, self.visit)
        key = NOT_DATED if arriving.version is None else line.key
        copy = replace(
            line, own=label, effective=label, state=label.state, key=key, stored=None, arriving=arriving, last=False, flagged=False
        )
        thread.add(replace(copy, references=references(arriving.content), source=self.visit.collection.key, order=len(self.touched)))
        self.touched[arriving.id] = thread
        return True


async def _release(exchange: Exchange, tx: Transaction, visit: Visit, destination: Collection, object_ids: Sequence[str]) -> list[Released]:
    await require_epoch(tx, visit.force)
    work = await _open(exchange, tx, visit, destination, object_ids)
    results: list[Released] = []
    for object_id in dict.fromkeys(object_ids):
        try:
            work.release(object_id)
        except InvalidObject as error:
            results.append(Released(object_id, ok=False, message=str(error)))
        else:
            results.append(Released(object_id, ok=True, message=f"released to {destination.path}"))
    await forget(tx, visit, [result.object_id for result in results if result.ok])
    for thread in work.touched.values():
        thread.settle()
    target = Target(destination.key, visit.principal.organisation, work.book)
    await commit_copies(tx, target, work.touched.values(), work.threads)
    return results


async def _open(exchange: Exchange, tx: Transaction, visit: Visit, destination: Collection, object_ids: Sequence[str]) -> _Release:
    source_book, book = exchange.books.of(visit.collection.key), exchange.books.of(destination.key)
    await source_book.catch_up(tx, visit.collection.key)
    await book.catch_up(tx, destination.key)
    sources = await read_threads(tx, visit.collection.key, source_book, object_ids)
    objects = await _objects(tx, visit, sources)
    needed = [identifier for each in objects.values() for identifier in _needs(each) if identifier not in sources]
    companions = await read_threads(tx, visit.collection.key, source_book, needed)
    objects |= await _objects(tx, visit, companions)
    sources |= companions
    wanted = [*sources, *(reference for each in objects.values() for reference in references(each.content))]
    threads = await read_threads(tx, destination.key, book, wanted)
    return _Release(visit, destination, book.draft(), source_book, sources, threads, objects)


async def _objects(tx: Transaction, visit: Visit, threads: dict[str, Thread]) -> dict[int, StixObject]:
    rows = [line.stored.row for thread in threads.values() for line in thread.lines if line.stored is not None and not line.deleted]
    raws = await tx.raw(visit.collection.key, rows) if rows else dict[int, bytes]()
    return {row: reopen(raw) for row, raw in raws.items()}


def _needs(released: StixObject) -> Iterator[str]:
    """The definitions and the creator that an object names."""
    yield from (reference for reference in marking_refs(released.content) if reference not in CANONICAL)
    if released.created_by is not None and released.created_by != released.id:
        yield released.created_by
