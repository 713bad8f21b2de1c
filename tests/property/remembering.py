"""What thousands of histories have in common, worked out once: judges by their alliance, and their answers.

A judge is pure (app/access/decision.py): the same question has the same answer, as long as no moment that it knows of has passed. So answers are
kept, and only what was never asked before goes to the engine.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from datetime import datetime
from typing import Final

from app.access.alliance import Alliance
from app.access.cedar import CedarJudge
from app.access.decision import Decision, Question
from app.access.facts import Facts

MOST_ANSWERS: Final = 300_000


class RememberingJudge:
    """A judge that asks another what it was not asked before."""

    def __init__(self, judge: CedarJudge) -> None:
        self._judge = judge
        self._answers: dict[object, Decision] = {}

    def meaning(self, policy: str) -> str:
        """As the judge says."""
        return self._judge.meaning(policy)

    def decide(self, question: Question, now: datetime) -> Decision:
        """The answer to one question."""
        return self.decide_many([question], now)[0]

    def decide_many(self, questions: Sequence[Question], now: datetime) -> list[Decision]:
        """The answers in the order of the questions."""
        keys = [(question, *(moment <= now for moment in _moments(question))) for question in questions]
        new = [(key, question) for key, question in zip(keys, questions, strict=True) if key not in self._answers]
        if new:
            if len(self._answers) > MOST_ANSWERS:
                self._answers.clear()
                return self.decide_many(questions, now)
            answers = self._judge.decide_many([question for _, question in new], now)
            self._answers.update((key, answer) for (key, _), answer in zip(new, answers, strict=True))
        return [self._answers[key] for key in keys]


def _moments(question: Question) -> Iterator[datetime]:
    """The instants at which the answer may change by itself."""
    parts = () if question.label is None else question.label.parts
    ends = (question.principal.agreement_end, question.collection.archive_end)
    for moment in (*ends, *(each for part in parts for each in (part.embargo_until, part.retention_until))):
        if moment is not None:
            yield moment


_engines: dict[object, CedarJudge] = {}
_judges: dict[object, RememberingJudge] = {}


def judge_of(alliance: Alliance) -> RememberingJudge:
    """The judge of an alliance: one for all that say the same of what organisations withhold, which is all that it takes from an alliance beside policies."""
    facts = Facts.of(alliance)
    key = tuple(sorted(facts.withheld.items()))
    if key not in _judges:
        judge = copy(_engine_of(alliance))
        judge._facts = facts
        _judges[key] = RememberingJudge(judge)
    return _judges[key]


def _engine_of(alliance: Alliance) -> CedarJudge:
    key = tuple(sorted(alliance.policies.items())), alliance.policy_schema
    if key not in _engines:
        _engines[key] = CedarJudge(alliance)
    return _engines[key]


def forget() -> None:
    """Forget every answer: what was decided by a judge with a fault must not outlive it."""
    _judges.clear()
    _engines.clear()
