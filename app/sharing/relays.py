"""Relays: who tried to send on another organisation's TLP:RED, told to the auditors of its originator (access-policy case 14; TLP 2.0: not for disclosure).

It is refused like any other object of somebody else's, and the sender hears no more than that. But to hold it and to offer it is a breach by itself. So it
is noted under the originator, once a day for each client and collection, and kept for 90 days. Where it was tried is for the auditors of that place: an
originator is told who, what and when, since he may not know the collection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from app.access.actions import Action
from app.access.decision import Question
from app.access.principal import Role
from app.audit.events import Event, encode
from app.clock import timestamp, to_micros
from app.sharing.door import Visit, absent, everywhere
from app.sharing.exchange import Exchange
from app.stix.handling import HandlingLabel, Tlp
from app.store.contract import RulingKind, StoredRuling, Transaction

NOTED_EVERY: Final = timedelta(days=1)
KEPT: Final = timedelta(days=90)
RED: Final = "red"


@dataclass(frozen=True, slots=True)
class Relay:
    """An attempt: whose TLP:RED object which client of whom tried to send on, and when."""

    originator: str
    object_id: str
    organisation: str
    client: str
    tried: str


async def note_relays(tx: Transaction, visit: Visit, relayed: Mapping[str, str]) -> None:
    """Put on record that the client tried to send on TLP:RED objects; `relayed` gives one for each originator."""
    if not relayed:
        return
    now, key, client = to_micros(visit.now), visit.collection.key, visit.principal.client
    known = await tx.rulings(RulingKind.RELAY, key)
    for ruling in known:
        if ruling.until <= now:
            await tx.unrule(ruling)
    told = {ruling.contributor for ruling in known if ruling.client == client and ruling.made > to_micros(visit.now - NOTED_EVERY)}
    until = to_micros(visit.now + KEPT)
    for originator in sorted(relayed.keys() - told):
        await tx.rule(StoredRuling(RulingKind.RELAY, key, relayed[originator], originator, 0, RED, client, now, until))
        await tx.seal(key, encode(visit.deed(Event.REFUSE_RELAY, RED), {"originator": originator}))


async def relays(exchange: Exchange, client: str) -> list[Relay]:
    """The attempts that a client may audit, oldest first: on what is its organisation's, or all of them.

    Raises Unauthenticated; NotFound for who is no auditor.
    """
    tour = await everywhere(exchange, client, with_removed=True)
    if Role.AUDITOR not in tour.principal.roles:
        raise absent(tour.principal)
    now, visits = exchange.clock(), {visit.collection.key: visit for visit in tour.visits}

    async def work(tx: Transaction) -> list[StoredRuling]:
        kept = await tx.rulings(RulingKind.RELAY)
        return [ruling for ruling in kept if ruling.until > to_micros(now) and ruling.collection in visits]

    known = await exchange.store.examine(work)
    open_to_him = {case for case in set(map(_case, known)) if _may_audit(visits[case.collection], case)}
    return [_relay(ruling) for ruling in known if _case(ruling) in open_to_him]


class _Case(NamedTuple):
    """What decides who may audit an attempt: few for many attempts, so that each is asked about once."""

    collection: str
    originator: str
    organisation: str


def _case(ruling: StoredRuling) -> _Case:
    return _Case(ruling.collection, ruling.contributor, _organisation(ruling))


def _may_audit(visit: Visit, case: _Case) -> bool:
    label = HandlingLabel(Tlp.RED, originator=case.originator, submitter=case.organisation)
    return visit.force.judge.decide(Question(visit.principal, Action.READ_AUDIT, visit.collection, label), visit.now).allowed


def _relay(ruling: StoredRuling) -> Relay:
    return Relay(ruling.contributor, ruling.object_id, _organisation(ruling), ruling.client, timestamp(ruling.made))


def _organisation(ruling: StoredRuling) -> str:
    return ruling.client.partition("/")[0]
