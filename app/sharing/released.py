"""Released copies: what happens to them when their intake changes. What only closes, or revokes, needs no curator (DESIGN 6, Intake).

A copy is the partner's contribution in the destination, with `source` naming the intake.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from app.sharing.commit import Target, commit
from app.sharing.door import Visit
from app.sharing.exchange import Exchange
from app.sharing.pinning import pins
from app.sharing.threads import NOT_DATED, Line, Thread
from app.sharing.view import read_threads
from app.stix.decode import decode
from app.stix.handling import HandlingLabel, State, join
from app.store.contract import Transaction

MAY_DIFFER: Final = frozenset({"modified", "revoked"})


def copies(thread: Thread, source: str) -> list[Line]:
    """The versions under an id that were released from an intake and still stand."""
    return [line for line in thread.lines if line.source == source and not line.deleted]


def published(label: HandlingLabel, visit: Visit) -> HandlingLabel:
    """A label as it stands once a curator has let the version out: published, or waiting for the end of its embargo."""
    waiting = label.embargo_end is not None and label.embargo_end > visit.now
    return label.in_state(State.EMBARGOED if waiting else State.PUBLISHED)


async def follow(exchange: Exchange, tx: Transaction, visit: Visit, threads: Iterable[Thread]) -> None:
    """After a write into an intake: stricter labels join into the copies at once, revocations follow, deletes take the copies with them."""
    changed = {thread.object_id: thread for thread in threads}
    for path in visit.collection.release_to:
        destination = next(each for each in visit.force.alliance.collections if each.path == path)
        book = exchange.books.of(destination.key)
        await book.catch_up(tx, destination.key)
        referred = {reference for thread in changed.values() for line in thread.lines for reference in line.references}
        kept = await read_threads(tx, destination.key, book, [*changed, *referred])
        touched = [
            kept[identifier]
            for identifier, source in changed.items()
            if await _follow_one(tx, visit, source, kept[identifier], destination.key)
        ]
        for thread in touched:
            thread.settle()
        await commit_copies(tx, Target(destination.key, visit.principal.organisation, book.draft()), touched, kept)


async def commit_copies(tx: Transaction, target: Target, touched: Iterable[Thread], threads: Mapping[str, Thread]) -> None:
    """Commit threads in which released copies arrive. A copy refers to the partner's other copies, which are all that its writer is shown there."""
    await commit(tx, target, touched, lambda line: pins(line, threads, lambda thread: thread.of(line.contributor), target.book))


async def _follow_one(tx: Transaction, visit: Visit, source: Thread, thread: Thread, destination: str) -> bool:
    standing = copies(thread, visit.collection.key)
    if not standing:
        return False
    for copy in standing:
        _close(copy, source, visit)
    for line in _revocations(source, standing):
        if await _is_the_same_but_revoked(tx, line, standing[-1], destination):
            thread.add(_copy(line, published(join(line.own, standing[-1].own), visit), visit))
    return True


def _close(copy: Line, source: Thread, visit: Visit) -> None:
    mine = source.contributions.get(copy.contributor, [])
    for line in mine:
        if line.key >= copy.key or line.key == NOT_DATED:
            copy.own = join(copy.own, published(line.own, visit))
    copy.deleted = not any(not line.deleted for line in mine if line.digest == copy.digest)


def _revocations(source: Thread, standing: list[Line]) -> Iterator[Line]:
    for line in source.contributions.get(standing[-1].contributor, []):
        if line.arriving is not None and line.arriving.content.get("revoked") is True and line.key > standing[-1].key:
            yield line


async def _is_the_same_but_revoked(tx: Transaction, line: Line, copy: Line, destination: str) -> bool:
    if line.arriving is None or copy.stored is None or copy.deleted:
        return False
    raws = await tx.raw(destination, [copy.stored.row])
    return _without(line.arriving.content) == _without(decode(raws[copy.stored.row]))


def _without(content: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in content.items() if name not in MAY_DIFFER}


def _copy(line: Line, label: HandlingLabel, visit: Visit) -> Line:
    return replace(line, own=label, effective=label, state=label.state, stored=None, source=visit.collection.key, last=False, flagged=False)
