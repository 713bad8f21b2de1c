"""Release: copy what waits in an intake into the thread of its destination, as far as the curator may and the destination takes it.

The label comes along as the intake has it, defaults included, bound by those of newer versions there; the originator stays, the contribution is the partner's.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from app.access.actions import Action
from app.access.alliance import Collection, CollectionState
from app.access.decision import Question
from app.errors import InvalidObject
from app.sharing.assess import refusal
from app.sharing.door import Visit
from app.sharing.labels import LabelBook
from app.sharing.pinning import labels_to_pass
from app.sharing.released import released_label
from app.sharing.threads import NOT_DATED, Line, Thread
from app.stix.handling import HandlingLabel
from app.stix.markings import CANONICAL, marking_refs
from app.stix.objects import StixObject
from app.stix.validation import custom_parts


@dataclass(slots=True)
class Releasing:
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
        """Put the newest version of an object that the curator sees into its thread at the destination, with what it needs. Raises InvalidObject."""
        line = self._newest(object_id)
        if line is None:
            raise InvalidObject("it does not wait here")
        self._copy(line)
        for needed in needs(self._object(line)):
            companion = self._newest(needed)
            if companion is not None:
                with suppress(InvalidObject):  # it is there, or must not go: the object goes without it
                    self._copy(companion)

    def _newest(self, object_id: str) -> Line | None:
        thread = self.sources.get(object_id)
        live = [line for line in thread.lines if not line.deleted and line.stored is not None] if thread is not None else []
        return next((line for line in sorted(live, key=lambda line: line.sorting, reverse=True) if self._is_seen(line)), None)

    def _is_seen(self, line: Line) -> bool:
        return may_review(self.visit, line, self.source_book)

    def _object(self, line: Line) -> StixObject:
        assert line.stored is not None  # noqa: S101 # _newest chose it by that
        return self.objects[line.stored.row]

    def _copy(self, line: Line) -> None:
        reason = refusal(self.visit, Question(self.visit.principal, Action.RELEASE, self.visit.collection, line.effective))
        if reason:
            raise InvalidObject(reason)
        arriving = self._object(line)
        thread = self.threads[arriving.id]
        if stands(thread, line, arriving):
            msg = "this version was released before"
            raise InvalidObject(msg)
        label = released_label(line, self.sources[arriving.id].contributions[line.contributor], self.visit)
        self._refuse_unless_taken(arriving, label)
        if arriving.version is not None and any(not each.deleted for each in thread.versions(line.contributor, line.key)):
            # Only what was sent before the files joined the two collections: place.py refuses it since, to the submitter alone.
            msg = f"this version cannot go to {self.destination.path}; its submitter must send it again with a newer `modified`"
            raise InvalidObject(msg)
        thread.add(self._line(line, arriving, label))
        self.touched[arriving.id] = thread

    def _refuse_unless_taken(self, arriving: StixObject, label: HandlingLabel) -> None:
        """The destination is as particular about what is released into it as about what is written."""
        path = self.destination.path
        if self.destination.state is not CollectionState.OPEN:
            raise InvalidObject(f"{path} is no longer open")
        if label.tlp > self.destination.ceiling_level:
            raise InvalidObject(f"TLP:{label.tlp.text.upper()} is above the ceiling of {path}")
        if label.not_releasable_to and not self.destination.negative_lists:
            raise InvalidObject(f"{path} takes no `not_releasable_to`, since every reader would read it")
        part = None if self.destination.custom == "allow" else next(custom_parts(arriving.content, arriving.type), None)
        if part is not None:
            raise InvalidObject(f"{part} is custom, which {path} does not take")

    def _line(self, line: Line, arriving: StixObject, label: HandlingLabel) -> Line:
        owner = self.visit.force.alliance.owner_of(arriving.created_by)
        return replace(
            line,
            key=NOT_DATED if arriving.version is None else line.key,
            own=label,
            effective=label,
            state=label.state,
            stored=None,
            arriving=arriving,
            references=arriving.references,
            is_owned=owner == line.contributor,
            order=len(self.touched),
            last=False,
            flagged=False,
            source=self.visit.collection.key,
        )


def may_review(visit: Visit, line: Line, book: LabelBook) -> bool:
    """Whether a curator is shown a version of the intake: by its own label, and by those of what it refers to."""
    questions = [Question(visit.principal, Action.REVIEW, visit.collection, label) for label in labels_to_pass(line, book)]
    return all(decision.allowed for decision in visit.force.judge.decide_many(questions, visit.now))


def stands(thread: Thread, line: Line, content: StixObject) -> bool:
    """Whether this version of an intake stands in the thread of a destination; of an observable, whether it is the newest there."""
    copies = thread.of(line.contributor)
    return any(copy.digest == line.digest for copy in (copies if content.version is not None else copies[-1:]))


def needs(released: StixObject) -> Iterator[str]:
    """The definitions and the creator that an object names."""
    yield from (reference for reference in dict.fromkeys(marking_refs(released.content)) if reference not in CANONICAL)
    if released.created_by is not None and released.created_by != released.id:
        yield released.created_by
