"""A bound on new handling labels: every reader's clearance has to decide each, so nobody may flood them (DESIGN 6).

What only closes is never refused for it: beyond the bound a stricter version is stored under one label that keeps it for its originator.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from app.clock import to_micros
from app.errors import InvalidObject
from app.sharing.assess import Assessed
from app.sharing.door import Visit
from app.sharing.exchange import Exchange
from app.sharing.labels import LabelBook
from app.sharing.threads import Thread
from app.stix.handling import HandlingLabel, Tlp, combine
from app.store.contract import Transaction


@dataclass(slots=True)
class LabelBudget:
    """How many new labels the visitor's organisation may still make in the collection; counted when the first new one comes."""

    exchange: Exchange
    visit: Visit
    book: LabelBook
    refused: dict[int, InvalidObject] = field(default_factory=dict[int, InvalidObject])
    """The failures of the last call of `within`."""
    _granted: set[HandlingLabel] = field(default_factory=set[HandlingLabel])
    _left: int | None = None

    async def within(self, tx: Transaction, assessed: dict[int, Assessed], threads: dict[str, Thread]) -> dict[int, Assessed]:
        """The objects whose labels exist or can still be made; stricter versions beyond the bound come back closed."""
        self.refused = {}
        kept: dict[int, Assessed] = {}
        for index, each in assessed.items():
            if await self._grant(tx, each.label):
                kept[index] = each
            elif _is_stricter(each, threads, self.visit.principal.organisation):
                kept[index] = replace(each, label=_for_originator_only(each.label))
            else:
                self.refused[index] = InvalidObject(
                    "your organisation has made too many different handling labels here; use those it has, or wait a day"
                )
        return kept

    async def _grant(self, tx: Transaction, label: HandlingLabel) -> bool:
        if label in self._granted or self.book.number(label) is not None:
            return True
        if self._left is None:
            self._left = await self._count(tx)
        if self._left <= 0:
            return False
        self._left -= 1
        self._granted.add(label)
        return True

    async def _count(self, tx: Transaction) -> int:
        collection, organisation, limits = self.visit.collection.key, self.visit.principal.organisation, self.exchange.limits
        since = to_micros(self.visit.now - timedelta(days=1))
        today = await tx.labels_made(collection, organisation, since)
        in_use = await tx.labels_in_use(collection, organisation)
        return min(limits.labels_a_day - today, limits.labels_in_use - in_use)


def _is_stricter(each: Assessed, threads: dict[str, Thread], organisation: str) -> bool:
    mine = threads[each.object.id].of(organisation)
    return bool(mine) and replace(combine(each.label, mine[-1].own), by_default=each.label.by_default) == each.label


def _for_originator_only(label: HandlingLabel) -> HandlingLabel:
    """TLP:RED must name somebody: an organisation is named, which no client is."""
    recipients = frozenset({f"org:{label.originator}"})
    return HandlingLabel(Tlp.RED, label.originator, label.submitter, recipients=recipients, releasable_to=frozenset(), state=label.state)
