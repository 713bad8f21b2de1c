"""Deleting by legal duty (access-policy case 36; delete row of the table of actions): everywhere, unseen, and not taken again from those whose it was."""

import pytest
from deeds import at, delete, hand_world, handling, hire, ids, keep, later, only, put, refuse
from worlds import GREEN, NG_IDENTITY, World, indicator, observable

from app.errors import Denied, NotFound, Unauthenticated
from app.sharing import curate, read
from app.sharing.erase import ErasureReason, erase, erasures
from app.sharing.hold import HoldReason, hold
from app.taxii.query import Endpoint, ObjectQuery

NATIONAL, ALLIANCE, INTAKE = "members/ng-indicators", "members/alliance", "intake/vendor"
NG, KE, PARTNER, CURATOR = "ng-cert/misp", "ke-cert/misp", "vendor/push", "secretariat/curator"
ORDER = ErasureReason.ORDER


async def with_officer() -> tuple[World, str]:
    world, _ = await hand_world()
    return world, await hire(world, "secretariat", "dpo", "dpo")


async def test_case_36_erasing_reaches_every_collection_and_contribution() -> None:
    world, officer = await with_officer()
    shared = observable()
    await keep(world, NG, NATIONAL, shared)
    for client in (NG, KE):
        await keep(world, client, ALLIANCE, shared)
    found = await erase(world.exchange, officer, shared["id"], ORDER)
    assert {(each.collection, each.contributor) for each in found} == {(NATIONAL, "ng-cert"), (ALLIANCE, "ng-cert"), (ALLIANCE, "ke-cert")}
    for client in (NG, KE):
        assert await ids(world, client, NATIONAL) == await ids(world, client, ALLIANCE) == []
    with pytest.raises(NotFound):
        await erase(world.exchange, officer, shared["id"], ORDER)


async def test_case_36_what_was_erased_is_not_taken_again_from_those_whose_it_was() -> None:
    """In no version and in no collection."""
    world, officer = await with_officer()
    known = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, NG, ALLIANCE, known)
    await erase(world.exchange, officer, known["id"], ORDER)
    for path in (ALLIANCE, NATIONAL):
        for again in (known, later(known, 5)):
            reason = await refuse(world, NG, path, again)
            assert "legal duty" in reason
            assert "`order`" in reason
    assert await ids(world, NG, ALLIANCE) == []


async def test_case_36_others_under_the_id_hear_nothing_of_it() -> None:
    """The refusal is no oracle: who did not contribute is taken as if nothing had been."""
    world, officer = await with_officer()
    shared = indicator()
    await keep(world, NG, NATIONAL, shared)
    await erase(world.exchange, officer, shared["id"], ORDER)
    await keep(world, KE, ALLIANCE, shared)
    assert await ids(world, KE, ALLIANCE) == [shared["id"]]
    assert await erasures(world.exchange, KE) == []


async def test_case_36_released_copies_and_what_waits_go_too() -> None:
    world, officer = await with_officer()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    assert only(await curate.release(world.exchange, CURATOR, INTAKE, [pushed["id"]], None)).ok
    found = await erase(world.exchange, officer, pushed["id"], ErasureReason.REQUEST)
    assert {(each.collection, each.contributor) for each in found} == {(ALLIANCE, "vendor"), (INTAKE, "vendor")}
    assert await ids(world, KE, ALLIANCE) == []
    assert "`request`" in await refuse(world, PARTNER, INTAKE, pushed)


async def test_case_36_what_is_held_or_hidden_is_erased_unseen() -> None:
    world, officer = await with_officer()
    terms = handling(releasable_to=["jur:NG"])
    hidden = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, NATIONAL, terms, hidden)
    compliance = await hire(world, "secretariat", "compliance", "compliance")
    await hold(world.exchange, compliance, NATIONAL, hidden["id"], (HoldReason.INCIDENT, world.exchange.clock().replace(year=2999)))
    with pytest.raises(NotFound):
        await ids(world, officer, NATIONAL)
    assert len(await erase(world.exchange, officer, hidden["id"], ORDER)) == 1
    assert await ids(world, NG, NATIONAL) == [terms["id"]]


async def test_case_36_a_marking_that_was_erased_takes_with_it_what_uses_it() -> None:
    world, officer = await with_officer()
    terms = handling(releasable_to=["jur:NG"])
    await keep(world, NG, ALLIANCE, terms)
    await erase(world.exchange, officer, terms["id"], ORDER)
    status = await put(world, NG, ALLIANCE, terms, indicator(object_marking_refs=[GREEN, terms["id"]]))
    assert status.failure_count == 2


async def test_only_the_secretariats_officer_erases() -> None:
    """Being the contributor is another leave, for another deed."""
    world, _ = await with_officer()
    known = indicator()
    await keep(world, NG, ALLIANCE, known)
    foreign = await hire(world, "ng-cert", "dpo", "dpo")
    for client in (NG, KE, CURATOR, "secretariat/editor", foreign):
        with pytest.raises(Denied, match="`dpo`"):
            await erase(world.exchange, client, known["id"], ORDER)
    with pytest.raises(Unauthenticated):
        await erase(world.exchange, "nobody/here", known["id"], ORDER)


async def test_an_officer_deletes_nothing_of_others_without_a_reason() -> None:
    """TAXII's DELETE has no place for one."""
    world, _ = await with_officer()
    known = indicator()
    await keep(world, NG, ALLIANCE, known)
    both = await hire(world, "secretariat", "both", "dpo", "reader", "contributor")
    await read.read(world.exchange, both, at(ALLIANCE), ObjectQuery(), Endpoint.OBJECTS)
    with pytest.raises(Denied):
        await delete(world, both, ALLIANCE, known["id"])


async def test_erasures_are_told_to_officers_and_to_those_whose_it_was() -> None:
    world, officer = await with_officer()
    known = indicator()
    await keep(world, NG, ALLIANCE, known)
    await erase(world.exchange, officer, known["id"], ORDER)
    for client in (officer, NG):
        told = only(await erasures(world.exchange, client))
        assert (told.collection, told.object_id, told.contributor, told.reason, told.client) == (
            ALLIANCE,
            known["id"],
            "ng-cert",
            "order",
            officer,
        )
