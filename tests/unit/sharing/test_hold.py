"""Holds by the secretariat's compliance (access-policy cases 21, 23, 37; hold row of the table of actions)."""

from datetime import timedelta

import pytest
from deeds import START, HandClock, all_versions, at, contents, delete, hand_world, handling, hire, ids, keep, later, moment, only
from worlds import GREEN, NG_IDENTITY, STRICT, World, indicator, observable, relationship

from app.errors import Denied, NotFound
from app.sharing import curate, read, review
from app.sharing.hold import HoldReason, hold, holds, lift, lift_due
from app.sharing.publish import publish
from app.taxii.query import EVERY, Endpoint, ObjectQuery

NATIONAL, ALLIANCE, INTAKE = "members/ng-indicators", "members/alliance", "intake/vendor"
NG, KE, FEED, PARTNER, CURATOR = "ng-cert/misp", "ke-cert/misp", "ng-cert/feed", "vendor/push", "secretariat/curator"
ORDER = (HoldReason.NEUTRALITY, START + timedelta(days=3))


async def with_compliance() -> tuple[World, HandClock, str]:
    world, clock = await hand_world()
    return world, clock, await hire(world, "secretariat", "compliance", "compliance")


async def positions(world: World, client: str, path: str) -> list[tuple[str, str, int]]:
    answer = await read.read(world.exchange, client, at(path), ObjectQuery(versions=EVERY, has_versions=True), Endpoint.MANIFEST)
    return [(entry.object_id, entry.version, entry.date_added) for entry in answer.page.entries]


async def test_what_is_held_is_seen_by_its_originator_alone() -> None:
    world, _, officer = await with_compliance()
    held, other = indicator(), indicator()
    await keep(world, NG, NATIONAL, held, later(held, 2), other)
    assert await hold(world.exchange, officer, NATIONAL, held["id"], ORDER) == 1
    for client in (KE, "ke-cert/viewer"):
        assert await ids(world, client, NATIONAL) == [other["id"]]
    assert len(await all_versions(world, NG, NATIONAL)) == 3
    assert [row for row in await all_versions(world, KE, NATIONAL) if row[0] == held["id"]] == []


async def test_case_37_who_holds_sees_nothing_by_it() -> None:
    world, _, officer = await with_compliance()
    held = indicator()
    await keep(world, NG, NATIONAL, held)
    await hold(world.exchange, officer, NATIONAL, held["id"], ORDER)
    with pytest.raises(NotFound):
        await ids(world, officer, NATIONAL)


async def test_only_compliance_holds_and_lifts() -> None:
    world, _, officer = await with_compliance()
    held = indicator()
    await keep(world, NG, NATIONAL, held)
    for client in (NG, KE, CURATOR, "secretariat/editor"):
        with pytest.raises(NotFound):
            await hold(world.exchange, client, NATIONAL, held["id"], ORDER)
    await hold(world.exchange, officer, NATIONAL, held["id"], ORDER)
    with pytest.raises(NotFound):
        await lift(world.exchange, NG, NATIONAL, held["id"])


async def test_what_is_not_there_cannot_be_held_nor_lifted() -> None:
    world, _, officer = await with_compliance()
    gone = indicator()
    await keep(world, NG, NATIONAL, gone)
    with pytest.raises(NotFound):
        await lift(world.exchange, officer, NATIONAL, gone["id"])
    await delete(world, NG, NATIONAL, gone["id"])
    for identifier in (gone["id"], indicator()["id"]):
        with pytest.raises(NotFound):
            await hold(world.exchange, officer, NATIONAL, identifier, ORDER)
    with pytest.raises(NotFound):
        await hold(world.exchange, officer, "members/nowhere", gone["id"], ORDER)


async def test_a_hold_needs_a_deadline_ahead() -> None:
    world, _, officer = await with_compliance()
    held = indicator()
    await keep(world, NG, NATIONAL, held)
    with pytest.raises(Denied, match="future"):
        await hold(world.exchange, officer, NATIONAL, held["id"], (HoldReason.ACCURACY, START))


async def test_case_23_lifting_gives_new_dates_in_the_old_order() -> None:
    world, _, officer = await with_compliance()
    held, other = indicator(), indicator()
    await keep(world, NG, NATIONAL, held, later(held, 2))
    await keep(world, NG, NATIONAL, other)
    before = await positions(world, KE, NATIONAL)
    await hold(world.exchange, officer, NATIONAL, held["id"], ORDER)
    assert await lift(world.exchange, officer, NATIONAL, held["id"]) == 1
    after = await positions(world, KE, NATIONAL)
    assert [row[:2] for row in after] == [before[2][:2], before[0][:2], before[1][:2]]
    assert after[1][2] > before[2][2]
    assert await contents(world, KE, NATIONAL) == [other, later(held, 2)]
    assert await holds(world.exchange, officer) == []


async def test_case_23_the_deadline_lifts_by_a_deed_not_by_itself() -> None:
    world, clock, officer = await with_compliance()
    held = indicator()
    await keep(world, NG, NATIONAL, held)
    await hold(world.exchange, officer, NATIONAL, held["id"], ORDER)
    round_ = await lift_due(world.exchange)
    assert (round_.done, round_.more, round_.next) == (0, False, ORDER[1])
    clock.go(days=4)
    assert await ids(world, KE, NATIONAL) == []
    assert (await lift_due(world.exchange)).done == 1
    assert await ids(world, KE, NATIONAL) == [held["id"]]
    assert (await lift_due(world.exchange)).done == 0


async def test_deadlines_are_lifted_in_portions() -> None:
    world, clock, officer = await with_compliance()
    several = [indicator() for _ in range(3)]
    await keep(world, NG, NATIONAL, *several)
    for each in several:
        await hold(world.exchange, officer, NATIONAL, each["id"], ORDER)
    clock.go(days=4)
    first, second = await lift_due(world.exchange, 2), await lift_due(world.exchange, 2)
    assert (first.done, first.more, second.done, second.more) == (2, True, 1, False)


async def test_new_versions_of_what_is_held_are_held() -> None:
    """Also after everything was deleted: nobody slips out of a hold by posting again."""
    world, _, officer = await with_compliance()
    held = indicator()
    await keep(world, NG, NATIONAL, held)
    await hold(world.exchange, officer, NATIONAL, held["id"], ORDER)
    await keep(world, NG, NATIONAL, later(held, 2))
    assert await ids(world, KE, NATIONAL) == []
    await delete(world, NG, NATIONAL, held["id"])
    await keep(world, NG, NATIONAL, later(held, 3))
    assert await ids(world, KE, NATIONAL) == []
    assert await contents(world, NG, NATIONAL) == [later(held, 3)]
    await lift(world.exchange, officer, NATIONAL, held["id"])
    assert await contents(world, KE, NATIONAL) == [later(held, 3)]


async def test_a_hold_is_on_contributions_not_on_an_id() -> None:
    """Whose posting comes later under the same id answers for himself."""
    world, _, officer = await with_compliance()
    shared = observable()
    await keep(world, NG, ALLIANCE, shared)
    await hold(world.exchange, officer, ALLIANCE, shared["id"], ORDER)
    await keep(world, KE, ALLIANCE, shared)
    assert await ids(world, "secretariat/editor", ALLIANCE) == [shared["id"]]
    assert await hold(world.exchange, officer, ALLIANCE, shared["id"], ORDER) == 2
    assert await ids(world, "secretariat/editor", ALLIANCE) == []
    assert await ids(world, KE, ALLIANCE) == [shared["id"]]


async def test_case_21_a_held_version_stays_in_the_join() -> None:
    """A stricter version that is held goes on closing older ones, before and after."""
    world, _, officer = await with_compliance()
    known = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, NG, NATIONAL, known, later(known, 2, object_marking_refs=[STRICT]))
    await hold(world.exchange, officer, NATIONAL, known["id"], ORDER)
    await lift(world.exchange, officer, NATIONAL, known["id"])
    assert await ids(world, FEED, NATIONAL) == []
    assert len(await all_versions(world, KE, NATIONAL)) == 2


async def test_an_embargo_goes_on_after_the_hold_and_ends_after_it() -> None:
    world, clock, officer = await with_compliance()
    terms = handling(embargo_until=moment(START + timedelta(hours=2)))
    waiting = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, NATIONAL, terms, waiting)
    await hold(world.exchange, officer, NATIONAL, waiting["id"], ORDER)
    clock.go(hours=3)
    await publish(world.exchange)
    assert waiting["id"] not in await ids(world, KE, NATIONAL)
    await lift(world.exchange, officer, NATIONAL, waiting["id"])
    assert waiting["id"] not in await ids(world, KE, NATIONAL)
    await publish(world.exchange)
    assert waiting["id"] in await ids(world, KE, NATIONAL)


async def test_what_is_held_in_an_intake_is_neither_reviewed_nor_released() -> None:
    world, _, officer = await with_compliance()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    await hold(world.exchange, officer, INTAKE, pushed["id"], ORDER)
    assert await review.review(world.exchange, CURATOR, INTAKE) == []
    assert not only(await curate.release(world.exchange, CURATOR, INTAKE, [pushed["id"]], None)).ok
    await lift(world.exchange, officer, INTAKE, pushed["id"])
    assert len(await review.review(world.exchange, CURATOR, INTAKE)) == 1


async def test_holds_are_told_to_compliance_and_to_whom_they_concern() -> None:
    world, _, officer = await with_compliance()
    held = indicator()
    await keep(world, NG, NATIONAL, held)
    await hold(world.exchange, officer, NATIONAL, held["id"], ORDER)
    await hold(world.exchange, officer, NATIONAL, held["id"], (HoldReason.REQUEST, START + timedelta(days=9)))
    told = only(await holds(world.exchange, officer))
    assert (told.collection, told.object_id, told.contributor, told.reason, told.client) == (
        NATIONAL, held["id"], "ng-cert", "request", officer,
    )  # fmt: skip
    assert (told.since, told.until) == (START, START + timedelta(days=9))
    assert await holds(world.exchange, NG) == [told]
    assert await holds(world.exchange, KE) == []
    feed = await hire(world, "ng-cert", "feed", "reader", scope="constituency")
    desk = await hire(world, "ng-cert", "desk", "reader", "red-reader")
    for client in (feed, desk):
        assert await holds(world.exchange, client) == []  # it tells ids of what they may not see


async def test_a_relationship_to_something_held_keeps_its_own_ways() -> None:
    """The originator who reads the held target reads what refers to it."""
    world, _, officer = await with_compliance()
    one, other = indicator(), indicator()
    link = relationship(one["id"], other["id"])
    await keep(world, NG, NATIONAL, one, other, link)
    await hold(world.exchange, officer, NATIONAL, one["id"], ORDER)
    assert set(await ids(world, NG, NATIONAL)) == {one["id"], other["id"], link["id"]}
