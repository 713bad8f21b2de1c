"""Who writes and who follows while servers are killed: writers that remember what was acknowledged, and followers of every habit (client-rules C9 to C17).

A follower that may see an object must get it, whatever happened meanwhile: that is held against what the writers remember.
"""

import random
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Final, NamedTuple, cast
from urllib.parse import quote

import orjson

from benchmarks.client import Answer, request
from benchmarks.corpus import AMBER, CREATED, HANDLING, TLP, identifier
from benchmarks.fleet import Fleet, Line, Lost

PLACE: Final = "/members/collections/alliance/"
WRITERS: Final = ("ng-cert/misp", "za-cert/misp", "jp-cert/misp", "au-cert/misp")
NAMED: Final = ("org:gh-cert", "org:sg-cert")
"""To whom alone every other object may go: what the others must never get, and what must never keep anything from them."""
ENVELOPE: Final = 1_000
FIRST: Final = "x-taxii-date-added-first"
LAST: Final = "x-taxii-date-added-last"
MILLISECONDS: Final = len("2026-03-01T12:00:00.000")


class Version(NamedTuple):
    """One version of one object."""

    object_id: str
    modified: str


@dataclass
class Ledger:
    """What was sent, and what of it was acknowledged; `narrow`: what only `NAMED` may see."""

    sent: set[Version] = field(default_factory=set)
    acknowledged: set[Version] = field(default_factory=set)
    narrow: set[Version] = field(default_factory=set)
    lost: int = 0
    """Answers that a kill took: what they were about may be there or not."""
    given_up: int = 0
    """Versions of which no writer will hear any more."""
    changed: threading.Condition = field(default_factory=threading.Condition)

    def send(self, versions: Iterable[Version], *, narrow: bool) -> None:
        """Note what is about to be sent."""
        with self.changed:
            some = set(versions)
            self.sent |= some
            self.narrow |= some if narrow else set()

    def acknowledge(self, versions: Iterable[Version]) -> None:
        """Note what was answered with success."""
        with self.changed:
            self.acknowledged |= set(versions)
            self.changed.notify_all()

    def give_up(self, count: int) -> None:
        """Note that so many versions stay without an answer."""
        with self.changed:
            self.given_up += count
            self.changed.notify_all()

    def wait_for(self, count: int, given_up: threading.Event) -> None:
        """Wait until so many versions are acknowledged or given up, or all is given up."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.acknowledged) + self.given_up >= count or given_up.is_set())

    def visible(self, client: str, versions: set[Version]) -> set[Version]:
        """Those of `versions` that a client may see."""
        return versions if f"org:{client.partition('/')[0]}" in NAMED else versions - self.narrow


@dataclass
class Writer:
    """One organisation at work: single objects and whole envelopes, new ones and newer versions of its own, half of them for few."""

    line: Line
    ledger: Ledger
    number: int
    objects: int
    envelope: int = ENVELOPE
    _made: int = 0

    def run(self) -> None:
        """Write until all is acknowledged or lost."""
        dice = random.Random(self.number)
        terms = self._terms()
        self._post([terms], narrow=True)
        while self._made < self.objects:
            narrow, size = dice.random() < 0.5, dice.choice([1, 1, 1, self.envelope])
            marks = (AMBER, cast("str", terms["id"])) if narrow else (TLP[1],)
            first, count = self._made, min(size, self.objects - self._made)
            self._made += count
            self._post([_indicator(self._seed(first + number), marks, 0) for number in range(count)], narrow=narrow)
            if dice.random() < 0.4:
                self._post([_indicator(self._seed(first), marks, 1)], narrow=narrow)
        self.line.close()

    def _seed(self, number: int) -> int:
        return (self.number + 1 << 32) + number

    def _terms(self) -> dict[str, object]:
        """The writer's own handling marking."""
        terms = {"extension_type": "property-extension", "handling_version": "1.0", "releasable_to": list(NAMED)}
        head = {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": identifier("marking-definition", self._seed(1 << 31)),
            "created": CREATED,
        }
        return head | {"extensions": {HANDLING: terms}, "object_marking_refs": [AMBER]}

    def _post(self, objects: Sequence[dict[str, object]], *, narrow: bool) -> None:
        """Send until it is answered: what a kill made uncertain is sent again, as clients do."""
        versions = [Version(cast("str", each["id"]), cast("str", each.get("modified", CREATED))) for each in objects]
        self.ledger.send(versions, narrow=narrow)
        message = request(f"{PLACE}objects/", self.line.authorization, b'{"objects":%b}' % orjson.dumps(objects))
        while True:
            try:
                status = orjson.loads(self.line.ask_once(message).body)
                break
            except Lost:
                self.ledger.lost += 1
                if self.ledger.lost % 2 and objects[0]["type"] == "indicator":  # what others are marked with must be there
                    self.ledger.give_up(len(versions))
                    return
        if status["success_count"] != len(objects):
            raise ValueError(f"not all was taken: {status!s:.300}")
        self.ledger.acknowledge(versions)


def _indicator(seed: int, marks: Sequence[str], day: int) -> dict[str, object]:
    """A small indicator; a higher day is a newer version."""
    return {
        "type": "indicator", "spec_version": "2.1", "id": identifier("indicator", seed), "created": CREATED, "modified": f"2026-01-1{day}T08:00:00.000Z",
        "pattern": f"[file:hashes.'SHA-256' = '{seed:064x}']", "pattern_type": "stix", "valid_from": CREATED, "object_marking_refs": list(marks),
    }  # fmt: skip


@dataclass
class Follower:
    """One client with one habit. With `every` it asks for all versions, else for the last.

    Of what comes again it is told whether that was under a later date: a page whose first date lies behind the last one of the page before holds nothing
    of what came before, but under a new date_added.
    """

    line: Line
    client: str
    limit: int
    every: bool
    habit: str
    page: ClassVar[str] = "objects/"
    position: str = ""
    got: set[Version] = field(default_factory=set)
    received: int = 0
    twice: int = 0
    """Received again, though not under a later date."""
    redated: int = 0
    """Received again under a later date."""
    rounds: int = 0
    _reached: str = ""

    def round(self) -> None:
        """Ask until nothing more comes."""
        self.rounds += 1
        query: str | None = self._first()
        while query is not None:
            query = self._next(self._ask(query))

    def _ask(self, query: str) -> Answer:
        answer = self.line.ask(request(f"{PLACE}{self.page}?{query}", self.line.authorization))
        if answer.status != 200:
            raise ValueError(f"{query} was answered with {answer.status}: {answer.body[:200]!r}")
        self.take(answer)
        return answer

    def take(self, answer: Answer) -> None:
        """Count what came."""
        versions = list(self._versions(answer))
        again = sum(each in self.got for each in versions)
        if (answer.header(FIRST) or "") > self._reached:
            self.redated += again
        else:
            self.twice += again
        self.twice += len(versions) - len(set(versions))
        self.got.update(versions)
        self.received += len(versions)
        self._reached = answer.header(LAST) or self._reached if versions else self._reached

    def _versions(self, answer: Answer) -> Iterable[Version]:
        objects = orjson.loads(answer.body).get("objects", [])
        return [Version(each["id"], each.get("modified", CREATED)) for each in objects]

    def _first(self) -> str:
        parts = [f"limit={self.limit}"]
        parts += ["match[version]=all"] if self.every else []
        parts += [f"added_after={self.position}"] if self.position else []
        return "&".join(parts)

    def _next(self, answer: Answer) -> str | None:
        raise NotImplementedError


class ByNext(Follower):
    """Follows `next`, which comes alone; after the last page goes on from the header."""

    def _next(self, answer: Answer) -> str | None:
        self.position = answer.header(LAST) or self.position
        return f"limit={self.limit}&next={quote(answer.next, safe='')}" if answer.next else None


class ByHeader(Follower):
    """Knows no `next`: each page goes on from the header of the one before, until one is empty."""

    def _next(self, answer: Answer) -> str | None:
        reached, before = answer.header(LAST), self.position
        self.position = reached or before
        return self._first() if self.position != before else None


class ByManifest(Follower):
    """Cannot read headers: goes on from the date of the last entry of the manifest."""

    page: ClassVar[str] = "manifest/"

    def _versions(self, answer: Answer) -> Iterable[Version]:
        return [Version(each["id"], each["version"]) for each in orjson.loads(answer.body).get("objects", [])]

    def _next(self, answer: Answer) -> str | None:
        entries = orjson.loads(answer.body).get("objects", [])
        self.position = entries[-1]["date_added"] if entries else self.position
        return self._first() if entries else None


class ByClock(Follower):
    """OpenCTI's connector: asks from when it last began, by its own clock in whole seconds; never forgets a `next`, which goes along with the next start."""

    _cursor: str = ""
    _began: str = ""

    def _first(self) -> str:
        started, self._began = self._began, _whole_seconds(time.time())
        self.position = started
        return super()._first() + (f"&next={self._cursor}" if self._cursor else "")

    def _next(self, answer: Answer) -> str | None:
        if not answer.next:
            return None
        self._cursor = quote(answer.next, safe="")
        return f"limit={self.limit}&next={self._cursor}"


class ByMilliseconds(ByNext):
    """OpenCTI's own ingestion: the header cut to milliseconds, `next` and `added_after` together."""

    def _next(self, answer: Answer) -> str | None:
        following = super()._next(answer)
        if following is None:
            self.position = f"{self.position[:MILLISECONDS]}Z" if self.position else ""
            return None
        return f"{following}&added_after={self.position}"


def _whole_seconds(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


SEES_ALL: Final = ("gh-cert/misp", "gh-cert/desk")
SEES_SOME: Final = ("pl-cert/misp", "pl-cert/desk")
HABITS: Final[dict[str, type[Follower]]] = {
    "next": ByNext, "header": ByHeader, "manifest": ByManifest, "clock, whole seconds": ByClock, "header, milliseconds": ByMilliseconds,
}  # fmt: skip
_SWITCHED: Final = ("sg-cert/opencti", "ca-cert/opencti")
"""Clients whose dates may be cut to milliseconds: the first sees all, the second some."""
CAST: Final = (*WRITERS, *SEES_ALL, *SEES_SOME, *_SWITCHED)


def followers(fleet: Fleet, of_each: int) -> list[Follower]:
    """So many of each habit: in turn such as see all and such as see some, such as want every version and such as want the last."""
    made: list[Follower] = []
    for place, (habit, kind) in enumerate(HABITS.items()):
        for number in range(place, place + of_each):
            client = _SWITCHED[number % 2] if kind is ByMilliseconds else (SEES_ALL, SEES_SOME)[number % 2][number // 2 % 2]
            every, limit = number // 2 % 2 == 0, 334 + 333 * (number % 4)
            made.append(kind(fleet.line(client, len(made)), client, limit, every, habit))
    return made
