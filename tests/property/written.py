"""One version as it stands in a collection, and the label that the tables give an object: what markings mean, without the code that reads them."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import orjson
from property.cast import LISTS, OWN_IDENTITY, TERMS, Changes, Content, alliance, terms_of
from property.dates import RowKey
from worlds import AMBER, CLEAR, GREEN, RED, STRICT

from app.stix.handling import HandlingLabel, Tlp
from app.store.contract import StoredVersion

TOKEN: Final = re.compile(rb"tok-[0-9]+-[0-9]+-")
ID: Final = re.compile(rb"[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LEVELS: Final = {CLEAR: Tlp.CLEAR, GREEN: Tlp.GREEN, AMBER: Tlp.AMBER, STRICT: Tlp.AMBER_STRICT, RED: Tlp.RED}
_OWNERS: Final = {identity: name for name, identity in OWN_IDENTITY.items()}
_ORGANISATIONS: Final = (*OWN_IDENTITY, "vendor", "labs", "secretariat")
TERMS_BY_ID: Final = {terms_of(name, which)["id"]: LISTS[which] for name in _ORGANISATIONS for which in TERMS}
KEYS: Final = {each.path: each.key for each in alliance().collections}
Contribution = tuple[str, str, str]
"""Path, object id, organisation."""


@dataclass(eq=False)
class Written:
    """One version as it stands in a collection. `labels` are all that were ever put on it: a reader must pass each."""

    path: str
    step: int
    stored: StoredVersion
    content: Content
    labels: list[HandlingLabel]
    """In no state: that is the ledger's to know."""
    since: int
    """Its date when it came, or was let out: what ranks it among the contributions under its id, unless its creator is registered."""
    origin: "Written | None" = None
    """What it was released from."""
    bound_by: set["Written"] = field(default_factory=set)
    """The versions in its intake by whose labels a released copy is bound."""
    is_out: bool = False
    """Whether it was ever published: from then on it binds older versions, whatever becomes of it."""
    pins: frozenset[Contribution] = frozenset()
    """The contributions by which it is withheld: those that its writer was shown under what it refers to, and his own organisation's."""
    seen_by: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    """Which observers saw it, and at which dates."""

    @cached_property
    def tokens(self) -> frozenset[bytes]:
        """By what it is known again."""
        return frozenset(TOKEN.findall(orjson.dumps(self.content)))

    @cached_property
    def ids(self) -> frozenset[bytes]:
        """Every id that stands in it, its own among them."""
        return frozenset(ID.findall(orjson.dumps(self.content)))

    @property
    def contribution(self) -> Contribution:
        """What it is a version of."""
        return self.path, self.stored.object_id, self.stored.contributor

    @property
    def originator(self) -> str:
        """Whose it is."""
        return self.labels[0].originator

    @property
    def row_key(self) -> RowKey:
        """By what its date is known."""
        return RowKey(KEYS[self.path], self.stored.object_id, self.stored.contributor, self.stored.version)


def stated(content: Content) -> str:
    """The version that an object states itself."""
    return str(content.get("modified") or content.get("created") or "")


def is_version_of(content: Content, stored: StoredVersion) -> bool:
    """Whether this is the object of a row."""
    return content["id"] == stored.object_id and stated(content) in {"", stored.version}


def is_owned(written: Written) -> bool:
    """Whether its contributor has registered its creator."""
    return owner_of(written.content, "") == written.stored.contributor


def owner_of(content: Content, organisation: str) -> str:
    """Whose an object is that this organisation sends."""
    return _OWNERS.get(content.get("created_by_ref", ""), organisation)


def label_of(content: Content, client: str, path: str, changes: Changes) -> HandlingLabel:
    """The label that the tables give an object which a client sends."""
    world, organisation = alliance(changes), client.partition("/")[0]
    collection = next(each for each in world.collections if each.path == path)
    marks = content.get("object_marking_refs", [])
    levels = [_LEVELS[mark] for mark in marks if mark in _LEVELS]
    credential = world.client(client)
    default = (credential.unmarked if credential else None) or collection.unmarked
    level = max(levels) if levels else Tlp.of(default)
    terms: dict[str, Any] = {name: value for mark in [*marks, content["id"]] for name, value in TERMS_BY_ID.get(mark, {}).items()}
    recipients = frozenset(terms["recipients"]) if "recipients" in terms else None
    if level is Tlp.RED and recipients is None:
        recipients = collection.red_recipients
    return HandlingLabel(
        tlp=level,
        originator=owner_of(content, organisation),
        submitter=organisation,
        recipients=recipients,
        releasable_to=frozenset(terms["releasable_to"]) if "releasable_to" in terms else None,
        embargo_until=datetime.fromisoformat(terms["embargo_until"]) if "embargo_until" in terms else None,
        retention_until=datetime.fromisoformat(terms["retention_until"]) if "retention_until" in terms else None,
        purposes=frozenset(terms["purposes"]) if "purposes" in terms else None,
    )


def waits(label: HandlingLabel, now: datetime) -> bool:
    """Whether an embargo has not ended."""
    return label.embargo_until is not None and label.embargo_until > now
