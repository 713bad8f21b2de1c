"""Pins: what refers to something is withheld from whom that is hidden from; kept true however many rows it concerns (DESIGN 6, access-policy cases 4 to 6)."""

from collections.abc import Mapping

from contract.samples import COLLECTION, House, amend, numbers_of, page, put, rows, select, version, walk

from app.stix.handling import State
from app.store.contract import Amendment, Arrival, Store, StoredVersion
from app.store.pins import AWAITED, Contribution, Job, Pin
from app.taxii.query import EVERY, Versions

FIRST, LAST = Versions(first=True), Versions(last=True)
TARGET = Contribution("indicator--9", "ng-cert")


def on(label: int, target: Contribution = TARGET) -> Pin:
    return Pin(*target, label)


async def put_pinned(store: Store, *versions: tuple[StoredVersion, set[Pin]]) -> list[StoredVersion]:
    """Store versions, and then their pins."""
    stored = await put(store, *(each for each, _ in versions))
    await pin(store, {each.row: frozenset(pins) for each, (_, pins) in zip(stored, versions, strict=True)})
    return stored


async def pin(store: Store, pins: Mapping[int, frozenset[Pin]]) -> None:
    await store.transact(lambda tx: tx.pin(COLLECTION, pins))


async def pins(store: Store, *stored: StoredVersion) -> list[set[Pin]]:
    found = await store.transact(lambda tx: tx.pins(COLLECTION, [each.row for each in stored]))
    return [set(found.get(each.row, ())) for each in stored]


async def repin(store: Store, label: int, *instead_of: int, target: Contribution = TARGET) -> None:
    await store.transact(lambda tx: tx.repin(COLLECTION, target, label, frozenset(instead_of)))


# ---- what is shown


async def test_a_row_is_withheld_unless_all_its_pins_are_seen(store: Store) -> None:
    """Case 4."""
    (link,) = await put_pinned(store, (version(flagged=True), {on(2), on(3, Contribution("indicator--8", "ke-cert"))}))
    for ids in (None, frozenset({link.object_id})):
        for versions in (LAST, FIRST, EVERY, Versions(exact=frozenset({link.key}))):
            assert await rows(store, select(1, 2, 3, ids=ids, versions=versions)) == [link.row]
            for numbers in ((1,), (1, 2), (1, 3)):
                assert await rows(store, select(*numbers, ids=ids, versions=versions)) == []


async def test_the_contributors_organisation_sees_its_own(store: Store) -> None:
    (link,) = await put_pinned(store, (version(flagged=True), {on(2), on(0)}))
    assert await rows(store, select(1, organisation="ng-cert")) == [link.row]
    assert await rows(store, select(1, organisation="ke-cert")) == []


async def test_an_erased_target_is_seen_by_nobody_and_an_awaited_one_hides_nothing(store: Store) -> None:
    """Case 5: what dangles is served as it is."""
    _erased, dangling = await put_pinned(
        store, (version("indicator--1", flagged=True), {on(0)}), (version("indicator--2", flagged=True), {on(AWAITED)})
    )
    assert await rows(store, select(1)) == [dangling.row]


async def test_pages_are_full_however_much_is_withheld(store: Store) -> None:
    """T-3.5, promise 1: withheld rows change neither a page's end nor `more`."""
    stored = await put_pinned(store, *((version(f"indicator--{n}", flagged=True), {on(2)} if n % 3 else {on(1)}) for n in range(30)))
    for limit in (1, 4, 10):
        assert [each.row for each in await walk(store, select(1, limit=limit))] == numbers_of(stored[::3])
        assert (await page(store, select(1, limit=limit))).more == (limit < 10)


async def test_what_withholds_the_newest_withholds_older_versions(store: Store) -> None:
    """No older version as a consolation: writers hand its pins down."""
    old, new = await put_pinned(store, (version(key="1", last=False, flagged=True), {on(2)}), (version(key="2", flagged=True), {on(2)}))
    for versions in (LAST, FIRST, EVERY, Versions(exact=frozenset({"1"}))):
        assert await rows(store, select(1, versions=versions)) == []
    assert await rows(store, select(1, 2, versions=EVERY)) == [old.row, new.row]


async def test_first_passes_over_what_is_withheld(store: Store) -> None:
    old, new = await put_pinned(store, (version(key="1", last=False, flagged=True), {on(2)}), (version(key="2"), set()))
    assert await rows(store, select(1, versions=FIRST)) == [new.row]
    assert await rows(store, select(1, versions=EVERY)) == [new.row]
    assert await rows(store, select(1, 2, versions=FIRST)) == [old.row]


async def test_a_pending_version_that_is_withheld_leaves_the_published_one(store: Store) -> None:
    pending = version(key="2", label=3, state=State.QUARANTINED, last=False, flagged=True)
    published, waiting = await put_pinned(store, (version(key="1", flagged=True), set()), (pending, {on(2)}))
    assert await rows(store, select(1, 3)) == [published.row]
    assert await rows(store, select(1, 3, 2)) == [waiting.row]


async def test_a_contribution_that_is_withheld_leaves_its_place_to_the_next(store: Store) -> None:
    best, other = await put_pinned(
        store, (version(contributor="a", rank=0, flagged=True), {on(2)}), (version(contributor="b", rank=9, flagged=True), set())
    )
    for ids in (None, frozenset({"indicator--1"})):
        for versions in (LAST, EVERY, FIRST):
            assert await rows(store, select(1, ids=ids, versions=versions)) == [other.row]
            assert await rows(store, select(1, 2, ids=ids, versions=versions)) == [best.row]
    assert await rows(store, select(1, organisation="a")) == [best.row]


async def test_a_version_that_is_withheld_ranks_nothing(store: Store) -> None:
    _withheld, other, later = await put_pinned(
        store,
        (version(key="1", contributor="a", rank=10, last=False, flagged=True), {on(2)}),
        (version(contributor="b", rank=20, flagged=True), set()),
        (version(key="2", contributor="a", rank=30, flagged=True), set()),
    )
    assert await rows(store, select(1)) == [other.row]
    assert await rows(store, select(1, 2)) == [later.row]


# ---- how pins are kept


async def test_pins_are_given_with_a_row_and_afterwards(store: Store) -> None:
    given = await store.transact(lambda tx: tx.put(COLLECTION, [Arrival(version(date_added=5), b"{}", frozenset({on(2)}))]))
    await pin(store, {given[0]: frozenset({on(2), on(3)})})
    found = await store.transact(lambda tx: tx.pins(COLLECTION, [*given, 999]))
    assert found == {given[0]: {on(2), on(3)}}
    assert await store.transact(lambda tx: tx.pins("another", list(given))) == {}
    assert await store.transact(lambda tx: tx.pins(COLLECTION, [])) == {}


async def test_a_tombstone_keeps_its_pins(store: Store) -> None:
    (gone,) = await put_pinned(store, (version(), {on(2)}))
    await amend(store, Amendment(gone.row, deleted=True, last=False))
    assert await pins(store, gone) == [{on(2)}]


async def test_the_labels_under_which_contributions_are_pinned(store: Store) -> None:
    other = Contribution("indicator--9", "ke-cert")
    await put_pinned(store, (version("indicator--1"), {on(2), on(3, other)}), (version("indicator--2"), {on(4), on(AWAITED, other)}))
    asked = [TARGET, other, Contribution("indicator--7", "ng-cert")]
    assert await store.transact(lambda tx: tx.pinned(COLLECTION, asked)) == {TARGET: {2, 4}, other: {3, AWAITED}}
    assert await store.transact(lambda tx: tx.pinned("another", asked)) == {}


async def test_closing_moves_every_pin_and_flags_its_row_at_once(store: Store) -> None:
    """Under the label of the row itself nothing need be looked at."""
    stored = await put_pinned(
        store,
        (version("indicator--1"), {on(1)}),
        (version("indicator--2", last=False), {on(1), on(1, Contribution("indicator--8", "ng-cert"))}),
        (version("indicator--3", label=2), {on(1)}),
        (version("indicator--4"), {on(1, Contribution("indicator--9", "ke-cert"))}),
        (version("note--5", object_type="note"), set()),
    )
    await repin(store, 2, 1)
    assert await pins(store, *stored) == [
        {on(2)},
        {on(2), on(1, Contribution("indicator--8", "ng-cert"))},
        {on(2)},
        {on(1, Contribution("indicator--9", "ke-cert"))},
        set(),
    ]
    for types in (None, frozenset({"indicator", "note"})):
        assert await rows(store, select(1, versions=EVERY, types=types)) == numbers_of(stored[3:])
        assert await rows(store, select(1, 2, versions=EVERY, types=types)) == numbers_of(stored)
    flags = await store.transact(lambda tx: tx.history(COLLECTION, [each.object_id for each in stored]))
    assert [flags[each.object_id][0].flagged for each in stored] == [True, True, False, False, False]


async def test_opening_leaves_the_former_pin_beside_the_new_one(store: Store) -> None:
    (link,) = await put_pinned(store, (version(flagged=True), {on(2)}))
    await repin(store, 3)
    assert await pins(store, link) == [{on(2), on(3)}]
    assert await rows(store, select(1, 3)) == []
    assert await rows(store, select(1, 2)) == []
    assert await rows(store, select(1, 2, 3)) == [link.row]


async def test_a_row_of_a_deleted_version_is_repinned_too(store: Store) -> None:
    (gone,) = await put_pinned(store, (version(), {on(1)}))
    await amend(store, Amendment(gone.row, deleted=True, last=False))
    await repin(store, 2, 1)
    assert await pins(store, gone) == [{on(2)}]


async def test_an_awaited_pin_becomes_one_that_binds(store: Store) -> None:
    """Case 4: targets that the writer's own organisation adds later."""
    (link,) = await put_pinned(store, (version(), {on(AWAITED)}))
    assert await rows(store, select(1)) == [link.row]
    await repin(store, 2, AWAITED)
    assert await rows(store, select(1)) == []
    assert await rows(store, select(1, 2)) == [link.row]


async def test_what_refers_is_found_and_freed_row_by_row(store: Store) -> None:
    stored = await put_pinned(
        store,
        *((version(f"indicator--{n}", flagged=True), {on(2), on(3)}) for n in range(3)),
        (version("indicator--4", flagged=True), {on(3)}),
        (version("indicator--5", flagged=True), {on(AWAITED)}),
    )
    order = stored[:3]
    found = await store.transact(lambda tx: tx.referring(COLLECTION, TARGET, 3, 10))
    assert list(found.items()) == [(each.row, each.object_id) for each in order]
    assert list(await store.transact(lambda tx: tx.referring(COLLECTION, TARGET, 3, 2))) == numbers_of(order[:2])
    await store.transact(lambda tx: tx.unpin(COLLECTION, TARGET, 3, numbers_of(order[:2])))
    assert await pins(store, *order) == [{on(3)}, {on(3)}, {on(2), on(3)}]
    assert list(await store.transact(lambda tx: tx.referring(COLLECTION, TARGET, 3, 10))) == numbers_of(order[2:])


async def test_other_collections_are_left_alone(store: Store) -> None:
    (link,) = await put_pinned(store, (version(), {on(1)}))
    await store.transact(lambda tx: tx.repin("another", TARGET, 2, frozenset({1})))
    assert await store.transact(lambda tx: tx.referring("another", TARGET, 2, 5)) == {}
    assert await pins(store, link) == [{on(1)}]


# ---- jobs


async def test_jobs_are_kept_once_until_they_are_done(store: Store) -> None:
    first, second = Job(COLLECTION, TARGET), Job(COLLECTION, Contribution("indicator--9", "ke-cert"))
    for job in (first, second, first):
        await store.transact(lambda tx, job=job: tx.add_job(job))
    assert await store.transact(lambda tx: tx.jobs()) == [first, second]
    await store.transact(lambda tx: tx.end_job(first))
    assert await store.transact(lambda tx: tx.jobs()) == [second]
    await store.transact(lambda tx: tx.end_job(first))


async def test_jobs_and_pins_outlive_their_store(shared_house: House) -> None:
    """Promise 3: a job that a stop interrupted is taken up again."""
    store = await shared_house.open()
    (link,) = await put_pinned(store, (version(flagged=True), {on(2)}))
    await store.transact(lambda tx: tx.add_job(Job(COLLECTION, TARGET)))
    await repin(store, 3)
    await store.close()
    again = await shared_house.open()
    assert await again.transact(lambda tx: tx.jobs()) == [Job(COLLECTION, TARGET)]
    assert await pins(again, link) == [{on(2), on(3)}]
