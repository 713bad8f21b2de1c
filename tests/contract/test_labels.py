"""Labels: numbered per collection in the order of first use, never twice; counted for the organisation that made them (DESIGN 6)."""

import asyncio
from datetime import UTC, datetime, timedelta

from contract.samples import COLLECTION, Hands, House, amend, label, put, version

from app.clock import to_micros
from app.stix.handling import HandlingLabel, State, Tlp
from app.store.contract import Amendment, Store, Transaction


async def intern(store: Store, *labels: HandlingLabel, organisation: str = "ng-cert", collection: str = COLLECTION) -> list[int]:
    async def work(tx: Transaction) -> list[int]:
        return list(await tx.intern(collection, labels, organisation))

    return await store.transact(work)


async def made(store: Store, since: datetime, organisation: str = "ng-cert", collection: str = COLLECTION) -> int:
    return await store.transact(lambda tx: tx.labels_made(collection, organisation, to_micros(since)))


async def in_use(store: Store, organisation: str = "ng-cert", collection: str = COLLECTION) -> int:
    return await store.transact(lambda tx: tx.labels_in_use(collection, organisation))


async def test_numbers_are_given_in_the_order_of_first_use(store: Store) -> None:
    assert await intern(store, label(7), label(3), label(7)) == [1, 2, 1]
    assert await intern(store, label(5), label(3)) == [3, 2]
    assert await intern(store) == []


async def test_each_collection_has_numbers_of_its_own(store: Store) -> None:
    assert await intern(store, label(1), label(2)) == [1, 2]
    assert await intern(store, label(2), collection="another") == [1]


async def test_labels_are_read_back_whole_from_a_mark_on(store: Store) -> None:
    everything = HandlingLabel(
        Tlp.RED,
        "ng-cert",
        "ng-cert/desk",
        recipients=frozenset({"user:ke-cert/desk"}),
        releasable_to=frozenset({"jur:KE", "org:ng-cert"}),
        not_releasable_to=frozenset({"jur:XX"}),
        embargo_until=datetime(2026, 5, 1, tzinfo=UTC),
        retention_until=datetime(2027, 1, 1, tzinfo=UTC),
        purposes=frozenset(),
        opaque=True,
        by_default=True,
        state=State.EMBARGOED,
        also=(label(9),),
    )
    await intern(store, label(1), everything)

    async def read(tx: Transaction) -> tuple[object, object, object]:
        return await tx.labels(COLLECTION), await tx.labels(COLLECTION, 1), await tx.labels(COLLECTION, 2)

    assert await store.transact(read) == (((1, label(1)), (2, everything)), ((2, everything),), ())


async def test_labels_that_differ_in_their_state_alone_are_two(store: Store) -> None:
    held = HandlingLabel(Tlp.GREEN, "org-1", "org-1/desk", state=State.HELD)
    assert await intern(store, label(1), held) == [1, 2]


async def test_the_number_of_a_failed_transaction_is_not_kept(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        await tx.intern(COLLECTION, [label(1)], "ng-cert")
        raise KeyError

    await asyncio.gather(store.transact(work), return_exceptions=True)
    assert await intern(store, label(2)) == [1]


async def test_labels_made_are_counted_by_organisation_and_time(store: Store, hands: Hands) -> None:
    """200 a day: the bound is on new labels."""
    begin = hands.now
    await intern(store, label(1), label(2))
    hands.advance(timedelta(hours=1))
    await intern(store, label(3))
    await intern(store, label(4), organisation="ke-cert")
    await intern(store, label(1), organisation="ke-cert")
    await intern(store, label(5), collection="another")
    assert await made(store, begin) == 3
    assert await made(store, hands.now) == 1
    assert await made(store, hands.now + timedelta(seconds=1)) == 0
    assert await made(store, begin, "ke-cert") == 1


async def test_labels_in_use_stand_on_rows_that_are_not_deleted(store: Store) -> None:
    await intern(store, label(1), label(2), label(3))
    await intern(store, label(4), organisation="ke-cert")
    one, _two, _three = await put(
        store, version("indicator--1", label=1), version("indicator--2", label=2), version("indicator--3", label=4, last=False)
    )
    assert (await in_use(store), await in_use(store, "ke-cert"), await in_use(store, "za-cert")) == (2, 1, 0)
    await amend(store, Amendment(one.row, deleted=True, last=False))
    assert await in_use(store) == 1
    assert await in_use(store, collection="another") == 0


async def test_rows_are_counted_label_by_label(store: Store) -> None:
    await put(store, version("indicator--1"), version("indicator--2", label=2, last=False), version("indicator--3"))
    await put(store, version("indicator--4", deleted=True, last=False, label=3))
    assert await store.transact(lambda tx: tx.label_counts(COLLECTION)) == {1: 2, 2: 1}


async def test_two_instances_never_give_a_number_to_two_labels(shared_house: House) -> None:
    stores = [await shared_house.open(), await shared_house.open()]
    given = await asyncio.gather(*(intern(stores[number % 2], label(number), label(100)) for number in range(10)))
    numbers = {first for first, _ in given} | {second for _, second in given}
    assert numbers == set(range(1, 12))
    assert len({second for _, second in given}) == 1
