"""Turns: long work on one worker, done in slices, so that other requests go on in between (DESIGN 7)."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

SLICE: Final = 50
"""Objects worked on before others get their turn: about two milliseconds."""


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, with a pause for everybody else after each slice of them."""
    for count, item in enumerate(items, start=1):
        yield item
        if count % SLICE == 0:
            await asyncio.sleep(0)
