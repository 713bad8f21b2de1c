"""`legation serve`: starts, answers, obeys, stops, comes back. In processes of its own, as operators run it."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from desks import PATIENCE, Desk, Serving, serving

from app.api.logs import configure_logging
from app.bootstrap import Settings
from app.cli import server
from app.cli.addresses import listen

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def get(running: Serving, path: str, token: str = "") -> httpx.Response:
    """One request on a connection of its own, so that any worker may answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(running.url + path, headers=headers, verify=NO_TLS, trust_env=False, timeout=PATIENCE)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


def log(desk: Desk) -> str:
    return (desk.folder / "log").read_text()


@pytest.fixture
def alliance(desk: Desk) -> str:
    """The files of what is in force."""
    return str(desk.folder / "alliance")


# ---- one worker, two workers


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_answers_obeys_and_stops(desk: Desk, alliance: str, workers: str) -> None:
    """A token revoked, or an alliance reloaded, beside the server holds at once, on every worker (DESIGN: revocation, epochs)."""
    kept, lost = desk.token("saltmarsh/pull"), desk.token("saltmarsh/pull")
    knowledge = "/exchange/collections/knowledge/"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    with serving(desk, "--workers", workers, "--metrics", f"127.0.0.1:{free}") as running:
        discovery = get(running, "/taxii2/")
        assert discovery.json() == {"title": "Legation", "default": "/public/", "api_roots": ["/public/"]}
        assert "server" not in discovery.headers
        assert {get(running, knowledge, token).status_code for token in (kept, lost) for _ in range(8)} == {200}

        newest = desk.run("token", "list", "--json").json[-1]["id"]
        assert desk.run("token", "revoke", newest).code == 0
        assert {get(running, knowledge, lost).status_code for _ in range(4)} == {401}

        path = Path(alliance) / "collections/exchange/knowledge.toml"
        path.write_text(path.read_text().replace('"group:partners"', '"org:lanternbay"'))
        assert desk.run("reload", alliance).code == 0
        assert {get(running, knowledge, kept).status_code for _ in range(16)} == {404}

        figures = httpx.get(f"http://127.0.0.1:{free}/metrics", verify=NO_TLS, trust_env=False).text
        assert re.search(r'^legation_requests_total\{.*status="2xx"\} 16\.0$', figures, re.MULTILINE), "the sum of all workers"
        assert get(running, "/metrics").status_code == 401
        assert running.stop() == 0
    assert "Traceback" not in log(desk)


def test_a_worker_that_dies_is_replaced(desk: Desk) -> None:
    with serving(desk, "--workers", "2") as running:
        before = running.workers()
        assert len(before) == 2
        for _ in range(2):  # the second time it dies young: the next one comes after a pause
            victim = max(running.workers())
            os.kill(victim, signal.SIGKILL)
            eventually(lambda gone=victim: gone not in running.workers() and len(running.workers()) == 2)  # type: ignore[misc]
            assert {get(running, "/healthz").status_code for _ in range(4)} == {200}
        assert running.stop() == 0
    assert log(desk).count('"worker_died"') == 2


def test_workers_end_with_their_supervisor(desk: Desk) -> None:
    with serving(desk, "--workers", "2") as running:
        workers = running.workers()
        running.process.kill()
        running.process.wait(PATIENCE)
        eventually(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def test_requests_under_way_are_finished(desk: Desk) -> None:
    """A write that was begun before the wish to stop is stored and answered."""
    token = desk.token("ng-cert/misp")
    body = b'{"objects":[{"type":"identity"}]}'
    head = (
        f"POST /members/collections/alliance/objects/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/taxii+json;version=2.1\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode()
    with serving(desk) as running:
        host, port = running.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            connection.sendall(head + body[:10])
            assert get(running, "/healthz").status_code == 200  # so the head has been read
            running.process.send_signal(signal.SIGTERM)
            eventually(lambda: '"Shutting down"' in log(desk))
            connection.sendall(body[10:])
            assert connection.recv(65_536).startswith(b"HTTP/1.1 202")
        assert running.process.wait(PATIENCE) == 0


def test_an_impatient_operator_does_not_wait(desk: Desk) -> None:
    with serving(desk) as running:
        host, port = running.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            connection.sendall(b"POST /members/collections/alliance/objects/ HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n")
            connection.recv(65_536)
            connection.sendall(b"POST /x/ HTTP/1.1\r\nhost: x\r\n")
            running.process.send_signal(signal.SIGINT)
            eventually(lambda: '"Shutting down"' in log(desk))
            running.process.send_signal(signal.SIGINT)
            assert running.process.wait(PATIENCE) == 0


# ---- what is in force


def test_files_are_put_in_force_in_a_store_that_has_none(desk: Desk, alliance: str) -> None:
    fresh = Desk(desk.folder, f"sqlite:///{desk.folder}/fresh/legation.sqlite")
    with serving(fresh, "--alliance", alliance, "--workers", "2") as running:
        assert get(running, "/public/").status_code == 200
    with serving(fresh, LEGATION_ALLIANCE=alliance) as running:
        assert get(running, "/public/").status_code == 200


def test_a_server_in_memory_takes_its_alliance_along(desk: Desk, alliance: str) -> None:
    with serving(desk, "--store", "memory:", "--alliance", alliance) as running:
        assert get(running, "/public/").status_code == 200


def test_files_that_differ_are_refused_with_the_remedy(desk: Desk, alliance: str) -> None:
    path = Path(alliance) / "auth/organisations/ng-cert.toml"
    path.write_text(path.read_text().replace("Nigeria national CERT", "Nigeria's CERT"))
    done = desk.run("serve", "--port", "0", "--alliance", alliance)
    assert (done.code, done.out) == (1, "")
    assert f"legation reload {alliance}" in done.err.replace("\n", "")


def test_bad_files_never_start_a_server(desk: Desk, alliance: str) -> None:
    (Path(alliance) / "policies/cases/broken.toml").write_text("[")
    done = desk.run("serve", "--port", "0", "--alliance", alliance, store=f"sqlite:///{desk.folder}/fresh.sqlite")
    assert (done.code, done.out) == (1, "")
    assert "policies/cases/broken.toml" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--store", "memory:", "--workers", "2"], "`memory:` lives in one process alone"),
        (["--store", "memory:"], "no alliance yet"),
        (["--store", "sqlite:///fresh.sqlite"], "there is no store at `fresh.sqlite`"),
        (["--store", "sqlite:///fresh.sqlite", "--workers", "2"], "there is no store at `fresh.sqlite`"),
        (["--host", "300.0.0.1"], "cannot listen"),
        (["--metrics", "nowhere"], "HOST:PORT"),
        (["--trusted-proxies", "my-proxy"], "`my-proxy`"),
        (["--public-url", "taxii.example.org"], "public URL"),
        (["--api-key-header", "Cookie"], "API-key header"),
        (["--ssl-certfile", "chain.pem"], "both --ssl-certfile and --ssl-keyfile"),
        (["--ssl-certfile", "chain.pem", "--ssl-keyfile", "key.pem"], "cannot be used for TLS"),
    ],
)
def test_what_cannot_be_served_is_refused(desk: Desk, arguments: list[str], words: str) -> None:
    done = desk.run("serve", "--port", "0", *arguments)
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert words in done.err
    assert not done.out


def test_workers_that_cannot_start_end_the_server(desk: Desk) -> None:
    """The store is lost between the supervisor's look at it and theirs."""
    program = (
        "import sys; from pathlib import Path; from app.cli import server\n"
        "kept = server._prepare\n"
        "async def lose(settings):\n"
        "    await kept(settings)\n"
        "    Path(settings.store.removeprefix('sqlite:///')).write_bytes(b'no store at all')\n"
        "server._prepare = lose\n"
        "from app.cli import main; main()\n"
    )
    command = [sys.executable, "-c", program, "serve", "--port", "0", "--workers", "2", "--store", desk.store]
    done = subprocess.run(command, cwd=desk.folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be used as a store" in done.stderr
    assert "error: a worker could not start" in done.stderr
    assert "Traceback" not in done.stderr


# ---- what the operator sees


@pytest.mark.parametrize(("url", "warned"), [("http://taxii.example.org", True), ("https://taxii.example.org", False), (None, False)])
def test_an_address_that_is_not_safe_is_warned_of(capsys: pytest.CaptureFixture[str], url: str | None, warned: object) -> None:
    configure_logging("info", json=True)
    settings = Settings(port=0, public_url=url)
    with listen(settings) as listener:
        server._warn(settings, listener)
    assert ("tokens would travel unencrypted" in capsys.readouterr().err) is warned


def test_what_the_environment_sets_is_what_clients_see(desk: Desk) -> None:
    token = desk.token("ng-cert/misp")
    with serving(desk, LEGATION_API_KEY_HEADER="X-Key", LEGATION_PUBLIC_URL="https://taxii.example.org", LEGATION_TITLE="Ours") as running:
        answer = httpx.get(f"{running.url}/taxii2/", headers={"X-Key": token}, verify=NO_TLS, trust_env=False).json()
    assert answer["title"] == "Ours"
    assert "https://taxii.example.org/members/" in answer["api_roots"]


# ---- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `chain.pem` for localhost, and `key.pem`, which has a password."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    signed = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False).sign(key, hashes.SHA256())
    (folder / "chain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    closed = serialization.BestAvailableEncryption(b"open sesame")
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, closed))
    return folder


def tls_options(certificate: Path) -> tuple[str, ...]:
    return ("--host", "localhost", "--ssl-certfile", str(certificate / "chain.pem"), "--ssl-keyfile", str(certificate / "key.pem"))


def handshake(running: Serving, certificate: Path, version: ssl.TLSVersion, ciphers: str = "DEFAULT") -> str:
    """The protocol that comes about."""
    context = ssl.create_default_context(cafile=str(certificate / "chain.pem"))
    context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers)
    host, port = running.url.removeprefix("https://").split(":")
    with (
        socket.create_connection((host, int(port)), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host) as wrapped,
    ):
        return wrapped.version() or ""


def test_tls_is_spoken_as_the_standard_wants(desk: Desk, certificate: Path) -> None:
    """T-8.2.2-01 to T-8.2.2-05: HTTPS; TLS 1.2 and 1.3; no suite of TLS 1.2 that HTTP/2 lists as unfit."""
    with serving(desk, *tls_options(certificate), "--workers", "2", LEGATION_SSL_KEYFILE_PASSWORD="open sesame") as running:
        assert running.url.startswith("https://localhost:")
        trust = ssl.create_default_context(cafile=str(certificate / "chain.pem"))
        answer = httpx.get(f"{running.url}/taxii2/", verify=trust, trust_env=False)
        assert answer.json()["api_roots"] == [f"{running.url}/public/"]
        assert handshake(running, certificate, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        assert handshake(running, certificate, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
        for unfit in ("AES128-GCM-SHA256:@SECLEVEL=0", "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"):
            with pytest.raises(ssl.SSLError):
                handshake(running, certificate, ssl.TLSVersion.TLSv1_2, unfit)
        assert running.stop() == 0


@pytest.mark.parametrize("password", [(), ("--ssl-keyfile-password", "wrong")])
def test_a_key_that_stays_closed_is_refused_and_not_asked_for(desk: Desk, certificate: Path, password: tuple[str, ...]) -> None:
    done = desk.run("serve", "--port", "0", *tls_options(certificate), *password)
    assert done.code == 1
    assert "LEGATION_SSL_KEYFILE_PASSWORD" in done.err
