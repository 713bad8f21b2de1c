"""Every delivery on record (DESIGN 2, promise 5; DESIGN 8): a page with objects is answered after its record is durable, or not at all.

Against `legation serve` in a process of its own, which is killed, and whose file of deliveries cannot grow.
"""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from desks import Desk, Serving, copied, prepare, send, serving
from worlds import NO_TLS, TAXII

ALLIANCE = "/members/collections/alliance/"
FR, KE, AUDITOR = "fr-cert/opencti", "ke-cert/misp", "fr-cert/auditor"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
MOMENT = "2026-03-01T09:00:00.000Z"


def advice(number: int) -> dict[str, object]:
    """A small valid object."""
    return {
        "type": "course-of-action", "spec_version": "2.1", "id": f"course-of-action--00000000-0000-4000-8000-{number:012}",
        "created": MOMENT, "modified": MOMENT, "name": f"advice {number}", "object_marking_refs": [GREEN],
    }  # fmt: skip


ONE = str(advice(1)["id"])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the model alliance, and three objects of France that nobody has received."""
    folder = tmp_path_factory.mktemp("prepared") / "desk"
    folder.mkdir()
    send(prepare(folder), "members/alliance", FR, *(advice(number) for number in (1, 2, 3)))
    return folder


@pytest.fixture
def desk(prepared: Path, tmp_path: Path) -> Desk:
    """A copy of it."""
    return copied(prepared, tmp_path / "desk")


@contextmanager
def reading(server: Serving, token: str) -> Iterator[httpx.Client]:
    """A client on a fresh connection."""
    headers = {"Accept": TAXII, "Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=30, trust_env=False, verify=NO_TLS) as visitor:
        yield visitor


def told(desk: Desk) -> list[str]:
    """Who received the first object, as its originator's auditor is told; the records are whole."""
    verified = desk.run("audit", "verify", "--json")
    assert (verified.code, verified.json["whole"]) == (0, True)
    return [each["client"] for each in desk.run("audit", "who-saw", ONE, "--as", AUDITOR, "--json").json]


def test_what_was_answered_is_on_record_though_the_server_is_killed(desk: Desk) -> None:
    token = desk.token(KE)
    with serving(desk) as server, reading(server, token) as ke:
        for path in ("objects/", f"objects/{ONE}/", "objects/?limit=1"):
            assert ke.get(f"{ALLIANCE}{path}").status_code == 200
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    assert told(desk) == [KE] * 3


def test_a_page_whose_record_cannot_be_kept_is_not_answered(desk: Desk) -> None:
    """A real fault: the files of the server may not grow any more. Nothing of the object leaves; what needs no record is answered as ever."""
    token = desk.token(KE)
    deliveries = desk.folder / "legation.sqlite-deliveries-wal"
    with serving(desk) as server, reading(server, token) as ke:
        assert ke.get(f"{ALLIANCE}objects/{ONE}/").status_code == 200
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (deliveries.stat().st_size, hard))
        for path in ("objects/", f"objects/{ONE}/"):
            answer = ke.get(f"{ALLIANCE}{path}")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert b"course-of-action" not in answer.content
        for path, status in (("manifest/", 200), (f"objects/{ONE}/versions/", 200), ("objects/?added_after=2999-01-01T00:00:00Z", 200)):
            assert ke.get(f"{ALLIANCE}{path}").status_code == status
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert ke.get(f"{ALLIANCE}objects/{ONE}/").status_code == 200
        assert server.stop() == 0
    assert told(desk) == [KE] * 2
    assert (
        "Traceback" not in (desk.folder / "log").read_text().replace("\\n", "") or "StoreUnavailable" in (desk.folder / "log").read_text()
    )
