"""Proving silence on one history: played whole, then purged for each observer, and compared."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from property.histories import ALLIANCE, CURATOR, Add, Deed, Delete
from property.ledger import ID, TOKEN, Ledger
from property.observing import Observer
from property.purge import Fate, Purge
from property.stage import Answer, Dates, Leak, MakeStore, open_stage, place

OBSERVERS = (
    "ke-cert/misp", "za-cert/misp", "ng-cert/misp", "ke-cert/strict", "za-cert/feed", "ng-cert/feed", "ke-cert/feed", "ke-cert/desk", "za-cert/opencti",
    "vendor/push", CURATOR, "secretariat/editor", "",
)  # fmt: skip
FEEDS_SHARE = 0.35
"""How often the second observer is a constituency feed: much is hidden from it that its own organisation writes."""


class Inconclusive(Exception):
    """Somebody else could not do again what was left of his deed: what he himself could not see any more had allowed it."""


@dataclass
class Tally:
    """What was compared: a proof about nothing would be none."""

    comparisons: int = 0
    inconclusive: int = 0
    answers: int = 0
    fates: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))
    own_answers: int = 0


@dataclass(frozen=True)
class Whole:
    """A history as it was played whole: what was written, what each observer was told, the dates."""

    ledger: Ledger
    observers: dict[str, Observer]
    dates: Dates


async def prove(deeds: list[Deed], observers: Sequence[str], make_store: MakeStore, tally: Tally) -> None:
    """Play a history whole and purged for each observer. Raises Leak if an observer can tell them apart, or is shown what he may not see."""
    whole = await play_whole(deeds, observers, make_store)
    for name in observers:
        purge = Purge(deeds, whole.ledger, name)
        for fate in purge.fates.values():
            tally.fates[fate] += 1
        tally.comparisons += 1
        try:
            purged = await play_purged(deeds, purge, whole, name, make_store)
        except Inconclusive:
            tally.inconclusive += 1
            continue
        compare(name, whole.observers[name].seen, purged.seen)
        tally.answers += len(purged.seen)
        tally.own_answers += sum(deed.client == name for deed in deeds)


async def play_whole(deeds: list[Deed], names: Sequence[str], make_store: MakeStore) -> Whole:
    """The history as it is; whatever an observer is told is held against what he may see."""
    dates, ledger = Dates(), Ledger(names)
    observers = {name: Observer(name) for name in names}
    async with open_stage(make_store, dates) as stage:
        for step, deed in enumerate(deeds):
            answer = await stage.do(step, deed, deed.seconds)
            assert answer is not None
            await ledger.enter(stage, step, deed, answer.body)
            if deed.client in observers:
                observers[deed.client].note(told(deed), answer)
            if is_time_to_look(step, deeds):
                for observer in observers.values():
                    told_before = len(observer.seen)
                    await observer.look(stage, touched(deeds), ids_of(deeds))
                    check_canaries(ledger, observer.client, observer.seen[told_before:], stage.clock.instant)
    return Whole(ledger, observers, dates)


async def play_purged(deeds: list[Deed], purge: Purge, whole: Whole, name: str, make_store: MakeStore) -> Observer:
    """What is left of the history for one observer, under the dates of the whole."""
    observer = Observer(name)
    async with open_stage(make_store, Dates(whole.dates.recorded, purge.seen, is_feeding=True)) as stage:
        for step, deed in enumerate(deeds):
            left = purge.deed(step)
            answer = await stage.do(step, left, deed.seconds)
            if left is not None and answer is not None:
                if deed.client == name:
                    observer.note(told(deed), answer)
                elif not _is_taken(answer):
                    raise Inconclusive(f"step {step}: {left} {answer}")
            if is_time_to_look(step, deeds):
                await observer.look(stage, touched(deeds), ids_of(deeds))
    return observer


def _is_taken(answer: Answer) -> bool:
    """Whether others could do what was left of their deeds: they do not look, so nothing may stop them."""
    return answer.status in {0, 200} or (answer.status == 202 and answer.document["failure_count"] == 0)


def compare(name: str, whole: list[tuple[str, Answer]], purged: list[tuple[str, Answer]]) -> None:
    """Raise Leak at the first answer that differs."""
    for (question, answer), (asked, other) in zip(whole, purged, strict=True):
        if (question, answer) != (asked, other):
            raise Leak(f"{name or 'the public'}: {question}\n  whole:  {answer}\n  purged: {asked if asked != question else ''}{other}")


def check_canaries(ledger: Ledger, name: str, told_now: list[tuple[str, Answer]], now: datetime) -> None:
    """Raise Leak if an answer holds a token or an id that occurs in nothing that the observer may see."""
    visible = b"".join(orjson.dumps(each.content) for each in ledger.written if ledger.sees(name, each, now))
    tokens, ids = frozenset(TOKEN.findall(visible)), frozenset(ID.findall(visible))
    for question, answer in told_now:
        shown = answer.body + b"".join(value for _, value in answer.headers)
        strangers = [*(frozenset(TOKEN.findall(shown)) - tokens), *([] if "status" in question else frozenset(ID.findall(shown)) - ids)]
        if strangers:
            raise Leak(f"{name or 'the public'} may not see {strangers[0].decode()}: {question} {answer}")


def told(deed: Deed) -> str:
    """The name of a deed's answer."""
    return f"{'POST' if isinstance(deed, Add) else 'DELETE' if isinstance(deed, Delete) else 'release'} {place(deed.path)}"


def is_time_to_look(step: int, deeds: Sequence[Deed]) -> bool:
    """Observers look three times, the last time at the end."""
    return step == len(deeds) - 1 or step in {len(deeds) // 3, 2 * len(deeds) // 3}


def touched(deeds: Sequence[Deed]) -> frozenset[str]:
    """Where a history leaves something."""
    return frozenset(deed.path for deed in deeds) | frozenset(getattr(deed, "to", ALLIANCE) for deed in deeds)


def ids_of(deeds: Sequence[Deed]) -> list[str]:
    """The ids that a history is about, markings apart."""
    sent = (content["id"] for deed in deeds if isinstance(deed, Add) for content in deed.objects)
    return [each for each in dict.fromkeys(sent) if not each.startswith(("marking-definition", "identity"))]


def observers_of(seed: int, deeds: Sequence[Deed]) -> list[str]:
    """Who looks at the history of a seed: one of those who act most in it, probing by what he writes, and somebody else."""
    dice = random.Random(f"observers {seed}")
    acting = dice.choice([name for name, _ in Counter(deed.client for deed in deeds).most_common(2)])
    feeds = [name for name in OBSERVERS if name.endswith("/feed")]
    return [acting, dice.choice([name for name in (feeds if dice.random() < FEEDS_SHARE else OBSERVERS) if name != acting])]
