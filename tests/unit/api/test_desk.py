"""The application as ASGI sees it: what is told to the observer, and what is no HTTP request."""

from typing import Any

import httpx
import pytest
import worlds
from worlds import TAXII, World, collection_id, envelope, indicator

from app.api import FaceSettings, create_app
from app.api.observe import KEY, Observed
from app.api.routes import ROUTES, methods_by_path

PLACE = "/members/collections/alliance/"


@pytest.fixture
async def world() -> World:
    return await worlds.memory_world()


async def told(world: World, method: str, path: str, client: str = "", body: bytes | None = None) -> Observed:
    """What the face told of one request."""
    app = create_app(world.exchange, FaceSettings("https://taxii.example.org", sleep=worlds.Waits()))
    seen = Observed()

    async def observing(scope: Any, receive: Any, send: Any) -> None:
        scope[KEY] = seen
        await app(scope, receive, send)

    headers = {"Authorization": f"Bearer {world.tokens[client]}"} if client else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(observing), base_url="http://x") as visitor:
        await visitor.request(method, path, content=body, headers={"Accept": TAXII, "Content-Type": TAXII, **headers})
    return seen


async def test_what_is_told_of_a_request(world: World) -> None:
    """The client once it is known, the collection once it is proven to be one, numbers of objects."""
    added = indicator()
    written = await told(world, "POST", f"{PLACE}objects/", "ng-cert/misp", envelope(added, {"type": "indicator"}))
    assert written == Observed(client="ng-cert/misp", collection="members/alliance", added=1, failed=1)
    by_id = f"/members/collections/{collection_id('members/alliance')}/objects/"
    assert await told(world, "GET", by_id, "ke-cert/viewer") == Observed(
        client="ke-cert/viewer", collection=f"members/{collection_id('members/alliance')}", served=1
    )
    assert await told(world, "GET", f"{PLACE}manifest/", "ke-cert/viewer") == Observed(
        client="ke-cert/viewer", collection="members/alliance"
    )
    assert await told(world, "DELETE", f"{PLACE}objects/{added['id']}/", "ng-cert/misp") == Observed(
        client="ng-cert/misp", collection="members/alliance"
    )


@pytest.mark.parametrize("path", ["/members/collections/lgt_secret/objects/", "/members/status/lgt_secret/", "/lgt_secret/"])
async def test_what_somebody_typed_is_not_told(world: World, path: str) -> None:
    assert await told(world, "GET", path, "vendor/push") == Observed(client="vendor/push")
    assert await told(world, "GET", path) == Observed()


def test_every_path_has_its_methods() -> None:
    paths = methods_by_path()
    assert sum(len(methods) for methods in paths.values()) == len(ROUTES) + sum(route.method == "GET" for route in ROUTES)
    assert all(path.startswith("/") and path.endswith("/") for path in paths)
