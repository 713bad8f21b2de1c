"""Findings, to be moved."""

import asyncio
import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from deeds import START, all_versions, at, contents, delete, hand_world, handling, ids, keep, later, only, put, refuse, rows
from worlds import AMBER, CLEAR, GREEN, NG_IDENTITY, RED, STRICT, World, collection_id, identity, indicator, observable, object_id, relationship

from app.access.actions import Action
from app.access.decision import Question
from app.errors import Denied, NotFound
from app.sharing import turns as turns_of_work
from app.sharing import add, administer, curate, read
from app.sharing.exchange import Address, Limits
from app.sharing.explain import explain
from app.sharing.status import status
from app.stix.markings import HANDLING_EXTENSION, TLP_2_EXTENSION
from app.taxii.query import EVERY, LATEST, Endpoint, ObjectQuery, Versions

NATIONAL, ALLIANCE, INTAKE = "members/ng-indicators", "members/alliance", "intake/vendor"
NG, DESK, FEED, KE, EDITOR = "ng-cert/misp", "ng-cert/desk", "ng-cert/feed", "ke-cert/misp", "secretariat/editor"
PARTNER, CURATOR = "vendor/push", "secretariat/curator"


async def _collection(world: World, path: str, **changes: Any) -> None:
    alliance = (await world.exchange.force.now()).alliance
    changed = tuple(each.model_validate({**each.model_dump(), **changes}) if each.path == path else each for each in alliance.collections)
    await administer.adopt(world.exchange, alliance.model_copy(update={"collections": changed}))


async def _organisation(world: World, organisation: str, **changes: object) -> None:
    alliance = (await world.exchange.force.now()).alliance
    changed = alliance.organisations[organisation].model_copy(update=changes)
    await administer.adopt(world.exchange, alliance.model_copy(update={"organisations": {**alliance.organisations, organisation: changed}}))


async def _client(world: World, organisation: str, client: str, **changes: object) -> None:
    clients = (await world.exchange.force.now()).alliance.organisations[organisation].clients
    await _organisation(world, organisation, clients={**clients, client: clients[client].model_copy(update=changes)})


async def _release(world: World, *object_ids: str) -> list[curate.Released]:
    return await curate.release(world.exchange, CURATOR, INTAKE, object_ids, None)


async def test_f01_an_envelope_is_read_again_under_new_rules() -> None:
    """DESIGN 3: if the epoch moved, the write is judged again."""
    world, _ = await hand_world()
    custom = [indicator(x_acme_score=1) for _ in range(60)]
    status_, _ = await asyncio.gather(put(world, NG, NATIONAL, *custom), _collection(world, NATIONAL, custom="refuse"))
    assert status_.success_count == 0


GREEN_DEFINITION = {
    "type": "marking-definition", "spec_version": "2.1", "id": GREEN, "created": "2022-10-01T00:00:00.000Z",
    "extensions": {TLP_2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "green"}},
}  # fmt: skip


async def test_f02_a_wrong_copy_of_a_tlp_marking_is_refused_alone() -> None:
    """Case 7."""
    world, _ = await hand_world()
    wrong = {**GREEN_DEFINITION, "created_by_ref": NG_IDENTITY}
    marked = indicator(object_marking_refs=[GREEN_DEFINITION["id"]])
    posted = await put(world, NG, NATIONAL, wrong, marked)
    assert [each.id for each in posted.failures or ()] == [wrong["id"]]
    assert await ids(world, KE, NATIONAL) == [marked["id"]]


async def test_f03_true_copies_of_a_tlp_marking_may_be_spelled_differently() -> None:
    """Case 7."""
    world, _ = await hand_world()
    await keep(world, NG, ALLIANCE, GREEN_DEFINITION)
    named = {**GREEN_DEFINITION, "name": "TLP:GREEN"}
    await keep(world, KE, ALLIANCE, named, indicator(object_marking_refs=[named["id"]]))
    assert next(each for each in await contents(world, KE, ALLIANCE) if each["id"] == named["id"]) == named


async def test_f04_a_tombstone_binds_the_same_version_posted_again() -> None:
    """DESIGN 6: effective(v) joins versions with value >= v's, tombstones included."""
    world, _ = await hand_world()
    unmarked = indicator(object_marking_refs=None)
    await _client(world, "ng-cert", "misp", unmarked="amber+strict")
    await keep(world, NG, NATIONAL, unmarked)
    await delete(world, NG, NATIONAL, unmarked["id"])
    await _client(world, "ng-cert", "misp", unmarked=None)
    for _ in range(2):
        await keep(world, NG, NATIONAL, unmarked)
        assert await ids(world, FEED, NATIONAL) == []


async def test_f05_deleting_first_does_not_spare_the_releaser() -> None:
    world, _ = await hand_world()
    old = indicator(object_marking_refs=[STRICT])
    await keep(world, KE, ALLIANCE, old)
    await delete(world, KE, ALLIANCE, old["id"])
    assert "releaser" in await refuse(world, KE, ALLIANCE, later(old, 2, object_marking_refs=[GREEN]))


async def test_f06_a_relayed_copy_is_not_loosened_at_its_old_position() -> None:
    world, _ = await hand_world()
    terms = handling(NG_IDENTITY, releasable_to=["jur:NG"])
    owned = indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, ALLIANCE, terms, owned)
    await keep(world, KE, ALLIANCE, later(owned, 2, object_marking_refs=[GREEN]))
    assert await ids(world, EDITOR, ALLIANCE) == []
    await keep(world, NG, ALLIANCE, later(owned, 3, object_marking_refs=[GREEN]))
    await delete(world, NG, ALLIANCE, owned["id"], LATEST)
    assert await ids(world, EDITOR, ALLIANCE) == []


async def test_f07_a_status_is_closed_to_who_may_do_nothing() -> None:
    """Case 34."""
    world, _ = await hand_world()
    posted = await keep(world, NG, NATIONAL, indicator())
    assert await status(world.exchange, NG, "members", posted.id)
    await _organisation(world, "ng-cert", active=False)
    with pytest.raises(NotFound):
        await status(world.exchange, NG, "members", posted.id)


async def test_f08_what_the_originator_deletes_its_relays_lose_too() -> None:
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    await keep(world, NG, ALLIANCE, owned)
    await delete(world, NG, ALLIANCE, owned["id"])
    assert await ids(world, EDITOR, ALLIANCE) == []


async def test_f09_a_relayer_deletes_its_copy_whatever_else_binds_it() -> None:
    world, _ = await hand_world()
    terms = handling(NG_IDENTITY, releasable_to=["jur:NG", "jur:KE"])
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    await keep(world, NG, ALLIANCE, terms, later(owned, 2, object_marking_refs=[AMBER]), later(owned, 3, object_marking_refs=[AMBER, terms["id"]]))
    assert owned["id"] in await ids(world, KE, ALLIANCE)
    await delete(world, KE, ALLIANCE, owned["id"])
    assert owned["id"] not in await ids(world, KE, ALLIANCE)


STATEMENT = {
    "type": "marking-definition", "spec_version": "2.1", "id": object_id("marking-definition"), "created": "2026-01-01T00:00:00.000Z",
    "definition_type": "statement", "definition": {"statement": "Copyright"},
}  # fmt: skip


async def test_f10_what_is_marked_by_a_definition_beyond_the_label_budget_is_refused() -> None:
    world, _ = await hand_world(Limits(labels_a_day=1))
    await keep(world, NG, NATIONAL, indicator())
    posted = await put(world, NG, NATIONAL, STATEMENT, indicator(object_marking_refs=[GREEN, STATEMENT["id"]]))
    assert posted.failure_count == 2


async def test_f11_tightening_an_observable_in_the_intake_closes_its_copy() -> None:
    world, clock = await hand_world()
    address = observable(object_marking_refs=None)
    await keep(world, PARTNER, INTAKE, address)
    clock.go(hours=1)
    await _release(world, address["id"])
    await _collection(world, INTAKE, unmarked="amber+strict")
    await keep(world, PARTNER, INTAKE, address)
    assert only((await explain(world.exchange, KE, ALLIANCE, address["id"])).reasons).tlp == "amber+strict"


async def test_f12_a_revocation_that_follows_is_pinned() -> None:
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


async def test_f13_a_released_copy_is_its_registered_originators() -> None:
    world, _ = await hand_world()
    await _organisation(world, "vendor", identities=frozenset({VENDOR_IDENTITY}))
    pushed = indicator(created_by_ref=VENDOR_IDENTITY)
    await keep(world, KE, ALLIANCE, {**pushed, "name": "relayed"})
    await keep(world, PARTNER, INTAKE, pushed)
    await _release(world, pushed["id"])
    assert only(await contents(world, EDITOR, ALLIANCE)) == pushed


@pytest.mark.parametrize(
    ("changes", "reason"), [({"state": "closing"}, "open"), ({"custom": "refuse"}, "custom"), ({"ceiling": "clear", "unmarked": "clear"}, "ceiling")]
)
async def test_f14_what_the_destination_does_not_take_stays(changes: dict[str, Any], reason: str) -> None:
    world, _ = await hand_world()
    pushed = indicator(x_acme_score=3)
    await keep(world, PARTNER, INTAKE, pushed)
    await _collection(world, ALLIANCE, **changes)
    released = only(await _release(world, pushed["id"]))
    assert not released.ok
    assert reason in released.message


async def test_f15_negative_lists_are_not_released_where_the_owner_takes_none() -> None:
    world, _ = await hand_world()
    await _collection(world, INTAKE, negative_lists=True)
    terms = handling(not_releasable_to=["jur:KE"])
    pushed = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, PARTNER, INTAKE, terms, pushed)
    assert not only(await _release(world, pushed["id"])).ok


async def test_f16_one_version_is_never_released_with_two_contents() -> None:
    world, _ = await hand_world()
    alliance = (await world.exchange.force.now()).alliance
    intake = next(each for each in alliance.collections if each.path == INTAKE)
    second = intake.model_copy(update={"name": "second", "id": collection_id("intake/second"), "title": "second"})
    await administer.adopt(world.exchange, alliance.model_copy(update={"collections": (*alliance.collections, second)}))
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    await keep(world, PARTNER, "intake/second", {**pushed, "name": "other"})
    await _release(world, pushed["id"])
    released = only(await curate.release(world.exchange, CURATOR, "intake/second", [pushed["id"]], None))
    assert not released.ok
    assert len(await all_versions(world, KE, ALLIANCE)) == 1


async def test_f17_a_newer_version_that_the_curator_may_not_see_closes_and_hides_nothing() -> None:
    world, _ = await hand_world()
    pushed, terms = indicator(), handling(releasable_to=["jur:NG"])
    await keep(world, PARTNER, INTAKE, pushed)
    await keep(world, PARTNER, INTAKE, terms, later(pushed, 2, object_marking_refs=[GREEN, terms["id"]]))
    assert [each.version for each in await curate.review(world.exchange, CURATOR, INTAKE)] == [pushed["modified"]]
    assert only(await _release(world, pushed["id"])).ok
    assert await ids(world, KE, ALLIANCE) == []
    assert await all_versions(world, NG, ALLIANCE) == [(pushed["id"], pushed["modified"])]


async def test_f18_only_the_newest_version_waits() -> None:
    world, _ = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed, later(pushed, 2))
    assert [each.version for each in await curate.review(world.exchange, CURATOR, INTAKE)] == [later(pushed, 2)["modified"]]
    await _release(world, pushed["id"])
    assert await curate.review(world.exchange, CURATOR, INTAKE) == []


async def _offsets(hidden: bool) -> list[int]:
    world, _ = await hand_world()
    three = [indicator() for _ in range(3)]
    if hidden:
        terms = handling(NG_IDENTITY, releasable_to=["jur:NG"])
        await keep(world, NG, ALLIANCE, terms, {**three[1], "object_marking_refs": [GREEN, terms["id"]]})
    await keep(world, KE, ALLIANCE, *three)
    answer = await read.read(world.exchange, KE, at(ALLIANCE), ObjectQuery(), Endpoint.OBJECTS)
    return [entry.date_added - answer.entries[0].date_added for entry in answer.entries]


async def test_f19_dates_do_not_tell_what_else_stands_under_an_id() -> None:
    """Promise 1."""
    assert await _offsets(hidden=True) == await _offsets(hidden=False)


async def test_f21_others_have_their_turn_while_a_large_envelope_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN 7: slices of work yield, so that readers on the worker go on; here every object takes longer than a turn."""
    monkeypatch.setattr(turns_of_work, "monotonic", itertools.count().__next__)
    world, _ = await hand_world()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    objects = [indicator() for _ in range(100)]
    counting = asyncio.create_task(count())
    await keep(world, NG, NATIONAL, *objects)
    counting.cancel()
    assert turns >= 500, "read, assessed, placed, settled and committed in turns"


@pytest.mark.parametrize(
    "terms",
    [
        {"releaseable_to": ["jur:NG"]},
        {"onward": "whatever"},
        {"releasable_to": [f"org:member-{number}" for number in range(300)]},
    ],
)
async def test_f23_terms_that_nobody_understands_are_refused(terms: dict[str, Any]) -> None:
    world, _ = await hand_world()
    assert "handling marking" in await refuse(world, NG, NATIONAL, handling(**terms))


async def test_f24_the_writers_clearance_is_kept() -> None:
    world, _ = await hand_world()
    await keep(world, NG, NATIONAL, indicator())
    await keep(world, NG, NATIONAL, indicator())
    force = await world.exchange.force.now()
    question = Question(force.principal(NG), Action.READ, force.alliance.by_path["members", "ng-indicators"])
    kept = world.exchange.clearances.get(question, force.epoch, START)
    assert kept is not None
    assert kept.mark == 1


async def test_f25_a_definition_of_the_envelope_goes_before_anothers() -> None:
    world, _ = await hand_world()
    terms = handling(purposes=["research"], object_marking_refs=[GREEN])
    terms = handling(releasable_to=["jur:NG", "jur:KE"])
    await keep(world, NG, ALLIANCE, terms)
    await keep(world, KE, ALLIANCE, terms, indicator(object_marking_refs=[GREEN, terms["id"]]))


async def test_f26_only_the_originator_revokes() -> None:
    """access-policy 3.5: revoke is the originator's."""
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    assert "revoke" in await refuse(world, KE, ALLIANCE, later(owned, 2, revoked=True))
    assert only(await contents(world, EDITOR, ALLIANCE)) == owned


async def test_f27_a_duplicate_needs_no_new_label() -> None:
    """T-5.5-04."""
    world, _ = await hand_world(Limits(labels_a_day=1))
    unmarked, address = indicator(object_marking_refs=None), observable(object_marking_refs=None)
    await keep(world, NG, NATIONAL, unmarked, address)
    await _client(world, "ng-cert", "misp", unmarked="clear")
    await keep(world, NG, NATIONAL, unmarked, address)


async def test_f29_an_observable_that_changes_back_is_released_again() -> None:
    world, clock = await hand_world()
    address = observable()
    for content in (address, {**address, "x_seen": 1}, address):
        await keep(world, PARTNER, INTAKE, content)
        clock.go(hours=1)
        assert len(await curate.review(world.exchange, CURATOR, INTAKE)) == 1
        assert only(await _release(world, address["id"])).ok
        assert await curate.review(world.exchange, CURATOR, INTAKE) == []
        clock.go(hours=1)
    assert only(await contents(world, KE, ALLIANCE)) == address


@pytest.mark.parametrize("turned", [False, True])
async def test_f30_the_order_of_definitions_does_not_matter(turned: bool) -> None:
    world, _ = await hand_world()
    terms = handling(purposes=["research"])
    await keep(world, NG, NATIONAL, terms)
    changed = handling(purposes=["defence"]) | {"id": terms["id"]}
    marked = {**STATEMENT, "id": object_id("marking-definition"), "object_marking_refs": [terms["id"]]}
    posted = await put(world, NG, NATIONAL, *([marked, changed] if turned else [changed, marked]))
    assert posted.failure_count == 2


async def test_f06b_a_relayer_follows_what_the_originator_loosened() -> None:
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    await keep(world, NG, ALLIANCE, later(owned, 2, object_marking_refs=[STRICT]))
    await keep(world, NG, ALLIANCE, later(owned, 3, object_marking_refs=[GREEN]))
    await keep(world, KE, ALLIANCE, later(owned, 3, object_marking_refs=[GREEN]))


async def test_f31_an_embargoed_version_in_the_intake_tightens_nothing() -> None:
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


async def test_f34_only_labels_in_use_count_for_a_reload() -> None:
    world, _ = await hand_world()
    gone = indicator(object_marking_refs=[STRICT])
    await keep(world, NG, NATIONAL, gone)
    await delete(world, NG, NATIONAL, gone["id"])
    adopted = (await world.exchange.force.now()).alliance
    changed = adopted.organisations["ng-cert"].model_copy(update={"withhold_from": frozenset({"jur:KE"})})
    sight = await administer.compare(world.exchange, adopted.model_copy(update={"organisations": {**adopted.organisations, "ng-cert": changed}}))
    assert sight.losses == ()
