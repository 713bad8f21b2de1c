"""Every deed leaves one record of its event, in the chain of each collection that it changed or in that of administration; what changes nothing leaves none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from deeds import START, HandClock, alter_organisation, delete, hand_world, handling, hire, keep, later, moment, put
from linking import closed, linked, new_world
from worlds import AMBER, GREEN, NG_IDENTITY, RED, World, build, indicator

from app.audit.events import ADMINISTRATION, OPERATOR, SERVER, Event, Record
from app.bootstrap import Settings, build_exchange, open_destination, open_source, open_store
from app.clock import timestamp, to_micros
from app.errors import Denied, NotFound
from app.sharing import administer, curate
from app.sharing.copy_store import copy_store
from app.sharing.erase import ErasureReason, erase
from app.sharing.hold import HoldReason, hold, lift, lift_due
from app.sharing.journal import run_jobs
from app.sharing.publish import publish
from app.sharing.recall import Recalled, Wanted, recall
from app.sharing.reject import reject
from app.sharing.retain import purge
from app.sharing.withdraw import withdraw

NATIONAL, ALLIANCE, INTAKE, KNOWLEDGE = "members/ng-indicators", "members/alliance", "intake/vendor", "exchange/knowledge"
NG, KE, PARTNER, CURATOR = "ng-cert/misp", "ke-cert/misp", "vendor/push", "secretariat/curator"


async def records(world: World) -> dict[tuple[str, int], Record]:
    found: list[Recalled] = []
    await recall(world.exchange, None, Wanted(), found.append)
    return {(each.place, each.number): each.record for each in found if each.record is not None}


@asynccontextmanager
async def leaving(world: World, *expected: tuple[str, Event, str]) -> AsyncIterator[dict[str, Record]]:
    """What is done within leaves these records (where, what, by whom) and no others; afterwards they are in what is yielded, by place."""
    before = await records(world)
    left: dict[str, Record] = {}
    yield left
    after = await records(world)
    new = {key: record for key, record in after.items() if key not in before}
    assert sorted((place, record.deed.event, record.deed.actor) for (place, _), record in new.items()) == sorted(expected)
    assert all(after[key] == record for key, record in before.items())
    left |= {place: record for (place, _), record in new.items()}


@pytest.fixture
async def scene() -> tuple[World, HandClock]:
    return await hand_world()


async def test_add(scene: tuple[World, HandClock]) -> None:
    """One record for an envelope, however much is in it; none for what is there already, or refused."""
    world, _ = scene
    one, two = indicator(), indicator()
    async with leaving(world, (ALLIANCE, Event.ADD, NG)) as left:
        await keep(world, NG, ALLIANCE, one, two)
    assert left[ALLIANCE].details["rows"] == [[1, 2]]
    assert left[ALLIANCE].deed.epoch == (await world.exchange.force.now()).epoch
    async with leaving(world):
        await keep(world, NG, ALLIANCE, one)
        await put(world, NG, ALLIANCE, {**two, "name": "another"}, {"type": "nonsense"})
    async with leaving(world, (ALLIANCE, Event.ADD, NG)) as left:
        await keep(world, NG, ALLIANCE, later(one, 5))
    assert (left[ALLIANCE].details["rows"], left[ALLIANCE].details["changed"]) == ([[3, 3]], [[1, 1]])


async def test_what_others_may_not_send_on(scene: tuple[World, HandClock]) -> None:
    """Names the originator, and no object."""
    world, _ = scene
    async with leaving(world, (ALLIANCE, Event.REFUSE_RELAY, KE)) as left:
        await put(world, KE, ALLIANCE, indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[RED]))
    assert left[ALLIANCE].details == {"originator": "ng-cert"}


async def test_delete(scene: tuple[World, HandClock]) -> None:
    world, _ = scene
    await keep(world, NG, ALLIANCE, each := indicator())
    async with leaving(world, (ALLIANCE, Event.DELETE, NG)) as left:
        await delete(world, NG, ALLIANCE, each["id"])
    assert left[ALLIANCE].details["deleted"] == [[1, 1]]
    async with leaving(world):
        with pytest.raises(NotFound):
            await delete(world, NG, ALLIANCE, each["id"])


async def test_withdraw_is_recorded_wherever_it_took_something(scene: tuple[World, HandClock]) -> None:
    world, _ = scene
    each = indicator()
    for path in (ALLIANCE, NATIONAL):
        await keep(world, NG, path, each)
    await keep(world, NG, KNOWLEDGE, indicator())
    async with leaving(world, (ALLIANCE, Event.WITHDRAW, NG), (NATIONAL, Event.WITHDRAW, NG)):
        await withdraw(world.exchange, NG, each["id"])
    async with leaving(world):
        with pytest.raises(NotFound):
            await withdraw(world.exchange, NG, each["id"])


async def test_erase_is_recorded_wherever_something_was(scene: tuple[World, HandClock]) -> None:
    world, _ = scene
    officer = await hire(world, "secretariat", "dpo", "dpo")
    each = indicator()
    await keep(world, NG, ALLIANCE, each)
    await keep(world, KE, ALLIANCE, each)
    await keep(world, NG, NATIONAL, each)
    async with leaving(world, (ALLIANCE, Event.ERASE, officer), (NATIONAL, Event.ERASE, officer)) as left:
        await erase(world.exchange, officer, each["id"], ErasureReason.ORDER)
    assert (left[ALLIANCE].deed.reason, left[ALLIANCE].details["deleted"]) == ("order", [[1, 2]])


async def test_release_and_what_follows_by_itself(scene: tuple[World, HandClock]) -> None:
    """The deed in the intake and what it does to copies are told apart."""
    world, _ = scene
    each = indicator()
    async with leaving(world, (INTAKE, Event.ADD, PARTNER)):
        await keep(world, PARTNER, INTAKE, each)
    async with leaving(world, (ALLIANCE, Event.RELEASE, CURATOR)):
        await curate.release(world.exchange, CURATOR, INTAKE, [each["id"]], ALLIANCE)
    async with leaving(world, (INTAKE, Event.ADD, PARTNER), (ALLIANCE, Event.FOLLOW, PARTNER)):
        await keep(world, PARTNER, INTAKE, later(each, 2, object_marking_refs=[AMBER]))
    async with leaving(world, (INTAKE, Event.ADD, PARTNER)):
        await keep(world, PARTNER, INTAKE, later(each, 3, object_marking_refs=[AMBER]))
    async with leaving(world, (INTAKE, Event.DELETE, PARTNER), (ALLIANCE, Event.FOLLOW, PARTNER)):
        await delete(world, PARTNER, INTAKE, each["id"])


async def test_reject(scene: tuple[World, HandClock]) -> None:
    world, _ = scene
    await keep(world, PARTNER, INTAKE, each := indicator())
    async with leaving(world, (INTAKE, Event.REJECT, CURATOR)) as left:
        await reject(world.exchange, CURATOR, INTAKE, [each["id"]], "a known false positive")
    assert left[INTAKE].deed.reason == "a known false positive"
    async with leaving(world):
        await reject(world.exchange, CURATOR, INTAKE, [indicator()["id"]], "nothing of it")


async def test_hold_and_lift(scene: tuple[World, HandClock]) -> None:
    """Two contributions under one id: one deed, one record. At its deadline the server lifts what is left."""
    world, clock = scene
    officer = await hire(world, "secretariat", "compliance", "compliance")
    each, until = indicator(), START + timedelta(days=1)
    await keep(world, NG, ALLIANCE, each)
    await keep(world, KE, ALLIANCE, each)
    async with leaving(world, (ALLIANCE, Event.HOLD, officer)) as left:
        await hold(world.exchange, officer, ALLIANCE, each["id"], (HoldReason.NEUTRALITY, until))
    assert left[ALLIANCE].deed.reason == "neutrality"
    async with leaving(world, (ALLIANCE, Event.HOLD, officer)):
        await hold(world.exchange, officer, ALLIANCE, each["id"], (HoldReason.NEUTRALITY, until + timedelta(days=1)))
    async with leaving(world, (ALLIANCE, Event.LIFT, officer)):
        await lift(world.exchange, officer, ALLIANCE, each["id"])
    await hold(world.exchange, officer, ALLIANCE, each["id"], (HoldReason.NEUTRALITY, until))
    clock.go(days=2)
    async with leaving(world, (ALLIANCE, Event.LIFT, SERVER)):
        await lift_due(world.exchange)
    async with leaving(world):
        await lift_due(world.exchange)
        with pytest.raises(Denied):
            await hold(world.exchange, officer, ALLIANCE, each["id"], (HoldReason.NEUTRALITY, until))


async def test_publish_and_purge(scene: tuple[World, HandClock]) -> None:
    world, clock = scene
    embargo, short = handling(embargo_until=moment(START + timedelta(hours=2))), handling(retention_until=moment(START + timedelta(days=2)))
    waiting, expiring = (indicator(object_marking_refs=[GREEN, each["id"]]) for each in (embargo, short))
    await keep(world, NG, NATIONAL, embargo, short, waiting, expiring)
    async with leaving(world):
        await publish(world.exchange)
        await purge(world.exchange, timedelta(0))
    clock.go(days=3)
    async with leaving(world, (NATIONAL, Event.PUBLISH, SERVER)):
        await publish(world.exchange)
    async with leaving(world, (NATIONAL, Event.PURGE, SERVER)) as left:
        await purge(world.exchange, timedelta(0))
    assert left[NATIONAL].details["deleted"]
    async with leaving(world):
        await publish(world.exchange)
        await purge(world.exchange, timedelta(0))


async def test_what_a_target_opens() -> None:
    world, _ = await new_world()
    target = closed(indicator(created_by_ref=NG_IDENTITY))
    await keep(world, NG, ALLIANCE, target, linked(target))
    await keep(world, NG, ALLIANCE, later(target, 2, object_marking_refs=[GREEN]))
    async with leaving(world, (ALLIANCE, Event.OPEN, SERVER)):
        await run_jobs(world.exchange)
    async with leaving(world):
        await run_jobs(world.exchange)


async def test_what_operators_do(scene: tuple[World, HandClock]) -> None:
    world, _ = scene
    async with leaving(world, (ADMINISTRATION, Event.ISSUE_TOKEN, OPERATOR)) as left:
        issued = await administer.issue_token(world.exchange, NG, timedelta(days=1))
    assert (left[ADMINISTRATION].details["token"], left[ADMINISTRATION].details["client"]) == (issued.id, NG)
    assert issued.expires is not None
    assert left[ADMINISTRATION].details["expires"] == timestamp(to_micros(issued.expires))
    assert issued.token not in str(left)
    async with leaving(world, (ADMINISTRATION, Event.REVOKE_TOKEN, OPERATOR)) as left:
        assert await administer.revoke_token(world.exchange, issued.id)
    assert left[ADMINISTRATION].details["token"] == issued.id
    async with leaving(world):
        assert not await administer.revoke_token(world.exchange, issued.id)
    async with leaving(world, (ADMINISTRATION, Event.RELOAD, OPERATOR)) as left:
        await alter_organisation(world, "ke-cert", active=False)
    force = await world.exchange.force.now()
    assert (left[ADMINISTRATION].deed.epoch, left[ADMINISTRATION].details["digest"]) == (force.epoch, force.digest)
    async with leaving(world):
        await administer.adopt(world.exchange, force.alliance)
    async with leaving(world, (ADMINISTRATION, Event.RESTORE, OPERATOR)):
        await administer.record_restore(world.exchange)


async def test_copy(tmp_path: Path) -> None:
    """One record in the copy, after those that came with it; none in what was copied."""
    there, here = f"sqlite:///{tmp_path}/there.db", f"sqlite:///{tmp_path}/here.db"
    world = await build(await open_store(there))
    await keep(world, NG, ALLIANCE, indicator())
    before = await records(world)
    await world.exchange.store.close()
    source, destination = await open_source(there), await open_destination(here)
    await copy_store(source, destination, "there", world.exchange.clock, lambda _done, _whole: None)
    await source.close()
    await destination.close()
    for url, expected in ((there, []), (here, [(Event.COPY, OPERATOR)])):
        world = World(build_exchange(await open_store(url), Settings()))
        after = await records(world)
        assert before.items() <= after.items()
        new = [record.deed for key, record in after.items() if key not in before]
        assert [(deed.event, deed.actor) for deed in new] == expected
        await world.exchange.store.close()


def test_every_event_is_looked_at_here() -> None:
    """A new event needs a deed above."""
    source = Path(__file__).read_text()
    assert all(f"Event.{event.name}" in source for event in Event)
