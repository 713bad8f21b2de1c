"""The supervisor with workers that misbehave: small programs that stand where a worker would be started."""

import asyncio
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.bootstrap import Settings
from app.cli import supervisor
from app.cli.supervisor import Supervisor

OBEDIENT = f"""#!{sys.executable}
import os, signal, sys
os.write(int(sys.argv[5]), b"1")
os.close(int(sys.argv[5]))
signal.pause()
"""
"""Says that it answers, on the descriptor that it is given for that."""
STUBBORN = OBEDIENT.replace("signal.pause()", "while True: signal.pause()").replace(
    "os.write", "signal.signal(signal.SIGTERM, lambda *_: None)\nos.write"
)
"""The same, and heeds no wish to end."""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program in the place of workers."""

    def put(text: str) -> None:
        path = tmp_path / "worker"
        path.write_text(text)
        path.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(path))

    return put


def supervised(act: Callable[[Supervisor], None]) -> list[str]:
    """Runs two workers; `act` is called when both answer. Returns what was announced."""
    announced: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def announce() -> None:
            announced.append("ready")
            act(supervising)

        supervising = Supervisor(Settings(workers=2), listener, announce)
        asyncio.run(supervising.run())
    return announced


def test_workers_that_do_not_end_are_killed(program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE", 0.2)
    monkeypatch.setattr(supervisor, "MARGIN", 0)
    program(STUBBORN)
    assert supervised(lambda supervising: supervising._stop.set()) == ["ready"]


def test_a_worker_that_is_started_while_the_end_has_begun_ends_too(program: Callable[[str], None]) -> None:
    program(OBEDIENT)

    def act(supervising: Supervisor) -> None:
        victim = next(iter(supervising._alive))
        victim.kill()
        asyncio.get_running_loop().call_later(0.2, supervising._stop.set)

    assert supervised(act) == ["ready"]


def test_a_wish_to_end_before_a_worker_was_started_reaches_it(program: Callable[[str], None]) -> None:
    program(OBEDIENT)

    async def start() -> int:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            supervising = Supervisor(Settings(workers=1), listener, lambda: None)
            supervising._stop.set()
            process, _ = await supervising._start()
            return await process.wait()

    assert asyncio.run(start()) != 0
