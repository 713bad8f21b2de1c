"""Every decision explained (DESIGN 2, promise 5), by an explanation that is as silent as the server is (promise 1).

Random histories are played through the TAXII face; then what they left is asked about, for whole organisations and the public, by several who ask.

* What whoever sits at the machine is told of a version is what the client receives over the TAXII face.
* Who asks as a client is never told of a closure that is none: what is said to be closed or withheld does not reach.
* His answers are those of the world without what he can never see, and name neither objects nor organisations that are hidden from him.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from property.cast import CURATOR, INTAKES, KE_CURATOR, Change, Changes, alliance, principal
from property.dates import Dates
from property.histories import Deed, history, ids_of, touched
from property.ledger import Ledger
from property.proving import is_taken
from property.purge import Purge, is_own
from property.stage import Stage, in_memory, open_stage, place

from app.errors import NotFound
from app.sharing import administer
from app.sharing.explain import Inquiry, explain
from app.sharing.fates import Fate
from app.sharing.verdict import Told, Verdict

ASKERS: Final = ("ng-cert/misp", "ke-cert/misp", "za-cert/misp", "secretariat/editor", "vendor/push", CURATOR, KE_CURATOR)
SUBJECTS: Final = ("ng-cert", "ke-cert", "za-cert", "secretariat", "vendor", "labs", "xx-cert", "")
SHORT: Final = 8
RECEIVED: Final = frozenset({Fate.SHOWN, Fate.OLDER})
Question = tuple[str, str, str]
"""Whom it is about, where, and which object."""
Answers = dict[Question, tuple[Verdict, ...] | None]


def questions(seed: int, deeds: list[Deed]) -> list[Question]:
    """About everything that the history left, for some of those who may or may not get it."""
    whom = random.Random(f"whom {seed}").sample(SUBJECTS, 3)
    return [(who, path, identifier) for who in whom for path in sorted(touched(deeds)) for identifier in ids_of(deeds)]


async def answers(stage: Stage, asker: str | None, asked: list[Question]) -> Answers:
    """What is told; None where the object does not exist for the one who asks."""
    found: Answers = {}
    for question in asked:
        try:
            found[question] = (await explain(stage.exchange, Inquiry(*question), asker)).verdicts
        except NotFound:
            found[question] = None
    return found


async def play_whole(stage: Stage, deeds: list[Deed], ledger: Ledger) -> None:
    """Play a history as it is."""
    for step, deed in enumerate(deeds):
        answer = await stage.do(step, deed, deed.seconds)
        assert answer is not None
        await ledger.enter(stage, step, deed, answer)


async def play_purged(stage: Stage, deeds: list[Deed], purge: Purge, asker: str) -> bool:
    """Play what is left of it for the one who asks; whether the others could do their part of that."""
    for step, deed in enumerate(deeds):
        left = purge.deed(step)
        answer = await stage.do(step, left, deed.seconds)
        if answer is not None and left is not None and not is_own(asker, deed) and not is_taken(left, answer):
            return False
        stage.dates.check()
    return True


def restricted(changes: Changes, asker: str) -> Changes:
    """The alliance at the end, without the standing restrictions of others against third parties: which are not his to know."""
    mine, audiences = asker.partition("/")[0], principal(asker, changes).audiences
    return tuple(
        Change(each.what, each.name, tuple(name for name in each.value if name in audiences))
        if each.what == "withhold" and each.name != mine
        else each
        for each in changes
    )


def versions(found: Answers) -> Iterator[tuple[Question, Verdict, Told]]:
    """Every version that somebody was told of."""
    return ((question, verdict, told) for question, verdicts in found.items() for verdict in verdicts or () for told in verdict.versions)


async def check_what_is_received(stage: Stage, found: Answers, tally: Counter[str]) -> None:
    """What is told to whoever sits at the machine, against what each client's own requests bring."""
    for (_, path, identifier), verdicts in found.items():
        for verdict in verdicts or ():
            target = f"{place(path)}manifest/?match[id]={identifier}"
            received = await manifest(stage, verdict.client, f"{target}&match[version]=all")
            assert received == sorted(told.version for told in verdict.versions if told.fate in RECEIVED), verdict
            newest = await manifest(stage, verdict.client, target)
            assert newest == [told.version for told in verdict.versions if told.fate is Fate.SHOWN], verdict
            assert (verdict.gets, [verdict.version]) == (bool(newest), newest or [""])
            assert verdict.because or verdict.gets
            tally.update(told.fate.value for told in verdict.versions)


async def manifest(stage: Stage, client: str, target: str) -> list[str]:
    """The versions that a client finds; none where there is nothing for him."""
    answer = await stage.ask(client, "GET", target)
    objects: list[dict[str, Any]] = answer.document.get("objects", []) if answer.status == 200 else []
    return sorted(each["version"] for each in objects)


def check_closures(told: Answers, truth: Answers, changes: Changes) -> None:
    """Nothing that is said to be kept from somebody reaches him. `truth`: what whoever sits at the machine is told.

    Where standing restrictions are in force, what is said to take its place may itself be withheld.
    """
    sure = {Fate.CLOSED, Fate.WITHHELD} | (set[Fate]() if any(each.what == "withhold" for each in changes) else {Fate.REPLACED})
    received = {(*question, verdict.client, each.by, each.version) for question, verdict, each in versions(truth) if each.fate in RECEIVED}
    for question, verdict, each in versions(told):
        if each.by and each.fate in sure:
            assert (*question, verdict.client, each.by, each.version) not in received, (question, verdict)


def check_names(asker: str, told: Answers, ledger: Ledger) -> None:
    """No target that the asker does not see, and nobody's authorship but where his organisation has a part in it, or he is a curator of it."""
    mine = asker.partition("/")[0]
    parts = {(each.path, each.stored.object_id): set[str]() for each in ledger.written}
    for each in ledger.written:
        is_curated = asker in {CURATOR, KE_CURATOR} and (each.origin is not None or each.path in INTAKES)
        if mine in {each.stored.contributor, each.originator} or is_curated:
            parts[each.path, each.stored.object_id].update({each.stored.contributor, each.originator})
    seen = {(each.path, each.stored.object_id) for each in ledger.written if asker in each.seen_by or each.stored.contributor == mine}
    for (_, path, identifier), _, each in versions(told):
        assert {(path, target) for target in each.refers_to} <= seen
        names = {each.by, each.originator} - {"", mine}
        assert names <= parts[path, identifier], (asker, identifier, names)


def knows_unseen_relays(asker: str, ledger: Ledger) -> bool:
    """Whether somebody relayed what the asker's organisation originated, closed to it by another version: it may know and delete that, but not see it."""
    mine = asker.partition("/")[0]
    return any(each.originator == mine != each.stored.contributor and asker not in each.seen_by for each in ledger.written)


async def prove(seed: int, tally: Counter[str]) -> None:
    """Play the history of a seed and ask about what it left; once more for one who asks, without what he can never see."""
    deeds = history(seed)
    asker = random.Random(f"asker {seed}").choice(ASKERS)
    asked, dates, ledger = questions(seed, deeds), Dates(), Ledger([asker])
    async with open_stage(in_memory(Path()), dates) as stage:
        await play_whole(stage, deeds, ledger)
        truth, told, changes = await answers(stage, None, asked), await answers(stage, asker, asked), stage.changes
        await check_what_is_received(stage, truth, tally)
    check_closures(told, truth, changes)
    check_names(asker, told, ledger)
    if knows_unseen_relays(asker, ledger):
        return
    tally["told"] += sum(verdicts is not None for verdicts in told.values())
    tally["untold"] += sum(verdicts is None for verdicts in told.values())
    purge = Purge(deeds, ledger, asker)
    async with open_stage(in_memory(Path()), Dates(dates.recorded, purge.seen, is_feeding=True)) as stage:
        if await play_purged(stage, deeds, purge, asker):
            await administer.adopt(stage.exchange, alliance(restricted(changes, asker)))
            alone = await answers(stage, asker, asked)
            assert alone == told, [(question, told[question], alone[question]) for question in asked if told[question] != alone[question]]
            tally["compared"] += 1


def prove_one(seed: int, _folder: Path) -> int:
    """Ask about what the history of a seed left; how many versions were explained."""
    tally: Counter[str] = Counter()
    asyncio.run(prove(seed, tally))
    return sum(tally[fate] for fate in Fate)


def test_promise_5_what_is_explained_is_what_is_received_and_no_more_than_may_be_known(tmp_path: Path) -> None:
    assert sum(prove_one(seed, tmp_path) for seed in range(6, 6 + SHORT)) > SHORT


def test_the_property_is_about_something() -> None:
    """All fates occur, and purged worlds are compared."""
    tally: Counter[str] = Counter()
    for seed in range(6):
        asyncio.run(prove(seed, tally))
    assert {*Fate} <= set(tally), tally
    assert min(tally["told"], tally["untold"], tally["compared"]) > 0, tally
