"""Several organisations under one id: ownership by registered identity, contributions, what each reader is shown (access-policy cases 1-3, 9, 14, 15)."""

from datetime import timedelta

import pytest
from deeds import (
    START,
    all_versions,
    alter_collection,
    at,
    contents,
    delete,
    hand_world,
    handling,
    ids,
    keep,
    later,
    moment,
    only,
    put,
    refuse,
    rows,
)
from worlds import AMBER, CLEAR, GREEN, NG_IDENTITY, RED, STRICT, indicator, observable

from app.errors import Denied, NotFound
from app.sharing import read
from app.sharing.explain import Inquiry, explain
from app.sharing.publish import publish
from app.stix.markings import TLP_2_EXTENSION
from app.taxii.query import LATEST, Endpoint, ObjectQuery

ALLIANCE = "members/alliance"
NG, KE, EDITOR = "ng-cert/misp", "ke-cert/misp", "secretariat/editor"


async def test_nobody_else_posts_under_a_registered_creator() -> None:
    """Case 2: decided from the files; the answer is the same whether the object exists or not."""
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[AMBER])
    before = await refuse(world, KE, "scratch/c000", owned)
    await keep(world, NG, "scratch/c000", owned)
    assert await refuse(world, KE, "scratch/c000", owned) == before
    assert await refuse(world, KE, "scratch/c000", {**owned, "created_by_ref": f"identity--{NG_IDENTITY[10:].upper()}"}) == before
    assert "belongs to Nigeria CERT" in before


async def test_whoever_sees_an_owners_object_is_told_whose_it_is() -> None:
    """Case 1: without a creator, under an id that the poster sees owned."""
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, NG, ALLIANCE, owned)
    assert "belongs to Nigeria CERT" in await refuse(
        world, KE, ALLIANCE, later({**owned, "created_by_ref": None}, 3) | {"created_by_ref": _UNREGISTERED}
    )


_UNREGISTERED = "identity--9c4f7d1e-7b55-4b0e-9a55-0e3c8a2f1b77"


async def test_an_owned_version_that_is_hidden_tells_nobody_whose_the_visible_one_is() -> None:
    """Case 1: the poster sees a version that anybody could have sent; that an older one is its registered creator's is not for him."""
    world, _ = await hand_world()
    marking = handling(NG_IDENTITY, releasable_to=["org:ng-cert"])
    owned = indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[GREEN, marking["id"]])
    shared = later({**owned, "created_by_ref": _UNREGISTERED}, 2, object_marking_refs=[GREEN])
    await keep(world, NG, ALLIANCE, marking, owned)
    await keep(world, NG, ALLIANCE, shared)
    await keep(world, KE, ALLIANCE, {**shared, "name": "mine"})
    assert only(await contents(world, EDITOR, ALLIANCE)) == shared


async def test_beside_a_hidden_owners_object_a_contribution_stands_and_is_served() -> None:
    """Case 1: a success is never invisible, a refusal never proves a hidden id."""
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[RED])
    await keep(world, NG, "members/ng-indicators", owned)
    marking = handling(NG_IDENTITY, releasable_to=["org:ng-cert"])
    hidden = {**owned, "object_marking_refs": [GREEN, marking["id"]]}
    await keep(world, NG, ALLIANCE, marking, hidden)
    beside = {**owned, "created_by_ref": _UNREGISTERED, "object_marking_refs": [GREEN], "name": "mine"}
    await keep(world, KE, ALLIANCE, beside)
    assert [each["name"] for each in await contents(world, KE, ALLIANCE) if each["id"] == owned["id"]] == ["mine"]
    assert [each["name"] for each in await contents(world, NG, ALLIANCE) if each["id"] == owned["id"]] == [owned["name"]]
    assert [each["name"] for each in await contents(world, EDITOR, ALLIANCE) if each["id"] == owned["id"]] == ["mine"]


async def test_what_nobody_has_registered_belongs_to_whoever_sent_it() -> None:
    """Case 15: an unregistered creator is nobody's; each sender answers for his own contribution, under his own terms."""
    world, _ = await hand_world()
    shared = indicator(created_by_ref=_UNREGISTERED, object_marking_refs=[STRICT])
    await keep(world, NG, ALLIANCE, shared)
    await keep(world, KE, ALLIANCE, later(shared, 2, object_marking_refs=[GREEN], name="Kenya's"))
    told = (await explain(world.exchange, Inquiry(EDITOR, ALLIANCE, shared["id"]), None)).verdicts[0].versions
    assert {(each.by, each.originator, each.tlp) for each in told} == {
        ("ng-cert", "ng-cert", "amber+strict"),
        ("ke-cert", "ke-cert", "green"),
    }
    await delete(world, KE, ALLIANCE, shared["id"])
    assert await ids(world, EDITOR, ALLIANCE) == [shared["id"]]
    await delete(world, NG, ALLIANCE, shared["id"])
    assert await ids(world, EDITOR, ALLIANCE) == []


async def test_everybody_else_is_shown_the_earliest_contribution_he_may_see() -> None:
    """Case 3."""
    world, _ = await hand_world()
    shared = indicator(name="first")
    await keep(world, NG, ALLIANCE, shared)
    await keep(world, KE, ALLIANCE, {**shared, "name": "second"})
    assert only(await contents(world, NG, ALLIANCE))["name"] == "first"
    assert only(await contents(world, KE, ALLIANCE))["name"] == "second"
    assert only(await contents(world, EDITOR, ALLIANCE))["name"] == "first"


async def test_an_older_version_that_opens_takes_no_place_of_others() -> None:
    """DESIGN 6: nothing becomes visible at an old position: the newer version was behind the other's all the while, and stays there."""
    world, clock = await hand_world()
    terms = handling(embargo_until=moment(START + timedelta(hours=1)))
    embargoed = indicator(name="first", object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, ALLIANCE, terms, embargoed)
    await keep(world, KE, ALLIANCE, {**embargoed, "name": "second", "object_marking_refs": [GREEN]})
    await keep(world, NG, ALLIANCE, later(embargoed, 2, name="third", object_marking_refs=[GREEN]))
    assert [each["name"] for each in await contents(world, EDITOR, ALLIANCE) if "name" in each] == ["second"]
    clock.go(hours=2)
    await publish(world.exchange)
    assert [each["name"] for each in await contents(world, EDITOR, ALLIANCE) if "name" in each] == ["second"]
    assert (embargoed["id"], embargoed["modified"]) in await all_versions(world, NG, ALLIANCE)


async def test_a_registered_originators_contribution_goes_before_an_earlier_one() -> None:
    """Case 1: never `last` for mine."""
    world, _ = await hand_world()
    marking = handling(NG_IDENTITY, releasable_to=["org:ng-cert"])
    owned = indicator(created_by_ref=NG_IDENTITY, name="owner's", object_marking_refs=[GREEN, marking["id"]])
    await keep(world, KE, ALLIANCE, {**owned, "created_by_ref": _UNREGISTERED, "name": "earlier", "object_marking_refs": [GREEN]})
    await keep(world, NG, ALLIANCE, marking, owned)
    await keep(world, NG, ALLIANCE, later(owned, 2, object_marking_refs=[GREEN]))
    assert only(await contents(world, EDITOR, ALLIANCE))["name"] == "owner's"


async def test_each_organisation_versions_and_deletes_its_own() -> None:
    """Cases 3, 36: after its own delete an organisation has nothing under the id until it posts again; the others keep theirs."""
    world, _ = await hand_world()
    shared = indicator()
    await keep(world, NG, ALLIANCE, shared)
    await keep(world, KE, ALLIANCE, shared)
    await delete(world, KE, ALLIANCE, shared["id"])
    assert await ids(world, KE, ALLIANCE) == []
    assert await ids(world, NG, ALLIANCE) == [shared["id"]]
    with pytest.raises(NotFound):
        await delete(world, KE, ALLIANCE, shared["id"])
    await keep(world, KE, ALLIANCE, shared)
    assert await ids(world, KE, ALLIANCE) == [shared["id"]]


async def test_nobody_deletes_what_another_contributed() -> None:
    world, _ = await hand_world()
    shared = indicator()
    await keep(world, NG, ALLIANCE, shared)
    with pytest.raises(Denied):
        await delete(world, KE, ALLIANCE, shared["id"])
    assert await ids(world, KE, ALLIANCE) == [shared["id"]]


async def test_equal_observables_are_one_and_changed_ones_are_versions() -> None:
    """C25, T-3.4.1-13: an observable's version is the date of its own first addition."""
    world, clock = await hand_world()
    address = observable()
    first = await keep(world, NG, ALLIANCE, address)
    clock.go(minutes=5)
    again = await keep(world, NG, ALLIANCE, dict(reversed(address.items())))
    assert first.successes is not None
    assert again.successes is not None
    assert again.successes[0].version == first.successes[0].version
    changed = await keep(world, NG, ALLIANCE, {**address, "x_seen": 3})
    assert changed.successes is not None
    assert await all_versions(world, NG, ALLIANCE) == [
        (address["id"], status[0].version) for status in (first.successes, changed.successes)
    ]
    assert only(await contents(world, KE, ALLIANCE))["x_seen"] == 3


async def test_one_observable_twice_in_an_envelope_is_taken_once() -> None:
    world, _ = await hand_world()
    address = observable()
    assert "twice" in await refuse(world, NG, ALLIANCE, address, {**address, "x_seen": 3})
    await keep(world, NG, ALLIANCE, address, address)
    assert len(await all_versions(world, NG, ALLIANCE)) == 1


async def test_other_content_under_the_same_version_is_refused_with_the_remedy() -> None:
    world, _ = await hand_world()
    shared = indicator()
    await keep(world, NG, ALLIANCE, shared)
    assert "raise `modified`" in await refuse(world, NG, ALLIANCE, {**shared, "name": "changed"})
    assert only(await contents(world, NG, ALLIANCE)) == shared


async def test_a_marking_definition_never_changes() -> None:
    """Case 9: neither one's own nor one that the poster can see."""
    world, _ = await hand_world()
    terms = handling(releasable_to=["jur:KE", "jur:NG"])
    await keep(world, NG, ALLIANCE, terms, indicator(object_marking_refs=[GREEN, terms["id"]]))
    changed = handling(releasable_to=["jur:NG"]) | {"id": terms["id"]}
    assert "cannot change" in await refuse(world, NG, ALLIANCE, changed)
    assert "cannot change" in await refuse(world, KE, ALLIANCE, changed)
    assert "not known here" in await refuse(world, NG, ALLIANCE, changed, indicator(object_marking_refs=[GREEN, changed["id"]]))


async def test_a_relayed_object_stays_its_originators() -> None:
    """Case 14: CLEAR and GREEN where the collection relays; the originator may delete the copy."""
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    assert await ids(world, EDITOR, ALLIANCE) == [owned["id"]]
    await delete(world, NG, ALLIANCE, owned["id"])
    assert await ids(world, EDITOR, ALLIANCE) == []


@pytest.mark.parametrize("level", [AMBER, STRICT])
async def test_what_is_above_green_is_not_relayed(level: str) -> None:
    world, _ = await hand_world()
    reason = await refuse(world, KE, ALLIANCE, indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[level]))
    assert "relay" in reason or "another's object" in reason


async def test_where_the_collection_does_not_relay_nothing_is() -> None:
    world, _ = await hand_world()
    assert "belongs to" in await refuse(world, KE, "scratch/c001", indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[CLEAR]))


async def test_the_originator_tightens_and_the_relayed_copy_closes_too() -> None:
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    terms = handling(NG_IDENTITY, releasable_to=["jur:NG"])
    await keep(world, NG, ALLIANCE, terms, later(owned, 2, object_marking_refs=[GREEN, terms["id"]]))
    assert await ids(world, EDITOR, ALLIANCE) == []
    assert owned["id"] in await ids(world, NG, ALLIANCE)


async def test_a_relayer_that_sees_another_contribution_is_told_so() -> None:
    """Case 25: what GET shows, DELETE knows: 403, not 404. His own copy, deleted, closed to him as well when its originator tightened."""
    world, _ = await hand_world()
    await alter_collection(world, ALLIANCE, writers=["group:members", "group:secretariat"])
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    await keep(world, EDITOR, ALLIANCE, {**owned, "created_by_ref": _UNREGISTERED})
    await delete(world, KE, ALLIANCE, owned["id"])
    with pytest.raises(NotFound):
        await delete(world, KE, ALLIANCE, owned["id"])
    terms = handling(NG_IDENTITY, releasable_to=["jur:NG"])
    await keep(world, NG, ALLIANCE, terms, later(owned, 2, object_marking_refs=[GREEN, terms["id"]]))
    assert await ids(world, KE, ALLIANCE) == [owned["id"]]
    with pytest.raises(Denied):
        await delete(world, KE, ALLIANCE, owned["id"])
    assert await ids(world, EDITOR, ALLIANCE) == [owned["id"]]


async def test_a_copy_relayed_after_the_originator_tightened_is_closed_from_the_start() -> None:
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    terms = handling(NG_IDENTITY, releasable_to=["jur:NG"])
    await keep(world, NG, ALLIANCE, terms, later(owned, 2, object_marking_refs=[GREEN, terms["id"]]))
    await put(world, KE, ALLIANCE, owned)
    assert await ids(world, EDITOR, ALLIANCE) == []


async def test_pages_of_one_show_one_contribution_per_id() -> None:
    world, _ = await hand_world()
    shared = [indicator() for _ in range(5)]
    await keep(world, NG, ALLIANCE, *shared)
    await keep(world, KE, ALLIANCE, *shared[::2])
    for client in (NG, KE, EDITOR):
        assert sorted(object_id for object_id, _ in await rows(world, client, ALLIANCE, limit=1)) == sorted(each["id"] for each in shared)


async def test_a_collection_of_another_organisation_is_not_there() -> None:
    world, _ = await hand_world()
    with pytest.raises(NotFound):
        await ids(world, "vendor/push", ALLIANCE)
    assert at(ALLIANCE).root == "members"


GREEN_DEFINITION = {
    "type": "marking-definition", "spec_version": "2.1", "id": GREEN, "created": "2022-10-01T00:00:00.000Z",
    "extensions": {TLP_2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "green"}},
}  # fmt: skip


async def test_a_wrong_copy_of_a_tlp_marking_is_refused_alone() -> None:
    """Case 7."""
    world, _ = await hand_world()
    wrong = {**GREEN_DEFINITION, "created_by_ref": NG_IDENTITY}
    marked = indicator(object_marking_refs=[GREEN_DEFINITION["id"]])
    posted = await put(world, NG, ALLIANCE, wrong, marked)
    assert [each.id for each in posted.failures or ()] == [wrong["id"]]
    assert await ids(world, KE, ALLIANCE) == [marked["id"]]


async def test_true_copies_of_a_tlp_marking_may_be_spelled_differently() -> None:
    """Case 7."""
    world, _ = await hand_world()
    await keep(world, NG, ALLIANCE, GREEN_DEFINITION)
    named = {**GREEN_DEFINITION, "name": "TLP:GREEN"}
    await keep(world, KE, ALLIANCE, named, indicator(object_marking_refs=[named["id"]]))
    assert next(each for each in await contents(world, KE, ALLIANCE) if each["id"] == named["id"]) == named


async def test_a_relayed_copy_is_not_loosened_at_its_old_position() -> None:
    """Case 14; DESIGN 6: nothing becomes visible at an old position."""
    world, _ = await hand_world()
    terms = handling(NG_IDENTITY, releasable_to=["jur:NG"])
    owned = indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, ALLIANCE, terms, owned)
    await keep(world, KE, ALLIANCE, later(owned, 2, object_marking_refs=[GREEN]))
    assert await ids(world, EDITOR, ALLIANCE) == []
    await keep(world, NG, ALLIANCE, later(owned, 3, object_marking_refs=[GREEN]))
    await delete(world, NG, ALLIANCE, owned["id"], LATEST)
    assert await ids(world, EDITOR, ALLIANCE) == []


async def test_a_relayer_follows_what_the_originator_loosened() -> None:
    """Case 20: the leave to go down is the originator's affair."""
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    await keep(world, NG, ALLIANCE, later(owned, 2, object_marking_refs=[STRICT]))
    await keep(world, NG, ALLIANCE, later(owned, 3, object_marking_refs=[GREEN]))
    await keep(world, KE, ALLIANCE, later(owned, 3, object_marking_refs=[GREEN]))


async def test_what_the_originator_deletes_its_relays_lose_too() -> None:
    """Case 14: the originator may delete the copy, whether or not it has a version of its own beside it."""
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    await keep(world, NG, ALLIANCE, owned)
    await delete(world, NG, ALLIANCE, owned["id"])
    assert await ids(world, EDITOR, ALLIANCE) == []


async def test_a_relayer_deletes_its_copy_whatever_else_binds_it() -> None:
    world, _ = await hand_world()
    terms = handling(NG_IDENTITY, releasable_to=["jur:NG", "jur:KE"])
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    await keep(
        world, NG, ALLIANCE, terms, later(owned, 2, object_marking_refs=[AMBER]), later(owned, 3, object_marking_refs=[AMBER, terms["id"]])
    )
    assert owned["id"] in await ids(world, KE, ALLIANCE)
    await delete(world, KE, ALLIANCE, owned["id"])
    assert owned["id"] not in await ids(world, KE, ALLIANCE)


async def _offsets(*, hidden: bool) -> list[int]:
    """When KE reads what it sent in one envelope, counted from the first; `hidden`: NG has one of the three already, and KE does not see it."""
    world, _ = await hand_world()
    three = [indicator() for _ in range(3)]
    if hidden:
        terms = handling(NG_IDENTITY, releasable_to=["jur:NG"])
        await keep(world, NG, ALLIANCE, terms, {**three[1], "object_marking_refs": [GREEN, terms["id"]]})
    await keep(world, KE, ALLIANCE, *three)
    answer = await read.read(world.exchange, KE, at(ALLIANCE), ObjectQuery(), Endpoint.OBJECTS)
    return [entry.date_added - answer.page.entries[0].date_added for entry in answer.page.entries]


async def test_dates_do_not_tell_what_else_stands_under_an_id() -> None:
    """DESIGN 2, promise 1: not even to the one who posts beside it."""
    assert await _offsets(hidden=True) == await _offsets(hidden=False)


async def test_a_definition_of_the_envelope_goes_before_anothers() -> None:
    """Case 10: who sends a definition of his own along need not have sent it before."""
    world, _ = await hand_world()
    terms = handling(releasable_to=["jur:NG", "jur:KE"])
    await keep(world, NG, ALLIANCE, terms)
    await keep(world, KE, ALLIANCE, terms, indicator(object_marking_refs=[GREEN, terms["id"]]))


async def test_only_the_originator_revokes() -> None:
    """access-policy 3.5: revoke is the originator's."""
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    assert "revoke" in await refuse(world, KE, ALLIANCE, later(owned, 2, revoked=True))
    assert only(await contents(world, EDITOR, ALLIANCE)) == owned


async def test_what_one_relays_does_not_bind_ones_own_newer_version() -> None:
    """An id under which an organisation has both: the originator's label binds what is relayed of his, and what is older."""
    world, _ = await hand_world()
    terms = handling(NG_IDENTITY, releasable_to=["jur:NG"])
    owned = indicator(created_by_ref=NG_IDENTITY, object_marking_refs=[GREEN, terms["id"]])
    mine = later({**owned, "created_by_ref": _UNREGISTERED, "object_marking_refs": [GREEN]}, 5)
    await keep(world, KE, ALLIANCE, mine, {**owned, "object_marking_refs": [GREEN]})
    await keep(world, NG, ALLIANCE, terms, owned)
    assert await all_versions(world, EDITOR, ALLIANCE) == [(owned["id"], mine["modified"])]
