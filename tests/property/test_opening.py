"""Complete polling through references (DESIGN 2, promise 2; access-policy cases 4, 6, 23).

Whatever its targets do, nothing that refers to them becomes visible at a position that a poller has passed.
Members post, tighten, loosen and delete targets and what refers to them; jobs are worked on now and then, in small batches; clients poll by `added_after`.
After every step all that a client can see is something that it was sent, under the very date at which it stands.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from deeds import at, delete, hand_world, handling, keep, later
from hypothesis import given
from hypothesis import strategies as st
from property.drawn import drawn_from
from worlds import AMBER, GREEN, World, indicator, relationship

from app.errors import NotFound
from app.sharing import read
from app.sharing.journal import run_jobs
from app.store.contract import Entry
from app.taxii.query import EVERY, Endpoint, ObjectQuery, Versions

ALLIANCE = "members/alliance"
WRITERS = ("ng-cert/misp", "ke-cert/misp")
OBSERVERS = ("ke-cert/viewer", "ng-cert/feed", "secretariat/editor")
LISTS: tuple[list[str] | None, ...] = (None, ["jur:NG"], ["jur:KE"], ["group:secretariat"], ["group:secretariat", "jur:KE"])
TERMS = {writer: [None if names is None else handling(releasable_to=names) for names in LISTS] for writer in WRITERS}
TARGETS = {writer: [indicator() for _ in range(2)] for writer in WRITERS}

writers = st.sampled_from(WRITERS)
places, levels = st.integers(0, 1), st.integers(0, len(LISTS) - 1)
targets = st.tuples(st.just("target"), writers, places, levels)
links = st.tuples(st.just("link"), writers, places, st.lists(st.tuples(writers, places), min_size=1, max_size=2), levels)
deletes = st.tuples(st.just("delete"), writers, st.sampled_from(["target", "link"]), places, st.booleans())
jobs = st.tuples(st.just("jobs"), st.integers(1, 2))
histories = st.lists(st.one_of(targets, targets, links, links, deletes, jobs, jobs), min_size=3, max_size=16)
Row = tuple[str, str, int]


@dataclass
class Play:
    """A history as it runs. Every writer has its own ids, so that no contribution surfaces in another's place."""

    world: World
    day: int = 1
    positions: dict[str, int | None] = field(default_factory=dict)
    received: dict[str, set[Row]] = field(default_factory=lambda: {client: set() for client in OBSERVERS})
    links: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    redated: int = 0

    async def do(self, step: tuple[Any, ...]) -> None:
        """One step of the history."""
        self.day += 1
        if step[0] == "target":
            _, writer, place, level = step
            await self._send(writer, TARGETS[writer][place], level)
        elif step[0] == "link":
            _, writer, place, ends, level = step
            source, *rest = (TARGETS[owner][number]["id"] for owner, number in ends)
            known = self.links.setdefault((writer, place), relationship(source, source))
            await self._send(writer, known | {"source_ref": source, "target_ref": rest[0] if rest else source}, level)
        elif step[0] == "delete":
            _, writer, kind, place, newest = step
            gone = TARGETS[writer][place] if kind == "target" else self.links.get((writer, place), TARGETS[writer][place])
            try:
                await delete(self.world, writer, ALLIANCE, gone["id"], Versions(last=True) if newest else EVERY)
            except NotFound:
                return
        else:
            self.redated += (await run_jobs(self.world.exchange, step[1])).done

    async def _send(self, writer: str, content: dict[str, Any], level: int) -> None:
        terms = TERMS[writer][level]
        marks = [GREEN] if terms is None else [AMBER, terms["id"]]
        await keep(self.world, writer, ALLIANCE, later(content, self.day, object_marking_refs=marks))

    async def poll(self) -> None:
        """Every client takes what is new, and has then been sent all that it sees."""
        for client in OBSERVERS:
            new = await self._read(client, self.positions.get(client))
            self.received[client].update(_row(entry) for entry in new)
            if new:
                self.positions[client] = new[-1].date_added
            missed = {_row(entry) for entry in await self._read(client, None)} - self.received[client]
            assert not missed, (client, missed)

    async def _read(self, client: str, after: int | None) -> tuple[Entry, ...]:
        query = ObjectQuery(after=after, versions=EVERY, has_versions=True)
        return (await read.read(self.world.exchange, client, at(ALLIANCE), query, Endpoint.MANIFEST)).page.entries


def _row(entry: Entry) -> Row:
    return entry.object_id, entry.version, entry.date_added


async def _play(history: list[tuple[Any, ...]]) -> int:
    world, _ = await hand_world()
    for writer in WRITERS:
        await keep(world, writer, ALLIANCE, *(terms for terms in TERMS[writer] if terms is not None))
    play = Play(world)
    for step in [*history, *[("jobs", 2)] * 8]:
        await play.do(step)
        await play.poll()
    assert await world.exchange.store.transact(lambda tx: tx.jobs()) == []
    return play.redated


def prove_one(seed: int, _folder: Path, examples: int = 10) -> int:
    """A few histories drawn from a seed; how many rows came anew."""
    counts: list[int] = []

    @drawn_from(seed, examples)
    @given(history=histories)
    def played(history: list[tuple[Any, ...]]) -> None:
        counts.append(asyncio.run(_play(history)))

    played()
    return sum(counts)


def test_promise_2_nothing_that_refers_becomes_visible_at_an_old_position(tmp_path: Path) -> None:
    prove_one(0, tmp_path, 40)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_what_was_closed_arrives_when_it_opens(level: int) -> None:
    """The property is about something: here rows come anew."""
    link = ("link", "ng-cert/misp", 0, [("ng-cert/misp", 0)], 0)
    assert asyncio.run(_play([("target", "ng-cert/misp", 0, level), link, ("target", "ng-cert/misp", 0, 0)])) == 1
