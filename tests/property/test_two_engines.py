"""The policies and their twin in plain Python give the same answers for the same reasons (access-policy 6, property 5)."""

import random
from collections import Counter

import pytest
from questions import NOW, Dice, world
from twin import FORBIDS, PERMITS, decide

from app.access.cedar import CedarJudge

BATCH = 20
BATCHES = 1_000


@pytest.fixture(scope="module")
def judge() -> CedarJudge:
    return CedarJudge(world())


def test_cedar_and_its_twin_agree_with_reasons_on_20000_questions(judge: CedarJudge) -> None:
    alliance = world()
    dice = Dice(alliance, random.Random(20260601))
    reasons: Counter[str] = Counter()
    for _ in range(BATCHES):
        questions = dice.batch(BATCH)
        for question, answer in zip(questions, judge.decide_many(questions, NOW), strict=True):
            assert answer == decide(question, alliance, NOW), question
            reasons.update(answer.policies)
    # Agreement about questions that never touch a policy would prove nothing of it.
    assert set(reasons) == {*PERMITS, *FORBIDS}
    assert min(reasons.values()) >= 20


def test_one_question_is_answered_as_in_a_batch(judge: CedarJudge) -> None:
    dice = Dice(world(), random.Random(99))
    for _ in range(20):
        questions = dice.batch(10)
        assert [judge.decide(question, NOW) for question in questions] == judge.decide_many(questions, NOW)
