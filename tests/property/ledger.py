"""The ledger of a history: every version that was stored, under which labels by the tables' own words, and who could see it when.

What the stores call a version is taken from them; what its markings mean, and who may see it, is worked out here and by the policies' twin alone.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import orjson
from property.histories import CURATOR, IDENTITIES, INTAKE, LISTS, OWN_IDENTITY, TERMS, Add, Content, Deed, Release, alliance, terms_of
from property.stage import RowKey, Stage
from twin import decide
from worlds import AMBER, CLEAR, GREEN, NG_IDENTITY, RED, STRICT

from app.access.actions import Action
from app.access.decision import Question
from app.access.principal import ANONYMOUS, Principal
from app.stix.handling import HandlingLabel, State, Tlp
from app.store.contract import StoredVersion

TOKEN: Final = re.compile(rb"tok-[0-9]+-[0-9]+-")
ID: Final = re.compile(rb"[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LEVELS: Final = {CLEAR: Tlp.CLEAR, GREEN: Tlp.GREEN, AMBER: Tlp.AMBER, STRICT: Tlp.AMBER_STRICT, RED: Tlp.RED}
_OWNERS: Final = {identity: name for name, identity in OWN_IDENTITY.items()}
_ORGANISATIONS: Final = (*OWN_IDENTITY, "vendor", "secretariat")
TERMS_BY_ID: Final = {terms_of(name, which)["id"]: LISTS[which] for name in _ORGANISATIONS for which in TERMS}
COLLECTIONS: Final = {each.path: each for each in alliance().collections}
_EVERY_ID: Final = (*IDENTITIES, *TERMS_BY_ID)


@dataclass(eq=False)
class Written:
    """One version as it stands in a collection. `labels` are all that were ever put on it: a reader must pass each."""

    path: str
    step: int
    stored: StoredVersion
    content: Content
    labels: list[HandlingLabel]
    origin: "Written | None" = None
    """What it was released from."""
    seen_by: set[str] = field(default_factory=set)

    @property
    def contribution(self) -> tuple[str, str, str]:
        """What it is a version of."""
        return self.path, self.stored.object_id, self.stored.contributor

    @property
    def is_pending(self) -> bool:
        """Whether it waits to be published."""
        return self.stored.state is not State.PUBLISHED

    @property
    def originator(self) -> str:
        """Whose it is."""
        return self.labels[0].originator

    @property
    def row_key(self) -> RowKey:
        """By what its date is known."""
        return self.step, COLLECTIONS[self.path].key, self.stored.object_id, self.stored.contributor, stated(self.content)


def stated(content: Content) -> str:
    """The version that an object states itself."""
    return str(content.get("modified") or content.get("created") or "")


def label_of(content: Content, client: str, path: str) -> HandlingLabel:
    """The label that the tables give an object."""
    collection, organisation = COLLECTIONS[path], client.partition("/")[0]
    marks = content.get("object_marking_refs", [])
    levels = [_LEVELS[mark] for mark in marks if mark in _LEVELS]
    credential = alliance().client(client)
    default = (credential.unmarked if credential else None) or collection.unmarked
    level = max(levels) if levels else Tlp.of(default)
    terms: dict[str, Any] = {name: value for mark in [*marks, content["id"]] for name, value in TERMS_BY_ID.get(mark, {}).items()}
    recipients = frozenset(terms["recipients"]) if "recipients" in terms else None
    if level is Tlp.RED and recipients is None:
        recipients = collection.red_recipients
    label = HandlingLabel(
        tlp=level,
        originator=_OWNERS.get(content.get("created_by_ref", ""), organisation),
        submitter=organisation,
        recipients=recipients,
        releasable_to=frozenset(terms["releasable_to"]) if "releasable_to" in terms else None,
        embargo_until=datetime.fromisoformat(terms["embargo_until"]) if "embargo_until" in terms else None,
        retention_until=datetime.fromisoformat(terms["retention_until"]) if "retention_until" in terms else None,
        purposes=frozenset(terms["purposes"]) if "purposes" in terms else None,
    )
    return replace(label, state=State.QUARANTINED) if path == INTAKE else _out(label)


def _out(label: HandlingLabel) -> HandlingLabel:
    """The label once nothing but its embargo stands against it: no history lasts until one ends."""
    return replace(label, state=State.PUBLISHED if label.embargo_until is None else State.EMBARGOED)


class Ledger:
    """Everything that was written in one stage, step by step."""

    def __init__(self, observers: Iterable[str]) -> None:
        self.written: list[Written] = []
        self.items: dict[tuple[int, int], Written] = {}
        """(step, place in the envelope) → the version that stands for it."""
        self.deleted: dict[int, list[Written]] = {}
        self._rows: dict[tuple[str, int], Written] = {}
        self._observers = {name: _principal(name) for name in observers}
        self._known: dict[tuple[str, str, HandlingLabel, bool], bool] = {}

    async def enter(self, stage: Stage, step: int, deed: Deed, answer: bytes) -> None:
        """Take down what a deed did, and who sees what now."""
        paths = [deed.path]
        if isinstance(deed, Release):
            paths.append(deed.to)
        elif deed.path == INTAKE:
            paths += COLLECTIONS[INTAKE].release_to
        taken = [*_taken(deed, orjson.loads(answer))] if isinstance(deed, Add) and answer.startswith(b'{"id"') else []
        for path in paths:
            for stored in await _stored(stage, path, deed):
                self._enter_row(path, step, stored, deed, taken)
        for place in taken:
            self._tighten(step, place, deed)
        if deed.path == INTAKE:
            self._follow()
        for written in self.written:
            written.seen_by |= {name for name in self._observers if self.sees(name, written, stage.clock.instant)}

    def sees(self, observer: str, written: Written, now: datetime) -> bool:
        """Whether the observer may see a version, by the tables."""
        if written.stored.deleted:
            return False
        action = Action.REVIEW if observer == CURATOR and written.path == INTAKE else Action.READ
        return all(self._passes(observer, written.path, label, action, now) for label in self._binding(written))

    def _binding(self, written: Written) -> Iterator[HandlingLabel]:
        yield from written.labels
        for each in self.contribution(written.contribution):
            if not each.is_pending and each.stored.key >= written.stored.key:
                yield from each.labels
        for original in self.originals(written):
            yield from original.labels

    def originals(self, written: Written) -> list[Written]:
        """The originator's own published versions of what a version is relayed from: all of them bind it."""
        path, object_id, contributor = written.contribution
        if written.originator == contributor:
            return []
        owned = self.contribution((path, object_id, written.originator))
        return [each for each in owned if each.originator == written.originator and not each.is_pending]

    def contribution(self, contribution: tuple[str, str, str]) -> list[Written]:
        """Its versions, deleted ones included."""
        return [each for each in self.written if each.contribution == contribution]

    def _passes(self, observer: str, path: str, label: HandlingLabel, action: Action, now: datetime) -> bool:
        is_over = label.retention_until is not None and label.retention_until <= now
        asked = observer, path, label, is_over
        if asked not in self._known:
            question = Question(self._observers[observer], action, COLLECTIONS[path], label)
            self._known[asked] = decide(question, alliance(), now).allowed
        return self._known[asked]

    def _enter_row(self, path: str, step: int, stored: StoredVersion, deed: Deed, taken: list[int]) -> None:
        known = self._rows.get((path, stored.row))
        if known is not None:
            if stored.deleted and not known.stored.deleted:
                self.deleted.setdefault(step, []).append(known)
            known.stored = stored
            return
        written = self._released(path, step, stored) if stored.source else self._sent(path, step, stored, deed, taken)
        self.written.append(written)
        self._rows[path, stored.row] = written

    def _sent(self, path: str, step: int, stored: StoredVersion, deed: Deed, taken: list[int]) -> Written:
        assert isinstance(deed, Add)
        content = next(deed.objects[place] for place in taken if _is_version_of(deed.objects[place], stored))
        return Written(path, step, stored, content, [label_of(content, deed.client, path)])

    def _released(self, path: str, step: int, stored: StoredVersion) -> Written:
        """A copy; one that followed by itself is bound by the copy before it as well."""
        origin = next(each for each in self.written if each.path == INTAKE and each.stored.digest == stored.digest)
        labels = [_out(label) for label in origin.labels]
        before = [each for each in self.contribution((path, stored.object_id, stored.contributor)) if not each.stored.deleted]
        labels += before[-1].labels if before and origin.step == step else []
        return Written(path, step, stored, origin.content, labels, origin)

    def _tighten(self, step: int, place: int, deed: Deed) -> None:
        """Link an object to the version that stands for it; what was there before is bound by the new posting too."""
        assert isinstance(deed, Add)
        content, organisation = deed.objects[place], deed.client.partition("/")[0]
        mine = self.contribution((deed.path, content["id"], organisation))
        standing = [each for each in mine if not each.stored.deleted and _is_version_of(content, each.stored) and each.content == content]
        written = max(standing, key=lambda each: (each.stored.key, each.stored.row))
        label = label_of(content, deed.client, deed.path)
        if label not in written.labels:
            written.labels.append(label)
        self.items[step, place] = written

    def _follow(self) -> None:
        """What is in an intake binds its released copies of the same or an older version."""
        for copy in self.written:
            if not copy.stored.deleted:
                for each in self.behind(copy):
                    copy.labels += [label for label in map(_out, each.labels) if label not in copy.labels]

    def behind(self, copy: Written) -> list[Written]:
        """The versions in an intake that bind a released copy: what was released, and newer ones, but for those that are to wait for an embargo."""
        origin = copy.origin
        if origin is None:
            return []
        newer = [each for each in self.contribution(origin.contribution) if each.stored.key >= origin.stored.key]
        return [each for each in newer if each is origin or all(_out(label).state is State.PUBLISHED for label in each.labels)]


def _is_version_of(content: Content, stored: StoredVersion) -> bool:
    return content["id"] == stored.object_id and stated(content) in {"", stored.version}


def _taken(deed: Add, status: dict[str, Any]) -> Iterator[int]:
    """The places of the objects that a status calls a success."""
    failed = [(each["id"], each["version"]) for each in status.get("failures", ())]
    for place, content in enumerate(deed.objects):
        versions = {version for identifier, version in failed if identifier == content["id"]}
        if not (versions if not stated(content) else stated(content) in versions):
            yield place


async def _stored(stage: Stage, path: str, deed: Deed) -> list[StoredVersion]:
    if isinstance(deed, Add):
        ids = [content["id"] for content in deed.objects]
    else:
        ids = [*deed.object_ids, *_EVERY_ID] if isinstance(deed, Release) else [deed.object_id]
    key = COLLECTIONS[path].key
    found = await stage.exchange.store.transact(lambda tx: tx.history(key, list(dict.fromkeys(ids))))
    return [stored for rows in found.values() for stored in rows]


def _principal(name: str) -> Principal:
    return (alliance().principal(name) or ANONYMOUS) if name else ANONYMOUS


assert _OWNERS[NG_IDENTITY] == "ng-cert"
