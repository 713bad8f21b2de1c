"""Every delivery on record (DESIGN 2, promise 5; access-policy 6, property 10): what was served is found again by who may audit it, exactly once.

Histories are played through the HTTP application while clients read. Afterwards every auditor asks for every object. The secretariat's must be told all that
was served, version by version, and nothing else; an originator's what was served of its own organisation's objects; everybody else that there is nothing.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import pytest
from property.cast import PATHS, UNKNOWN_ID, Content, principal
from property.dates import Dates
from property.histories import Deed, history, ids_of, touched
from property.ledger import Ledger
from property.observing import Observer
from property.proving import OBSERVERS
from property.stage import MAKERS, Answer, Stage, open_stage, place
from property.written import Written

SHORT: Final = {"memory": 5, "sqlite": 2}
"""Histories: one on a disk costs more."""
READERS: Final = 3
LOOKS: Final = 3
AUDITED: Final = ("ng-cert", "ke-cert", "za-cert", "vendor", "labs", "xx-cert", "secretariat")
_PATH_OF: Final = {f"GET {place(path)}objects/": path for path in PATHS}
_ADDED_ON_THE_WAY: Final = "spec_version"


class Served(NamedTuple):
    """One version that left for one client. An observable without a version of its own is known by its id alone."""

    client: str
    path: str
    object_id: str
    version: str


def served(observer: Observer) -> Iterator[tuple[Served, Content]]:
    """Every object on a page that a client was given."""
    for question, answer in observer.seen:
        path = next((path for prefix, path in _PATH_OF.items() if question.startswith(prefix)), None)
        if path is None or answer.status != 200 or "/versions/" in question:
            continue
        for each in answer.document.get("objects", []):
            yield Served(observer.client, path, each["id"], each.get("modified") or each.get("created") or ""), each


def origins(ledger: Ledger, path: str, content: Content) -> set[str]:
    """Whose it may be that was served: more than one organisation only of what several sent alike."""
    return {written.originator for written in ledger.written if written.path == path and _is(written, content)}


def _is(written: Written, content: Content) -> bool:
    return {**written.content, _ADDED_ON_THE_WAY: ""} == {**content, _ADDED_ON_THE_WAY: ""}


async def told(stage: Stage, organisation: str, object_id: str, dice: random.Random) -> list[dict[str, Any]] | None:
    """What an auditor is told of an object, page by page; None if there is nothing for him."""
    found: list[dict[str, Any]] = []
    target: str | None = f"?limit={dice.choice((1, 3, 1000))}"
    while target is not None:
        answer: Answer = await stage.ask(f"{organisation}/auditor", "GET", f"/taxii2/x-deliveries/{object_id}/{target}")
        if answer.status == 404:
            return None
        assert answer.status == 200
        found += answer.document.get("deliveries", [])
        following = answer.document.get("next")
        target = None if following is None else f"?next={following}&limit={dice.choice((2, 1000))}"
    return found


def lines(found: Sequence[dict[str, Any]], has_version: set[str]) -> Counter[Served]:
    """What was told, as what was served is written down."""
    return Counter(Served(e.get("client", ""), e["collection"], e["id"], e["version"] if e["id"] in has_version else "") for e in found)


async def play(stage: Stage, deeds: Sequence[Deed], dice: random.Random) -> tuple[Ledger, list[tuple[Served, Content]]]:
    """The history, read by a few clients as it goes on; what was written, and what they were given."""
    readers = [Observer(name) for name in dice.sample(OBSERVERS, READERS)]
    ledger = Ledger([])
    looks = {len(deeds) * (number + 1) // LOOKS - 1 for number in range(LOOKS)}
    for step, deed in enumerate(deeds):
        answer = await stage.do(step, deed, deed.seconds)
        assert answer is not None
        await ledger.enter(stage, step, deed, answer)
        for reader in readers if step in looks else ():
            await reader.look(stage, touched(deeds), ids_of(deeds), in_full=False)
    return ledger, [each for reader in readers for each in served(reader)]


async def _prove(seed: int, folder: Path, kind: str) -> int:
    dice, deeds = random.Random(f"who saw {seed}"), history(seed)
    async with open_stage(MAKERS[kind](folder), Dates()) as stage:
        ledger, given = await play(stage, deeds, dice)
        for object_id in (*ids_of(deeds), UNKNOWN_ID):
            for organisation in AUDITED:
                await check(stage, ledger, given, (organisation, object_id), dice)
    return len(given)


def prove_one(seed: int, folder: Path, kind: str = "memory") -> int:
    """Ask every auditor about what the history of a seed served; how many served versions were compared."""
    return asyncio.run(_prove(seed, folder, kind))


@pytest.mark.parametrize("kind", MAKERS)
def test_promise_5_what_was_served_is_told_to_who_may_audit_it(kind: str, tmp_path: Path) -> None:
    found = [prove_one(seed, tmp_path, kind) for seed in range(SHORT[kind])]
    assert sum(found) > 50 * len(found), "a proof about nothing would be none"


async def check(stage: Stage, ledger: Ledger, given: Sequence[tuple[Served, Content]], asked: tuple[str, str], dice: random.Random) -> None:
    """One auditor, one object."""
    organisation, object_id = asked
    mine = [(each, origins(ledger, each.path, content)) for each, content in given if each.object_id == object_id]
    exists = {written.originator for written in ledger.written if written.stored.object_id == object_id}
    found = await told(stage, organisation, object_id, dice)
    auditor = principal(f"{organisation}/auditor", stage.changes)
    is_in = auditor.active and (auditor.agreement_end is None or stage.clock.instant < auditor.agreement_end)
    may = is_in and (exists if organisation == "secretariat" else organisation in exists)
    assert (found is not None) is bool(may), asked
    if found is None:
        return
    versioned = {each.object_id for each, _ in mine if each.version}
    expected = Counter(each for each, whose in mine if organisation == "secretariat" or organisation in whose)
    unsure = Counter(each for each, whose in mine if len(whose) > 1 and organisation != "secretariat")
    actual = lines(found, versioned)
    assert actual <= expected, (asked, actual - expected)
    assert expected - actual <= unsure, (asked, expected - actual)


def test_bodies_are_compared_as_they_left() -> None:
    """The comparison itself: an object is known again however its client wants it, and no other is."""
    content: Content = {"id": "x", "x_token": "tok-1-1-"}
    answer = Answer(200, (), orjson.dumps({"objects": [{"spec_version": "2.1", **content}]}))
    reader = Observer(
        "ng-cert/misp", seen=[(f"GET {place(PATHS[0])}objects/?limit=1", answer), (f"GET {place(PATHS[0])}manifest/", answer)]
    )
    assert list(served(reader)) == [(Served("ng-cert/misp", PATHS[0], "x", ""), {"spec_version": "2.1", **content})]
