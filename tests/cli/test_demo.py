"""The demonstration, as `make run` starts it: a table of who received what and why not more, then a server to try things on."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from desks import PATIENCE

from app.cli import stage
from app.errors import StoreUnavailable

LEVELS = ["clear", "green", "amber", "amber+strict", "red"]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "app.cli", "demo", *arguments]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where temporary folders can be watched; and settings of the operator, which must not reach the demonstration."""
    return {
        **os.environ,
        "TMPDIR": str(tmp_path),
        "LEGATION_STORE": "memory:",
        "LEGATION_PUBLIC_URL": "https://taxii.example.org",
        "COLUMNS": "120",
    }


def left(folder: Path) -> list[Path]:
    return list(folder.glob("legation-demo-*"))


def received(outcome: Mapping[str, Any]) -> dict[tuple[str, str], list[int]]:
    """(client, collection) → objects by level."""
    return {(each["client"], each["collection"]): [each["objects"][level] for level in LEVELS] for each in outcome["received"]}


def test_each_receives_what_its_handling_allows(environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(command("--once", "--json"), env=environment, capture_output=True, text=True, timeout=3 * PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert 300 <= outcome["waiting"] < outcome["pushed"] <= 500, "the curator does not see TLP:RED, which names others"
    assert outcome["released"].keys() == {"members/alliance", "exchange/knowledge"}
    got = received(outcome)
    clear, green, amber, strict, _ = everything = got["ng-cert/misp", "members/alliance"]
    assert min(clear, green, amber, strict) > 100
    assert sum(everything) == outcome["waiting"]
    outside = got["sg-cert/opencti", "members/alliance"]
    assert outside[:2] == [clear, green]
    assert 0 < outside[2] < amber, "what is released to a region stays there"
    assert got["fr-cert/feed", "members/alliance"] == [*outside[:3], 0, 0], "a constituency feed ends at TLP:AMBER"
    assert got["saltmarsh/pull", "members/alliance"] == [clear, green, 0, 0, 0], "a partner is not listed"
    assert got["lanternbay/pull", "members/alliance"] == [0] * 5
    assert got["lanternbay/pull", "exchange/knowledge"] == [clear, green, 0, 0, 0]
    assert got["", "exchange/knowledge"] == [0] * 5
    assert got["", "public/campaigns"][0] > 0
    for each in outcome["received"]:
        wants = sum(got["ng-cert/misp", each["collection"]])
        assert bool(each["why"]) == (sum(each["objects"].values()) < wants), "whoever receives less is told why"
    assert left(tmp_path) == []


def test_it_shows_a_table_and_goes_on_serving_what_can_be_pasted(environment: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(command("--port", "0"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        told = ""
        while "until Ctrl-C" not in told:
            line = process.stderr.readline()
            assert line, told
            told += line
        assert [path.stat().st_mode & 0o777 for path in left(tmp_path)] == [0o700]
        shown = ""
        while "legation token list" not in shown:
            shown += process.stdout.readline()
        pasted = subprocess.run(
            ["bash", "-c", script(shown)], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert left(tmp_path) == []
    assert "Who received what" in shown
    assert "Why not more" in shown
    assert "constituency feed ends at TLP:AMBER" in re.sub(r"[\s│]+", " ", shown)
    for title in ("curl", "taxii2-client", "MISP", "OpenCTI", "Microsoft Sentinel", "the operator"):
        assert f"\n# {title}" in shown
    assert pasted.returncode == 0, pasted.stderr
    assert '"more":true' in pasted.stdout
    assert "Alliance 10" in pasted.stdout
    assert "not-listed" in pasted.stdout


def script(shown: str) -> str:
    """The commands among the recipes, for this environment."""
    recipes = shown.partition("# curl, the public")[2].replace(".venv/bin", str(Path(sys.executable).parent))
    lines = [line.partition(" | head")[0] for line in recipes.splitlines() if re.match(r"curl|export|/", line)]
    assert len(lines) >= 8
    return "set -e\n" + "\n".join(lines)


def test_a_wish_to_end_is_an_end_in_order() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit, match=r"^0$"), stage._ending_cleanly():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_usual_port_is_taken_if_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert stage._free(port) == 0
    assert stage._free(port) == port


def test_a_server_that_does_not_start_ends_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(StoreUnavailable, match="did not start"),
        stage.stage([], taken.getsockname()[1]),
    ):
        pass
    assert left(tmp_path) == []
