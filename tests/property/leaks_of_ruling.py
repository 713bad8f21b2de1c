"""Planted leaks in who may see what: faults of a line or two in how the alliance in force, time, holds and curators are heeded.

What they show they show in both worlds: canaries notice them, and the doors of collections.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from property.leaks_of_reading import EVERY_LABEL, Patch

from app.access.actions import Action
from app.access.clearance import Clearance, ClearanceCache
from app.access.decision import Question
from app.access.facts import Attributes, Facts
from app.access.principal import Principal
from app.errors import Denied
from app.sharing import discover, door, due, journal, sight
from app.sharing.exchange import Force, InForce
from app.sharing.threads import Line, Thread
from app.stix.handling import HandlingLabel, State


def hidden_collections_are_forbidden(patch: Patch) -> None:
    """A collection that exists for others is 403, not 404."""
    real = door.visit

    async def visit(exchange: Any, client: str, address: Any) -> Any:
        force = await exchange.force.now()
        if client and (address.root, address.collection) in force.alliance.by_path:
            found = door.Visit(force, force.principal(client), force.alliance.by_path[address.root, address.collection], exchange.clock())
            if not found.may(Action.DISCOVER):
                raise Denied("you may not read this collection")
        return await real(exchange, client, address)

    patch.setattr(door, "visit", visit)


def hidden_collections_are_listed(patch: Patch) -> None:
    """Whoever knows a root is told of all its collections."""
    real = discover._visible

    def visible(exchange: Any, force: Force, client: str, among: Any) -> list[door.Visit]:
        chosen = [*among]
        found = real(exchange, force, client, chosen)
        roots = {each.collection.root for each in found}
        visits = (door.Visit(force, force.principal(client), each, exchange.clock()) for each in chosen if each.root in roots)
        return [*visits] if found else []

    patch.setattr(discover, "_visible", visible)


def clearances_outlive_a_reload(patch: Patch) -> None:
    """What was cleared under one epoch is cleared under the next."""

    def get(self: ClearanceCache, question: Question, epoch: int, now: datetime) -> Clearance | None:
        key = question.principal.organisation, question.principal.roles, question.principal.scope, question.action, question.collection.key
        kept = vars(self).setdefault("forever", {})
        for cached, clearance in self._entries.items():
            kept.setdefault((cached[0].organisation, cached[0].roles, cached[0].scope, *cached[1:]), clearance)
        found = kept.get(key)
        return replace(found, epoch=epoch) if found is not None and found.holds(found.epoch, now) else None

    patch.setattr(ClearanceCache, "get", get)


def doors_outlive_a_reload(patch: Patch) -> None:
    """Who was let into a collection under one epoch is let in under the next."""
    _keep(patch, "doors")


def judges_outlive_a_reload(patch: Patch) -> None:
    """The standing restrictions are those of the first epoch."""
    _keep(patch, "judge")


def _keep(patch: Patch, part: str) -> None:
    real = InForce._load

    async def load(self: InForce) -> Force:
        former, force = self._force, await real(self)
        return force if former is None else replace(force, **{part: getattr(former, part)})

    patch.setattr(InForce, "_load", load)


def time_alone_opens(patch: Patch) -> None:
    """An embargo ends by itself, at whatever old position."""
    real = Facts.label

    def label(self: Facts, part: HandlingLabel) -> Attributes:
        return real(self, replace(part, state=State.PUBLISHED) if part.state is State.EMBARGOED else part)

    patch.setattr(Facts, "label", label)


def clearances_outlive_retention(patch: Patch) -> None:
    """What was cleared once stays cleared until the alliance changes."""
    patch.setattr(Clearance, "holds", lambda self, epoch, _now: self.epoch == epoch)


def holds_close_nothing(patch: Patch) -> None:
    """What compliance holds is served on."""
    real = Thread.settle

    def settle(self: Thread) -> None:
        self.held.clear()
        real(self)

    patch.setattr(Thread, "settle", settle)


def new_versions_escape_a_hold(patch: Patch) -> None:
    """A hold closes what was there, and nothing that comes."""
    real = Thread.settle

    def settle(self: Thread) -> None:
        arriving = {id(line): line.state for line in self.lines if line.arriving is not None}
        real(self)
        for line in self.lines:
            line.state = arriving.get(id(line), line.state)
            line.effective = line.effective.in_state(line.state)

    patch.setattr(Thread, "settle", settle)


def holds_are_told_to_everybody_of_an_organisation(patch: Patch) -> None:
    """A constituency feed is told of holds and erasures, statuses too, like those who contribute."""
    patch.setattr(Principal, "is_told_of_its_own", True)


def curators_see_everything(patch: Patch) -> None:
    """What waits is shown to its curators, whatever its label says."""
    real = sight._selection

    def selection(exchange: Any, visit: Any, clearance: Clearance, wish: Any) -> Any:
        chosen = real(exchange, visit, clearance, wish)
        return chosen._replace(numbers=EVERY_LABEL) if visit.principal.roles.intersection({"curator"}) and wish.limit > 999 else chosen

    patch.setattr(sight, "_selection", selection)


def duties_date_neighbours(patch: Patch) -> None:
    """What is published gives new dates to all that is under its id, whoever shared it."""
    real = due._act

    def act(duty: Any, line: Line, now: datetime) -> bool:
        done = real(duty, line, now)
        line.fresh_date = line.fresh_date or not line.deleted
        return done

    patch.setattr(due, "_act", act)


def jobs_date_neighbours(patch: Patch) -> None:
    """What refers to something that opened gives new dates to all that is under its id, whoever shared it."""
    real = journal.read_threads

    async def read_threads(*rest: Any) -> dict[str, Thread]:
        threads = await real(*rest)
        for line in (line for thread in threads.values() for line in thread.lines):
            line.fresh_date = not line.deleted
        return threads

    patch.setattr(journal, "read_threads", read_threads)
