"""From an object's markings to its handling label: always the strictest; what is not understood closes (access-policy: markings).

Pure: what the alliance says (originator, defaults, whose marking counts) is handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

from app.errors import InvalidObject
from app.stix.handling import HandlingLabel, State, Tlp, combine, round_embargo, round_retention
from app.stix.markings import Marking, Scheme, Terms


@dataclass(frozen=True, slots=True)
class Writing:
    """The circumstances under which an object is written: whose it is, who sends it, what its markings leave open, and when."""

    originator: str
    submitter: str
    level: Tlp | None
    """For an object without a marking that carries a level; None refuses it."""
    red_recipients: frozenset[str]
    """For a TLP:RED object that names nobody."""
    quarantined: bool
    now: datetime


def compose(markings: Sequence[Marking], writing: Writing) -> HandlingLabel:
    """The label of an object with these markings. Raises InvalidObject, with the remedy, if it has no level or names nobody for TLP:RED."""
    levels = [marking.tlp for marking in markings if marking.tlp is not None]
    by_default = not levels
    if not levels and writing.level is None:
        msg = "the object has no TLP marking and there is no default here; add a TLP marking to `object_marking_refs`"
        raise InvalidObject(msg)
    level = max(levels) if levels else writing.level or Tlp.CLEAR
    plain = HandlingLabel(
        tlp=level,
        originator=writing.originator,
        submitter=writing.submitter,
        opaque=any(marking.scheme is Scheme.UNKNOWN for marking in markings),
        by_default=by_default,
    )
    restrictions = [_restrict(plain, marking.terms, writing.now) for marking in markings if marking.terms is not None]
    label = reduce(combine, restrictions, plain)
    return _with_state(_with_recipients(label, writing.red_recipients), writing).kept


def keeps(label: HandlingLabel, markings: Sequence[Marking]) -> bool:
    """Whether a label that a version lies under closes to everybody to whom these of its markings close.

    It may always hold more: a level by default, instants that were rounded, what other postings of the version joined in.
    """
    if label.releasable_to == frozenset():
        return True  # nobody but its originator: whatever else is demanded is kept
    plain = HandlingLabel(
        tlp=max((marking.tlp for marking in markings if marking.tlp is not None), default=Tlp.CLEAR),
        originator=label.originator,
        submitter=label.submitter,
        opaque=any(marking.scheme is Scheme.UNKNOWN for marking in markings),
    )
    demanded = reduce(combine, [_restrict(plain, marking.terms) for marking in markings if marking.terms is not None], plain)
    stated = replace(label, also=())
    return combine(stated, demanded) == stated


def _restrict(plain: HandlingLabel, terms: Terms, now: datetime | None = None) -> HandlingLabel:
    """What the terms add to a label; without `now` their instants are not rounded."""
    embargo, retention = terms.embargo_until, terms.retention_until
    if now is not None:
        embargo = None if embargo is None else round_embargo(embargo)
        retention = None if retention is None else round_retention(retention, now)
    return HandlingLabel(
        tlp=plain.tlp,
        originator=plain.originator,
        submitter=plain.submitter,
        recipients=terms.recipients,
        releasable_to=terms.releasable_to,
        not_releasable_to=terms.not_releasable_to,
        embargo_until=embargo,
        retention_until=retention,
        purposes=terms.purposes,
    )


def _with_recipients(label: HandlingLabel, red_recipients: frozenset[str]) -> HandlingLabel:
    if label.tlp is not Tlp.RED or label.recipients is not None:
        return label
    if not red_recipients:
        msg = "a TLP:RED object must name its recipients; add a handling marking with `recipients`"
        raise InvalidObject(msg)
    return replace(label, recipients=red_recipients, by_default=True)


def _with_state(label: HandlingLabel, writing: Writing) -> HandlingLabel:
    if writing.quarantined:
        return replace(label, state=State.QUARANTINED)
    embargoed = label.embargo_until is not None and label.embargo_until > writing.now
    return replace(label, state=State.EMBARGOED) if embargoed else label
