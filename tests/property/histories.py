"""Random histories: what several organisations do to one exchange, one deed after the other.

A history is made of its seed alone, before anything runs, so that leaving a deed out changes no other. Ids are few, so that they collide; every
content holds a token of its own, by which it is known again wherever it turns up.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

import worlds
from deeds import later
from worlds import AMBER, CLEAR, GREEN, NG_IDENTITY, RED, STRICT

from app.access.alliance import Alliance, Organisation
from app.stix.markings import HANDLING_EXTENSION

Content: TypeAlias = dict[str, Any]


def fixed(kind: str, name: str) -> str:
    """A STIX id that is the same in every run."""
    return f"{kind}--{UUID(bytes=uuid5(NAMESPACE_URL, f'legation:{kind}:{name}').bytes, version=4)}"


ALLIANCE, NATIONAL, EXCHANGE, OPERATION = "members/alliance", "members/ng-indicators", "exchange/knowledge", "operations/afjoc"
INTAKE, PUBLIC, DROPBOX = "intake/vendor", "public/advisories", "members/dropbox"
PATHS: Final = (ALLIANCE, NATIONAL, EXCHANGE, OPERATION, INTAKE, PUBLIC, DROPBOX)

KE_IDENTITY, ZA_IDENTITY, UNREGISTERED = (fixed("identity", name) for name in ("ke-cert", "za-cert", "nobody"))
IDENTITIES: Final = (fixed("identity", "bank"), UNREGISTERED)
"""Sent as objects: one that created nothing, and one that created much."""
OWN_IDENTITY: Final = {"ng-cert": NG_IDENTITY, "ke-cert": KE_IDENTITY, "za-cert": ZA_IDENTITY}

DESKS: Final = {name: fixed("identity", f"{name} desk") for name in OWN_IDENTITY}
_TRUSTED: Final = ("reader", "contributor", "releaser")

INDICATORS: Final = tuple(fixed("indicator", str(number)) for number in range(6))
ADDRESSES: Final = tuple(fixed("ipv4-addr", str(number)) for number in range(3))
LINKS: Final = tuple(fixed("relationship", str(number)) for number in range(2))
UNKNOWN_ID: Final = fixed("indicator", "unknown")
SHARED_IDS: Final = (*INDICATORS, *ADDRESSES, *LINKS)

LISTS: Final[tuple[Content, ...]] = (
    {"releasable_to": ["org:ng-cert"]},
    {"releasable_to": ["jur:KE"]},
    {"releasable_to": ["org:za-cert", "org:ke-cert"]},
    {"releasable_to": ["group:secretariat", "jur:NG"]},
    {"releasable_to": []},
    {"recipients": [DESKS["ke-cert"]]},
    {"recipients": [DESKS["ng-cert"], DESKS["za-cert"]]},
    {"embargo_until": "2026-06-01T00:00:00.000Z"},
    {"retention_until": "2026-03-03T00:00:00.000Z"},
    {"purposes": ["research"]},
)
TERMS: Final = tuple(range(len(LISTS)))
_WEIGHTS: Final = tuple(4 if "embargo_until" in terms else 3 if "releasable_to" in terms else 1 for terms in LISTS)


def _member(organisation: str, name: str, jurisdiction: str) -> Organisation:
    clients = {
        "misp": {"roles": _TRUSTED},
        "strict": {"roles": _TRUSTED, "unmarked": "amber+strict"},
        "desk": {"roles": ("reader", "red-reader"), "identities": [DESKS[organisation]]},
        "feed": {"roles": ("reader",), "scope": "constituency"},
        "opencti": {"roles": ("reader",), "compatibility": ("millisecond-dates", "spec-version-first", "empty-objects-list")},
    }
    whole = {"kind": "member", "name": name, "jurisdiction": jurisdiction, "identities": [OWN_IDENTITY[organisation]], "clients": clients}
    return Organisation.model_validate(whole)


@cache
def alliance() -> Alliance:
    """The small alliance with a third member; every member has registered an identity, and collections have more writers."""
    members = {"ng-cert": ("Nigeria CERT", "NG"), "ke-cert": ("Kenya CERT", "KE"), "za-cert": ("South Africa CERT", "ZA")}
    organisations = {name: _member(name, *more) for name, more in members.items()}
    changes: dict[str, dict[str, Any]] = {
        ALLIANCE: {"writers": frozenset({"group:members", "group:secretariat"}), "red_recipients": frozenset({"user:ke-cert/desk"})},
        OPERATION: {"writers": frozenset({"org:ng-cert", "org:ke-cert"})},
        INTAKE: {"release_to": (ALLIANCE, EXCHANGE)},
    }
    collections = tuple(each.model_copy(update=changes.get(each.path, {})) for each in worlds.COLLECTIONS)
    return worlds.alliance(0, organisations={**worlds.ORGANISATIONS, **organisations}, collections=collections)


def terms_of(organisation: str, which: int) -> Content:
    """The handling marking number `which` of an organisation: always the same, so that it can be sent again."""
    return {
        "type": "marking-definition", "spec_version": "2.1", "id": fixed("marking-definition", f"{organisation}:{which}"),
        "created": "2026-01-01T00:00:00.000Z", "name": f"terms {which} of {organisation}", "object_marking_refs": [GREEN],
        "extensions": {HANDLING_EXTENSION: {"extension_type": "property-extension", "handling_version": "1.0", **LISTS[which]}},
    }  # fmt: skip


@dataclass(frozen=True)
class Add:
    """A client posts an envelope."""

    client: str
    path: str
    objects: tuple[Content, ...]
    seconds: float = 1


@dataclass(frozen=True)
class Delete:
    """A client deletes versions of an object; `versions` is the text of `match[version]`, empty for all."""

    client: str
    path: str
    object_id: str
    versions: str = ""
    seconds: float = 1


@dataclass(frozen=True)
class Release:
    """A curator releases objects."""

    client: str
    path: str
    object_ids: tuple[str, ...]
    to: str
    seconds: float = 1


Deed: TypeAlias = Add | Delete | Release


def history(seed: int, length: int = 22) -> list[Deed]:
    """The deeds that a seed means."""
    dice = random.Random(seed)
    prober = dice.choice(_WRITERS[ALLIANCE])
    ids = (*dice.sample(INDICATORS, dice.choice([1, 2, 3, 5])), *dice.sample(ADDRESSES, dice.choice([1, 2])), dice.choice(LINKS))
    return [*_History(dice, seed, ids, prober).deeds(length)]


_WRITERS: Final = {
    ALLIANCE: ("ng-cert/misp", "ng-cert/strict", "ke-cert/misp", "ke-cert/strict", "za-cert/misp", "secretariat/editor"),
    NATIONAL: ("ng-cert/misp", "ng-cert/strict"),
    EXCHANGE: ("ng-cert/misp", "ke-cert/misp", "za-cert/misp"),
    OPERATION: ("ng-cert/misp", "ke-cert/misp"),
    INTAKE: ("vendor/push",),
    PUBLIC: ("secretariat/editor",),
    DROPBOX: ("ng-cert/misp",),
}
_CREATED: Final = ("indicator", "relationship")
_LEVELS: Final = (CLEAR, GREEN, GREEN, GREEN, GREEN, AMBER, AMBER, STRICT, STRICT, RED, RED, None)
_LOW_LEVELS: Final = {EXCHANGE: (CLEAR, GREEN, GREEN, GREEN, None, AMBER), PUBLIC: (CLEAR, CLEAR, None, GREEN)}
CURATOR: Final = "secretariat/curator"


@dataclass
class _History:
    """A history in the making, about few ids. `sent` remembers what was sent by whom, to send it again. The prober tries what others hide from him."""

    dice: random.Random
    seed: int
    ids: tuple[str, ...]
    prober: str
    sent: list[tuple[str, Content]] = field(default_factory=list)
    tokens: int = 0

    def deeds(self, length: int) -> Sequence[Deed]:
        aside = self.dice.choice([EXCHANGE, INTAKE, INTAKE, OPERATION, NATIONAL, PUBLIC, DROPBOX])
        weights = {ALLIANCE: self.dice.choice([1, 3, 8]), aside: 2}
        paths = self.dice.choices(list(weights), list(weights.values()), k=length)
        return [replace(self._deed(path), seconds=self.dice.choice([0.001, 1, 30, 30, 3600, 40_000])) for path in paths]

    def _deed(self, path: str) -> Deed:
        client = self.dice.choice(_WRITERS[path])
        if self.prober in _WRITERS[path] and self.dice.random() < 0.35:
            client = self.prober
        if path == INTAKE and self.dice.random() < 0.45:
            chosen = self.dice.sample(self.ids, self.dice.randint(1, 3))
            return Release(CURATOR, path, tuple(chosen), self.dice.choice([ALLIANCE, ALLIANCE, EXCHANGE]))
        if self.dice.random() < 0.2:
            return Delete(client, path, self.dice.choice(self.ids), self.dice.choice(["", "", "last", "first", _day(1), _day(3)]))
        return self._add(client, path)

    def _add(self, client: str, path: str) -> Add:
        organisation = client.partition("/")[0]
        objects: dict[tuple[str, str], Content] = {}
        for _ in range(self.dice.choice([1, 1, 2, 3, 4])):
            for each in self._item(organisation, path):
                objects[each["id"], each.get("modified", "")] = each
        if any(each["id"] == UNREGISTERED for each in objects.values()):  # a creator comes with what it created
            made = {key: each | {"created_by_ref": UNREGISTERED} for key, each in objects.items() if each["type"] in _CREATED}
            objects |= {key: each for key, each in made.items() if objects[key].get("created_by_ref") is None}
        self.sent += [(client, each) for each in objects.values()]
        return Add(client, path, tuple(objects.values()))

    def _item(self, organisation: str, path: str) -> list[Content]:
        """An object, behind the handling marking that it uses, if it uses one."""
        if self.sent and self.dice.random() < 0.2:
            return [self._again(organisation)]
        marks: list[str] = [level for level in [self.dice.choice(_LOW_LEVELS.get(path, _LEVELS))] if level is not None]
        markings: list[Content] = []
        if self.dice.random() < 0.5:
            terms = terms_of(organisation, self.dice.choices(TERMS, _WEIGHTS)[0])
            others = [each for _, each in self.sent if each["type"] == "marking-definition"]
            is_borrowed = bool(others) and self.dice.random() < 0.3
            terms = self.dice.choice(others) if is_borrowed else terms
            marks.append(terms["id"])
            if self.dice.random() < (0.3 if is_borrowed else 0.9):
                markings.append(terms | {"name": f"as {organisation} says"} if is_borrowed else terms)
        content = self._object(organisation)
        if content["id"] == UNREGISTERED:  # producers mark no creators
            return [content]
        return [*markings, content | ({"object_marking_refs": marks} if marks else {})]

    def _again(self, organisation: str) -> Content:
        """Something that was sent before, by whomever: as it was, in a newer version, or taken back."""
        mine = [content for client, content in self.sent if client.startswith(organisation)]
        content = self.dice.choice(mine if mine and self.dice.random() < 0.8 else [content for _, content in self.sent])
        if "modified" not in content or self.dice.random() < 0.4:
            return content
        if self.dice.random() < 0.4:
            return later(content, self.dice.randint(5, 9), revoked=True)
        return later(content, self.dice.randint(2, 9), name=self._token(), x_token=self._token())

    def _object(self, organisation: str) -> Content:
        kind = self.dice.choices(["indicator", "ipv4-addr", "relationship", "identity"], [6, 3, 2, 1])[0]
        token = self._token()
        if kind == "ipv4-addr":
            return {"type": kind, "id": self._id(kind), "value": "198.51.100.7", "x_token": token}
        versioned = {"spec_version": "2.1", "created": _day(1), "modified": _day(self.dice.randint(1, 6)), "x_token": token}
        creator = self._creator(organisation)
        versioned |= {"created_by_ref": creator} if creator else {}
        if kind == "relationship":
            source, target = self.dice.sample([*INDICATORS, *ADDRESSES], 2)
            ends = {"relationship_type": "indicates", "source_ref": source, "target_ref": target}
            return {"type": kind, "id": self._id(kind), **versioned, **ends}
        if kind == "identity":
            return {"type": kind, "id": IDENTITIES[self.tokens % 2], **versioned, "name": token, "identity_class": "organization"}
        pattern = {"pattern": "[ipv4-addr:value = '198.51.100.7']", "pattern_type": "stix", "valid_from": _day(1), "name": token}
        return {"type": kind, "id": self._id(kind), **versioned, **pattern}

    def _id(self, kind: str) -> str:
        return self.dice.choice([each for each in self.ids if each.startswith(kind)])

    def _creator(self, organisation: str) -> str | None:
        others = [identity for name, identity in OWN_IDENTITY.items() if name != organisation]
        mine = OWN_IDENTITY.get(organisation)
        return self.dice.choice([None, None, None, mine, mine, UNREGISTERED, self.dice.choice(others)])

    def _token(self) -> str:
        self.tokens += 1
        return f"tok-{self.seed}-{self.tokens}-"


def _day(number: int) -> str:
    return f"2026-02-{number:02}T00:00:00.000Z"
