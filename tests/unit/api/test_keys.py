"""Keys of OpenID Connect issuers, fetched from a real issuer on loopback (DESIGN 9)."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import pytest
import structlog
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from app.access import bearer
from app.access.alliance import Issuer
from app.api import keys
from app.api.keys import Bearers, fetch
from app.errors import Unauthenticated

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
FIRST = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
SECOND = ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})


class LoopbackIssuer:
    """An OpenID Connect issuer: signs tokens and publishes its keys over HTTP."""

    def __init__(self) -> None:
        issuer = self
        self.published: list[Any] = [FIRST]
        self.answer: tuple[int, bytes, dict[str, str]] | None = None
        self.requests = 0
        self.gate: threading.Event | None = None

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests += 1
                if issuer.gate is not None:
                    issuer.gate.wait(10)
                status, body, headers = issuer.answer or (200, issuer.document(), {})
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the library
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing of callers that hang up."""

        self.server = Server(("127.0.0.1", 0), Page)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/keys"

    def document(self) -> bytes:
        """The key set that it publishes now."""
        return json.dumps({"keys": [key.as_dict(private=False) for key in self.published]}).encode()

    def entry(self) -> Issuer:
        """How the alliance knows it."""
        return Issuer(issuer="https://id.example", audience="legation", keys=self.url)

    def close(self) -> None:
        """Stop answering."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def token(key: Any = FIRST, kid: str | None = None, algorithm: str | None = None, **claims: object) -> str:
    """A token of the issuer; `claims` replace its own, None removes."""
    seconds = int(NOW.timestamp())
    body: dict[str, object] = {"iss": "https://id.example", "aud": "legation", "sub": "misp", "exp": seconds + 60, **claims}
    head = {"alg": algorithm or ("ES256" if key is SECOND else "RS256"), "kid": kid or key.kid}
    return jwt.encode(head, {name: value for name, value in body.items() if value is not None}, key, algorithms=[str(head["alg"])])


@pytest.fixture
def issuer() -> Iterator[LoopbackIssuer]:
    """A running issuer."""
    running = LoopbackIssuer()
    yield running
    running.close()


class Seconds:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.value = 1000.0

    def __call__(self) -> float:
        """What it shows."""
        return self.value


@pytest.fixture
def seconds() -> Seconds:
    """The clock by which keys grow old."""
    return Seconds()


@pytest.fixture
def bearers(seconds: Seconds) -> Bearers:
    """What is tested."""
    return Bearers(lambda: NOW, now=seconds)


async def is_believed(bearers: Bearers, credential: str, entry: Issuer) -> bool:
    try:
        found = await bearers.verify(credential, {"ministry": entry})
    except Unauthenticated as refusal:
        text = str(refusal)
    else:
        return found == ("ministry", "misp")
    assert credential[:20] not in text
    return False


async def settle(bearers: Bearers, entry: Issuer) -> None:
    """Let a fetch that runs beside the requests come to its end."""
    task = bearers._published[entry.keys].task
    if task is not None:
        await task


async def test_a_token_is_believed_and_its_keys_are_fetched_once(bearers: Bearers, issuer: LoopbackIssuer) -> None:
    for _ in range(3):
        assert await is_believed(bearers, token(), issuer.entry())
    assert issuer.requests == 1


async def test_many_first_tokens_share_one_fetch(bearers: Bearers, issuer: LoopbackIssuer) -> None:
    answers = await asyncio.gather(*(is_believed(bearers, token(), issuer.entry()) for _ in range(20)))
    assert all(answers)
    assert issuer.requests == 1


async def test_a_caller_that_goes_away_does_not_take_the_fetch_from_the_others(bearers: Bearers, issuer: LoopbackIssuer) -> None:
    issuer.gate = threading.Event()
    gone, staying = (asyncio.create_task(is_believed(bearers, token(), issuer.entry())) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    issuer.gate.set()
    assert await staying
    assert issuer.requests == 1


async def test_a_new_key_works_from_its_first_token_on(bearers: Bearers, issuer: LoopbackIssuer, seconds: Seconds) -> None:
    assert await is_believed(bearers, token(), issuer.entry())
    issuer.published = [SECOND]
    seconds.value += keys.PAUSE
    assert await is_believed(bearers, token(SECOND), issuer.entry())
    assert not await is_believed(bearers, token(FIRST), issuer.entry()), "the key was withdrawn"
    assert issuer.requests == 2


async def test_a_flood_of_invented_keys_costs_one_fetch_a_minute(bearers: Bearers, issuer: LoopbackIssuer, seconds: Seconds) -> None:
    assert await is_believed(bearers, token(), issuer.entry())
    for minute in range(1, 4):
        seconds.value += keys.PAUSE
        assert not any([await is_believed(bearers, token(kid=f"invented-{n}"), issuer.entry()) for n in range(10)])
        assert issuer.requests == 1 + minute
        assert await is_believed(bearers, token(), issuer.entry()), "right tokens pass meanwhile"


async def test_a_withdrawn_key_is_forgotten_after_ten_minutes(bearers: Bearers, issuer: LoopbackIssuer, seconds: Seconds) -> None:
    assert await is_believed(bearers, token(), issuer.entry())
    issuer.published = [SECOND]
    seconds.value += keys.FRESH
    assert await is_believed(bearers, token(), issuer.entry()), "answered from what is kept, while the set is fetched"
    await settle(bearers, issuer.entry())
    assert not await is_believed(bearers, token(), issuer.entry())


async def test_a_signature_is_computed_once_for_a_token(bearers: Bearers, issuer: LoopbackIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """But another token, another alliance's issuer and another set of keys each have it computed anew."""
    proofs: list[str] = []
    proven = bearer.proven
    monkeypatch.setattr(bearer, "proven", lambda *asked: (proofs.append(asked[0]), proven(*asked))[1])
    credential, entry = token(), issuer.entry()
    assert await is_believed(bearers, credential, entry)
    assert await is_believed(bearers, credential, entry)
    assert len(proofs) == 1
    assert await is_believed(bearers, credential, entry.model_copy())
    assert len(proofs) == 2
    assert not await is_believed(bearers, credential[:-2] + "AA", entry)
    assert len(proofs) == 3


async def test_a_token_that_was_proven_once_is_not_believed_for_ever(issuer: LoopbackIssuer, seconds: Seconds) -> None:
    """Neither past its end, nor when its key was withdrawn, nor when the alliance demands another audience."""
    now = [NOW]
    bearers = Bearers(lambda: now[0], now=seconds)
    credential, entry = token(), issuer.entry()
    assert await is_believed(bearers, credential, entry)
    assert not await is_believed(bearers, credential, entry.model_copy(update={"audience": "somebody else"}))
    assert await is_believed(bearers, credential, entry)
    now[0] = NOW + timedelta(days=30)
    assert not await is_believed(bearers, credential, entry)
    now[0] = NOW
    issuer.published = [SECOND]
    seconds.value += keys.FRESH
    assert await is_believed(bearers, credential, entry)
    await settle(bearers, entry)
    assert not await is_believed(bearers, credential, entry)


async def test_an_issuer_that_withdraws_all_its_keys_is_obeyed(bearers: Bearers, issuer: LoopbackIssuer, seconds: Seconds) -> None:
    assert await is_believed(bearers, token(), issuer.entry())
    issuer.published = []
    seconds.value += keys.FRESH
    assert await is_believed(bearers, token(), issuer.entry())
    await settle(bearers, issuer.entry())
    assert not await is_believed(bearers, token(), issuer.entry())


async def test_kept_keys_serve_for_a_day_while_the_issuer_is_down(bearers: Bearers, issuer: LoopbackIssuer, seconds: Seconds) -> None:
    assert await is_believed(bearers, token(), issuer.entry())
    issuer.answer = (503, b"", {})
    seconds.value += keys.KEPT - 1
    with structlog.testing.capture_logs() as lines:
        assert await is_believed(bearers, token(), issuer.entry())
        await settle(bearers, issuer.entry())
    assert [line["event"] for line in lines] == ["keys_not_fetched"]
    assert await is_believed(bearers, token(), issuer.entry())
    seconds.value += 1
    assert not await is_believed(bearers, token(), issuer.entry())
    issuer.answer = None
    seconds.value += keys.PAUSE
    await is_believed(bearers, token(), issuer.entry())
    await settle(bearers, issuer.entry())
    assert await is_believed(bearers, token(), issuer.entry())


async def test_an_issuer_that_never_answered_is_asked_once_a_minute(bearers: Bearers, issuer: LoopbackIssuer, seconds: Seconds) -> None:
    issuer.answer = (500, b"", {})
    for _ in range(5):
        assert not await is_believed(bearers, token(), issuer.entry())
    assert issuer.requests == 1
    issuer.answer = None
    seconds.value += keys.PAUSE
    assert await is_believed(bearers, token(), issuer.entry())


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>please log in</html>", {}),
        (200, b'{"keys": [' + b" " * keys.LARGEST_SET + b"]}", {}),
        (302, b"", {"Location": "/elsewhere"}),
        (302, b"", {"Location": "file:///etc/hostname"}),
        (404, b'{"keys": []}', {}),
    ],
    ids=["a page", "too large", "redirect", "redirect to a file", "not found"],
)
async def test_whatever_is_no_key_set_leaves_the_kept_one(
    bearers: Bearers, issuer: LoopbackIssuer, seconds: Seconds, answer: tuple[int, bytes, dict[str, str]]
) -> None:
    assert await is_believed(bearers, token(), issuer.entry())
    issuer.answer = answer
    seconds.value += keys.FRESH
    assert await is_believed(bearers, token(), issuer.entry())
    await settle(bearers, issuer.entry())
    assert issuer.requests == 2
    assert await is_believed(bearers, token(), issuer.entry())


async def test_an_issuer_whose_machine_is_gone_lets_nobody_in(bearers: Bearers) -> None:
    gone = LoopbackIssuer()
    gone.close()
    assert not await is_believed(bearers, token(), gone.entry())


def test_a_dripping_issuer_is_cut_off(issuer: LoopbackIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "PATIENCE", 0.05)
    issuer.gate = threading.Event()
    with pytest.raises((TimeoutError, URLError)):
        fetch(issuer.url)
    issuer.gate.set()


def test_a_set_that_arrives_too_slowly_is_refused(issuer: LoopbackIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, keys.PATIENCE + 1])
    monkeypatch.setattr(keys, "time", SimpleNamespace(monotonic=lambda: next(times, keys.PATIENCE + 1)))
    with pytest.raises(TimeoutError, match="within"):
        fetch(issuer.url)


async def test_keys_from_elsewhere_over_plain_http_are_never_asked_for(seconds: Seconds) -> None:
    asked: list[str] = []

    def record(url: str) -> bytes:
        asked.append(url)
        return b""

    bearers = Bearers(lambda: NOW, record, seconds)
    for location in ("http://id.example/keys", "file:///etc/hostname", "keys.json"):
        entry = Issuer(issuer="https://id.example", audience="legation", keys=location)
        assert not await is_believed(bearers, token(), entry)
    assert asked == []


async def test_keys_held_by_the_alliance_need_no_network(bearers: Bearers) -> None:
    held = bearer.embedded(json.dumps({"keys": [FIRST.as_dict(private=False)]}).encode())
    entry = Issuer(issuer="https://id.example", audience="legation", keys=held)
    assert await is_believed(bearers, token(), entry)
    assert not await is_believed(bearers, token(SECOND), entry)
    assert not await is_believed(bearers, token(), entry.model_copy(update={"keys": "{broken"}))


async def test_the_issuer_is_found_by_what_the_token_says(bearers: Bearers, issuer: LoopbackIssuer) -> None:
    other = Issuer(issuer="https://other.example", audience="legation", keys="{}")
    assert await bearers.verify(token(), {"other": other, "ministry": issuer.entry()}) == ("ministry", "misp")
    with pytest.raises(Unauthenticated, match="does not know"):
        await bearers.verify(token(), {"other": other})
    with pytest.raises(Unauthenticated, match="does not know"):
        await bearers.verify(token(), {})


async def test_locations_that_the_alliance_left_are_forgotten(bearers: Bearers, issuer: LoopbackIssuer) -> None:
    assert await is_believed(bearers, token(), issuer.entry())
    moved = issuer.entry().model_copy(update={"keys": issuer.url + "/new"})
    assert await is_believed(bearers, token(), moved)
    assert list(bearers._published) == [moved.keys]


WRONG: dict[str, str] = {
    "audience": token(aud="warehouse"),
    "issuer": token(iss="https://id.example/"),
    "expired": token(exp=int(NOW.timestamp()) - 61),
    "no expiry": token(exp=None),
    "algorithm": token(algorithm="PS256"),
    "shared secret": token(OctKey.generate_key(256), kid="first", algorithm="HS256"),
    "stranger's key": token(RSAKey.generate_key(2048), kid="first"),
}


@pytest.mark.parametrize("credential", WRONG.values(), ids=WRONG)
async def test_a_wrong_token_is_refused(bearers: Bearers, issuer: LoopbackIssuer, credential: str) -> None:
    assert not await is_believed(bearers, credential, issuer.entry())


async def test_a_key_for_encryption_signs_nothing(bearers: Bearers, issuer: LoopbackIssuer) -> None:
    issuer.published = [RSAKey.import_key({**FIRST.as_dict(private=False), "use": "enc"}), SECOND]
    assert not await is_believed(bearers, token(), issuer.entry())
    assert await is_believed(bearers, token(SECOND), issuer.entry())
