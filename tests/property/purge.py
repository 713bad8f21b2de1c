"""The purge: a history without what an observer can never see.

What stays of hidden writes is what DESIGN 2, promise 1, permits as influence: of versions that supersede what he sees, of what it refers to,
and of those that bind what he sees of a relayed object, a ghost with the same id, version and label and other content. His own organisation's
deeds stay, if he is its contributor. Changes of the alliance stay if they concern him, or somebody of whose deeds something stays.
Refused objects of others go: that they were refused is for those who sent them to know.
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import IntEnum

from property.cast import CURATOR, CURATORS, INTAKES, Changes, Content, alliance, changed, concerned
from property.dates import RowKey
from property.histories import Add, Deed, Delete, Duties, Erase, Hold, Lift, Reject, Release, Reload, Withdraw
from property.ledger import Ledger
from property.written import TERMS_BY_ID, Written

from app.access.principal import Role, Scope


class Fate(IntEnum):
    """What becomes of a version in the purged world."""

    GONE = 0
    GHOST = 1
    KEPT = 2


class Purge:
    """The history of a ledger as it is for one observer."""

    def __init__(self, deeds: list[Deed], ledger: Ledger, observer: str) -> None:
        self._deeds = deeds
        self._ledger = ledger
        self._observer = observer
        self._organisation = observer.partition("/")[0] if is_contributor(observer) else ""
        self.fates = {written: Fate.KEPT if self._is_kept(written) else Fate.GONE for written in ledger.written}
        while self._spread():
            pass
        self._reloads = dict(self._left_reloads())

    @property
    def seen(self) -> frozenset[tuple[RowKey, int]]:
        """The rows that the observer saw, and at which dates: one that came under an embargo never showed when."""
        return frozenset((written.row_key, date) for written in self._ledger.written for date in written.seen_by.get(self._observer, ()))

    def deed(self, step: int) -> Deed | None:
        """What is left of a deed."""
        deed = self._deeds[step]
        if is_own(self._observer, deed) or isinstance(deed, Duties):
            return deed
        if isinstance(deed, Add):
            return self._add(step, deed)
        if isinstance(deed, Release):
            return self._release(step, deed)
        if isinstance(deed, Delete | Reject):
            return self._narrowed(step, deed)
        return deed if self._stays(step, deed) else None

    def _narrowed(self, step: int, deed: Delete | Reject) -> Deed | None:
        """A deed that is about fewer things, if about any."""
        if isinstance(deed, Reject):
            left = tuple(each for each in deed.object_ids if self._is_left(deed.path, each))
            return replace(deed, object_ids=left) if left else None
        gone = [each for each in self._gone(step) if each.path == deed.path]
        return replace(deed, versions=",".join(dict.fromkeys(each.stored.version for each in gone))) if gone else None

    def _stays(self, step: int, deed: Withdraw | Erase | Hold | Lift | Reload) -> bool:
        if isinstance(deed, Hold | Lift):
            return self._is_left(deed.path, deed.object_id)
        return self._reloads[step] if isinstance(deed, Reload) else any(self._gone(step))

    def _is_kept(self, written: Written) -> bool:
        return written.stored.contributor == self._organisation or self._observer in written.seen_by

    def _spread(self) -> bool:
        """Raise fates by those of others, once over; whether that changed one."""
        before = dict(self.fates)
        for written, fate in before.items():
            if fate is not Fate.GONE:
                for other, least in self._bound(written, fate):
                    self.fates[other] = max(self.fates[other], least)
        return self.fates != before

    def _bound(self, written: Written, fate: Fate) -> Iterator[tuple[Written, Fate]]:
        """What has a say in how a version that is left looks, and how much of it has."""
        path = written.path
        versions = self._ledger.contributions[written.contribution]
        # What is pending binds nothing, except that a curator releases the newest of what waits; what another has released does not wait for him.
        reviews = path in INTAKES and self._observer in {CURATOR, CURATORS[path]}
        yield from ((each, Fate.GHOST) for each in versions if each.stored.key >= written.stored.key and (each.is_out or reviews))
        yield from ((each, Fate.GHOST) for each in self._ledger.written if reviews and each.origin is written)
        yield from ((each, Fate.GHOST) for each in versions if each in self._ledger.stood and each.step <= written.step)
        yield from ((each, Fate.GHOST) for each in self._ledger.originals(written))
        for each in written.bound_by:
            yield each, fate if each is written.origin else Fate.KEPT if each.content.get("revoked") else Fate.GHOST
        for pin in written.pins:
            yield from ((each, Fate.GHOST) for each in self._ledger.contributions.get(pin, ()))
        for mark in written.content.get("object_marking_refs", ()):
            if mark in TERMS_BY_ID:
                yield from ((each, Fate.KEPT) for each in self._ledger.written if (each.path, each.stored.object_id) == (path, mark))

    def _add(self, step: int, deed: Add) -> Deed | None:
        objects = [self._left(self._ledger.items.get((step, place)), content) for place, content in enumerate(deed.objects)]
        left = tuple(content for content in objects if content is not None)
        return replace(deed, objects=left) if left else None

    def _left(self, written: Written | None, content: Content) -> Content | None:
        fate = Fate.GONE if written is None else self.fates[written]
        return {Fate.GONE: None, Fate.GHOST: ghost(content), Fate.KEPT: content}[fate]

    def _gone(self, step: int) -> Iterator[Written]:
        """What was deleted in a step, as far as it was there."""
        return (each for each in self._ledger.deleted.get(step, ()) if self.fates[each] is not Fate.GONE)

    def _release(self, step: int, deed: Release) -> Deed | None:
        """What came along with something that is gone is named by itself, in the order in which it came: before what it came along with."""
        copied = [each for each in self._ledger.written if each.step == step and self.fates[each] is not Fate.GONE]
        came = [each.stored.object_id for each in sorted(copied, key=lambda each: each.stored.date_added)]
        along = [each for each in came if each not in deed.object_ids]
        return replace(deed, object_ids=(*along, *(each for each in deed.object_ids if each in came))) if copied else None

    def _is_left(self, path: str, object_id: str) -> bool:
        return any((each.path, each.stored.object_id) == (path, object_id) and fate is not Fate.GONE for each, fate in self.fates.items())

    def _left_reloads(self) -> Iterator[tuple[int, bool]]:
        """Step by step, whether a change of the alliance stays."""
        acting = {self._observer.partition("/")[0]}
        left = (self.deed(step) for step, deed in enumerate(self._deeds) if not isinstance(deed, Reload))
        acting |= {deed.client.partition("/")[0] for deed in left if deed is not None and deed.client}
        changes: Changes = ()
        for step, deed in enumerate(self._deeds):
            if isinstance(deed, Reload):
                before, changes = changes, changed(changes, deed.change)
                yield step, not acting.isdisjoint(concerned(before, changes))


def ghost(content: Content) -> Content:
    """The same id, version and markings; all else is another's."""
    if "x_token" not in content:
        return content
    token = content["x_token"].replace("tok-", "ghost-")
    changes: Content = {"x_token": token} | ({"name": token} if "name" in content else {})
    return content | changes


def is_contributor(observer: str) -> bool:
    """Whether a client shares in the name of its organisation."""
    client = alliance().client(observer)
    return client is not None and Role.CONTRIBUTOR in client.roles and client.scope is Scope.ORGANISATION


def is_own(observer: str, deed: Deed) -> bool:
    """Whether an observer is told how a deed ended: it is his, or was posted by another contributor of his organisation, who shares its statuses."""
    is_colleagues = isinstance(deed, Add) and is_contributor(observer) and deed.client.partition("/")[0] == observer.partition("/")[0]
    return bool(deed.client) and (deed.client == observer or is_colleagues)
