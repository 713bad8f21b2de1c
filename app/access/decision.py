"""A question to the policies and the answer, with its reasons; and the seam behind which the engine stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from app.access.actions import Action
from app.access.alliance import Collection
from app.access.principal import Principal
from app.stix.handling import HandlingLabel


class Question(NamedTuple):
    """Whether `principal` may do `action` in `collection` to a version under `label`.

    `label` is absent for questions about the collection itself: is he a reader or a writer here at all.
    `previous` is the label of the version that a new one supersedes: going down from TLP:AMBER+STRICT or TLP:RED is asked for by it.
    """

    principal: Principal
    action: Action
    collection: Collection
    label: HandlingLabel | None = None
    previous: HandlingLabel | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, by which policies (ids, sorted), and what went wrong while they were evaluated: any error means no."""

    allowed: bool
    policies: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class Judge(Protocol):
    """Decides. Pure: the same question under the same alliance at the same instant has the same answer."""

    def decide(self, question: Question, now: datetime) -> Decision:
        """The answer to one question. Never raises for a question: what cannot be decided is denied, with the reason in `errors`."""
        ...

    def decide_many(self, questions: Sequence[Question], now: datetime) -> list[Decision]:
        """The answers in the order of the questions; they may differ in their labels only."""
        ...

    def meaning(self, policy: str) -> str:
        """The one line that a policy says of itself (its `@doc` annotation)."""
        ...
