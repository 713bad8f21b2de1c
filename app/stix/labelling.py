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
    return _with_state(_with_recipients(label, writing.red_recipients), writing)


def _restrict(plain: HandlingLabel, terms: Terms, now: datetime) -> HandlingLabel:
    return HandlingLabel(
        tlp=plain.tlp,
        originator=plain.originator,
        submitter=plain.submitter,
        recipients=terms.recipients,
        releasable_to=terms.releasable_to,
        not_releasable_to=terms.not_releasable_to,
        embargo_until=None if terms.embargo_until is None else round_embargo(terms.embargo_until),
        retention_until=None if terms.retention_until is None else round_retention(terms.retention_until, now),
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
