"""A bound on new handling labels: every reader's clearance has to decide each, so nobody may flood them (DESIGN 6).

What only closes is never refused for it: joins are not counted against it, and beyond the bound a stricter version is stored under one label that keeps
it for its originator.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from app.clock import to_micros
from app.errors import InvalidObject
from app.sharing.exchange import Limits
from app.sharing.view import View
from app.stix.handling import HandlingLabel, Tlp, combine
from app.store.contract import Transaction


@dataclass(slots=True)
class LabelBudget:
    """How many new labels the visitor's organisation may still make in the collection; counted when the first new one comes."""

    view: View
    limits: Limits
    _granted: set[HandlingLabel] = field(default_factory=set[HandlingLabel])
    _left: int | None = None

    async def expect(self, tx: Transaction, labels: Iterable[HandlingLabel]) -> None:
        """Count what the organisation has made so far, if one of `labels` is new. To be called before `afford` is asked about them."""
        if self._left is None and any(self.view.book.number(label) is None for label in labels):
            self._left = await self._count(tx)

    def afford(self, label: HandlingLabel, newest: HandlingLabel | None) -> HandlingLabel:
        """The label under which a version can be stored that is sent under `label`; `newest` is that of the newest one so far. Raises InvalidObject."""
        if label in self._granted or self.view.book.number(label) is not None:
            return label
        if self._left:
            self._left -= 1
            self._granted.add(label)
            return label
        if newest is not None and _is_stricter(label, newest):
            return _for_originator_only(label)
        msg = "your organisation has made too many different handling labels here; use those it has, or wait a day"
        raise InvalidObject(msg)

    async def _count(self, tx: Transaction) -> int:
        collection, organisation = self.view.collection, self.view.visit.principal.organisation
        since = to_micros(self.view.visit.now - timedelta(days=1))
        today = await tx.labels_made(collection, organisation, since)
        in_use = await tx.labels_in_use(collection, organisation)
        return max(0, min(self.limits.labels_a_day - today, self.limits.labels_in_use - in_use))


def _is_stricter(label: HandlingLabel, newest: HandlingLabel) -> bool:
    return replace(combine(label, newest), by_default=label.by_default) == label


def _for_originator_only(label: HandlingLabel) -> HandlingLabel:
    """TLP:RED must name somebody: an organisation is named, which no client is."""
    recipients = frozenset({f"org:{label.originator}"})
    return HandlingLabel(Tlp.RED, label.originator, label.submitter, recipients=recipients, releasable_to=frozenset(), state=label.state)
