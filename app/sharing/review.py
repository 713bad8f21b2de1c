"""Review: what waits in an intake, with all that a curator should know before he decides (access-policy: review).

Beside the object stand its terms in words; notes, of things that are allowed but deserve a look; and what is known already, there and where it may go.
A curator is told of a destination only what he reads there himself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from app.access.actions import Action
from app.clock import timestamp
from app.sharing.door import Visit, enter_intake, under_one_alliance
from app.sharing.exchange import Exchange
from app.sharing.labels import LabelBook
from app.sharing.reject import reasons
from app.sharing.release import may_review, stands
from app.sharing.released import destinations
from app.sharing.sight import Wish, page
from app.sharing.threads import Line, Thread
from app.sharing.view import View, current_threads, look, read_threads
from app.stix.handling import HandlingLabel
from app.stix.objects import StixObject, reopen
from app.stix.timestamps import parse_timestamp
from app.stix.validation import custom_parts
from app.stix.wording import terms
from app.store.contract import Entry, RulingKind, StoredRuling, Transaction

REVIEW_PAGE: Final = 1_000
FEW: Final = 3
"""How many of several names a note gives."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version in quarantine, as a curator sees it. Each of `terms`, `notes` and `known` is a line for him."""

    object_id: str
    type: str
    name: str
    version: str
    tlp: str
    submitter: str
    date_added: str
    terms: tuple[str, ...]
    notes: tuple[str, ...]
    known: tuple[str, ...]


async def review(exchange: Exchange, client: str, path: str) -> list[Waiting]:
    """What waits in the intake `root/name`, oldest first, as far as its labels let the curator's organisation see it.

    Raises Unauthenticated; NotFound if there is no such collection for the client; Denied if it is no intake.
    """

    async def once() -> list[Waiting]:
        visit = await enter_intake(exchange, client, path, Action.REVIEW)
        entries = await _quarantined(exchange, visit)
        return await exchange.store.transact(lambda tx: _review(exchange, tx, visit, entries))

    return await under_one_alliance(once)


async def _quarantined(exchange: Exchange, visit: Visit) -> list[Entry]:
    entries: list[Entry] = []
    more = True
    while more:
        after = entries[-1].date_added if entries else None
        found = await page(exchange, visit, Action.REVIEW, Wish(REVIEW_PAGE, after=after))
        entries += found.entries
        more = found.more
    return entries


async def _review(exchange: Exchange, tx: Transaction, visit: Visit, entries: Sequence[Entry]) -> list[Waiting]:
    objects = {entry.row: reopen(entry.raw) for entry in entries}
    desk = await _desk(exchange, tx, visit, list(objects.values()))
    rejected = await reasons(tx, visit, {entry.row: entry.object_id for entry in entries})
    book = exchange.books.of(visit.collection.key)
    return [
        _waiting(desk, entry, objects[entry.row], book.label(entry.label))
        for entry in entries
        if entry.row not in rejected and not desk.is_released(entry, objects[entry.row])
    ]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What lies before the curator: the threads of the intake and of where it releases to, as they are in one snapshot."""

    visit: Visit
    book: LabelBook
    here: dict[str, Thread]
    there: list[tuple[View, dict[str, Thread]]]
    rejections: Sequence[StoredRuling]

    def is_released(self, entry: Entry, content: StixObject) -> bool:
        """Whether a copy of the version stands in a destination."""
        line = next(line for line in self.here[entry.object_id].lines if line.stored is not None and line.stored.row == entry.row)
        return any(stands(threads[entry.object_id], line, content) for _, threads in self.there)

    def known(self, object_id: str) -> Iterator[str]:
        """What stands under the id where it may go, as far as the curator reads there; and what was rejected here."""
        for view, threads in self.there:
            read, path = view.shown(threads[object_id]), view.visit.collection.path
            if read:
                copied = read[-1].source == self.visit.collection.key
                whose = "released from here" if copied else f"from {self._name(read[-1].contributor)}"
                yield f"{path} has version {read[-1].version}, {whose}"
        shown = {line.stored.row for line in self.here[object_id].lines if line.stored is not None and self._shows(line)}
        for ruling in self.rejections:
            if ruling.object_id == object_id and ruling.row in shown:
                yield f"another version was rejected: {ruling.reason}"

    def _shows(self, line: Line) -> bool:
        return not line.deleted and may_review(self.visit, line, self.book)

    def _name(self, organisation: str) -> str:
        known = self.visit.force.alliance.organisations.get(organisation)
        return organisation if known is None else known.name

    def lacks(self, content: StixObject) -> list[str]:
        """What an object refers to that is neither here nor where the curator would see it after a release."""
        return [
            target
            for target in dict.fromkeys(content.references)
            if not any(self._shows(line) for line in self.here[target].lines) and not any(view.shown(of[target]) for view, of in self.there)
        ]


async def _desk(exchange: Exchange, tx: Transaction, visit: Visit, objects: Sequence[StixObject]) -> _Desk:
    ids = [each for content in objects for each in (content.id, *content.references)]
    views = [await look(exchange, tx, Visit(visit.force, visit.principal, each, visit.now)) for each in destinations(visit)]
    there = [(view, await read_threads(tx, view.collection, view.book, ids)) for view in views]
    here = await current_threads(exchange, tx, visit.collection.key, ids)
    rulings = await tx.rulings(RulingKind.REJECTION, visit.collection.key, [content.id for content in objects])
    return _Desk(visit, exchange.books.of(visit.collection.key), here, there, rulings)


def _waiting(desk: _Desk, entry: Entry, content: StixObject, label: HandlingLabel) -> Waiting:
    name = content.content.get("name")
    return Waiting(
        object_id=entry.object_id,
        type=content.type,
        name=name if isinstance(name, str) else "",
        version=entry.version,
        tlp=label.tlp.text,
        submitter=label.submitter,
        date_added=timestamp(entry.date_added),
        terms=tuple(terms(label)),
        notes=tuple(_notes(desk, content, label)),
        known=tuple(desk.known(entry.object_id)),
    )


def _notes(desk: _Desk, content: StixObject, label: HandlingLabel) -> Iterator[str]:
    """What is allowed, but deserves a look."""
    if label.by_default:
        yield "carries no TLP: the level is the default of its sender or of the intake"
    for view, _ in desk.there:
        if label.tlp > view.visit.collection.ceiling_level:
            yield f"is above the ceiling of {view.visit.collection.path}"
    if content.is_revoked:
        yield "is revoked"
    until = content.content.get("valid_until")
    if isinstance(until, str) and parse_timestamp(until) <= desk.visit.now:
        yield f"is valid until {until} only, which is over"
    yield from _listed("has custom parts: {}", list(custom_parts(content.content, content.type)))
    yield from _listed("refers to what is not known: {}", desk.lacks(content))


def _listed(text: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
        yield text.format(", ".join(islice(names, FEW)) + more)
