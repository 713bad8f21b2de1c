"""Reading a page: nothing on it follows from rows that the reader may not see (access-policy cases 25 to 28)."""

from typing import Any

import pytest
from deeds import alter_collection, alter_organisation, at, hand_world, handling, keep, name_of
from worlds import AMBER, NG_IDENTITY, World, indicator, object_id

from app.clock import timestamp
from app.errors import NotFound
from app.sharing import read
from app.sharing.read import Answer
from app.store.contract import Page
from app.taxii.cursor import decode
from app.taxii.query import Endpoint, ObjectQuery

ALLIANCE, OPERATION = "members/alliance", "operations/afjoc"
NG, KE, EDITOR = "ng-cert/misp", "ke-cert/misp", "secretariat/editor"
TERMS = handling(NG_IDENTITY, releasable_to=["jur:NG"])
SHOWN = [indicator() for _ in range(5)]


async def world_with(*, hidden: bool) -> World:
    """Five objects that Kenya sees; before, between and behind them, if wanted, such as Nigeria keeps for itself."""
    world, clock = await hand_world()
    await keep(world, NG, ALLIANCE, TERMS)
    for each in SHOWN:
        if hidden:
            await keep(world, NG, ALLIANCE, *(indicator(object_marking_refs=[AMBER, TERMS["id"]]) for _ in range(3)))
        clock.go(seconds=1)
        await keep(world, NG, ALLIANCE, each)
    if hidden:
        await keep(world, NG, ALLIANCE, indicator(object_marking_refs=[AMBER, TERMS["id"]]))
    return world


async def ask(world: World, client: str = KE, **query: Any) -> Answer:
    return await read.read(world.exchange, client, at(ALLIANCE), ObjectQuery(**query), Endpoint.OBJECTS)


async def pages(limit: int, *, hidden: bool) -> list[Answer]:
    """All that Kenya is shown, page by page."""
    world = await world_with(hidden=hidden)
    found = [await ask(world, limit=limit)]
    while (following := found[-1].next) is not None:
        found.append(await ask(world, limit=limit, next=decode(following)))
    return found


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 100])
async def test_pages_are_full_to_the_end_whatever_is_hidden(limit: int) -> None:
    """Case 26: `more` and the sizes of pages are those of a world in which nothing else was written."""
    whole, plain = await pages(limit, hidden=True), await pages(limit, hidden=False)
    assert [(len(each.page.entries), each.page.more) for each in whole] == [(len(each.page.entries), each.page.more) for each in plain]
    assert all(each.page.more is (each.next is not None) for each in whole)
    assert [name_of(entry)[0] for page in whole for entry in page.page.entries] == [each["id"] for each in SHOWN]


async def test_a_cursor_stands_at_the_last_row_that_was_shown() -> None:
    """Case 27: a date that the client was shown, and its own filters; no number that counts hidden rows."""
    answer = await ask(await world_with(hidden=True), limit=2, types=frozenset({"indicator"}))
    assert answer.next is not None
    cursor = decode(answer.next)
    assert cursor.position == answer.page.entries[-1].date_added
    assert (cursor.types, cursor.ids, cursor.object_id) == (frozenset({"indicator"}), None, None)


async def test_a_cursor_gives_no_right() -> None:
    """Case 27: whoever sends it is shown what he may see, now."""
    world = await world_with(hidden=True)
    nigerias = await ask(world, NG, limit=2)
    assert nigerias.next is not None
    rest = await ask(world, next=decode(nigerias.next))
    assert [name_of(entry)[0] for entry in rest.page.entries] == [each["id"] for each in SHOWN]
    await alter_organisation(world, "ng-cert", withhold_from=frozenset({"jur:KE"}))
    assert (await ask(world, next=decode(nigerias.next))).page.entries == ()
    await alter_organisation(world, "ke-cert", active=False)
    with pytest.raises(NotFound):
        await ask(world, next=decode(nigerias.next))


@pytest.mark.parametrize("limit", [1, 3, 5])
async def test_dates_are_those_of_the_rows_that_are_shown(limit: int) -> None:
    """Case 28: what came before, behind or in between has no say."""
    for page in await pages(limit, hidden=True):
        assert (page.first, page.last) == (timestamp(page.page.entries[0].date_added), timestamp(page.page.entries[-1].date_added))


async def test_a_page_of_hidden_rows_alone_is_an_empty_one() -> None:
    """Cases 26 and 28: it tells neither that there are any nor when they came."""
    world, _ = await hand_world()
    empty = await ask(world)
    await keep(world, NG, ALLIANCE, TERMS, indicator(object_marking_refs=[AMBER, TERMS["id"]]))
    assert await ask(world) == empty
    assert (empty.page, empty.next, empty.first, empty.last) == (Page(), None, None, None)


@pytest.mark.parametrize("path", [OPERATION, "operations/nothing", "nothing/nothing"])
async def test_a_collection_that_one_may_not_know_of_is_not_there(path: str) -> None:
    """Case 25: one text for all."""
    world, _ = await hand_world()
    await keep(world, NG, OPERATION, indicator())
    with pytest.raises(NotFound) as refused:
        await read.read(world.exchange, EDITOR, at(path), ObjectQuery(), Endpoint.OBJECTS)
    assert str(refused.value) == "there is nothing under this address"


async def test_an_object_that_is_hidden_is_not_there() -> None:
    """Case 25, and that one may read in the collection makes no difference."""
    world, _ = await hand_world()
    hidden = indicator(object_marking_refs=[AMBER, TERMS["id"]])
    await keep(world, NG, ALLIANCE, TERMS, hidden)
    refusals: list[str] = []
    for identifier in (hidden["id"], object_id("indicator"), "no id"):
        for endpoint in (Endpoint.OBJECT, Endpoint.VERSIONS):
            with pytest.raises(NotFound) as refused:
                await read.read(world.exchange, KE, at(ALLIANCE), ObjectQuery(), endpoint, identifier)
            refusals.append(str(refused.value))
    assert len(set(refusals)) == 1
    await alter_collection(world, ALLIANCE, readers=["org:ng-cert"])
    with pytest.raises(NotFound):
        await ask(world, EDITOR)
