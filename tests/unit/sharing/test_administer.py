"""Tokens and the alliance in force (DESIGN 3, 9; access-policy cases 24, 38)."""

from datetime import timedelta

import pytest
from deeds import delete, hand_world, ids, keep, only
from worlds import STRICT, World, indicator

from app.access.alliance import Alliance
from app.access.cedar import CedarJudge
from app.access.credentials import PREFIX, digest, is_well_formed, mint
from app.access.principal import Scope
from app.errors import ConfigurationError, Unauthenticated
from app.sharing import administer, identify

NATIONAL = "members/ng-indicators"
NG, FEED, KE = "ng-cert/misp", "ng-cert/feed", "ke-cert/misp"


async def test_a_token_is_shown_once_and_kept_as_a_digest() -> None:
    world, _ = await hand_world()
    issued = await administer.issue_token(world.exchange, NG, None)
    assert issued.token.startswith(PREFIX)
    assert ":" not in issued.token
    assert await identify.by_token(world.exchange, issued.token) == NG
    assert issued.token not in repr(await administer.tokens(world.exchange))
    assert digest(issued.token) in repr(await administer.tokens(world.exchange))


async def test_several_tokens_of_a_client_live_side_by_side_until_revoked() -> None:
    """Rotation: issue the new one, move the tool, revoke the old one."""
    world, _ = await hand_world()
    old, new = [await administer.issue_token(world.exchange, NG, None) for _ in range(2)]
    assert {await identify.by_token(world.exchange, each.token) for each in (old, new)} == {NG}
    assert await administer.revoke_token(world.exchange, old.id)
    assert not await administer.revoke_token(world.exchange, old.id)
    assert not await administer.revoke_token(world.exchange, "nothing")
    with pytest.raises(Unauthenticated):
        await identify.by_token(world.exchange, old.token)
    assert await identify.by_token(world.exchange, new.token) == NG


async def test_a_token_expires() -> None:
    world, clock = await hand_world()
    issued = await administer.issue_token(world.exchange, NG, timedelta(days=1))
    assert issued.expires is not None
    clock.go(hours=23)
    assert await identify.by_token(world.exchange, issued.token) == NG
    clock.go(hours=1)
    with pytest.raises(Unauthenticated):
        await identify.by_token(world.exchange, issued.token)


@pytest.mark.parametrize(
    "wrong",
    ["", "lgt_", mint(), mint()[:-1], mint() + "x", "Bearer", "\u00fc" * 53],
    ids=["empty", "prefix", "never issued", "short", "long", "word", "not ascii"],
)
async def test_wrong_tokens_are_all_refused_alike(wrong: str) -> None:
    world, _ = await hand_world()
    with pytest.raises(Unauthenticated, match="not accepted"):
        await identify.by_token(world.exchange, wrong)


def test_a_checksum_tells_a_token_from_noise() -> None:
    token = mint()
    assert is_well_formed(token)
    assert not is_well_formed(token[:-1] + ("A" if token[-1] != "A" else "B"))
    assert not is_well_formed("x" + token[1:])


async def test_a_token_of_a_client_that_is_gone_opens_nothing() -> None:
    world, _ = await hand_world()
    issued = await administer.issue_token(world.exchange, KE, None)
    before = (await world.exchange.force.now()).alliance
    await administer.adopt(world.exchange, await _without(world, "ke-cert"))
    with pytest.raises(Unauthenticated):
        await identify.by_token(world.exchange, issued.token)
    await administer.adopt(world.exchange, before)
    with pytest.raises(Unauthenticated):
        await identify.by_token(world.exchange, issued.token)


async def test_tokens_are_issued_to_clients_that_exist() -> None:
    world, _ = await hand_world()
    with pytest.raises(ConfigurationError, match="no client"):
        await administer.issue_token(world.exchange, "ng-cert/nobody", None)


async def test_the_last_use_is_written_down_at_most_once_a_minute() -> None:
    world, clock = await hand_world()
    issued = await administer.issue_token(world.exchange, NG, None)

    async def used() -> object:
        return only([each.last_used for each in await administer.tokens(world.exchange) if each.id == issued.id])

    assert await used() == 0
    clock.go(minutes=2)
    await identify.by_token(world.exchange, issued.token)
    first = await used()
    clock.go(seconds=30)
    await identify.by_token(world.exchange, issued.token)
    assert await used() == first
    clock.go(minutes=1)
    await identify.by_token(world.exchange, issued.token)
    assert await used() != first


async def test_a_subject_of_a_known_issuer_is_its_client() -> None:
    world, _ = await hand_world()
    assert await identify.by_subject(world.exchange, "national-sso", "analyst-7") == "ng-cert/sso"
    for issuer, subject in (("national-sso", "analyst-8"), ("other", "analyst-7")):
        with pytest.raises(Unauthenticated):
            await identify.by_subject(world.exchange, issuer, subject)


async def test_adopting_the_same_alliance_changes_nothing() -> None:
    world, _ = await hand_world()
    alliance = (await world.exchange.force.now()).alliance
    adopted = await administer.adopt(world.exchange, Alliance.model_validate_json(alliance.to_document()))
    assert not adopted.changed
    assert adopted.epoch == (await world.exchange.force.now()).epoch


async def test_a_reload_tells_who_gains_and_who_loses_sight() -> None:
    """Case 24: who gains starts over to get what is older than his position."""
    world, _ = await hand_world()
    await keep(world, NG, NATIONAL, indicator(object_marking_refs=[STRICT]), indicator())
    alliance = (await world.exchange.force.now()).alliance
    feed = alliance.organisations["ng-cert"].clients["feed"].model_copy(update={"scope": Scope.ORGANISATION})
    clients = {**alliance.organisations["ng-cert"].clients, "feed": feed}
    changed = alliance.organisations["ng-cert"].model_copy(update={"clients": clients, "withhold_from": frozenset({"org:ke-cert"})})
    new = alliance.model_copy(update={"organisations": {**alliance.organisations, "ng-cert": changed}})
    sight = await administer.compare(world.exchange, Alliance.model_validate_json(new.to_document()))
    assert administer.SightChange(FEED, NATIONAL, "TLP:AMBER+STRICT") in sight.gains
    assert administer.SightChange(KE, NATIONAL, "TLP:GREEN, TLP:AMBER+STRICT") in sight.losses
    adopted = await administer.adopt(world.exchange, Alliance.model_validate_json(new.to_document()))
    assert adopted.start_over == (FEED,)
    assert await ids(world, KE, NATIONAL) == []
    assert len(await ids(world, FEED, NATIONAL)) == 2


def _changed(alliance: Alliance, **parts: object) -> Alliance:
    """As it would be read from files: nothing that was derived from the former goes along."""
    return Alliance.model_validate_json(alliance.model_copy(update=parts).to_document())


async def test_only_what_can_have_changed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a title nor one client's role makes a reload ask about everybody; a policy, or a standing restriction, does."""
    world, _ = await hand_world()
    await keep(world, NG, NATIONAL, indicator(object_marking_refs=[STRICT]))
    alliance = (await world.exchange.force.now()).alliance
    asked: set[str] = set()
    decide_many = CedarJudge.decide_many
    monkeypatch.setattr(
        CedarJudge,
        "decide_many",
        lambda judge, questions, now: (asked.update(each.principal.organisation for each in questions), decide_many(judge, questions, now))[
            1
        ],
    )
    retitled = tuple(each.model_copy(update={"title": f"{each.title} now"}) for each in alliance.collections)
    assert await administer.compare(world.exchange, _changed(alliance, collections=retitled)) == administer.Sight((), ())
    assert asked == set()
    own = alliance.organisations["ng-cert"]
    feed = own.clients["feed"].model_copy(update={"scope": Scope.ORGANISATION})
    opened = {**alliance.organisations, "ng-cert": own.model_copy(update={"clients": {**own.clients, "feed": feed}})}
    sight = await administer.compare(world.exchange, _changed(alliance, organisations=opened))
    assert administer.SightChange(FEED, NATIONAL, "TLP:AMBER+STRICT") in sight.gains
    assert asked == {"ng-cert"}
    renamed = {**alliance.policies, "zz.cedar": next(iter(alliance.policies.values()))}
    del renamed[next(iter(alliance.policies))]
    assert await administer.compare(world.exchange, _changed(alliance, policies=renamed)) == administer.Sight((), ())
    assert {"ng-cert", "ke-cert"} < asked


async def test_a_collection_that_goes_and_one_that_comes_are_told() -> None:
    world, _ = await hand_world()
    alliance = (await world.exchange.force.now()).alliance
    new = alliance.model_copy(update={"collections": tuple(each for each in alliance.collections if each.path != NATIONAL)})
    sight = await administer.compare(world.exchange, Alliance.model_validate_json(new.to_document()))
    assert administer.SightChange(KE, NATIONAL, "the collection") in sight.losses
    assert sight.gains == ()


async def test_policies_that_cannot_be_used_are_refused_and_the_old_ones_go_on() -> None:
    world, _ = await hand_world()
    force = await world.exchange.force.now()
    broken = force.alliance.model_copy(update={"policies": {**force.alliance.policies, "read.cedar": "permit (nonsense"}})
    with pytest.raises(ConfigurationError):
        await administer.adopt(world.exchange, broken)
    assert (await world.exchange.force.now()).epoch == force.epoch
    await keep(world, NG, NATIONAL, indicator())
    assert len(await ids(world, KE, NATIONAL)) == 1


async def _without(world: World, organisation: str) -> Alliance:
    alliance = (await world.exchange.force.now()).alliance
    return alliance.model_copy(
        update={"organisations": {name: each for name, each in alliance.organisations.items() if name != organisation}}
    )


async def test_only_labels_in_use_count_for_a_reload() -> None:
    world, _ = await hand_world()
    gone = indicator(object_marking_refs=[STRICT])
    await keep(world, NG, NATIONAL, gone)
    await delete(world, NG, NATIONAL, gone["id"])
    adopted = (await world.exchange.force.now()).alliance
    changed = adopted.organisations["ng-cert"].model_copy(update={"withhold_from": frozenset({"jur:KE"})})
    sight = await administer.compare(
        world.exchange, adopted.model_copy(update={"organisations": {**adopted.organisations, "ng-cert": changed}})
    )
    assert sight.losses == ()
