"""Each promise of DESIGN 2 has properties that are named for it: docs/proof.md says which, `make prove` plays them long, and they are there."""

import ast
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from property import prove, timing
from property.leaks import LEAKS
from property.proofs import PROOFS, Proof
from rich.console import Console

TESTS = Path(__file__).parents[1]
ROW = re.compile(r"^\| (?P<promise>[1-5]) \| (?P<name>[^|]+) \| (?P<test>\S+::\S+) \|$", re.MULTILINE)
TABLE = [match.groups() for match in ROW.finditer((TESTS.parent / "docs" / "proof.md").read_text())]


def test_the_table_of_the_document_is_what_is_played() -> None:
    assert [(str(proof.promise), proof.name, proof.test) for proof in PROOFS] == TABLE
    assert {proof.promise for proof in PROOFS} == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_each_property_has_a_short_test_that_names_its_promise(proof: Proof) -> None:
    """In its own name, or in what it or its module says of itself."""
    file, _, name = proof.test.partition("::")
    module = ast.parse((TESTS / file).read_text())
    (found,) = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == name]
    said = f"{name.replace('_', ' ')} {ast.get_docstring(found)} {ast.get_docstring(module)}".lower()
    assert f"promise {proof.promise}" in said


def test_leaks_are_many_and_say_what_they_are() -> None:
    """access-policy 6, property 3."""
    assert len(LEAKS) >= 20
    assert len({leak.__name__ for leak in LEAKS}) == len(LEAKS)
    assert all(leak.__doc__ for leak in LEAKS)


# ---- how it is played


def printed(only: str, histories: int) -> tuple[int, str]:
    """The exit code of `make prove`, and what it prints."""
    out = StringIO()
    code = prove.prove(prove.arguments([str(histories), "--only", only, "--jobs", "1"]), Console(file=out, width=160))
    return code, out.getvalue()


def test_what_holds_is_told_with_seeds_and_counts() -> None:
    code, out = printed("offsets", 60)
    assert code == prove.PROVEN
    assert re.search(r"1 +│ offsets count nothing hidden +│ 3 +│ 0-2 +│ [0-9]+ dates +│ [0-9]+ +│ yes", out), out
    assert "3 histories in" in out


def test_what_does_not_hold_is_told_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuted(seed: int, _folder: Path) -> int:
        assert seed < 2, "nothing holds for ever"
        return 10

    proof = Proof("odd", 1, "", refuted, 1, "answers")
    monkeypatch.setattr(prove, "PROOFS", (proof,))
    (piece,) = prove.pieces([proof], 3, 0)
    done = prove.play(piece)
    assert done.wrong.startswith("seed 2: nothing holds for ever")
    found = prove.Sum()
    found.add(done)
    out = StringIO()
    console = Console(file=out, width=160)
    console.print(prove.proofs_table([proof], {"odd": found}, 0))
    console.print(prove.leaks_table({next(iter(LEAKS)).__name__: found}))
    assert "│ no" in out.getvalue()
    assert "not noticed" in out.getvalue()


def test_pieces_are_all_histories_once() -> None:
    todo = [*prove.pieces(PROOFS, 1_000, 7)]
    for proof in PROOFS:
        seeds = [seed for piece in todo if piece.name == proof.name for seed in piece.seeds]
        assert sorted(seeds) == [*range(7, 7 + proof.histories(1_000))]


@pytest.mark.parametrize(("among", "holds"), [(1.4, "yes"), (1.6, "no")])
def test_timing_is_told_by_its_threshold(among: float, holds: str) -> None:
    out = StringIO()
    Console(file=out, width=160).print(prove.timing_table([timing.Measured("a page", 1e-3, among * 1e-3)]))
    assert re.search(rf"a page +│ 1\.000 +│ {among:.3f} +│ {among:.2f} +│ {holds}", out.getvalue()), out.getvalue()


# ---- how it ends


PATIENCE = 60


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_plays_ends_with_whoever_started_it(how: signal.Signals) -> None:
    """The processes that play, and the servers that they started: in the midst of their work, and though nobody told them."""
    command = [sys.executable, "-m", "property.prove", "4000", "--only", "revocation", "--jobs", "1"]
    variables = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(command, cwd=TESTS.parent, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        started: list[int] = []

        def serves() -> bool:
            started[:] = prove.descendants(process.pid)
            return any(b"app.cli.worker" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in started)

        try:
            eventually(serves)
        finally:
            process.send_signal(how)
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))
    assert process.returncode in {-signal.SIGKILL, 1}
