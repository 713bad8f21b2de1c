"""Turns: long work on one worker, done in slices, so that other requests go on in between (DESIGN 7)."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from time import monotonic
from typing import Final, TypeVar

T = TypeVar("T")

TURN: Final = 0.002
"""Seconds of work before others get their turn. By the clock, not by number: one object may cost as much as a thousand others."""


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, with a pause for everybody else whenever a turn is over."""
    began = monotonic()
    for item in items:
        yield item
        if monotonic() - began >= TURN:
            await asyncio.sleep(0)
            began = monotonic()
