"""Retention as a duty: closed at its moment, announced before, purged after (issue: retention; access-policy: retention reached, case 6)."""

from datetime import datetime, timedelta

import pytest
from deeds import START, contents, hand_world, handling, hire, ids, keep, later, moment, only
from worlds import GREEN, NG_IDENTITY, World, indicator

from app.errors import NotFound
from app.sharing.hold import HoldReason, hold, lift
from app.sharing.retain import ending, purge
from app.store.contract import StoredVersion, Transaction

NATIONAL, ALLIANCE, INTAKE = "members/ng-indicators", "members/alliance", "intake/vendor"
NG, KE, PARTNER = "ng-cert/misp", "ke-cert/misp", "vendor/push"
NOTHING, MONTH = timedelta(0), timedelta(days=30)
END = datetime(2026, 3, 4, tzinfo=START.tzinfo)


async def stored(world: World, path: str, object_id: str) -> list[tuple[StoredVersion, bytes | None]]:
    """The rows under an id with their bytes, if they have any left."""
    collection = next(each.key for each in (await world.exchange.force.now()).alliance.collections if each.path == path)

    async def work(tx: Transaction) -> list[tuple[StoredVersion, bytes | None]]:
        rows = (await tx.history(collection, [object_id]))[object_id]
        raws = await tx.raw(collection, [row.row for row in rows])
        return [(row, raws.get(row.row)) for row in rows]

    return await world.exchange.store.transact(work)


async def test_past_retention_the_bytes_go_and_a_tombstone_stays() -> None:
    world, clock = await hand_world()
    terms = handling(retention_until=moment(END))
    expired, other = indicator(object_marking_refs=[GREEN, terms["id"]]), indicator()
    await keep(world, NG, NATIONAL, terms, expired, other)
    clock.go(days=2)
    assert (await purge(world.exchange, NOTHING)).done == 0
    clock.go(days=1)
    assert await ids(world, KE, NATIONAL) == [other["id"]]
    round_ = await purge(world.exchange, NOTHING)
    assert (round_.done, round_.more, round_.next) == (2, False, None)
    assert await ids(world, NG, NATIONAL) == [other["id"]]
    (row, raw), = await stored(world, NATIONAL, expired["id"])  # fmt: skip
    assert row.deleted
    assert raw is None
    assert (await purge(world.exchange, NOTHING)).done == 0


async def test_the_originator_may_extend_while_the_grace_lasts() -> None:
    """Extension is a new version; what it replaces goes."""
    world, clock = await hand_world()
    short, long = (
        handling(NG_IDENTITY, retention_until=moment(END)),
        handling(NG_IDENTITY, retention_until=moment(END + timedelta(days=60))),
    )
    expiring = indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[GREEN, short["id"]])
    await keep(world, NG, NATIONAL, short, long, expiring)
    clock.go(days=10)
    assert (await purge(world.exchange, MONTH)).next == END + MONTH
    extended = later(expiring, 5, object_marking_refs=[GREEN, long["id"]])
    await keep(world, NG, NATIONAL, extended)
    clock.go(days=30)
    assert (await purge(world.exchange, MONTH)).done == 2
    assert only(each for each in await contents(world, KE, NATIONAL) if each["id"] == expiring["id"]) == extended
    assert [raw is None for _, raw in await stored(world, NATIONAL, expiring["id"])] == [True, False]


async def test_intakes_are_purged_too() -> None:
    world, clock = await hand_world()
    terms = handling(retention_until=moment(END))
    pushed = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, PARTNER, INTAKE, terms, pushed)
    clock.go(days=3)
    await purge(world.exchange, NOTHING)
    assert await ids(world, PARTNER, INTAKE) == []


async def test_what_is_held_is_purged_after_the_hold() -> None:
    world, clock = await hand_world()
    officer = await hire(world, "secretariat", "compliance", "compliance")
    terms = handling(retention_until=moment(END))
    held = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, NATIONAL, terms, held)
    await hold(world.exchange, officer, NATIONAL, held["id"], (HoldReason.REQUEST, START + timedelta(days=30)))
    clock.go(days=5)
    assert (await purge(world.exchange, NOTHING)).done == 1  # the marking
    await lift(world.exchange, officer, NATIONAL, held["id"])
    assert await ids(world, KE, NATIONAL) == []
    assert (await purge(world.exchange, NOTHING)).done == 1


async def test_a_purge_works_in_portions() -> None:
    world, clock = await hand_world()
    terms = handling(retention_until=moment(END))
    await keep(world, NG, NATIONAL, terms, *(indicator(object_marking_refs=[GREEN, terms["id"]]) for _ in range(4)))
    clock.go(days=3)
    rounds = [await purge(world.exchange, NOTHING, 3) for _ in range(2)]
    assert [(each.done, each.more) for each in rounds] == [(3, True), (2, False)]


async def test_what_ends_soon_is_told_soonest_first() -> None:
    world, clock = await hand_world()
    soon, late = handling(retention_until=moment(END)), handling(retention_until=moment(END + timedelta(days=20)))
    first, second, third = (indicator(object_marking_refs=[GREEN, each["id"]]) for each in (late, soon, soon))
    await keep(world, NG, NATIONAL, soon, late, first, second)
    await keep(world, NG, ALLIANCE, soon, third, indicator())
    theirs = handling(retention_until=moment(END))
    await keep(world, KE, ALLIANCE, theirs, indicator(object_marking_refs=[GREEN, theirs["id"]]))
    told = [each for each in await ending(world.exchange, "ng-cert", timedelta(days=10)) if each.object_id.startswith("indicator")]
    assert [(each.collection, each.object_id) for each in told] == [(ALLIANCE, third["id"]), (NATIONAL, second["id"])]
    assert [(each.ends, each.is_over, each.state) for each in told] == [(END, False, "published")] * 2
    clock.go(days=3)
    told = [each for each in await ending(world.exchange, "ng-cert", timedelta(days=30)) if each.object_id.startswith("indicator")]
    assert [(each.object_id, each.is_over) for each in told] == [(third["id"], True), (second["id"], True), (first["id"], False)]
    await purge(world.exchange, NOTHING)
    assert {each.object_id for each in await ending(world.exchange, "ng-cert", timedelta(days=30))} == {late["id"], first["id"]}


async def test_nothing_is_told_of_whom_nobody_knows() -> None:
    world, _ = await hand_world()
    with pytest.raises(NotFound, match="nowhere"):
        await ending(world.exchange, "nowhere", MONTH)
