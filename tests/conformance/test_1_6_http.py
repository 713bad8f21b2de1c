"""TAXII 2.1 §1.6: JSON, media types and authentication, as seen from outside."""

import base64
import json
import socket
from collections.abc import Iterator

import httpx
import pytest
from worlds import TAXII, Server, envelope, indicator, post

NEVER_ISSUED = "717b15dc-2d41-4cd4-b7f3-bb8bae33b7b0"
NEVER_SENT = f"indicator--{NEVER_ISSUED}"

ACCEPTED = [
    "application/taxii+json;version=2.1",
    "application/taxii+json; version=2.1",
    "application/taxii+json;version=2.1; charset=utf-8",
    'application/taxii+json;version="2.1"',
    "application/taxii+json",
    "APPLICATION/TAXII+JSON; Version=2.1",
    "text/html, application/taxii+json;version=2.1;q=0.1",
    "application/stix+json;version=2.1",
    "application/json",
    "*/*",
    "application/*",
]
SENT = [
    "application/taxii+json;version=2.1",
    "application/taxii+json; version=2.1",
    "application/taxii+json",
    "Application/Taxii+Json;VERSION=2.1",
    "application/taxii+json;version=2.1; charset=utf-8",
    'application/taxii+json;version="2.1"',
    "application/stix+json;version=2.1",
    "application/stix+json; version=2.1",
    "application/vnd.oasis.stix+json; version=2.1",
    "application/json",
]
TEXTS = ["Ωmega", "日本語", "🦊", 'tab\tand \\ and " and / and \u2028', "é \u0000"]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_any_text_survives_a_round_trip(ng: httpx.Client, collection: str, text: str) -> None:
    """T-1.6.7-01, T-2-06, C22: written raw or escaped, what comes back is what was sent, byte for byte."""
    sent = [json.dumps(indicator(name=text), ensure_ascii=ascii_only).encode() for ascii_only in (True, False)]
    post(ng, collection, *sent)
    body = ng.get(f"{collection}objects/").content
    assert all(raw in body for raw in sent)
    assert [each["name"] for each in json.loads(body.decode("utf-8"))["objects"]] == [text, text]


@pytest.mark.parametrize(
    "raw",
    [
        b'\xef\xbb\xbf{"objects":[%s]}',
        b'{"objects":[],"objects":[%s]}',
        b'{"objects":[%s]}\xff',
        b'{"objects":["\xff",%s]}',
        b'{"objects":[%s],"x":NaN}',
        b'{"objects":[%s],}',
    ],
    ids=["byte order mark", "member twice", "bytes behind", "no UTF-8", "NaN", "comma"],
)
def test_envelopes_are_i_json(ng: httpx.Client, collection: str, raw: bytes) -> None:
    """T-1.6.7-02, T-5.5-08: anything else is refused, and nothing of it is kept."""
    body = raw % json.dumps(indicator()).encode()
    answer = ng.post(f"{collection}objects/", content=body, headers={"Content-Type": TAXII})
    assert answer.status_code == 422
    assert ng.get(f"{collection}objects/").json() == {}


@pytest.mark.parametrize(
    "member",
    [b'"x":1,"x":2', b'"x_number":9007199254740993', b'"x_number":NaN', b'"x_number":1e999', b'"x_text":"\xed\xa0\x80"'],
    ids=["member twice", "big integer", "NaN", "infinity", "surrogate"],
)
def test_objects_are_i_json(ng: httpx.Client, collection: str, member: bytes) -> None:
    """T-1.6.7-02, T-2-03: within one object it is that object's failure, or that of the whole envelope if it cannot be read as text."""
    raw = json.dumps(indicator()).encode()[:-1] + b"," + member + b"}"
    answer = ng.post(f"{collection}objects/", content=envelope(raw, indicator()), headers={"Content-Type": TAXII})
    if answer.status_code == 202:
        assert (answer.json()["failure_count"], answer.json()["success_count"]) == (1, 1)
    else:
        assert answer.status_code == 422
    assert raw not in ng.get(f"{collection}objects/").content


@pytest.mark.parametrize("accept", ACCEPTED)
def test_accept(ng: httpx.Client, accept: str) -> None:
    """T-1.6.8-01, T-1.6.8-02, T-1.6.8-03, T-3.1-05, T-3.1-06, C1, C2: one media type, asked for in any way that HTTP allows."""
    answer = ng.get("/taxii2/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, TAXII)


@pytest.mark.parametrize("path", ["/taxii2/", "/nowhere/", "/healthz"])
@pytest.mark.parametrize(
    ("version", "hosts", "is_clear"),
    [("1.1", 0, False), ("1.1", 1, True), ("1.1", 2, False), ("1.0", 0, True), ("1.0", 2, False)],
)
def test_a_request_says_once_whom_it_means(server: Server, path: str, version: str, hosts: int, is_clear: bool) -> None:  # noqa: FBT001
    """RFC 9112 §3.2; an error as any other (T-3.6-01), and the same for everybody, at every path."""
    with socket.create_connection(server.address, timeout=30) as connection:
        named = "Host: x\r\n" * hosts
        connection.sendall(f"GET {path} HTTP/{version}\r\n{named}Connection: close\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400 ") is not is_clear
    if not is_clear:
        assert f"content-type: {TAXII}\r\n".encode() in answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {
            "title": "Bad request",
            "description": f"the request has {hosts} Host headers: send one",
            "http_status": "400",
        }


@pytest.mark.parametrize("sent", SENT)
def test_content_type(ng: httpx.Client, busy: str, sent: str) -> None:
    """T-1.6.8-01, T-1.6.8-02, T-1.6.8-03, T-3.1-07, C3."""
    answer = ng.post(f"{busy}objects/", content=envelope(indicator()), headers={"Content-Type": sent})
    assert (answer.status_code, answer.headers["content-type"]) == (202, TAXII)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _right(server: Server) -> Iterator[tuple[str, dict[str, str]]]:
    token = server.world.tokens["ng-cert/misp"]
    yield "basic", {"Authorization": _basic("ng-cert/misp", token)}
    yield "basic with a dot", {"Authorization": _basic("ng-cert.misp", token)}
    yield "basic without user", {"Authorization": _basic("", token)}
    yield "lower-case basic", {"Authorization": _basic("ng-cert/misp", token).replace("Basic", "basic")}
    yield "bearer", {"Authorization": f"Bearer {token}"}
    yield "upper-case bearer", {"Authorization": f"BEARER {token}"}
    yield "token", {"Authorization": f"Token {token}"}
    yield "lower-case token", {"Authorization": f"token  {token}"}
    yield "api key", {"X-API-Key": token}


def test_every_way_to_send_a_token(server: Server) -> None:
    """C29, T-8.2.2-06, T-8.2.2-08: Basic, Bearer, Token in any case, and the API-key header."""
    with server.visitor() as visitor:
        for name, headers in _right(server):
            answer = visitor.get("/members/", headers=headers)
            assert answer.status_code == 200, name


def _wrong(server: Server) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    token = server.world.tokens["ng-cert/misp"]
    yield "another's user name", [("Authorization", _basic("ke-cert/misp", token))]
    yield "unknown token", [("Authorization", f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}")]
    yield "wrong password", [("Authorization", _basic("ng-cert/misp", "secret"))]
    yield "no colon", [("Authorization", "Basic " + base64.b64encode(token.encode()).decode())]
    yield "no base64", [("Authorization", "Basic §§§".encode().decode("latin-1"))]
    yield "no utf-8", [("Authorization", "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode())]
    yield "empty", [("Authorization", "")]
    yield "scheme alone", [("Authorization", "Bearer")]
    yield "an empty pair", [("Authorization", "Basic Og==")]
    yield "no scheme", [("Authorization", token)]
    yield "other scheme", [("Authorization", f"Digest {token}")]
    yield "signed token, no issuer", [("Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.")]
    yield "twice", [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    yield "two kinds", [("Authorization", f"Bearer {token}"), ("X-API-Key", token)]
    yield "empty key", [("X-API-Key", "")]
    yield "long", [("Authorization", "Bearer " + "x" * 9000)]
    yield "latin-1", [("Authorization", "Bearer \xfc\xff")]
    yield "null", [("Authorization", "Basic " + base64.b64encode(b"ng-cert/misp:\0").decode())]


PATHS = [
    "/taxii2/",
    "/members/",
    "/nowhere/",
    "/",
    "/a/b/c/d",
    f"/members/status/{NEVER_ISSUED}/",
    "/public/collections/advisories/objects/",
]


@pytest.mark.parametrize("path", PATHS)
def test_wrong_credentials_are_401_everywhere(server: Server, path: str) -> None:
    """T-1.6.9-01, T-1.6.9-03, C30: missing right ones, at public places too, never 500; each with a challenge; none gets a cookie."""
    with server.visitor() as visitor:
        for name, headers in _wrong(server):
            raw = [(key.encode(), value.encode("latin-1")) for key, value in headers]
            answer = visitor.get(path, headers=[(b"accept", TAXII.encode()), *raw])
            assert answer.status_code == 401, name
            assert [value.split()[0] for value in answer.headers.get_list("www-authenticate")] == ["Basic", "Bearer"], name
            assert answer.headers["content-type"] == TAXII
            assert "set-cookie" not in answer.headers


def test_wrong_credentials_wait_and_right_ones_do_not(server: Server) -> None:
    """DESIGN 9: the delay follows the failure; a right token is answered at once, whatever came before from the same address."""
    server.waits.seconds.clear()
    with server.visitor() as visitor:
        for _ in range(3):
            visitor.get("/members/", headers={"Authorization": "Bearer wrong"})
        waited = len(server.waits.seconds)
        assert waited == 3
        for _, headers in _right(server):
            assert visitor.get("/members/", headers=headers).status_code == 200
        visitor.get("/members/")
    assert len(server.waits.seconds) == waited


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/members/"),
        ("GET", "/members/collections/"),
        ("GET", "/members/collections/alliance/"),
        ("GET", "/members/collections/alliance/objects/"),
        ("GET", "/members/collections/alliance/manifest/"),
        ("POST", "/members/collections/alliance/objects/"),
        ("DELETE", f"/members/collections/alliance/objects/{NEVER_SENT}/"),
        ("POST", "/public/collections/advisories/objects/"),
        ("DELETE", f"/public/collections/advisories/objects/{NEVER_SENT}/"),
        ("GET", f"/members/status/{NEVER_ISSUED}/"),
        ("GET", "/no/such/path"),
    ],
)
def test_without_credentials_everything_that_is_not_public_is_the_same_401(anonymous: httpx.Client, method: str, path: str) -> None:
    """T-1.6.9-02, T-5.1-02, T-5.2-02, T-5.3-02, T-5.4-02, T-5.5-02, T-5.6-02, T-5.7-05, T-5.8-03: never 403, and without effect."""
    headers = {"Content-Type": TAXII} if method == "POST" else {}
    answer = anonymous.request(method, path, content=envelope(indicator()) if method == "POST" else None, headers=headers)
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers
    assert answer.content == anonymous.get("/nowhere/").content


def test_methods_that_no_endpoint_has_are_refused_before_anybody_is_asked(
    server: Server, anonymous: httpx.Client, ng: httpx.Client
) -> None:
    """T-1.6.9-02: by the shape of the path, so for everybody alike, and without effect."""
    with server.visitor(Authorization="Bearer wrong") as stranger:
        answers = {client.put("/members/collections/alliance/objects/").content for client in (anonymous, ng, stranger)}
    assert len(answers) == 1


def test_what_a_client_may_not_see_is_left_out(ng: httpx.Client, vendor: httpx.Client) -> None:
    """T-1.6.9-04: the answers of both are valid, and different."""
    assert len(ng.get("/taxii2/").json()["api_roots"]) > len(vendor.get("/taxii2/").json()["api_roots"])
