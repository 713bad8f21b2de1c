"""Place: what posting one object means for the thread under its id (DESIGN 6, access-policy cases 1, 3, 9, 20). Pure.

Refusals speak of what the poster himself can see, and of nothing else: what is hidden from him he may post beside, as a contribution of his own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.errors import InvalidObject
from app.sharing.assess import Assessed
from app.sharing.threads import NOT_DATED, Line, Thread
from app.stix.decode import fingerprint
from app.stix.handling import HandlingLabel, State, is_looser, join
from app.stix.timestamps import version_key

REGISTERED_RANK = 0


@dataclass(frozen=True, slots=True)
class Poster:
    """Who posts: his organisation, what he can see, how an organisation is called, and whether he may put `label` in the place of `previous`."""

    organisation: str
    sees: Callable[[Line], bool]
    name_of: Callable[[str], str]
    supersede: Callable[[HandlingLabel, HandlingLabel], str]
    """The reason for a refusal, or nothing."""


def place(thread: Thread, assessed: Assessed, poster: Poster, order: int) -> Line:
    """The version that now stands for the object: a new one, or the equal one that was there, tightened if need be. Raises InvalidObject."""
    _refuse_if_anothers(thread, assessed, poster)
    digest = fingerprint(assessed.object.content)
    if assessed.object.type == "marking-definition":
        _refuse_if_changed(thread, digest, poster)
    lines = thread.contributions.get(poster.organisation, [])
    same = _unversioned_twin(lines, digest) if assessed.object.version is None else _versioned_twin(lines, assessed, digest)
    if same is not None:
        return _tighten(same, assessed.label)
    arriving = _arriving(assessed, poster.organisation, digest, order)
    _refuse_loosening(lines, arriving, poster)
    thread.add(arriving)
    return arriving


def is_unheard(thread: Thread, line: Line) -> bool:
    """Whether the version revokes the object under a stricter label than the one it had: not all who know it will learn of it (access-policy case 22)."""
    if line.arriving is None or line.arriving.content.get("revoked") is not True:
        return False
    older = [each for each in thread.of(line.contributor) if each.is_published and each.key < line.key]
    return bool(older) and is_looser(older[-1].own, line.own)


def _refuse_if_anothers(thread: Thread, assessed: Assessed, poster: Poster) -> None:
    """Without a registered creator it would stand beside an owner's object that the poster can see: he is told whose it is."""
    if assessed.is_owned or assessed.label.originator != poster.organisation:
        return
    served = thread.served(poster.organisation, poster.sees)
    owner = served[0].contributor if served else poster.organisation
    if owner != poster.organisation and thread.ranks.get(owner) == REGISTERED_RANK:
        msg = f"belongs to {poster.name_of(owner)}, which alone may add or change it here"
        raise InvalidObject(msg)


def _refuse_if_changed(thread: Thread, digest: bytes, poster: Poster) -> None:
    """Marking definitions have no versions: neither one's own changes, nor one that the poster can see."""
    known = [*thread.contributions.get(poster.organisation, ()), *thread.served(poster.organisation, poster.sees)]
    if any(line.digest != digest for line in known):
        msg = "a marking definition cannot change, since the objects under it would; send a new one under a new id"
        raise InvalidObject(msg)


def _versioned_twin(lines: list[Line], assessed: Assessed, digest: bytes) -> Line | None:
    key = version_key(assessed.object.version or "")
    same = [line for line in lines if line.key == key]
    if any(line.digest != digest for line in same):
        msg = "another content was sent under this version; raise `modified`"
        raise InvalidObject(msg)
    return next((line for line in same if not line.deleted), None)


def _unversioned_twin(lines: list[Line], digest: bytes) -> Line | None:
    """An observable has no version of its own: equal to its newest it is the same, else it is a new one."""
    newest = next((line for line in reversed(lines) if not line.deleted), None)
    if newest is None or newest.digest == digest:
        return newest
    if newest.key == NOT_DATED:
        msg = "the envelope holds this object twice with different content; send one after the other"
        raise InvalidObject(msg)
    return None


def _tighten(line: Line, label: HandlingLabel) -> Line:
    """What the equal posting closes, the stored one closes from now on; what it opens, it does not."""
    if is_looser(line.own, label):
        line.own = join(line.own, label)
    if line.state is State.PUBLISHED and label.state is State.EMBARGOED:
        line.state = label.state  # that of `own` stays: once published, it goes on binding older versions
    return line


def _refuse_loosening(lines: list[Line], arriving: Line, poster: Poster) -> None:
    newest = next((line for line in reversed(lines) if not line.deleted), None)
    if newest is None or arriving.key <= newest.key:
        return
    reason = poster.supersede(arriving.own, newest.own)
    if reason:
        raise InvalidObject(reason)


def _arriving(assessed: Assessed, organisation: str, digest: bytes, order: int) -> Line:
    version = assessed.object.version
    return Line(
        contributor=organisation,
        version=version or "",
        key=NOT_DATED if version is None else version_key(version),
        digest=digest,
        own=assessed.label,
        effective=assessed.label,
        state=assessed.label.state,
        arriving=assessed.object,
        references=assessed.references,
        is_owned=assessed.is_owned,
        order=order,
    )
