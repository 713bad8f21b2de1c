"""Rejections: no longer in review, told to the submitter, taken back by a newer version or a release (T-4.3.1-03)."""

from datetime import timedelta

import pytest
from deeds import START, delete, hand_world, handling, hire, ids, keep, later, only, put
from worlds import AMBER, GREEN, indicator

from app.errors import Denied, NotFound
from app.sharing import curate, review
from app.sharing.hold import HoldReason, hold
from app.sharing.reject import LONGEST_REASON, reject, rejected

INTAKE, ALLIANCE = "intake/vendor", "members/alliance"
PARTNER, CURATOR, KE = "vendor/push", "secretariat/curator", "ke-cert/misp"
WHY = "a known false positive"


async def test_what_is_rejected_waits_no_longer_and_stays_the_partners() -> None:
    world, _ = await hand_world()
    wrong, right = indicator(), indicator()
    await keep(world, PARTNER, INTAKE, wrong, right)
    unknown = indicator()["id"]
    assert await reject(world.exchange, CURATOR, INTAKE, [wrong["id"], unknown], WHY) == {wrong["id"]: 1, unknown: 0}
    assert [each.object_id for each in await review.review(world.exchange, CURATOR, INTAKE)] == [right["id"]]
    assert await ids(world, PARTNER, INTAKE) == [wrong["id"], right["id"]]


async def test_the_submitter_finds_the_reason_in_the_status_of_a_repeated_post() -> None:
    """T-4.3.1-03: the status of the first is answered for good."""
    world, _ = await hand_world()
    wrong, right = indicator(), indicator()
    first = await keep(world, PARTNER, INTAKE, wrong, right)
    await reject(world.exchange, CURATOR, INTAKE, [wrong["id"]], WHY)
    again = await keep(world, PARTNER, INTAKE, right, wrong)
    assert [each.message for each in first.successes or ()] == [None, None]
    assert [each.message for each in again.successes or ()] == [None, f"a curator rejected this version: {WHY}"]


async def test_the_submitter_and_the_curators_are_told_and_nobody_else() -> None:
    world, clock = await hand_world()
    wrong = indicator()
    await keep(world, PARTNER, INTAKE, wrong)
    clock.go(hours=1)
    await reject(world.exchange, CURATOR, INTAKE, [wrong["id"]], WHY)
    told = only(await rejected(world.exchange, PARTNER, INTAKE))
    assert (told.object_id, told.version, told.submitter) == (wrong["id"], wrong["modified"], "vendor")
    assert (told.reason, told.client, told.at) == (WHY, CURATOR, START + timedelta(hours=1))
    assert await rejected(world.exchange, CURATOR, INTAKE) == [told]
    for client, path in ((KE, INTAKE), ("secretariat/editor", INTAKE), ("ng-cert/misp", ALLIANCE), (CURATOR, "intake/nowhere")):
        with pytest.raises(NotFound):
            await rejected(world.exchange, client, path)


async def test_only_curators_reject() -> None:
    world, _ = await hand_world()
    wrong = indicator()
    await keep(world, PARTNER, INTAKE, wrong)
    for client in (PARTNER, KE, "secretariat/editor"):
        with pytest.raises(NotFound):
            await reject(world.exchange, client, INTAKE, [wrong["id"]], WHY)


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * (LONGEST_REASON + 1)])
async def test_a_rejection_needs_a_reason_that_fits_a_status(reason: str) -> None:
    world, _ = await hand_world()
    with pytest.raises(Denied, match="reason"):
        await reject(world.exchange, CURATOR, INTAKE, [indicator()["id"]], reason)


async def test_a_newer_version_waits_anew() -> None:
    world, _ = await hand_world()
    wrong = indicator()
    await keep(world, PARTNER, INTAKE, wrong)
    await reject(world.exchange, CURATOR, INTAKE, [wrong["id"]], WHY)
    better = later(wrong, 2, name="Corrected")
    assert only((await keep(world, PARTNER, INTAKE, better)).successes or ()).message is None
    assert only(await review.review(world.exchange, CURATOR, INTAKE)).version == better["modified"]


async def test_a_release_takes_the_rejection_back() -> None:
    world, _ = await hand_world()
    doubted = indicator()
    await keep(world, PARTNER, INTAKE, doubted)
    await reject(world.exchange, CURATOR, INTAKE, [doubted["id"]], WHY)
    assert only(await curate.release(world.exchange, CURATOR, INTAKE, [doubted["id"]], None)).ok
    assert await rejected(world.exchange, PARTNER, INTAKE) == []
    assert only((await keep(world, PARTNER, INTAKE, doubted)).successes or ()).message is None


async def test_what_does_not_wait_is_not_rejected() -> None:
    """Released, deleted, held, unknown, or not for the curator's eyes: nothing to tell apart."""
    world, _ = await hand_world()
    officer = await hire(world, "secretariat", "compliance", "compliance")
    released, held = indicator(), indicator()
    terms = handling(releasable_to=["jur:KE"])
    closed = indicator(object_marking_refs=[AMBER, terms["id"]])
    await keep(world, PARTNER, INTAKE, released, held, terms, closed)
    await curate.release(world.exchange, CURATOR, INTAKE, [released["id"]], None)
    await hold(world.exchange, officer, INTAKE, held["id"], (HoldReason.ACCURACY, START + timedelta(days=1)))
    unknown = indicator()["id"]
    asked = [released["id"], held["id"], closed["id"], unknown]
    assert await reject(world.exchange, CURATOR, INTAKE, asked, WHY) == dict.fromkeys(asked, 0)


async def test_a_rejected_version_that_is_deleted_is_told_no_more() -> None:
    world, _ = await hand_world()
    wrong = indicator(object_marking_refs=[GREEN])
    await keep(world, PARTNER, INTAKE, wrong)
    await reject(world.exchange, CURATOR, INTAKE, [wrong["id"]], WHY)
    await delete(world, PARTNER, INTAKE, wrong["id"])
    assert await rejected(world.exchange, PARTNER, INTAKE) == []
    assert only((await put(world, PARTNER, INTAKE, wrong)).successes or ()).message is None
