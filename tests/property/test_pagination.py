"""All pages together are the whole answer, once each, in ascending date_added (TAXII 2.1 §3.5; T-3.5-02 to T-3.5-05, C9 to C13, C18).

Random histories fill collections of the small alliance; readers of every kind page through them in every way that clients know, at any limit, while
nothing happens and while others write.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from property.dates import Dates
from property.histories import Deed, Reload, history, ids_of, touched
from property.pages import LAST, WHOLE, Question, Row, Way, by_date, by_next_alone, by_next_with_filters, rows_of
from property.proving import OBSERVERS
from property.stage import MAKERS, Answer, Stage, open_stage, place

SHORT: Final = {"memory": 8, "sqlite": 2}
"""Histories: one on a disk costs more."""
_VERSIONS: Final = (
    "",
    "match[version]=all",
    "match[version]=first",
    "match[version]=first,last",
    "match[version]=2026-02-03T00:00:00.000Z,last",
)
_TYPES: Final = ("", "", "match[type]=indicator", "match[type]=ipv4-addr,marking-definition")


WAYS: Final = (by_next_alone, by_next_with_filters, by_date)
Between = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """What happens between two pages of a quiet collection."""


@asynccontextmanager
async def filled(store: str, folder: Path, deeds: Sequence[Deed]) -> AsyncIterator[Stage]:
    """A stage on which these deeds were done."""
    async with open_stage(MAKERS[store](folder), Dates()) as stage:
        for step, deed in enumerate(deeds):
            await stage.do(step, deed, deed.seconds)
        yield stage


async def walk(stage: Stage, question: Question, way: Way, dice: random.Random, between: Between = nothing) -> list[Answer]:
    """Every page, one after the other."""
    answers = [await stage.ask(question.client, "GET", question.target(f"limit={dice.randint(1, 4)}"))]
    while (target := way(question, answers[-1], dice)) is not None:
        await between()
        answers.append(await stage.ask(question.client, "GET", target))
        assert len(answers) < 1_000, question
    return answers


def questions(dice: random.Random, deeds: Sequence[Deed], count: int) -> Iterator[Question]:
    """Queries of all kinds to where the history left something."""
    paths, ids = sorted(touched(deeds)), ids_of(deeds) or ["indicator--none"]
    for _ in range(count):
        where, versions = place(dice.choice(paths)), dice.choice(_VERSIONS)
        types = dice.choice([*_TYPES, f"match[id]={','.join(dice.sample(ids, min(2, len(ids))))}"])
        endpoint = dice.choice(["objects/", "objects/", "manifest/", "manifest/", "object", "versions"])
        query = "&".join(filter(None, (versions, types)))
        if endpoint == "object":
            endpoint, query = f"objects/{dice.choice(ids)}/", versions
        elif endpoint == "versions":
            endpoint, query = f"objects/{dice.choice(ids)}/versions/", ""
        yield Question(dice.choice(OBSERVERS), where + endpoint, query)


async def is_readable(stage: Stage, question: Question) -> bool:
    """Whether the reader is answered with pages at all."""
    return (await stage.ask(question.client, "GET", question.target(WHOLE))).status == 200


async def _pages_are_whole(store: str, seed: int, folder: Path) -> int:
    dice, deeds, pages = random.Random(seed), history(seed), 0
    async with filled(store, folder, deeds) as stage:
        for question in questions(dice, deeds, 30):
            if not await is_readable(stage, question):
                continue
            whole = rows_of(question, await stage.ask(question.client, "GET", question.target(WHOLE)))
            for way in WAYS:
                answers = await walk(stage, question, way, dice)
                assert [row for answer in answers for row in rows_of(question, answer)] == whole, (seed, way, question)
                pages += len(answers)
    return pages


def prove_one(seed: int, folder: Path) -> int:
    """Page through what one history left, and while another part of it is written; how many pages there were."""
    store = "sqlite" if seed % 8 == 0 else "memory"
    asyncio.run(_nothing_is_lost(store, seed, folder))
    return asyncio.run(_pages_are_whole(store, seed, folder))


@pytest.mark.parametrize("store", MAKERS)
def test_promise_2_pages_together_are_the_whole_answer(store: str, tmp_path: Path) -> None:
    """T-3.5-02, T-3.5-03, T-5.3.1-08, T-5.8-05: at any limit, by every way, of objects, manifest, object and versions."""
    assert sum(asyncio.run(_pages_are_whole(store, seed, tmp_path)) for seed in range(SHORT[store])) > 50 * SHORT[store]


@pytest.mark.parametrize("store", MAKERS)
def test_objects_and_manifest_tell_the_same(store: str, tmp_path: Path) -> None:
    """T-5.3-01, T-5.3.1-03: entry by entry, under the same headers, and one cursor leads on in both."""

    async def play(seed: int) -> None:
        dice, deeds = random.Random(seed), history(seed)
        async with filled(store, tmp_path, deeds) as stage:
            for client in dice.sample(OBSERVERS, 4):
                for path in sorted(touched(deeds)):
                    query = f"limit={dice.randint(1, 9)}&{dice.choice(_VERSIONS)}"
                    objects = await stage.ask(client, "GET", f"{place(path)}objects/?{query}")
                    manifest = await stage.ask(client, "GET", f"{place(path)}manifest/?{query}")
                    assert (objects.status, objects.document.get("next")) == (manifest.status, manifest.document.get("next"))
                    assert dates_of(objects) == dates_of(manifest)
                    ids = [[each["id"] for each in answer.document.get("objects", [])] for answer in (objects, manifest)]
                    assert ids[0] == ids[1], (seed, client, path, query)

    for seed in range(SHORT[store]):
        asyncio.run(play(seed))


def dates_of(answer: Answer) -> list[str | None]:
    """Both date headers."""
    return [answer.header(name) for name in (b"x-taxii-date-added-first", LAST)]


async def _nothing_is_lost(store: str, seed: int, folder: Path) -> int:
    dice, deeds, stayed = random.Random(seed), history(seed, 30), 0
    later = [(step, deed) for step, deed in enumerate(deeds) if step >= 12 and not isinstance(deed, Reload)]  # who asks stays who he is
    async with filled(store, folder, deeds[:12]) as stage:
        for question in questions(dice, deeds, 60):
            if len(later) < 2 or not question.where.endswith("manifest/") or not await is_readable(stage, question):
                continue
            wholes = [await _whole(stage, question)]

            async def others_write(question: Question = question, wholes: list[list[Row]] = wholes) -> None:
                if later:
                    step, deed = later.pop(0)
                    await stage.do(step, deed, deed.seconds)
                    wholes.append(await _whole(stage, question))

            answers = await walk(stage, question, dice.choice(WAYS), dice, others_write)
            found = [row for answer in answers for row in rows_of(question, answer)]
            staying = set(wholes[0]).intersection(*map(set, wholes[1:]))
            assert len(found) == len(set(found)), (seed, question)
            assert staying <= set(found), (seed, question)
            assert [row.date_added for row in found] == sorted(row.date_added for row in found), (seed, question)
            stayed += len(staying)
    return stayed


@pytest.mark.parametrize("store", MAKERS)
def test_what_stays_is_neither_lost_nor_doubled_while_others_write(store: str, tmp_path: Path) -> None:
    """C17, DESIGN 2, promise 2: between two pages anything may be added, tightened, deleted; nothing comes twice, and what stays comes."""
    assert sum(asyncio.run(_nothing_is_lost(store, seed, tmp_path)) for seed in range(SHORT[store])) > 2 * SHORT[store]


async def _whole(stage: Stage, question: Question) -> list[Row]:
    return rows_of(question, await stage.ask(question.client, "GET", question.target(WHOLE)))
