"""Copy: everything that one store holds into another, kind of which does not matter, so that clients go on there with the cursors that they have (decision 24).

A deed of the operator. (1) how the source stands, against the mark of the destination; (2) piece by piece, each portion kept together with the place from
where the copy goes on; (3) whether the source stands as before, and the destination like it; (4) the record, with which the destination becomes a store.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.audit.events import OPERATOR, Deed, Event, encode
from app.clock import Clock, to_micros
from app.errors import ConfigurationError, StoreUnavailable, quoted
from app.store.moving import Destination, Mark, Part, Source, Standing

_PARTS: Final = tuple(Part)

Seen = Callable[[int, int], None]
"""Hears how many pieces of how many are kept."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What came of it: how many pieces of each part the destination holds, and how many of all were there when it began."""

    counts: Mapping[Part, int]
    found: int


async def copy_store(source: Source, destination: Destination, origin: str, clock: Clock, seen: Seen) -> Copied:
    """Copy a store, or what is left of it to copy. `origin` is the source as it may be shown.

    Raises ConfigurationError if the destination holds a part of another one, or of this one as it stood before; StoreUnavailable if the source changed
    meanwhile, or the two do not agree: the destination is no store then.
    """
    standing = await source.standing()
    mark = await _begin(destination, origin, standing)
    found = (await destination.standing()).pieces
    done = found
    seen(done, standing.pieces)
    while mark.part is not None:
        portion = await source.portion(mark.part, mark.after)
        after = Mark(origin, mark.standing, *_next(mark.part, portion.after))
        await destination.keep(mark.part, portion.pieces, after)
        mark, done = after, done + len(portion.pieces)
        seen(done, standing.pieces)
    await _agree(source, destination, standing)
    heads = {chain: head.number for chain, head in standing.heads.items()}
    deed = Deed(Event.COPY, OPERATOR, standing.epoch, to_micros(clock()))
    await destination.finish(encode(deed, {"heads": heads}))
    return Copied(standing.counts, found)


async def _begin(destination: Destination, origin: str, standing: Standing) -> Mark:
    """From where the copy goes on. Raises ConfigurationError."""
    mark = await destination.mark()
    if mark is None:
        mark = Mark(origin, standing.fingerprint, _PARTS[0])
        await destination.begin(mark, standing)
    elif mark.standing != standing.fingerprint:
        was = f"what is there was copied from {quoted(mark.origin, 200)} as it stood before, or from another store"
        raise ConfigurationError([f"{was}: it cannot be finished; remove it, and run the command again"])
    return mark


def _next(part: Part, after: tuple[int | str, ...] | None) -> tuple[Part | None, tuple[int | str, ...]]:
    """Where to go on after a portion."""
    if after is not None:
        return part, after
    following = _PARTS[_PARTS.index(part) + 1 :]
    return (following[0] if following else None), ()


async def _agree(source: Source, destination: Destination, standing: Standing) -> None:
    """Raises StoreUnavailable unless all three stand alike."""
    if await source.standing() != standing:
        raise StoreUnavailable("the store changed while it was copied; stop its servers, remove what was copied, and run the command again")
    if await destination.standing() != standing:
        raise StoreUnavailable(
            "the copy does not hold what the store holds; look into that with `legation store verify`, remove what was copied"
        )
