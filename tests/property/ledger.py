"""The ledger of a history: every version that was stored, under which labels by the tables' own words, and who could see it when.

What the stores call a version is taken from them; what its markings mean, and who may see it, is worked out here (written.py, sight.py).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from property.cast import IDENTITIES, INTAKES, PATHS, alliance
from property.dates import Leak
from property.histories import Add, Deed, Delete, Duties, Erase, Hold, Lift, Reject, Release, Reload, Withdraw
from property.sight import Sight
from property.stage import DONE, Answer, Stage
from property.written import KEYS, TERMS_BY_ID, Contribution, Written, is_version_of, label_of, stated, waits

from app.stix.handling import State
from app.stix.walk import references
from app.store.contract import StoredVersion

_EVERY_ID: Final = (*IDENTITIES, *TERMS_BY_ID)
_PATH_OF: Final = {key: path for path, key in KEYS.items()}
_RELEASE_TO: Final = {each.path: each.release_to for each in alliance().collections}


class Ledger(Sight):
    """Everything that was written in one stage, step by step."""

    def __init__(self, observers: Iterable[str]) -> None:
        super().__init__()
        self.visible: dict[str, list[Written]] = {name: [] for name in observers}
        """What each observer sees now."""
        self.written: list[Written] = []
        self.items: dict[tuple[int, int], Written] = {}
        """(step, place in the envelope) → the version that stands for it."""
        self.deleted: dict[int, list[Written]] = {}
        """Step → what was deleted in it."""
        self.stood: set[Written] = set()
        """What stood under an id when it was held: the hold is on whatever comes to the same contribution, too."""
        self._rows: dict[tuple[str, int], Written] = {}

    async def enter(self, stage: Stage, step: int, deed: Deed, answer: Answer) -> None:
        """Take down what a deed did, and who sees what now."""
        now = stage.clock.instant
        self.changes = stage.changes
        self._note_holds(deed, answer, now)
        taken = [*_taken(deed, orjson.loads(answer.body))] if isinstance(deed, Add) and answer.status == 202 else []
        known = {object_id for _, object_id, _ in self.contributions}
        new: list[Written] = []
        for path in _paths(deed):
            for stored in await _stored(stage, path, deed, known):
                new += self._enter_row(path, step, stored, deed, taken)
        for written in new:
            written.is_out = written.path not in INTAKES and written.stored.state is State.HELD and not _waits(written, now)
            written.pins = frozenset(self._pins(written, deed.client, now))
        for place in taken:
            self._tighten(step, place, deed)
        self._bind_copies((each for each in new if each.origin is not None), now)
        if deed.path in INTAKES and isinstance(deed, Add | Delete):
            self._bind_copies(self._copies(deed), now)
        self._let_out(now)
        self._let_see(now)

    def _let_see(self, now: datetime) -> None:
        for name in self.visible:
            self.visible[name] = [each for each in self.written if self.sees(name, each, now)]
            for each in self.visible[name]:
                each.seen_by.setdefault(name, set()).add(each.stored.date_added)

    def _note_holds(self, deed: Deed, answer: Answer, now: datetime) -> None:
        if isinstance(deed, Hold) and answer.status == DONE:
            for contribution, versions in self.contributions.items():
                standing = {each for each in versions if not each.stored.deleted}
                if standing and contribution[:2] == (deed.path, deed.object_id):
                    self.held[contribution] = now + timedelta(hours=deed.hours)
                    self.stood |= standing
        for contribution in [*self._lifted(deed, now)]:
            del self.held[contribution]

    def _lifted(self, deed: Deed, now: datetime) -> Iterator[Contribution]:
        for contribution, until in self.held.items():
            is_over = isinstance(deed, Duties) and until <= now
            if is_over or (isinstance(deed, Lift) and contribution[:2] == (deed.path, deed.object_id)):
                yield contribution

    def _enter_row(self, path: str, step: int, stored: StoredVersion, deed: Deed, taken: list[int]) -> Iterator[Written]:
        """Bring one row up to date; yields its version if it is new."""
        known = self._rows.get((path, stored.row))
        if known is not None:
            if stored.deleted and not known.stored.deleted:
                self.deleted.setdefault(step, []).append(known)
            if stored.state is State.PUBLISHED is not known.stored.state:
                known.since = stored.date_added
            known.stored = stored
            return
        written = self._released(path, step, stored) if stored.source else self._sent(path, step, stored, deed, taken)
        self.written.append(written)
        self.contributions.setdefault(written.contribution, []).append(written)
        self._rows[path, stored.row] = written
        yield written

    def _sent(self, path: str, step: int, stored: StoredVersion, deed: Deed, taken: list[int]) -> Written:
        assert isinstance(deed, Add)
        content = next(deed.objects[place] for place in taken if is_version_of(deed.objects[place], stored))
        return Written(path, step, stored, content, [label_of(content, deed.client, path, self.changes)], stored.date_added)

    def _released(self, path: str, step: int, stored: StoredVersion) -> Written:
        """A copy; one that followed by itself is bound by the copy before it as well."""
        sent = self.contributions[_PATH_OF[stored.source], stored.object_id, stored.contributor]
        origin = next(
            each for each in reversed(sent) if each.stored.digest == stored.digest
        )  # what came back to an earlier content is a version of its own
        labels = [*origin.labels]
        before = [each for each in self.contributions.get((path, *origin.contribution[1:]), ()) if not each.stored.deleted]
        labels += before[-1].labels if before and origin.step == step else []
        return Written(path, step, stored, origin.content, labels, stored.date_added, origin)

    def _pins(self, written: Written, client: str, now: datetime) -> Iterator[Contribution]:
        """What it refers to: its contributor's own, for ever; and what the writer is shown there, if he has none himself."""
        path, _, contributor = written.contribution
        for target in references(written.content):
            own = path, target, contributor
            yield own
            shown = None if own in self.contributions or written.origin is not None else self.shown(client, path, target, now)
            if shown is not None:
                yield shown

    def _tighten(self, step: int, place: int, deed: Deed) -> None:
        """Link an object to the version that stands for it; what was there before is bound by the new posting too."""
        assert isinstance(deed, Add)
        content, organisation = deed.objects[place], deed.client.partition("/")[0]
        mine = self.contributions.get((deed.path, content["id"], organisation), [])
        standing = [each for each in mine if not each.stored.deleted and is_version_of(content, each.stored) and each.content == content]
        if not standing:
            raise Leak(f"{deed.client} is told that {content['id']} was taken, and it is not there")
        written = max(standing, key=lambda each: (each.stored.key, each.stored.row))
        label = label_of(content, deed.client, deed.path, self.changes)
        if label not in written.labels:
            written.labels.append(label)
        self.items[step, place] = written

    def _let_out(self, now: datetime) -> None:
        """Note what stands published, as it may: after its embargo."""
        for written in self.written:
            if not written.is_out and written.stored.state is State.PUBLISHED:
                assert not _waits(written, now), f"published before its embargo ended: {written}"
                written.is_out = True

    def _bind_copies(self, copies: Iterable[Written], now: datetime) -> None:
        """What is in an intake binds its released copies of the same or an older version; what waits for the end of an embargo does not yet."""
        for copy in copies:
            assert copy.origin is not None
            newer = [each for each in self.contributions[copy.origin.contribution] if each.stored.key >= copy.origin.stored.key]
            copy.bound_by |= {each for each in newer if each is copy.origin or not _waits(each, now)}
            copy.labels += [label for each in copy.bound_by for label in each.labels if label not in copy.labels]

    def _copies(self, deed: Add | Delete) -> Iterator[Written]:
        """The released copies of what a deed in an intake is about."""
        ids = {deed.object_id} if isinstance(deed, Delete) else {content["id"] for content in deed.objects}
        for each in self.written:
            if each.origin is not None and each.origin.path == deed.path and each.stored.object_id in ids and not each.stored.deleted:
                yield each


def _waits(written: Written, now: datetime) -> bool:
    return any(waits(label, now) for label in written.labels)


def _taken(deed: Add, status: dict[str, Any]) -> Iterator[int]:
    """The places of the objects that a status calls a success."""
    failed = [(each["id"], each["version"]) for each in status.get("failures", ())]
    for place, content in enumerate(deed.objects):
        versions = {version for identifier, version in failed if identifier == content["id"]}
        if not (versions if not stated(content) else stated(content) in versions):
            yield place


def _paths(deed: Deed) -> tuple[str, ...]:
    """Where a deed may change rows."""
    match deed:
        case Release():
            return deed.path, deed.to
        case Withdraw() | Erase() | Duties():
            return PATHS
        case Reload():
            return ()
        case _:
            return deed.path, *_RELEASE_TO[deed.path]


async def _stored(stage: Stage, path: str, deed: Deed, known: Iterable[str]) -> list[StoredVersion]:
    """The rows that a deed may have changed, or made."""
    match deed:
        case Add():
            ids = [content["id"] for content in deed.objects]
        case Release():
            ids = [*deed.object_ids, *_EVERY_ID]
        case Duties():
            ids = [*known]
        case Reload():
            ids = []
        case Reject():
            ids = [*deed.object_ids]
        case _:
            ids = [deed.object_id]
    found = await stage.exchange.store.transact(lambda tx: tx.history(KEYS[path], list(dict.fromkeys(ids))))
    return [stored for rows in found.values() for stored in rows]
