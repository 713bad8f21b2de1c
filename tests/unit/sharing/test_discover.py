"""What exists for whom (access-policy cases 25, 32)."""

import pytest
from deeds import alter_collection, at, contents, hand_world, handling, hire, ids, keep
from worlds import AMBER, alliance, indicator

from app.errors import NotFound, Unauthenticated
from app.sharing import discover
from app.sharing.explain import Inquiry, explain

OPERATION = "operations/afjoc"
NG, KE, PARTNER, EDITOR = "ng-cert/misp", "ke-cert/misp", "vendor/push", "secretariat/editor"


async def test_an_operation_is_known_to_those_who_take_part() -> None:
    """Case 32: neither its title nor its API root shows to others."""
    world, _ = await hand_world()
    for client in (NG, KE):
        assert [each.collection.title for each in await discover.collections(world.exchange, client, "operations")] == ["afjoc"]
    for client in (PARTNER, EDITOR, "xx-cert/misp"):
        assert "operations" not in [name for name, _ in await discover.roots(world.exchange, client)]
        with pytest.raises(NotFound):
            await discover.collections(world.exchange, client, "operations")
        with pytest.raises(NotFound):
            await discover.collection(world.exchange, client, at(OPERATION))
    with pytest.raises(Unauthenticated):
        await discover.collections(world.exchange, "", "operations")


async def test_who_else_takes_part_is_not_asked_for_by_a_stranger() -> None:
    """Case 32: whoever is asked about, one who takes no part gets one answer."""
    world, _ = await hand_world()
    shared = indicator(object_marking_refs=[AMBER])
    await keep(world, NG, OPERATION, shared)
    curator = await hire(world, "secretariat", "head", "reader", "contributor", "curator", "auditor", "admin")
    for who in ("ke-cert", "vendor", "za-cert"):
        with pytest.raises(NotFound):
            await explain(world.exchange, Inquiry(who, OPERATION, shared["id"]), curator)


async def test_a_group_is_named_to_readers_by_the_marking_alone() -> None:
    """Case 32: who reads the object reads the list, names of groups, and no names of their members."""
    world, _ = await hand_world()
    terms = handling(releasable_to=["group:certs"])
    await keep(world, NG, "members/alliance", terms, indicator(object_marking_refs=[AMBER, terms["id"]]))
    shown = str(await contents(world, KE, "members/alliance"))
    assert "group:certs" in shown
    assert not [name for name in alliance().groups["certs"].members if name in shown]
    assert await ids(world, EDITOR, "members/alliance") == []


async def test_what_a_client_may_do_is_told_and_not_who_else_may() -> None:
    """Decisions about this client, not the lists of the file."""
    world, _ = await hand_world()
    before = await discover.collection(world.exchange, KE, at("members/alliance"))
    await alter_collection(world, "members/alliance", readers=["org:ke-cert", "org:vendor"], writers=["org:ke-cert"])
    after = await discover.collection(world.exchange, KE, at("members/alliance"))
    assert (before.can_read, before.can_write) == (after.can_read, after.can_write) == (True, True)
