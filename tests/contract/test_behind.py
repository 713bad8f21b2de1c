"""The clearance fits the snapshot, or there is no page (DESIGN 6): epoch, highest label number and page are read as one."""

from contract.samples import COLLECTION, HIGHEST_MARK, House, label, put, select, version

from app.store.contract import Behind, Page, Store, Transaction


async def intern(store: Store, *numbers: int, collection: str = COLLECTION) -> list[int]:
    async def work(tx: Transaction) -> list[int]:
        return list(await tx.intern(collection, [label(number) for number in numbers], "ng-cert"))

    return await store.transact(work)


async def adopt(store: Store) -> int:
    return await store.transact(lambda tx: tx.adopt(b"{}", "digest"))


async def test_a_clearance_of_another_epoch_gets_no_page(store: Store) -> None:
    """Access-policy case 38: after a reload returned, no request is answered under the old rules."""
    await put(store, version())
    assert await adopt(store) == 1
    assert await store.page(select(1)) == Behind(1, ())
    assert isinstance(await store.page(select(1, epoch=1)), Page)
    assert await store.page(select(1, epoch=2)) == Behind(1, ())


async def test_a_clearance_from_before_a_label_gets_no_page_but_the_label(store: Store) -> None:
    await intern(store, 1, 2, 3)
    found = await store.page(select(1, mark=1))
    assert found == Behind(0, ((2, label(2)), (3, label(3))))
    assert isinstance(await store.page(select(1, mark=3)), Page)


async def test_behind_names_the_labels_in_another_epoch_too(store: Store) -> None:
    await intern(store, 1)
    await adopt(store)
    assert await store.page(select(1, mark=0)) == Behind(1, ((1, label(1)),))


async def test_labels_of_another_collection_do_not_matter(store: Store) -> None:
    await intern(store, 1, 2, collection="another")
    assert isinstance(await store.page(select(1, mark=0)), Page)


async def test_what_selects_nothing_is_checked_all_the_same(store: Store) -> None:
    """Else an empty clearance would never learn of the labels that it lacks."""
    await intern(store, 1)
    assert await store.page(select(mark=0)) == Behind(0, ((1, label(1)),))


async def test_a_label_made_between_two_pages_is_never_skipped(store: Store) -> None:
    first, *_ = await put(store, *(version(f"indicator--{number}") for number in range(3)))
    await intern(store, 1)
    asked = select(1, mark=1, limit=1)
    assert isinstance(await store.page(asked), Page)
    await intern(store, 2)
    assert await store.page(asked._replace(after=first.date_added)) == Behind(0, ((2, label(2)),))


async def test_a_label_made_through_another_instance_is_never_skipped(shared_house: House) -> None:
    """A worker's page after another worker's write (issue: interned by another worker between two pages)."""
    here, there = await shared_house.open(), await shared_house.open()
    await intern(here, 1)
    assert isinstance(await here.page(select(1, mark=1)), Page)
    assert await intern(there, 2, 1) == [2, 1]
    assert await here.page(select(1, mark=1)) == Behind(0, ((2, label(2)),))
    await adopt(there)
    assert await here.page(select(1, mark=2)) == Behind(1, ())
    assert await here.epoch() == 1


async def test_a_write_in_progress_is_not_seen(store: Store) -> None:
    """One snapshot: neither rows nor labels nor the epoch of a transaction that has not ended."""

    async def work(tx: Transaction) -> None:
        await tx.intern(COLLECTION, [label(1)], "ng-cert")
        await tx.adopt(b"{}", "digest")
        assert await store.page(select(1, mark=0)) == Page()
        assert await store.epoch() == 0
        assert await store.in_force() is None

    await store.transact(work)
    assert await store.page(select(1, mark=HIGHEST_MARK)) == Behind(1, ())
