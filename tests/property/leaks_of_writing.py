"""Planted leaks in what is written: faults of a line or two in the answers to writes, and in what they leave. The proof must notice every one of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from property.leaks_of_reading import EVERY_LABEL, Patch

from app.errors import Denied, InvalidObject, NotFound, QuotaExceeded
from app.sharing import add, commit, place, remove, threads
from app.sharing.arriving import Arriving
from app.sharing.assess import Assessment, Known
from app.sharing.door import Visit
from app.sharing.label_budget import LabelBudget
from app.sharing.place import Poster
from app.sharing.quota import Allowance
from app.sharing.threads import Line, Thread
from app.sharing.view import View
from app.stix.handling import HandlingLabel, join
from app.stix.labelling import compose
from app.store import dates
from app.store.contract import Transaction
from app.taxii.resources import Status


def creators_are_open(patch: Patch) -> None:
    """An unmarked identity is open because of what it created in the same envelope, hidden or not."""
    real, label = Assessment.of, Assessment._label

    def of(visit: Visit, objects: Sequence[Arriving], stored: Mapping[str, Known]) -> Assessment:
        made = real(visit, objects, stored)
        vars(made)["creators"] = {each.object.created_by for each in objects}
        return made

    def labelled(self: Assessment, arriving: Arriving, originator: str) -> HandlingLabel:
        if arriving.object.id in vars(self)["creators"]:
            return compose(self._markings(arriving, originator), self._writing(originator, supports=True))
        return label(self, arriving, originator)

    patch.setattr(Assessment, "of", staticmethod(of))
    patch.setattr(Assessment, "_label", labelled)


def pending_versions_bind(patch: Patch) -> None:
    """A version that waits closes the published one before it."""

    def settle_labels(lines: list[Line]) -> None:
        newer = None
        for line in reversed(lines):
            line.effective = line.own if newer is None else join(line.own, newer)
            newer = line.effective

    patch.setattr(threads, "_settle_labels", settle_labels)


def hidden_owner_is_named(patch: Patch) -> None:
    """`belongs to` is said of an object that the poster may not see."""
    real = place._refuse_if_anothers
    patch.setattr(place, "_refuse_if_anothers", lambda thread, each, poster: real(thread, each, _seeing_all(poster)))


def _seeing_all(poster: Poster) -> Poster:
    return replace(poster, sees=lambda _: True)


def posted_before_is_a_failure(patch: Patch) -> None:
    """Whether an id is taken by anybody decides whether it can be posted."""
    real = place.place

    def placed(thread: Thread, *rest: Any) -> Line:
        line = real(thread, *rest)
        if len(thread.contributions) > 1:
            raise InvalidObject("somebody has this already")
        return line

    patch.setattr(add, "place", placed)


def hidden_markings_are_known(patch: Patch) -> None:
    """A marking that its writer may not see is known all the same."""
    real = View.markings

    async def markings(self: View, tx: Transaction, found: Mapping[str, Thread]) -> dict[str, Known]:
        return await real(replace(self, numbers=EVERY_LABEL), tx, found)

    patch.setattr(View, "markings", markings)


def deleting_the_hidden_is_forbidden(patch: Patch) -> None:
    """DELETE tells the hidden (403) from the unknown (404)."""
    real = remove._remove

    async def removed(exchange: Any, tx: Transaction, visiting: Any, object_id: str, query: Any) -> None:
        try:
            await real(exchange, tx, visiting, object_id, query)
        except NotFound:
            if await tx.history(visiting.collection.key, [object_id]):
                raise Denied("only the organisation that shared this object may delete it") from None
            raise

    patch.setattr(remove, "_remove", removed)


def offsets_count_hidden_rows(patch: Patch) -> None:
    """All rows of a commit are one run: its steps of a microsecond count what is hidden among them."""
    real = dates.assign
    patch.setattr(dates, "assign", lambda last, earliest, runs: real(last, earliest, [sum(runs)]))


def flagged_rows_stand_alone(patch: Patch) -> None:
    """Dates tell which ids have something else under them."""
    real = commit._runs

    def runs(lines: Iterable[Line]) -> list[list[Line]]:
        grouped = (groupby(run, key=lambda line: line.flagged) for run in real(lines))
        return [part for groups in grouped for flagged, group in groups for part in (([line] for line in group) if flagged else [[*group]])]

    patch.setattr(commit, "_runs", runs)


def writes_of_all_share_a_quota(patch: Patch) -> None:
    """Whether a write is refused depends on how much everybody has written."""
    spent: dict[int, float] = {}

    def spend(self: Allowance, _organisation: str, _client: str, amount: float = 1) -> None:
        if self.name == "written objects":
            spent[id(self)] = spent.get(id(self), 0) + amount
            if spent[id(self)] > 9:
                raise QuotaExceeded("too much was written today", retry_after=60)

    patch.setattr(Allowance, "spend", spend)


def statuses_count_everything(patch: Patch) -> None:
    """A status tells how many rows the collection holds."""
    real = add._write

    async def write(exchange: Any, tx: Transaction, visit: Visit, posting: Any) -> Status:
        status = await real(exchange, tx, visit, posting)
        return status.model_copy(update={"pending_count": await exchange.store.count(visit.collection.key)})

    patch.setattr(add, "_write", write)


def labels_of_all_share_a_budget(patch: Patch) -> None:
    """Whether a new label can be afforded depends on how many all others have made."""

    async def count(self: LabelBudget, tx: Transaction) -> int:
        return max(0, 5 - len(await tx.labels(self.view.collection)))

    patch.setattr(LabelBudget, "_count", count)


def equal_observables_are_one(patch: Patch) -> None:
    """An observable that somebody has sent already is not stored again."""
    real = place.place

    def placed(thread: Thread, assessed: Any, poster: Poster) -> Line:
        known = [line for line in thread.lines if line.digest == assessed.arriving.digest and line.contributor != poster.organisation]
        return known[0] if known and assessed.arriving.object.version is None else real(thread, assessed, poster)

    patch.setattr(add, "place", placed)


def versions_of_all_conflict(patch: Patch) -> None:
    """Another content under a version is refused, whoever sent it."""
    real = place._versioned_twin

    def twin(thread: Thread, line: Line) -> Line | None:
        if any(each.key == line.key and each.digest != line.digest for each in thread.lines):
            raise InvalidObject("another content was sent under this version; raise `modified`")
        return real(thread, line)

    patch.setattr(place, "_versioned_twin", twin)


def markings_of_all_conflict(patch: Patch) -> None:
    """A marking definition with other content is refused, also if its poster sees no other."""
    real = place._refuse_if_changed
    patch.setattr(place, "_refuse_if_changed", lambda thread, each, poster: real(thread, each, _seeing_all(poster)))


def pending_originals_bind(patch: Patch) -> None:
    """What an originator has not let out yet closes what others relay of his."""

    def label(self: Thread, originator: str) -> HandlingLabel | None:
        own = [line for line in self.contributions.get(originator, ()) if line.own.originator == originator]
        return threads.join_all(line.own.in_state(line.state) for line in own) if own else None

    patch.setattr(Thread, "_originators_label", label)


def deleting_loosens(patch: Patch) -> None:
    """A version that was deleted binds older ones no more."""
    real = threads._settle_labels
    patch.setattr(threads, "_settle_labels", lambda lines: real([line for line in lines if not line.deleted]))


def newer_versions_bind_nothing(patch: Patch) -> None:
    """An older version keeps its own label, whatever comes after it."""

    def settle_labels(lines: list[Line]) -> None:
        for line in lines:
            line.effective = threads._stated(line).in_state(line.state)

    patch.setattr(threads, "_settle_labels", settle_labels)
