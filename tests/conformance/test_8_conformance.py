"""TAXII 2.1 §8, App. B: what a server as a whole owes."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import worlds
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from worlds import Server, indicator, post

from app.bootstrap import Settings


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate, private


@pytest.fixture(scope="module")
def secured(certificate: tuple[Path, Path]) -> Iterator[Server]:
    """A server behind TLS, as `legation serve --ssl-certfile` runs it."""
    operator = Settings(store="memory:", ssl_certfile=certificate[0], ssl_keyfile=certificate[1])
    with worlds.serving(operator=operator) as server:
        yield server


def _client(version: ssl.TLSVersion, ciphers: str | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_come_over_tls(secured: Server, version: ssl.TLSVersion) -> None:
    """T-8.2.2-01 to T-8.2.2-04, C33: 1.2 and 1.3; early data is never taken, since Python's ssl has no way to."""
    proof = {"Authorization": f"Bearer {secured.world.tokens['ng-cert/misp']}"}
    answer = httpx.get(f"{secured.url}/taxii2/", headers=proof, verify=_client(version), trust_env=False)
    assert (secured.url[:8], answer.status_code) == ("https://", 200)
    assert not hasattr(ssl.SSLContext, "max_early_data")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_version_is_the_one_asked_for(secured: Server, version: ssl.TLSVersion) -> None:
    """T-8.2.2-02, T-8.2.2-03."""
    with socket.create_connection(secured.address) as plain, _client(version).wrap_socket(plain) as connection:
        assert connection.version() == version.name.replace("_", ".")


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"])
def test_unfit_suites_are_refused(secured: Server, cipher: str) -> None:
    """T-8.2.2-05: neither CBC nor static keys."""
    with socket.create_connection(secured.address) as plain, pytest.raises(ssl.SSLError):
        _client(ssl.TLSVersion.TLSv1_2, f"{cipher}:@SECLEVEL=0").wrap_socket(plain)


def test_a_cursor_opens_nothing(server: Server, ng: httpx.Client, collection: str) -> None:
    """T-B-01: used by another, it shows what he may see; at a closed place it is refused as the place is."""
    post(ng, "/members/collections/ng-indicators/", *(indicator() for _ in range(2)))
    following = ng.get("/members/collections/ng-indicators/objects/?limit=1").json()["next"]
    with server.visitor("vendor/push") as vendor, server.visitor() as anonymous:
        path = "/members/collections/ng-indicators/objects/"
        assert vendor.get(path, params={"next": following}).content == vendor.get("/nowhere/").content
        assert anonymous.get(path, params={"next": following}).status_code == 401
        assert vendor.get("/exchange/collections/knowledge/objects/", params={"next": following}).status_code == 200


def test_pages_are_bounded_by_the_server(server: Server, ng: httpx.Client, collection: str) -> None:
    """T-B-02: whatever limit is asked for; by octets as well (C19)."""
    post(ng, collection, *(indicator() for _ in range(3)))
    limits = server.world.exchange.limits
    assert 0 < limits.page <= limits.largest_page
    assert limits.page_bytes < 64 * 1024 * 1024
    assert len(ng.get(f"{collection}objects/?limit=999999999").json()["objects"]) == 3
