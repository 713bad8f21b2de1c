"""Place: what posting one object means for the thread under its id (DESIGN 6, access-policy cases 1, 3, 9, 20). Pure.

Refusals speak of what the poster himself can see, and of nothing else: what is hidden from him he may post beside, as a contribution of his own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.errors import InvalidObject
from app.sharing.assess import Assessed
from app.sharing.elsewhere import Sent
from app.sharing.threads import NOT_DATED, REGISTERED_RANK, Line, Thread
from app.stix.handling import HandlingLabel, State, is_looser, join
from app.stix.markings import CANONICAL
from app.stix.timestamps import version_key

_FIXED = "a marking definition cannot change, since the objects under it would; send a new one under a new id"
_TAKEN = "another content was sent under this version; raise `modified`"


@dataclass(frozen=True, slots=True)
class Poster:
    """Who posts: his organisation, what he can see, how an organisation is called, what the policies and the label budget leave him, what he sent beside."""

    organisation: str
    sees: Callable[[Line], bool]
    name_of: Callable[[str], str]
    supersede: Callable[[HandlingLabel, HandlingLabel], str]
    """Whether he may put the first label in the place of the second: the reason for a refusal, or nothing."""
    afford: Callable[[HandlingLabel, HandlingLabel | None], HandlingLabel]
    """The label under which a version is stored that is sent under the first, over an older one under the second. Raises InvalidObject."""
    beside: Sent
    """What his organisation sent where releases could bring it together with what he sends now."""


def place(thread: Thread, assessed: Assessed, poster: Poster) -> Line:
    """The version that now stands for the object: a new one, or the equal one that was there, tightened if need be. Raises InvalidObject."""
    arriving = assessed.arriving
    _refuse_if_anothers(thread, assessed, poster)
    if arriving.object.type == "marking-definition":
        _refuse_if_changed(thread, assessed, poster)
    line = _line(assessed, poster.organisation)
    mine = thread.contributions.get(poster.organisation, [])
    same = _unversioned_twin(mine, line) if line.key == NOT_DATED else _versioned_twin(thread, line)
    if same is not None:
        return _tighten(same, assessed.label)
    if poster.beside.get((arriving.object.id, line.key), frozenset()) - {line.digest}:
        raise InvalidObject(_FIXED if arriving.object.type == "marking-definition" else _TAKEN)
    newest = mine[-1] if mine else None
    if newest is not None and line.key > newest.key:
        _refuse_loosening(line, newest, poster)
    line.own = line.effective = poster.afford(assessed.label, None if newest is None else newest.own)
    thread.add(line)
    return line


def _refuse_if_anothers(thread: Thread, assessed: Assessed, poster: Poster) -> None:
    """Without a registered creator it would stand beside an owner's object that the poster can see: he is told whose it is."""
    if assessed.is_owned or assessed.label.originator != poster.organisation or poster.organisation in thread.contributions:
        return
    served = thread.served(poster.organisation, poster.sees)
    if any(line.rank == REGISTERED_RANK for line in served):
        msg = f"belongs to {poster.name_of(served[0].contributor)}, which alone may add or change it here"
        raise InvalidObject(msg)


def _refuse_if_changed(thread: Thread, assessed: Assessed, poster: Poster) -> None:
    """Marking definitions have no versions: neither one's own changes, nor one that the poster can see.

    True copies of a TLP marking may be spelled differently, and mean the same whoever sent them.
    """
    identifier, digest = assessed.arriving.object.id, assessed.arriving.digest
    seen = [] if identifier in CANONICAL else thread.served(poster.organisation, poster.sees)
    if any(line.digest != digest for line in (*thread.contributions.get(poster.organisation, ()), *seen)):
        raise InvalidObject(_FIXED)


def _versioned_twin(thread: Thread, line: Line) -> Line | None:
    same = thread.versions(line.contributor, line.key)
    if not same:
        return None
    if any(each.digest != line.digest for each in same):
        raise InvalidObject(_TAKEN)
    return next((each for each in same if not each.deleted), None)


def _unversioned_twin(mine: list[Line], line: Line) -> Line | None:
    """An observable has no version of its own: equal to the newest it is the same, else it is a new one.

    Equal to the newest that is published it is the same, too: what waits behind that is nobody's to notice.
    """
    live = (each for each in reversed(mine) if not each.deleted)
    newest = next(live, None)
    if newest is None or newest.digest == line.digest:
        return newest
    if newest.key == NOT_DATED:
        msg = "the envelope holds this object twice with different content; send one after the other"
        raise InvalidObject(msg)
    published = newest if newest.is_published else next((each for each in live if each.is_published), None)
    return published if published is not None and published.digest == line.digest else None


def _tighten(line: Line, label: HandlingLabel) -> Line:
    """What the equal posting closes, the stored one closes from now on; what it opens, it does not."""
    if is_looser(line.own, label):
        line.own = join(line.own, label)
    if line.state is State.PUBLISHED and label.state is State.EMBARGOED:
        line.state = label.state  # that of `own` stays: once published, it goes on binding older versions
    return line


def _refuse_loosening(line: Line, newest: Line, poster: Poster) -> None:
    """`newest` may be deleted: to delete a version first spares nobody the leave to go below it."""
    reason = poster.supersede(line.own, newest.own)
    if reason:
        raise InvalidObject(reason)


def _line(assessed: Assessed, organisation: str) -> Line:
    arriving = assessed.arriving
    version = arriving.object.version
    return Line(
        contributor=organisation,
        version=version or "",
        key=NOT_DATED if version is None else version_key(version),
        digest=arriving.digest,
        own=assessed.label,
        effective=assessed.label,
        state=assessed.label.state,
        arriving=arriving.object,
        references=arriving.object.references,
        is_owned=assessed.is_owned,
        order=arriving.position,
    )
