"""What a worker does that goes by an alliance which is no longer in force: it judges again, some times, and then refuses. It never answers by the old one."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from deeds import EVERY, at, delete, hand_world, keep
from worlds import World, indicator

from app.errors import EpochMoved, StoreUnavailable
from app.sharing import add, curate, door, read, review
from app.sharing.exchange import Exchange, Force, InForce
from app.taxii.query import Endpoint, ObjectQuery

NG, CURATOR = "ng-cert/misp", "secretariat/curator"
ALLIANCE, INTAKE = "members/alliance", "intake/vendor"
KEPT = indicator()


class Stuck(InForce):
    """Knows one alliance, and asks for no other. `asked`: how often it was asked."""

    def __init__(self, force: Force) -> None:
        self._stuck = force
        self.asked = 0

    async def now(self) -> Force:
        """The alliance that was in force."""
        self.asked += 1
        return self._stuck


async def stuck_world() -> tuple[World, Stuck]:
    """A worker that does not learn of the alliance in force, and an object."""
    world, _ = await hand_world()
    await keep(world, NG, ALLIANCE, KEPT)
    force = await world.exchange.force.now()
    await world.exchange.store.transact(lambda tx: tx.adopt(b"{}", "another"))
    stuck = Stuck(force)
    return World(replace(world.exchange, force=stuck)), stuck


DEEDS: dict[str, Callable[[Exchange], Awaitable[object]]] = {
    "read": lambda exchange: read.read(exchange, NG, at(ALLIANCE), ObjectQuery(), Endpoint.OBJECTS),
    "add": lambda exchange: add.add(exchange, NG, at(ALLIANCE), b'{"objects": [{}]}'),
    "delete": lambda exchange: delete(World(exchange), NG, ALLIANCE, str(KEPT["id"]), EVERY),
    "review": lambda exchange: review.review(exchange, CURATOR, INTAKE),
    "release": lambda exchange: curate.release(exchange, CURATOR, INTAKE, [str(KEPT["id"])], ALLIANCE),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_a_worker_that_never_learns_of_a_reload_refuses(deed: str) -> None:
    """Case 38: neither an answer under the old rules nor a request without end."""
    world, stuck = await stuck_world()
    with pytest.raises(StoreUnavailable, match="the alliance changed each time"):
        await DEEDS[deed](world.exchange)
    assert stuck.asked == door.TRIES


async def test_whoever_learns_of_it_goes_on_under_the_new_rules() -> None:
    """The last try counts."""
    tries = 0

    async def once() -> int:
        nonlocal tries
        tries += 1
        if tries < door.TRIES:
            raise EpochMoved("not yet")
        return tries

    assert await door.under_one_alliance(once) == door.TRIES
