"""Assess: whose an arriving object is, what its markings mean here, and whether the policies let it in. One object at a time; nothing is stored.

Ownership is by registered identity and settled from the alliance's files before any stored row is looked at, so that no answer depends on what is hidden.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from app.access.actions import Action
from app.access.alliance import Alliance, CollectionKind
from app.access.decision import Question
from app.access.principal import Kind
from app.errors import InvalidObject, quoted
from app.sharing.arriving import Arriving
from app.sharing.door import Visit
from app.stix.handling import TLP_BY_TEXT, HandlingLabel, Tlp
from app.stix.labelling import Writing, compose
from app.stix.markings import Marking, Scheme, Terms, built_in, read_definition
from app.stix.objects import StixObject


@dataclass(frozen=True, slots=True)
class Known:
    """A marking that may be used here, and the organisation whose terms it carries (empty for built-in ones)."""

    marking: Marking
    originator: str = ""


class Assessed(NamedTuple):
    """An object that may be written under `label`. `is_owned`: its creator is registered by the organisation that sends it."""

    arriving: Arriving
    label: HandlingLabel
    is_owned: bool


@dataclass
class Assessment:
    """What one envelope's objects are assessed against: the visit, and the markings known."""

    visit: Visit
    known: dict[str, Known]
    _labels: dict[tuple[str, tuple[str, ...], bool], HandlingLabel] = field(
        default_factory=dict[tuple[str, tuple[str, ...], bool], HandlingLabel]
    )
    """(originator, markings, supporting) → label: an envelope holds few different ones."""
    _refusals: dict[tuple[Action, HandlingLabel], str] = field(default_factory=dict[tuple[Action, HandlingLabel], str])

    @staticmethod
    def of(visit: Visit, objects: Sequence[Arriving], stored: Mapping[str, Known]) -> "Assessment":
        """`stored`: markings that the writer can read in this collection. Markings of the envelope itself come before them."""
        assessment = Assessment(visit, dict(stored))
        for each in objects:
            if each.object.type == "marking-definition":
                assessment._learn(each.object)
        return assessment

    def assess(self, arriving: Arriving) -> Assessed:
        """The label of an object and the leave to add it. Raises InvalidObject with the reason."""
        originator, is_owned = self._originator(arriving.object)
        label = self._label(arriving, originator)
        self._refuse_unless_allowed(Action.WRITE_NEW, label)
        if arriving.object.is_revoked:
            self._refuse_unless_allowed(Action.REVOKE, label)
        return Assessed(arriving, label, is_owned)

    def originator_of_red(self, arriving: Arriving) -> str | None:
        """Whose TLP:RED the object is, if it is another organisation's: to send that on is a breach by itself (access-policy case 14)."""
        owner = self.visit.force.alliance.owner_of(arriving.object.created_by)
        is_red = any(known.marking.tlp is Tlp.RED for mark in arriving.markings if (known := self._built_in.get(mark)) is not None)
        return owner if is_red and owner != self.visit.principal.organisation else None

    def forget(self, marking_id: str) -> None:
        """A definition of the envelope was refused: what uses it is refused too. What is built in needs no definition."""
        self.known.pop(marking_id, None)
        self._labels.clear()

    def _learn(self, definition: StixObject) -> None:
        try:
            originator, _ = self._originator(definition)
            self.known[definition.id] = Known(read_definition(definition.content, self._aliases), originator)
        except InvalidObject:
            return  # its own failure line says why; what uses it finds it unknown

    def _originator(self, arriving: StixObject) -> tuple[str, bool]:
        """The organisation whose object it is, and whether that is by a registered creator."""
        sender, alliance = self.visit.principal.organisation, self.visit.force.alliance
        owner = alliance.owner_of(arriving.created_by)
        if owner is None:
            return sender, False
        if owner != sender and not self.visit.collection.relay:
            msg = f"belongs to {alliance.organisations[owner].name}, which alone may add or change it here"
            raise InvalidObject(msg)
        return owner, owner == sender

    def _label(self, arriving: Arriving, originator: str) -> HandlingLabel:
        if arriving.object.type == "marking-definition":
            markings = [*self._markings(arriving, originator), *self._own_terms(arriving.object)]
            supports = all(marking.scheme not in {Scheme.HANDLING, Scheme.UNKNOWN} for marking in markings)
            return compose(markings, self._writing(originator, supports))
        supports = arriving.object.type == "extension-definition" or arriving.object.id in self.visit.force.alliance.owner_of_identity
        key = originator, arriving.markings, supports
        if key not in self._labels:
            self._labels[key] = compose(self._markings(arriving, originator), self._writing(originator, supports))
        return self._labels[key]

    def _own_terms(self, definition: StixObject) -> list[Marking]:
        """A handling marking binds itself. A copy of a TLP definition must be true to the table even though nothing is taken from it."""
        own = read_definition(definition.content, self._aliases)
        self._refuse_foreign_terms(own.terms)
        return [own] if own.scheme in {Scheme.HANDLING, Scheme.UNKNOWN} else []

    def _markings(self, arriving: Arriving, originator: str) -> list[Marking]:
        return [self._usable(reference, originator) for reference in arriving.markings]

    def _usable(self, reference: str, originator: str) -> Marking:
        known = self._built_in.get(reference) or self.known.get(reference)
        if known is None:
            msg = f"the marking {quoted(reference)} is not known here; send its definition first or in the same envelope"
            raise InvalidObject(msg)
        if known.marking.scheme is Scheme.HANDLING and known.originator != originator and not self._is_secretariat(known.originator):
            msg = f"the handling marking {quoted(reference)} was made by neither the object's originator nor the secretariat"
            raise InvalidObject(msg)
        self._refuse_foreign_terms(known.marking.terms)
        return known.marking

    def _refuse_foreign_terms(self, terms: Terms | None) -> None:
        """Negative lists are read by everybody who reads the object; and a name that excludes nobody would promise what it does not keep."""
        if terms is None or not terms.not_releasable_to:
            return
        if not self.visit.collection.negative_lists:
            msg = "`not_releasable_to` is not taken here, since every reader would read it; use the organisation's `withhold_from`"
            raise InvalidObject(msg)
        unknown = sorted(terms.not_releasable_to - self._nameable)
        if unknown:
            msg = f"`not_releasable_to` names {quoted(unknown[0])}, which you cannot name here"
            raise InvalidObject(msg)

    @cached_property
    def _nameable(self) -> frozenset[str]:
        """Organisations and jurisdictions are no secret; groups and operations can be named by those who are in them."""
        alliance = self.visit.force.alliance
        organisations = {f"org:{name}" for name in alliance.organisations}
        jurisdictions = {f"jur:{each.jurisdiction}" for each in alliance.organisations.values() if each.jurisdiction}
        return self.visit.principal.audiences | organisations | jurisdictions

    def _is_secretariat(self, organisation: str) -> bool:
        known = self.visit.force.alliance.organisations.get(organisation)
        return known is not None and known.kind is Kind.SECRETARIAT

    def _writing(self, originator: str, supports: bool) -> Writing:  # noqa: FBT001 # one of the circumstances
        """`supports`: unmarked, it only helps to read others and is CLEAR within the collection's readers (access-policy case 19).

        That must follow from the object itself and from the files: what else the envelope holds may be hidden from whoever is shown it.
        """
        principal, collection = self.visit.principal, self.visit.collection
        client = self.visit.force.alliance.client(principal.client)
        default = (client.unmarked if client else None) or collection.unmarked
        return Writing(
            originator=originator,
            submitter=principal.organisation,
            level=Tlp.CLEAR if supports else TLP_BY_TEXT.get(default),
            red_recipients=collection.red_recipients,
            quarantined=collection.kind is CollectionKind.INTAKE,
            now=self.visit.now,
        )

    def _refuse_unless_allowed(self, action: Action, label: HandlingLabel) -> None:
        asked = action, label
        if asked not in self._refusals:
            self._refusals[asked] = refusal(self.visit, Question(self.visit.principal, action, self.visit.collection, label))
        if self._refusals[asked]:
            raise InvalidObject(self._refusals[asked])

    @cached_property
    def _aliases(self) -> dict[str, Tlp]:
        return _aliases(self.visit.force.alliance)

    @cached_property
    def _built_in(self) -> dict[str, Known]:
        return {identifier: Known(marking) for identifier, marking in built_in(self._aliases).items()}


_DEEDS = {
    Action.WRITE_NEW: "add it",
    Action.WRITE_VERSION: "add a version of it",
    Action.REVOKE: "revoke what another organisation originated",
    Action.RELEASE: "release it",
}


def refusal(visit: Visit, question: Question) -> str:
    """Why the policies refuse, in their own words; empty if they allow."""
    decision = visit.force.judge.decide(question, visit.now)
    if decision.allowed:
        return ""
    reasons = "; ".join(visit.force.judge.meaning(policy) for policy in decision.policies)
    return f"not allowed here: {reasons or f'no policy permits you to {_DEEDS[question.action]}'}"


def definition_meaning(alliance: Alliance, content: Mapping[str, object]) -> Marking | None:
    """The meaning of a stored definition; None if it has none that may be relied on."""
    try:
        return read_definition(content, _aliases(alliance))
    except InvalidObject:
        return None


def _aliases(alliance: Alliance) -> dict[str, Tlp]:
    return {identifier: TLP_BY_TEXT[level] for identifier, level in alliance.marking_aliases.items()}
