"""What refers to something hidden is withheld (access-policy cases 4, 5, 6 and 22; DESIGN 6, References)."""

from collections.abc import Callable
from typing import Any

import pytest
from deeds import all_versions, at, contents, delete, hand_world, handling, keep, later, only
from linking import FOR_KENYA, Content, closed, linked, new_world, open_all, shown
from worlds import AMBER, CLEAR, GREEN, NG_IDENTITY, NOW_TEXT, identity, indicator, object_id, observable, relationship

from app.errors import NotFound
from app.sharing import curate, read, reject, review
from app.sharing.caution import KEEPS, REFERS, REVOKES
from app.taxii.query import EVERY, Endpoint, ObjectQuery, Versions

ALLIANCE, NATIONAL, INTAKE = "members/alliance", "members/ng-indicators", "intake/vendor"
NG, FEED, KE, EDITOR = "ng-cert/misp", "ng-cert/feed", "ke-cert/misp", "secretariat/editor"
PARTNER, CURATOR = "vendor/push", "secretariat/curator"


def versioned(kind: str, **more: Any) -> Content:
    times = {"created": NOW_TEXT, "modified": NOW_TEXT}
    return {"type": kind, "spec_version": "2.1", "id": object_id(kind), **times, "object_marking_refs": [GREEN], **more}


def observed() -> Content:
    times = {"first_observed": NOW_TEXT, "last_observed": NOW_TEXT, "number_observed": 1}
    return versioned("observed-data", object_refs=[object_id("ipv4-addr")], **times)


REFERRING: dict[str, tuple[Callable[[], Content], Callable[[str], Content]]] = {
    "relationship": (indicator, lambda target: relationship(target, object_id("malware"))),
    "sighting": (observed, lambda target: versioned("sighting", sighting_of_ref=object_id("indicator"), observed_data_refs=[target])),
    "report": (indicator, lambda target: versioned("report", name="Weekly", published=NOW_TEXT, object_refs=[object_id("tool"), target])),
    "note": (indicator, lambda target: versioned("note", content="seen again", object_refs=[target])),
    "at depth": (indicator, lambda target: indicator(x_found=[{"with": {"target_ref": target}}])),
}


# ---- case 4


@pytest.mark.parametrize("kind", REFERRING)
@pytest.mark.parametrize("order", ["target first", "target last", "two envelopes"])
async def test_case_4_what_refers_to_a_hidden_object_is_withheld(kind: str, order: str) -> None:
    """By every `*_ref` and `*_refs` at any depth; where in the envelope it stands does not matter. The contributor sees his own."""
    world, _ = await new_world()
    make, refer = REFERRING[kind]
    target = closed(make())
    link = refer(target["id"])
    if order == "two envelopes":
        await keep(world, NG, ALLIANCE, target)
        await keep(world, NG, ALLIANCE, link)
    else:
        await keep(world, NG, ALLIANCE, *([target, link] if order == "target first" else [link, target]))
    for client in (KE, EDITOR):
        assert await shown(world, client) == await shown(world, client, EVERY) == []
        with pytest.raises(NotFound):
            await read.read(world.exchange, client, at(ALLIANCE), ObjectQuery(), Endpoint.OBJECT, link["id"])
    assert set(await shown(world, NG)) == {target["id"], link["id"]}
    assert link["id"] in await shown(world, FEED)


async def test_case_4_creators_and_markings_are_no_references() -> None:
    world, _ = await new_world()
    creator = closed(identity(identity_class="individual"))
    shown_one = indicator(created_by_ref=creator["id"])
    marked = indicator(granular_markings=[{"marking_ref": GREEN, "selectors": ["name"]}])
    await keep(world, NG, ALLIANCE, creator, shown_one, marked)
    assert await shown(world, EDITOR) == [shown_one["id"], marked["id"]]


async def test_case_4_one_step_and_no_closure() -> None:
    """What refers to something that is withheld, but not hidden by its own label, is served."""
    world, _ = await new_world()
    target = closed(indicator())
    link = linked(target)
    note = versioned("note", content="about a link", object_refs=[link["id"]])
    await keep(world, NG, ALLIANCE, target, link, note)
    assert await shown(world, KE) == [note["id"]]


async def test_case_4_every_pinned_target_must_be_seen() -> None:
    world, _ = await new_world()
    open_one, hidden = indicator(), closed(indicator())
    await keep(world, NG, ALLIANCE, open_one, hidden, relationship(open_one["id"], hidden["id"]))
    assert await shown(world, KE) == [open_one["id"]]


async def test_case_4_the_writer_pins_what_he_is_shown() -> None:
    """Kenya refers to an object of Nigeria's; when that closes to the secretariat, so does what refers to it, and for nobody else."""
    world, _ = await new_world()
    target = indicator(created_by_ref=NG_IDENTITY)
    link = linked(target)
    await keep(world, NG, ALLIANCE, target)
    await keep(world, KE, ALLIANCE, link)
    assert link["id"] in await shown(world, EDITOR)
    await keep(world, NG, ALLIANCE, closed(later(target, 2)))
    assert await shown(world, EDITOR) == []
    assert await shown(world, KE) == [link["id"]]
    assert link["id"] in await shown(world, NG)


async def test_case_4_a_later_target_of_ones_own_organisation_is_pinned_at_once() -> None:
    world, _ = await new_world()
    target, other = closed(indicator()), indicator()
    dangling, plain = linked(target), linked(other)
    await keep(world, NG, ALLIANCE, dangling, plain)
    assert set(await shown(world, KE)) == {dangling["id"], plain["id"]}
    await keep(world, NG, ALLIANCE, target)
    assert await shown(world, KE) == [plain["id"]]
    await keep(world, NG, ALLIANCE, other)
    assert set(await shown(world, KE)) == {plain["id"], other["id"]}


async def test_case_4_ones_own_target_joins_anothers_that_was_pinned() -> None:
    world, _ = await new_world()
    target = observable()
    link = versioned("note", content="seen", object_refs=[target["id"]])
    await keep(world, KE, ALLIANCE, target)
    await keep(world, NG, ALLIANCE, link)
    assert link["id"] in await shown(world, EDITOR)
    await keep(world, NG, ALLIANCE, closed(target))
    assert await shown(world, EDITOR) == [target["id"]]
    await delete(world, KE, ALLIANCE, target["id"])
    await keep(world, NG, ALLIANCE, {**target, "object_marking_refs": [CLEAR], "x_seen": 2})
    await open_all(world)
    assert set(await shown(world, EDITOR)) == {target["id"], link["id"]}


async def test_case_4_the_status_says_who_will_not_receive_it() -> None:
    """Only of what is shown to the sender, and only if it is stricter."""
    world, _ = await new_world()
    target, alike, unknown = closed(indicator()), indicator(), indicator()
    status = await keep(world, NG, ALLIANCE, linked(target), linked(alike), linked(unknown), target, alike)
    assert status.successes is not None
    assert [each.message for each in status.successes] == [REFERS, None, None, None, None]
    status = await keep(world, KE, ALLIANCE, linked(target), linked(alike))
    assert status.successes is not None
    assert [each.message for each in status.successes] == [None, None]


async def test_who_keeps_a_target_more_strictly_elsewhere_is_told() -> None:
    """DESIGN 6: in this collection it dangles, so what refers to it is served and gives its id away."""
    world, _ = await hand_world()
    target, open_one = indicator(object_marking_refs=[AMBER]), indicator()
    await keep(world, NG, NATIONAL, target, open_one)
    status = await keep(world, NG, ALLIANCE, linked(target), linked(open_one), linked(target, object_marking_refs=[AMBER]))
    assert status.successes is not None
    assert [each.message for each in status.successes] == [KEEPS, None, None]
    again = linked(target)
    for _ in range(2):
        assert [each.message for each in (await keep(world, NG, ALLIANCE, again)).successes or ()] == [KEEPS]


async def test_of_what_others_keep_elsewhere_or_is_here_nothing_is_told() -> None:
    """Only the sender's own organisation counts, and only what of it its client may write."""
    world, _ = await hand_world()
    target, here = indicator(object_marking_refs=[AMBER]), indicator(object_marking_refs=[AMBER])
    await keep(world, NG, NATIONAL, target, here)
    await keep(world, NG, ALLIANCE, {**here, "object_marking_refs": [GREEN]})
    for client, link in ((KE, linked(target)), (NG, linked(here))):
        assert [each.message for each in (await keep(world, client, ALLIANCE, link)).successes or ()] == [None]
    await delete(world, NG, NATIONAL, target["id"])
    assert [each.message for each in (await keep(world, NG, ALLIANCE, linked(target))).successes or ()] == [None]


async def test_no_older_version_consoles() -> None:
    """A version is withheld with a newer one of its contribution, in whatever order they come; deleting the newer one does not bring it back."""
    world, _ = await new_world()
    target, link = closed(indicator()), versioned("note", content="one", object_refs=[object_id("tool")])
    newer = later(link, 3, object_refs=[target["id"]])
    await keep(world, NG, ALLIANCE, link)
    assert await shown(world, KE) == [link["id"]]
    await keep(world, NG, ALLIANCE, target, newer)
    await keep(world, NG, ALLIANCE, later(link, 2))
    for versions in (EVERY, Versions(first=True), Versions(last=True)):
        assert await shown(world, KE, versions) == []
    await delete(world, NG, ALLIANCE, link["id"], Versions(last=True))
    assert await shown(world, KE, EVERY) == []
    await keep(world, NG, ALLIANCE, later(link, 4))
    assert (link["id"], later(link, 4)["modified"]) == only(
        each for each in await all_versions(world, KE, ALLIANCE) if each[0] == link["id"]
    )


async def test_a_withheld_contribution_leaves_its_place_to_another() -> None:
    """Several under one id: to whom Nigeria's is withheld, Kenya's is shown."""
    world, _ = await new_world()
    target = closed(indicator())
    note = versioned("note", content="by Nigeria", object_refs=[target["id"]])
    await keep(world, NG, ALLIANCE, target, note)
    await keep(world, KE, ALLIANCE, later(note, 2) | {"content": "by Kenya", "object_refs": [object_id("tool")]})
    assert [each["content"] for each in await contents(world, EDITOR, ALLIANCE)] == ["by Kenya"]
    assert [each["content"] for each in await contents(world, FEED, ALLIANCE) if "content" in each] == ["by Nigeria"]


async def test_who_cannot_see_an_object_for_its_references_is_not_told_of_it() -> None:
    """Case 1: a refusal never proves what is hidden. Kenya does not see Nigeria's note, so posts beside it, and deletes nothing."""
    world, _ = await new_world()
    target = closed(indicator())
    note = versioned("note", content="by Nigeria", object_refs=[target["id"]], created_by_ref=NG_IDENTITY)
    await keep(world, NG, ALLIANCE, target, note)
    with pytest.raises(NotFound):
        await delete(world, KE, ALLIANCE, note["id"])
    mine = {name: value for name, value in note.items() if name != "created_by_ref"} | {"content": "by Kenya"}
    await keep(world, KE, ALLIANCE, mine)
    assert mine in await contents(world, KE, ALLIANCE)


async def test_what_refers_to_a_withheld_object_dangles() -> None:
    """A pin is what the writer is shown: what is withheld from him is unknown to him."""
    world, _ = await new_world()
    target = closed(indicator())
    link = linked(target)
    about = versioned("note", content="about", object_refs=[link["id"]])
    await keep(world, NG, ALLIANCE, target, link)
    await keep(world, KE, ALLIANCE, about)
    await keep(world, NG, ALLIANCE, closed(later(link, 2)))
    assert await shown(world, EDITOR) == [about["id"]]


async def test_a_version_that_waits_binds_nothing() -> None:
    """Case 21: neither a target's pending version what refers to it, nor a pending version of what refers the published one."""
    world, _ = await hand_world()
    terms = handling(embargo_until="2026-06-01T00:00:00.000Z")
    waits = {"object_marking_refs": [GREEN, terms["id"]]}
    target, hidden = indicator(), indicator(**waits)
    link = linked(target)
    await keep(world, NG, ALLIANCE, terms, target, hidden, link)
    for sent in (later(target, 2, **waits), {**later(link, 2, **waits), "target_ref": hidden["id"]}):
        await keep(world, NG, ALLIANCE, sent)
        assert await shown(world, KE, EVERY) == [target["id"], link["id"]]


# ---- cases 5, 6 and 22


async def test_case_5_a_dangling_reference_is_served_as_it_is() -> None:
    """Also if somebody else's target arrives later under a stricter label: else a guessed id would make other people's relationships vanish."""
    world, _ = await new_world()
    target = observable()
    link = versioned("note", content="seen", object_refs=[target["id"]])
    await keep(world, KE, ALLIANCE, link)
    await keep(world, NG, ALLIANCE, closed(target))
    assert await shown(world, EDITOR) == [link["id"]]
    await keep(world, KE, ALLIANCE, later(link, 2))
    assert await shown(world, EDITOR) == [link["id"]]


async def test_case_5_a_strangers_posting_under_the_same_id_changes_nothing() -> None:
    """Pins go to contributions: Nigeria's note is bound by Nigeria's address, whatever Kenya says of it."""
    world, _ = await new_world()
    target = observable()
    link = versioned("note", content="seen", object_refs=[target["id"]])
    await keep(world, NG, ALLIANCE, target, link)
    await keep(world, KE, ALLIANCE, closed(target, FOR_KENYA))
    assert set(await shown(world, EDITOR)) == {target["id"], link["id"]}


async def test_case_6_a_deleted_target_is_judged_by_its_tombstone() -> None:
    """Who could not see the target still does not see what refers to it, the others keep it; also if it is sent after the deletion."""
    world, _ = await new_world()
    open_one, hidden = indicator(), closed(indicator())
    links = [linked(open_one), linked(hidden)]
    await keep(world, NG, ALLIANCE, open_one, hidden, *links)
    for target in (open_one, hidden):
        await delete(world, NG, ALLIANCE, target["id"])
    assert await shown(world, KE) == [links[0]["id"]]
    assert set(await shown(world, NG)) == {link["id"] for link in links}
    after = [linked(open_one), linked(hidden)]
    await keep(world, NG, ALLIANCE, *after)
    assert await shown(world, KE) == [links[0]["id"], after[0]["id"]]
    assert await open_all(world) == 0


async def test_case_22_a_revocation_under_a_stricter_label_is_warned_of() -> None:
    world, _ = await new_world()
    shared, kept, changed = indicator(), indicator(), indicator()
    await keep(world, NG, ALLIANCE, shared, kept, changed)
    revoked = [closed(later(shared, 2, revoked=True)), later(kept, 2, revoked=True), closed(later(changed, 2))]
    status = await keep(world, NG, ALLIANCE, *revoked)
    assert status.successes is not None
    assert [each.message for each in status.successes] == [REVOKES, None, None]
    assert await shown(world, KE) == [kept["id"]]


# ---- curators


async def test_released_copies_refer_to_the_partners_other_copies() -> None:
    """A target that is released later, under a stricter label, closes what was released before."""
    world, _ = await new_world()
    target = indicator(object_marking_refs=[AMBER])
    link = linked(target)
    await keep(world, PARTNER, INTAKE, target, link)
    await curate.release(world.exchange, CURATOR, INTAKE, [link["id"]], None)
    assert await shown(world, KE) == [link["id"]]
    terms = handling(releasable_to=["jur:NG", "group:secretariat"])
    await keep(world, PARTNER, INTAKE, terms, later(target, 2, object_marking_refs=[AMBER, terms["id"]]))
    await curate.release(world.exchange, CURATOR, INTAKE, [target["id"]], None)
    assert await shown(world, KE) == []


async def test_a_curator_decides_nothing_about_what_is_withheld_from_him() -> None:
    """To him it does not exist, by whatever door."""
    world, _ = await new_world()
    terms = handling(releasable_to=["org:vendor"])
    target = indicator(object_marking_refs=[AMBER, terms["id"]])
    link, unknown = linked(target, object_marking_refs=[GREEN]), indicator()
    await keep(world, PARTNER, INTAKE, terms, target, link)
    assert link["id"] not in [each.object_id for each in await review.review(world.exchange, CURATOR, INTAKE)]
    results = await curate.release(world.exchange, CURATOR, INTAKE, [link["id"], unknown["id"]], None)
    assert len({(each.ok, each.message) for each in results}) == 1
    assert not results[0].ok
    assert await reject.reject(world.exchange, CURATOR, INTAKE, [link["id"]], "no") == {link["id"]: 0}


# ---- case 14, where a relayed copy is withheld from its originator


async def test_a_relayed_copy_that_is_withheld_does_not_exist_for_its_originators_delete() -> None:
    world, _ = await new_world()
    target = closed(indicator(), FOR_KENYA)
    link = linked(target, created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, target, link)
    assert await shown(world, NG) == []
    with pytest.raises(NotFound):
        await delete(world, NG, ALLIANCE, link["id"])
    assert set(await shown(world, KE)) == {target["id"], link["id"]}
    await keep(world, NG, ALLIANCE, link)
    await delete(world, NG, ALLIANCE, link["id"])
    assert await shown(world, KE) == [target["id"]]
