"""Add objects to a collection (TAXII 2.1 §5.5).

In this order, and each step for the one after it: (1) the door: may he add here at all; (2) the envelope is cut open; (3) every object is read by itself,
a fault becomes a failure line; then in one transaction (4) the writer's view, (5) the label of each object and the leave to add it, definitions first,
(6) its place among what is stored, (7) rows, dates and pins, (8) what follows in the collections to which a curator released, (9) the status.

The answer is final: what the status calls a success is committed with it.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.access.actions import Action
from app.access.alliance import CollectionKind
from app.access.decision import Question
from app.clock import to_micros
from app.errors import EnvelopeTooLarge, EpochMoved, InvalidObject
from app.sharing.assess import Assessed, Assessment, refusal
from app.sharing.caution import caution
from app.sharing.commit import Target, commit
from app.sharing.door import Visit, enter
from app.sharing.exchange import Address, Exchange
from app.sharing.label_budget import LabelBudget
from app.sharing.place import Poster, is_unheard, place
from app.sharing.reject import reasons
from app.sharing.released import follow
from app.sharing.report import Outcome, report
from app.sharing.threads import Line, Thread
from app.sharing.view import View, look
from app.stix.handling import HandlingLabel
from app.stix.markings import CANONICAL, marking_refs
from app.stix.objects import StixObject, read_object
from app.stix.references import references
from app.store.contract import StoredStatus, Transaction
from app.taxii.envelope import slice_envelope
from app.taxii.resources import Status, render

READ_SLICE: Final = 50
"""Objects read before other requests get their turn: about two milliseconds."""
STATUS_KEPT: Final = timedelta(hours=25)
"""The standard asks for 24 hours after the end of the request (T-4.3-02)."""
UNHEARD: Final = "revoked under a stricter label than before: whoever cannot see this version will not learn that it is revoked"


async def may_add(exchange: Exchange, client: str, address: Address) -> int:
    """The largest body in octets that the client may send here. Asked before a byte of it is read. Raises Unauthenticated, NotFound, Denied."""
    return _largest_body(await enter(exchange, client, address, Action.WRITE_NEW))


async def add(exchange: Exchange, client: str, address: Address, body: bytes) -> Status:
    """Add the objects of an envelope; the status tells what became of each. Raises as `may_add`, and MalformedEnvelope, EnvelopeTooLarge, QuotaExceeded."""
    visit = await enter(exchange, client, address, Action.WRITE_NEW)
    if len(body) > _largest_body(visit):
        msg = f"the body has {len(body)} octets, at most {_largest_body(visit)} are taken; send it in several"
        raise EnvelopeTooLarge(msg)
    pieces = slice_envelope(body, exchange.limits.envelope_objects)
    exchange.quotas.writes.spend(visit.principal.organisation, client, len(pieces))
    posting = await _read(exchange, visit, pieces)
    while True:
        try:
            return await exchange.store.transact(lambda tx: _write(exchange, tx, visit, posting), weight=len(pieces))  # noqa: B023 # run at once
        except EpochMoved:
            visit = await enter(exchange, client, address, Action.WRITE_NEW)


@dataclass(frozen=True, slots=True)
class Posting:
    """An envelope that was read: its objects by their place in it, and what could not be read."""

    objects: dict[int, StixObject]
    unread: dict[int, InvalidObject]
    requested: datetime


async def _read(exchange: Exchange, visit: Visit, pieces: Sequence[bytes]) -> Posting:
    posting = Posting({}, {}, visit.now)
    allow_custom = visit.collection.custom == "allow"
    for index, piece in enumerate(pieces):
        if index % READ_SLICE == READ_SLICE - 1:
            await asyncio.sleep(0)
        try:
            posting.objects[index] = read_object(piece, visit.now, exchange.limits.object, allow_custom)
        except InvalidObject as error:
            posting.unread[index] = error
    return posting


async def _write(exchange: Exchange, tx: Transaction, visit: Visit, posting: Posting) -> Status:
    view = await look(exchange, tx, visit)
    threads = await view.threads(tx, _ids(posting.objects.values()))
    used = {reference for each in posting.objects.values() for reference in marking_refs(each.content)} - CANONICAL.keys()
    known = await view.markings(tx, {identifier: threads[identifier] for identifier in used})
    writing = _Writing(visit, view, threads, Assessment.of(visit, list(posting.objects.values()), known))
    writing.outcomes = {index: _unread(index, error) for index, error in posting.unread.items()}
    budget = LabelBudget(exchange, visit, view.book)
    for chosen in (_definitions(posting.objects), _others(posting.objects)):
        assessed = writing.assess(chosen)
        writing.place(await budget.within(tx, assessed, threads))
        writing.refuse(budget.refused)
    await _store(exchange, tx, writing)
    status = report([writing.outcome(index) for index in range(len(posting.objects) + len(posting.unread))], posting.requested)
    await tx.save_status(_kept(visit, status, to_micros(exchange.clock())))
    return status


async def _store(exchange: Exchange, tx: Transaction, writing: "_Writing") -> None:
    view, visit = writing.view, writing.visit
    touched = [writing.threads[identifier] for identifier in dict.fromkeys(line_id for line_id, _ in writing.placed.values())]
    for thread in touched:
        thread.settle()
    target = Target(view.collection, visit.principal.organisation, view.book)
    await commit(tx, target, touched, lambda line: view.pins(line, writing.threads))
    for index, (line_id, line) in writing.placed.items():
        writing.outcomes[index].version = line.version
        writing.outcomes[index].note = caution(line, writing.threads[line_id].contributions[line.contributor], view)
    if visit.collection.kind is CollectionKind.INTAKE:
        await follow(exchange, tx, visit, touched)
        await _tell_rejections(tx, writing)


async def _tell_rejections(tx: Transaction, writing: "_Writing") -> None:
    """A status cannot change once it is answered (T-4.3.1-03): who sends a rejected version again is told why it was rejected."""
    rows = {line.stored.row: line_id for line_id, line in writing.placed.values() if line.stored is not None}
    told = await reasons(tx, writing.visit, rows)
    for index, (_, line) in writing.placed.items():
        if line.stored is not None and line.stored.row in told:
            writing.outcomes[index].note = f"a curator rejected this version: {told[line.stored.row]}"


@dataclass(slots=True)
class _Writing:
    """One run of the transaction: outcomes by place in the envelope, and the versions that stand for its objects."""

    visit: Visit
    view: View
    threads: dict[str, Thread]
    assessment: Assessment
    outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    placed: dict[int, tuple[str, Line]] = field(default_factory=dict[int, tuple[str, Line]])
    superseding: dict[tuple[HandlingLabel, HandlingLabel], str] = field(default_factory=dict[tuple[HandlingLabel, HandlingLabel], str])

    def assess(self, chosen: dict[int, StixObject]) -> dict[int, Assessed]:
        """The labels of objects; failures are noted."""
        assessed: dict[int, Assessed] = {}
        for index, each in chosen.items():
            self.outcomes[index] = Outcome(index, each.id, each.version)
            try:
                assessed[index] = self.assessment.assess(each)
            except InvalidObject as error:
                self._fail(index, each, error)
        return assessed

    def place(self, assessed: dict[int, Assessed]) -> None:
        """Put objects into their threads; failures are noted."""
        organisations = self.visit.force.alliance.organisations
        poster = Poster(self.visit.principal.organisation, self.view.sees, lambda name: organisations[name].name, self._supersede)
        for index, each in assessed.items():
            try:
                line = place(self.threads[each.object.id], each, poster, index)
            except InvalidObject as error:
                self._fail(index, each.object, error)
                continue
            self.placed[index] = each.object.id, line
            if is_unheard(self.threads[each.object.id], line):
                self.outcomes[index].note = UNHEARD

    def refuse(self, refused: dict[int, InvalidObject]) -> None:
        """Note failures that were found elsewhere."""
        for index, error in refused.items():
            self.outcomes[index].failure = str(error)

    def outcome(self, index: int) -> Outcome:
        """What became of the object at a place of the envelope."""
        return self.outcomes[index]

    def _fail(self, index: int, each: StixObject, error: InvalidObject) -> None:
        self.outcomes[index].failure = str(error)
        if each.type == "marking-definition":
            self.assessment.forget(each.id)

    def _supersede(self, label: HandlingLabel, previous: HandlingLabel) -> str:
        asked = (label, previous)
        if asked not in self.superseding:
            question = Question(self.visit.principal, Action.WRITE_VERSION, self.visit.collection, label, previous)
            self.superseding[asked] = refusal(self.visit, question)
        return self.superseding[asked]


def _largest_body(visit: Visit) -> int:
    return visit.force.alliance.roots[visit.collection.root].max_content_length


def _ids(objects: Iterable[StixObject]) -> Iterable[str]:
    """Every id that the write has to look at: what arrives, what it refers to, what it is marked with."""
    for each in objects:
        yield each.id
        yield from references(each.content)
        yield from marking_refs(each.content)


def _definitions(objects: dict[int, StixObject]) -> dict[int, StixObject]:
    return {index: each for index, each in objects.items() if each.type == "marking-definition"}


def _others(objects: dict[int, StixObject]) -> dict[int, StixObject]:
    return {index: each for index, each in objects.items() if each.type != "marking-definition"}


def _unread(index: int, error: InvalidObject) -> Outcome:
    return Outcome(index, error.object_id, error.version, failure=str(error))


def _kept(visit: Visit, status: Status, now: int) -> StoredStatus:
    return StoredStatus(
        id=status.id,
        root=visit.collection.root,
        client=visit.principal.client,
        organisation=visit.principal.organisation,
        document=render(status),
        kept_until=now + STATUS_KEPT // timedelta(microseconds=1),
    )
