"""TAXII 2.1 §5.5: adding objects."""

import contextlib
import json
import socket
from typing import Any

import httpx
import pytest
import worlds
from worlds import TAXII, Server, envelope, ids, indicator, observable, post, try_post

WRONG = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"objects":{}}',
    b'{"objects":null}',
    b'{"objects":"x"}',
    b'{"objects":[1]}',
    b'{"objects":[null]}',
    b'{"objects":[[]]}',
    b'{"objects":[]}',
    b'{"objects":[{}]',
    b"<xml/>",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"objects":' + b"[" * 100_000,
]


def _send(visitor: httpx.Client, place: str, body: bytes, **headers: str) -> httpx.Response:
    return visitor.post(f"{place}objects/", content=body, headers={"Content-Type": TAXII, **headers})


def test_what_was_taken_is_served_as_it_was_sent(ng: httpx.Client, collection: str) -> None:
    """T-5.5-01, T-5.5-10, T-5.5-11: 202 with a status, and everything in it that succeeded is there."""
    sent = [indicator(), observable()]
    answer = _send(ng, collection, envelope(*sent))
    assert answer.status_code == 202
    assert [each["id"] for each in answer.json()["successes"]] == [each["id"] for each in sent]
    assert ng.get(f"{collection}objects/").json()["objects"] == sent


@pytest.mark.parametrize("body", WRONG, ids=lambda body: repr(body[:20]))
def test_what_is_no_envelope_is_refused(ng: httpx.Client, busy: str, body: bytes) -> None:
    """T-5.5-07, T-5.5-08."""
    answer = _send(ng, busy, body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, TAXII)
    assert answer.json()["description"]


def test_an_equal_object_again_is_a_success_and_changes_nothing(ng: httpx.Client, ke: httpx.Client, collection: str) -> None:
    """T-5.5-04, C25: in another writing, too; its date stays."""
    sent = indicator()
    post(ng, collection, sent)
    before = ng.get(f"{collection}manifest/").content
    post(ng, collection, sent)
    post(ng, collection, json.dumps(dict(reversed(list(sent.items()))), indent=2).encode())
    assert ng.get(f"{collection}manifest/").content == before
    status = try_post(ng, collection, sent | {"name": "another"})
    assert "raise `modified`" in status["failures"][0]["message"]


def test_within_one_envelope_too(ng: httpx.Client, collection: str) -> None:
    """T-5.5-04."""
    sent = indicator()
    status = post(ng, collection, sent, sent)
    assert status["success_count"] == 2
    assert ids(ng.get(f"{collection}objects/?match[version]=all")) == [sent["id"]]


def test_one_bad_object_does_not_sink_the_envelope(ng: httpx.Client, collection: str) -> None:
    """C26, T-5.5-07: STIX 2.0 and broken objects are failure lines with the remedy."""
    old = {"type": "indicator", "id": indicator()["id"], "created": "2017-01-01T00:00:00.000Z", "modified": "2017-01-01T00:00:00.000Z",
           "pattern": "[ipv4-addr:value = '1.2.3.4']", "valid_from": "2017-01-01T00:00:00Z", "labels": ["malicious-activity"]}  # fmt: skip
    status = try_post(ng, collection, indicator(), old, indicator(pattern="[broken"), indicator())
    assert [status["success_count"], status["failure_count"]] == [2, 2]
    assert "2.1" in status["failures"][0]["message"]


def test_a_whole_bundle_is_taken_as_an_envelope(ng: httpx.Client, collection: str) -> None:
    """C24: stix2, Splunk and OpenCTI send one."""
    sent = indicator()
    body = json.dumps(
        {"type": "bundle", "id": "bundle--5a9f1f0a-6f3a-4f0f-8e52-0a9f4b0f4a11", "spec_version": "2.1", "objects": [sent]}
    ).encode()
    assert _send(ng, collection, body, **{"Content-Type": "application/stix+json; version=2.1"}).status_code == 202
    assert ng.get(f"{collection}objects/").json()["objects"] == [sent]


@pytest.mark.parametrize(
    "sent", ["text/plain", "application/xml", "application/taxii+json;version=2.0", "application/stix+json;version=2.0", "x", ""]
)
def test_other_content_types_are_415_at_once(ng: httpx.Client, busy: str, sent: str) -> None:
    """T-5.5-06, C3: with a body that says so, for everybody."""
    answer = _send(ng, busy, envelope(indicator()), **{"Content-Type": sent})
    assert (answer.status_code, answer.headers["content-type"]) == (415, TAXII)
    assert TAXII in answer.json()["description"]


def test_compressed_bodies_are_415(ng: httpx.Client, busy: str) -> None:
    """T-5.5-06 (RFC 9110 §15.5.16): with what would be taken."""
    answer = _send(ng, busy, b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")


def _raw(server: Server, client: str, head: str, timeout: float = 10) -> socket.socket:
    connection = socket.create_connection(server.address, timeout=timeout)
    token = server.world.tokens.get(client, "lgt_wrong")
    connection.sendall(f"{head}\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {TAXII}\r\n".encode())
    return connection


@pytest.mark.parametrize(
    ("client", "path", "status"),
    [
        ("nobody", "/members/collections/alliance/objects/", 401),
        ("vendor/push", "/members/collections/alliance/objects/", 404),
        ("ng-cert/desk", "/members/collections/alliance/objects/", 403),
        ("ng-cert/misp", "/members/collections/alliance/objects/", 413),
    ],
)
def test_nothing_is_read_of_a_body_that_is_not_wanted(server: Server, client: str, path: str, status: int) -> None:
    """DESIGN 9, T-5.5-02, T-5.5-03: the answer comes while the client still holds its body back."""
    with contextlib.closing(_raw(server, client, f"POST {path} HTTP/1.1")) as connection:
        connection.sendall(b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("framing", [b"Content-Length: 5000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n4c4b40\r\n"])
@pytest.mark.parametrize(
    ("client", "extra", "status"),
    [
        ("nobody", b"", 401),
        ("ng-cert/desk", b"", 403),
        ("ng-cert/misp", b"", 413),
        ("ng-cert/misp", b"Content-Encoding: gzip\r\n", 415),
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_refusal_reaches_a_client_that_sends_all_of_it_and_wants_to_close(
    server: Server, version: str, client: str, extra: bytes, status: int, framing: bytes
) -> None:
    """T-5.5-05, RFC 9112 §9.6: closing over unread octets would reset the connection, and the answer would be lost with them."""
    with contextlib.closing(_raw(server, client, f"POST /members/collections/alliance/objects/ HTTP/{version}")) as connection:
        connection.sendall(b"Connection: close\r\n" + extra + framing)
        connection.sendall(b"x" * 5_000_000 + (b"\r\n0\r\n\r\n" if b"chunked" in framing else b""))
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert answer.endswith(b'"http_status":"%d"}' % status)


def test_a_client_that_sends_all_of_it_still_hears_the_413(ng: httpx.Client) -> None:
    """T-5.5-05: far above the limit, sent in one go."""
    assert _send(ng, "/members/collections/alliance/", b"x" * 5_000_000).status_code == 413
    assert ng.get("/members/").status_code == 200


def test_a_client_that_goes_away_leaves_nothing(server: Server, ng: httpx.Client, collection: str) -> None:
    """T-5.5-10: half a body is none."""
    body = envelope(indicator())
    connection = _raw(server, "ng-cert/misp", f"POST {collection}objects/ HTTP/1.1")
    connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body[:-10]))
    connection.close()
    assert ng.get(f"{collection}objects/").json() == {}


def test_a_body_that_stands_still_is_408() -> None:
    """DESIGN 9: what comes too slowly is given up, and the connection with it."""
    with (
        worlds.serving(patience=0.05) as impatient,
        contextlib.closing(_raw(impatient, "ng-cert/misp", "POST /members/collections/alliance/objects/ HTTP/1.1")) as connection,
    ):
        connection.sendall(b"Content-Length: 100\r\n\r\n{")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()


def test_times_far_in_the_future_are_refused(ng: httpx.Client, busy: str) -> None:
    """C22: some clients take `modified` as their cursor."""
    status: dict[str, Any] = try_post(ng, busy, indicator(modified="2999-01-01T00:00:00.000Z"))
    assert status["failure_count"] == 1
    assert "ahead of this server's clock" in status["failures"][0]["message"]
