"""Versions: tightening reaches back at once, loosening does not, deleting never loosens (access-policy cases 6, 20, 21, 36; DESIGN 6)."""

import pytest
from deeds import all_versions, alter_client, at, delete, hand_world, ids, keep, later, only, put, refuse, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import AMBER, CLEAR, GREEN, RED, STRICT, indicator

from app.errors import NotFound
from app.sharing import administer, read
from app.sharing.exchange import Address
from app.sharing.threads import Line, Thread
from app.stix.handling import HandlingLabel, State, Tlp, join
from app.taxii.query import LATEST, Endpoint, ObjectQuery, Versions

NATIONAL, ALLIANCE = "members/ng-indicators", "members/alliance"
NG, FEED, KE = "ng-cert/misp", "ng-cert/feed", "ke-cert/misp"


async def test_the_newest_version_is_last_whatever_the_order_of_arrival() -> None:
    """T-3.4.1-08: the newest modified time, not the newest addition."""
    world, _ = await hand_world()
    old = indicator()
    new = later(old, 5)
    await keep(world, NG, NATIONAL, new)
    await keep(world, NG, NATIONAL, old)
    assert await rows(world, KE, NATIONAL) == [(old["id"], new["modified"])]
    assert await rows(world, KE, NATIONAL, Versions(first=True)) == [(old["id"], old["modified"])]
    assert len(await all_versions(world, KE, NATIONAL)) == 2


async def test_tightening_reaches_older_versions_at_once() -> None:
    """Case 21: readers who lost it get nothing, of no version."""
    world, _ = await hand_world()
    old = indicator(object_marking_refs=[GREEN])
    await keep(world, NG, NATIONAL, old)
    assert await ids(world, FEED, NATIONAL) == [old["id"]]
    await keep(world, NG, NATIONAL, later(old, 2, object_marking_refs=[STRICT]))
    assert await all_versions(world, FEED, NATIONAL) == []


async def test_loosening_does_not_reach_back() -> None:
    """Case 20: a later version may be looser; the older ones keep the join from theirs on."""
    world, _ = await hand_world()
    old = indicator(object_marking_refs=[STRICT])
    new = later(old, 2, object_marking_refs=[GREEN])
    await keep(world, NG, NATIONAL, old)
    await keep(world, NG, NATIONAL, new)
    assert await all_versions(world, FEED, NATIONAL) == [(old["id"], new["modified"])]


async def test_going_down_from_strict_takes_a_releaser() -> None:
    """Case 20."""
    world, _ = await hand_world()
    old = indicator(object_marking_refs=[STRICT])
    await keep(world, KE, ALLIANCE, old)
    assert "releaser" in await refuse(world, KE, ALLIANCE, later(old, 2, object_marking_refs=[GREEN]))
    await keep(world, KE, ALLIANCE, later(old, 2))


async def test_deleting_never_loosens() -> None:
    """Case 36: the tombstone keeps its label in the join."""
    world, _ = await hand_world()
    old = indicator(object_marking_refs=[GREEN])
    new = later(old, 2, object_marking_refs=[STRICT])
    await keep(world, NG, NATIONAL, old)
    await keep(world, NG, NATIONAL, new)
    await delete(world, NG, NATIONAL, old["id"], LATEST)
    assert await all_versions(world, NG, NATIONAL) == [(old["id"], old["modified"])]
    assert await all_versions(world, FEED, NATIONAL) == []


async def test_the_version_that_becomes_last_gets_a_new_date() -> None:
    """A poller must learn that the older version is the current one again."""
    world, _ = await hand_world()
    old = indicator()
    await keep(world, NG, NATIONAL, old)
    await keep(world, NG, NATIONAL, later(old, 2))
    before = (await read.read(world.exchange, KE, _national(), ObjectQuery(), Endpoint.MANIFEST)).last
    await delete(world, NG, NATIONAL, old["id"], LATEST)
    answer = await read.read(world.exchange, KE, _national(), ObjectQuery(), Endpoint.MANIFEST)
    assert only(answer.page.entries).version == old["modified"]
    assert answer.last is not None
    assert before is not None
    assert answer.last > before


async def test_a_version_posted_again_after_its_delete_is_served() -> None:
    """T-5.5-10: a success is served."""
    world, _ = await hand_world()
    shared = indicator()
    await keep(world, NG, NATIONAL, shared)
    await delete(world, NG, NATIONAL, shared["id"])
    await keep(world, NG, NATIONAL, shared)
    assert await ids(world, KE, NATIONAL) == [shared["id"]]


async def test_a_stricter_posting_of_the_same_version_tightens_what_is_stored() -> None:
    """The same bytes by a client with a stricter default: stored once, at the join."""
    world, _ = await hand_world()
    unmarked = indicator(object_marking_refs=None)
    await keep(world, NG, NATIONAL, unmarked)
    assert await ids(world, FEED, NATIONAL) == [unmarked["id"]]
    alliance = (await world.exchange.force.now()).alliance
    client = alliance.organisations["ng-cert"].clients["misp"].model_copy(update={"unmarked": "amber+strict"})
    organisation = alliance.organisations["ng-cert"].model_copy(
        update={"clients": {**alliance.organisations["ng-cert"].clients, "misp": client}}
    )
    await administer.adopt(
        world.exchange, alliance.model_copy(update={"organisations": {**alliance.organisations, "ng-cert": organisation}})
    )
    await keep(world, NG, NATIONAL, unmarked)
    assert await ids(world, FEED, NATIONAL) == []
    assert len(await all_versions(world, NG, NATIONAL)) == 1


async def test_a_single_version_is_deleted_by_its_time() -> None:
    """T-5.7-02."""
    world, _ = await hand_world()
    old = indicator()
    await keep(world, NG, NATIONAL, old, later(old, 2), later(old, 3))
    await delete(world, NG, NATIONAL, old["id"], Versions(exact=frozenset({"2026-02-02T00:00:00"})))
    assert [version for _, version in await all_versions(world, KE, NATIONAL)] == [old["modified"], later(old, 3)["modified"]]
    with pytest.raises(NotFound):
        await delete(world, NG, NATIONAL, old["id"], Versions(exact=frozenset({"2026-02-02T00:00:00"})))
    await delete(world, NG, NATIONAL, old["id"], Versions(first=True))
    assert [version for _, version in await all_versions(world, KE, NATIONAL)] == [later(old, 3)["modified"]]


async def test_only_the_named_of_two_red_readers_reads() -> None:
    world, _ = await hand_world()
    assert "recipients" in await refuse(world, NG, "scratch/c000", indicator(object_marking_refs=[RED]))
    await keep(world, NG, NATIONAL, indicator(object_marking_refs=[RED]))
    assert len(await ids(world, "ng-cert/desk", NATIONAL)) == 1
    assert await ids(world, FEED, NATIONAL) == []
    assert await ids(world, KE, NATIONAL) == []


def _national() -> Address:
    return at(NATIONAL)


LEVELS = st.sampled_from([CLEAR, GREEN, AMBER, STRICT])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), LEVELS), min_size=1, max_size=6, unique_by=lambda step: step[0]), st.integers(0, 5))
def test_effective_labels_are_the_join_of_all_not_older(steps: list[tuple[int, str]], deleted: int) -> None:
    """DESIGN 6: effective(v) = join of the labels of all published versions not older than v, tombstones included."""
    thread = Thread("indicator--1")
    levels = {CLEAR: Tlp.CLEAR, GREEN: Tlp.GREEN, AMBER: Tlp.AMBER, STRICT: Tlp.AMBER_STRICT}
    for order, (day, level) in enumerate(steps):
        label = HandlingLabel(levels[level], "a", "a")
        thread.add(Line("a", f"{day}", f"{day}", b"", label, label, State.PUBLISHED, order=order, deleted=order == deleted))
    thread.settle()
    for line in thread.lines:
        newer = [other.own for other in thread.lines if other.key >= line.key]
        expected = line.own
        for label in newer:
            expected = join(expected, label)
        assert line.effective == expected
    live = sorted(line.key for line in thread.lines if not line.deleted)
    assert [line.key for line in thread.lines if line.last] == live[-1:]


async def test_a_failing_object_does_not_sink_the_others() -> None:
    """C26."""
    world, _ = await hand_world()
    good = indicator()
    status = await put(world, NG, NATIONAL, indicator(pattern="[nonsense"), good, {"type": "indicator"})
    assert (status.total_count, status.success_count, status.failure_count) == (3, 1, 2)
    assert await ids(world, KE, NATIONAL) == [good["id"]]


async def test_a_tombstone_binds_the_same_version_posted_again() -> None:
    """DESIGN 6: effective(v) joins versions with value >= v's, tombstones included."""
    world, _ = await hand_world()
    unmarked = indicator(object_marking_refs=None)
    await alter_client(world, NG, unmarked="amber+strict")
    await keep(world, NG, NATIONAL, unmarked)
    await delete(world, NG, NATIONAL, unmarked["id"])
    await alter_client(world, NG, unmarked=None)
    for _ in range(2):
        await keep(world, NG, NATIONAL, unmarked)
        assert await ids(world, FEED, NATIONAL) == []


async def test_deleting_first_does_not_spare_the_releaser() -> None:
    """Case 20; case 36: deleting never loosens."""
    world, _ = await hand_world()
    old = indicator(object_marking_refs=[STRICT])
    await keep(world, KE, ALLIANCE, old)
    await delete(world, KE, ALLIANCE, old["id"])
    assert "releaser" in await refuse(world, KE, ALLIANCE, later(old, 2, object_marking_refs=[GREEN]))
