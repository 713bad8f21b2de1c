"""TAXII 2.1 §4.1, §4.2: discovery and API roots."""

from typing import Any

import httpx
import pytest
import worlds
from worlds import TAXII, Server, envelope, indicator

from app.sharing import administer


def test_discovery_lists_what_the_client_may_use(server: Server, ng: httpx.Client, vendor: httpx.Client) -> None:
    """T-4.1-01, T-4.1-03, T-4.1.1-01, T-4.1.1-02, T-4.1.1-03, T-4.1.1-06, T-4.1.1-07, T-8.2.1-01, T-8.2.1-02, C6: own roots, absolute https."""
    found = ng.get("/taxii2/").json()
    assert found["title"] == "Legation"
    assert found["api_roots"] == [
        f"https://taxii.example.org/{name}/" for name in ("exchange", "members", "operations", "public", "scratch")
    ]
    assert found["default"] == "https://taxii.example.org/members/"
    assert vendor.get("/taxii2/").json()["api_roots"] == [f"https://taxii.example.org/{name}/" for name in ("exchange", "intake", "public")]
    assert "default" not in vendor.get("/taxii2/").json()


def test_the_public_sees_public_roots(anonymous: httpx.Client) -> None:
    """DESIGN 9: without credentials, public roots only; the one root is the default."""
    assert anonymous.get("/taxii2/").json() == {
        "title": "Legation",
        "default": "https://taxii.example.org/public/",
        "api_roots": ["https://taxii.example.org/public/"],
    }


def test_behind_plain_http_roots_are_relative() -> None:
    """T-4.1.1-03, T-4.1.1-04, T-4.1.1-05: from the public URL, never from the Host header."""
    lies = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    settings = {"public_url": "http://localhost:9000", "description": "Sharing", "contact": "ops@example.org"}
    with worlds.serving(**settings) as server, server.visitor("ng-cert/misp") as ng:
        found = ng.get("/taxii2/", headers=lies).json()
    assert found["api_roots"] == ["/exchange/", "/members/", "/operations/", "/public/", "/scratch/"]
    assert found["default"] == "/members/"
    assert (found["description"], found["contact"]) == ("Sharing", "ops@example.org")
    assert all(each.startswith("/") and not each.startswith("//") and "?" not in each for each in found["api_roots"])


def test_without_public_roots_the_public_gets_401() -> None:
    """DESIGN 9, T-4.1-02."""

    async def closed() -> worlds.World:
        world = await worlds.memory_world()
        collections = tuple(each for each in worlds.COLLECTIONS if each.root != "public")
        await administer.adopt(world.exchange, worlds.alliance(collections=collections))
        return world

    with worlds.serving(closed) as server, server.visitor() as anonymous:
        assert anonymous.get("/taxii2/").status_code == 401
        assert anonymous.get("/taxii2/").content == anonymous.get("/members/").content


def test_a_client_without_anything_finds_an_empty_server(server: Server) -> None:
    """T-4.1.1-06: the list is left out; a suspended organisation finds nothing at all."""
    with server.visitor("xx-cert/misp") as suspended:
        assert suspended.get("/taxii2/").json() == {"title": "Legation"}
        assert suspended.get("/public/").status_code == 404


def test_discovery_fails_as_the_table_says(ng: httpx.Client) -> None:
    """T-4.1-02."""
    assert ng.get("/taxii2/", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert ng.get("/taxii2/", headers={"Accept": "application/taxii+json;version=2.0"}).status_code == 406


def test_an_api_root(ng: httpx.Client) -> None:
    """T-4.2-01, T-4.2-02, T-4.2.1-01 to T-4.2.1-04, C8."""
    assert ng.get("/members/").json() == {
        "title": "Members",
        "description": "What members share",
        "versions": [TAXII],
        "max_content_length": 200_000,
    }
    assert ng.get("/exchange/").json() == {"title": "Exchange", "versions": [TAXII], "max_content_length": 10 * 1024 * 1024}


@pytest.mark.parametrize("root", ["nowhere", "intake", "Members", "members%20"])
def test_an_unknown_api_root(ng: httpx.Client, anonymous: httpx.Client, root: str) -> None:
    """T-4.2-03, T-4.2-04: also one that holds nothing for the client."""
    for path in (f"/{root}/", f"/{root}/collections/"):
        assert ng.get(path).status_code == 404
        assert anonymous.get(path).status_code == 401
    assert ng.get(f"/{root}/").content == ng.get("/nowhere/").content


def _padded(size: int) -> bytes:
    """An envelope of exactly `size` octets."""
    bare = envelope(indicator(name=""))
    return bare.replace(b'"name":""', b'"name":"%b"' % (b"x" * (size - len(bare))))


@pytest.mark.parametrize("chunked", [False, True])
def test_max_content_length_is_true_to_the_octet(ng: httpx.Client, chunked: bool) -> None:  # noqa: FBT001
    """T-4.2.1-05, T-5.5-05, C8, C28: that size passes, one octet more is 413, announced or not."""
    largest = ng.get("/members/").json()["max_content_length"]
    for size, status in ((largest, 202), (largest + 1, 413), (largest * 5, 413)):
        body: Any = _padded(size)
        assert len(body) == size
        answer = ng.post(
            "/members/collections/alliance/objects/",
            content=(body[start : start + 50_000] for start in range(0, size, 50_000)) if chunked else body,
            headers={"Content-Type": TAXII},
        )
        assert (answer.status_code, answer.headers["content-type"]) == (status, TAXII), size
