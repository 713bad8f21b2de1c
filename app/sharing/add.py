"""Add objects to a collection (TAXII 2.1 §5.5).

In this order, and each step for the one after it: (1) the door: may he add here at all; (2) the envelope is cut open; (3) every object is read by itself,
a fault becomes a failure line; then in one transaction (4) the writer's view, (5) the label of each object and the leave to add it, definitions first,
(6) its place among what is stored, (7) rows, dates and pins, (8) what follows in the collections to which a curator released, (9) the status.

If the alliance changes meanwhile, all but the cutting is done again under the new one. The answer is final: what the status calls a success is committed
with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter
from typing import Final

from app.access.actions import Action
from app.access.alliance import CollectionKind
from app.access.decision import Question
from app.audit.events import Event
from app.clock import to_micros
from app.errors import EnvelopeTooLarge, InvalidObject
from app.sharing.arriving import Arriving, Posting, read_posting
from app.sharing.assess import Assessed, Assessment, refusal
from app.sharing.caution import caution, dangling
from app.sharing.commit import Target, commit
from app.sharing.door import Visit, enter, under_one_alliance
from app.sharing.elsewhere import Sent, kept_elsewhere, sent_beside
from app.sharing.erase import erased_of
from app.sharing.exchange import Address, Exchange
from app.sharing.label_budget import LabelBudget
from app.sharing.place import Poster, place
from app.sharing.reject import reasons
from app.sharing.relays import note_relays
from app.sharing.released import follow
from app.sharing.report import Outcome, report
from app.sharing.threads import Line, Thread
from app.sharing.turns import in_turns
from app.sharing.view import View, look
from app.stix.handling import HandlingLabel
from app.stix.markings import CANONICAL
from app.store.contract import StoredStatus, Transaction
from app.taxii.envelope import slice_envelope
from app.taxii.resources import Status, render

STATUS_KEPT: Final = timedelta(hours=25)
"""The standard asks for 24 hours after the end of the request (T-4.3-02)."""


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
    entered: Visit | None = visit

    async def once() -> Status:
        nonlocal entered
        visit, entered = entered or await enter(exchange, client, address, Action.WRITE_NEW), None
        posting = await read_posting(pieces, visit, exchange.limits.object)
        return await exchange.store.transact(lambda tx: _write(exchange, tx, visit, posting), weight=posting.weight)

    return await under_one_alliance(once)


async def _write(exchange: Exchange, tx: Transaction, visit: Visit, posting: Posting) -> Status:
    view = await look(exchange, tx, visit)
    threads = await view.threads(tx, posting.ids)
    used = {reference for each in posting.objects for reference in each.markings} - CANONICAL.keys()
    known = await view.markings(tx, {identifier: threads[identifier] for identifier in used})
    beside = await sent_beside(tx, visit, posting.ids)
    writing = _Writing(view, threads, Assessment.of(visit, posting.objects, known), LabelBudget(view, exchange.limits), beside)
    writing.erased = await erased_of(tx, visit.principal.organisation, (each.object.id for each in posting.objects))
    writing.outcomes = [*(Outcome(each.position, each.object.id, each.object.version) for each in posting.objects), *_unread(posting)]
    writing.outcomes.sort(key=lambda outcome: outcome.index)
    async for each in in_turns(_definitions(posting.objects)):
        await writing.take(tx, [each])
    await writing.take(tx, [each for each in posting.objects if each.object.type != "marking-definition"])
    await _store(exchange, tx, writing)
    await note_relays(tx, visit, writing.relayed)
    status = report(writing.outcomes, posting.requested)
    await tx.save_status(_kept(visit, status, to_micros(exchange.clock())))
    return status


async def _store(exchange: Exchange, tx: Transaction, writing: "_Writing") -> None:
    view, visit = writing.view, writing.view.visit
    touched = [writing.threads[identifier] for identifier in dict.fromkeys(object_id for object_id, _ in writing.placed.values())]
    async for thread in in_turns(touched):
        thread.settle()
    target = Target(view.collection, visit.principal.organisation, view.book, visit.deed(Event.ADD))
    await commit(tx, target, touched, lambda line: view.pins(line, writing.threads))
    kept = await kept_elsewhere(exchange, tx, visit, (target for _, line in writing.placed.values() for target in dangling(line)))
    for index, (line_id, line) in writing.placed.items():
        writing.outcomes[index].version = line.version
        writing.outcomes[index].note = caution(line, writing.threads[line_id].contributions[line.contributor], view, kept)
    if visit.collection.kind is CollectionKind.INTAKE:
        await follow(exchange, tx, visit, touched)
        await _tell_rejections(tx, writing)


async def _tell_rejections(tx: Transaction, writing: "_Writing") -> None:
    """A status cannot change once it is answered (T-4.3.1-03): who sends a rejected version again is told why it was rejected."""
    rows = {line.stored.row: line_id for line_id, line in writing.placed.values() if line.stored is not None}
    told = await reasons(tx, writing.view.visit, rows)
    for index, (_, line) in writing.placed.items():
        if line.stored is not None and line.stored.row in told:
            writing.outcomes[index].note = f"a curator rejected this version: {told[line.stored.row]}"


@dataclass(slots=True)
class _Writing:
    """One run of the transaction: outcomes by place in the envelope, and the versions that stand for its objects."""

    view: View
    threads: dict[str, Thread]
    assessment: Assessment
    budget: LabelBudget
    beside: Sent
    erased: dict[str, str] = field(default_factory=dict[str, str])
    relayed: dict[str, str] = field(default_factory=dict[str, str])
    """Originator → an object of his, marked TLP:RED, that was refused since somebody else sent it."""
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    placed: dict[int, tuple[str, Line]] = field(default_factory=dict[int, tuple[str, Line]])
    superseding: dict[tuple[HandlingLabel, HandlingLabel], str] = field(default_factory=dict[tuple[HandlingLabel, HandlingLabel], str])

    async def take(self, tx: Transaction, chosen: Sequence[Arriving]) -> None:
        """Find the labels of objects, then put them into their threads; failures are noted."""
        assessed: list[Assessed] = []
        async for each in in_turns(chosen):
            try:
                self._refuse_if_erased(each)
                assessed.append(self.assessment.assess(each))
            except InvalidObject as error:
                self._fail(each, error)
        await self.budget.expect(tx, {each.label for each in assessed})
        poster = self._poster()
        async for ready in in_turns(assessed):
            arriving = ready.arriving
            try:
                self.placed[arriving.position] = arriving.object.id, place(self.threads[arriving.object.id], ready, poster)
            except InvalidObject as error:
                self._fail(arriving, error)

    def _poster(self) -> Poster:
        visit = self.view.visit
        organisations = visit.force.alliance.organisations
        return Poster(
            organisation=visit.principal.organisation,
            sees=self.view.sees,
            name_of=lambda name: organisations[name].name,
            supersede=self._supersede,
            afford=self.budget.afford,
            beside=self.beside,
        )

    def _refuse_if_erased(self, each: Arriving) -> None:
        """Case 36: only of what the sender's own organisation contributed; others who send the id know nothing of it."""
        if each.object.id in self.erased:
            msg = f"deleted under a legal duty (`{self.erased[each.object.id]}`) and not taken again; ask the secretariat's data protection officer"
            raise InvalidObject(msg)

    def _fail(self, each: Arriving, error: InvalidObject) -> None:
        self.outcomes[each.position].failure = str(error)
        originator = self.assessment.originator_of_red(each)
        if originator is not None:
            self.relayed.setdefault(originator, each.object.id)
        if each.object.type == "marking-definition":
            self.assessment.forget(each.object.id)

    def _supersede(self, label: HandlingLabel, previous: HandlingLabel) -> str:
        asked = label, previous
        if asked not in self.superseding:
            visit = self.view.visit
            question = Question(visit.principal, Action.WRITE_VERSION, visit.collection, label, previous)
            self.superseding[asked] = refusal(visit, question)
        return self.superseding[asked]


def _largest_body(visit: Visit) -> int:
    return visit.force.alliance.roots[visit.collection.root].max_content_length


def _definitions(objects: Iterable[Arriving]) -> list[Arriving]:
    """The marking definitions, each after those that mark it: one that is refused takes with it what it marks, in whatever order they were sent."""
    definitions = [each for each in objects if each.object.type == "marking-definition"]
    marks = TopologicalSorter({each.object.id: each.markings for each in definitions})
    try:
        places = {identifier: place for place, identifier in enumerate(marks.static_order())}
    except CycleError:
        return definitions
    return sorted(definitions, key=lambda each: places[each.object.id])


def _unread(posting: Posting) -> Iterable[Outcome]:
    return (Outcome(index, error.object_id, error.version, failure=str(error)) for index, error in posting.unread.items())


def _kept(visit: Visit, status: Status, now: int) -> StoredStatus:
    return StoredStatus(
        id=status.id,
        root=visit.collection.root,
        client=visit.principal.client,
        organisation=visit.principal.organisation,
        document=render(status),
        kept_until=now + STATUS_KEPT // timedelta(microseconds=1),
    )
