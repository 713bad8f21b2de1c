"""The end of an embargo is a deed with a date of its own (access-policy cases 21, 23)."""

from datetime import timedelta

from deeds import START, all_versions, at, contents, hand_world, handling, hire, ids, keep, later, moment, only
from worlds import GREEN, NG_IDENTITY, STRICT, World, indicator, object_id

from app.sharing import curate, read
from app.sharing.publish import publish
from app.taxii.query import EVERY, Endpoint, ObjectQuery

NATIONAL, ALLIANCE, INTAKE = "members/ng-indicators", "members/alliance", "intake/vendor"
NG, KE, FEED, PARTNER = "ng-cert/misp", "ke-cert/misp", "ng-cert/feed", "vendor/push"
END = START + timedelta(hours=2)


async def dates(world: World, client: str, path: str = NATIONAL, after: int | None = None) -> dict[str, int]:
    """The date of each version that the client reads later than `after`, the newest of an id."""
    query = ObjectQuery(versions=EVERY, has_versions=True, after=after)
    answer = await read.read(world.exchange, client, at(path), query, Endpoint.MANIFEST)
    return {entry.object_id: entry.date_added for entry in answer.page.entries}


async def publish_all(world: World) -> int:
    """Publish until nothing is due; the number of versions."""
    total = 0
    while done := (await publish(world.exchange)).done:
        total += done
    return total


async def test_case_23_an_embargo_ends_with_a_new_date() -> None:
    """A client that polls on from where it stood gets what it was not shown before."""
    world, clock = await hand_world()
    terms = handling(embargo_until=moment(END))
    waiting, plain = indicator(object_marking_refs=[GREEN, terms["id"]]), indicator()
    await keep(world, NG, NATIONAL, terms, waiting)
    clock.go(hours=1)
    await keep(world, NG, NATIONAL, plain)
    polled = max((await dates(world, KE)).values())
    assert await publish_all(world) == 0
    clock.go(hours=1)
    assert waiting["id"] not in await dates(world, KE)
    assert await publish_all(world) == 2  # the marking carries itself
    assert set(await dates(world, KE, after=polled)) == {terms["id"], waiting["id"]}
    assert only(each for each in await contents(world, KE, NATIONAL) if each["id"] == waiting["id"]) == waiting
    assert await publish_all(world) == 0


async def test_case_23_versions_come_in_their_old_order() -> None:
    world, clock = await hand_world()
    terms = handling(NG_IDENTITY, embargo_until=moment(END))
    first, second = (indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[GREEN, terms["id"]]) for _ in range(2))
    await keep(world, NG, NATIONAL, terms, first, second, later(first, 3))
    clock.go(hours=3)
    before = await all_versions(world, NG, NATIONAL)
    await publish_all(world)
    assert await all_versions(world, NG, NATIONAL) == before
    assert await all_versions(world, KE, NATIONAL) == before


async def test_case_21_a_published_version_tightens_older_ones_and_becomes_last() -> None:
    world, clock = await hand_world()
    known = indicator(created_by_ref=NG_IDENTITY)
    terms = handling(NG_IDENTITY, embargo_until=moment(END))
    stricter = later(known, 2, object_marking_refs=[STRICT, terms["id"]])
    await keep(world, NG, NATIONAL, known, terms, stricter)
    assert [each for each in await contents(world, FEED, NATIONAL) if each["id"] == known["id"]] == [known]
    clock.go(hours=2)
    await publish_all(world)
    assert known["id"] not in await ids(world, FEED, NATIONAL)
    assert [each for each in await contents(world, KE, NATIONAL) if each["id"] == known["id"]] == [stricter]


async def test_batches_are_bounded_and_tell_of_the_rest() -> None:
    world, clock = await hand_world()
    soon, far = handling(embargo_until=moment(END)), handling(embargo_until=moment(END + timedelta(days=1)))
    await keep(world, NG, NATIONAL, soon, far, *(indicator(object_marking_refs=[GREEN, soon["id"]]) for _ in range(4)))
    assert (await publish(world.exchange)).next == END
    clock.go(hours=2)
    first = await publish(world.exchange, limit=3)
    assert (first.done, first.more) == (3, True)
    second = await publish(world.exchange, limit=3)
    assert (second.done, second.more, second.next) == (2, False, END + timedelta(days=1))


async def test_a_copy_released_under_embargo_is_published_in_its_collection() -> None:
    world, clock = await hand_world()
    person = object_id("identity")
    desk = await hire(world, "secretariat", "desk", "reader", "curator", "red-reader", identities=[person])
    terms = handling(embargo_until=moment(END), recipients=[person])
    pushed = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, PARTNER, INTAKE, terms, pushed)
    assert only(await curate.release(world.exchange, desk, INTAKE, [pushed["id"]], None)).ok
    assert await ids(world, KE, ALLIANCE) == []
    clock.go(hours=2)
    await publish_all(world)
    assert pushed["id"] in await ids(world, KE, ALLIANCE)
    assert await all_versions(world, PARTNER, INTAKE)


async def test_what_fell_due_while_nothing_ran_is_published_afterwards() -> None:
    world, clock = await hand_world()
    terms = handling(embargo_until=moment(END))
    waiting = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, NATIONAL, terms, waiting)
    clock.go(days=300)
    await publish_all(world)
    assert waiting["id"] in await ids(world, KE, NATIONAL)
