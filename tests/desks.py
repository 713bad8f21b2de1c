"""Where an operator sits: the command run in this process, and a server as operators start it, in a process of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

from typer.testing import CliRunner

from app.cli.commands import legation

PATIENCE = 60
"""Seconds until something that hangs is ended."""


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output, as a script reads it."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """Where an operator sits: a folder, and the store that his commands open."""

    folder: Path
    store: str

    def run(self, *arguments: str, store: str | None = None, input: str | None = None) -> Done:  # noqa: A002 - the runner's word
        """Run `legation` in this process."""
        environment = {"LEGATION_STORE": self.store if store is None else store}
        result = CliRunner().invoke(legation, list(arguments), env=environment, input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def token(self, client: str) -> str:
        """A fresh token."""
        return self.run("token", "issue", client).out.strip()

    def write(self, name: str, objects: Sequence[object]) -> str:
        """A bundle in a file; returns its path."""
        path = self.folder / name
        path.write_text(json.dumps({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000000", "objects": objects}))
        return str(path)


def prepare(folder: Path) -> Desk:
    """A desk in a folder, with the model alliance in force and its files in `alliance`."""
    desk = Desk(folder, f"sqlite:///{folder}/legation.sqlite")
    assert desk.run("init", str(folder / "alliance")).code == 0
    assert desk.run("reload", str(folder / "alliance")).code == 0
    return desk


def copied(prepared: Path, folder: Path) -> Desk:
    """The same in another folder, to be changed."""
    shutil.copytree(prepared, folder)
    return Desk(folder, f"sqlite:///{folder}/legation.sqlite")


def send(desk: Desk, path: str, client: str, *objects: dict[str, object]) -> None:
    """Import objects, all of which must be taken."""
    assert desk.run("import", desk.write("sent.json", objects), "--to", path, "--as", client).code == 0


def refused(done: Done, *words: str) -> None:
    """A command ended with an error line that says these words, and no traceback."""
    assert done.code == 1, done
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


@dataclass
class Serving:
    """A running `legation serve`."""

    process: subprocess.Popen[str]
    url: str

    def workers(self) -> set[int]:
        """The processes that the server started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop; returns its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(desk: Desk, *arguments: str, **variables: str) -> Iterator[Serving]:
    """`legation serve` on a free port, in a process of its own. What of it does not end when it is told to is killed, its workers too."""
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", *arguments]
    environment = {**os.environ, "LEGATION_STORE": desk.store, **variables}
    with (
        (desk.folder / "log").open("w") as log,
        subprocess.Popen(
            command, env=environment, cwd=desk.folder, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        ) as process,
    ):
        impatience = Timer(PATIENCE, process.kill)
        impatience.start()
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.fullmatch(r"Legation serves (https?://\S+)/taxii2/\n", line)
            assert found, f"{line}{(desk.folder / 'log').read_text()}"
            yield Serving(process, found[1])
        finally:
            impatience.cancel()
            try:
                if process.poll() is None:
                    process.terminate()
                    process.wait(PATIENCE)
            finally:
                with suppress(ProcessLookupError):  # as it should be: nothing of it is left
                    os.killpg(process.pid, signal.SIGKILL)
