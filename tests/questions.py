"""A small world for the policies, and random questions about it.

No server and no store: the alliance as values, its policies as the project has them.
"""

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from app.access.actions import Action
from app.access.alliance import Alliance, Collection
from app.access.decision import Question
from app.access.principal import ANONYMOUS, Principal
from app.stix.handling import HandlingLabel, State, Tlp

POLICIES = Path(__file__).parents[1] / "policies"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROLES = ("reader", "contributor", "releaser", "curator", "red-reader", "auditor", "admin", "compliance", "dpo")
PURPOSES = ("defence", "investigation", "research")


def policy_files() -> dict[str, str]:
    """The project's policies: file name → text."""
    return {path.name: path.read_text() for path in sorted(POLICIES.glob("*.cedar"))}


def policy_schema() -> str:
    """The project's policy schema."""
    return (POLICIES / "schema.cedarschema").read_text()


def world() -> Alliance:
    """Eight organisations of all kinds and standings, each with clients of every trade, and collections of all kinds and states."""
    clients = _clients()
    organisations: dict[str, dict[str, object]] = {
        "ng": {"kind": "member", "jurisdiction": "NG"},
        "np": {"kind": "member", "jurisdiction": "NG", "withhold_from": ["jur:KE", "org:acme"]},
        "ke": {"kind": "member", "jurisdiction": "KE", "withhold_from": ["group:secretariat"]},
        "sec": {"kind": "secretariat"},
        "acme": {"kind": "partner", "agreement_until": date(2026, 6, 1)},
        "bank": {"kind": "partner", "jurisdiction": "KE"},
        "lapsed": {"kind": "partner", "agreement_until": date(2026, 5, 31)},
        "idle": {"kind": "member", "active": False},
    }
    return Alliance.model_validate(
        {
            "organisations": {name: {"name": name, "clients": clients, **each} for name, each in organisations.items()},
            "groups": {"west": {"name": "west", "members": ["ng", "np", "acme"]}},
            "roots": {},
            "collections": _collections(),
            "policies": policy_files(),
            "policy_schema": policy_schema(),
        }
    )


def _clients() -> dict[str, dict[str, object]]:
    trades = [("desk", ROLES), ("tool", ("reader", "contributor")), ("red", ("reader", "red-reader")), ("none", ("reader",))]
    clients: dict[str, dict[str, object]] = {name: {"roles": roles, "purposes": PURPOSES[: len(name) - 3]} for name, roles in trades}
    return clients | {"feed": {"roles": ROLES, "scope": "constituency", "purposes": ["research"]}}


def _collections() -> list[dict[str, object]]:
    everybody = frozenset({"group:members", "group:secretariat", "group:partners"})
    some = frozenset({"org:ng", "org:sec", "org:acme", "org:bank", "user:ke/red"})
    rows: list[dict[str, object]] = [
        {"kind": "alliance", "owner": "sec", "readers": everybody, "writers": everybody, "relay": True},
        {"kind": "alliance", "owner": "sec", "readers": everybody | {"public"}, "writers": everybody, "ceiling": "amber+strict"},
        {"kind": "national", "owner": "ng", "readers": some, "writers": {"org:ng", "org:np"}, "opaque": "originator"},
        {"kind": "national", "owner": "ke", "readers": {"org:ke"}, "writers": {"org:ke"}, "ceiling": "green"},
        {"kind": "operation", "owner": "ng", "readers": some, "writers": some},
        {"kind": "operation", "owner": "ng", "readers": some, "writers": some, "state": "closing"},
        {"kind": "operation", "owner": "ke", "readers": everybody, "writers": {"org:ke", "org:bank"}, "state": "closed"},
        {"kind": "operation", "owner": "ng", "readers": everybody, "writers": some, "state": "closed", "archive_until": date(2026, 6, 1)},
        {
            "kind": "alliance",
            "owner": "ng",
            "readers": everybody,
            "writers": {"org:ng"},
            "state": "closed",
            "archive_until": date(2026, 5, 31),
        },
        {"kind": "intake", "owner": "sec", "readers": {"org:acme", "org:sec"}, "writers": {"org:acme", "org:bank"}},
        {"kind": "intake", "owner": "ke", "readers": {"org:bank"}, "writers": {"org:bank", "org:ng"}, "relay": True},
        {"kind": "public", "owner": "sec", "readers": {"public"}, "writers": {"org:sec"}, "ceiling": "clear"},
        {
            "kind": "public",
            "owner": "sec",
            "readers": {"public"},
            "writers": {"org:sec"},
            "state": "closed",
            "archive_until": date(2026, 7, 1),
        },
    ]
    return [
        {"root": "r", "name": f"c{number}", "title": f"c{number}", "id": UUID(int=number, version=4), **row}
        for number, row in enumerate(rows)
    ]


@dataclass(frozen=True)
class Dice:
    """Random questions about a world; the same seed, the same questions."""

    alliance: Alliance
    random: random.Random

    def principal(self) -> Principal:
        """A client of the world, sometimes with other roles, sometimes nobody, sometimes one that the alliance does not know."""
        organisation = self.random.choice([*sorted(self.alliance.organisations), "ng", "ke", "acme", "bank", "sec", "sec", "sec"])
        client = self.random.choice([*sorted(self.alliance.organisations[organisation].clients), "desk", "desk"])
        principal = self.alliance.principal(f"{organisation}/{client}")
        assert principal is not None
        throw = self.random.random()
        if throw < 0.04:
            return ANONYMOUS
        if throw < 0.06:
            return replace(principal, organisation="stranger")
        if throw < 0.3:
            roles = [role for role in principal.roles if self.random.random() < 0.6]
            return replace(principal, roles=frozenset(roles))
        return principal

    def collection(self) -> Collection:
        """One of the world's collections."""
        return self.random.choice(self.alliance.collections)

    def label(self, asker: Principal, *, deep: bool = True) -> HandlingLabel:
        """A label that restricts in few ways at a time, and often has to do with the one who asks."""
        names = [*sorted(self.alliance.organisations), "gone", *([asker.organisation] * 4)]
        originator = self.random.choice(names)
        submitter = self.random.choice([originator, originator, self.random.choice(names)])
        audiences = [*sorted(asker.audiences), "org:ng", "jur:KE", "group:west", "op:c4", "group:members"]
        people = [*sorted(asker.names), "user:ke/red", "user:acme/red"]
        also = (self.label(asker, deep=False),) if deep and self._sometimes(0.1) else ()
        return HandlingLabel(
            tlp=self.random.choice(list(Tlp)),
            originator=originator,
            submitter=submitter,
            recipients=self._some(people, 0.6),
            releasable_to=self._some(audiences, 0.25),
            not_releasable_to=self._some(audiences, 0.1) or frozenset(),
            embargo_until=self._moment(0.1),
            retention_until=self._moment(0.15),
            purposes=self._some(list(PURPOSES), 0.15),
            opaque=self._sometimes(0.1),
            by_default=self._sometimes(0.5),
            state=self.random.choice([State.PUBLISHED] * 6 + [State.QUARANTINED] * 4 + [State.EMBARGOED, State.HELD]),
            also=tuple(part for part in also if part.originator != originator),
        )

    def batch(self, size: int) -> list[Question]:
        """Questions of one principal about one deed in one collection."""
        asker, action, collection = self.principal(), self.random.choice(list(Action)), self.collection()
        if self._sometimes(0.35):
            action = Action.READ
        return [self._question(Question(asker, action, collection)) for _ in range(size)]

    def _question(self, bare: Question) -> Question:
        label = None if self._sometimes(0.05) else self.label(bare.principal)
        previous = self.label(bare.principal, deep=False) if self._sometimes(0.3) else None
        return bare._replace(label=label, previous=previous)

    def _sometimes(self, probability: float) -> bool:
        return self.random.random() < probability

    def _some(self, names: list[str], probability: float) -> frozenset[str] | None:
        return frozenset(self.random.sample(names, self.random.randint(0, min(3, len(names))))) if self._sometimes(probability) else None

    def _moment(self, probability: float) -> datetime | None:
        offset = self.random.choice(
            [-timedelta(days=30), -timedelta(microseconds=1), timedelta(0), timedelta(microseconds=1), timedelta(days=30)]
        )
        return NOW + offset if self._sometimes(probability) else None
