"""Handling as it acts on reads and writes: terms, defaults, time, the alliance's files (access-policy cases 7-13, 16-19, 24, 31, 33, 34, 38)."""

import asyncio
import itertools
from datetime import date, timedelta

import pytest
from deeds import (
    START,
    alter_client,
    alter_collection,
    alter_organisation,
    contents,
    hand_world,
    handling,
    hire,
    ids,
    keep,
    later,
    level,
    only,
    put,
    refuse,
    rows,
)
from worlds import AMBER, CLEAR, GREEN, NG_IDENTITY, RED, STRICT, World, identity, indicator, object_id, observable

from app.access.actions import Action
from app.access.decision import Question
from app.errors import NotFound, QuotaExceeded, Unauthenticated
from app.sharing import administer
from app.sharing import turns as turns_of_work
from app.sharing.exchange import Limits
from app.sharing.quota import Allowance, Quotas
from app.sharing.status import status
from app.sharing.survey import survey
from app.stix.objects import Limits as ObjectLimits
from app.taxii.query import EVERY

NATIONAL, ALLIANCE, EXCHANGE = "members/ng-indicators", "members/alliance", "exchange/knowledge"
NG, DESK, FEED, KE, PARTNER, EDITOR = "ng-cert/misp", "ng-cert/desk", "ng-cert/feed", "ke-cert/misp", "vendor/push", "secretariat/editor"


async def _change(world: World, organisation: str, **changes: object) -> None:
    alliance = (await world.exchange.force.now()).alliance
    changed = alliance.organisations[organisation].model_copy(update=changes)
    await administer.adopt(world.exchange, alliance.model_copy(update={"organisations": {**alliance.organisations, organisation: changed}}))


async def test_release_lists_name_who_reads() -> None:
    world, _ = await hand_world()
    terms = handling(releasable_to=["jur:KE"])
    listed = indicator(object_marking_refs=[AMBER, terms["id"]])
    await keep(world, NG, ALLIANCE, terms, listed)
    assert set(await ids(world, KE, ALLIANCE)) == {terms["id"], listed["id"]}
    assert await ids(world, EDITOR, ALLIANCE) == []
    assert set(await ids(world, NG, ALLIANCE)) == {terms["id"], listed["id"]}


async def test_a_handling_marking_of_somebody_else_is_refused() -> None:
    """Case 13: otherwise anyone's list could be borrowed."""
    world, _ = await hand_world()
    terms = handling(releasable_to=["jur:KE", "jur:NG"])
    await keep(world, NG, ALLIANCE, terms)
    assert "neither" in await refuse(world, KE, ALLIANCE, indicator(object_marking_refs=[GREEN, terms["id"]]))


async def test_the_secretariats_handling_marking_counts_for_all() -> None:
    world, _ = await hand_world()
    terms = handling(purposes=["research"])
    await put(world, EDITOR, "members/bulletin", terms)
    own = handling(purposes=["research"])
    await keep(world, NG, ALLIANCE, own, indicator(object_marking_refs=[GREEN, own["id"]]))
    assert await ids(world, KE, ALLIANCE) == []


async def test_an_unknown_marking_is_refused_like_a_hidden_one() -> None:
    """Case 10: one text for unknown, hidden and somebody else's."""
    world, _ = await hand_world()
    terms = handling(releasable_to=["jur:NG"])
    await keep(world, NG, ALLIANCE, terms)
    hidden = await refuse(world, KE, ALLIANCE, indicator(object_marking_refs=[GREEN, terms["id"]]))
    other = handling()["id"]
    unknown = await refuse(world, KE, ALLIANCE, indicator(object_marking_refs=[GREEN, other]))
    assert hidden.replace(terms["id"], "") == unknown.replace(other, "")


async def test_negative_lists_only_where_the_owner_takes_them() -> None:
    """Case 31."""
    world, _ = await hand_world()
    terms = handling(not_releasable_to=["jur:KE"])
    assert "withhold_from" in await refuse(world, NG, ALLIANCE, terms)
    alliance = (await world.exchange.force.now()).alliance
    changed = tuple(each.model_copy(update={"negative_lists": True}) if each.path == ALLIANCE else each for each in alliance.collections)
    await administer.adopt(world.exchange, alliance.model_copy(update={"collections": changed}))
    excluded = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, ALLIANCE, terms, excluded)
    assert await ids(world, KE, ALLIANCE) == []
    assert excluded["id"] in await ids(world, EDITOR, ALLIANCE)
    assert "cannot name" in await refuse(world, NG, ALLIANCE, handling(not_releasable_to=["op:serval"]))


async def test_an_opaque_object_is_refused_or_kept_for_its_originator() -> None:
    """Case 11."""
    world, _ = await hand_world()
    acs = handling() | {
        "extensions": {"extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce": {"extension_type": "property-extension"}}
    }
    marked = indicator(object_marking_refs=[GREEN, acs["id"]])
    status = await put(world, NG, ALLIANCE, acs, marked)
    assert status.failure_count == 2
    alliance = (await world.exchange.force.now()).alliance
    changed = tuple(each.model_copy(update={"opaque": "originator"}) if each.path == ALLIANCE else each for each in alliance.collections)
    await administer.adopt(world.exchange, alliance.model_copy(update={"collections": changed}))
    await keep(world, NG, ALLIANCE, acs, marked)
    assert await ids(world, KE, ALLIANCE) == []
    assert marked["id"] in await ids(world, NG, ALLIANCE)


async def test_registered_identities_are_clear_and_victims_are_not() -> None:
    """Case 19: a registered identity helps to read what it created; every other may be a victim, whatever it created."""
    world, _ = await hand_world()
    registered, creator, victim = (
        identity(id=NG_IDENTITY, object_marking_refs=None),
        identity(object_marking_refs=None),
        identity(object_marking_refs=None),
    )
    person = identity(object_marking_refs=None, identity_class="individual")
    sighting = {
        "type": "sighting", "spec_version": "2.1", "id": f"sighting--{indicator()['id'].removeprefix('indicator--')}", "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z", "sighting_of_ref": indicator()["id"], "where_sighted_refs": [victim["id"]], "object_marking_refs": [CLEAR],
    }  # fmt: skip
    created = indicator(created_by_ref=creator["id"], object_marking_refs=[CLEAR])
    await keep(world, NG, NATIONAL, registered, creator, victim, person, sighting, created)
    sent = (registered, creator, victim, person)
    levels = {one["id"]: await level(world, NATIONAL, one["id"]) for one in sent}
    assert levels == {NG_IDENTITY: "clear", creator["id"]: "amber", victim["id"]: "amber", person["id"]: "amber"}


async def test_an_identity_tells_nothing_of_what_it_created() -> None:
    """Promise 1: whether it is shown follows from itself, not from what came along with it."""
    world, _ = await hand_world()
    feed = await hire(world, "ke-cert", "feed", "reader", scope="constituency")
    await alter_collection(world, NATIONAL, unmarked="amber+strict")
    alone, creator = identity(object_marking_refs=None), identity(object_marking_refs=None)
    await keep(world, NG, NATIONAL, alone)
    await keep(world, NG, NATIONAL, creator, indicator(created_by_ref=creator["id"], object_marking_refs=[STRICT]))
    assert await ids(world, feed, NATIONAL) == []


async def test_the_clients_default_goes_before_the_collections() -> None:
    world, _ = await hand_world()
    alliance = (await world.exchange.force.now()).alliance
    misp = alliance.organisations["ng-cert"].clients["misp"].model_copy(update={"unmarked": "clear"})
    await _change(world, "ng-cert", clients={**alliance.organisations["ng-cert"].clients, "misp": misp})
    await keep(world, NG, EXCHANGE, indicator(object_marking_refs=None))
    assert only((await survey(world.exchange, KE, EXCHANGE)).reasons).tlp == "clear"


async def test_what_is_above_the_ceiling_is_refused() -> None:
    world, _ = await hand_world()
    assert "ceiling" in await refuse(world, NG, EXCHANGE, indicator(object_marking_refs=[AMBER]))


async def test_a_label_ends_between_two_polls_without_a_reload() -> None:
    """Retention: time alone closes; the originator keeps it to extend or delete."""
    world, clock = await hand_world()
    terms = handling(retention_until=(START + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    kept = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, NATIONAL, terms, kept)
    clock.go(days=1)
    assert kept["id"] in await ids(world, KE, NATIONAL)
    clock.go(days=1)
    assert await ids(world, KE, NATIONAL) == []
    assert kept["id"] in await ids(world, NG, NATIONAL)


async def test_an_agreement_ends_between_two_polls_without_a_reload() -> None:
    """Case 34."""
    world, clock = await hand_world()
    await _change(world, "vendor", agreement_until=date(2026, 3, 2))
    await keep(world, NG, EXCHANGE, indicator())
    clock.go(hours=30)
    assert len(await ids(world, PARTNER, EXCHANGE)) == 1
    clock.go(hours=6)
    with pytest.raises(NotFound):
        await ids(world, PARTNER, EXCHANGE)


async def test_an_embargo_does_not_open_by_itself() -> None:
    """Case 23: closed to all but the originator and the named; opening is a deed."""
    world, clock = await hand_world()
    terms = handling(embargo_until=(START + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    waiting = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, NATIONAL, terms, waiting)
    assert waiting["id"] in await ids(world, NG, NATIONAL)
    for hours in (0, 1, 48):
        clock.go(hours=hours)
        assert await ids(world, KE, NATIONAL) == []


async def test_a_pending_version_does_not_withdraw_the_published_one() -> None:
    """Case 21: embargoed versions tighten nothing; the contributor reads his newest, the others the published one."""
    world, _ = await hand_world()
    published = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, NG, NATIONAL, published)
    terms = handling(NG_IDENTITY, embargo_until="2026-05-01T00:00:00.000Z")
    pending = later(published, 2, object_marking_refs=[STRICT, terms["id"]])
    await keep(world, NG, NATIONAL, terms, pending)
    assert only(await contents(world, KE, NATIONAL)) == published
    assert [each for each in await contents(world, FEED, NATIONAL) if each["id"] == published["id"]] == [published]
    assert [each for each in await contents(world, NG, NATIONAL) if each["id"] == published["id"]] == [pending]


async def test_a_standing_restriction_acts_at_once_on_what_is_stored() -> None:
    world, _ = await hand_world()
    stored = indicator()
    await keep(world, NG, NATIONAL, stored)
    assert await ids(world, KE, NATIONAL) == [stored["id"]]
    await _change(world, "ng-cert", withhold_from=frozenset({"jur:KE"}))
    assert await ids(world, KE, NATIONAL) == []
    assert await ids(world, NG, NATIONAL) == [stored["id"]]


async def test_a_suspended_member_reads_nothing_and_its_objects_stay() -> None:
    """Case 34."""
    world, _ = await hand_world()
    stored = indicator()
    await keep(world, NG, NATIONAL, stored)
    await _change(world, "ng-cert", active=False)
    with pytest.raises(NotFound):
        await ids(world, NG, NATIONAL)
    assert await ids(world, KE, NATIONAL) == [stored["id"]]


async def test_an_organisation_that_is_gone_closes_what_it_originated() -> None:
    """Case 35: its objects stay under their labels; from whom it withheld them is not known any more."""
    world, _ = await hand_world()
    await keep(world, NG, ALLIANCE, indicator())
    alliance = (await world.exchange.force.now()).alliance
    rest = {name: value for name, value in alliance.organisations.items() if name != "ng-cert"}
    others = tuple(each for each in alliance.collections if each.owner != "ng-cert")
    await administer.adopt(world.exchange, alliance.model_copy(update={"organisations": rest, "collections": others}))
    assert await ids(world, KE, ALLIANCE) == []
    with pytest.raises(Unauthenticated):
        await ids(world, NG, ALLIANCE)


async def test_an_operation_exists_for_its_participants_only() -> None:
    """Case 33: closing takes no writes, closed shuts partners out and lets members read until the archive date."""
    world, clock = await hand_world()
    shared = indicator(object_marking_refs=[STRICT])
    await keep(world, NG, "operations/afjoc", shared)
    assert await ids(world, KE, "operations/afjoc") == [shared["id"]]
    for client in (EDITOR, PARTNER):
        with pytest.raises(NotFound):
            await ids(world, client, "operations/afjoc")
    alliance = (await world.exchange.force.now()).alliance
    closed = {"state": "closed", "archive_until": date(2026, 3, 10)}
    changed = tuple(
        each.model_validate({**each.model_dump(), **closed}) if each.kind == "operation" else each for each in alliance.collections
    )
    await administer.adopt(world.exchange, alliance.model_copy(update={"collections": changed}))
    assert await ids(world, KE, "operations/afjoc") == [shared["id"]]
    clock.go(days=15)
    with pytest.raises(NotFound):
        await ids(world, KE, "operations/afjoc")


async def test_a_write_is_judged_again_if_the_alliance_changes_meanwhile() -> None:
    """Case 38: a write reads the epoch under the write lock."""
    world, _ = await hand_world()
    before = (await world.exchange.force.now()).epoch
    await asyncio.gather(keep(world, NG, NATIONAL, indicator()), _change(world, "ke-cert", active=False))
    assert (await world.exchange.force.now()).epoch == before + 1
    with pytest.raises(NotFound):
        await ids(world, KE, NATIONAL)


async def test_new_labels_are_bounded_and_stricter_ones_still_close() -> None:
    """DESIGN 6: beyond the bound a failure line, except for what only closes."""
    world, _ = await hand_world(Limits(labels_a_day=2, labels_in_use=100, object=ObjectLimits()))
    open_one, second = indicator(object_marking_refs=[CLEAR]), indicator(object_marking_refs=[GREEN])
    await keep(world, NG, NATIONAL, open_one, second)
    assert "handling labels" in await refuse(world, NG, NATIONAL, indicator(object_marking_refs=[AMBER]))
    await keep(world, NG, NATIONAL, later(second, 2, object_marking_refs=[STRICT]))
    assert await ids(world, KE, NATIONAL) == [open_one["id"]]
    assert set(await ids(world, NG, NATIONAL)) == {open_one["id"], second["id"]}
    await keep(world, NG, NATIONAL, indicator(object_marking_refs=[GREEN]))


async def test_quotas_count_ones_own_organisation_only() -> None:
    """Case 30: "nearly full" would be a counter of what others do."""
    world, _ = await hand_world(quotas=Quotas(writes=Allowance(rate=1, burst=10, name="written objects", now=lambda: 0.0)))
    await keep(world, NG, NATIONAL, *(indicator() for _ in range(7)))
    with pytest.raises(QuotaExceeded) as refused:
        await put(world, NG, NATIONAL, indicator())
    assert refused.value.retry_after >= 1
    await keep(world, KE, ALLIANCE, indicator())


async def test_red_without_recipients_goes_to_the_collections_own() -> None:
    world, _ = await hand_world()
    await keep(world, NG, NATIONAL, indicator(object_marking_refs=[RED]), observable(object_marking_refs=[RED]))
    assert len(await ids(world, DESK, NATIONAL)) == 2
    assert len(await ids(world, NG, NATIONAL)) == 2
    assert await ids(world, KE, NATIONAL) == []


async def test_an_envelope_is_read_again_under_new_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 38: if the epoch moved, all is judged again, custom properties too; here others have a turn after every object."""
    monkeypatch.setattr(turns_of_work, "monotonic", itertools.count().__next__)
    world, _ = await hand_world()
    custom = [indicator(x_acme_score=1) for _ in range(3)]
    posted, _ = await asyncio.gather(put(world, NG, NATIONAL, *custom), alter_collection(world, NATIONAL, custom="refuse"))
    assert posted.failure_count == 3


async def test_a_status_is_closed_to_who_may_do_nothing() -> None:
    """Case 34."""
    world, _ = await hand_world()
    posted = await keep(world, NG, NATIONAL, indicator())
    assert await status(world.exchange, NG, "members", posted.id)
    await alter_organisation(world, "ng-cert", active=False)
    with pytest.raises(NotFound):
        await status(world.exchange, NG, "members", posted.id)


STATEMENT = {
    "type": "marking-definition", "spec_version": "2.1", "id": object_id("marking-definition"), "created": "2026-01-01T00:00:00.000Z",
    "definition_type": "statement", "definition": {"statement": "Copyright"},
}  # fmt: skip


async def test_what_is_marked_by_a_definition_beyond_the_label_budget_is_refused() -> None:
    world, _ = await hand_world(Limits(labels_a_day=1))
    await keep(world, NG, NATIONAL, indicator())
    posted = await put(world, NG, NATIONAL, STATEMENT, indicator(object_marking_refs=[GREEN, STATEMENT["id"]]))
    assert posted.failure_count == 2


async def test_others_have_their_turn_while_a_large_envelope_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_the_writers_clearance_is_kept() -> None:
    """Else each write would decide every label of the collection anew."""
    world, _ = await hand_world()
    await keep(world, NG, NATIONAL, indicator())
    await keep(world, NG, NATIONAL, indicator())
    force = await world.exchange.force.now()
    question = Question(force.principal(NG), Action.READ, force.alliance.by_path["members", "ng-indicators"])
    kept = world.exchange.clearances.get(question, force.epoch, START)
    assert kept is not None
    assert kept.mark == 1


async def test_a_duplicate_needs_no_new_label() -> None:
    """T-5.5-04."""
    world, _ = await hand_world(Limits(labels_a_day=1))
    unmarked, address = indicator(object_marking_refs=None), observable(object_marking_refs=None)
    await keep(world, NG, NATIONAL, unmarked, address)
    await alter_client(world, NG, unmarked="clear")
    await keep(world, NG, NATIONAL, unmarked, address)


@pytest.mark.parametrize("order", [1, -1])
async def test_the_order_of_definitions_does_not_matter(order: int) -> None:
    """Case 10: what is marked with a definition that is refused is refused, wherever in the envelope it stands."""
    world, _ = await hand_world()
    terms = handling(purposes=["research"])
    await keep(world, NG, NATIONAL, terms)
    changed = handling(purposes=["defence"]) | {"id": terms["id"]}
    marked = {**STATEMENT, "id": object_id("marking-definition"), "object_marking_refs": [terms["id"]]}
    posted = await put(world, NG, NATIONAL, *[changed, marked][::order])
    assert posted.failure_count == 2


async def test_an_observable_sent_again_does_not_tell_what_waits_behind_it() -> None:
    """Case 21: who does not see the embargoed version gets no second copy of the published one either."""
    world, clock = await hand_world()
    terms, address = handling(embargo_until="2026-05-01T00:00:00.000Z"), observable()
    await keep(world, NG, NATIONAL, address)
    await keep(world, NG, NATIONAL, terms, {**address, "x_seen": 1, "object_marking_refs": [GREEN, terms["id"]]})
    before = await rows(world, KE, NATIONAL)
    clock.go(hours=1)
    await keep(world, NG, NATIONAL, address)
    assert await rows(world, KE, NATIONAL, EVERY) == before
