"""A small alliance in memory, and a real server over it on a loopback socket: what tests through HTTP stand on.

The world: two members under different jurisdictions (`ng-cert`, `ke-cert`), one suspended (`xx-cert`), a partner (`vendor`) and one whose agreement is
over (`lapsed`), the secretariat. Collections of every kind, and a pool of empty ones (`scratch`) so that each test can have its own.
"""

import asyncio
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import httpx
import orjson
import uvicorn

from app.access.alliance import Alliance, ApiRoot, Client, Collection, Group, Organisation
from app.access.cedar import CedarJudge
from app.api import FaceSettings, create_app
from app.bootstrap import Settings
from app.clock import Clock, system_clock
from app.sharing import administer
from app.sharing.exchange import Exchange, InForce, Limits
from app.sharing.quota import Quotas
from app.store.contract import Store
from app.store.dates import TrustedClock
from app.store.memory import MemoryStore
from app.taxii.media import TAXII

T = TypeVar("T")

POLICIES = Path(__file__).parents[1] / "policies"
FEW, MANY = 4, 250
"""Empty collections: in a small world, and behind the server that all conformance tests share."""

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that never need it: made once, since reading the machine's certificates takes longer than many a test."""

CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
STRICT = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"

NG_IDENTITY = "identity--0f9d4a40-1d8b-4a3e-8a53-6a4f1c1f0a01"


def collection_id(name: str) -> UUID:
    """A version 4 UUID that is the same in every run."""
    return UUID(bytes=uuid5(NAMESPACE_URL, f"legation:{name}").bytes, version=4)


def _client(*roles: str, **more: Any) -> Client:
    return Client.model_validate({"roles": roles, **more})


def _collection(path: str, kind: str, owner: str, **more: Any) -> Collection:
    root, _, name = path.partition("/")
    values = {"root": root, "name": name, "id": collection_id(path), "title": name.replace("-", " "), "kind": kind, "owner": owner}
    return Collection.model_validate(values | more)


ORGANISATIONS = {
    "ng-cert": Organisation.model_validate({
        "kind": "member", "name": "Nigeria CERT", "jurisdiction": "NG", "identities": [NG_IDENTITY],
        "clients": {
            "misp": _client("reader", "contributor", "releaser"),
            "desk": _client("reader", "red-reader"),
            "feed": _client("reader", scope="constituency"),
            "sensor": _client("contributor"),
            "opencti": _client("reader", compatibility=["millisecond-dates", "spec-version-first"]),
            "elastic": _client("reader", compatibility=["empty-objects-list"]),
            "sso": _client("reader", subjects=["national-sso/analyst-7"]),
            "auditor": _client("auditor"),
        },
    }),
    "ke-cert": Organisation.model_validate({
        "kind": "member", "name": "Kenya CERT", "jurisdiction": "KE",
        "clients": {"misp": _client("reader", "contributor"), "viewer": _client("reader"), "auditor": _client("auditor")},
    }),
    "xx-cert": Organisation.model_validate({
        "kind": "member", "name": "Suspended CERT", "jurisdiction": "XX", "active": False,
        "clients": {"misp": _client("reader", "contributor"), "auditor": _client("auditor")},
    }),
    "vendor": Organisation.model_validate({
        "kind": "partner", "name": "Vendor", "clients": {"push": _client("reader", "contributor"), "auditor": _client("auditor")},
    }),
    "lapsed": Organisation.model_validate({
        "kind": "partner", "name": "Former partner", "agreement_until": date(2020, 1, 31), "clients": {"push": _client("reader", "contributor")},
    }),
    "secretariat": Organisation.model_validate({
        "kind": "secretariat", "name": "Secretariat",
        "clients": {"curator": _client("reader", "curator"), "editor": _client("reader", "contributor"), "auditor": _client("auditor")},
    }),
}  # fmt: skip
ROOTS = {
    "members": ApiRoot(title="Members", description="What members share", default=True, max_content_length=200_000),
    "exchange": ApiRoot(title="Exchange"),
    "intake": ApiRoot(title="Intake"),
    "operations": ApiRoot(title="Operations"),
    "public": ApiRoot(title="Public"),
    "scratch": ApiRoot(title="Scratch"),
}
MEMBERS = ["group:members"]
COLLECTIONS = (
    _collection("members/ng-indicators", "national", "ng-cert", readers=MEMBERS, writers=["org:ng-cert"], unmarked="amber",
                description="Indicators of Nigeria.", red_recipients=["user:ng-cert/desk"]),
    _collection("members/alliance", "alliance", "secretariat", readers=[*MEMBERS, "group:secretariat"], writers=MEMBERS, unmarked="green", relay=True),
    _collection("members/bulletin", "alliance", "secretariat", readers=MEMBERS, writers=["org:secretariat"], unmarked="green"),
    _collection("members/dropbox", "alliance", "secretariat", readers=["org:ke-cert"], writers=["org:ng-cert"], unmarked="green"),
    _collection("members/strict", "alliance", "secretariat", readers=MEMBERS, writers=MEMBERS, custom="refuse", ceiling="amber"),
    _collection("exchange/knowledge", "alliance", "secretariat", readers=[*MEMBERS, "group:partners"], writers=MEMBERS, ceiling="green", unmarked="green"),
    _collection("intake/vendor", "intake", "secretariat", readers=["org:vendor"], writers=["org:vendor"], unmarked="amber",
                release_to=["members/alliance"]),
    _collection("operations/afjoc", "operation", "secretariat", readers=["org:ng-cert", "org:ke-cert"], writers=["org:ng-cert"], unmarked="amber"),
    _collection("public/advisories", "public", "secretariat", readers=["public"], writers=["org:secretariat"], ceiling="clear", unmarked="clear"),
)  # fmt: skip


def scratch(count: int) -> tuple[Collection, ...]:
    """Empty collections, `scratch/c000` and so on."""
    return tuple(
        _collection(f"scratch/c{number:03}", "alliance", "secretariat", readers=MEMBERS, writers=MEMBERS, unmarked="green")
        for number in range(count)
    )


def alliance(pool: int = FEW, **changes: Any) -> Alliance:
    """The world's alliance with `pool` empty collections, some of its parts replaced."""
    whole = Alliance(
        organisations=ORGANISATIONS,
        groups={"certs": Group(name="CERTs", members=frozenset({"ng-cert", "ke-cert"}))},
        roots=ROOTS,
        collections=(*COLLECTIONS, *scratch(pool)),
        policies={path.name: path.read_text() for path in sorted(POLICIES.glob("*.cedar"))},
        policy_schema=(POLICIES / "schema.cedarschema").read_text(),
    )
    return whole.model_copy(update=changes)


CLIENTS = tuple(f"{name}/{client}" for name, organisation in ORGANISATIONS.items() for client in organisation.clients)


@dataclass
class World:
    """An exchange over one store, and a token for each client."""

    exchange: Exchange
    pool: int = FEW
    tokens: dict[str, str] = field(default_factory=dict)


async def build(
    store: Store, *, clock: Clock = system_clock, limits: Limits | None = None, quotas: Quotas | None = None, pool: int = FEW
) -> World:
    """The world over an open store: its alliance in force, its tokens issued."""
    exchange = Exchange(store, InForce(store, CedarJudge), clock, limits=limits or Limits(), quotas=quotas or Quotas())
    await administer.adopt(exchange, alliance(pool))
    world = World(exchange, pool)
    for client in CLIENTS:
        world.tokens[client] = (await administer.issue_token(exchange, client, None)).token
    return world


async def memory_world(**settings: Any) -> World:
    """The world in memory."""
    return await build(MemoryStore(TrustedClock(settings.get("clock", system_clock))), **settings)


class Waits:
    """Stands for sleeping: remembers for how long, and does not."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Take note and go on."""
        self.seconds.append(seconds)


class Server:
    """The application behind a real socket: its address, its tokens, and a way to run deeds on its event loop."""

    def __init__(self, world: World, url: str, loop: asyncio.AbstractEventLoop, waits: Waits) -> None:
        self.world = world
        self.url = url
        self.waits = waits
        self._loop = loop
        self._fresh = itertools.count()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for plain sockets."""
        parts = httpx.URL(self.url)
        return parts.host, parts.port or 0

    def run(self, deed: Coroutine[Any, Any, T]) -> T:
        """What `deed` returns, run beside the requests."""
        return asyncio.run_coroutine_threadsafe(deed, self._loop).result(timeout=30)

    def visitor(self, client: str = "", **headers: str) -> httpx.Client:
        """An HTTP client with the token of `client`; without credentials for the anonymous public."""
        proof = {"Authorization": f"Bearer {self.world.tokens[client]}"} if client else {}
        return httpx.Client(base_url=self.url, headers={"Accept": TAXII, **proof, **headers}, timeout=30, trust_env=False, verify=NO_TLS)

    def fresh_collection(self) -> str:
        """The path of a collection that nothing was written to, readable and writable for all members."""
        number = next(self._fresh)
        assert number < self.world.pool, "every empty collection is taken: make the pool larger"
        return f"/scratch/collections/{collection_id(f'scratch/c{number:03}')}/"


MakeWorld = Callable[[], Coroutine[Any, Any, World]]


@contextmanager
def serving(make: MakeWorld = memory_world, operator: Settings | None = None, **settings: Any) -> Iterator[Server]:
    """A server over a world that `make` builds on the server's own loop, as `legation serve` runs it. `settings` are those of the face."""
    from app.cli.worker import configuration

    web_settings = operator or Settings(store="memory:")
    scheme = "http" if web_settings.ssl_certfile is None else "https"

    waits = Waits()
    face = FaceSettings(**{"public_url": "https://taxii.example.org", "api_key_header": "X-API-Key", "sleep": waits} | settings)
    started: SimpleQueue[tuple[Server, uvicorn.Server] | BaseException] = SimpleQueue()
    # Named as TCP, so that connections are served without waiting to fill packets.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        async def serve() -> None:
            try:
                world = await make()
            except BaseException as error:
                started.put(error)
                raise
            web = uvicorn.Server(configuration(web_settings, create_app(world.exchange, face)))
            host, port = listener.getsockname()
            started.put((Server(world, f"{scheme}://{host}:{port}", asyncio.get_running_loop(), waits), web))
            await web.serve(sockets=[listener])
            await world.exchange.store.close()

        thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
        thread.start()
        first = started.get(timeout=30)
        if isinstance(first, BaseException):
            raise first
        server, web = first
        try:
            yield server
        finally:
            web.should_exit = True
            thread.join(30)


NOW_TEXT = "2026-01-20T08:15:00.000Z"


def object_id(kind: str) -> str:
    """A fresh STIX id."""
    return f"{kind}--{uuid4()}"


def indicator(**changes: Any) -> dict[str, Any]:
    """An indicator under TLP:GREEN; None takes a property away."""
    whole = {
        "type": "indicator", "spec_version": "2.1", "id": object_id("indicator"), "created": NOW_TEXT, "modified": NOW_TEXT,
        "name": "Command server", "pattern": "[ipv4-addr:value = '198.51.100.7']", "pattern_type": "stix", "valid_from": NOW_TEXT,
        "object_marking_refs": [GREEN],
    }  # fmt: skip
    return {name: value for name, value in (whole | changes).items() if value is not None}


def identity(**changes: Any) -> dict[str, Any]:
    """An organisation's identity under TLP:GREEN."""
    whole = {
        "type": "identity", "spec_version": "2.1", "id": object_id("identity"), "created": NOW_TEXT, "modified": NOW_TEXT,
        "name": "Bank", "identity_class": "organization", "object_marking_refs": [GREEN],
    }  # fmt: skip
    return {name: value for name, value in (whole | changes).items() if value is not None}


def relationship(source: str, target: str, **changes: Any) -> dict[str, Any]:
    """A relationship under TLP:GREEN."""
    whole = {
        "type": "relationship", "spec_version": "2.1", "id": object_id("relationship"), "created": NOW_TEXT, "modified": NOW_TEXT,
        "relationship_type": "indicates", "source_ref": source, "target_ref": target, "object_marking_refs": [GREEN],
    }  # fmt: skip
    return {name: value for name, value in (whole | changes).items() if value is not None}


def observable(**changes: Any) -> dict[str, Any]:
    """An IPv4 address under TLP:GREEN, without spec_version, which observables need not have."""
    whole = {"type": "ipv4-addr", "id": object_id("ipv4-addr"), "value": "198.51.100.7", "object_marking_refs": [GREEN]}
    return {name: value for name, value in (whole | changes).items() if value is not None}


def envelope(*objects: Any) -> bytes:
    """An envelope of these objects; bytes among them stand as they are."""
    return b'{"objects":[%b]}' % b",".join(each if isinstance(each, bytes) else orjson.dumps(each) for each in objects)


def post(visitor: httpx.Client, collection: str, *objects: Any) -> dict[str, Any]:
    """Add objects, all of which must be taken; returns the status resource."""
    status = try_post(visitor, collection, *objects)
    assert status["failure_count"] == 0, status
    return status


def try_post(visitor: httpx.Client, collection: str, *objects: Any) -> dict[str, Any]:
    """Add objects, some of which may be refused; returns the status resource."""
    answer = visitor.post(f"{collection}objects/", content=envelope(*objects), headers={"Content-Type": TAXII})
    assert answer.status_code == 202, answer.text
    status: dict[str, Any] = answer.json()
    return status


def ids(answer: httpx.Response) -> list[str]:
    """The ids on a page of objects or manifest, in order."""
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json().get("objects", [])]
