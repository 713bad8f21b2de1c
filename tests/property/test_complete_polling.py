"""Complete polling (DESIGN 2, promise 2; T-3.5-05, C16, C17): whoever keeps polling gets everything that he may see, once per version and date_added.

Writers add, correct, tighten, loosen and delete while pollers of every habit follow: by `next`, by the date headers, by the manifest, by dates cut to
milliseconds, by a clock of their own. Over a file two workers serve them in turn. Two things come at old dates, the exceptions of the promise: under ids
that several organisations share, a contribution that surfaces because a better one closed or was deleted; and what was behind a pending version that is
deleted.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from deeds import HandClock
from property.cast import ALLIANCE, LISTS, Content, fixed, terms_of
from property.dates import Dates
from property.histories import Add, Deed, Delete
from property.pages import LAST, WHOLE, Question, Row, rows_of
from property.stage import MAKERS, Answer, Stage, in_memory, on_disk, open_stage, place
from property.written import KEYS
from worlds import AMBER, CLEAR, GREEN, RED, STRICT, indicator

from app.clock import timestamp, to_micros

SHORT: Final = {"memory": 4, "sqlite": 1}
"""Histories: one on a disk costs more."""
DEEDS: Final = 14
"""Of each writer."""
WRITERS: Final = ("ng-cert/misp", "ke-cert/misp", "za-cert/misp")
EMBARGO: Final = next(which for which, terms in enumerate(LISTS) if "embargo_until" in terms)
TERMS: Final = (None, None, None, 0, 2, 3, EMBARGO)
MILLISECONDS_AT: Final = len("2026-03-01T12:00:00.000")


@dataclass
class Poller:
    """One client with one habit. `got` is all that it was ever given."""

    client: str
    query: str = ""
    got: list[Row] = field(default_factory=list)
    page: str = "manifest/"
    is_exact: bool = True
    """Whether it must get nothing twice."""
    largest: int = 5
    """The most that it asks for at once."""
    position: str = ""

    @property
    def question(self) -> Question:
        """What it asks for."""
        return Question(self.client, f"{place(ALLIANCE)}{self.page}", self.query)

    async def poll(self, workers: Sequence[Stage], dice: random.Random) -> int:
        """One round, until nothing more comes; how many rows came."""
        before = len(self.got)
        target: str | None = self._from(self.position, dice)
        while target is not None:
            answer = await dice.choice(workers).ask(self.client, "GET", target)
            self.got += self._rows(answer)
            target = self._next(answer, dice)
        return len(self.got) - before

    def _from(self, position: str, dice: random.Random) -> str:
        return self.question.target(f"added_after={position}" if position else "", f"limit={self._limit(dice)}")

    def _limit(self, dice: random.Random) -> int:
        return dice.randint(1, self.largest)

    def _rows(self, answer: Answer) -> list[Row]:
        return rows_of(self.question, answer)

    def _next(self, answer: Answer, dice: random.Random) -> str | None:
        """Follow `next`; at the end remember the header."""
        following = answer.document.get("next")
        if following is not None:
            return f"{self.question.where}?next={following}&limit={self._limit(dice)}"
        self.position = self._reached(answer) or self.position
        return None

    def _reached(self, answer: Answer) -> str | None:
        return answer.header(LAST)


class ByObjects(Poller):
    """Follows `next` through the objects themselves, one at a time: the headers tell the date of each."""

    def _rows(self, answer: Answer) -> list[Row]:
        return [row._replace(date_added=answer.header(b"x-taxii-date-added-first") or "") for row in super()._rows(answer)]


class ByHeader(Poller):
    """Knows no `next`: each page goes on from the header of the one before."""

    def _next(self, answer: Answer, dice: random.Random) -> str | None:
        self.position = self._reached(answer) or self.position
        return self._from(self.position, dice) if self._rows(answer) else None


class ByManifest(ByHeader):
    """Goes on from the date_added of the last entry that it read."""

    def _reached(self, answer: Answer) -> str | None:
        rows = self._rows(answer)
        return rows[-1].date_added if rows else None


class ByMilliseconds(Poller):
    """Cuts the header to milliseconds (C16)."""

    def _reached(self, answer: Answer) -> str | None:
        reached = answer.header(LAST)
        return None if reached is None else f"{reached[:MILLISECONDS_AT]}Z"


class ByOwnClock(Poller):
    """Goes on from the instant at which it last began to ask, by a clock that is right: gets much twice, misses nothing (C16)."""

    async def poll(self, workers: Sequence[Stage], dice: random.Random) -> int:
        """One round."""
        began = timestamp(to_micros(workers[0].clock.instant))
        count = await super().poll(workers, dice)
        self.position = began
        return count


def pollers() -> list[Poller]:
    """Every habit, for clients who see much and clients who see little."""
    every = "match[version]=all"
    return [
        ByObjects("ng-cert/desk", "match[type]=indicator", page="objects/", largest=1), Poller("za-cert/feed"), Poller("ng-cert/misp", every),
        ByHeader("ke-cert/misp"), ByHeader("ke-cert/feed", every), ByManifest("secretariat/editor"),
        ByManifest("ke-cert/desk", every), ByMilliseconds("ng-cert/opencti"), ByMilliseconds("za-cert/opencti", every),
        ByMilliseconds("ke-cert/misp", is_exact=False), ByOwnClock("za-cert/misp", is_exact=False), ByOwnClock("ng-cert/feed", every, is_exact=False),
    ]  # fmt: skip


@dataclass
class Writer:
    """One organisation at work, on ids of its own or on those that all use."""

    client: str
    dice: random.Random
    shares_ids: bool
    tokens: int = 0
    waiting: set[str] = field(default_factory=set)
    """Ids with a version under embargo: deleted as a whole or not at all, see `test_a_pending_version_that_is_deleted`."""

    def deed(self) -> Deed:
        """What it does next."""
        if self.dice.random() < 0.25:
            object_id, versions = self._id("indicator"), self.dice.choice(["", "last", "last", "first", "2026-02-04T00:00:00.000Z"])
            return Delete(self.client, ALLIANCE, object_id, "" if object_id in self.waiting else versions)
        objects: dict[str, Content] = {}
        for _ in range(self.dice.choice([1, 1, 2, 5])):
            for each in self._objects():
                objects[each["id"]] = each
        return Add(self.client, ALLIANCE, tuple(objects.values()))

    def _objects(self) -> list[Content]:
        marks: list[str] = [self.dice.choice([CLEAR, GREEN, GREEN, AMBER, STRICT, RED])]
        which = self.dice.choice(TERMS)
        terms = [] if which is None else [terms_of(self.client.partition("/")[0], which)]
        object_id = self._id(self.dice.choice(["indicator", "indicator", "ipv4-addr"]))
        self.waiting |= {object_id} if which == EMBARGO else set()
        self.tokens += 1
        shared = {"x_token": f"{self.client} {self.tokens}", "object_marking_refs": [*marks, *(each["id"] for each in terms)]}
        if object_id.startswith("ipv4-addr"):
            return [*terms, {"type": "ipv4-addr", "id": object_id, "value": "198.51.100.7", **shared}]
        modified = f"2026-02-{self.dice.randint(1, 20):02}T00:00:00.000Z"
        dated = {"created": "2026-02-01T00:00:00.000Z", "modified": modified, "valid_from": modified, "spec_version": "2.1"}
        pattern = {"pattern": "[ipv4-addr:value = '198.51.100.7']", "pattern_type": "stix"}
        return [*terms, {"type": "indicator", "id": object_id, **dated, **pattern, **shared}]

    def _id(self, kind: str) -> str:
        return fixed(kind, f"{'' if self.shares_ids else self.client} {self.dice.randint(1, 4)}")


@asynccontextmanager
async def workers_over(store: str, folder: Path) -> AsyncIterator[list[Stage]]:
    """Two workers over one file; one over a memory."""
    clock = HandClock()
    makers = [in_memory(folder)] if store == "memory" else [on_disk(folder, "shared"), on_disk(folder, "shared")]
    async with AsyncExitStack() as stack:
        stages = [await stack.enter_async_context(open_stage(make, Dates(), clock)) for make in makers]
        for stage in stages[1:]:
            stage.tokens = stages[0].tokens
        yield stages


async def play(workers: Sequence[Stage], seed: int, *, share_ids: bool) -> list[Poller]:
    """Let writers and pollers work at the same time, and the pollers once more when all is written."""
    dice, following, at_work = random.Random(seed), pollers(), list(WRITERS)
    for client in dict.fromkeys((*WRITERS, *(each.client for each in following))):  # always in the same order: tasks go on from here
        await workers[0].ask(client, "GET", "/members/")

    async def write(client: str) -> None:
        writer = Writer(client, random.Random(f"{seed} {client}"), share_ids)
        for _ in range(DEEDS):
            await dice.choice(workers).act(writer.deed())
            workers[0].clock.go(microseconds=dice.choice([0, 300, 1_000, 40_000, 400_000]))
            await _let_others_go_on(dice)
        at_work.remove(client)

    async def follow(poller: Poller) -> None:
        while at_work:
            await poller.poll(workers, dice)
            await _let_others_go_on(dice)
        await poller.poll(workers, dice)

    await asyncio.gather(*map(write, WRITERS), *map(follow, following))
    return following


async def _let_others_go_on(dice: random.Random) -> None:
    for _ in range(dice.randint(0, 6)):
        await asyncio.sleep(0)


async def check(workers: Sequence[Stage], poller: Poller, *, share_ids: bool) -> int:
    """What a poller got against what it may see in the end; how much that was."""
    question = Question(poller.client, f"{place(ALLIANCE)}manifest/", poller.query)
    whole = rows_of(question, await workers[-1].ask(poller.client, "GET", question.target(WHOLE)))
    if share_ids:
        held = {row.object_id for row in poller.got}
        lost = [row for row in whole if row.object_id not in held]
        assert [row for row in lost if not await _surfaced(workers[-1], row)] == []
    else:
        assert set(whole) <= set(poller.got)
    if poller.is_exact:
        assert len(poller.got) == len(set(poller.got))
        assert await poller.poll(workers, random.Random(0)) == 0
    return len(whole)


async def _surfaced(stage: Stage, row: Row) -> bool:
    """Whether a version may have come into view at its old date: another organisation's under its id was deleted, or its label became stricter."""
    found = await stage.exchange.store.examine(lambda tx: tx.history(KEYS[ALLIANCE], [row.object_id]))
    others = [each for each in found[row.object_id] if (each.version, timestamp(each.date_added)) != (row.version, row.date_added)]
    mine = next(each.contributor for each in found[row.object_id] if each not in others)
    return any(each.deleted or each.label != each.own for each in others if each.contributor != mine)


async def _prove(seed: int, folder: Path, store: str, *, share_ids: bool) -> int:
    where = folder / f"{store} {seed} {share_ids}"
    where.mkdir()
    async with workers_over(store, where) as workers:
        return sum([await check(workers, poller, share_ids=share_ids) for poller in await play(workers, seed, share_ids=share_ids)])


def prove_one(seed: int, folder: Path) -> int:
    """Writers and pollers of one seed, by turns over each kind of store and ids; how many versions came."""
    return asyncio.run(_prove(seed, folder, "sqlite" if seed % 4 == 0 else "memory", share_ids=seed % 2 == 1))


@pytest.mark.parametrize("share_ids", [False, True], ids=["own ids", "shared ids"])
@pytest.mark.parametrize("store", MAKERS)
def test_promise_2_pollers_get_everything_once_while_others_write(store: str, tmp_path: Path, *, share_ids: bool) -> None:
    """C16, C17, T-3.5-05: each version that is there in the end came under the date that it has, and none came twice under one date."""
    found = [asyncio.run(_prove(seed, tmp_path, store, share_ids=share_ids)) for seed in range(SHORT[store])]
    assert sum(found) > 20 * len(found)


async def test_a_pending_version_that_is_deleted(tmp_path: Path) -> None:
    """The other exception of the promise: who was shown the version under embargo is shown the published one at the date at which others have had it.

    A new date would tell all of them of a version that they may not see.
    """
    async with open_stage(in_memory(tmp_path), Dates()) as stage:
        dice, terms = random.Random(0), terms_of("ng-cert", EMBARGO)
        own, other = Poller("ng-cert/opencti"), Poller("ke-cert/misp")
        pending = indicator(modified="2026-02-19T00:00:00.000Z", object_marking_refs=[GREEN, terms["id"]])
        published = {**pending, "modified": "2026-02-17T00:00:00.000Z", "object_marking_refs": [GREEN]}
        await stage.act(Add("ng-cert/misp", ALLIANCE, (terms, pending)))
        await stage.act(Add("ng-cert/misp", ALLIANCE, (published, indicator())))
        assert [await poller.poll([stage], dice) for poller in (own, other)] == [3, 2]
        await stage.act(Delete("ng-cert/misp", ALLIANCE, pending["id"], "last"))
        assert [await poller.poll([stage], dice) for poller in (own, other)] == [0, 0]
        assert await check([stage], other, share_ids=False) == 2
        starting_over = Poller("ng-cert/opencti")
        assert await starting_over.poll([stage], dice) == 3
        assert [row.version for row in starting_over.got if row.object_id == pending["id"]] == [published["modified"]]
        await stage.act(Add("ng-cert/misp", ALLIANCE, ({**published, "modified": "2026-02-20T00:00:00.000Z"},)))
        assert [await poller.poll([stage], dice) for poller in (own, other)] == [1, 1]
