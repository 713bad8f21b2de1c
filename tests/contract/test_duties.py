"""What duties stand on: rows by their labels, rulings, leases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from contract.samples import COLLECTION, START, Hands, House, amend, numbers_of, put, version

from app.clock import to_micros
from app.stix.handling import State
from app.store.contract import Amendment, RulingKind, Store, StoredRuling, StoredVersion, Transaction

NOW = to_micros(START)
HOLD = StoredRuling(RulingKind.HOLD, COLLECTION, "indicator--1", "ng-cert", 0, "accuracy", "secretariat/compliance", NOW, NOW + 5)


async def under(store: Store, *labels: int, limit: int = 100, after: int = -1, collection: str = COLLECTION) -> list[StoredVersion]:
    return list(await store.transact(lambda tx: tx.under(collection, labels, limit, after)))


async def rulings(store: Store, kind: RulingKind, collection: str | None = None, ids: list[str] | None = None) -> list[StoredRuling]:
    return list(await store.transact(lambda tx: tx.rulings(kind, collection, ids)))


async def lease(store: Store, holder: str, until: timedelta, name: str = "duties") -> bool:
    return await store.transact(lambda tx: tx.lease(name, holder, NOW + until // timedelta(microseconds=1)))


# ---- rows under labels


async def test_rows_are_found_by_their_effective_label(store: Store) -> None:
    """Candidates and others, flagged or not, of every type and state, ascending date_added."""
    stored = await put(
        store,
        version("indicator--1", label=2, own=7),
        version("indicator--2", label=3),
        version("malware--3", object_type="malware", label=2, last=False),
        version("indicator--4", label=4, state=State.EMBARGOED, flagged=True, last=False),
        version("indicator--5", label=7),
    )
    assert await under(store, 2, 4) == [stored[0], stored[2], stored[3]]
    assert await under(store, 4, 2, 2) == [stored[0], stored[2], stored[3]]
    assert await under(store, 9) == await under(store) == []
    assert await under(store, 2, collection="another") == []


async def test_tombstones_lie_under_no_label(store: Store) -> None:
    stored = await put(store, version("indicator--1"), version("indicator--2"))
    await amend(store, Amendment(stored[0].row, deleted=True, last=False))
    assert numbers_of(await under(store, 1)) == [stored[1].row]


async def test_rows_under_labels_come_in_portions(store: Store) -> None:
    stored = await put(store, *(version(f"indicator--{number}", label=1 + number % 2) for number in range(7)))
    first = await under(store, 1, 2, limit=3)
    rest = await under(store, 1, 2, after=first[-1].date_added)
    assert first + rest == stored


async def test_rows_are_found_where_they_lie_now(store: Store) -> None:
    stored = await put(store, version("indicator--1"), version("indicator--2"))
    await amend(store, Amendment(stored[0].row, label=2, date_added=stored[1].date_added + 5_000))
    assert numbers_of(await under(store, 1)) == [stored[1].row]
    assert numbers_of(await under(store, 1, 2)) == [stored[1].row, stored[0].row]


# ---- rulings


async def test_a_ruling_is_kept_as_it_was_given(store: Store) -> None:
    await store.transact(lambda tx: tx.rule(HOLD))
    assert await rulings(store, RulingKind.HOLD) == [HOLD]
    assert await rulings(store, RulingKind.REJECTION) == []


async def test_rulings_are_asked_for_by_kind_collection_and_id_oldest_first(store: Store) -> None:
    newer = replace(HOLD, object_id="indicator--0", made=NOW + 1)
    elsewhere = replace(HOLD, collection="another", made=NOW - 1)
    rejection = replace(HOLD, kind=RulingKind.REJECTION, row=3)

    async def work(tx: Transaction) -> None:
        for each in (newer, HOLD, elsewhere, rejection):
            await tx.rule(each)

    await store.transact(work)
    assert await rulings(store, RulingKind.HOLD) == [elsewhere, HOLD, newer]
    assert await rulings(store, RulingKind.HOLD, COLLECTION) == [HOLD, newer]
    assert await rulings(store, RulingKind.HOLD, COLLECTION, ["indicator--1", "indicator--9"]) == [HOLD]
    assert await rulings(store, RulingKind.HOLD, None, ["indicator--1"]) == [elsewhere, HOLD]
    assert await rulings(store, RulingKind.HOLD, COLLECTION, []) == []
    assert await rulings(store, RulingKind.REJECTION, COLLECTION) == [rejection]


async def test_a_ruling_takes_the_place_of_the_former_on_the_same_thing(store: Store) -> None:
    later, of_another = replace(HOLD, reason="incident", until=0), replace(HOLD, contributor="ke-cert")

    async def work(tx: Transaction) -> None:
        for each in (HOLD, of_another, later):
            await tx.rule(each)

    await store.transact(work)
    assert await rulings(store, RulingKind.HOLD) == [of_another, later]


async def test_a_ruling_that_is_forgotten_is_gone(store: Store) -> None:
    await store.transact(lambda tx: tx.rule(HOLD))
    await store.transact(lambda tx: tx.unrule(replace(HOLD, row=1)))
    assert await rulings(store, RulingKind.HOLD) == [HOLD]
    await store.transact(lambda tx: tx.unrule(replace(HOLD, reason="", made=0)))
    await store.transact(lambda tx: tx.unrule(HOLD))
    assert await rulings(store, RulingKind.HOLD) == []


async def test_rulings_roll_back_with_their_transaction(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        await tx.rule(HOLD)
        await tx.lease("duties", "first", NOW + 1_000_000)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.transact(work)
    assert await rulings(store, RulingKind.HOLD) == []
    assert await lease(store, "second", timedelta(seconds=1))


# ---- leases


async def test_a_lease_has_one_holder_at_a_time(store: Store, hands: Hands) -> None:
    assert await lease(store, "first", timedelta(minutes=1))
    assert not await lease(store, "second", timedelta(minutes=9))
    assert await lease(store, "second", timedelta(minutes=1), name="other duties")
    assert await lease(store, "first", timedelta(minutes=2))
    hands.advance(timedelta(minutes=1))
    assert not await lease(store, "second", timedelta(minutes=9))
    hands.advance(timedelta(minutes=1))
    assert await lease(store, "second", timedelta(minutes=9))
    assert not await lease(store, "first", timedelta(minutes=9))


async def test_a_lease_is_given_back_by_its_holder_alone(store: Store) -> None:
    assert await lease(store, "first", timedelta(minutes=1))
    assert not await lease(store, "second", timedelta(0))
    assert await lease(store, "first", timedelta(0))
    assert await lease(store, "second", timedelta(minutes=1))


async def test_a_lease_holds_for_every_process(shared_house: House) -> None:
    one, other = await shared_house.open(), await shared_house.open()
    assert await lease(one, "first", timedelta(minutes=1))
    assert not await lease(other, "second", timedelta(minutes=1))
