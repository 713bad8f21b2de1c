"""The originator takes an object back from everywhere (access-policy cases 14, 34, 36; INTERPOL-style control by the source)."""

from datetime import timedelta

import pytest
from deeds import START, all_versions, hand_world, hire, ids, keep, later, only
from worlds import GREEN, NG_IDENTITY, indicator, observable

from app.access.alliance import CollectionState
from app.errors import Denied, NotFound, Unauthenticated
from app.sharing import administer, curate
from app.sharing.hold import HoldReason, hold
from app.sharing.withdraw import Withdrawn, withdraw

NATIONAL, ALLIANCE, STRICT_ONE, INTAKE = "members/ng-indicators", "members/alliance", "members/strict", "intake/vendor"
NG, KE, PARTNER, CURATOR = "ng-cert/misp", "ke-cert/misp", "vendor/push", "secretariat/curator"


async def test_every_version_in_every_collection_goes() -> None:
    world, _ = await hand_world()
    taken, kept = indicator(), indicator()
    for path in (NATIONAL, ALLIANCE, STRICT_ONE):
        await keep(world, NG, path, taken, kept)
    await keep(world, NG, NATIONAL, later(taken, 2))
    assert await withdraw(world.exchange, NG, taken["id"]) == [Withdrawn(NATIONAL, 2), Withdrawn(ALLIANCE, 1), Withdrawn(STRICT_ONE, 1)]
    for client in (NG, KE):
        for path in (NATIONAL, ALLIANCE, STRICT_ONE):
            assert await ids(world, client, path) == [kept["id"]]
    with pytest.raises(NotFound):
        await withdraw(world.exchange, NG, taken["id"])


async def test_case_36_others_keep_their_contributions() -> None:
    world, _ = await hand_world()
    shared = observable()
    await keep(world, NG, ALLIANCE, shared)
    await keep(world, KE, ALLIANCE, shared)
    assert only(await withdraw(world.exchange, NG, shared["id"])) == Withdrawn(ALLIANCE, 1)
    assert await ids(world, KE, ALLIANCE) == [shared["id"]]
    assert await ids(world, NG, ALLIANCE) == []


async def test_the_partners_copies_go_with_what_he_pushed() -> None:
    world, _ = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    assert only(await curate.release(world.exchange, CURATOR, INTAKE, [pushed["id"]], None)).ok
    assert await ids(world, KE, ALLIANCE) == [pushed["id"]]
    assert await withdraw(world.exchange, PARTNER, pushed["id"]) == [Withdrawn(ALLIANCE, 1), Withdrawn(INTAKE, 1)]
    assert await ids(world, KE, ALLIANCE) == []
    assert await all_versions(world, PARTNER, INTAKE) == []


async def test_case_14_relays_go_with_the_original() -> None:
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[GREEN])
    await keep(world, NG, NATIONAL, owned)
    await keep(world, KE, ALLIANCE, owned)
    assert await withdraw(world.exchange, NG, owned["id"]) == [Withdrawn(NATIONAL, 1), Withdrawn(ALLIANCE, 1)]
    assert await ids(world, "secretariat/editor", ALLIANCE) == []


async def test_what_is_hidden_from_him_is_as_if_it_were_not() -> None:
    world, _ = await hand_world()
    foreign = indicator()
    await keep(world, NG, NATIONAL, foreign)
    with pytest.raises(NotFound) as hidden:
        await withdraw(world.exchange, KE, foreign["id"])
    with pytest.raises(NotFound) as unknown:
        await withdraw(world.exchange, KE, indicator()["id"])
    assert str(hidden.value) == str(unknown.value)


async def test_who_may_not_delete_may_not_withdraw() -> None:
    """Case 34 for the suspended."""
    world, _ = await hand_world()
    taken = indicator()
    await keep(world, NG, NATIONAL, taken)
    for client in ("ng-cert/desk", "ng-cert/feed", "xx-cert/misp", "lapsed/push"):
        with pytest.raises(Denied, match="contributor"):
            await withdraw(world.exchange, client, taken["id"])
    with pytest.raises(Unauthenticated):
        await withdraw(world.exchange, "nobody/here", taken["id"])
    assert await ids(world, KE, NATIONAL) == [taken["id"]]


async def test_case_33_a_closed_collection_gives_back_too() -> None:
    world, _ = await hand_world()
    shared = indicator()
    await keep(world, NG, "operations/afjoc", shared)
    alliance = (await world.exchange.force.now()).alliance
    changed = tuple(
        each.model_copy(update={"state": CollectionState.CLOSED}) if each.kind == "operation" else each for each in alliance.collections
    )
    await administer.adopt(world.exchange, alliance.model_copy(update={"collections": changed}))
    assert await withdraw(world.exchange, NG, shared["id"]) == [Withdrawn("operations/afjoc", 1)]


async def test_a_hold_does_not_keep_the_originator_from_withdrawing() -> None:
    world, _ = await hand_world()
    officer = await hire(world, "secretariat", "compliance", "compliance")
    held = indicator()
    await keep(world, NG, NATIONAL, held)
    await hold(world.exchange, officer, NATIONAL, held["id"], (HoldReason.LAWFULNESS, START + timedelta(days=1)))
    assert await withdraw(world.exchange, NG, held["id"]) == [Withdrawn(NATIONAL, 1)]
    assert await ids(world, NG, NATIONAL) == []
