"""Intake, review and release (DESIGN 6, access-policy: intake rows, review / release)."""

from datetime import timedelta
from typing import Any

import pytest
from deeds import (
    START,
    all_versions,
    alter_collection,
    alter_organisation,
    contents,
    delete,
    hand_world,
    handling,
    ids,
    keep,
    later,
    level,
    only,
    put,
    refuse,
)
from worlds import AMBER, GREEN, RED, STRICT, World, collection_id, identity, indicator, observable, relationship

from app.errors import Denied, NotFound
from app.sharing import administer, curate, review
from app.sharing.survey import survey

INTAKE, ALLIANCE = "intake/vendor", "members/alliance"
PARTNER, CURATOR, KE, NG, EDITOR = "vendor/push", "secretariat/curator", "ke-cert/misp", "ng-cert/misp", "secretariat/editor"


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


async def test_case_40_who_wants_to_stay_unnamed_lets_the_secretariat_speak() -> None:
    """A release never strips the creator; what the secretariat publishes as its own object names nobody else."""
    world, _ = await hand_world()
    author = identity(name="Vendor's laboratory")
    pushed = indicator(created_by_ref=author["id"])
    await keep(world, PARTNER, INTAKE, author, pushed)
    await _release(world, pushed["id"])
    assert next(each for each in await contents(world, KE, ALLIANCE) if each["id"] == pushed["id"]) == pushed
    await delete(world, PARTNER, INTAKE, pushed["id"])
    await delete(world, PARTNER, INTAKE, author["id"])
    product = indicator(pattern=pushed["pattern"])
    await alter_collection(world, ALLIANCE, writers=["group:members", "group:secretariat"])
    await keep(world, EDITOR, ALLIANCE, product)
    assert await contents(world, KE, ALLIANCE) == [product]
    assert not [name for name in ("vendor", "Vendor", author["id"], pushed["id"]) if name in str(await contents(world, KE, ALLIANCE))]


async def test_a_curator_sees_what_waits() -> None:
    world, _ = await hand_world()
    pushed = indicator(name="Loader")
    await keep(world, PARTNER, INTAKE, pushed)
    waiting = only(await review.review(world.exchange, CURATOR, INTAKE))
    assert (waiting.object_id, waiting.type, waiting.name, waiting.tlp) == (pushed["id"], "indicator", "Loader", "green")
    assert waiting.submitter == "vendor"
    for client in (PARTNER, KE, "secretariat/editor"):
        with pytest.raises(NotFound):
            await review.review(world.exchange, client, INTAKE)


async def test_release_copies_the_bytes_and_keeps_the_originator() -> None:
    world, _ = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    assert only(await _release(world, pushed["id"])).ok
    assert only(await contents(world, KE, ALLIANCE)) == pushed
    assert await review.review(world.exchange, CURATOR, INTAKE) == []
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
    assert only((await survey(world.exchange, KE, ALLIANCE)).reasons).tlp == "amber"


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


async def test_tightening_an_observable_in_the_intake_closes_its_copy() -> None:
    """The copy has a version value of its own; what binds it is told by content."""
    world, clock = await hand_world()
    address = observable(object_marking_refs=None)
    await keep(world, PARTNER, INTAKE, address)
    clock.go(hours=1)
    await _release(world, address["id"])
    await alter_collection(world, INTAKE, unmarked="amber+strict")
    await keep(world, PARTNER, INTAKE, address)
    assert await level(world, ALLIANCE, address["id"]) == "amber+strict"


async def test_a_revocation_that_follows_is_pinned() -> None:
    """DESIGN 6: pins are stored from the first write on, also where no curator acted."""
    world, _ = await hand_world()
    one, other = indicator(), indicator()
    link = relationship(one["id"], other["id"])
    await keep(world, PARTNER, INTAKE, one, other, link)
    await _release(world, one["id"], other["id"], link["id"])
    await keep(world, PARTNER, INTAKE, later(link, 2, revoked=True))
    kept = world.exchange.store._state.collections[str(collection_id(ALLIANCE))]
    newest = [row.row for row in kept.rows.values() if row.object_id == link["id"]]
    assert [len(kept.pins[row]) for row in newest] == [2, 2]


VENDOR_IDENTITY = "identity--b2a0d4b2-3d0c-4f3e-8f51-5a7b6c8d9e0f"


async def test_a_released_copy_is_its_registered_originators() -> None:
    """It goes before what others relayed earlier."""
    world, _ = await hand_world()
    await alter_organisation(world, "vendor", identities=frozenset({VENDOR_IDENTITY}))
    pushed = indicator(created_by_ref=VENDOR_IDENTITY)
    await keep(world, KE, ALLIANCE, {**pushed, "name": "relayed"})
    await keep(world, PARTNER, INTAKE, pushed)
    await _release(world, pushed["id"])
    assert only(await contents(world, EDITOR, ALLIANCE)) == pushed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"state": "closing"}, "open"), ({"custom": "refuse"}, "custom"), ({"ceiling": "clear", "unmarked": "clear"}, "ceiling")],
)
async def test_what_the_destination_does_not_take_stays(changes: dict[str, Any], reason: str) -> None:
    world, _ = await hand_world()
    pushed = indicator(x_acme_score=3)
    await keep(world, PARTNER, INTAKE, pushed)
    await alter_collection(world, ALLIANCE, **changes)
    released = only(await _release(world, pushed["id"]))
    assert not released.ok
    assert reason in released.message


async def test_negative_lists_are_not_released_where_the_owner_takes_none() -> None:
    world, _ = await hand_world()
    await alter_collection(world, INTAKE, negative_lists=True)
    terms = handling(not_releasable_to=["jur:KE"])
    pushed = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, PARTNER, INTAKE, terms, pushed)
    assert not only(await _release(world, pushed["id"])).ok


async def test_a_newer_version_that_the_curator_may_not_see_closes_and_hides_nothing() -> None:
    world, _ = await hand_world()
    pushed, terms = indicator(), handling(releasable_to=["jur:NG"])
    await keep(world, PARTNER, INTAKE, pushed)
    await keep(world, PARTNER, INTAKE, terms, later(pushed, 2, object_marking_refs=[GREEN, terms["id"]]))
    assert [each.version for each in await review.review(world.exchange, CURATOR, INTAKE)] == [pushed["modified"]]
    assert only(await _release(world, pushed["id"])).ok
    assert await ids(world, KE, ALLIANCE) == []
    assert await all_versions(world, NG, ALLIANCE) == [(pushed["id"], pushed["modified"])]


async def test_only_the_newest_version_waits() -> None:
    world, _ = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed, later(pushed, 2))
    assert [each.version for each in await review.review(world.exchange, CURATOR, INTAKE)] == [later(pushed, 2)["modified"]]
    await _release(world, pushed["id"])
    assert await review.review(world.exchange, CURATOR, INTAKE) == []


async def test_an_observable_that_changes_back_is_released_again() -> None:
    world, clock = await hand_world()
    address = observable()
    for content in (address, {**address, "x_seen": 1}, address):
        await keep(world, PARTNER, INTAKE, content)
        clock.go(hours=1)
        assert len(await review.review(world.exchange, CURATOR, INTAKE)) == 1
        assert only(await _release(world, address["id"])).ok
        assert await review.review(world.exchange, CURATOR, INTAKE) == []
        clock.go(hours=1)
    assert only(await contents(world, KE, ALLIANCE)) == address


async def test_an_embargoed_version_in_the_intake_tightens_nothing() -> None:
    """Case 21; case 23: time alone never opens."""
    world, clock = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    await _release(world, pushed["id"])
    terms = handling(embargo_until=(START + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    await keep(world, PARTNER, INTAKE, terms, later(pushed, 2, object_marking_refs=[GREEN, terms["id"]]))
    for hours in (0, 4):
        clock.go(hours=hours)
        assert await ids(world, KE, ALLIANCE) == [pushed["id"]]


async def _second_intake(world: World, **changes: Any) -> str:
    """A further intake of the vendor, reviewed by Kenya, which releases where the first one does."""
    alliance = (await world.exchange.force.now()).alliance
    first = next(each for each in alliance.collections if each.path == INTAKE)
    other = first.model_copy(
        update={"id": collection_id("intake/second"), "name": "second", "title": "Second", "owner": "ke-cert", **changes}
    )
    await administer.adopt(world.exchange, alliance.model_copy(update={"collections": (*alliance.collections, other)}))
    return other.path


async def test_two_contents_never_meet_under_one_version() -> None:
    """Promise 1: the submitter is told when he sends the second one, so no curator has to be told of another intake."""
    world, _ = await hand_world()
    second = await _second_intake(world)
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    assert "raise `modified`" in await refuse(world, PARTNER, second, {**pushed, "name": "another"})
    await keep(world, PARTNER, second, pushed, later(pushed, 2, name="another"))
    await delete(world, PARTNER, INTAKE, pushed["id"])
    assert "raise `modified`" in await refuse(world, PARTNER, second, {**pushed, "name": "another"})


async def test_a_definition_is_told_the_remedy_of_definitions() -> None:
    world, _ = await hand_world()
    second = await _second_intake(world)
    terms = handling(releasable_to=["jur:KE"])
    await keep(world, PARTNER, INTAKE, terms)
    assert "new id" in await refuse(world, PARTNER, second, {**terms, "name": "changed"})


async def test_contents_that_cannot_meet_may_differ() -> None:
    world, _ = await hand_world()
    second = await _second_intake(world, release_to=("exchange/knowledge",))
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    await keep(world, PARTNER, second, {**pushed, "name": "another"})


async def test_what_a_writer_of_both_sent_into_the_destination_counts_too() -> None:
    world, _ = await hand_world()
    await alter_collection(world, INTAKE, writers=["org:vendor", "org:ke-cert"])
    shared = indicator()
    await keep(world, KE, ALLIANCE, shared)
    await keep(world, NG, ALLIANCE, {**shared, "name": "another's"})
    assert "raise `modified`" in await refuse(world, KE, INTAKE, {**shared, "name": "another"})
    await keep(world, KE, INTAKE, shared)


async def test_versions_that_met_before_the_collections_were_joined_stay_apart() -> None:
    world, _ = await hand_world()
    second = await _second_intake(world, release_to=("exchange/knowledge",))
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    await keep(world, PARTNER, second, {**pushed, "name": "another"})
    await alter_collection(world, second, release_to=[ALLIANCE], owner="secretariat")
    assert only(await _release(world, pushed["id"])).ok
    results = await curate.release(world.exchange, CURATOR, second, [pushed["id"]], None)
    assert "newer `modified`" in only(results).message
    assert only(await contents(world, KE, ALLIANCE)) == pushed
