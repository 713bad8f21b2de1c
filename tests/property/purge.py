"""The purge: a history without what an observer can never see.

What stays of hidden writes is what DESIGN 2, promise 1, permits as influence: of versions that supersede what he sees, of what it refers to,
and of those that bind what he sees of a relayed object, a ghost with the same id, version and label and other content. His own organisation's
deeds stay, if he is its contributor.
Refused objects of others go: that they were refused is for those who sent them to know.
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import IntEnum

from property.histories import CURATOR, INTAKE, Add, Content, Deed, Delete, Release, alliance
from property.ledger import TERMS_BY_ID, Ledger, Written
from property.stage import RowKey

from app.access.principal import Role, Scope
from app.stix.references import references


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
        self._organisation = observer.partition("/")[0] if _is_contributor(observer) else ""
        self.fates = {written: Fate.KEPT if self._is_kept(written) else Fate.GONE for written in ledger.written}
        while self._spread():
            pass

    @property
    def seen(self) -> frozenset[RowKey]:
        """The rows whose dates the observer can see."""
        return frozenset(written.row_key for written in self._ledger.written if self._observer in written.seen_by)

    def deed(self, step: int) -> Deed | None:
        """What is left of a deed."""
        deed = self._deeds[step]
        if deed.client == self._observer:
            return deed
        if isinstance(deed, Add):
            return self._add(step, deed)
        return self._release(step, deed) if isinstance(deed, Release) else self._delete(step, deed)

    def _is_kept(self, written: Written) -> bool:
        is_own = written.origin is None and written.stored.contributor == self._organisation
        return is_own or self._observer in written.seen_by

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
        versions = self._ledger.contribution(written.contribution)
        # What is pending binds nothing, except that a curator releases the newest of what waits.
        binding = [each for each in versions if not each.is_pending or (path == INTAKE and self._observer == CURATOR)]
        yield from ((each, Fate.GHOST) for each in binding if each.stored.key >= written.stored.key)
        yield from ((each, Fate.GHOST) for each in self._ledger.originals(written))
        yield from self._bound_by_release(written, fate)
        yield from ((each, Fate.GHOST) for each in self._pinned(written))
        for mark in written.content.get("object_marking_refs", ()):
            if mark in TERMS_BY_ID:
                yield from ((each, Fate.KEPT) for each in self._ledger.written if (each.path, each.stored.object_id) == (path, mark))

    def _pinned(self, written: Written) -> Iterator[Written]:
        """What a version refers to, as far as its writer's organisation had it at hand: what others add later under the id changes nothing."""
        targets, organisation = references(written.content), written.stored.contributor
        there = (each for each in self._ledger.written if each.path == written.path and each.stored.object_id in targets)
        return (each for each in there if each.step <= written.step or each.stored.contributor == organisation)

    def _bound_by_release(self, written: Written, fate: Fate) -> Iterator[tuple[Written, Fate]]:
        """What a copy was released from, and what closes or revokes it from there."""
        for each in self._ledger.behind(written):
            yield each, fate if each is written.origin else Fate.KEPT if each.content.get("revoked") else Fate.GHOST

    def _add(self, step: int, deed: Add) -> Deed | None:
        objects = [self._left(self._ledger.items.get((step, place)), content) for place, content in enumerate(deed.objects)]
        left = tuple(content for content in objects if content is not None)
        return replace(deed, objects=left) if left else None

    def _left(self, written: Written | None, content: Content) -> Content | None:
        fate = Fate.GONE if written is None else self.fates[written]
        return {Fate.GONE: None, Fate.GHOST: ghost(content), Fate.KEPT: content}[fate]

    def _delete(self, step: int, deed: Delete) -> Deed | None:
        gone = [each for each in self._ledger.deleted.get(step, ()) if each.path == deed.path and self.fates[each] is not Fate.GONE]
        return replace(deed, versions=",".join(dict.fromkeys(each.stored.version for each in gone))) if gone else None

    def _release(self, step: int, deed: Release) -> Deed | None:
        copied = {each.stored.object_id for each in self._ledger.written if each.step == step and self.fates[each] is not Fate.GONE}
        chosen = [each for each in deed.object_ids if each in copied]
        return replace(deed, object_ids=(*chosen, *sorted(copied.difference(chosen)))) if copied else None


def ghost(content: Content) -> Content:
    """The same id, version and markings; all else is another's."""
    if "x_token" not in content:
        return content
    token = content["x_token"].replace("tok-", "ghost-")
    changes: Content = {"x_token": token} | ({"name": token} if "name" in content else {})
    return content | changes


def _is_contributor(observer: str) -> bool:
    client = alliance().client(observer)
    return client is not None and Role.CONTRIBUTOR in client.roles and client.scope is Scope.ORGANISATION
