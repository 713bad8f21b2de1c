"""Released copies: what happens to them when their intake changes. What only closes, or revokes, needs no curator (DESIGN 6, Intake).

A copy is the partner's contribution in the destination, with `source` naming the intake.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from app.access.alliance import Collection
from app.audit.events import Event
from app.sharing.commit import Pins, Target, commit
from app.sharing.door import Visit
from app.sharing.exchange import Exchange
from app.sharing.labels import LabelBook
from app.sharing.pinning import pins
from app.sharing.threads import Line, Thread
from app.sharing.view import current_threads
from app.stix.handling import HandlingLabel, State, join
from app.stix.objects import reopen
from app.store.contract import Transaction

MAY_DIFFER: Final = frozenset({"modified", "revoked"})


def destinations(visit: Visit) -> list[Collection]:
    """The collections to which the intake releases, each once."""
    return [each for each in visit.force.alliance.collections if each.path in visit.collection.release_to]


def released_label(line: Line, mine: Sequence[Line], visit: Visit) -> HandlingLabel:
    """The label of a version that leaves an intake; `mine` are the partner's versions there, ascending."""
    label = _let_out(line.effective, visit)
    bound = next(bound for each, bound in zip(mine, _bounds(mine, visit), strict=True) if each is line)
    return label if bound is None else join(label, bound)


def partner_pins(threads: dict[str, Thread], book: LabelBook) -> Pins:
    """References of a released version are those of the partner: what he himself has in the destination."""
    return lambda line: pins(line, threads, lambda thread: thread.of(line.contributor), book)


async def follow(exchange: Exchange, tx: Transaction, visit: Visit, threads: Sequence[Thread]) -> None:
    """After a write into an intake: stricter labels join into the copies at once, revocations follow, deletes take the copies with them."""
    changed = {thread.object_id: thread for thread in threads}
    referred = [reference for thread in threads for line in thread.lines if _revokes(line) for reference in line.references]
    for destination in destinations(visit):
        there = await current_threads(exchange, tx, destination.key, [*changed, *referred])
        touched = [there[name] for name, source in changed.items() if await _follow_one(tx, visit, source, there[name], destination.key)]
        for thread in touched:
            thread.settle()
        draft = exchange.books.of(destination.key).draft()
        target = Target(destination.key, visit.principal.organisation, draft, visit.deed(Event.FOLLOW))
        await commit(tx, target, touched, partner_pins(there, draft))


async def _follow_one(tx: Transaction, visit: Visit, source: Thread, thread: Thread, destination: str) -> bool:
    """Whether copies of an object stand in the destination; they are then as the intake wants them."""
    followed = False
    for contributor, mine in source.contributions.items():
        standing = [line for line in thread.of(contributor) if line.source == visit.collection.key]
        if standing:
            _close(standing, mine, visit)
            for line in await _revocations(tx, mine, standing[-1], destination):
                thread.add(_copy(line, join(released_label(line, mine, visit), standing[-1].own), visit))
            followed = True
    return followed


def _close(standing: Sequence[Line], mine: Sequence[Line], visit: Visit) -> None:
    bounds = {line.digest: bound for line, bound in zip(mine, _bounds(mine, visit), strict=True)}
    live = {line.digest for line in mine if not line.deleted}
    for copy in standing:
        copy.own = join(copy.own, bounds.get(copy.digest) or copy.own)
        copy.deleted = copy.digest not in live


def _bounds(mine: Sequence[Line], visit: Visit) -> list[HandlingLabel | None]:
    """For each version the label that binds its copies: its own joined with those of all newer ones, tombstones included.

    Versions that are to wait for the end of an embargo bind nothing, as anywhere (access-policy case 21).
    """
    bounds: list[HandlingLabel | None] = []
    newer: HandlingLabel | None = None
    for line in reversed(mine):
        label = _let_out(line.own, visit)
        if label.state is State.PUBLISHED:
            newer = label if newer is None else join(label, newer)
        bounds.append(newer)
    return bounds[::-1]


def _let_out(label: HandlingLabel, visit: Visit) -> HandlingLabel:
    """A label as it stands once the version is out: published, or waiting for the end of its embargo."""
    waiting = label.embargo_end is not None and label.embargo_end > visit.now
    return label.in_state(State.EMBARGOED if waiting else State.PUBLISHED)


def _revokes(line: Line) -> bool:
    return line.arriving is not None and line.arriving.is_revoked


async def _revocations(tx: Transaction, mine: Iterable[Line], copy: Line, destination: str) -> list[Line]:
    """What arrives and revokes `copy`, the newest that stands in the destination, without a change of anything else."""
    revoking = [line for line in mine if _revokes(line) and line.key > copy.key]
    if not revoking or copy.deleted or copy.stored is None:
        return []
    raws = await tx.raw(destination, [copy.stored.row])
    published = _without(reopen(raws[copy.stored.row]).content)
    return [line for line in revoking if line.arriving is not None and _without(line.arriving.content) == published]


def _without(content: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in content.items() if name not in MAY_DIFFER}


def _copy(line: Line, label: HandlingLabel, visit: Visit) -> Line:
    return replace(
        line, own=label, effective=label, state=label.state, stored=None, source=visit.collection.key, last=False, flagged=False, date=0
    )
