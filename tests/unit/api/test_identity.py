"""From headers to clients, where it does not need a socket: signed tokens, and what no log may show (DESIGN 9)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import worlds
from worlds import TAXII, World

from app.api import FaceSettings, create_app
from app.api.identity import Proof
from app.errors import Unauthenticated

SIGNED = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbmFseXN0LTcifQ.c2lnbmF0dXJl"


async def verify(token: str) -> tuple[str, str]:
    """An issuer that signed one token, for a subject that it may or may not share with the alliance."""
    subjects = {SIGNED: "analyst-7", f"{SIGNED}x": "analyst-8"}
    if token not in subjects:
        raise Unauthenticated("the token has expired: ask its issuer for a new one")
    return "national-sso", subjects[token]


@pytest.fixture
async def world() -> World:
    return await worlds.memory_world()


@pytest.fixture
def visitor(world: World) -> Callable[..., httpx.AsyncClient]:
    def make(**settings: Any) -> httpx.AsyncClient:
        face = FaceSettings(**{"public_url": "https://taxii.example.org", "sleep": worlds.Waits()} | settings)
        transport = httpx.ASGITransport(create_app(world.exchange, face))
        return httpx.AsyncClient(transport=transport, base_url="http://x", headers={"Accept": TAXII})

    return make


@pytest.mark.parametrize("scheme", ["Bearer", "Token", "bearer"])
async def test_a_signed_token_stands_for_the_client_of_its_subject(visitor: Callable[..., httpx.AsyncClient], scheme: str) -> None:
    """DESIGN 9: sent as Bearer or Token."""
    async with visitor(verifier=verify) as client:
        answer = await client.get("/members/", headers={"Authorization": f"{scheme} {SIGNED}"})
    assert answer.status_code == 200


async def test_a_signed_token_may_come_as_api_key(visitor: Callable[..., httpx.AsyncClient]) -> None:
    async with visitor(verifier=verify, api_key_header="X-Key") as client:
        assert (await client.get("/members/", headers={"X-Key": SIGNED})).status_code == 200
        assert (await client.get("/members/", headers={"X-API-Key": SIGNED})).status_code == 401


async def test_tokens_of_our_own_work_beside_it(world: World, visitor: Callable[..., httpx.AsyncClient]) -> None:
    async with visitor(verifier=verify) as client:
        answer = await client.get("/members/", headers={"Authorization": f"Bearer {world.tokens['ng-cert/misp']}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("token", "told"),
    [
        (f"{SIGNED}x", "these credentials are not accepted"),
        (f"{SIGNED}y", "the token has expired: ask its issuer for a new one"),
    ],
    ids=["unknown subject", "expired"],
)
async def test_a_signed_token_that_does_not_hold_is_401_with_the_reason(
    visitor: Callable[..., httpx.AsyncClient], token: str, told: str
) -> None:
    async with visitor(verifier=verify) as client:
        answer = await client.get("/public/", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["description"]) == (401, told)


async def test_without_a_verifier_signed_tokens_are_as_wrong_as_any(visitor: Callable[..., httpx.AsyncClient]) -> None:
    async with visitor() as client:
        assert (await client.get("/members/", headers={"Authorization": f"Bearer {SIGNED}"})).status_code == 401


async def test_delays_go_by_the_address_behind_trusted_proxies(visitor: Callable[..., httpx.AsyncClient]) -> None:
    """DESIGN 9: two clients behind one proxy do not wait for each other's mistakes."""
    waits = worlds.Waits()
    async with visitor(sleep=waits, trusted_proxies=("127.0.0.1",)) as client:
        for source in ("203.0.113.1", "203.0.113.1", "203.0.113.2"):
            await client.get("/members/", headers={"Authorization": "Bearer wrong", "X-Forwarded-For": source})
    first, second, other = waits.seconds
    assert first == other < second


def test_a_proof_shows_nothing_of_itself() -> None:
    assert "secret" not in repr(Proof("secret", "secret-user"))
