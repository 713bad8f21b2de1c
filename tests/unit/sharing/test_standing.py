"""Who and where, as it changes while everybody works: access-policy cases 22, 24, 33, 34, 36, each by its number."""

from datetime import date
from typing import Any

import pytest
from deeds import at, contents, delete, hand_world, ids, keep, later, only, refuse
from worlds import AMBER, GREEN, NG_IDENTITY, STRICT, World, indicator, observable

from app.access.alliance import Alliance
from app.errors import Denied, NotFound
from app.sharing import administer, read
from app.stix.timestamps import version_key
from app.taxii.query import Endpoint, ObjectQuery, Versions

NATIONAL, ALLIANCE, EXCHANGE, OPERATION = "members/ng-indicators", "members/alliance", "exchange/knowledge", "operations/afjoc"
NG, KE, FEED, PARTNER, EDITOR = "ng-cert/misp", "ke-cert/misp", "ng-cert/feed", "vendor/push", "secretariat/editor"


async def in_force(world: World) -> Alliance:
    return (await world.exchange.force.now()).alliance


async def change(world: World, organisation: str, **changes: Any) -> administer.Adopted:
    """Put an alliance in force in which an organisation is otherwise."""
    alliance = await in_force(world)
    changed = alliance.organisations[organisation].model_copy(update=changes)
    return await administer.adopt(
        world.exchange, alliance.model_copy(update={"organisations": {**alliance.organisations, organisation: changed}})
    )


async def change_collection(world: World, path: str, **changes: Any) -> administer.Adopted:
    """Put an alliance in force in which a collection is otherwise."""
    alliance = await in_force(world)
    collections = tuple(
        each.model_validate({**each.model_dump(), **changes}) if each.path == path else each for each in alliance.collections
    )
    return await administer.adopt(world.exchange, alliance.model_copy(update={"collections": collections}))


async def later_than(world: World, client: str, path: str, position: int) -> list[str]:
    """What a client gets that polls on from where it stood."""
    answer = await read.read(world.exchange, client, at(path), ObjectQuery(after=position), Endpoint.MANIFEST)
    return [entry.object_id for entry in answer.page.entries]


async def position(world: World, client: str, path: str) -> int:
    """Where a client stands that has polled everything."""
    answer = await read.read(world.exchange, client, at(path), ObjectQuery(), Endpoint.MANIFEST)
    return answer.page.entries[-1].date_added


# ---- 22: revocations that not everybody hears of


async def test_case_22_a_revocation_under_a_stricter_label_is_warned_of() -> None:
    world, _ = await hand_world()
    known = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, NG, NATIONAL, known)
    status = await keep(world, NG, NATIONAL, later(known, 2, revoked=True, object_marking_refs=[STRICT]))
    assert "will not learn" in (only(status.successes or ()).message or "")
    assert await ids(world, FEED, NATIONAL) == []


async def test_case_22_other_revocations_and_other_versions_go_without_a_word() -> None:
    world, _ = await hand_world()
    known, other = indicator(object_marking_refs=[AMBER]), indicator()
    await keep(world, NG, NATIONAL, known, other)
    looser = await keep(world, NG, NATIONAL, later(known, 2, revoked=True, object_marking_refs=[GREEN]))
    stricter = await keep(world, NG, NATIONAL, later(other, 2, object_marking_refs=[STRICT]), indicator(revoked=True))
    assert [each.message for status in (looser, stricter) for each in status.successes or ()] == [None] * 3


# ---- 24: sight that is gained later


async def test_case_24_a_grant_opens_at_old_positions_to_whoever_starts_over() -> None:
    """`legation reload` names the clients."""
    world, _ = await hand_world()
    before, after = indicator(object_marking_refs=[GREEN]), indicator(object_marking_refs=[GREEN])
    await change_collection(world, ALLIANCE, readers=["org:ng-cert", "org:ke-cert"], writers=["org:ng-cert"])
    await keep(world, NG, ALLIANCE, before)
    await change(world, "ng-cert", withhold_from=frozenset({"jur:KE"}))
    await keep(world, NG, ALLIANCE, after)
    stood = await position(world, NG, ALLIANCE)
    assert await ids(world, KE, ALLIANCE) == []
    adopted = await change(world, "ng-cert", withhold_from=frozenset[str]())
    assert "ke-cert/misp" in adopted.start_over
    assert await later_than(world, KE, ALLIANCE, stood) == []
    assert await ids(world, KE, ALLIANCE) == [before["id"], after["id"]]


# ---- 33: an operation ends


async def test_case_33_closing_takes_no_writes_and_is_read_on() -> None:
    world, _ = await hand_world()
    shared = indicator()
    await keep(world, NG, OPERATION, shared)
    await change_collection(world, OPERATION, state="closing")
    with pytest.raises(Denied):
        await keep(world, NG, OPERATION, indicator())
    for client in (NG, KE):
        assert await ids(world, client, OPERATION) == [shared["id"]]


async def test_case_33_closed_shuts_partners_out_at_once_and_members_after_the_archive_date() -> None:
    world, clock = await hand_world()
    await change_collection(world, OPERATION, readers=["org:ng-cert", "org:ke-cert", "org:vendor"])
    shared = indicator()
    await keep(world, NG, OPERATION, shared)
    assert await ids(world, PARTNER, OPERATION) == [shared["id"]]
    await change_collection(world, OPERATION, state="closed", archive_until=date(2026, 3, 10))
    with pytest.raises(NotFound):
        await ids(world, PARTNER, OPERATION)
    assert await ids(world, KE, OPERATION) == [shared["id"]]
    with pytest.raises(Denied):
        await keep(world, NG, OPERATION, indicator())
    clock.go(days=10)
    with pytest.raises(NotFound):
        await ids(world, KE, OPERATION)
    assert await ids(world, NG, OPERATION) == [shared["id"]]


# ---- 34: suspension and the end of an agreement


async def test_case_34_a_suspended_member_does_nothing_and_its_objects_stay() -> None:
    world, _ = await hand_world()
    known = indicator()
    await keep(world, NG, ALLIANCE, known)
    await change(world, "ng-cert", active=False)
    with pytest.raises(NotFound):
        await ids(world, NG, ALLIANCE)
    with pytest.raises(NotFound):
        await keep(world, NG, ALLIANCE, indicator())
    assert await ids(world, KE, ALLIANCE) == [known["id"]]
    await change(world, "ng-cert", active=True)
    assert await ids(world, NG, ALLIANCE) == [known["id"]]


async def test_case_34_nobody_writes_for_an_absent_owner() -> None:
    """Nobody may loosen, or take the id over, while he is away."""
    world, _ = await hand_world()
    known = indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[AMBER])
    await keep(world, NG, ALLIANCE, known)
    await change(world, "ng-cert", active=False)
    await refuse(world, KE, ALLIANCE, later(known, 2, object_marking_refs=[AMBER]))
    with pytest.raises(Denied):
        await delete(world, KE, ALLIANCE, known["id"])
    assert only(await contents(world, KE, ALLIANCE)) == known


async def test_case_34_a_partner_whose_agreement_is_over_is_nobody() -> None:
    world, clock = await hand_world()
    await change(world, "vendor", agreement_until=date(2026, 3, 1))
    await keep(world, PARTNER, "intake/vendor", indicator())
    clock.go(days=1)
    for path in ("intake/vendor", EXCHANGE):
        with pytest.raises(NotFound):
            await ids(world, PARTNER, path)
    with pytest.raises(NotFound):
        await keep(world, PARTNER, "intake/vendor", indicator())


# ---- 36: delete


async def test_case_36_the_deleter_gets_nothing_there_until_he_posts_again() -> None:
    world, _ = await hand_world()
    shared = observable()
    await keep(world, NG, ALLIANCE, shared)
    await keep(world, KE, ALLIANCE, shared)
    await delete(world, NG, ALLIANCE, shared["id"])
    assert await ids(world, NG, ALLIANCE) == []
    with pytest.raises(NotFound):
        await delete(world, NG, ALLIANCE, shared["id"])
    assert await ids(world, EDITOR, ALLIANCE) == [shared["id"]]
    await keep(world, NG, ALLIANCE, shared)
    assert await ids(world, NG, ALLIANCE) == [shared["id"]]


async def test_case_36_deleting_loosens_no_older_version() -> None:
    world, _ = await hand_world()
    known = indicator(created_by_ref=NG_IDENTITY)
    strict = later(known, 2, object_marking_refs=[STRICT])
    await keep(world, NG, NATIONAL, known, strict)
    await delete(world, NG, NATIONAL, known["id"], Versions(exact=frozenset({version_key(strict["modified"])})))
    assert await ids(world, FEED, NATIONAL) == []
    assert only(await contents(world, KE, NATIONAL)) == known
