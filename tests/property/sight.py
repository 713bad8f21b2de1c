"""Who sees which version, by the tables' own words and the policies' twin: what the product decides by labels and pins, worked out a second time.

A version closes by its own labels, by those of newer versions that were let out, by those of what it is relayed from, by a hold; and, but for the
organisation that contributed it, by what it or a newer version refers to.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from property.cast import CURATOR, CURATORS, INTAKES, Changes, alliance, principal
from property.written import Contribution, Written, is_owned, waits
from twin import decide

from app.access.actions import Action
from app.access.alliance import Collection
from app.access.decision import Question
from app.stix.handling import HandlingLabel, State

Asked = tuple[str, str, Action, HandlingLabel | None, bool, bool]


@lru_cache(maxsize=512)
def _answers(_changes: Changes) -> dict[Asked, bool]:
    """What was asked before under one alliance."""
    return {}


@lru_cache(maxsize=512)
def _collections(changes: Changes) -> dict[str, Collection]:
    return {each.path: each for each in alliance(changes).collections}


@lru_cache(maxsize=100_000)
def _in_state(label: HandlingLabel, state: State) -> HandlingLabel:
    return label.in_state(state)


def _together(labels: Sequence[HandlingLabel]) -> HandlingLabel:
    """What labels of one originator keep of their lists: the names that stand in each list."""
    return replace(
        labels[0],
        tlp=max(label.tlp for label in labels),
        recipients=_in_each(label.recipients for label in labels),
        releasable_to=_in_each(label.releasable_to for label in labels),
        purposes=_in_each(label.purposes for label in labels),
    )


def _in_each(lists: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    given = [names for names in lists if names is not None]
    return frozenset.intersection(*given) if given else None


class Sight:
    """What stands in the collections, and the alliance in force: who sees what of it."""

    def __init__(self) -> None:
        self.changes: Changes = ()
        self.contributions: dict[Contribution, list[Written]] = {}
        """Their versions, deleted ones included."""
        self.held: dict[Contribution, datetime] = {}
        """Until when compliance holds what."""

    def may(self, client: str, action: Action, path: str, now: datetime, label: HandlingLabel | None = None) -> bool:
        """What the tables say to a question."""
        embargoed, over = (label is not None and waits(label, now), label is not None and _is_over(label.retention_until, now))
        known, asked = _answers(self.changes), (client, path, action, label, embargoed, over)
        asker = principal(client, self.changes)
        if asker.agreement_end is not None or asked not in known:
            question = Question(asker, action, _collections(self.changes)[path], label)
            known[asked] = decide(question, alliance(self.changes), now).allowed
        return known[asked]

    def sees(self, client: str, written: Written, now: datetime) -> bool:
        """Whether a client may see a version at all."""
        if written.stored.deleted or not self.passes(client, written, now):
            return False
        if client.partition("/")[0] == written.stored.contributor:
            return True
        return all(self._passes_pin(client, pin, now) for each in self._binding(written) for pin in each.pins)

    def passes(self, client: str, written: Written, now: datetime) -> bool:
        """Whether a client passes all labels that bind a version, deleted or not; what it refers to apart."""
        action = Action.REVIEW if written.path in INTAKES and client in {CURATOR, CURATORS[written.path]} else Action.READ
        return all(self.may(client, action, written.path, now, label) for label in self._labels(written))

    def shown(self, client: str, path: str, object_id: str, now: datetime) -> Contribution | None:
        """The contribution of another organisation that a client is shown under an id: that of the best ranked version that he sees."""
        there = (versions for (where, which, _), versions in self.contributions.items() if (where, which) == (path, object_id))
        visible = [each for versions in there for each in versions if self.sees(client, each, now)]
        return min(visible, key=_rank).contribution if visible else None

    def _passes_pin(self, client: str, pin: Contribution, now: datetime) -> bool:
        versions = self.contributions.get(pin)
        return not versions or self.passes(client, _bearing(versions), now)

    def _binding(self, written: Written) -> Iterator[Written]:
        """A version, and the newer ones that were let out, or are as old."""
        yield written
        for each in self.contributions[written.contribution]:
            if each.is_out and each is not written and each.stored.key >= written.stored.key:
                yield each

    def _labels(self, written: Written) -> Iterator[HandlingLabel]:
        """All that bind a version, and what those of one originator say together: who is listed or named must be so in each by the same name."""
        labels = [*self._single_labels(written)]
        yield from labels
        for originator in {label.originator for label in labels}:
            yield _together([label for label in labels if label.originator == originator])

    def _single_labels(self, written: Written) -> Iterator[HandlingLabel]:
        state = self._state(written)
        for each in self._binding(written):
            yield from (_in_state(label, state if each is written else State.PUBLISHED) for label in each.labels)
            for original in self.originals(each):
                yield from original.labels

    def _state(self, written: Written) -> State:
        if written.contribution in self.held:
            return State.HELD
        if written.path in INTAKES:
            return State.QUARANTINED
        return State.PUBLISHED if written.is_out else State.EMBARGOED

    def originals(self, written: Written) -> list[Written]:
        """The originator's own published versions of what a version is relayed from: all of them bind it."""
        path, object_id, contributor = written.contribution
        if written.originator == contributor:
            return []
        owned = self.contributions.get((path, object_id, written.originator), ())
        return [each for each in owned if each.originator == written.originator and each.is_out]


def _is_over(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _bearing(versions: list[Written]) -> Written:
    """The version by whose labels what refers to a contribution is judged: the newest that was let out, deleted or not, else the newest."""
    return max([each for each in versions if each.is_out] or versions, key=lambda each: (each.stored.key, each.stored.row))


def _rank(written: Written) -> tuple[int, str]:
    """The registered originator's versions come first, others follow in the order of their dates."""
    return (0 if is_owned(written) else written.since), written.stored.contributor
