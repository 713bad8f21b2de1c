"""Verify: whatever is altered in a store is found and named, and what cannot be known is counted (DESIGN 6)."""

from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from deeds import delete, hand_world, handling, keep, later
from worlds import AMBER, GREEN, World, build, collection_id, indicator, observable, relationship

from app.access.cedar import CedarJudge
from app.clock import system_clock
from app.sharing import administer
from app.sharing.exchange import InForce
from app.sharing.verify import Unknowable, Verification, verify
from app.stix.handling import State
from app.store.contract import Amendment, StoredVersion, Transaction
from app.store.dates import TrustedClock
from app.store.pins import Pin
from app.store.sqlite import open_sqlite

PATH = "members/alliance"
KEY = str(collection_id(PATH))
NG, KE = "ng-cert/misp", "ke-cert/misp"


async def look(world: World) -> Verification:
    return await verify(world.exchange, lambda _: None)


async def write(world: World, work: Callable[[Transaction], Awaitable[object]]) -> None:
    await world.exchange.store.transact(work)


async def rows(world: World, object_id: str) -> list[StoredVersion]:
    found = await world.exchange.store.transact(lambda tx: tx.history(KEY, [object_id]))
    return list(found[object_id])


async def amend(world: World, row: int, **changes: object) -> None:
    await write(world, lambda tx: tx.amend(KEY, [Amendment(row, **changes)]))  # type: ignore[arg-type] # the fields of an amendment


def raws(world: World) -> dict[int, bytes]:
    """The bytes as the store in memory keeps them: what no deed can change."""
    kept: dict[int, bytes] = world.exchange.store._state.collections[KEY].raws  # type: ignore[attr-defined] # a store in memory
    return kept


async def what(world: World) -> list[str]:
    """What is found, without which versions it is about."""
    return [finding.what for finding in (await look(world)).findings]


# ---- what is counted


async def test_everything_that_is_kept_is_counted_and_told() -> None:
    world, _ = await hand_world()
    first, second = indicator(), indicator()
    await keep(world, NG, PATH, first, second, later(first, 1))
    await delete(world, NG, PATH, second["id"])
    await keep(world, "ng-cert/misp", "members/ng-indicators", indicator())
    told: list[int] = []
    found = await verify(world.exchange, told.append)
    assert found.is_sound
    assert {(each.collection, each.objects, each.versions, each.tombstones) for each in found.walked} == {
        (PATH, 2, 2, 1), ("members/ng-indicators", 1, 1, 0),
    }  # fmt: skip
    assert sum(told) == 3


async def test_collections_that_the_alliance_has_lost_are_read_too() -> None:
    world, _ = await hand_world()
    await keep(world, NG, PATH, indicator())
    alliance = (await world.exchange.force.now()).alliance
    left = tuple(each for each in alliance.collections if each.path != PATH)
    retired = frozenset({KEY, "removed-cert"})
    await administer.adopt(world.exchange, alliance.model_copy(update={"collections": left, "retired": retired}))
    raws(world)[1] = b"{}"
    found = await look(world)
    assert [each.collection for each in found.walked] == [KEY]
    assert [finding.collection for finding in found.findings] == [KEY]


async def test_what_cannot_be_known_is_counted_by_its_reason() -> None:
    world, _ = await hand_world()
    marking, gone = handling(releasable_to=["org:ng-cert"]), handling(releasable_to=["org:ng-cert"])
    await keep(world, NG, PATH, marking, gone, indicator(object_marking_refs=None), indicator(object_marking_refs=[AMBER, gone["id"]]))
    await delete(world, NG, PATH, gone["id"])
    found = await look(world)
    assert found.is_sound
    # By default: the indicator and the marking; both definitions bind themselves, which is known.
    assert found.unknowable == {Unknowable.DELETED: 1, Unknowable.BY_DEFAULT: 2, Unknowable.DEFINITION: 1}


async def test_a_definition_in_several_forms_is_not_relied_on() -> None:
    """Two organisations that do not see each other's may send different ones under one id."""
    world, _ = await hand_world()
    mine, theirs = handling(releasable_to=["org:ng-cert"]), handling(releasable_to=["org:ke-cert"])
    theirs["id"] = mine["id"]
    await keep(world, NG, PATH, mine, indicator(object_marking_refs=[AMBER, mine["id"]]))
    await keep(world, KE, PATH, theirs, indicator(object_marking_refs=[AMBER, mine["id"]]))
    found = await look(world)
    assert found.is_sound
    assert found.unknowable[Unknowable.DEFINITION] == 2


# ---- what is found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"Command", b"Kommand", "their hash is another"),
        (b"]}", b"]", "not strict JSON"),
        (b'"id"', b'"di"', "no STIX object"),
        (b'"created"', b'"modified"', "not strict JSON"),
    ],
    ids=["content", "broken off", "no id", "duplicate key"],
)
async def test_bytes_that_are_not_those_that_came(old: bytes, new: bytes, words: str) -> None:
    world, _ = await hand_world()
    await keep(world, NG, PATH, indicator(), indicator())
    raws(world)[2] = raws(world)[2].replace(old, new)
    (found,) = await what(world)
    assert words in found


async def test_bytes_that_are_gone() -> None:
    world, _ = await hand_world()
    await keep(world, NG, PATH, indicator())
    raws(world).clear()
    assert await what(world) == ["its bytes are gone, and it is not deleted"]


async def test_bytes_that_are_anothers() -> None:
    world, _ = await hand_world()
    one, other = indicator(), indicator()
    await keep(world, NG, PATH, one, other)
    first, second = *await rows(world, one["id"]), *await rows(world, other["id"])
    kept = world.exchange.store._state.collections[KEY].rows  # type: ignore[attr-defined] # a store in memory
    kept[first.row] = first._replace(digest=second.digest)
    raws(world)[first.row] = raws(world)[second.row]
    assert await what(world) == ["its bytes are those of another object or version"]


async def test_labels_that_do_not_exist() -> None:
    world, _ = await hand_world()
    mine = indicator()
    await keep(world, NG, PATH, mine, relationship(mine["id"], mine["id"]))
    await amend(world, 1, label=99)
    assert "its label number 99 does not exist" in await what(world)


async def test_a_label_that_is_looser_than_the_markings() -> None:
    world, _ = await hand_world()
    open_, closed = indicator(object_marking_refs=[GREEN]), indicator(object_marking_refs=[AMBER])
    await keep(world, NG, PATH, open_, closed)
    green, (stored,) = (await rows(world, open_["id"]))[0].own, await rows(world, closed["id"])
    await amend(world, stored.row, own=green, label=green)
    assert await what(world) == ["it lies under a looser label than its markings demand"]


async def test_a_label_that_is_looser_than_a_handling_marking_of_its_own() -> None:
    world, _ = await hand_world()
    marking, open_ = handling(releasable_to=["org:ng-cert"]), indicator()
    await keep(world, NG, PATH, marking, open_)
    (stored,) = await rows(world, marking["id"])
    green = (await rows(world, open_["id"]))[0].own
    await amend(world, stored.row, own=green, label=green)
    assert await what(world) == ["it lies under a looser label than its markings demand"]


async def test_a_label_that_a_newer_version_does_not_bind() -> None:
    world, _ = await hand_world()
    older = indicator()
    await keep(world, NG, PATH, older, later(older, 1, object_marking_refs=[AMBER]))
    first, _ = await rows(world, older["id"])
    await amend(world, first.row, label=first.own)
    assert await what(world) == ["it lies under another label than its own and those of newer versions make together"]


@pytest.mark.parametrize(("place", "last", "words"), [(0, True, "is not"), (1, False, "is not said to be")])
async def test_a_last_that_is_none(place: int, last: bool, words: str) -> None:  # noqa: FBT001 - a column
    world, _ = await hand_world()
    older = indicator()
    await keep(world, NG, PATH, older, later(older, 1))
    await amend(world, (await rows(world, older["id"]))[place].row, last=last)
    (found,) = await what(world)
    assert found.endswith(words)


async def test_a_flag_that_is_missing_and_one_that_is_too_many() -> None:
    world, _ = await hand_world()
    shared, single = observable(), indicator()
    await keep(world, NG, PATH, shared, single)
    await keep(world, KE, PATH, shared)
    await amend(world, (await rows(world, single["id"]))[0].row, flagged=True)
    assert await what(world) == []
    await amend(world, (await rows(world, shared["id"]))[0].row, flagged=False)
    assert await what(world) == ["it must be compared with other rows when it is read, and is not flagged"]


async def test_a_state_that_its_label_does_not_say() -> None:
    world, _ = await hand_world()
    await keep(world, NG, PATH, indicator())
    stored = next(iter(world.exchange.store._state.collections[KEY].rows.values()))  # type: ignore[attr-defined] # a store in memory
    await amend(world, stored.row, state=State.HELD)
    assert "its label and its row say different states" in await what(world)


async def test_a_version_that_is_there_twice() -> None:
    world, _ = await hand_world()
    mine = indicator()
    await keep(world, NG, PATH, mine, later(mine, 1))
    first, second = await rows(world, mine["id"])
    kept = world.exchange.store._state.collections[KEY].rows  # type: ignore[attr-defined] # a store in memory
    kept[second.row] = second._replace(key=first.key, version=first.version, digest=first.digest)
    raws(world)[second.row] = raws(world)[first.row]
    assert (await what(world)).count("the same version is there twice") == 2


async def test_pins_that_do_not_close() -> None:
    world, _ = await hand_world()
    hidden, seen = indicator(object_marking_refs=[AMBER]), indicator()
    link = relationship(hidden["id"], seen["id"])
    await keep(world, NG, PATH, hidden, seen, link)
    (target,), (stored,) = await rows(world, hidden["id"]), await rows(world, link["id"])
    pins = world.exchange.store._state.collections[KEY].pins  # type: ignore[attr-defined] # a store in memory
    loosened = {pin if pin.target != hidden["id"] else Pin(*pin[:2], stored.label) for pin in pins[stored.row]}
    assert target.label != stored.label
    pins[stored.row] = frozenset(loosened)
    assert await what(world) == [f"it refers to {hidden['id']}, whose label does not close it as it should"]


async def test_a_file_that_is_damaged_is_read_as_far_as_it_can_be(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await open_sqlite(path, TrustedClock(system_clock))
    world = await build(store)
    await keep(world, NG, PATH, *(indicator() for _ in range(50)))
    await keep(world, NG, "members/ng-indicators", indicator())
    await store.close()
    damage(path, "id_recent")
    broken = await open_sqlite(path, TrustedClock(system_clock))
    found = await look(replace(world, exchange=replace(world.exchange, store=broken, force=InForce(broken, CedarJudge))))
    assert [fault for fault in found.faults if fault.startswith(f"{PATH}: the store cannot be used now")]
    assert found.faults[-1].startswith("the file is damaged: ")
    assert not found.is_sound
    await broken.close()


def damage(path: Path, name: str) -> None:
    """Overwrite every page of an index."""
    with closing(apsw.Connection(str(path))) as connection:
        pages = [page for (page,) in connection.execute("SELECT pageno FROM dbstat WHERE name = ?", (name,))]
        size = connection.execute("PRAGMA page_size").get
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)
