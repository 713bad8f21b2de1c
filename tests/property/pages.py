"""Pages as a client reads them: questions, their rows, and the ways of going on from one page to the next."""

import random
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from property.stage import Answer

WHOLE: Final = "limit=10000"
LAST: Final = b"x-taxii-date-added-last"


class Row(NamedTuple):
    """What a page says of one version; the endpoint may not tell all of it."""

    object_id: str
    version: str
    date_added: str


class Question(NamedTuple):
    """One query of one reader, without its position."""

    client: str
    where: str
    query: str

    def target(self, *more: str) -> str:
        """What is asked for, with more parameters."""
        return f"{self.where}?{'&'.join(filter(None, (self.query, *more)))}"


Way = Callable[[Question, Answer, random.Random], str | None]
"""From a question and its last page to the target of the next; None if there is none."""


def by_next_alone(question: Question, answer: Answer, dice: random.Random) -> str | None:
    """C10: the cursor knows the filters; the limit may change on the way."""
    following = answer.document.get("next")
    return None if following is None else f"{question.where}?next={following}&limit={dice.randint(1, 5)}"


def by_next_with_filters(question: Question, answer: Answer, dice: random.Random) -> str | None:
    """T-3.4-12: the filters are repeated."""
    following = answer.document.get("next")
    return None if following is None else question.target(f"next={following}", f"limit={dice.randint(1, 5)}")


def by_date(question: Question, answer: Answer, dice: random.Random) -> str | None:
    """T-3.5-05: the date of the last header is where to go on, until nothing comes."""
    last = answer.header(LAST)
    return None if not rows_of(question, answer) or last is None else question.target(f"added_after={last}", f"limit={dice.randint(1, 5)}")


def rows_of(question: Question, answer: Answer) -> list[Row]:
    """The entries of a page. Raises AssertionError if there is none, or if it says of itself what is not so."""
    assert answer.status == 200, (question, answer)
    document = answer.document
    assert document.get("more", False) == ("next" in document), (question, document)
    if question.where.endswith("/versions/"):
        return [Row("", version, "") for version in document.get("versions", [])]
    found = [_row(each) for each in document.get("objects", [])]
    dates = [row.date_added for row in found if row.date_added]
    assert dates == sorted(set(dates)), (question, dates)
    if dates:
        last = answer.header(LAST)
        assert answer.header(b"x-taxii-date-added-first") == dates[0], question
        assert last in {dates[-1], rounded_up(dates[-1])}, (question, last, dates)
    return found


def rounded_up(date: str) -> str:
    """The next whole millisecond of a date that is none."""
    micros = int(date[20:26])
    assert micros % 1_000, "no date_added is a whole millisecond"
    return f"{date[:20]}{micros // 1_000 + 1:03}000Z"


def _row(each: dict[str, Any]) -> Row:
    version = next(each[name] for name in ("version", "modified", "created", "x_token") if name in each)
    return Row(each["id"], version, each.get("date_added", ""))
