"""Intake, review and release (DESIGN 6, access-policy: intake rows, review / release)."""

import pytest
from deeds import all_versions, contents, delete, hand_world, handling, ids, keep, later, only, put
from worlds import AMBER, GREEN, RED, STRICT, World, identity, indicator, observable, relationship

from app.errors import Denied, NotFound
from app.sharing import administer, curate
from app.sharing.explain import explain

INTAKE, ALLIANCE = "intake/vendor", "members/alliance"
PARTNER, CURATOR, KE = "vendor/push", "secretariat/curator", "ke-cert/misp"


async def _release(world: World, *object_ids: str) -> list[curate.Released]:
    return await curate.release(world.exchange, CURATOR, INTAKE, object_ids, None)


async def test_what_a_partner_pushes_waits_and_he_reads_his_own() -> None:
    world, _ = await hand_world()
    pushed = indicator(object_marking_refs=[RED, *[]], name="Loader")
    terms = handling(recipients=["identity--d4f1c9de-0c4e-4e4b-8f43-1f2a3b4c5d6e"])
    pushed["object_marking_refs"].append(terms["id"])
    await keep(world, PARTNER, INTAKE, terms, pushed)
    assert pushed["id"] in await ids(world, PARTNER, INTAKE)
    for client in (CURATOR, KE):
        with pytest.raises(NotFound):
            await ids(world, client, INTAKE)


async def test_a_curator_sees_what_waits() -> None:
    world, _ = await hand_world()
    pushed = indicator(name="Loader")
    await keep(world, PARTNER, INTAKE, pushed)
    waiting = only(await curate.review(world.exchange, CURATOR, INTAKE))
    assert (waiting.object_id, waiting.type, waiting.name, waiting.tlp) == (pushed["id"], "indicator", "Loader", "green")
    assert waiting.submitter == "vendor"
    for client in (PARTNER, KE, "secretariat/editor"):
        with pytest.raises(NotFound):
            await curate.review(world.exchange, client, INTAKE)


async def test_release_copies_the_bytes_and_keeps_the_originator() -> None:
    world, _ = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    assert only(await _release(world, pushed["id"])).ok
    assert only(await contents(world, KE, ALLIANCE)) == pushed
    assert await curate.review(world.exchange, CURATOR, INTAKE) == []
    assert await ids(world, PARTNER, INTAKE) == [pushed["id"]]
    assert "before" in only(await _release(world, pushed["id"])).message


async def test_the_default_level_of_the_intake_comes_along() -> None:
    """The label stored in the intake, defaults included, never looser: unmarked is AMBER there and GREEN in the destination."""
    world, _ = await hand_world()
    pushed = indicator(object_marking_refs=None)
    await keep(world, PARTNER, INTAKE, pushed)
    await _release(world, pushed["id"])
    explained = [each["id"] for each in await contents(world, KE, ALLIANCE)]
    assert explained == [pushed["id"]]
    assert only((await explain(world.exchange, KE, ALLIANCE)).reasons).tlp == "amber"


async def test_definitions_and_the_creator_come_along() -> None:
    world, _ = await hand_world()
    creator = identity(object_marking_refs=None)
    statement = {
        "type": "marking-definition", "spec_version": "2.1", "id": handling()["id"], "created": "2026-01-01T00:00:00.000Z",
        "definition_type": "statement", "definition": {"statement": "Copyright Vendor"},
    }  # fmt: skip
    pushed = indicator(created_by_ref=creator["id"], object_marking_refs=[GREEN, statement["id"]])
    await keep(world, PARTNER, INTAKE, creator, statement, pushed)
    await _release(world, pushed["id"])
    assert {creator["id"], statement["id"], pushed["id"]} == set(await ids(world, KE, ALLIANCE))


async def test_unknown_and_invisible_objects_are_not_released() -> None:
    world, _ = await hand_world()
    pushed = indicator(object_marking_refs=[RED])
    terms = handling(releasable_to=["jur:KE"])
    closed = indicator(object_marking_refs=[AMBER, terms["id"]])
    await put(world, PARTNER, INTAKE, pushed)
    await keep(world, PARTNER, INTAKE, terms, closed)
    unknown = indicator()
    results = await _release(world, unknown["id"], closed["id"])
    assert [result.ok for result in results] == [False, False]
    assert results[0].message == results[1].message


async def test_a_release_names_a_destination_of_the_intake() -> None:
    world, _ = await hand_world()
    with pytest.raises(Denied, match="members/alliance"):
        await curate.release(world.exchange, CURATOR, INTAKE, [indicator()["id"]], "exchange/knowledge")


async def test_a_stricter_version_in_the_intake_closes_the_copy_at_once() -> None:
    world, _ = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    await _release(world, pushed["id"])
    terms = handling(releasable_to=["jur:NG"])
    await keep(world, PARTNER, INTAKE, terms, later(pushed, 2, object_marking_refs=[STRICT, terms["id"]]))
    assert await ids(world, KE, ALLIANCE) == []
    assert await ids(world, "ng-cert/misp", ALLIANCE) == [pushed["id"]]


async def test_a_newer_version_waits_unless_it_only_revokes() -> None:
    world, _ = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    await _release(world, pushed["id"])
    await keep(world, PARTNER, INTAKE, later(pushed, 2, name="changed"))
    assert only(await contents(world, KE, ALLIANCE)) == pushed
    revoked = later(pushed, 3, revoked=True)
    await keep(world, PARTNER, INTAKE, revoked)
    assert only(await contents(world, KE, ALLIANCE)) == revoked
    assert len(await all_versions(world, KE, ALLIANCE)) == 2


async def test_a_revocation_that_changes_more_waits() -> None:
    world, _ = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    await _release(world, pushed["id"])
    await keep(world, PARTNER, INTAKE, later(pushed, 3, revoked=True, name="changed"))
    assert only(await contents(world, KE, ALLIANCE)) == pushed


async def test_the_partners_delete_takes_the_copies_with_it() -> None:
    world, _ = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    await _release(world, pushed["id"])
    await delete(world, PARTNER, INTAKE, pushed["id"])
    assert await ids(world, KE, ALLIANCE) == []


async def test_a_released_observable_takes_its_version_from_the_destination() -> None:
    world, clock = await hand_world()
    address = observable()
    await keep(world, PARTNER, INTAKE, address)
    clock.go(hours=1)
    await _release(world, address["id"])
    (_, there), (_, here) = only(await all_versions(world, KE, ALLIANCE)), only(await all_versions(world, PARTNER, INTAKE))
    assert there > here


async def test_what_is_above_the_ceiling_stays() -> None:
    world, _ = await hand_world()
    alliance = (await world.exchange.force.now()).alliance
    changed = tuple(each.model_copy(update={"ceiling": "green"}) if each.path == ALLIANCE else each for each in alliance.collections)
    await administer.adopt(world.exchange, alliance.model_copy(update={"collections": changed}))
    pushed = indicator(object_marking_refs=[AMBER])
    await keep(world, PARTNER, INTAKE, pushed)
    assert "ceiling" in only(await _release(world, pushed["id"])).message


async def test_references_of_a_release_are_those_of_the_partner() -> None:
    world, _ = await hand_world()
    one, other = indicator(), indicator()
    link = relationship(one["id"], other["id"])
    await keep(world, PARTNER, INTAKE, one, other, link)
    results = await _release(world, one["id"], other["id"], link["id"])
    assert all(result.ok for result in results)
    assert await ids(world, KE, ALLIANCE) == [one["id"], other["id"], link["id"]]
