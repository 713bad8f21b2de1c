"""Who saw (DESIGN 8), where collections come and go. Who is told what is proven in tests/property/test_who_saw.py."""

import pytest
from deeds import at, hand_world, keep, only
from worlds import GREEN, World, indicator

from app.configuration import carry_retired
from app.errors import NotFound
from app.sharing import administer, read
from app.sharing.who_saw import Portion, who_saw
from app.taxii.query import Endpoint, ObjectQuery

ALLIANCE = "members/alliance"
NG, KE, AUDITOR, SECRETARY, STRANGER = "ng-cert/misp", "ke-cert/misp", "ng-cert/auditor", "secretariat/auditor", "ke-cert/auditor"


async def remove_collection(world: World, path: str) -> str:
    """Reload without a collection; its id."""
    alliance = (await world.exchange.force.now()).alliance
    gone = only(each for each in alliance.collections if each.path == path)
    left = tuple(each.model_copy(update={"release_to": ()}) for each in alliance.collections if each.path != path)
    await administer.adopt(world.exchange, carry_retired(alliance.model_copy(update={"collections": left}), alliance))
    return gone.key


async def test_deliveries_from_a_collection_that_left_the_alliance_are_still_told() -> None:
    """To its originator's auditors and to the secretariat's; to nobody else."""
    world, _ = await hand_world()
    shared = indicator(object_marking_refs=[GREEN])
    await keep(world, NG, ALLIANCE, shared)
    await read.read(world.exchange, KE, at(ALLIANCE), ObjectQuery(), Endpoint.OBJECTS)
    before = only((await who_saw(world.exchange, AUDITOR, shared["id"], Portion())).received)
    key = await remove_collection(world, ALLIANCE)
    for client in (AUDITOR, SECRETARY):
        told = only((await who_saw(world.exchange, client, shared["id"], Portion())).received)
        assert (told.collection, told.client, told.delivered, told.epoch) == (key, KE, before.delivered, before.epoch)
    with pytest.raises(NotFound):
        await who_saw(world.exchange, STRANGER, shared["id"], Portion())
