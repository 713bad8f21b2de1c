"""A store copied into another, of every kind: nothing is lost or repeated, whatever interrupts it, and everything goes on there (decision 24)."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from contract.conftest import open_at
from contract.moving import EMPTY, NOW, OTHER, PLACES, Breaking, copied, everything, fill
from contract.samples import COLLECTION, Hands, House, label, put, version
from stores import SHARED, fresh_store

from app.audit.chain import faults
from app.audit.deliveries import DELIVERIES, Delivery
from app.audit.events import ADMINISTRATION, Event, decode
from app.bootstrap import open_destination, open_source, open_store
from app.errors import ConfigurationError, StoreUnavailable
from app.store import moving
from app.store.contract import Store
from app.store.moving import Mark, Part


@pytest.fixture(params=SHARED)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where nothing is yet, of every kind."""
    with fresh_store(request.param, request, tmp_path / "target") as url:
        yield url


@pytest.fixture
async def origin(shared_address: str, hands: Hands) -> str:
    """A store of every kind with something of everything, and nobody who has it open."""
    store = await open_at(shared_address, hands.trusted())
    await fill(store)
    await store.close()
    return shared_address


@pytest.fixture
async def told(origin: str, hands: Hands) -> dict[str, object]:
    """All that the source tells."""
    store = await open_at(origin, hands.trusted())
    found = await everything(store)
    await store.close()
    return found


@pytest.fixture
async def there(target: str, hands: Hands) -> AsyncIterator[House]:
    """The copy, to be opened; in the end its engine finds nothing wrong with it."""
    house = House(partial(open_at, target), hands, [])
    yield house
    found = [fault for store in house.opened for fault in await store.faults()]
    for store in house.opened:
        await store.close()
    assert not found


async def test_everything_is_there(origin: str, told: dict[str, object], target: str, there: House, hands: Hands) -> None:
    done = await copied(origin, target, hands)
    assert (min(done.counts.values()), done.found) == (1, 0)
    copy = await there.open()
    assert await everything(copy) == told


async def test_the_copy_goes_on_record(origin: str, told: dict[str, object], target: str, there: House, hands: Hands) -> None:
    """With the place in each chain where it was made, after the records of the source, which keep their seals."""
    await copied(origin, target, hands)
    copy = await there.open()
    kept = await copy.sealed(ADMINISTRATION, 100)
    record = decode(kept[-1].record)
    assert (record.deed.event, record.deed.epoch, len(kept)) == (Event.COPY, 2, 6)
    assert record.details["heads"] == {COLLECTION: 5, OTHER: 5, ADMINISTRATION: 5, DELIVERIES: 4}
    for chain in (COLLECTION, OTHER, ADMINISTRATION, DELIVERIES):
        assert list(faults(chain, await copy.sealed(chain, 100), {})) == []


async def test_all_counters_go_on(origin: str, target: str, there: House, hands: Hands) -> None:
    """Rows above what was delivered, labels and dates above those that were given, also in a collection without rows; epochs; deliveries.

    The clock stands still, so the next date is one right after the newest that was given.
    """
    newest = await _newest(origin)
    await copied(origin, target, hands)
    copy = await there.open()
    for place in PLACES:
        numbers = await copy.transact(lambda tx: tx.intern(place, [label(8), label(1)], "ng-cert"))  # noqa: B023 # run at once
        (stored,) = await put(copy, version("tool--1", object_type="tool"), collection=place)
        assert numbers == [5 if place == COLLECTION else 4, 1]
        assert stored.row > 10_003
        assert newest[place] < stored.date_added <= newest[place] + 2_000
    assert await copy.transact(lambda tx: tx.adopt(b"{}", "bb")) == 3
    await copy.deliver([Delivery("ng-cert/misp", EMPTY, 3, NOW, (20_000,))])
    assert [each.number for each in await copy.delivered(EMPTY, [20_000], 10)] == [9]
    assert list(faults(DELIVERIES, await copy.sealed(DELIVERIES, 100), {})) == []


async def _newest(origin: str) -> dict[str, int]:
    """The newest date of each collection."""
    source = await open_source(origin)
    standing = await source.standing()
    await source.close()
    return {each.key: each.newest for each in standing.collections}


async def test_leases_stay_behind(origin: str, target: str, there: House, hands: Hands) -> None:
    await copied(origin, target, hands)
    assert await (await there.open()).transact(lambda tx: tx.lease("scheduler", "another process", NOW + 1))


async def test_a_copy_of_a_copy_is_the_same(origin: str, told: dict[str, object], target: str, hands: Hands, tmp_path: Path) -> None:
    await copied(origin, target, hands)
    again = f"sqlite:///{tmp_path}/again.db"
    await copied(target, again, hands)
    store = await open_at(again, hands.trusted())
    assert await everything(store) == told
    assert [decode(each.record).deed.event for each in await store.sealed(ADMINISTRATION, 10, after=5)] == [Event.COPY, Event.COPY]
    await store.close()


async def test_a_store_with_nothing_in_it_is_copied(shared_address: str, target: str, there: House, hands: Hands) -> None:
    await (await open_at(shared_address, hands.trusted())).close()
    done = await copied(shared_address, target, hands)
    assert sum(done.counts.values()) == 0
    copy = await there.open()
    assert (await copy.epoch(), list(await copy.heads())) == (0, [ADMINISTRATION])


@pytest.mark.parametrize("octets", [moving.OCTETS_AT_ONCE, 30], ids=["pieces", "octets"])
async def test_what_was_interrupted_goes_on(
    origin: str, told: dict[str, object], target: str, there: House, hands: Hands, monkeypatch: pytest.MonkeyPatch, octets: int
) -> None:
    """Wherever it broke off; and until its end it cannot be opened."""
    monkeypatch.setattr(moving, "PIECES_AT_ONCE", 2)
    monkeypatch.setattr(moving, "OCTETS_AT_ONCE", octets)
    runs, found = 0, list[int]()
    while not found:
        try:
            found.append((await copied(origin, target, hands, lambda destination: Breaking(destination, 7))).found)
        except InterruptedError:
            runs += 1
            with pytest.raises(ConfigurationError, match=r"not finished; run the same `legation store copy FROM TO` again"):
                await open_store(target, create=False)
    assert runs > 3
    assert found[0] > 40
    assert await everything(await there.open()) == told


async def test_pieces_whose_mark_was_lost_are_not_kept_twice(
    origin: str, told: dict[str, object], target: str, there: House, hands: Hands
) -> None:
    """The deliveries of a file are kept before the mark in the other one says so."""
    source, destination = await open_source(origin), await open_destination(target)
    standing = await source.standing()
    start = Mark("the source", standing.fingerprint, Part.BATCHES)
    await destination.begin(start, standing)
    for part in (Part.BATCHES, Part.POLLS, Part.REFUSALS):
        if target.startswith("sqlite"):
            await destination.keep(part, (await source.portion(part, ())).pieces, start)
    await destination.keep(Part.JOBS, (), Mark("the source", standing.fingerprint, Part.ALLIANCE))
    await destination.close()
    await source.close()
    await copied(origin, target, hands)
    assert await everything(await there.open()) == told


async def test_a_source_that_changed_since_is_not_gone_on_with(origin: str, target: str, hands: Hands) -> None:
    with pytest.raises(InterruptedError):
        await copied(origin, target, hands, lambda destination: Breaking(destination, 3))
    store = await open_at(origin, hands.trusted())
    await put(store, version("indicator--77"))
    await store.close()
    with pytest.raises(ConfigurationError, match="as it stood before, or from another store: it cannot be finished; remove it"):
        await copied(origin, target, hands)


@pytest.mark.parametrize("shared_address", ["mongodb"], indirect=True)
async def test_a_source_that_changes_meanwhile_is_noticed(origin: str, target: str, hands: Hands) -> None:
    """A database keeps nobody away."""
    store = await open_at(origin, hands.trusted())

    class Writing(Breaking):
        async def keep(self, *args: object) -> None:
            await super().keep(*args)
            await store.deliver([Delivery("ng-cert/misp", COLLECTION, 2, NOW, (1,))])

    with pytest.raises(StoreUnavailable, match="the store changed while it was copied; stop its servers, remove what was copied"):
        await copied(origin, target, hands, lambda destination: Writing(destination, 100))
    await store.close()
    with pytest.raises(ConfigurationError, match="not finished"):
        await open_store(target, create=False)


async def test_a_source_in_use_is_refused(origin: str, target: str, hands: Hands) -> None:
    """A file that somebody has open; a database on which a server holds a lease."""
    server = await open_store(origin)
    await _lease(server, 1 << 52)
    with pytest.raises(StoreUnavailable, match=r"in use; stop the servers|a server works on .*; stop all that do"):
        await open_source(origin)
    await _lease(server, 0)
    await server.close()
    await copied(origin, target, hands)


async def _lease(store: Store, until: int) -> None:
    await store.transact(lambda tx: tx.lease("scheduler", "a process", until))


async def test_a_place_where_something_is_is_refused(origin: str, target: str, hands: Hands) -> None:
    await copied(origin, target, hands)
    with pytest.raises(ConfigurationError, match=r"is a store already|there is a store in the database"):
        await copied(origin, target, hands)
    await (await open_store(target, create=False)).close()  # it is whole all the same


async def test_a_copy_that_does_not_agree_is_no_store(origin: str, target: str, hands: Hands) -> None:
    class Losing(Breaking):
        async def keep(self, part: Part, pieces: object, mark: Mark) -> None:
            await super().keep(part, () if part is Part.POLLS else pieces, mark)

    with pytest.raises(StoreUnavailable, match="does not hold what the store holds"):
        await copied(origin, target, hands, lambda destination: Losing(destination, 100))
    with pytest.raises(ConfigurationError, match="not finished"):
        await open_store(target, create=False)
