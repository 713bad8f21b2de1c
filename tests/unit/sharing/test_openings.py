"""What refers to something that opens comes under a new date, by a job (access-policy cases 6, 21 and 23; DESIGN 6, References)."""

from datetime import timedelta

import pytest
from deeds import START, delete, handling, hire, keep, later, moment
from linking import closed, linked, new_since, new_world, newest, open_all, shown
from worlds import AMBER, GREEN, NG_IDENTITY, indicator

from app.sharing import hold
from app.sharing.journal import run_jobs
from app.sharing.pinning import bearing
from app.sharing.publish import publish
from app.sharing.threads import Line
from app.stix.handling import HandlingLabel, State, Tlp

ALLIANCE = "members/alliance"
NG, KE = "ng-cert/misp", "ke-cert/misp"


@pytest.mark.parametrize(
    ("states", "found"),
    [
        ([(State.PUBLISHED, State.PUBLISHED), (State.PUBLISHED, State.PUBLISHED)], 1),
        ([(State.PUBLISHED, State.PUBLISHED), (State.EMBARGOED, State.EMBARGOED)], 0),
        ([(State.PUBLISHED, State.PUBLISHED), (State.PUBLISHED, State.EMBARGOED)], 0),
        ([(State.PUBLISHED, State.HELD), (State.PUBLISHED, State.HELD)], 1),
        ([(State.PUBLISHED, State.EMBARGOED), (State.QUARANTINED, State.QUARANTINED)], 0),
        ([(State.QUARANTINED, State.QUARANTINED), (State.EMBARGOED, State.EMBARGOED)], 1),
    ],
)
def test_a_target_is_judged_by_its_newest_version_that_was_let_out(states: list[tuple[State, State]], found: int) -> None:
    """(how it was let out, how it stands): an embargo that came after the publication puts the version before in its place, a hold does not."""
    label = HandlingLabel(Tlp.GREEN, "ng-cert", "ng-cert")
    lines = [Line("ng-cert", "", str(n), b"", label.in_state(own), label.in_state(now), now) for n, (own, now) in enumerate(states)]
    assert bearing(lines) is lines[found]


async def test_what_a_target_opens_comes_under_a_new_date() -> None:
    """Promise 2: nothing becomes visible at a position that a poller has passed. Batches go by date, the versions of a contribution together."""
    world, _ = await new_world()
    target = closed(indicator(created_by_ref=NG_IDENTITY))
    links = [linked(target) for _ in range(5)]
    twice = later(links[0], 2)
    await keep(world, NG, ALLIANCE, target, *links, twice, indicator())
    reached = await newest(world, KE)
    await keep(world, NG, ALLIANCE, later(target, 2, object_marking_refs=[GREEN]))
    assert await new_since(world, KE, reached) == [target["id"]]
    assert await open_all(world, batch=2) == 6
    assert await new_since(world, KE, reached) == [target["id"], *(each["id"] for each in [*links[:2], twice, *links[2:]])]
    assert await open_all(world) == 0
    assert [each for each in await new_since(world, NG, reached) if each == links[4]["id"]] == [links[4]["id"]]


async def test_a_job_goes_on_where_it_was_left_and_yields_to_what_closes() -> None:
    world, _ = await new_world()
    target = closed(indicator())
    links = [linked(target) for _ in range(4)]
    await keep(world, NG, ALLIANCE, target, *links)
    await keep(world, NG, ALLIANCE, later(target, 2, object_marking_refs=[GREEN]))
    await run_jobs(world.exchange, 2)
    assert set(await shown(world, KE)) == {target["id"], links[0]["id"], links[1]["id"]}
    await keep(world, NG, ALLIANCE, closed(later(target, 3)))
    assert await shown(world, KE) == []
    await open_all(world)
    assert await shown(world, KE) == []
    await keep(world, NG, ALLIANCE, later(target, 4, object_marking_refs=[AMBER]))
    await open_all(world)
    assert set(await shown(world, KE)) == {target["id"], *(link["id"] for link in links)}


async def test_what_a_target_keeps_closed_to_some_stays_closed_to_them() -> None:
    """From one label to another that is neither stricter nor looser: both bind until the rows come anew."""
    world, _ = await new_world()
    to_kenya, to_secretariat = handling(releasable_to=["jur:KE"]), handling(releasable_to=["jur:NG", "group:secretariat"])
    target = indicator(object_marking_refs=[AMBER, to_kenya["id"]])
    link = linked(target, object_marking_refs=[GREEN])
    await keep(world, NG, ALLIANCE, to_kenya, to_secretariat, target, link)
    assert link["id"] in await shown(world, KE)
    await keep(world, NG, ALLIANCE, later(target, 2, object_marking_refs=[AMBER, to_secretariat["id"]]))
    await open_all(world)
    assert link["id"] not in await shown(world, KE)


async def test_a_target_whose_embargo_ends_or_whose_hold_is_lifted_opens_what_refers_to_it() -> None:
    """Case 23."""
    world, clock = await new_world()
    officer = await hire(world, "secretariat", "compliance", "compliance")
    terms = handling(embargo_until=moment(START + timedelta(hours=2)))
    target = indicator(object_marking_refs=[GREEN, terms["id"]])
    link = linked(target)
    await keep(world, NG, ALLIANCE, terms, target, link, indicator())
    assert link["id"] not in await shown(world, KE)
    reached = await newest(world, KE)
    clock.go(hours=3)
    await publish(world.exchange)
    await open_all(world)
    assert await new_since(world, KE, reached) == [terms["id"], target["id"], link["id"]]
    reached = await newest(world, KE)
    order = hold.HoldReason.ACCURACY, START + timedelta(days=3)
    await hold.hold(world.exchange, officer, ALLIANCE, target["id"], order)
    assert link["id"] not in await shown(world, KE)
    await hold.lift(world.exchange, officer, ALLIANCE, target["id"])
    assert await new_since(world, KE, reached) == [target["id"]]
    await open_all(world)
    assert await new_since(world, KE, reached) == [target["id"], link["id"]]


async def test_case_6_a_target_sent_again_after_its_deletion_opens_by_a_job() -> None:
    world, _ = await new_world()
    target = closed(indicator())
    link = linked(target)
    await keep(world, NG, ALLIANCE, target, link, indicator())
    await delete(world, NG, ALLIANCE, target["id"])
    reached = await newest(world, KE)
    await keep(world, NG, ALLIANCE, later(target, 2, object_marking_refs=[GREEN]))
    await open_all(world)
    assert await new_since(world, KE, reached) == [target["id"], link["id"]]
