"""Assess: whose an arriving object is, what its markings mean here, and whether the policies let it in. One object at a time; nothing is stored.

Ownership is by registered identity and settled from the alliance's files before any stored row is looked at, so that no answer depends on what is hidden.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.access.actions import Action
from app.access.alliance import Alliance, CollectionKind
from app.access.decision import Question
from app.access.principal import Kind
from app.errors import InvalidObject, quoted
from app.sharing.door import Visit
from app.stix.handling import TLP_BY_TEXT, HandlingLabel, Tlp
from app.stix.labelling import Writing, compose
from app.stix.markings import Marking, Scheme, Terms, built_in, marking_refs, read_definition
from app.stix.objects import StixObject
from app.stix.references import references

REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Known:
    """A marking that may be used here, and the organisation whose terms it carries (empty for built-in ones)."""

    marking: Marking
    originator: str = ""


@dataclass(frozen=True, slots=True)
class Assessed:
    """An object that may be written under `label`. `is_owned`: its creator is registered by the organisation that sends it."""

    object: StixObject
    label: HandlingLabel
    is_owned: bool
    references: frozenset[str]


@dataclass(slots=True)
class Assessment:
    """What one envelope's objects are assessed against: the visit, the markings known, and the identities that play a supporting part in it."""

    visit: Visit
    known: dict[str, Known]
    supporting_identities: frozenset[str]
    decided: dict[HandlingLabel, str] = field(default_factory=dict[HandlingLabel, str])
    """Label → reason for refusal, empty if it may be added: an envelope holds few labels."""

    @staticmethod
    def of(visit: Visit, objects: Sequence[StixObject], stored: Mapping[str, Known]) -> "Assessment":
        """`stored`: markings that the writer can read in this collection. Markings of the envelope itself come before them."""
        aliases = _aliases(visit.force.alliance)
        known = {identifier: Known(marking) for identifier, marking in built_in(aliases).items()}
        known.update(stored)
        assessment = Assessment(visit, known, _supporting(visit.force.alliance, objects))
        for each in objects:
            if each.type == "marking-definition" and each.id not in known:
                assessment._learn(each, aliases)
        return assessment

    def assess(self, arriving: StixObject) -> Assessed:
        """The label of an object and the leave to add it. Raises InvalidObject with the reason."""
        originator, is_owned = self._originator(arriving)
        markings = self._markings(arriving, originator)
        label = compose(markings, self._writing(arriving, originator, markings))
        self._refuse_unless_allowed(label)
        return Assessed(arriving, label, is_owned, references(arriving.content))

    def forget(self, marking_id: str) -> None:
        """A definition of the envelope was refused: what uses it is refused too."""
        self.known.pop(marking_id, None)

    def _learn(self, definition: StixObject, aliases: Mapping[str, Tlp]) -> None:
        try:
            originator, _ = self._originator(definition)
            self.known[definition.id] = Known(read_definition(definition.content, aliases), originator)
        except InvalidObject:
            return  # its own failure line says why; what uses it finds it unknown

    def _originator(self, arriving: StixObject) -> tuple[str, bool]:
        """The organisation whose object it is, and whether that is by a registered creator."""
        sender, alliance = self.visit.principal.organisation, self.visit.force.alliance
        owner = alliance.owner_of_identity.get((arriving.created_by or "").lower())  # a UUID in capitals is the same UUID
        if owner is None:
            return sender, False
        if owner != sender and not self.visit.collection.relay:
            msg = f"belongs to {alliance.organisations[owner].name}, which alone may add or change it here"
            raise InvalidObject(msg)
        return owner, owner == sender

    def _markings(self, arriving: StixObject, originator: str) -> list[Marking]:
        found = [self._usable(reference, originator) for reference in marking_refs(arriving.content)]
        if arriving.type == "marking-definition":
            # A copy of a TLP definition must be true to the table even though nothing is taken from it; a handling marking binds itself.
            own = read_definition(arriving.content, _aliases(self.visit.force.alliance))
            self._refuse_foreign_terms(own.terms)
            found += [own] if own.scheme in {Scheme.HANDLING, Scheme.UNKNOWN} else []
        return found

    def _usable(self, reference: str, originator: str) -> Marking:
        known = self.known.get(reference)
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
        unknown = sorted(terms.not_releasable_to - self._nameable())
        if unknown:
            msg = f"`not_releasable_to` names {quoted(unknown[0])}, which you cannot name here"
            raise InvalidObject(msg)

    def _nameable(self) -> frozenset[str]:
        """Organisations and jurisdictions are no secret; groups and operations can be named by those who are in them."""
        alliance = self.visit.force.alliance
        organisations = {f"org:{name}" for name in alliance.organisations}
        jurisdictions = {f"jur:{each.jurisdiction}" for each in alliance.organisations.values() if each.jurisdiction}
        return self.visit.principal.audiences | organisations | jurisdictions

    def _is_secretariat(self, organisation: str) -> bool:
        known = self.visit.force.alliance.organisations.get(organisation)
        return known is not None and known.kind is Kind.SECRETARIAT

    def _writing(self, arriving: StixObject, originator: str, markings: Iterable[Marking]) -> Writing:
        principal, collection = self.visit.principal, self.visit.collection
        client = self.visit.force.alliance.client(principal.client)
        default = (client.unmarked if client else None) or collection.unmarked
        level = Tlp.CLEAR if self._is_supporting(arriving, markings) else TLP_BY_TEXT.get(default)
        return Writing(
            originator=originator,
            submitter=principal.organisation,
            level=level,
            red_recipients=collection.red_recipients,
            quarantined=collection.kind is CollectionKind.INTAKE,
            now=self.visit.now,
        )

    def _is_supporting(self, arriving: StixObject, markings: Iterable[Marking]) -> bool:
        """Whether an unmarked object only helps to read others: it is CLEAR within the collection's readers (access-policy case 19)."""
        if arriving.type == "marking-definition":
            return all(marking.scheme not in {Scheme.HANDLING, Scheme.UNKNOWN} for marking in markings)
        return arriving.type == "extension-definition" or arriving.id in self.supporting_identities

    def _refuse_unless_allowed(self, label: HandlingLabel) -> None:
        if label not in self.decided:
            question = Question(self.visit.principal, Action.WRITE_NEW, self.visit.collection, label)
            self.decided[label] = refusal(self.visit, question)
        if self.decided[label]:
            raise InvalidObject(self.decided[label])


def refusal(visit: Visit, question: Question) -> str:
    """Why the policies refuse, in their own words; empty if they allow."""
    decision = visit.force.judge.decide(question, visit.now)
    if decision.allowed:
        return ""
    reasons = "; ".join(visit.force.judge.meaning(policy) for policy in decision.policies)
    return f"not allowed here: {reasons}" if reasons else "not allowed here: no policy permits it"


def definition_meaning(alliance: Alliance, content: Mapping[str, object]) -> Marking | None:
    """The meaning of a stored definition; None if it has none that may be relied on."""
    try:
        return read_definition(content, _aliases(alliance))
    except InvalidObject:
        return None


def _aliases(alliance: Alliance) -> dict[str, Tlp]:
    return {identifier: TLP_BY_TEXT[level] for identifier, level in alliance.marking_aliases.items()}


def _supporting(alliance: Alliance, objects: Sequence[StixObject]) -> frozenset[str]:
    """Identities that are registered, or that created an object of the envelope and are neither persons nor referred to otherwise: victims are too."""
    creators = {each.created_by for each in objects}
    referred = {reference for each in objects for reference in references(each.content) if reference.startswith("identity--")}
    identities = [each for each in objects if each.type == "identity"]
    return frozenset(
        each.id
        for each in identities
        if each.id in alliance.owner_of_identity
        or (each.id in creators and each.id not in referred and each.content.get("identity_class") != "individual")
    )
