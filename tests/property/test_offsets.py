"""Offsets do not count what is hidden (DESIGN 7): whatever else an envelope holds, dates inside a run that a reader sees stay a microsecond apart.

An envelope is sent twice, to two collections that are alike: as it is, and with objects among it that a reader may not see. What he sees keeps its order,
and its distances inside each run of one label; whole runs may lie further apart, by whole milliseconds.
"""

import asyncio
import random
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from deeds import at, hand_world, handling, keep
from worlds import AMBER, CLEAR, GREEN, STRICT, World, collection_id, indicator, observable, relationship

from app.sharing import read
from app.store.contract import Entry
from app.taxii.query import EVERY, Endpoint, ObjectQuery

SHORT: Final = 30
ALONE, AMONG = "scratch/c000", "scratch/c001"
READER: Final = "ke-cert/misp"
MILLISECOND: Final = 1_000
VISIBLE: Final = (CLEAR, GREEN, AMBER, STRICT)
Content = dict[str, Any]


def hidden(dice: random.Random, closed: Content, visible: list[Content]) -> Content:
    """Something that the reader may not see, like what he sees as far as it can be: under its level, of its types, referring to it."""
    marks = [dice.choice(VISIBLE), closed["id"]]
    kind = dice.choice([indicator, indicator, observable])
    if visible and dice.random() < 0.3:
        return relationship(dice.choice(visible)["id"], dice.choice(visible)["id"], object_marking_refs=marks)
    return handling(releasable_to=["org:ng-cert"], onward="none") if dice.random() < 0.1 else kind(object_marking_refs=marks)


async def dates(world: World, path: str) -> list[tuple[str, int]]:
    """(id, date_added) of what the reader sees, in order."""
    query = ObjectQuery(versions=EVERY, has_versions=True)
    entries: tuple[Entry, ...] = (await read.read(world.exchange, READER, at(path), query, Endpoint.MANIFEST)).page.entries
    return [(entry.object_id, entry.date_added) for entry in entries]


async def _play(seed: int) -> int:
    dice, closed = random.Random(seed), handling(releasable_to=["org:ng-cert"])
    world, _ = await hand_world()
    for path in (ALONE, AMONG):
        await keep(world, "ng-cert/misp", path, closed)
    visible = [dice.choice([indicator, observable])(object_marking_refs=[dice.choice(VISIBLE)]) for _ in range(dice.randint(2, 12))]
    withheld = [indicator(object_marking_refs=[GREEN, closed["id"]])]
    among = [*visible, *withheld]
    for _ in range(dice.randint(1, 20)):
        among.insert(dice.randint(0, len(among)), hidden(dice, closed, visible))
    for _ in range(dice.randint(0, 3)):  # seen by its label, withheld by what it refers to
        refers = relationship(withheld[0]["id"], dice.choice(visible)["id"], object_marking_refs=[dice.choice(VISIBLE)])
        among.insert(dice.randint(0, len(among)), refers)
    await keep(world, "ng-cert/misp", ALONE, *visible)
    await keep(world, "ng-cert/misp", AMONG, *among)
    alone, mixed = [await dates(world, path) for path in (ALONE, AMONG)]
    assert len(alone) == len(visible)
    assert [identifier for identifier, _ in mixed] == [identifier for identifier, _ in alone], seed
    compare([date for _, date in alone], [date for _, date in mixed])
    return len(visible)


def compare(alone: list[int], mixed: list[int]) -> None:
    """Raises AssertionError if a distance changed otherwise than by whole milliseconds between runs."""
    for (first, second), (moved_first, moved_second) in zip(pairwise(alone), pairwise(mixed), strict=True):
        moved = (moved_second - moved_first) - (second - first)
        is_one_run = first // MILLISECOND == second // MILLISECOND
        assert moved % MILLISECOND == 0, (alone, mixed)
        assert not (is_one_run and moved), (alone, mixed)
        assert moved >= 0, (alone, mixed)


def prove_one(seed: int, _folder: Path) -> int:
    """Send an envelope with and without hidden objects; how many dates were compared."""
    return asyncio.run(_play(seed))


def test_promise_1_hidden_objects_of_an_envelope_change_no_offset(tmp_path: Path) -> None:
    """DESIGN 7, date_added: offsets do not count what is hidden."""
    assert collection_id(ALONE) != collection_id(AMONG)
    assert sum(prove_one(seed, tmp_path) for seed in range(SHORT)) > 3 * SHORT
