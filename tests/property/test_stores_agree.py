"""Every store answers like the one in memory: random histories, random readers, entry by entry; and its pages together are the whole answer, once.

The histories keep what writers keep (app/store/contract.py): labels join backwards, pins are handed down, `last` and `flagged` are settled after every change.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from contract.conftest import open_at
from contract.moving import copied
from contract.samples import COLLECTION, HIGHEST_MARK, Hands, bytes_of, page, version, walk
from hypothesis import given, settings
from hypothesis import strategies as st
from mongo.serving import fresh_database
from property.drawn import drawn_from

from app.stix.handling import State
from app.store import moving
from app.store.contract import Amendment, Arrival, Selection, Store, StoredVersion, Transaction
from app.store.memory import MemoryStore
from app.store.mongo import keys
from app.store.mongo.store import open_mongo
from app.store.pins import AWAITED, Contribution, Pin
from app.store.sqlite import open_sqlite, reading
from app.taxii.query import EVERY, LATEST, Versions

ORGANISATIONS = ("a", "b", "c")
TYPES = ("indicator", "malware", "note")
IDS = tuple(f"{TYPES[number % 3]}--{number}" for number in range(3))
KEYS = tuple("123456")
ATOMS = frozenset({"x", "y"})
OWNER = "b"
"""Its versions of even keys have rank 0."""

atoms = st.frozensets(st.sampled_from(sorted(ATOMS)))
targets = st.builds(Contribution, st.sampled_from(IDS), st.sampled_from(ORGANISATIONS))
pinned = st.dictionaries(targets, st.none() | atoms, max_size=2)
posts = st.tuples(
    st.just("post"), st.sampled_from(IDS), st.sampled_from(ORGANISATIONS), st.sampled_from(KEYS), atoms, st.sampled_from(State), pinned
)
changes = st.tuples(st.sampled_from(["delete", "publish", "tighten", "hold", "redate"]), st.integers(0, 50))
moves = st.tuples(st.just("repin"), targets, atoms, st.booleans())
frees = st.tuples(st.just("free"), targets, atoms, st.integers(1, 3))
histories = st.lists(st.one_of(posts, posts, changes, moves, frees), min_size=1, max_size=30)

some_versions = st.sampled_from([LATEST, LATEST, EVERY, Versions(first=True), Versions(last=True, first=True)]) | st.builds(
    Versions, last=st.booleans(), first=st.booleans(), all=st.just(value=False), exact=st.frozensets(st.sampled_from(KEYS), max_size=3)
)


@dataclass(frozen=True)
class Reader:
    """An organisation and what it may see: labels made of these atoms, those of versions that wait too if it curates, its own always."""

    organisation: str
    atoms: frozenset[str]
    is_curator: bool


readers = st.builds(Reader, st.sampled_from([*ORGANISATIONS, ""]), atoms, st.booleans())
asked = st.fixed_dictionaries(
    {
        "versions": some_versions,
        "ids": st.none() | st.frozensets(st.sampled_from([*IDS, "tool--9"]), max_size=4),
        "types": st.none() | st.frozensets(st.sampled_from([*TYPES, "tool"]), max_size=3),
        "after": st.none() | st.integers(0, 400),
        "with_raw": st.booleans(),
        "with_names": st.booleans(),
    }
)
questions = st.lists(st.tuples(readers, asked, st.integers(1, 5), st.sampled_from([1, 150, 1 << 20])), min_size=1, max_size=12)

Change = Callable[[Transaction], Awaitable[object]]
Label = tuple[str, frozenset[str], State]


@dataclass
class World:
    """The collection as its writers think of it: what each version was written with, and the rows that follow from that."""

    own: dict[int, frozenset[str]] = field(default_factory=dict)
    rows: dict[int, StoredVersion] = field(default_factory=dict)
    pins: dict[int, frozenset[Pin]] = field(default_factory=dict)
    numbers: dict[Label, int] = field(default_factory=dict)
    now: int = 0

    def tick(self) -> int:
        """The next date."""
        self.now += 10
        return self.now

    def number(self, label: Label) -> int:
        """The number of a label, in the order of first use."""
        return self.numbers.setdefault(label, len(self.numbers) + 1)

    def numbers_for(self, reader: Reader) -> frozenset[int]:
        """The clearance of a reader."""
        return frozenset(number for label, number in self.numbers.items() if _may_see(reader, *label))

    def apply(self, step: tuple[object, ...]) -> Change:
        """What a step changes in a store."""
        before, pins_before = dict(self.rows), dict(self.pins)
        if step[0] == "repin":
            return self._repin(*step[1:])  # type: ignore[arg-type] # as drawn
        if step[0] == "free":
            return self._free(*step[1:])  # type: ignore[arg-type] # as drawn
        if step[0] == "post":
            self._post(*step[1:])  # type: ignore[arg-type] # as drawn
        elif standing := [row for row in self.rows.values() if not row.deleted]:
            self._change(str(step[0]), standing[int(step[1]) % len(standing)])  # type: ignore[call-overload] # as drawn
        self._settle()
        arrivals = [Arrival(row, bytes_of(row), self.pins[number]) for number, row in self.rows.items() if number not in before]
        amendments = [_difference(before[number], row) for number, row in self.rows.items() if number in before and before[number] != row]
        handed = {number: self.pins[number] - pins for number, pins in pins_before.items() if self.pins[number] != pins}
        return _write(arrivals, amendments, handed)

    def _repin(self, target: Contribution, marked: frozenset[str], replacing: bool) -> Change:  # noqa: FBT001 # as drawn
        """The bearing label of a target changes; the store itself flags what that concerns."""
        label = self.number((target.contributor, marked, State.PUBLISHED))
        old = frozenset(pin.label for pins in self.pins.values() for pin in pins if pin[:2] == target) - {label}
        gone = old if replacing else old & {AWAITED}
        for number, pins in self.pins.items():
            if any(pin[:2] == target for pin in pins):
                self.pins[number] = pins - {Pin(*target, each) for each in gone} | {Pin(*target, label)}
                self.rows[number] = self.rows[number]._replace(flagged=self.rows[number].flagged or self.rows[number].label != label)

        async def work(tx: Transaction) -> object:
            labels = await tx.pinned(COLLECTION, [target])
            await tx.repin(COLLECTION, target, label, gone)
            return labels

        return work

    def _free(self, target: Contribution, marked: frozenset[str], limit: int) -> Change:
        label = self.number((target.contributor, marked, State.PUBLISHED))
        chosen = [n for n, pins in self.pins.items() if any(pin[:2] == target and pin.label not in {label, AWAITED} for pin in pins)]
        chosen = sorted(chosen)[:limit]
        for number in chosen:
            self.pins[number] = frozenset(pin for pin in self.pins[number] if pin[:2] != target or pin.label == label)

        async def work(tx: Transaction) -> object:
            found = await tx.referring(COLLECTION, target, label, limit)
            await tx.unpin(COLLECTION, target, label, chosen)
            return list(found.items())

        return work

    def _post(
        self,
        object_id: str,
        contributor: str,
        key: str,
        marked: frozenset[str],
        state: State,
        pinned: dict[Contribution, frozenset[str] | None],
    ) -> None:
        thread = [row for row in self.rows.values() if (row.object_id, row.contributor) == (object_id, contributor)]
        if any(row.key == key and not row.deleted for row in thread):
            return
        date, number = self.tick(), len(self.rows) + 1
        rank = 0 if contributor == OWNER and int(key) % 2 == 0 else date
        kind = object_id.split("--", maxsplit=1)[0]
        self.rows[number] = version(object_id, key)._replace(
            row=number, object_type=kind, contributor=contributor, rank=rank, date_added=date, state=state
        )
        self.own[number] = marked
        self.pins[number] = frozenset(
            Pin(*target, AWAITED if marked is None else self.number((target.contributor, marked, State.PUBLISHED)))
            for target, marked in pinned.items()
        )

    def _change(self, verb: str, row: StoredVersion) -> None:
        if verb == "delete":
            self.rows[row.row] = row._replace(deleted=True)
        elif verb == "publish":
            date = self.tick()
            self.rows[row.row] = row._replace(state=State.PUBLISHED, date_added=date, rank=min(row.rank, 1) * date)
        elif verb == "redate":
            self.rows[row.row] = row._replace(date_added=self.tick())
        elif verb == "tighten":
            self.own[row.row] = ATOMS
        else:
            for each in self.rows.values():
                if (each.object_id, each.contributor) == (row.object_id, row.contributor):
                    self.rows[each.row] = each._replace(state=State.HELD)

    def _settle(self) -> None:
        for contribution, several in self._contributions():
            joined: frozenset[str] = frozenset()
            handed: frozenset[Pin] = frozenset()
            newest = max((row for row in contribution if row.state is State.PUBLISHED and not row.deleted), key=_age, default=None)
            waits = any(row.state is not State.PUBLISHED and not row.deleted for row in contribution)
            for row in sorted(contribution, key=_age, reverse=True):
                effective = self.own[row.row] | joined
                joined = effective if row.state is State.PUBLISHED else joined
                own, label = (self.number((row.contributor, marked, row.state)) for marked in (self.own[row.row], effective))
                self.pins[row.row] |= handed
                handed = self.pins[row.row] if row.state is State.PUBLISHED else handed
                refers = any(pin.label not in {AWAITED, label} for pin in self.pins[row.row])
                self.rows[row.row] = row._replace(own=own, label=label, last=row is newest, flagged=several or waits or refers)

    def _contributions(self) -> Iterator[tuple[list[StoredVersion], bool]]:
        rows = list(self.rows.values())
        for object_id in IDS:
            names = sorted({row.contributor for row in rows if row.object_id == object_id})
            for name in names:
                yield [row for row in rows if (row.object_id, row.contributor) == (object_id, name)], len(names) > 1


def _age(row: StoredVersion) -> tuple[str, int]:
    return row.key, row.row


def _may_see(reader: Reader, contributor: str, marked: frozenset[str], state: State) -> bool:
    return contributor == reader.organisation or (marked <= reader.atoms and (state is State.PUBLISHED or reader.is_curator))


def _difference(before: StoredVersion, after: StoredVersion) -> Amendment:
    names = ("label", "own", "state", "last", "flagged", "date_added", "deleted", "rank")
    return Amendment(after.row, **{name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)})


def _write(arrivals: list[Arrival], amendments: list[Amendment], pins: dict[int, frozenset[Pin]]) -> Change:
    async def work(tx: Transaction) -> object:
        await tx.amend(COLLECTION, amendments)
        await tx.pin(COLLECTION, pins)
        return list(await tx.put(COLLECTION, arrivals))

    return work


async def _compare(reference: Store, store: Store, selection: Selection, limit: int, budget: int) -> None:
    whole = await page(reference, selection)
    assert await page(store, selection) == whole
    cut = selection._replace(limit=limit, budget=budget)
    assert await page(store, cut) == await page(reference, cut)
    assert tuple(await walk(store, cut)) == whole.entries


Asking = list[tuple[Reader, dict[str, object], int, int]]


async def _play(opening: Awaitable[Store], history: list[tuple[object, ...]], asking: Asking) -> None:
    reference, store, world = MemoryStore(Hands().trusted()), await opening, World()
    try:
        await _write_both(reference, store, world, history)
        await _ask_both(reference, store, world, asking)
    finally:
        await store.close()


async def _write_both(reference: Store, store: Store, world: World, history: list[tuple[object, ...]]) -> None:
    for step in history:
        work = world.apply(step)
        assert await store.transact(work) == await reference.transact(work)


async def _ask_both(reference: Store, store: Store, world: World, asking: Asking) -> None:
    for reader, question, limit, budget in asking:
        known = await reference.transact(lambda tx: tx.pins(COLLECTION, list(world.rows)))
        assert known == {number: pins for number, pins in world.pins.items() if pins}
        assert await store.transact(lambda tx: tx.pins(COLLECTION, list(world.rows))) == known
        whole = Selection(COLLECTION, reader.organisation, 0, HIGHEST_MARK, world.numbers_for(reader), limit=1000, **question)  # type: ignore[arg-type] # as drawn
        await _compare(reference, store, whole, limit, budget)
    assert not await store.faults()


async def _move(urls: Sequence[str], history: list[tuple[object, ...]], asking: Asking) -> None:
    """A part of the history is played at each address; in between the store is copied to the next."""
    reference, world, hands = MemoryStore(Hands().trusted()), World(), Hands()
    length = len(history) // len(urls) + 1
    for number, url in enumerate(urls):
        if number:
            await copied(urls[number - 1], url, hands)
        await _play_at(url, hands, reference, world, history[number * length : (number + 1) * length], asking)


async def _play_at(url: str, hands: Hands, reference: Store, world: World, history: list[tuple[object, ...]], asking: Asking) -> None:
    store = await open_at(url, hands.trusted())
    try:
        await _ask_both(reference, store, world, asking)
        await _write_both(reference, store, world, history)
        await _ask_both(reference, store, world, asking)
    finally:
        await store.close()


def prove_one(seed: int, _folder: Path, examples: int = 10, lanes: int | None = None) -> int:
    """A few histories drawn from a seed, under the plan for few lanes or, by lowering its bound, the one for many; how many questions were asked."""
    asked: list[int] = []

    @drawn_from(seed, examples)
    @given(history=histories, asking=questions)
    def played(history: list[tuple[object, ...]], asking: Asking) -> None:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_play(open_sqlite(Path(folder) / "store.db", Hands().trusted()), history, asking))
        asked.append(len(asking))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "FEW_LANES", lanes or PLANS[seed % 2])
        played()
    return sum(asked)


PLANS = (reading.FEW_LANES, 1)


@pytest.mark.parametrize("lanes", PLANS, ids=["few", "many"])
def test_promise_2_sqlite_answers_like_memory(lanes: int, tmp_path: Path) -> None:
    """Promises 1 and 2."""
    assert prove_one(0, tmp_path, 60, lanes) > 60


@pytest.mark.parametrize("most_ranges", [keys.MOST_RANGES, 2], ids=["whole", "portions"])
@settings(max_examples=8, deadline=None)
@given(history=histories, asking=questions)
def test_mongodb_answers_like_memory(mongodb: str, most_ranges: int, history: list[tuple[object, ...]], asking: Asking) -> None:
    """The same, in one query for all labels and, by lowering the bound of its ranges, in many."""
    with pytest.MonkeyPatch.context() as patch, fresh_database(mongodb) as url:
        patch.setattr(keys, "MOST_RANGES", most_ranges)
        asyncio.run(_play(open_mongo(url, Hands().trusted()), history, asking))


@pytest.mark.parametrize("pieces", [moving.PIECES_AT_ONCE, 2], ids=["whole", "portions"])
@settings(max_examples=8, deadline=None)
@given(history=histories, asking=questions)
def test_a_store_that_moves_answers_like_memory(mongodb: str, pieces: int, history: list[tuple[object, ...]], asking: Asking) -> None:
    """From file to file to database to file: what was written at one is answered at the next, and writing goes on there (decision 24)."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder, fresh_database(mongodb) as url:
        patch.setattr(moving, "PIECES_AT_ONCE", pieces)
        files = [f"sqlite:///{folder}/{name}.db" for name in ("first", "second", "last")]
        asyncio.run(_move([files[0], files[1], url, files[2]], history, asking))
