"""Selection and page: what one reader is shown of one collection (TAXII 2.1 §3.4, §5.4; DESIGN 6)."""

from contract.samples import COLLECTION, amend, bytes_of, numbers_of, page, put, rows, select, version, walk

from app.stix.handling import State
from app.store.contract import Amendment, Page, Store
from app.taxii.query import EVERY, Versions

FIRST = Versions(first=True)


async def test_a_collection_that_nothing_was_put_into_is_empty(store: Store) -> None:
    assert await store.page(select(1)) == Page()


async def test_an_entry_tells_its_row_its_bytes_and_its_label(store: Store) -> None:
    """T-3.7: bytes out = bytes in."""
    (stored,) = await put(store, version("indicator--1", label=7))
    found = await page(store, select(7))
    assert found.entries == ((stored.row, "indicator--1", stored.version, stored.date_added, bytes_of(stored), 7, "ng-cert"),)


async def test_bytes_are_left_out_where_they_are_not_asked_for(store: Store) -> None:
    """T-5.3: a manifest needs none."""
    await put(store, version())
    found = await page(store, select(1, with_raw=False))
    assert [entry.raw for entry in found.entries] == [b""]


async def test_names_are_left_out_where_they_are_not_asked_for(store: Store) -> None:
    """T-5.4: objects name themselves."""
    (stored,) = await put(store, version("indicator--1", label=7))
    found = await page(store, select(7, with_names=False))
    assert found.entries == ((stored.row, "", "", stored.date_added, bytes_of(stored), 0, ""),)


async def test_only_rows_of_visible_labels_are_shown(store: Store) -> None:
    stored = await put(store, *(version(f"indicator--{number}", label=number) for number in range(1, 5)))
    assert await rows(store, select(2, 4)) == [stored[1].row, stored[3].row]


async def test_who_may_see_no_label_is_shown_nothing(store: Store) -> None:
    await put(store, version())
    assert await store.page(select()) == Page()


async def test_only_the_collection_asked_for_is_read(store: Store) -> None:
    await put(store, version("indicator--1"), collection="another")
    (mine,) = await put(store, version("indicator--2"))
    assert await rows(store, select(1)) == [mine.row]


async def test_a_deleted_row_is_not_shown(store: Store) -> None:
    kept, gone = await put(store, version("indicator--1"), version("indicator--2"))
    await amend(store, Amendment(gone.row, deleted=True, last=False))
    assert await rows(store, select(1)) == [kept.row]
    assert await rows(store, select(1, ids=frozenset({"indicator--2"}), versions=EVERY)) == []


async def test_order_is_by_date_not_by_row(store: Store) -> None:
    """T-3.4: ascending by date added; an amended date moves a row to the end."""
    first, second = await put(store, version("indicator--1"), version("indicator--2"))
    await amend(store, Amendment(first.row, date_added=second.date_added + 5))
    assert await rows(store, select(1)) == [second.row, first.row]


async def test_order_holds_over_labels(store: Store) -> None:
    stored = await put(store, *(version(f"indicator--{number}", label=1 + number % 3) for number in range(9)))
    assert await rows(store, select(1, 2, 3)) == numbers_of(stored)


async def test_order_holds_over_more_labels_than_are_merged_one_by_one(store: Store) -> None:
    """Labels numbered against the time of their objects."""
    stored = await put(store, *(version(f"indicator--{number}", label=100 - number % 90) for number in range(200)))
    found = await walk(store, select(*range(1, 101), limit=7))
    assert [entry.row for entry in found] == numbers_of(stored)


async def test_hidden_labels_stay_hidden_from_who_sees_very_many(store: Store) -> None:
    stored = await put(store, *(version(f"indicator--{number}", label=number) for number in range(1, 201)))
    seen = select(*range(2, 201, 2))
    assert await rows(store, seen) == numbers_of(stored[1::2])
    assert await rows(store, seen._replace(after=stored[150].date_added)) == numbers_of(stored[151::2])
    assert await rows(store, seen._replace(types=frozenset({"indicator"}))) == numbers_of(stored[1::2])
    assert await rows(store, seen._replace(ids=frozenset({"indicator--7", "indicator--8"}))) == [stored[7].row]


async def test_an_old_row_that_comes_under_a_label_hides_no_newer_one(store: Store) -> None:
    """Tightening keeps the date: polls that go on from later dates still find what is new under that label."""
    old, middle, new = await put(store, version("indicator--1"), version("indicator--2"), version("indicator--3", label=2))
    await amend(store, Amendment(old.row, label=2))
    assert await rows(store, select(2, after=middle.date_added)) == [new.row]
    assert await rows(store, select(2)) == [old.row, new.row]


async def test_after_is_strictly_later(store: Store) -> None:
    """T-3.4-03: `added_after` itself is not in the answer."""
    stored = await put(store, *(version(f"indicator--{number}") for number in range(3)))
    assert await rows(store, select(1, after=stored[0].date_added)) == numbers_of(stored[1:])
    assert await rows(store, select(1, after=stored[2].date_added)) == []
    assert await rows(store, select(1, after=stored[0].date_added - 1)) == numbers_of(stored)


async def test_limit_cuts_and_more_tells(store: Store) -> None:
    """T-3.5: `more` exactly if something follows."""
    await put(store, *(version(f"indicator--{number}") for number in range(3)))
    sizes = [(len(found.entries), found.more) for found in [await page(store, select(1, limit=limit)) for limit in (1, 2, 3, 4)]]
    assert sizes == [(1, True), (2, True), (3, False), (3, False)]


async def test_more_does_not_count_what_is_hidden(store: Store) -> None:
    await put(store, version("indicator--1"), version("indicator--2", label=2), version("indicator--3", label=2))
    assert not (await page(store, select(1, limit=1))).more


async def test_a_page_ends_before_its_bytes_exceed_the_budget(store: Store) -> None:
    stored = await put(store, *(version(f"indicator--{number}") for number in range(4)))
    size = len(bytes_of(stored[0]))
    found = await page(store, select(1, budget=2 * size))
    assert ([entry.row for entry in found.entries], found.more) == (numbers_of(stored[:2]), True)
    assert len((await page(store, select(1, budget=2 * size - 1))).entries) == 1


async def test_a_page_holds_an_entry_however_small_the_budget(store: Store) -> None:
    await put(store, *(version(f"indicator--{number}") for number in range(2)))
    found = await page(store, select(1, budget=1))
    assert (len(found.entries), found.more) == (1, True)


async def test_the_budget_counts_only_bytes_that_are_read(store: Store) -> None:
    await put(store, *(version(f"indicator--{number}") for number in range(2)))
    assert len((await page(store, select(1, budget=1, with_raw=False))).entries) == 2


async def test_ids_choose(store: Store) -> None:
    stored = await put(store, *(version(f"indicator--{number}") for number in range(4)))
    wanted = frozenset({"indicator--3", "indicator--1", "indicator--9"})
    assert await rows(store, select(1, ids=wanted)) == [stored[1].row, stored[3].row]
    assert await rows(store, select(1, ids=wanted, after=stored[1].date_added)) == [stored[3].row]
    assert await rows(store, select(1, ids=frozenset())) == []


async def test_types_choose(store: Store) -> None:
    types = ("indicator", "malware", "indicator", "tool")
    stored = await put(store, *(version(f"{object_type}--{n}", object_type=object_type) for n, object_type in enumerate(types)))
    assert await rows(store, select(1, types=frozenset({"indicator"}))) == [stored[0].row, stored[2].row]
    assert await rows(store, select(1, types=frozenset({"tool", "malware", "note"}))) == [stored[1].row, stored[3].row]
    assert await rows(store, select(1, types=frozenset({"note"}))) == []
    assert await rows(store, select(1, types=frozenset())) == []


async def test_ids_and_types_both_hold(store: Store) -> None:
    stored = await put(store, version("indicator--1"), version("malware--1", object_type="malware"))
    ids = frozenset({"indicator--1", "malware--1"})
    assert await rows(store, select(1, ids=ids, types=frozenset({"malware"}))) == [stored[1].row]


async def test_last_is_the_newest_version_not_the_latest_row(store: Store) -> None:
    """T-3.4.1-08 (`match[version]`): an older version that comes later changes nothing."""
    newer, _older = await put(store, version(key="2026-02"), version(key="2026-01", last=False))
    assert await rows(store, select(1)) == [newer.row]


async def test_first_all_and_exact_versions(store: Store) -> None:
    one, two, three = await put(store, version(key="1", last=False), version(key="2", last=False), version(key="3"))
    assert await rows(store, select(1, versions=FIRST)) == [one.row]
    assert await rows(store, select(1, versions=EVERY)) == [one.row, two.row, three.row]
    assert await rows(store, select(1, versions=Versions(exact=frozenset({"2", "9"})))) == [two.row]


async def test_choices_of_versions_are_united_and_count_once(store: Store) -> None:
    one, two, three = await put(store, version(key="1", last=False), version(key="2", last=False), version(key="3"))
    assert await rows(store, select(1, versions=Versions(last=True, first=True))) == [one.row, three.row]
    assert await rows(store, select(1, versions=Versions(first=True, exact=frozenset({"1", "2"})))) == [one.row, two.row]
    assert await rows(store, select(1, versions=Versions(last=True, first=True, exact=frozenset({"2"})))) == [one.row, two.row, three.row]
    assert await rows(store, select(1, versions=Versions())) == []


async def test_versions_are_settled_before_after(store: Store) -> None:
    """A later version hides the earlier one from a poll that starts between them, and a poll after both sees no `first`."""
    one, two = await put(store, version(key="1", last=False), version(key="2"))
    assert await rows(store, select(1, versions=FIRST, after=one.date_added)) == []
    assert await rows(store, select(1, after=one.date_added)) == [two.row]


async def test_versions_are_settled_within_ids_too(store: Store) -> None:
    ids = frozenset({"indicator--1"})
    one, two = await put(store, version(key="1", last=False), version(key="2"))
    assert await rows(store, select(1, ids=ids)) == [two.row]
    assert await rows(store, select(1, ids=ids, versions=FIRST)) == [one.row]
    assert await rows(store, select(1, ids=ids, versions=EVERY)) == [one.row, two.row]
    assert await rows(store, select(1, ids=ids, versions=Versions(exact=frozenset({"1"})))) == [one.row]


async def test_first_is_the_earliest_that_is_visible(store: Store) -> None:
    """Older versions may lie under stricter labels: labels join backwards."""
    _hidden, two, _three = await put(store, version(key="1", label=2, last=False), version(key="2", last=False), version(key="3"))
    assert await rows(store, select(1, versions=FIRST)) == [two.row]


async def test_a_deleted_version_is_neither_last_nor_first(store: Store) -> None:
    one, two, three = await put(store, version(key="1", last=False), version(key="2"), version(key="3"))
    await amend(store, Amendment(three.row, last=False, deleted=True), Amendment(one.row, deleted=True))
    for versions in (Versions(last=True), FIRST, EVERY):
        assert await rows(store, select(1, versions=versions)) == [two.row]


async def test_a_version_posted_again_beside_its_tombstone(store: Store) -> None:
    gone, again = await put(store, version(key="1", last=False, deleted=True), version(key="1"))
    for versions in (Versions(last=True), FIRST, EVERY, Versions(exact=frozenset({"1"}))):
        assert await rows(store, select(1, versions=versions)) == [again.row]
    assert gone.row < again.row


async def test_last_of_a_flagged_contribution_is_the_newest_this_reader_sees(store: Store) -> None:
    """DESIGN 6: a pending version is shown as the newest to those who may see it, and changes nothing for others."""
    pending = {"state": State.QUARANTINED, "last": False, "flagged": True}
    published, waiting, further = await put(
        store, version(key="1", flagged=True), version(key="2", label=2, **pending), version(key="3", label=3, **pending)
    )
    assert await rows(store, select(1)) == [published.row]
    assert await rows(store, select(1, 2)) == [waiting.row]
    assert await rows(store, select(1, 2, 3)) == [further.row]
    assert await rows(store, select(1, 2, 3, ids=frozenset({"indicator--1"}))) == [further.row]
    assert await rows(store, select(1, 2, versions=Versions(last=True, first=True))) == [published.row, waiting.row]


async def test_a_pending_version_that_was_deleted_gives_way(store: Store) -> None:
    pending = {"state": State.QUARANTINED, "last": False, "flagged": True}
    published, waiting, _hidden = await put(
        store, version(key="1", flagged=True), version(key="2", **pending), version(key="3", label=2, **pending)
    )
    assert await rows(store, select(1)) == [waiting.row]
    await amend(store, Amendment(waiting.row, deleted=True))
    for ids in (None, frozenset({"indicator--1"})):
        assert await rows(store, select(1, ids=ids)) == [published.row]
        assert await rows(store, select(1, ids=ids, versions=FIRST)) == [published.row]


async def test_a_first_version_that_was_deleted_gives_way_among_flagged_ones(store: Store) -> None:
    one, two, _other = await put(
        store,
        version(key="1", last=False, flagged=True),
        version(key="2", flagged=True),
        version(contributor="z", rank=9, label=2, flagged=True),
    )
    await amend(store, Amendment(one.row, deleted=True))
    assert await rows(store, select(1, versions=FIRST)) == [two.row]


async def test_of_several_contributions_the_best_ranked_is_shown(store: Store) -> None:
    """Access-policy cases 1 and 3: the registered originator's (rank 0), else the earliest."""
    late, early, owner = await put(
        store,
        version(contributor="a", rank=20, flagged=True),
        version(contributor="b", rank=10, label=2, flagged=True),
        version(contributor="c", rank=0, label=3, flagged=True),
    )
    for ids in (None, frozenset({"indicator--1"})):
        assert await rows(store, select(1, 2, 3, ids=ids)) == [owner.row]
        assert await rows(store, select(1, 2, ids=ids)) == [early.row]
        assert await rows(store, select(1, ids=ids)) == [late.row]
        assert await rows(store, select(1, 2, 3, ids=ids, versions=EVERY)) == [owner.row]


async def test_among_equal_ranks_the_first_name_is_shown(store: Store) -> None:
    _second, first = await put(store, version(contributor="b", rank=0, flagged=True), version(contributor="a", rank=0, flagged=True))
    assert await rows(store, select(1)) == [first.row]


async def test_a_contribution_ranks_by_what_of_it_the_reader_may_see(store: Store) -> None:
    """Promise 1: of two contributions that he sees he must not be shown one because it began with a version hidden from him."""
    _hidden, other, later = await put(
        store,
        version(key="1", contributor="a", rank=10, label=2, last=False, flagged=True),
        version(contributor="b", rank=20, flagged=True),
        version(key="2", contributor="a", rank=30, flagged=True),
    )
    for ids in (None, frozenset({"indicator--1"})):
        assert await rows(store, select(1, ids=ids)) == [other.row]
        assert await rows(store, select(1, 2, ids=ids)) == [later.row]


async def test_a_later_version_of_the_registered_originators_goes_first(store: Store) -> None:
    """All versions of the contribution are shown, whatever the ranks of the others."""
    one, _other, owned, three = await put(
        store,
        version(key="1", contributor="b", rank=30, last=False, flagged=True),
        version(contributor="a", rank=20, flagged=True),
        version(key="2", contributor="b", rank=0, label=2, last=False, flagged=True),
        version(key="3", contributor="b", rank=50, flagged=True),
    )
    assert await rows(store, select(1, 2, versions=EVERY)) == [one.row, owned.row, three.row]
    assert await rows(store, select(1, 2)) == [three.row]


async def test_a_version_that_is_deleted_ranks_nothing(store: Store) -> None:
    first, other, _later = await put(
        store,
        version(key="1", contributor="a", rank=10, last=False, flagged=True),
        version(contributor="b", rank=20, flagged=True),
        version(key="2", contributor="a", rank=30, flagged=True),
    )
    await amend(store, Amendment(first.row, deleted=True))
    assert await rows(store, select(1)) == [other.row]


async def test_a_new_rank_is_kept(store: Store) -> None:
    one, two = await put(store, version(contributor="a", rank=10, flagged=True), version(contributor="b", rank=20, flagged=True))
    await amend(store, Amendment(one.row, rank=30), Amendment(two.row))
    assert await rows(store, select(1)) == [two.row]


async def test_ones_own_contribution_comes_before_every_other(store: Store) -> None:
    mine, _owner = await put(store, version(contributor="b", rank=10, flagged=True), version(contributor="a", rank=0, flagged=True))
    assert await rows(store, select(1, organisation="b")) == [mine.row]


async def test_ones_own_contribution_counts_only_as_far_as_one_sees_it(store: Store) -> None:
    """A contribution of one's own that is hidden (held, or RED for a colleague) has no influence."""
    _mine, other = await put(
        store, version(contributor="b", rank=10, label=2, flagged=True), version(contributor="a", rank=0, flagged=True)
    )
    assert await rows(store, select(1, organisation="b")) == [other.row]


async def test_who_deleted_his_own_is_shown_none(store: Store) -> None:
    """Access-policy case 36: his tombstone hides the id from him, and from nobody else."""
    mine, other = await put(store, version(contributor="b", rank=10, flagged=True), version(contributor="a", rank=20, flagged=True))
    await amend(store, Amendment(mine.row, deleted=True, last=False))
    for ids in (None, frozenset({"indicator--1"})):
        for versions in (Versions(last=True), EVERY, FIRST):
            assert await rows(store, select(1, organisation="b", ids=ids, versions=versions)) == []
            assert await rows(store, select(1, organisation="c", ids=ids, versions=versions)) == [other.row]


async def test_a_tombstone_that_one_does_not_see_hides_nothing(store: Store) -> None:
    mine, other = await put(
        store, version(contributor="b", rank=10, label=2, flagged=True), version(contributor="a", rank=20, flagged=True)
    )
    await amend(store, Amendment(mine.row, deleted=True, last=False))
    assert await rows(store, select(1, organisation="b")) == [other.row]


async def test_a_better_contribution_that_is_deleted_gives_way(store: Store) -> None:
    """DESIGN 6: the contribution that surfaces keeps its date."""
    other, best = await put(store, version(contributor="b", rank=10, flagged=True), version(contributor="a", rank=0, flagged=True))
    await amend(store, Amendment(best.row, deleted=True, last=False))
    assert await rows(store, select(1)) == [other.row]


async def test_hidden_contributions_change_nothing(store: Store) -> None:
    """Promise 1: neither entries, nor `more`, nor the cut of a page depend on them."""
    stored = await put(store, *(version(f"indicator--{n}", rank=50, flagged=True) for n in range(4)))
    before = await page(store, select(1, limit=2))
    await put(store, *(version(f"indicator--{n}", contributor="z", rank=0, label=2, flagged=True) for n in range(4)))
    assert await page(store, select(1, limit=2)) == before
    assert await rows(store, select(1)) == numbers_of(stored)


async def test_pages_together_are_the_whole_answer_once(store: Store) -> None:
    """T-3.5, promise 2: at any limit, with other choices of versions and types too."""
    types = ("indicator", "malware")
    await put(
        store,
        *(
            version(
                f"{types[n % 2]}--{n // 6}",
                f"{n:03}",
                object_type=types[n % 2],
                label=1 + n % 5,
                rank=n,
                flagged=True,
                contributor=f"o{n % 3}",
            )
            for n in range(60)
        ),
    )
    whole = select(1, 2, 3, 4, 5)
    for selection in (whole, whole._replace(versions=EVERY), whole._replace(types=frozenset({"malware"}))):
        entries = (await page(store, selection)).entries
        assert entries
        for limit in (1, 2, 7, len(entries)):
            assert tuple(await walk(store, selection._replace(limit=limit))) == entries


async def test_a_label_that_closes_takes_the_row_out_at_once(store: Store) -> None:
    (stored,) = await put(store, version())
    await amend(store, Amendment(stored.row, label=2))
    assert await rows(store, select(1)) == []
    assert await rows(store, select(2)) == [stored.row]


async def test_count_leaves_tombstones_out(store: Store) -> None:
    one, _two = await put(store, version("indicator--1"), version("indicator--2"))
    assert await store.count(COLLECTION) == 2
    await amend(store, Amendment(one.row, deleted=True, last=False))
    await amend(store, Amendment(one.row, deleted=True))
    assert await store.count(COLLECTION) == 1
    assert await store.count("another") == 0
