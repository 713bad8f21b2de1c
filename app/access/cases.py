"""Policy cases: who asks for what, under which handling, and the answer with its reasons, as data that people review.

A case file brings a small alliance of its own, so that no change to the organisations of the real one can break it, and its cases:

    now = 2026-06-01T00:00:00Z
    [alliance.organisations.ke-cert]
    kind = "member"
    clients = { desk = { roles = ["reader"] } }
    [alliance.collections.indicators]
    kind = "national"
    owner = "ng-cert"
    readers = ["org:ke-cert"]
    [[case]]
    name = "national, member let in"
    client = "ke-cert/desk"                        # or "public", for nobody
    action = "read"
    collection = "indicators"
    label = { tlp = ["clear", "green"], originator = "ng-cert" }
    allow = ["readers-read"]                       # or deny: the ids of the policies that decide; deny = [] where none permits

`client`, `action`, `collection` and `tlp` may be lists: every combination has the same answer. Without `label` the question is about the
collection itself.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.access.actions import Action
from app.access.alliance import Alliance, Level
from app.access.cedar import CedarJudge
from app.access.decision import Decision, Judge, Question
from app.access.principal import ANONYMOUS, PUBLIC_AUDIENCE, Principal
from app.errors import ConfigurationError, quoted
from app.stix.handling import HandlingLabel, State, Tlp


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Several = BeforeValidator(_listed)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Label(_Strict):
    """A handling label as a case writes it: levels by name, the submitter defaulting to the originator."""

    tlp: Annotated[list[Level], Several, Field(min_length=1)]
    originator: str
    submitter: str | None = None
    recipients: frozenset[str] | None = None
    releasable_to: frozenset[str] | None = None
    not_releasable_to: frozenset[str] = frozenset()
    embargo_until: AwareDatetime | None = None
    retention_until: AwareDatetime | None = None
    purposes: frozenset[str] | None = None
    opaque: bool = False
    state: State = State.PUBLISHED
    also: list["_Label"] = []

    def each(self) -> list[HandlingLabel]:
        """One label per level."""
        return [
            HandlingLabel(
                tlp=Tlp.of(level),
                originator=self.originator,
                submitter=self.submitter or self.originator,
                recipients=self.recipients,
                releasable_to=self.releasable_to,
                not_releasable_to=self.not_releasable_to,
                embargo_until=self.embargo_until,
                retention_until=self.retention_until,
                purposes=self.purposes,
                opaque=self.opaque,
                state=self.state,
                also=tuple(label for part in self.also for label in part.each()),
            )
            for level in self.tlp
        ]


class _Case(_Strict):
    """One row: the questions and their common answer."""

    name: str
    client: Annotated[list[str], Several]
    action: Annotated[list[Action], Several]
    collection: Annotated[list[str], Several]
    label: _Label | None = None
    previous: Level | None = None
    allow: list[str] | None = None
    deny: list[str] | None = None

    @model_validator(mode="after")
    def _has_one_answer(self) -> "_Case":
        if (self.allow is None) == (self.deny is None):
            raise ValueError("needs either `allow` or `deny`")
        return self

    @property
    def expected(self) -> Decision:
        """The answer with its reasons."""
        return Decision(self.deny is None, tuple(sorted(self.allow or self.deny or ())))


class _World(_Strict):
    """The small alliance of a case file, as its tables give it."""

    organisations: dict[str, dict[str, object]]
    groups: dict[str, dict[str, object]] = {}
    collections: dict[str, dict[str, object]]

    def alliance(self, policies: Mapping[str, str], schema: str) -> Alliance:
        """The alliance under these policies; names and ids that no policy asks are made up. Raises ValidationError."""
        made_up = {name: {"root": "cases", "name": name, "title": name} for name in self.collections}
        ids = {name: UUID(int=number, version=4) for number, name in enumerate(self.collections)}
        return Alliance.model_validate(
            {
                "organisations": {name: {"name": name, **table} for name, table in self.organisations.items()},
                "groups": {name: {"name": name, **table} for name, table in self.groups.items()},
                "roots": {},
                "collections": [{"id": ids[name], **made_up[name], **table} for name, table in self.collections.items()],
                "policies": dict(policies),
                "policy_schema": schema,
            }
        )


class _File(_Strict):
    now: AwareDatetime
    alliance: _World
    case: Annotated[list[_Case], Field(min_length=1)]


def run_case(case: Mapping[str, object], policies: Mapping[str, str], schema: str) -> list[str]:
    """What these policies answer otherwise than one parsed case file says, each line naming its case; what is wrong with the file itself, too."""
    try:
        file = _File.model_validate(case)
        alliance = file.alliance.alliance(policies, schema)
        judge = CedarJudge(alliance)
    except ValidationError as error:
        return [f"`{'.'.join(map(str, mistake['loc']))}`: {mistake['msg'].lower()}" for mistake in error.errors()]
    except ConfigurationError as error:
        return list(error.problems)
    return [problem for row in file.case for problem in _problems(row, alliance, judge, file.now)]


def _problems(row: _Case, alliance: Alliance, judge: Judge, now: datetime) -> Iterator[str]:
    collections = {collection.name: collection for collection in alliance.collections}
    for client, action, name in product(row.client, row.action, row.collection):
        principal, collection = _principal(alliance, client), collections.get(name)
        if principal is None or collection is None:
            missing = f"client {quoted(client)}" if principal is None else f"collection {quoted(name)}"
            yield f"case {quoted(row.name)}: no {missing} in the file's alliance"
            continue
        questions = _questions(row, Question(principal, action, collection))
        for question, decision in zip(questions, judge.decide_many(questions, now), strict=True):
            if decision != row.expected:
                level = "" if question.label is None else f" under {question.label.tlp.text}"
                place = f"{quoted(client)} asks for {action} in {quoted(name)}{level}"
                yield f"case {quoted(row.name)}: {place}: expected {_words(row.expected)}, the policies answer {_words(decision)}"


def _questions(row: _Case, bare: Question) -> list[Question]:
    if row.label is None:
        return [bare]
    previous = None if row.previous is None else HandlingLabel(Tlp.of(row.previous), row.label.originator, row.label.originator)
    return [Question(bare.principal, bare.action, bare.collection, label, previous) for label in row.label.each()]


def _principal(alliance: Alliance, client: str) -> Principal | None:
    return ANONYMOUS if client == PUBLIC_AUDIENCE else alliance.principal(client)


def _words(decision: Decision) -> str:
    verdict = "allow" if decision.allowed else "deny"
    reasons = f" by {', '.join(decision.policies)}" if decision.policies else " (nothing permits)"
    return f"{verdict}{reasons}" + "".join(f"; {error}" for error in decision.errors)
