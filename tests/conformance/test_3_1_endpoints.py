"""TAXII 2.1 §3.1: every endpoint, at its path, with its method, its answer and the one media type."""

import http.client
import socket
from uuid import uuid4

import httpx
import pytest
from worlds import TAXII, Server, envelope, indicator, post

from app.api.routes import ROUTES, Route

UNKNOWN = "indicator--00000000-0000-4000-8000-000000000000"
TAXII_ROUTES = [route for route in ROUTES if route.section]


def _address(path: str, collection: str, object_id: str = UNKNOWN, status_id: str | None = None) -> str:
    _, root, _, name, _ = collection.split("/")
    return path.format(api_root=root, collection=name, object_id=object_id, status_id=status_id or uuid4())


@pytest.mark.parametrize("route", TAXII_ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("has_slash", [True, False], ids=["slash", "no slash"])
def test_every_endpoint_answers_with_and_without_its_final_slash(ng: httpx.Client, busy: str, route: Route, has_slash: bool) -> None:  # noqa: FBT001
    """T-3.1-01, T-3.1-02, T-3.1-04, T-3.1-11, T-3.1-12, C1, C5: directly, with the body and the status of its table."""
    added = indicator()
    status = post(ng, busy, added)
    path = _address(route.path, busy, added["id"], status["id"])
    answer = ng.request(
        route.method,
        path if has_slash else path.rstrip("/"),
        content=envelope(indicator()) if route.takes_body else None,
        headers={"Content-Type": TAXII} if route.takes_body else {},
        follow_redirects=False,
    )
    assert answer.status_code == route.success
    assert answer.headers["content-type"] == TAXII
    if route.resource is None:
        assert answer.content == b""
    else:
        route.resource.model_validate(answer.json(), strict=False)


ERRORS = [
    ("GET", "/no/such/path/", {}, 404),
    ("GET", "/", {}, 404),
    ("GET", "//", {}, 404),
    ("GET", "/docs", {}, 404),
    ("GET", "/openapi.json", {}, 404),
    ("GET", "/redoc", {}, 404),
    ("GET", "/members/collections/%00/", {}, 404),
    ("GET", "/members/collections/%FF%FE/", {}, 404),
    ("GET", "/members/collections/../../../etc/passwd", {}, 404),
    ("PUT", "/taxii2/", {}, 405),
    ("POST", "/taxii2/", {}, 405),
    ("OPTIONS", "/members/", {}, 405),
    ("PATCH", "/members/collections/alliance/objects/", {}, 405),
    ("GET", "/taxii2/", {"Accept": "application/taxii+json;version=2.0"}, 406),
    ("GET", "/taxii2/", {"Accept": "application/vnd.oasis.taxii+json; version=2.0"}, 406),
    ("GET", "/taxii2/", {"Accept": "text/html"}, 406),
    ("POST", "/members/collections/alliance/objects/", {"Content-Type": "text/xml"}, 415),
    ("POST", "/members/collections/alliance/objects/", {"Content-Type": "application/stix+json;version=2.0"}, 415),
    ("POST", "/members/collections/alliance/objects/", {"Content-Type": TAXII, "Content-Encoding": "gzip"}, 415),
    ("POST", "/members/collections/alliance/objects/", {"Content-Type": TAXII}, 422),
    ("GET", "/members/collections/alliance/objects/?limit=0", {}, 400),
    ("DELETE", f"/members/collections/alliance/objects/{UNKNOWN}/", {}, 404),
]


@pytest.mark.parametrize(("method", "path", "headers", "status"), ERRORS)
def test_errors_have_the_media_type_and_a_resource(ng: httpx.Client, method: str, path: str, headers: dict[str, str], status: int) -> None:
    """T-3.1-03, T-3.1-04, T-3.1-08, T-3.1-09, T-3.6-01, T-3.6.1-01, T-3.6.1-03, C1: no framework's page ever shows."""
    answer = ng.request(method, path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == TAXII
    assert answer.json()["http_status"] == str(status)
    assert answer.json()["title"]


@pytest.mark.parametrize(
    "path", ["/taxii2/", "/members/collections/alliance/objects/", "/members/collections/alliance/manifest/", "/nowhere/"]
)
def test_head_is_answered_like_get(ng: httpx.Client, path: str) -> None:
    """T-3.6-01 (RFC 7231 §4.1): the head of the answer to GET, without its body."""
    asked, got = ng.head(path), ng.get(path)
    assert (asked.status_code, asked.content) == (got.status_code, b"")
    assert asked.headers["content-length"] == got.headers["content-length"]
    assert asked.headers["content-type"] == TAXII


def test_405_names_the_methods(ng: httpx.Client) -> None:
    """T-3.6-01 (RFC 7231 §6.5.5)."""
    assert ng.put("/taxii2/").headers["allow"] == "GET, HEAD"
    assert ng.put("/members/collections/alliance/objects").headers["allow"] == "GET, HEAD, POST"
    assert ng.put(f"/members/collections/alliance/objects/{UNKNOWN}/").headers["allow"] == "DELETE, GET, HEAD"


def test_every_answer_is_private(ng: httpx.Client, anonymous: httpx.Client) -> None:
    """DESIGN 7: nothing may be kept by a cache, and nothing mixed up by one."""
    for client, path in ((ng, "/taxii2/"), (ng, "/nowhere/"), (anonymous, "/members/"), (anonymous, "/public/")):
        headers = client.get(path).headers
        assert headers["cache-control"] == "private, no-store"
        assert headers["vary"] == "Authorization, Accept, Accept-Encoding, X-API-Key"
        assert "server" not in headers


def test_a_request_without_accept_is_answered(server: Server) -> None:
    """T-3.1-13, T-8.2.1-06, C4, C33: no Accept, no User-Agent, a Content-Type on GET."""
    connection = http.client.HTTPConnection(*server.address, timeout=10)
    connection.putrequest("GET", "/taxii2/", skip_accept_encoding=True)
    connection.putheader("Authorization", f"Bearer {server.world.tokens['ng-cert/misp']}")
    connection.putheader("Content-Type", "text/plain")
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.headers["content-type"]) == (200, TAXII)
    connection.close()


def test_what_is_no_http_has_the_media_type_too(server: Server) -> None:
    """T-3.1-04: even before there is a request."""
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(b"what is this\r\n\r\n")
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 400 ")
    assert f"content-type: {TAXII}\r\n" in answer


def test_a_post_without_content_type_is_415(ng: httpx.Client, busy: str) -> None:
    """T-3.1-13, T-3.1-09."""
    assert ng.post(f"{busy}objects/", content=envelope(indicator())).status_code == 415


def test_filters_are_applied_where_the_table_names_them(ng: httpx.Client, collection: str) -> None:
    """T-3.1-10: and parameters that an endpoint does not have are ignored."""
    post(ng, collection, indicator())
    assert ng.get(f"{collection}objects/?match[type]=malware").json() == {}
    assert ng.get(f"{collection}?match[type]=malware&limit=x").status_code == 200
    assert ng.get("/taxii2/?added_after=never").status_code == 200


def test_probes_answer_unasked(anonymous: httpx.Client) -> None:
    """T-8.2.1-03: other URLs may be added; these tell nothing."""
    assert anonymous.get("/healthz").json() == {"status": "alive"}
    assert anonymous.get("/readyz/", headers={"Accept": "text/html"}).json() == {"status": "ready"}
    assert anonymous.post("/healthz").status_code == 405
