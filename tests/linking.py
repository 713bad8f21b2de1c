"""Objects that refer to each other in the small alliance: closed to all but one country, linked, polled for, and opened by the jobs that writes leave."""

from typing import Any

from deeds import HandClock, at, hand_world, handling, keep, rows
from worlds import AMBER, World, object_id, relationship

from app.sharing import read
from app.sharing.journal import run_jobs
from app.taxii.query import EVERY, LATEST, Endpoint, ObjectQuery, Versions

ALLIANCE = "members/alliance"
NG, KE = "ng-cert/misp", "ke-cert/misp"
Content = dict[str, Any]
FOR_NIGERIA, FOR_KENYA = handling(releasable_to=["jur:NG"]), handling(releasable_to=["jur:KE"])


async def open_all(world: World, batch: int = 500) -> int:
    """Work on the jobs that writes left until there are none; how many rows came anew."""
    done, more = 0, True
    while more:
        round_ = await run_jobs(world.exchange, batch)
        done, more = done + round_.done, round_.more
    return done


async def new_since(world: World, client: str, since: int) -> list[str]:
    """The ids that a poll from this position on brings."""
    query = ObjectQuery(after=since, versions=EVERY, has_versions=True)
    return [entry.object_id for entry in (await read.read(world.exchange, client, at(ALLIANCE), query, Endpoint.MANIFEST)).page.entries]


async def newest(world: World, client: str) -> int:
    """The date_added that the client has reached."""
    query = ObjectQuery(versions=EVERY, has_versions=True)
    return max(entry.date_added for entry in (await read.read(world.exchange, client, at(ALLIANCE), query, Endpoint.MANIFEST)).page.entries)


def linked(target: Content, **changes: Any) -> Content:
    """A relationship from an object to one that nobody has."""
    return relationship(target["id"], object_id("malware"), **changes)


def closed(content: Content, terms: Content = FOR_NIGERIA) -> Content:
    """The content for the eyes of one country."""
    return content | {"object_marking_refs": [AMBER, terms["id"]]}


async def new_world() -> tuple[World, HandClock]:
    """The small alliance, with the terms by which objects are closed."""
    world, clock = await hand_world()
    await keep(world, NG, ALLIANCE, FOR_NIGERIA)
    await keep(world, KE, ALLIANCE, FOR_KENYA)
    return world, clock


async def shown(world: World, client: str, versions: Versions = LATEST) -> list[str]:
    """The ids that the client reads, row by row, terms apart."""
    return [each for each, _ in await rows(world, client, ALLIANCE, versions) if each not in {FOR_NIGERIA["id"], FOR_KENYA["id"]}]
