"""Proving silence on one history: played whole, then purged for each observer, and compared."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from property.canaries import Watch
from property.cast import CURATOR, KE_CURATOR
from property.dates import Dates, Leak
from property.histories import Deed, Erase, Hold, Lift, Reject, Reload, Withdraw, ids_of, touched
from property.ledger import Ledger
from property.observing import Observer
from property.purge import Fate, Purge, is_own
from property.stage import DONE, Answer, OpenStage, Stage

OBSERVERS = (
    "ke-cert/misp", "za-cert/misp", "ng-cert/misp", "ke-cert/strict", "za-cert/feed", "ng-cert/feed", "ke-cert/feed", "ke-cert/desk", "za-cert/opencti",
    "vendor/push", "labs/push", CURATOR, KE_CURATOR, "secretariat/editor", "xx-cert/misp", "",
)  # fmt: skip
FEEDS_SHARE = 0.35
"""How often the second observer is a constituency feed: much is hidden from it that its own organisation writes."""


class Inconclusive(Exception):
    """Somebody else's deed did not end again as it had: what he alone saw had a say in it. Or dates could not be told apart."""


@dataclass
class Tally:
    """What was compared: a proof about nothing would be none."""

    histories: int = 0
    comparisons: int = 0
    inconclusive: int = 0
    answers: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)
    own_answers: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """How many deeds of each kind were left out."""


@dataclass(frozen=True)
class Whole:
    """A history as it was played whole: what was written, what each observer was told, the dates."""

    deeds: list[Deed]
    ledger: Ledger
    observers: dict[str, Observer]
    dates: Dates
    answers: list[Answer] = field(default_factory=list)
    """How each deed ended."""


async def prove(deeds: list[Deed], observers: Sequence[str], open_: OpenStage, tally: Tally) -> None:
    """Play a history whole and purged for each observer. Raises Leak if an observer can tell them apart, or is shown what he may not see."""
    whole = await play_whole(deeds, observers, open_)
    tally.histories += 1
    for name in observers:
        purge = Purge(deeds, whole.ledger, name)
        tally.fates.update(purge.fates.values())
        tally.dropped.update(type(deed).__name__ for step, deed in enumerate(deeds) if purge.deed(step) is None)
        tally.comparisons += 1
        try:
            purged = await play_purged(purge, whole, name, open_)
        except Inconclusive:
            tally.inconclusive += 1
            continue
        compare(name, whole.observers[name].seen, purged.seen)
        tally.answers += len(purged.seen)
        tally.own_answers += sum(deed.client == name for deed in deeds)


async def play_whole(deeds: list[Deed], names: Sequence[str], open_: OpenStage) -> Whole:
    """The history as it is; whatever an observer is told is held against what he may see."""
    whole = Whole(deeds, Ledger(names), {name: Observer(name) for name in names}, Dates())
    watches = [Watch(whole.ledger, observer) for observer in whole.observers.values()]
    async with open_(whole.dates) as stage:
        for step, deed in enumerate(deeds):
            answer = await stage.do(step, deed, deed.seconds)
            assert answer is not None
            whole.answers.append(answer)
            await whole.ledger.enter(stage, step, deed, answer)
            for watch, observer in zip(watches, whole.observers.values(), strict=True):
                watch.enter(deed)
                if is_own(observer.client, deed):
                    observer.hear(deed, answer)
                await _ask(stage, observer, deeds, step)
                watch.check(stage.clock.instant)
    return whole


async def play_purged(purge: Purge, whole: Whole, name: str, open_: OpenStage) -> Observer:
    """What is left of the history for one observer, under the dates of the whole."""
    observer, deeds = Observer(name), whole.deeds
    async with open_(Dates(whole.dates.recorded, purge.seen, is_feeding=True)) as stage:
        for step, deed in enumerate(deeds):
            left = purge.deed(step)
            answer = await stage.do(step, left, deed.seconds)
            if stage.dates.is_unsure:
                raise Inconclusive(f"step {step}: {left} gave fewer dates")
            if left is not None and answer is not None:
                if is_own(name, deed):
                    is_alike = deed.client == name or _outcome(answer) == _outcome(whole.answers[step])
                    observer.hear(deed, answer)
                else:
                    is_alike = is_taken(left, answer)
                if not is_alike:
                    raise Inconclusive(f"step {step}: {left} {answer}")
            stage.dates.check()
            await _ask(stage, observer, deeds, step)
    return observer


async def _ask(stage: Stage, observer: Observer, deeds: Sequence[Deed], step: int) -> None:
    """Three times, the last time at the end, everything; in between what is new."""
    looks = [len(deeds) // 3, 2 * len(deeds) // 3, len(deeds) - 1]
    if step not in looks:
        await observer.poll(stage)
        return
    before = looks[looks.index(step) - 1] if step != looks[0] else 0
    is_new_alliance = any(isinstance(deed, Reload) for deed in deeds[before : step + 1])
    await observer.look(stage, touched(deeds), ids_of(deeds), in_full=step == looks[0] or is_new_alliance)


def _outcome(answer: Answer) -> object:
    """How a colleague's posting ended: what was refused, by id and version. Why, the observer compares himself."""
    if answer.status != 202:
        return answer.status
    return [(each["id"], each["version"]) for each in answer.document.get("failures", ())]


def is_taken(deed: Deed, answer: Answer) -> bool:
    """Whether others could do what was left of their deeds: they do not look, so nothing may stop them. What was not held needs no hold any more."""
    if isinstance(deed, Hold | Lift | Reject | Withdraw | Erase):
        return True
    return answer.status in {DONE, 200} or (answer.status == 202 and answer.document["failure_count"] == 0)


def compare(name: str, whole: list[tuple[str, Answer]], purged: list[tuple[str, Answer]]) -> None:
    """Raise Leak at the first answer that differs."""
    for (question, answer), (asked, other) in zip(whole, purged, strict=False):
        if (question, answer) != (asked, other):
            raise Leak(f"{name or 'the public'}: {question}\n  whole:  {answer}\n  purged: {asked if asked != question else ''}{other}")
    assert len(whole) == len(purged)


def observers_of(seed: int, deeds: Sequence[Deed]) -> list[str]:
    """Who looks at the history of a seed: one of those who act most in it, probing by what he writes, and somebody else."""
    dice = random.Random(f"observers {seed}")
    acts = Counter(deed.client for deed in deeds if deed.client in OBSERVERS and deed.client)
    acting = dice.choice([name for name, _ in acts.most_common(2)])
    feeds = [name for name in OBSERVERS if name.endswith("/feed")]
    return [acting, dice.choice([name for name in (feeds if dice.random() < FEEDS_SHARE else OBSERVERS) if name != acting])]
