"""What a curator is shown before he decides: terms, notes, and what is known already (access-policy: review)."""

from typing import Any

from deeds import hand_world, handling, keep, later, only
from worlds import GREEN, World, indicator

from app.sharing import curate, reject, review
from app.sharing.review import Waiting

PARTNER, CURATOR, KE = "vendor/push", "secretariat/curator", "ke-cert/misp"
INTAKE, ALLIANCE = "intake/vendor", "members/alliance"


async def waiting(world: World) -> list[Waiting]:
    return await review.review(world.exchange, CURATOR, INTAKE)


async def shown(world: World, **properties: Any) -> Waiting:
    """An indicator of the partner as the curator sees it."""
    sent = indicator(**properties)
    await keep(world, PARTNER, INTAKE, sent)
    return only([each for each in await waiting(world) if each.object_id == sent["id"]])


async def test_nothing_remarkable_has_no_notes() -> None:
    world, _ = await hand_world()
    each = await shown(world, object_marking_refs=[GREEN])
    assert (each.tlp, each.terms, each.notes, each.known) == ("green", (), (), ())


async def test_a_default_level_is_noted() -> None:
    world, _ = await hand_world()
    assert (await shown(world, object_marking_refs=None)).notes == (
        "carries no TLP: the level is the default of its sender or of the intake",
    )


async def test_what_is_over_and_what_is_custom_is_noted() -> None:
    world, _ = await hand_world()
    over = "2020-01-02T00:00:00Z"
    each = await shown(
        world, object_marking_refs=[GREEN], valid_from="2020-01-01T00:00:00Z", valid_until=over, x_a=1, x_b=2, x_c=3, x_d=4, revoked=True
    )
    assert each.notes == (
        "is revoked",
        f"is valid until {over} only, which is over",
        "has custom parts: the property `x_a`, the property `x_b`, the property `x_c` and 1 more",
    )


async def test_references_to_nothing_are_noted_and_others_are_not() -> None:
    world, _ = await hand_world()
    target, elsewhere = indicator(object_marking_refs=[GREEN]), indicator(object_marking_refs=[GREEN])
    await keep(world, KE, ALLIANCE, elsewhere)
    await keep(world, PARTNER, INTAKE, target)
    missing = "malware--00000000-0000-4000-8000-000000000001"
    note = {
        "type": "note",
        "spec_version": "2.1",
        "id": "note--00000000-0000-4000-8000-000000000001",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "content": "about three things",
        "object_refs": [target["id"], elsewhere["id"], missing],
        "object_marking_refs": [GREEN],
    }
    await keep(world, PARTNER, INTAKE, note)
    told = only([each for each in await waiting(world) if each.object_id == note["id"]])
    assert told.notes == (f"refers to what is not known: {missing}",)


async def test_earlier_releases_and_others_copies_are_known() -> None:
    world, _ = await hand_world()
    first = indicator(object_marking_refs=[GREEN])
    await keep(world, PARTNER, INTAKE, first)
    assert only(await curate.release(world.exchange, CURATOR, INTAKE, [first["id"]], ALLIANCE)).ok
    again = later(first, 1)
    await keep(world, PARTNER, INTAKE, again)
    assert only(await waiting(world)).known == (f"{ALLIANCE} has version {first['modified']}, released from here",)
    other = indicator(object_marking_refs=[GREEN])
    await keep(world, KE, ALLIANCE, other)
    await keep(world, PARTNER, INTAKE, other)
    told = only([each for each in await waiting(world) if each.object_id == other["id"]])
    assert told.known == (f"{ALLIANCE} has version {other['modified']}, from {(await name(world, 'ke-cert'))}",)


async def name(world: World, organisation: str) -> str:
    return (await world.exchange.force.now()).alliance.organisations[organisation].name


async def test_what_the_curator_does_not_read_is_not_known() -> None:
    """Promise 1: review is no way around the label of what stands at the destination."""
    world, _ = await hand_world()
    terms = handling(releasable_to=["jur:KE"])
    hidden = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, KE, ALLIANCE, terms, hidden)
    await keep(world, PARTNER, INTAKE, hidden | {"object_marking_refs": [GREEN]})
    assert only(await waiting(world)).known == ()


async def test_an_earlier_rejection_is_known() -> None:
    world, _ = await hand_world()
    first = indicator(object_marking_refs=[GREEN])
    await keep(world, PARTNER, INTAKE, first)
    await reject.reject(world.exchange, CURATOR, INTAKE, [first["id"]], "too old")
    await keep(world, PARTNER, INTAKE, later(first, 1))
    assert only(await waiting(world)).known == ("another version was rejected: too old",)
