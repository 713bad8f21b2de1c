"""Deeds done straight on an exchange in memory, for tests of what they mean: a clock to set, envelopes to add, pages to read."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from worlds import RED, World, build, indicator, object_id

from app.access.alliance import Client
from app.clock import timestamp
from app.sharing import add, administer, read, remove
from app.sharing.exchange import Address, Limits
from app.sharing.explain import Inquiry, explain
from app.sharing.quota import Quotas
from app.stix.markings import HANDLING_EXTENSION
from app.store.contract import Entry
from app.store.dates import TrustedClock
from app.store.memory import MemoryStore
from app.taxii.cursor import decode
from app.taxii.query import EVERY, Endpoint, ObjectQuery, Versions
from app.taxii.resources import Status

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class HandClock:
    """A clock that is set by hand, wall and monotonic side alike."""

    def __init__(self) -> None:
        self.instant = START

    def __call__(self) -> datetime:
        """The instant it was set to."""
        return self.instant

    def monotonic(self) -> float:
        """Seconds since the start."""
        return (self.instant - START).total_seconds()

    def go(self, **span: float) -> None:
        """Let time pass."""
        self.instant += timedelta(**span)


async def hand_world(limits: Limits | None = None, quotas: Quotas | None = None) -> tuple[World, HandClock]:
    """The small alliance over the reference store, and the clock it goes by."""
    clock = HandClock()
    return await build(MemoryStore(TrustedClock(clock, clock.monotonic)), clock=clock, limits=limits, quotas=quotas), clock


def at(path: str) -> Address:
    """The address that `root/name` is."""
    root, _, name = path.partition("/")
    return Address(root, name)


async def put(world: World, client: str, path: str, *objects: dict[str, Any]) -> Status:
    """Add objects, whatever becomes of them."""
    return await add.add(world.exchange, client, at(path), b'{"objects":%b}' % orjson.dumps(objects))


async def keep(world: World, client: str, path: str, *objects: dict[str, Any]) -> Status:
    """Add objects, all of which must be taken."""
    status = await put(world, client, path, *objects)
    assert status.failure_count == 0, status.failures
    return status


async def refuse(world: World, client: str, path: str, *objects: dict[str, Any]) -> str:
    """Add objects of which the last must be refused; returns the reason."""
    status = await put(world, client, path, *objects)
    assert status.failures is not None, "nothing was refused"
    assert status.failures[-1].id == objects[-1]["id"], status.failures
    return status.failures[-1].message or ""


async def rows(world: World, client: str, path: str, versions: Versions | None = None, limit: int | None = None) -> list[tuple[str, str]]:
    """(id, version) of everything the client reads there, page by page, each page continuing by the cursor alone."""
    query = ObjectQuery(limit=limit) if versions is None else ObjectQuery(limit=limit, versions=versions, has_versions=True)
    found: list[tuple[str, str]] = []
    while True:
        answer = await read.read(world.exchange, client, at(path), query, Endpoint.OBJECTS)
        found += [name_of(entry) for entry in answer.page.entries]
        if answer.next is None:
            return found
        query = ObjectQuery(limit=limit, next=decode(answer.next))


def name_of(entry: Entry) -> tuple[str, str]:
    """Id and version of an object: its page holds it, and nothing beside it."""
    content = orjson.loads(entry.raw)
    return content["id"], content.get("modified") or content.get("created") or timestamp(entry.date_added)


async def ids(world: World, client: str, path: str) -> list[str]:
    """The ids that the client reads there."""
    return [object_id for object_id, _ in await rows(world, client, path)]


async def all_versions(world: World, client: str, path: str) -> list[tuple[str, str]]:
    """Every version that the client reads there."""
    return await rows(world, client, path, EVERY)


async def contents(world: World, client: str, path: str) -> list[dict[str, Any]]:
    """The objects that the client reads there."""
    answer = await read.read(world.exchange, client, at(path), ObjectQuery(), Endpoint.OBJECTS)
    return [orjson.loads(entry.raw) for entry in answer.page.entries]


async def delete(world: World, client: str, path: str, identifier: str, versions: Versions = EVERY) -> None:
    """Delete versions of an object."""
    await remove.remove(world.exchange, client, at(path), identifier, ObjectQuery(versions=versions, has_versions=True))


async def alter_collection(world: World, path: str, **changes: Any) -> None:
    """Reload with a collection that says something else."""
    alliance = (await world.exchange.force.now()).alliance
    altered = tuple(each.model_validate({**each.model_dump(), **changes}) if each.path == path else each for each in alliance.collections)
    await administer.adopt(world.exchange, alliance.model_copy(update={"collections": altered}))


async def alter_organisation(world: World, name: str, **changes: Any) -> None:
    """Reload with an organisation that says something else."""
    alliance = (await world.exchange.force.now()).alliance
    altered = alliance.organisations[name].model_copy(update=changes)
    await administer.adopt(world.exchange, alliance.model_copy(update={"organisations": {**alliance.organisations, name: altered}}))


async def alter_client(world: World, name: str, **changes: Any) -> None:
    """Reload with an `organisation/client` that says something else."""
    organisation, _, client = name.partition("/")
    clients = (await world.exchange.force.now()).alliance.organisations[organisation].clients
    await alter_organisation(world, organisation, clients={**clients, client: clients[client].model_copy(update=changes)})


def later(content: dict[str, Any], day: int, **changes: Any) -> dict[str, Any]:
    """A newer version of an object."""
    return {**content, "modified": f"2026-02-{day:02}T00:00:00.000Z", **changes}


def handling(originator: str | None = None, **terms: Any) -> dict[str, Any]:
    """A handling marking."""
    marking = {
        "type": "marking-definition", "spec_version": "2.1", "id": object_id("marking-definition"), "created": "2026-01-01T00:00:00.000Z",
        "extensions": {HANDLING_EXTENSION: {"extension_type": "property-extension", "handling_version": "1.0", **terms}},
    }  # fmt: skip
    return marking if originator is None else {**marking, "created_by_ref": originator}


def red(*recipients: str, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A TLP:RED indicator for named recipients, and the marking that names them."""
    marking = handling(recipients=list(recipients))
    return marking, indicator(object_marking_refs=[RED, marking["id"]], **changes)


def only(found: Sequence[Any] | Iterable[Any]) -> Any:
    """The one thing found."""
    (one,) = found
    return one


async def hire(world: World, organisation: str, name: str, *roles: str, **more: Any) -> str:
    """A further client of an organisation; returns its name."""
    alliance = (await world.exchange.force.now()).alliance
    employer = alliance.organisations[organisation]
    clients = {**employer.clients, name: Client.model_validate({"roles": roles, **more})}
    changed = {**alliance.organisations, organisation: employer.model_copy(update={"clients": clients})}
    await administer.adopt(world.exchange, alliance.model_copy(update={"organisations": changed}))
    return f"{organisation}/{name}"


def moment(instant: datetime) -> str:
    """An instant as objects write it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def level(world: World, path: str, identifier: str) -> str:
    """The TLP level at which the one version under an id stands."""
    verdict = only((await explain(world.exchange, Inquiry("", path, identifier), None)).verdicts)
    return only(verdict.versions).tlp
