"""One line and its figures for each request, and nothing in them that somebody may not see (DESIGN 2, promise 1)."""

import json
import logging
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog
from prometheus_client import CollectorRegistry, generate_latest

from app.access.credentials import mint
from app.api import observe as module
from app.api.asgi import Receive, Scope, Send
from app.api.observe import Metrics, configure_logging, observe, observed, route_of
from app.errors import ConfigurationError, StoreUnavailable

OBJECT = "indicator--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"
CONTENT = "the name of a victim"
TOKEN = mint()
SIGNED = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtaXNwIn0.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, show = root.handlers[:], root.level, warnings.showwarning
    yield
    logging.captureWarnings(capture=False)
    warnings.showwarning = show
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def metrics() -> Metrics:
    """Figures that start at nought."""
    return Metrics(CollectorRegistry())


Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """The lines written since the last look."""
    configure_logging("info", json=True)
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


async def answer(send: Send, *pieces: bytes, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


async def page(scope: Scope, send: Send) -> None:
    telling = observed(scope)
    telling.client, telling.collection, telling.served = "ng-cert/misp", "members/ng-indicators", 3
    await answer(send, b"x" * 100)


async def refused(scope: Scope, send: Send) -> None:
    await answer(send, scope["path"].encode(), status=int(scope["path"].split("/")[3]))


async def broken(scope: Scope, _send: Send) -> None:
    raise KeyError({"id": OBJECT, "name": CONTENT, "sent": dict(scope["headers"]).get(b"authorization")})


async def stored(scope: Scope, send: Send) -> None:
    telling = observed(scope)
    telling.added, telling.failed = 5, 2
    await answer(send, status=202)


async def long(_scope: Scope, send: Send) -> None:
    await answer(send, b"ab", b"c" * 10)


async def nowhere(_scope: Scope, send: Send) -> None:
    await answer(send, b"nothing", status=404)


async def unfit(_scope: Scope, send: Send) -> None:
    await answer(send, b"another method", status=405)


DESKS = {
    "/{root}/collections/{id}/objects/": {"GET": page, "POST": stored},
    "/{root}/collections/{id}/objects/{object}/": {"GET": broken},
    "/{root}/status/{id}/": {"GET": refused},
    "/healthz": {"GET": long},
    "/taxii2/": {"GET": long},
}


async def application(scope: Scope, _receive: Receive, send: Send) -> None:
    desks = DESKS.get(route_of(scope["path"]))
    desk = nowhere if desks is None else desks.get(scope["method"], unfit)
    await desk(scope, send)


def visitor(metrics: Metrics, peer: str = "192.0.2.7", **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(observe(application, metrics, **options), raise_app_exceptions=False, client=(peer, 40000))
    return httpx.AsyncClient(transport=transport, base_url="http://sharing.example")


def figure(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


OBJECTS = "/members/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/objects/"


async def test_a_request_leaves_one_line(metrics: Metrics, lines: Lines) -> None:
    times = iter([10.0, 10.25])
    async with visitor(metrics, now=lambda: next(times)) as client:
        answer = await client.get(OBJECTS, params={"match[id]": OBJECT})
    (line,) = lines()
    assert line.pop("at")
    assert line == {
        "event": "request",
        "level": "info",
        "source": "legation.requests",
        "request_id": answer.headers["x-request-id"],
        "method": "GET",
        "route": "/{root}/collections/{id}/objects/",
        "status": 200,
        "client": "ng-cert/misp",
        "collection": "members/ng-indicators",
        "milliseconds": 250.0,
        "octets": 100,
        "served": 3,
    }


async def test_figures_of_requests_and_objects(metrics: Metrics) -> None:
    async with visitor(metrics) as client:
        await client.get(OBJECTS)
        await client.get(OBJECTS)
        await client.post(OBJECTS)
        await client.request("BREW", OBJECTS)
    route = "/{root}/collections/{id}/objects/"
    assert figure(metrics, "legation_requests_total", route=route, method="GET", status="2xx") == 2
    assert figure(metrics, "legation_requests_total", route=route, method="POST", status="2xx") == 1
    assert figure(metrics, "legation_requests_total", route=route, method="other", status="4xx") == 1
    assert figure(metrics, "legation_request_seconds_count", route=route) == 4
    assert figure(metrics, "legation_objects_total", what="served") == 6
    assert figure(metrics, "legation_objects_total", what="added") == 5
    assert figure(metrics, "legation_objects_total", what="failed") == 2


@pytest.mark.parametrize(
    ("status", "reason", "names_peer"),
    [(401, "unauthenticated", True), (403, "denied", False), (404, "not found", False), (429, "quota", True)],
)
async def test_denials_are_counted_by_reason(metrics: Metrics, lines: Lines, status: int, reason: str, names_peer: bool) -> None:  # noqa: FBT001
    async with visitor(metrics) as client:
        await client.get(f"/members/status/{status}/")
    assert figure(metrics, "legation_denials_total", route="/{root}/status/{id}/", reason=reason) == 1
    (line,) = lines()
    assert line["client"] == "anonymous"
    assert line.get("peer") == ("192.0.2.7" if names_peer else None)


async def test_streamed_answers_are_counted_whole_and_probes_are_quiet(metrics: Metrics, lines: Lines) -> None:
    async with visitor(metrics) as client:
        await client.get("/healthz")
        assert lines() == []
        await client.get("/taxii2/")
    assert lines()[0]["octets"] == 12


async def test_a_failing_face_is_counted_and_told_without_what_it_was_about(metrics: Metrics, lines: Lines) -> None:
    async with visitor(metrics) as client:
        await client.get(OBJECTS + OBJECT + "/", headers={"Authorization": f"Bearer {TOKEN}"})
    route = "/{root}/collections/{id}/objects/{object}/"
    assert figure(metrics, "legation_requests_total", route=route, method="GET", status="5xx") == 1
    (line,) = lines()
    assert (line["level"], line["status"]) == ("error", 500)
    assert line["faults"][0]["type"] == "KeyError"
    assert any("test_observe.py" in frame and frame.endswith("broken") for frame in line["faults"][0]["frames"])
    assert "text" not in line["faults"][0]


async def test_a_client_that_leaves_is_counted_as_such(metrics: Metrics) -> None:
    async def silent(_scope: Any, _receive: Any, _send: Any) -> None:
        """Ends without an answer."""

    async with httpx.AsyncClient(transport=httpx.ASGITransport(observe(silent, metrics)), base_url="http://x") as client:
        with pytest.raises(AssertionError):
            await client.get("/taxii2/")
    assert figure(metrics, "legation_requests_total", route="/taxii2/", method="GET", status="none") == 1


async def test_what_is_no_request_passes_through(metrics: Metrics) -> None:
    seen: list[str] = []

    async def application(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        """Never called."""

    await observe(application, metrics)({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]


def test_telling_without_an_observer_is_harmless() -> None:
    scope: dict[str, Any] = {"type": "http"}
    observed(scope).served = 3
    assert observed(scope).served == 3


@pytest.mark.parametrize(
    ("peer", "sent", "is_kept"),
    [
        ("10.1.2.3", "edge-4711-abcdef", True),
        ("::1", "edge-4711-abcdef", True),
        ("192.0.2.7", "edge-4711-abcdef", False),
        ("unix:", "edge-4711-abcdef", False),
        ("10.1.2.3", "short", False),
        ("10.1.2.3", "x" * 65, False),
        ("10.1.2.3", "edge 4711 abcdef", False),
        ("10.1.2.3", TOKEN, False),
        ("10.1.2.3", SIGNED, False),
    ],
    ids=["network", "address", "stranger", "no address", "short", "long", "blanks", "token", "signed token"],
)
async def test_a_request_id_is_kept_from_trusted_proxies_only(metrics: Metrics, peer: str, sent: str, is_kept: bool) -> None:  # noqa: FBT001
    async with visitor(metrics, peer, trusted_proxies=("10.0.0.0/8", "::1")) as client:
        answer = await client.get("/taxii2/", headers={"X-Request-ID": sent})
    assert (answer.headers["x-request-id"] == sent) is is_kept
    if not is_kept:
        assert len(answer.headers["x-request-id"]) == 32


async def test_ids_of_strangers_are_never_kept_and_never_repeat(metrics: Metrics) -> None:
    async with visitor(metrics) as client:
        ids = {(await client.get("/taxii2/", headers={"X-Request-ID": "edge-4711-abcdef"})).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert "edge-4711-abcdef" not in ids


async def test_lines_written_meanwhile_carry_the_request(metrics: Metrics, lines: Lines) -> None:
    async def application(_scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        structlog.get_logger().warning("store_is_slow")
        logging.getLogger("some.library").warning("retrying %s", TOKEN)
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    async with httpx.AsyncClient(transport=httpx.ASGITransport(observe(application, metrics)), base_url="http://x") as client:
        answer = await client.get("/taxii2/")
    found = lines()
    assert [line["event"] for line in found] == ["store_is_slow", "retrying [withheld]", "request"]
    assert {line["request_id"] for line in found} == {answer.headers["x-request-id"]}


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/taxii2/", "/taxii2/"),
        ("/taxii2", "/taxii2/"),
        ("/members/", "/{root}/"),
        ("/members/status/1/", "/{root}/status/{id}/"),
        ("/members/collections", "/{root}/collections/"),
        ("/members/collections/1/", "/{root}/collections/{id}/"),
        ("/members/collections/1/manifest/", "/{root}/collections/{id}/manifest/"),
        ("/members/collections/1/objects", "/{root}/collections/{id}/objects/"),
        (f"/members/collections/1/objects/{OBJECT}/", "/{root}/collections/{id}/objects/{object}/"),
        (f"/members/collections/1/objects/{OBJECT}/versions/", "/{root}/collections/{id}/objects/{object}/versions/"),
        ("/healthz", "/healthz"),
        ("/", "other"),
        ("/openapi.json", "other"),
        ("/lgt_x/", "other"),
        ("/members/collections/1/objects/2/versions/3", "other"),
        ("/members/secrets/1/", "other"),
        ("/" * 5000, "other"),
    ],
    ids=str,
)
def test_shapes_of_paths_are_a_closed_list(path: str, shape: str) -> None:
    assert route_of(path) == shape


def fail(cause: Exception) -> None:
    raise StoreUnavailable(f"cannot write {OBJECT}") from cause


@pytest.mark.parametrize("json_lines", [True, False], ids=["json", "text"])
async def test_canary(metrics: Metrics, capsys: pytest.CaptureFixture[str], json_lines: bool) -> None:  # noqa: FBT001
    """No token, object id or content reaches a line or a figure, wherever a client puts them, whatever breaks."""
    configure_logging("debug", json_lines)
    canaries = (TOKEN, SIGNED, OBJECT, CONTENT, "bWlzcDp0aGlzLWlzLWEtc2VjcmV0")
    places = [
        f"/{TOKEN}/",
        f"/members/collections/{TOKEN}/objects/{OBJECT}/",
        f"/members/collections/{OBJECT}/manifest/",
        "/members/status/404/",
    ]
    headers = [f"Bearer {TOKEN}", f"Bearer {SIGNED}", "Basic bWlzcDp0aGlzLWlzLWEtc2VjcmV0", f"Token {TOKEN}"]
    async with visitor(metrics, trusted_proxies=("192.0.2.0/24",)) as client:
        for place in places:
            for header in headers:
                query = {"match[id]": OBJECT, "next": TOKEN, "x": CONTENT}
                sent = {"Authorization": header, "X-Request-ID": TOKEN, "User-Agent": CONTENT}
                await client.request("GET", place, params=query, headers=sent)
                await client.request("POST", place, params=query, headers=sent, content=CONTENT)
    log = structlog.get_logger()
    log.warning("careless", header=f"Bearer {SIGNED}", token=TOKEN, of=OBJECT, value={"Authorization": headers[2]})
    for error in (ValueError(CONTENT), RuntimeError(TOKEN), OSError(28, f"no space for {TOKEN}")):
        try:
            fail(error)
        except StoreUnavailable:
            log.exception("failed")
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    written = capsys.readouterr().err
    exposed = generate_latest(metrics.registry).decode()
    assert "cannot write [withheld]" in written
    assert "no space for [withheld]" in written
    assert written.count("\n") >= len(places) * len(headers) * 2
    for canary in canaries:
        assert canary not in written
        assert canary not in exposed


def test_exceptions_are_told_with_their_causes(lines: Lines) -> None:
    error: BaseException = ValueError("innermost")
    for n in range(8):
        outer = StoreUnavailable(f"level {n}")
        outer.__cause__ = error
        error = outer
    log = module.logger("test")
    log.error("given", exc_info=error)
    log.error("none under way", exc_info=True)  # noqa: LOG014 - what is tested
    given, none = lines()
    assert [fault["text"] for fault in given["faults"]] == ["level 7", "level 6", "level 5", "level 4", "level 3"]
    assert "faults" not in none


def test_values_that_are_no_json_are_named_by_their_kind(lines: Lines) -> None:
    module.logger("test").warning("odd", value=object())
    assert lines()[0]["value"] == "<object>"


def test_the_web_server_logs_no_paths_and_warnings_are_taken_in(lines: Lines) -> None:
    logging.getLogger("uvicorn.access").info('%s - "%s"', "192.0.2.7", f"GET {OBJECTS}?match[id]={OBJECT}")
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("some.library").info("chatter")
    warnings.simplefilter("always")
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    found = lines()
    assert [line["source"] for line in found] == ["uvicorn.error", "py.warnings"]


def test_text_for_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", json=False)
    log = module.logger("test")
    log.info("below")
    log.warning("seen", number=3)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("warning  seen source=test number=3")


def test_unknown_levels_are_refused() -> None:
    """Below `debug` the web server would log headers."""
    with pytest.raises(ConfigurationError, match="debug, info, warning, error"):
        configure_logging("trace", json=True)
