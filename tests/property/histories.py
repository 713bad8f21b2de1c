"""Random histories: what several organisations do to one exchange, one deed after the other.

A history is made of its seed alone, before anything runs, so that leaving a deed out changes no other. Ids are few, so that they collide; every
content holds a token of its own, by which it is known again wherever it turns up.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from deeds import later
from property.cast import (
    ADDRESSES,
    ALLIANCE,
    COMPLIANCE,
    CURATORS,
    DROPBOX,
    EXCHANGE,
    IDENTITIES,
    INDICATORS,
    INTAKE,
    INTAKES,
    LABS_INTAKE,
    LINKS,
    NATIONAL,
    OFFICER,
    OPERATION,
    OWN_IDENTITY,
    POSSIBLE,
    PUBLIC,
    TERMS,
    UNREGISTERED,
    WEIGHTS,
    WRITERS,
    Change,
    Content,
    alliance,
    terms_of,
)
from worlds import AMBER, CLEAR, GREEN, RED, STRICT


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


@dataclass(frozen=True)
class Reject:
    """A curator rejects what waits under these ids, for a reason that is known again."""

    client: str
    path: str
    object_ids: tuple[str, ...]
    reason: str
    seconds: float = 1


@dataclass(frozen=True)
class Hold:
    """Compliance holds what stands under an id."""

    client: str
    path: str
    object_id: str
    hours: int
    seconds: float = 1


@dataclass(frozen=True)
class Lift:
    """Compliance lifts the holds on an id."""

    client: str
    path: str
    object_id: str
    seconds: float = 1


@dataclass(frozen=True)
class Withdraw:
    """A client takes back everything of his organisation under an id, wherever it is."""

    client: str
    object_id: str
    seconds: float = 1
    path: str = ""


@dataclass(frozen=True)
class Erase:
    """The data protection officer deletes an object everywhere, and those who sent it may not send it again."""

    client: str
    object_id: str
    seconds: float = 1
    path: str = ""


@dataclass(frozen=True)
class Reload:
    """The alliance changes."""

    change: Change
    seconds: float = 1
    client: str = ""
    path: str = ""


@dataclass(frozen=True)
class Duties:
    """The scheduler does whatever is due: holds and embargoes end, bytes past their retention go, jobs are worked on."""

    seconds: float = 1
    client: str = ""
    path: str = ""


Deed: TypeAlias = Add | Delete | Release | Reject | Hold | Lift | Withdraw | Erase | Reload | Duties


def history(seed: int, length: int = 22) -> list[Deed]:
    """The deeds that a seed means."""
    dice = random.Random(seed)
    prober = dice.choice(WRITERS[ALLIANCE])
    ids = (*dice.sample(INDICATORS, dice.choice([1, 2, 3, 5])), *dice.sample(ADDRESSES, dice.choice([1, 2])), dice.choice(LINKS))
    return [*_History(dice, seed, ids, prober).deeds(length)]


_CREATED: Final = ("indicator", "relationship", "note")
_LEVELS: Final = (CLEAR, GREEN, GREEN, GREEN, GREEN, AMBER, AMBER, STRICT, STRICT, RED, RED, None)
_LOW_LEVELS: Final = {EXCHANGE: (CLEAR, GREEN, GREEN, GREEN, None, AMBER), PUBLIC: (CLEAR, CLEAR, None, GREEN)}
_SECONDS: Final = (0.001, 1, 30, 30, 3600, 40_000)
_RELEASES: Final = {INTAKE: (ALLIANCE, ALLIANCE, EXCHANGE), LABS_INTAKE: (ALLIANCE, ALLIANCE, OPERATION)}


@dataclass
class _History:
    """A history in the making, about few ids. `sent` remembers what was sent by whom, to send it again. The prober tries what others hide from him."""

    dice: random.Random
    seed: int
    ids: tuple[str, ...]
    prober: str
    sent: list[tuple[str, Content]] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)
    tokens: int = 0

    def deeds(self, length: int) -> Sequence[Deed]:
        """All of them, each a while after the one before."""
        aside = self.dice.choice([EXCHANGE, INTAKE, INTAKE, LABS_INTAKE, OPERATION, NATIONAL, PUBLIC, DROPBOX])
        weights = {ALLIANCE: self.dice.choice([1, 3, 8]), aside: 2}
        paths = self.dice.choices(list(weights), list(weights.values()), k=length)
        kinds: dict[Callable[[str], Deed], float] = {
            self._write: 10,
            self._hold: self.dice.choice([0, 0, 1]),
            self._reload: self.dice.choice([0, 0, 1, 2]),
            self._duties: self.dice.choice([0.5, 1, 2]),
            self._withdraw: self.dice.choice([0, 0.3]),
            self._erase: self.dice.choice([0, 0, 0.4]),
        }
        chosen = self.dice.choices(list(kinds), list(kinds.values()), k=length)
        return [replace(make(path), seconds=self.dice.choice(_SECONDS)) for make, path in zip(chosen, paths, strict=True)]

    def _write(self, path: str) -> Deed:
        client = self.dice.choice(WRITERS[path])
        if self.prober in WRITERS[path] and self.dice.random() < 0.35:
            client = self.prober
        if path in INTAKES and self.dice.random() < 0.45:
            return self._curate(path)
        if self.dice.random() < 0.2:
            return Delete(client, path, self.dice.choice(self.ids), self.dice.choice(["", "", "last", "first", _day(1), _day(3)]))
        return self._add(client, path)

    def _curate(self, path: str) -> Deed:
        curator = self.dice.choice([CURATORS[path], CURATORS[path], CURATORS[INTAKE]])
        chosen = tuple(self.dice.sample(self.ids, self.dice.randint(1, 3)))
        if self.dice.random() < 0.2:
            return Reject(curator, path, chosen, f"no {self._token()}")
        return Release(curator, path, chosen, self.dice.choice(_RELEASES[path]))

    def _hold(self, path: str) -> Deed:
        if self.held and self.dice.random() < 0.4:
            return Lift(COMPLIANCE, *self.dice.choice(self.held))
        object_id = self.dice.choice(self.ids)
        self.held.append((path, object_id))
        return Hold(COMPLIANCE, path, object_id, self.dice.choice([1, 12, 1_000]))

    def _reload(self, _path: str) -> Deed:
        what, name = self.dice.choice(list(POSSIBLE))
        return Reload(Change(what, name, self.dice.choice(POSSIBLE[what, name])))

    def _duties(self, _path: str) -> Deed:
        return Duties()

    def _withdraw(self, path: str) -> Deed:
        return Withdraw(self.dice.choice(WRITERS[path]), self.dice.choice(self.ids))

    def _erase(self, _path: str) -> Deed:
        return Erase(OFFICER, self.dice.choice(self.ids))

    def _add(self, client: str, path: str) -> Add:
        organisation = client.partition("/")[0]
        objects: dict[tuple[str, str], Content] = {}
        for _ in range(self.dice.choice([1, 1, 2, 2, 3, 4, 10])):
            for each in self._item(organisation, path):
                objects[each["id"], each.get("modified", "")] = each
        if any(each["id"] == UNREGISTERED for each in objects.values()):  # a creator comes with what it created
            made = {key: each | {"created_by_ref": UNREGISTERED} for key, each in objects.items() if each["type"] in _CREATED}
            objects |= {key: each for key, each in made.items() if objects[key].get("created_by_ref") is None}
        self.sent += [(client, each) for each in objects.values()]
        return Add(client, path, tuple(objects.values()))

    def _item(self, organisation: str, path: str) -> list[Content]:
        """An object, behind the handling marking that it uses, if it uses one."""
        if self.sent and self.dice.random() < 0.3:
            return [self._again(organisation)]
        marks: list[str] = [level for level in [self.dice.choice(_LOW_LEVELS.get(path, _LEVELS))] if level is not None]
        markings: list[Content] = []
        if self.dice.random() < 0.5:
            terms = terms_of(organisation, self.dice.choices(TERMS, WEIGHTS)[0])
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
        newer = later(content, self.dice.randint(2, 9), name=self._token(), x_token=self._token())
        level = self.dice.choice(_LEVELS)
        return newer | ({"object_marking_refs": [level]} if level is not None and self.dice.random() < 0.5 else {})

    def _object(self, organisation: str) -> Content:
        kind = self.dice.choices(["indicator", "ipv4-addr", "link", "identity"], [6, 3, 2, 1])[0]
        token = self._token()
        if kind == "ipv4-addr":
            return {"type": kind, "id": self._id(kind), "value": "198.51.100.7", "x_token": token}
        versioned = {"spec_version": "2.1", "created": _day(1), "modified": _day(self.dice.randint(1, 6)), "x_token": token}
        creator = self._creator(organisation)
        versioned |= {"created_by_ref": creator} if creator else {}
        if kind == "link":
            return {**self._link(), **versioned}
        if kind == "identity":
            return {"type": kind, "id": IDENTITIES[self.tokens % 2], **versioned, "name": token, "identity_class": "organization"}
        pattern = {"pattern": "[ipv4-addr:value = '198.51.100.7']", "pattern_type": "stix", "valid_from": _day(1), "name": token}
        return {"type": kind, "id": self._id(kind), **versioned, **pattern}

    def _link(self) -> Content:
        """Refers to what the history is about, or might have been."""
        link = next(each for each in self.ids if each in LINKS)
        targets = [each for each in self.ids if each not in LINKS] if self.dice.random() < 0.7 else [*INDICATORS, *ADDRESSES]
        source, *more = self.dice.sample(targets, min(self.dice.choice([2, 2, 3]), len(targets)))
        if link.startswith("note"):
            return {"type": "note", "id": link, "content": "seen together", "object_refs": [source, *more]}
        return {"type": "relationship", "id": link, "relationship_type": "indicates", "source_ref": source, "target_ref": more[0]}

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


def touched(deeds: Sequence[Deed]) -> frozenset[str]:
    """Where a history leaves something."""
    paths = {deed.path for deed in deeds if deed.path} | {deed.to for deed in deeds if isinstance(deed, Release)}
    followed = {each for path in paths.intersection(INTAKES) for each in _by_path()[path]}
    return frozenset(paths | followed | {ALLIANCE})


def _by_path() -> dict[str, tuple[str, ...]]:
    return {each.path: each.release_to for each in alliance().collections}


def ids_of(deeds: Sequence[Deed]) -> list[str]:
    """The ids that a history is about, markings apart."""
    sent = (content["id"] for deed in deeds if isinstance(deed, Add) for content in deed.objects)
    return [each for each in dict.fromkeys(sent) if not each.startswith(("marking-definition", "identity"))]
