"""Explain: every ground on which somebody gets an object or does not, told to those who may ask, and to nobody else (DESIGN 2, promise 5)."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from deeds import START, alter_collection, alter_organisation, delete, hand_world, handling, hire, keep, later, moment, only
from linking import FOR_KENYA, closed, linked, new_world
from worlds import AMBER, CLEAR, GREEN, NG_IDENTITY, ORGANISATIONS, RED, STRICT, World, indicator, observable

from app.errors import NotFound, Unauthenticated
from app.sharing import curate
from app.sharing.exchange import NOTHING_HERE
from app.sharing.explain import Inquiry, explain
from app.sharing.fates import Fate
from app.sharing.hold import HoldReason, hold
from app.sharing.publish import publish
from app.sharing.verdict import HIDDEN_TARGET, UNTOLD, Told, Verdict

ALLIANCE, NATIONAL, INTAKE, OPERATION = "members/alliance", "members/ng-indicators", "intake/vendor", "operations/afjoc"
NG, KE, FEED, VIEWER = "ng-cert/misp", "ke-cert/misp", "ng-cert/feed", "ke-cert/viewer"
PARTNER, CURATOR, EDITOR = "vendor/push", "secretariat/curator", "secretariat/editor"
OPERATOR = None
READERS = {"desk", "elastic", "misp", "opencti", "sso"}
"""The clients of Nigeria that read in the name of the organisation."""


async def verdicts(world: World, asker: str | None, who: str, path: str, identifier: str) -> tuple[Verdict, ...]:
    return (await explain(world.exchange, Inquiry(who, path, identifier), asker)).verdicts


async def verdict(world: World, asker: str | None, who: str, path: str, identifier: str) -> Verdict:
    return only(await verdicts(world, asker, who, path, identifier))


def policies(told: Told) -> list[str]:
    return [ground.policy for ground in told.grounds if ground.policy]


async def deciding(world: World, asker: str | None, who: str, path: str, identifier: str) -> list[str]:
    """The policies that decide about the one version that there is."""
    return policies(only((await verdict(world, asker, who, path, identifier)).versions))


# ---- what decides


async def test_whoever_gets_it_is_told_by_which_policy() -> None:
    world, _ = await hand_world()
    shared = indicator()
    await keep(world, NG, ALLIANCE, shared)
    found = await verdict(world, NG, KE, ALLIANCE, shared["id"])
    assert (found.client, found.reads, found.gets, found.version, found.because) == (KE, True, True, shared["modified"], "")
    told = only(found.versions)
    assert (told.fate, told.by, told.tlp, policies(told)) == (Fate.SHOWN, "ng-cert", "green", ["readers-read"])
    assert only(told.grounds).meaning.startswith("a reader finds and reads")


async def test_the_label_closes_with_its_reason() -> None:
    world, _ = await hand_world()
    terms = handling(releasable_to=["jur:NG"], purposes=["research"])
    shared = indicator(object_marking_refs=[AMBER, terms["id"]])
    await keep(world, NG, ALLIANCE, terms, shared)
    found = await verdict(world, NG, KE, ALLIANCE, shared["id"])
    assert (found.gets, found.version) == (False, "")
    assert "to whom it may be released" in found.because
    told = only(found.versions)
    assert (told.fate, policies(told)) == (Fate.CLOSED, ["not-listed", "purpose-not-met"])
    assert told.terms == ("released to jur:NG", "for the purposes research")


async def test_who_is_no_reader_is_told_so_first() -> None:
    world, _ = await hand_world()
    shared = indicator(object_marking_refs=[AMBER])
    await keep(world, NG, ALLIANCE, shared)
    found = await verdict(world, NG, PARTNER, ALLIANCE, shared["id"])
    assert (found.reads, found.gets) == (False, False)
    assert found.because == "no policy permits it: that takes the role `reader`, and an audience among the readers of members/alliance"
    assert policies(only(found.versions)) == ["partner-not-listed"]
    assert only(found.versions).grounds[0].meaning == found.because


async def test_an_organisation_is_all_its_clients_and_the_public_is_one() -> None:
    world, _ = await hand_world()
    shared = indicator(object_marking_refs=[STRICT])
    await keep(world, NG, ALLIANCE, shared)
    found = {each.client: each.gets for each in await verdicts(world, NG, "ng-cert", ALLIANCE, shared["id"])}
    assert found == {f"ng-cert/{name}": name in READERS for name in ORGANISATIONS["ng-cert"].clients}
    public = await verdict(world, NG, "", ALLIANCE, shared["id"])
    assert (public.client, public.reads, public.gets) == ("", False, False)
    for nobody in ("za-cert", "za-cert/misp", "ke-cert/nobody"):
        assert await verdicts(world, NG, nobody, ALLIANCE, shared["id"]) == ()


async def test_time_and_standing_close() -> None:
    world, clock = await hand_world()
    terms = handling(retention_until=moment(START + timedelta(days=2)))
    kept = indicator(object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, ALLIANCE, terms, kept)
    assert (await verdict(world, NG, KE, ALLIANCE, kept["id"])).gets
    clock.go(days=3)
    assert await deciding(world, NG, KE, ALLIANCE, kept["id"]) == ["retention-over"]
    assert (await verdict(world, NG, NG, ALLIANCE, kept["id"])).gets
    await alter_organisation(world, "ke-cert", active=False)
    assert await deciding(world, NG, KE, ALLIANCE, kept["id"]) == ["suspended", "retention-over"]
    assert "suspended" in (await verdict(world, NG, KE, ALLIANCE, kept["id"])).because
    assert "agreement-over" in await deciding(world, NG, "lapsed/push", ALLIANCE, kept["id"])


async def test_operations_that_are_over_close() -> None:
    world, clock = await hand_world()
    shared = indicator(object_marking_refs=[GREEN])
    await keep(world, NG, OPERATION, shared)
    assert (await verdict(world, NG, KE, OPERATION, shared["id"])).gets
    await alter_collection(world, OPERATION, state="closed", archive_until=date(2026, 3, 10))
    assert (await verdict(world, NG, KE, OPERATION, shared["id"])).gets
    assert await deciding(world, NG, PARTNER, OPERATION, shared["id"]) == ["closed-to-partners"]
    clock.go(days=15)
    assert await deciding(world, NG, KE, OPERATION, shared["id"]) == ["archive-over"]


async def test_a_version_that_waits_leaves_the_one_before() -> None:
    """Embargoed, then published by the scheduler."""
    world, clock = await hand_world()
    terms = handling(embargo_until=moment(START + timedelta(days=2)))
    shown = indicator()
    newer = later(shown, 5, object_marking_refs=[GREEN, terms["id"]])
    await keep(world, NG, ALLIANCE, terms, shown, newer)
    found = await verdict(world, NG, KE, ALLIANCE, shown["id"])
    assert (found.gets, found.version) == (True, shown["modified"])
    assert found.because.startswith("until it is published")
    assert [(each.version, each.fate, each.state) for each in found.versions] == [
        (newer["modified"], Fate.CLOSED, "embargoed"),
        (shown["modified"], Fate.SHOWN, "published"),
    ]
    clock.go(days=3)
    await publish(world.exchange)
    found = await verdict(world, NG, KE, ALLIANCE, shown["id"])
    assert (found.version, found.because) == (newer["modified"], "")
    assert [each.fate for each in found.versions] == [Fate.SHOWN, Fate.OLDER]


async def test_named_recipients_pass() -> None:
    world, _ = await hand_world()
    secret = indicator(object_marking_refs=[RED])
    await keep(world, NG, NATIONAL, secret)
    assert await deciding(world, NG, KE, NATIONAL, secret["id"]) == ["red-not-named"]
    assert (await verdict(world, NG, "ng-cert/desk", NATIONAL, secret["id"])).gets


async def test_what_was_deleted_is_told_to_its_originator_alone() -> None:
    world, _ = await hand_world()
    gone = indicator()
    await keep(world, NG, ALLIANCE, gone)
    await delete(world, NG, ALLIANCE, gone["id"])
    found = await verdict(world, NG, KE, ALLIANCE, gone["id"])
    assert (found.gets, found.because, only(found.versions).fate) == (False, "it was deleted", Fate.DELETED)
    with pytest.raises(NotFound):
        await verdict(world, CURATOR, KE, ALLIANCE, gone["id"])


async def test_what_is_held_is_told_to_its_originator_alone() -> None:
    world, _ = await hand_world()
    officer = await hire(world, "secretariat", "compliance", "compliance")
    held = indicator()
    await keep(world, NG, ALLIANCE, held)
    assert (await verdict(world, CURATOR, KE, ALLIANCE, held["id"])).gets
    await hold(world.exchange, officer, ALLIANCE, held["id"], (HoldReason.ACCURACY, START + timedelta(days=3)))
    assert await deciding(world, NG, KE, ALLIANCE, held["id"]) == ["held"]
    for client in (CURATOR, officer):
        with pytest.raises(NotFound):
            await verdict(world, client, KE, ALLIANCE, held["id"])


# ---- quarantine and release


async def test_in_an_intake_curators_and_the_partner_are_told() -> None:
    world, _ = await hand_world()
    pushed = indicator()
    await keep(world, PARTNER, INTAKE, pushed)
    for asker in (CURATOR, PARTNER):
        found = await verdict(world, asker, KE, INTAKE, pushed["id"])
        assert (found.reads, policies(only(found.versions))) == (False, ["quarantined"])
        assert only(found.versions).state == "quarantined"
        assert only(found.versions).by == "vendor"
        assert (await verdict(world, asker, PARTNER, INTAKE, pushed["id"])).gets


async def test_a_released_copy_is_explained_where_it_stands() -> None:
    world, _ = await hand_world()
    pushed = indicator(object_marking_refs=[STRICT])
    await keep(world, PARTNER, INTAKE, pushed)
    with pytest.raises(NotFound):
        await verdict(world, CURATOR, KE, ALLIANCE, pushed["id"])
    await curate.release(world.exchange, CURATOR, INTAKE, [pushed["id"]], None)
    found = await verdict(world, CURATOR, KE, ALLIANCE, pushed["id"])
    assert (found.gets, only(found.versions).by) == (True, "vendor")
    assert await deciding(world, CURATOR, FEED, ALLIANCE, pushed["id"]) == ["constituency-to-amber"]
    with pytest.raises(NotFound):  # the partner has no part in that collection
        await verdict(world, PARTNER, KE, ALLIANCE, pushed["id"])
    await alter_collection(world, ALLIANCE, readers=["group:members", "group:secretariat", "org:vendor"])
    assert (await verdict(world, PARTNER, KE, ALLIANCE, pushed["id"])).gets


# ---- references


async def test_a_target_that_withholds_is_named_to_who_sees_it() -> None:
    world, _ = await new_world()
    target = closed(indicator())
    link = linked(target)
    await keep(world, NG, ALLIANCE, target, link)
    for asker in (NG, OPERATOR):
        found = await verdict(world, asker, KE, ALLIANCE, link["id"])
        told = only(found.versions)
        assert (found.gets, told.fate, told.refers_to, policies(told)) == (False, Fate.WITHHELD, (target["id"],), ["not-listed"])
        assert target["id"] in found.because
    with pytest.raises(NotFound):  # who is withheld from cannot ask
        await verdict(world, CURATOR, KE, ALLIANCE, link["id"])


async def test_a_target_that_is_hidden_from_the_one_who_asks_is_not_named() -> None:
    """Kenya referred to what Nigeria then closed to all but Nigeria: Kenya is told that this withholds it, but not by what."""
    world, _ = await new_world()
    target = indicator(created_by_ref=NG_IDENTITY)
    link = linked(target)
    await keep(world, NG, ALLIANCE, target)
    await keep(world, KE, ALLIANCE, link)
    assert (await verdict(world, KE, EDITOR, ALLIANCE, link["id"])).gets
    await keep(world, NG, ALLIANCE, closed(later(target, 2)))
    found = await verdict(world, KE, EDITOR, ALLIANCE, link["id"])
    assert (found.because, only(found.versions).refers_to) == (HIDDEN_TARGET, ())
    assert target["id"] not in str(found)
    assert "not-listed" not in str(found)
    assert (await verdict(world, KE, KE, ALLIANCE, link["id"])).gets
    assert only((await verdict(world, OPERATOR, EDITOR, ALLIANCE, link["id"])).versions).refers_to == (target["id"],)


async def test_a_deleted_target_is_not_named() -> None:
    """Case 6: it still withholds; but nobody sees it any more."""
    world, _ = await new_world()
    target = closed(indicator())
    link = linked(target)
    await keep(world, NG, ALLIANCE, target, link)
    await delete(world, NG, ALLIANCE, target["id"])
    found = await verdict(world, NG, KE, ALLIANCE, link["id"])
    assert (found.because, only(found.versions).fate) == (HIDDEN_TARGET, Fate.WITHHELD)


# ---- several contributions under one id


async def shared_by_two(world: World) -> dict[str, Any]:
    """An observable that Nigeria sent first, and Kenya after it."""
    address = observable()
    await keep(world, NG, ALLIANCE, address)
    await keep(world, KE, ALLIANCE, address)
    return address


async def test_which_contribution_is_shown_instead() -> None:
    world, _ = await hand_world()
    address = await shared_by_two(world)
    by = {each.by: each for each in (await verdict(world, OPERATOR, KE, ALLIANCE, address["id"])).versions}
    assert (by["ke-cert"].fate, by["ng-cert"].fate) == (Fate.SHOWN, Fate.REPLACED)
    assert only(by["ng-cert"].grounds).meaning.startswith("its own organisation's contribution")
    by = {each.by: each for each in (await verdict(world, OPERATOR, EDITOR, ALLIANCE, address["id"])).versions}
    assert (by["ng-cert"].fate, by["ke-cert"].fate) == (Fate.SHOWN, Fate.REPLACED)
    assert only(by["ke-cert"].grounds).meaning.startswith("the earlier contribution under this id, by ng-cert")
    await delete(world, KE, ALLIANCE, address["id"])
    found = await verdict(world, OPERATOR, KE, ALLIANCE, address["id"])
    assert found.gets is False
    assert "its own organisation deleted its contribution" in found.because


async def test_another_contribution_that_may_be_read_is_told_without_its_author() -> None:
    world, _ = await hand_world()
    address = await shared_by_two(world)
    found = await verdict(world, NG, KE, ALLIANCE, address["id"])
    assert (found.gets, only(found.versions).fate) == (False, Fate.REPLACED)
    assert found.because == "another contribution under this id, which you may read too, is shown to it instead"
    assert (await verdict(world, NG, EDITOR, ALLIANCE, address["id"])).gets
    found = await verdict(world, CURATOR, EDITOR, ALLIANCE, address["id"])
    assert [(each.fate, each.by, each.originator) for each in found.versions] == [(Fate.REPLACED, "", ""), (Fate.SHOWN, "", "")]


async def test_a_registered_originators_goes_first() -> None:
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    await keep(world, NG, ALLIANCE, owned)
    by = {each.by: each for each in (await verdict(world, NG, EDITOR, ALLIANCE, owned["id"])).versions}
    assert (by["ng-cert"].fate, by["ke-cert"].fate) == (Fate.SHOWN, Fate.REPLACED)
    assert only(by["ke-cert"].grounds).meaning.startswith("the registered originator's contribution under this id, by ng-cert")


async def test_a_contribution_that_is_hidden_from_the_one_who_asks_does_not_count() -> None:
    """It is not told that somebody else has something under the id."""
    world, _ = await new_world()
    address = observable()
    await keep(world, KE, ALLIANCE, closed(address, FOR_KENYA))
    await keep(world, NG, ALLIANCE, address)
    before = await verdicts(world, NG, "ke-cert", ALLIANCE, address["id"])
    assert {each.client for each in before if each.gets} == {KE, VIEWER}
    by = {each.by: each.fate for each in (await verdict(world, OPERATOR, KE, ALLIANCE, address["id"])).versions}
    assert by == {"ke-cert": Fate.SHOWN, "ng-cert": Fate.REPLACED}
    await delete(world, KE, ALLIANCE, address["id"])
    assert await verdicts(world, NG, "ke-cert", ALLIANCE, address["id"]) == before


async def test_what_an_originator_adds_to_a_relayed_copy_is_not_told_to_the_relayer() -> None:
    """Case 14: the relayer learns that the copy is closed, the originator by what."""
    world, _ = await hand_world()
    owned = indicator(created_by_ref=NG_IDENTITY)
    await keep(world, KE, ALLIANCE, owned)
    terms = handling(NG_IDENTITY, releasable_to=["jur:NG"])
    await keep(world, NG, ALLIANCE, terms, later(owned, 2, object_marking_refs=[GREEN, terms["id"]]))
    found = await verdict(world, KE, EDITOR, ALLIANCE, owned["id"])
    told = only(found.versions)
    assert (found.because, told.fate, told.terms) == (UNTOLD, Fate.CLOSED, ())
    by = {each.by: each for each in (await verdict(world, NG, EDITOR, ALLIANCE, owned["id"])).versions}
    assert policies(by["ke-cert"]) == policies(by["ng-cert"]) == ["not-listed"]


# ---- who may ask


NOBODY: dict[str, Callable[[World], Awaitable[str]]] = {}


def asker(make: Callable[[World], Awaitable[str]]) -> Callable[[World], Awaitable[str]]:
    NOBODY[make.__name__.replace("_", " ").strip()] = make
    return make


@asker
async def _another_member(_: World) -> str:
    return KE


@asker
async def _another_members_curator(world: World) -> str:
    return await hire(world, "ke-cert", "curator", "reader", "contributor", "curator", "auditor")


@asker
async def _the_originators_reader(_: World) -> str:
    return "ng-cert/opencti"


@asker
async def _the_originators_constituency_feed(world: World) -> str:
    return await hire(world, "ng-cert", "loud-feed", "reader", "contributor", "curator", "auditor", scope="constituency")


@asker
async def _the_secretariats_auditor(world: World) -> str:
    return await hire(world, "secretariat", "auditor", "reader", "auditor", "compliance", "dpo", "admin")


@asker
async def _a_partner(_: World) -> str:
    return PARTNER


@asker
async def _a_suspended_member(_: World) -> str:
    return "xx-cert/misp"


@pytest.mark.parametrize("name", NOBODY)
async def test_to_everybody_else_the_object_does_not_exist(name: str) -> None:
    """Case 25: hidden and unknown are one answer."""
    world, _ = await hand_world()
    shared = indicator(object_marking_refs=[CLEAR])
    await keep(world, NG, ALLIANCE, shared)
    client = await NOBODY[name](world)
    for path, identifier in ((ALLIANCE, shared["id"]), (ALLIANCE, indicator()["id"]), ("members/nowhere", shared["id"])):
        with pytest.raises(NotFound) as refused:
            await verdicts(world, client, "ng-cert", path, identifier)
        assert str(refused.value) == NOTHING_HERE


async def test_to_the_originator_it_is_told_until_he_is_suspended() -> None:
    """Case 34."""
    world, _ = await hand_world()
    auditor = await hire(world, "ng-cert", "auditor", "auditor")
    shared = indicator(object_marking_refs=[CLEAR])
    await keep(world, NG, ALLIANCE, shared)
    for client in (NG, "ng-cert/sensor", auditor):
        assert await verdicts(world, client, "ke-cert", ALLIANCE, shared["id"])
    await alter_organisation(world, "ng-cert", active=False)
    for client in (NG, auditor):
        with pytest.raises(NotFound):
            await verdicts(world, client, "ke-cert", ALLIANCE, shared["id"])
    with pytest.raises(Unauthenticated):
        await verdicts(world, "ng-cert/nobody", "ke-cert", ALLIANCE, shared["id"])


async def test_whoever_sits_at_the_machine_needs_an_object_too() -> None:
    world, _ = await hand_world()
    for path in (ALLIANCE, "members/nowhere"):
        with pytest.raises(NotFound):
            await verdicts(world, OPERATOR, KE, path, indicator()["id"])


# ---- standing restrictions


async def test_a_standing_restriction_is_told_to_its_originator_alone() -> None:
    """To a curator all is said as if there were none, also where it closes something."""
    world, _ = await hand_world()
    shared = indicator()
    await keep(world, NG, ALLIANCE, shared)
    before = await verdicts(world, CURATOR, "ke-cert", ALLIANCE, shared["id"])
    await alter_organisation(world, "ng-cert", withhold_from=frozenset({"jur:KE"}))
    for asker in (NG, OPERATOR):
        assert await deciding(world, asker, KE, ALLIANCE, shared["id"]) == ["withheld"]
    assert await verdicts(world, CURATOR, "ke-cert", ALLIANCE, shared["id"]) == before
    await alter_organisation(world, "ng-cert", withhold_from=frozenset({"group:secretariat"}))
    with pytest.raises(NotFound):
        await verdicts(world, CURATOR, "ke-cert", ALLIANCE, shared["id"])


async def test_nor_is_it_told_through_what_an_object_refers_to() -> None:
    world, _ = await hand_world()
    target = indicator(created_by_ref=NG_IDENTITY)
    link = linked(target)
    await keep(world, NG, ALLIANCE, target)
    await keep(world, KE, ALLIANCE, link)
    before = await verdict(world, KE, EDITOR, ALLIANCE, link["id"])
    await alter_organisation(world, "ng-cert", withhold_from=frozenset({"group:secretariat"}))
    assert await verdict(world, KE, EDITOR, ALLIANCE, link["id"]) == before
    assert not (await verdict(world, OPERATOR, EDITOR, ALLIANCE, link["id"])).gets
