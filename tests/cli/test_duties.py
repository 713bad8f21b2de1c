"""`legation serve` does what falls due beside its requests. In processes of their own, as operators run it."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from desks import PATIENCE, Desk, serving

ADVICE = {
    "type": "course-of-action",
    "spec_version": "2.1",
    "id": "course-of-action--00000000-0000-4000-8000-000000000001",
    "created": "2026-03-01T09:00:00.000Z",
    "modified": "2026-03-01T09:00:00.000Z",
    "name": "advice",
    "object_marking_refs": ["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"],
}
ALLIANCE = "members/alliance"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_hold_ends_while_it_serves(desk: Desk, workers: str) -> None:
    assert desk.run("import", desk.write("one.json", [ADVICE]), "--to", ALLIANCE, "--as", "ng-cert/misp").code == 0
    until = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    held = desk.run("hold", ALLIANCE, str(ADVICE["id"]), "--reason", "request", "--until", until, "--as", "secretariat/compliance")
    assert held.code == 0
    with serving(desk, "--workers", workers) as server:
        deadline = time.monotonic() + PATIENCE
        while not desk.run("export", ALLIANCE, "--as", "ke-cert/misp").json.get("objects"):
            assert time.monotonic() < deadline, "the hold is not lifted"
            time.sleep(0.02)
        assert server.stop() == 0
    log = (desk.folder / "log").read_text()
    assert "duties_put_off" not in log
    assert "Traceback" not in log
