"""Rows: history, bytes, put and amend."""

import pytest
from contract.samples import COLLECTION, amend, bytes_of, put, version

from app.stix.handling import State
from app.store.contract import Amendment, Arrival, Store, StoredVersion, Transaction
from app.store.pins import Pin


async def history(store: Store, *ids: str, collection: str = COLLECTION) -> dict[str, list[StoredVersion]]:
    found = await store.transact(lambda tx: tx.history(collection, ids))
    return {identifier: list(rows) for identifier, rows in found.items()}


async def raw(store: Store, *rows: int, collection: str = COLLECTION) -> dict[int, bytes]:
    return dict(await store.transact(lambda tx: tx.raw(collection, rows)))


async def test_history_holds_all_rows_under_an_id_in_their_order(store: Store) -> None:
    """Of all contributors, tombstones included, ascending row."""
    stored = await put(
        store,
        version(key="2", contributor="z"),
        version(key="1", contributor="a", label=9, deleted=True, last=False),
        version("indicator--2"),
        version(key="0", contributor="m", state=State.HELD, flagged=True),
    )
    assert await history(store, "indicator--1") == {"indicator--1": [stored[0], stored[1], stored[3]]}


async def test_ids_without_rows_are_absent_from_a_history(store: Store) -> None:
    await put(store, version())
    assert set(await history(store, "indicator--9", "indicator--1", "indicator--1")) == {"indicator--1"}
    assert await history(store) == {}
    assert await history(store, "indicator--1", collection="another") == {}


async def test_ids_come_in_small_pieces_and_each_once(store: Store) -> None:
    """Of all contributors, tombstones among them, of one collection."""
    names = ["note--b", "x-unlike--\N{WHITE SMILING FACE}", "Note--a", "x-unlike--\N{MUSICAL SYMBOL G CLEF}", "note--a"]
    await put(store, *(version(name, contributor=of) for name in names for of in ("ng-cert", "ke-cert")))
    await put(store, version("note--gone", deleted=True, last=False))
    await put(store, version("note--elsewhere"), collection="another")

    async def ids(after: str, limit: int) -> list[str]:
        return list(await store.transact(lambda tx: tx.ids(COLLECTION, after, limit)))

    whole = await ids("", 100)
    assert sorted(whole) == sorted([*names, "note--gone"])
    assert [*await ids("", 2), *await ids(whole[1], 2), *await ids(whole[3], 2)] == whole
    assert await ids(whole[-1], 2) == []
    assert await store.transact(lambda tx: tx.ids("nowhere", "", 9)) == []


@pytest.mark.parametrize("state", State)
async def test_every_field_comes_back_as_it_was_put(store: Store, state: State) -> None:
    whole = StoredVersion(
        row=0,
        object_id="x-unlike--é\N{WHITE SMILING FACE}",
        object_type="x-unlike",
        contributor="ke-cert",
        rank=1_772_366_400_250_001,
        version="2026-01-01T00:00:00.123456789Z",
        key="2026-01-01T00:00:00.123456789",
        date_added=1_772_366_400_250_002,
        own=3,
        label=4,
        state=state,
        digest=bytes(range(32)),
        deleted=False,
        last=True,
        flagged=True,
        source="9d2f4e8a",
    )
    (stored,) = await put(store, whole)
    assert await history(store, whole.object_id) == {whole.object_id: [whole._replace(row=stored.row)]}


async def test_put_returns_ascending_rows_in_the_order_given(store: Store) -> None:
    arrivals = [Arrival(version(f"indicator--{number}", date_added=100 - number), b"{}") for number in range(5)]
    rows = await store.transact(lambda tx: tx.put(COLLECTION, arrivals))
    assert list(rows) == list(range(rows[0], rows[0] + 5))
    assert (await history(store, "indicator--3"))["indicator--3"][0].row == rows[3]


async def test_put_of_nothing_stores_nothing(store: Store) -> None:
    assert list(await store.transact(lambda tx: tx.put(COLLECTION, []))) == []
    assert await store.count(COLLECTION) == 0


async def test_pins_are_taken_with_their_versions(store: Store) -> None:
    """They are kept from the first write on; what they close is decided when they are read."""
    pins = frozenset({Pin("indicator--1", "ke-cert", 4), Pin("indicator--1", "ng-cert", 0)})
    await store.transact(lambda tx: tx.put(COLLECTION, [Arrival(version("relationship--1", date_added=5), b"{}", pins)]))
    assert await store.count(COLLECTION) == 1


async def test_raw_gives_the_bytes_of_rows_that_are_not_deleted(store: Store) -> None:
    one, two = await put(store, version("indicator--1"), version("indicator--2"))
    await amend(store, Amendment(two.row, deleted=True, last=False))
    assert await raw(store, one.row, two.row, 999) == {one.row: bytes_of(one)}
    assert await raw(store) == {}
    assert await raw(store, one.row, collection="another") == {}


async def test_bytes_are_kept_whatever_they_are(store: Store) -> None:
    content = b'{"a":"\xc3\xa9\\u0000\x00", "big":"' + b"x" * 200_000 + b'"}'
    rows = await store.transact(lambda tx: tx.put(COLLECTION, [Arrival(version(date_added=5), content)]))
    assert await raw(store, *rows) == {rows[0]: content}


@pytest.mark.parametrize(
    "changes",
    [
        {"label": 7},
        {"own": 7},
        {"state": State.QUARANTINED},
        {"last": False},
        {"flagged": True},
        {"date_added": 1_900_000_000_000_001},
        {"deleted": True},
        {
            "label": 7,
            "own": 8,
            "state": State.EMBARGOED,
            "last": False,
            "flagged": True,
            "date_added": 1_900_000_000_000_001,
            "deleted": True,
        },
        {},
    ],
)
async def test_an_amendment_changes_what_it_names_and_nothing_else(store: Store, changes: dict[str, object]) -> None:
    other, stored = await put(store, version("indicator--2"), version())
    await amend(store, Amendment(stored.row, **changes))  # type: ignore[arg-type] # the fields of Amendment
    changed = stored._replace(**changes)  # type: ignore[arg-type] # they are named alike
    assert await history(store, "indicator--1", "indicator--2") == {"indicator--1": [changed], "indicator--2": [other]}


async def test_false_leaves_what_is_not_set(store: Store) -> None:
    """None leaves a thing as it is, False is a value."""
    (stored,) = await put(store, version(last=True, flagged=True))
    await amend(store, Amendment(stored.row, last=False, flagged=False))
    assert await history(store, stored.object_id) == {stored.object_id: [stored._replace(last=False, flagged=False)]}


async def test_what_is_deleted_stays_deleted(store: Store) -> None:
    (stored,) = await put(store, version())
    await amend(store, Amendment(stored.row, deleted=True, last=False))
    await amend(store, Amendment(stored.row, deleted=False))
    assert (await history(store, stored.object_id))[stored.object_id][0].deleted
    assert await raw(store, stored.row) == {}


async def test_many_rows_are_amended_at_once(store: Store) -> None:
    stored = await put(store, *(version(f"indicator--{number}", label=1 + number % 2) for number in range(50)))
    await amend(store, *(Amendment(each.row, label=3 - each.label) for each in stored))
    after = await history(store, *(each.object_id for each in stored))
    assert [after[each.object_id][0].label for each in stored] == [3 - each.label for each in stored]


async def test_no_amendments_change_nothing(store: Store) -> None:
    await put(store, version())
    before = await history(store, "indicator--1")
    await amend(store)
    assert await history(store, "indicator--1") == before


async def test_an_amendment_of_a_row_that_is_not_there_is_a_fault(store: Store) -> None:
    await put(store, version())
    with pytest.raises(KeyError):
        await amend(store, Amendment(999, label=2))


async def test_put_and_amend_in_one_transaction(store: Store) -> None:
    (old,) = await put(store, version(key="1"))

    async def work(tx: Transaction) -> None:
        await tx.put(COLLECTION, [Arrival(version(key="2", date_added=old.date_added + 1), b"{}")])
        await tx.amend(COLLECTION, [Amendment(old.row, last=False)])

    await store.transact(work)
    assert [each.last for each in (await history(store, old.object_id))[old.object_id]] == [False, True]
