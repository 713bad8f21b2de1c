"""What tests of moving share: a store with something of everything in it, all that the contract can tell of one, and a copy of one in another."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from contract.samples import COLLECTION, HIGHEST_MARK, START, Hands, label, page, put_in, version

from app.audit.deliveries import Delivery
from app.audit.events import ADMINISTRATION
from app.bootstrap import open_destination, open_source
from app.clock import to_micros
from app.sharing.copy_store import Copied, copy_store
from app.stix.handling import State
from app.store.contract import Amendment, Arrival, RulingKind, Selection, Store, StoredRuling, StoredStatus, StoredToken, Transaction
from app.store.moving import Destination
from app.store.pins import AWAITED, Contribution, Job, Pin
from app.store.records import Poll, Refusal
from app.taxii.query import EVERY, LATEST

OTHER, EMPTY = "9f2d7c10-4b8e-4c1d-8a3b-2e5f6a7b8c9d", "1a2b3c4d-5e6f-4a8b-9c0d-1e2f3a4b5c6d"
"""A second collection; and one that has labels and dates, but no rows."""
PLACES = (COLLECTION, OTHER, EMPTY)
ORGANISATIONS = ("ng-cert", "ke-cert", "")
NOW = to_micros(START)
STATUS = StoredStatus("s-1", "members", "ng-cert/misp", "ng-cert", b'{"id": "s-1", "success_count": 3}', NOW + 10**9)
TOKEN = StoredToken("t-1", "ng-cert/misp", "aa" * 32, created=NOW, expires=NOW * 2, last_used=NOW + 7)


async def fill(store: Store) -> None:
    """Something of everything that a store can hold, some of it deleted, some in portions of many."""
    await store.transact(lambda tx: tx.adopt(b'{"former": true}', "00"))
    await store.transact(lambda tx: tx.adopt(b'{"present": true}', "aa"))
    await store.transact(_objects)
    await store.transact(_duties)
    await store.transact(_kept_aside)
    for batch in range(4):
        await store.deliver([Delivery("ng-cert/misp", COLLECTION, 2, batch, (1, 3)), Delivery("", OTHER, 2, batch, (9, 10_000 + batch))])
    await store.note([Poll("ng-cert/misp", COLLECTION, NOW, NOW - 1, 7, 3), Poll("", OTHER, 5)], [])
    await store.note(
        [], [Refusal("ng-cert/misp", "GET objects", 403, NOW, 2), *(Refusal("", "GET objects", 401, NOW + at) for at in range(4))]
    )


async def _objects(tx: Transaction) -> None:
    for place in PLACES:
        await tx.intern(place, [label(number) for number in range(1, 4)], "ng-cert")
    await tx.intern(COLLECTION, [label(7)], "ke-cert")
    await tx.dates(EMPTY, [2])
    stored = await put_in(
        tx,
        version("indicator--1", "2026-01-01T00:00:00", label=3, flagged=True, last=False),
        version("indicator--1", "2026-01-02T00:00:00", own=2, label=3, flagged=True, rank=0, source=OTHER, digest=b"\7" * 32),
        version("indicator--1", contributor="ke-cert", flagged=True, state=State.EMBARGOED, last=False, label=4),
        version("malware--2", object_type="malware", label=2, state=State.HELD, flagged=True, last=False),
        version("indicator--3"),
    )
    await put_in(tx, *(version(f"note--{number}", object_type="note", label=1 + number % 3) for number in range(5)), collection=OTHER)
    (date,) = await tx.dates(OTHER, [1])
    pins = frozenset({Pin("malware--2", "ng-cert", 1), Pin("malware--2", "ng-cert", 2), Pin("tool--9", "ke-cert", AWAITED)})
    odd = b'{ "id":"note--9",\xc3\xa9 "exact" :\t1.0e2 }'
    await tx.put(OTHER, [Arrival(version("note--9", object_type="note", date_added=date, flagged=True), odd, pins)])
    await tx.pin(COLLECTION, {stored[4].row: frozenset({Pin("indicator--1", "ng-cert", 3)})})
    await tx.amend(COLLECTION, [Amendment(stored[4].row, deleted=True, last=False), Amendment(stored[3].row, rank=5)])


async def _duties(tx: Transaction) -> None:
    for number, kind in enumerate(RulingKind):
        await tx.rule(
            StoredRuling(kind, COLLECTION, "indicator--1", "ng-cert", number, "accuracy", "secretariat/compliance", NOW + number, NOW)
        )
    await tx.rule(StoredRuling(RulingKind.HOLD, OTHER, "note--9", "ng-cert", 0, "duty", "secretariat/dpo", NOW - 1))
    for target in ("tool--9", "malware--2", "indicator--1"):
        await tx.add_job(Job(COLLECTION, Contribution(target, "ng-cert")))
    await tx.lease("scheduler", "a process", NOW + 1)


async def _kept_aside(tx: Transaction) -> None:
    for number in range(5):
        await tx.save_status(replace(STATUS, id=f"s-{number}", document=STATUS.document * (number + 1)))
        await tx.add_token(TOKEN._replace(id=f"t-{number}", digest=f"{number:02}" * 32, created=NOW + number % 2))
        for chain in (COLLECTION, ADMINISTRATION, OTHER):
            await tx.seal(chain, b"record %d of " % number + chain.encode())
    await tx.revoke_token("t-3", NOW + 9)


async def everything(store: Store) -> dict[str, Any]:
    """All that the contract tells of a store, but for the record of its copy."""
    heads = dict(await store.heads())
    chains = {chain: list(await store.sealed(chain, 1000)) for chain in sorted(heads)}
    told = {
        "in force": (await store.epoch(), await store.in_force()),
        "within": await store.transact(_within),
        "counts": [await store.count(place) for place in PLACES],
        "statuses": [await store.status(f"s-{number}") for number in range(6)],
        "tokens": {each.id: each for each in await store.tokens()},
        "by digest": await store.token("02" * 32),
        "ages": [each.created for each in await store.tokens()],
        "delivered": [list(await store.delivered(place, range(10_010), 100)) for place in PLACES],
        "polls": list(await store.polls()),
        "refusals": sorted(map(str, await store.refusals(0))),
        "chains": {chain: [each for each in kept if b'"event":"copy"' not in each.record] for chain, kept in chains.items()},
    }
    return {**told, "pages": [await page(store, each) for each in _readers(await store.epoch())]}


async def _within(tx: Transaction) -> dict[str, Any]:
    found: dict[str, Any] = {"jobs": await tx.jobs(), "rulings": [await tx.rulings(kind) for kind in RulingKind]}
    for place in PLACES:
        names = list(await tx.ids(place, "", 1000))
        history = await tx.history(place, names)
        rows = [each.row for name in names for each in history[name]]
        found[place] = {
            "history": history,
            "raw": await tx.raw(place, rows),
            "pins": await tx.pins(place, rows),
            "labels": list(await tx.labels(place)),
            "held under": await tx.label_counts(place),
            "made": [await tx.labels_made(place, name, since) for name in ORGANISATIONS for since in (0, NOW, NOW + 1)],
            "in use": [await tx.labels_in_use(place, name) for name in ORGANISATIONS],
        }
    return found


def _readers(epoch: int) -> Sequence[Selection]:
    """Questions of readers who see much and little, the last versions and all."""
    return [
        Selection(place, organisation, epoch, HIGHEST_MARK, numbers, versions, limit=1000)
        for place in (COLLECTION, OTHER)
        for organisation in ("", "ke-cert")
        for numbers in (frozenset({1, 2, 3, 4}), frozenset({1, 2}), frozenset({3}))
        for versions in (LATEST, EVERY)
    ]


async def copied(origin: str, target: str, hands: Hands, through: Callable[[Destination], Destination] = lambda each: each) -> Copied:
    """A copy of one store in another, or the rest of it."""
    source = await open_source(origin)
    try:
        destination = await open_destination(target)
        try:
            return await copy_store(source, through(destination), "the source", lambda: hands.now, lambda _done, _whole: None)
        finally:
            await destination.close()
    finally:
        await source.close()


class Breaking:
    """A destination that breaks off when it has kept so many portions."""

    def __init__(self, destination: Destination, after: int) -> None:
        self._destination = destination
        self._left = after
        self.mark = destination.mark
        self.begin = destination.begin
        self.standing = destination.standing
        self.finish = destination.finish
        self.close = destination.close

    async def keep(self, *args: Any) -> None:
        """As the destination, unless it breaks off."""
        if not self._left:
            raise InterruptedError
        self._left -= 1
        await self._destination.keep(*args)
