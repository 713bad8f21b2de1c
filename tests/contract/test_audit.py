"""What every store keeps on record: sealed chains, deliveries, and what is known of clients (DESIGN 8)."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from contract.samples import COLLECTION, Hands, House

from app.audit.chain import Head, faults
from app.audit.deliveries import DELIVERIES, Delivered, Delivery, batch_record
from app.audit.events import ADMINISTRATION
from app.clock import to_micros
from app.store.contract import Store, Transaction
from app.store.records import REFUSALS_KEPT, Poll, Refusal

OTHER = "9f2d7c10-4b8e-4c1d-8a3b-2e5f6a7b8c9d"
MINUTE = 60_000_000


async def seal(store: Store, chain: str, *records: bytes) -> None:
    async def work(tx: Transaction) -> None:
        for record in records:
            await tx.seal(chain, record)

    await store.transact(work)


def delivery(*rows: int, client: str = "ng-cert/misp", collection: str = COLLECTION, at: int = 1) -> Delivery:
    return Delivery(client, collection, 1, at, rows)


async def found(store: Store, rows: Sequence[int], collection: str = COLLECTION, limit: int = 10, after: int = 0) -> list[Delivered]:
    return list(await store.delivered(collection, frozenset(rows), limit, after))


async def test_records_stand_in_their_chain_in_order(store: Store) -> None:
    await seal(store, COLLECTION, b"one", b"two")
    await seal(store, COLLECTION, b"three")
    await seal(store, ADMINISTRATION, b"other")
    kept = await store.sealed(COLLECTION, 10)
    assert [(each.number, each.record) for each in kept] == [(1, b"one"), (2, b"two"), (3, b"three")]
    assert list(faults(COLLECTION, kept, {})) == []
    assert await store.heads() == {
        COLLECTION: Head(3, kept[-1].seal),
        ADMINISTRATION: Head(1, (await store.sealed(ADMINISTRATION, 10))[0].seal),
    }


async def test_records_are_read_in_portions(store: Store) -> None:
    await seal(store, COLLECTION, *(b"%d" % number for number in range(5)))
    portions = [await store.sealed(COLLECTION, 2, after) for after in (0, 2, 4, 5)]
    assert [[each.number for each in portion] for portion in portions] == [[1, 2], [3, 4], [5], []]


async def test_what_is_rolled_back_is_not_sealed(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        await tx.seal(COLLECTION, b"never")
        raise LookupError

    with pytest.raises(LookupError):
        await store.transact(work)
    assert await store.heads() == {}
    await seal(store, COLLECTION, b"one")
    assert list(faults(COLLECTION, await store.sealed(COLLECTION, 10), {})) == []


async def test_a_chain_without_records_is_empty(store: Store) -> None:
    assert await store.heads() == {}
    assert (list(await store.sealed(COLLECTION, 10)), list(await store.sealed(DELIVERIES, 10))) == ([], [])


async def test_deliveries_are_found_by_row(store: Store) -> None:
    """Each with the rows that were asked for alone, in the order in which they were put on record."""
    await store.deliver([delivery(1, 2, 3), delivery(2, 900, at=2), delivery(4)])
    await store.deliver([delivery(2, client="", at=3), delivery(2, collection=OTHER)])
    assert [(each.number, each.delivery) for each in await found(store, [2, 3])] == [
        (1, delivery(2, 3)),
        (2, delivery(2, at=2)),
        (4, delivery(2, client="", at=3)),
    ]
    assert [each.number for each in await found(store, [500])] == []
    assert [each.number for each in await found(store, [2], OTHER)] == [5]
    assert await found(store, []) == []


async def test_deliveries_are_read_in_portions(store: Store) -> None:
    await store.deliver([delivery(7, at=at) for at in range(5)])
    assert [each.number for each in await found(store, [7], limit=2)] == [1, 2]
    assert [each.number for each in await found(store, [7], limit=2, after=2)] == [3, 4]
    assert [each.number for each in await found(store, [7], limit=2, after=5)] == []


@pytest.mark.parametrize("step", [1, 300, 70_000, 5_000_000_000])
async def test_rows_far_apart_are_kept_exactly(store: Store, step: int) -> None:
    rows = tuple(range(3, 3 + 200 * step, step))
    await store.deliver([delivery(*rows)])
    assert [each.delivery.rows for each in await found(store, rows)] == [rows]


async def test_deliveries_are_sealed_in_batches(store: Store) -> None:
    batches = [[delivery(1, 5), delivery(2, collection=OTHER)], [delivery(3, client="")]]
    for batch in batches:
        await store.deliver(batch)
    kept = await store.sealed(DELIVERIES, 10)
    assert [each.record for each in kept] == [batch_record(batch) for batch in batches]
    assert list(faults(DELIVERIES, kept, {})) == []
    assert (await store.heads())[DELIVERIES] == Head(2, kept[-1].seal)
    assert [each.number for each in await store.sealed(DELIVERIES, 10, after=1)] == [2]


async def test_deliveries_outlive_the_store(shared_house: House) -> None:
    first = await shared_house.open()
    await first.deliver([delivery(1)])
    await first.close()
    second = await shared_house.open()
    await second.deliver([delivery(1, at=2)])
    assert [each.delivery.at for each in await found(second, [1])] == [1, 2]
    assert list(faults(DELIVERIES, await second.sealed(DELIVERIES, 10), {})) == []


async def test_two_processes_share_one_chain(shared_house: House) -> None:
    first, second = await shared_house.open(), await shared_house.open()
    for at in range(4):
        await (first, second)[at % 2].deliver([delivery(1, at=at)])
    kept = await first.sealed(DELIVERIES, 10)
    assert (len(kept), list(faults(DELIVERIES, kept, {}))) == (4, [])


async def test_rows_go_on_above_what_was_delivered(shared_house: House) -> None:
    """A store that came back from an older copy must not give a row number to something else (DESIGN 8)."""
    from contract.samples import put, version

    store = await shared_house.open()
    await store.deliver([delivery(500), delivery(400, collection=OTHER)])
    await store.close()
    again = await shared_house.open()
    (stored,) = await put(again, version())
    assert stored.row > 500


async def test_what_is_known_of_clients_is_added_up(store: Store) -> None:
    await store.note([Poll("ng-cert/misp", COLLECTION, 10, from_start=10, position=7, objects=3)], [])
    await store.note([Poll("ng-cert/misp", COLLECTION, 20), Poll("ke-cert/misp", COLLECTION, 5)], [])
    await store.note([Poll("ng-cert/misp", COLLECTION, 15, position=9, objects=2)], [])
    assert list(await store.polls()) == [
        Poll("ke-cert/misp", COLLECTION, 5),
        Poll("ng-cert/misp", COLLECTION, 20, from_start=10, position=9, objects=5),
    ]


async def test_refusals_are_counted_by_the_minute(store: Store, hands: Hands) -> None:
    now = to_micros(hands.now) // MINUTE * MINUTE
    await store.note([], [Refusal("ng-cert/misp", "GET objects", 403, now), Refusal("", "GET objects", 401, now, 5)])
    await store.note([], [Refusal("ng-cert/misp", "GET objects", 403, now, 2), Refusal("ng-cert/misp", "GET objects", 403, now + MINUTE)])
    kept = await store.refusals(0)
    assert sorted((each.client, each.minute - now, each.count) for each in kept) == [
        ("", 0, 5),
        ("ng-cert/misp", 0, 3),
        ("ng-cert/misp", MINUTE, 1),
    ]
    assert all(earlier.minute <= later.minute for earlier, later in pairwise(kept))
    assert [each.minute for each in await store.refusals(now + MINUTE)] == [now + MINUTE]


async def test_old_refusals_go(store: Store, hands: Hands) -> None:
    now = to_micros(hands.now) // MINUTE * MINUTE
    await store.note([], [Refusal("ng-cert/misp", "GET objects", 403, now)])
    hands.advance(REFUSALS_KEPT * 2)
    await store.note([Poll("ng-cert/misp", COLLECTION, 1)], [])
    assert list(await store.refusals(0)) == []
