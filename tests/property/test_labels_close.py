"""Markings only close (access-policy 6, property 4), whoever asks, in every kind of collection.

Being listed, or named for TLP:RED, is a permission (access-policy 3.5), and one label's permission never passes another: whoever may see under the
result may see under each part.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

from questions import NOW, Dice, world

from app.access.actions import Action
from app.access.cedar import CedarJudge
from app.access.decision import Question
from app.access.principal import Kind, Principal
from app.stix.handling import HandlingLabel, State, Tlp, join

ROUNDS = 400
PAIRS = 10
Pair = tuple[HandlingLabel, HandlingLabel]


Pairs = Callable[[Dice, Principal], Iterator[tuple[Pair, HandlingLabel]]]


@cache
def judge() -> CedarJudge:
    return CedarJudge(world())


def complete(label: HandlingLabel) -> HandlingLabel:
    """A label as it is stored: TLP:RED and an embargo name their recipients, even if these are none."""
    waits = label.embargo_until is not None or label.state is State.EMBARGOED
    needs = (label.tlp is Tlp.RED or waits) and label.recipients is None
    also = tuple(replace(complete(part), state=label.state) for part in label.also)
    return replace(label, recipients=frozenset() if needs else label.recipients, also=also)


def some_label(dice: Dice, asker: Principal) -> HandlingLabel:
    """A complete label; every other one without what closes to nearly everybody, so that much stays open to compare."""
    label = dice.label(asker)
    if dice.random.random() < 0.5:
        label = replace(
            label, not_releasable_to=frozenset(), embargo_until=None, retention_until=None, purposes=None, opaque=False, also=()
        )
        label = replace(label, state=State.PUBLISHED)
    return complete(label)


def check(seed: int, pairs: Pairs, rounds: int = ROUNDS) -> int:
    """Ask for each (parts, result) of many askers, and compare; how many results were open."""
    dice = Dice(world(), random.Random(seed))
    opened = 0
    for _ in range(rounds):
        asker, collection = dice.principal(), dice.collection()
        action = dice.random.choice([Action.READ, Action.READ, Action.REVIEW, Action.RELEASE])
        for parts, result in pairs(dice, asker):
            labels = [*parts, result]
            *before, after = judge().decide_many([Question(asker, action, collection, label) for label in labels], NOW)
            opened += after.allowed
            assert not after.allowed or all(answer.allowed for answer in before), (asker, action, collection, labels)
    return opened


def joined(dice: Dice, asker: Principal) -> Iterator[tuple[Pair, HandlingLabel]]:
    """Labels that meet: of one contribution, so of one submitter and in one state."""
    for _ in range(PAIRS):
        first, second = some_label(dice, asker), some_label(dice, asker)
        if dice.random.random() < 0.7:
            second = replace(second, originator=first.originator)
        alike = replace(second, submitter=first.submitter, state=first.state)
        alike = replace(alike, also=tuple(part for part in alike.also if part.originator != alike.originator))
        parts = first, complete(alike)
        yield parts, join(*parts)


def restricted(dice: Dice, asker: Principal) -> Iterator[tuple[Pair, HandlingLabel]]:
    """A label, and the same with one restriction more."""
    for _ in range(PAIRS):
        label = some_label(dice, asker)
        yield (label, label), _stricter(label, dice, asker)


def prove_one(seed: int, _folder: Path) -> int:
    """Twenty askers about joins and restrictions each; how many results were open."""
    return check(seed, joined, 20) + check(seed, restricted, 20)


def test_promise_1_join_never_opens() -> None:
    assert check(1, joined) > ROUNDS // 2


def test_promise_1_one_more_restriction_never_loosens() -> None:
    assert check(2, restricted) > ROUNDS // 2


def _less(names: frozenset[str] | None, dice: Dice, otherwise: frozenset[str]) -> frozenset[str]:
    chosen = otherwise if names is None else names
    return frozenset(name for name in chosen if dice.random.random() < 0.5)


def _stricter(label: HandlingLabel, dice: Dice, asker: Principal) -> HandlingLabel:
    """The label with one thing more against it."""
    listed = frozenset[str]() if asker.kind is Kind.PARTNER else asker.audiences  # to a partner the first list is a permission
    return dice.random.choice(
        [
            complete(replace(label, tlp=Tlp(min(label.tlp + 1, Tlp.RED)))),
            replace(label, recipients=_less(label.recipients, dice, frozenset())),
            replace(label, releasable_to=_less(label.releasable_to, dice, listed)),
            replace(label, not_releasable_to=label.not_releasable_to | _less(None, dice, asker.audiences)),
            replace(label, purposes=_less(label.purposes, dice, asker.purposes)),
            complete(replace(label, embargo_until=NOW + timedelta(hours=1))),
            replace(label, retention_until=min(label.retention_until or NOW, NOW)),
            replace(label, opaque=True),
            replace(label, state=State.HELD),
            replace(label, also=(*label.also, dice.label(asker, deep=False))),
        ]
    )


def test_time_alone_never_opens_what_waits_for_a_deed() -> None:
    """Quarantine, embargo and hold end by a deed: what may not be read now may not be read in a year either."""
    dice = Dice(world(), random.Random(3))
    for _ in range(ROUNDS):
        asker, collection = dice.principal(), dice.collection()
        labels = [replace(dice.label(asker), embargo_until=None, also=()) for _ in range(PAIRS)]
        questions = [Question(asker, Action.READ, collection, label) for label in labels]
        now, later = judge().decide_many(questions, NOW), judge().decide_many(questions, NOW + timedelta(days=366))
        assert not any(after.allowed and not before.allowed for before, after in zip(now, later, strict=True))
