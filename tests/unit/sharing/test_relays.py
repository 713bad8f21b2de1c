"""Attempts to send on what another organisation marked TLP:RED (access-policy case 14; TLP 2.0): refused, noted, told to whose it is and to nobody else."""

from datetime import timedelta

import pytest
from deeds import hand_world, keep, only, put, refuse
from worlds import AMBER, GREEN, NG_IDENTITY, RED, World, indicator

from app.audit.events import Event, decode
from app.errors import NotFound, Unauthenticated
from app.sharing.relays import KEPT, NOTED_EVERY, Relay, relays
from app.stix.handling import Tlp
from app.stix.markings import CANONICAL

ALLIANCE, EXCHANGE = "members/alliance", "exchange/knowledge"
KE, NG_AUDITOR, KE_AUDITOR, SECRETARY = "ke-cert/misp", "ng-cert/auditor", "ke-cert/auditor", "secretariat/auditor"


def nigerian(*marks: str, **more: object) -> dict[str, object]:
    """An object of Nigeria's, marked as given."""
    return indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[*marks], **more)


async def recorded(world: World, path: str) -> list[tuple[str, object]]:
    """Who is on record in a collection for having tried, and whose objects."""
    collection = next(each for each in (await world.exchange.force.now()).alliance.collections if each.path == path)
    records = [decode(each.record) for each in await world.exchange.store.sealed(collection.key, 1_000)]
    return [(each.deed.actor, each.details["originator"]) for each in records if each.deed.event is Event.REFUSE_RELAY]


@pytest.mark.parametrize("path", [ALLIANCE, EXCHANGE], ids=["where others' may be relayed", "where not"])
@pytest.mark.parametrize("red", [mark for mark, level in CANONICAL.items() if level is Tlp.RED])
async def test_case_14_the_originator_is_told_who_tried(path: str, red: str) -> None:
    world, clock = await hand_world()
    secret = nigerian(red)
    await refuse(world, KE, path, secret)
    tried = only(await relays(world.exchange, NG_AUDITOR))
    assert tried == Relay("ng-cert", str(secret["id"]), "ke-cert", KE, f"{clock.instant:%Y-%m-%dT%H:%M:%S.%f}Z")
    assert await relays(world.exchange, SECRETARY) == [tried]
    assert await relays(world.exchange, KE_AUDITOR) == []
    assert await recorded(world, path) == [(KE, "ng-cert")]


async def test_case_14_a_part_marked_red_is_red() -> None:
    world, _ = await hand_world()
    await refuse(world, KE, ALLIANCE, nigerian(GREEN, granular_markings=[{"marking_ref": RED, "selectors": ["pattern"]}]))
    assert only(await relays(world.exchange, NG_AUDITOR)).client == KE


async def test_case_14_other_relays_and_ones_own_red_are_no_breach() -> None:
    world, _ = await hand_world()
    await keep(world, "ng-cert/misp", "members/ng-indicators", nigerian(RED))
    await keep(world, KE, ALLIANCE, nigerian(GREEN))
    await refuse(world, KE, ALLIANCE, nigerian(AMBER))
    await put(world, KE, ALLIANCE, indicator(object_marking_refs=[RED]))
    assert await relays(world.exchange, SECRETARY) == []
    assert await recorded(world, ALLIANCE) == []


async def test_case_14_the_sender_hears_no_more_than_of_any_relay() -> None:
    world, _ = await hand_world()
    assert await refuse(world, KE, EXCHANGE, nigerian(RED)) == await refuse(world, KE, EXCHANGE, nigerian(AMBER))


async def test_case_14_noted_once_a_day_and_kept_for_so_long() -> None:
    world, clock = await hand_world()
    first, second, third = nigerian(RED), nigerian(RED), nigerian(RED)

    async def told() -> list[str]:
        return [each.object_id for each in await relays(world.exchange, NG_AUDITOR)]

    await put(world, KE, ALLIANCE, first, second)
    assert await told() == [first["id"]]
    clock.go(seconds=(NOTED_EVERY - timedelta(minutes=1)).total_seconds())
    await put(world, KE, ALLIANCE, second)
    assert await told() == [first["id"]]
    clock.go(seconds=60)
    await put(world, KE, ALLIANCE, second)
    assert await told() == [first["id"], second["id"]]
    clock.go(seconds=(KEPT - NOTED_EVERY).total_seconds())
    assert await told() == [second["id"]]
    await put(world, KE, ALLIANCE, third)
    assert await told() == [second["id"], third["id"]]
    assert len(await recorded(world, ALLIANCE)) == 3


@pytest.mark.parametrize("client", [KE, "ng-cert/misp", "secretariat/curator", "vendor/push"])
async def test_who_is_no_auditor_is_told_nothing(client: str) -> None:
    world, _ = await hand_world()
    await refuse(world, KE, ALLIANCE, nigerian(RED))
    with pytest.raises(NotFound):
        await relays(world.exchange, client)
    with pytest.raises(Unauthenticated):
        await relays(world.exchange, "")
