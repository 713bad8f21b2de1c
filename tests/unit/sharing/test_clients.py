"""What is heard of clients: last poll, position, failures, and who should start over (DESIGN 8, access-policy case 24)."""

from datetime import timedelta

from deeds import at, hand_world, ids, keep, only
from worlds import World, indicator

from app.access.alliance import Alliance
from app.access.principal import Scope
from app.clock import to_micros
from app.sharing import administer, read
from app.sharing.clients import Contact, clients
from app.sharing.contacts import MINUTE
from app.taxii.query import Endpoint, ObjectQuery

NATIONAL = "members/ng-indicators"
NG, FEED, KE = "ng-cert/misp", "ng-cert/feed", "ke-cert/misp"


async def heard(world: World, client: str) -> Contact:
    await world.exchange.contacts.write()
    return only([each for each in await clients(world.exchange) if each.client == client])


async def widen_feed(world: World) -> None:
    """A reload that lets the feed see what stops at TLP:AMBER."""
    alliance = (await world.exchange.force.now()).alliance
    ng = alliance.organisations["ng-cert"]
    feed = ng.clients["feed"].model_copy(update={"scope": Scope.ORGANISATION})
    changed = ng.model_copy(update={"clients": {**ng.clients, "feed": feed}})
    new = alliance.model_copy(update={"organisations": {**alliance.organisations, "ng-cert": changed}})
    await administer.adopt(world.exchange, Alliance.model_validate_json(new.to_document()))


async def test_every_client_is_listed_also_who_never_came() -> None:
    world, _ = await hand_world()
    found = await clients(world.exchange)
    names = [each.client for each in found]
    assert names == sorted((await world.exchange.force.now()).alliance.principals)
    assert all(each == Contact(each.client, None, (), None) for each in found)
    assert {each.client.partition("/")[0] for each in await clients(world.exchange, "ke-cert")} == {"ke-cert"}
    assert await clients(world.exchange, "nobody") == []


async def test_a_poll_moves_the_position_an_empty_one_the_time() -> None:
    world, clock = await hand_world()
    await keep(world, NG, NATIONAL, indicator(), indicator())
    await ids(world, KE, NATIONAL)
    first = only((await heard(world, KE)).readings)
    assert (first.collection, first.objects, first.start_over_since) == (NATIONAL, 2, None)
    assert first.position is not None
    clock.go(minutes=5)
    await read.read(world.exchange, KE, at(NATIONAL), ObjectQuery(after=to_micros(first.position)), Endpoint.OBJECTS)
    later = only((await heard(world, KE)).readings)
    assert (later.position, later.objects, later.at - first.at) == (first.position, 2, timedelta(minutes=5))


async def test_manifests_count_as_polls_single_objects_do_not() -> None:
    world, _ = await hand_world()
    await keep(world, NG, NATIONAL, indicator())
    object_id = only(await ids(world, NG, NATIONAL))
    await read.read(world.exchange, KE, at(NATIONAL), ObjectQuery(), Endpoint.OBJECT, object_id)
    assert (await heard(world, KE)).readings == ()
    await read.read(world.exchange, KE, at(NATIONAL), ObjectQuery(), Endpoint.MANIFEST)
    assert only((await heard(world, KE)).readings).objects == 0


async def test_who_gained_sight_should_start_over_until_he_did() -> None:
    """Case 24: `legation clients` names whom a reload concerns."""
    world, clock = await hand_world()
    await keep(world, NG, NATIONAL, indicator(object_marking_refs=["marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"]))
    await ids(world, FEED, NATIONAL)
    clock.go(minutes=1)
    await widen_feed(world)
    concerned = await heard(world, FEED)
    assert concerned.should_start_over
    assert only(concerned.readings).start_over_since == clock()
    clock.go(minutes=1)
    await read.read(world.exchange, FEED, at(NATIONAL), ObjectQuery(after=1), Endpoint.OBJECTS)
    assert (await heard(world, FEED)).should_start_over
    await ids(world, FEED, NATIONAL)
    assert not (await heard(world, FEED)).should_start_over


async def test_who_never_read_there_need_not_start_over() -> None:
    world, _ = await hand_world()
    await widen_feed(world)
    assert not (await heard(world, FEED)).should_start_over


async def test_the_last_failure_is_told_with_its_count() -> None:
    world, clock = await hand_world()
    now = to_micros(clock()) // MINUTE * MINUTE
    world.exchange.contacts.refused(NG, "Get objects", 404, now)
    for second in range(3):
        world.exchange.contacts.refused(NG, "Add objects", 403, now + MINUTE + second)
    failure = (await heard(world, NG)).last_failure
    assert failure is not None
    assert (failure.request, failure.status, failure.count, to_micros(failure.at)) == ("Add objects", 403, 3, now + MINUTE)


async def test_failures_without_credentials_are_the_publics() -> None:
    world, clock = await hand_world()
    world.exchange.contacts.refused("", "Get objects", 401, to_micros(clock()))
    public = (await clients(world.exchange))[0]
    assert public.client != ""
    await world.exchange.contacts.write()
    public = (await clients(world.exchange))[0]
    assert (public.client, public.last_failure is not None) == ("", True)
