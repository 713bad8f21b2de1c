"""The policies and their twin in plain Python give the same answers for the same reasons (access-policy 6, property 5)."""

import random
from collections import Counter
from functools import cache
from pathlib import Path

from questions import NOW, Dice, world
from twin import FORBIDS, PERMITS, decide

from app.access.cedar import CedarJudge

BATCH = 20
BATCHES = 1_000


@cache
def judge() -> CedarJudge:
    return CedarJudge(world())


def compare(dice: Dice, batches: int) -> Counter[str]:
    """Ask both; how often each policy was the reason."""
    reasons: Counter[str] = Counter()
    for _ in range(batches):
        questions = dice.batch(BATCH)
        for question, answer in zip(questions, judge().decide_many(questions, NOW), strict=True):
            assert answer == decide(question, dice.alliance, NOW), question
            reasons.update(answer.policies)
    return reasons


def prove_one(seed: int, _folder: Path) -> int:
    """A hundred batches of questions; how many reasons were compared."""
    return compare(Dice(world(), random.Random(seed)), 100).total()


def test_promise_5_cedar_and_its_twin_agree_with_reasons_on_20000_questions() -> None:
    reasons = compare(Dice(world(), random.Random(20260601)), BATCHES)
    # Agreement about questions that never touch a policy would prove nothing of it.
    assert set(reasons) == {*PERMITS, *FORBIDS}
    assert min(reasons.values()) >= 10


def test_one_question_is_answered_as_in_a_batch() -> None:
    dice = Dice(world(), random.Random(99))
    for _ in range(20):
        questions = dice.batch(10)
        assert [judge().decide(question, NOW) for question in questions] == judge().decide_many(questions, NOW)
