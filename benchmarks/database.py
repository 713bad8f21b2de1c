"""A MongoDB server that may be killed: SecantusDB, over a folder, always on the same port (tests/mongo/README.md says what it is, and what it is not).

It is told to wait for its journal with every commit, as `j: true` asks for and a MongoDB server does by itself.
"""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from time import perf_counter
from typing import Final

from benchmarks.processes import PATIENCE, ROOT, free_port

SERVER: Final = ROOT / ".venv-mongo" / "bin" / "secantusd-py"
_LISTENING: Final = re.compile(r"listening on \S+:\d+")


@dataclass
class Database:
    """A database over a folder, running or not."""

    folder: Path
    port: int = field(default_factory=free_port)
    starts: list[float] = field(default_factory=list)
    """Seconds from each start until it listened."""
    _process: "subprocess.Popen[str] | None" = None

    @property
    def store(self) -> str:
        """The address of a store in it."""
        return f"mongodb://127.0.0.1:{self.port}/legation"

    def start(self) -> None:
        """Start it, and wait until it listens. Raises ChildProcessError."""
        if not SERVER.exists():
            raise ChildProcessError(f"there is no {SERVER}; `make setup-dev` installs it")
        began = perf_counter()
        where = ("--host", "127.0.0.1", "--port", str(self.port), "--storage-path", str(self.folder), "--cache-size", "1G")
        command = (str(SERVER), *where, "--sync-on-commit")
        self._process = subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE, text=True, start_new_session=True)
        assert self._process.stderr is not None  # noqa: S101 # a pipe was asked for
        impatience = Timer(PATIENCE, self._process.kill)
        impatience.start()
        said = list[str]()
        for line in iter(self._process.stderr.readline, ""):
            said.append(line)
            if _LISTENING.search(line):
                break
        else:
            raise ChildProcessError(f"the database does not start: {''.join(said)[-600:]}")
        impatience.cancel()
        self.starts.append(perf_counter() - began)

    def kill(self) -> None:
        """End it at once, as a crash of its machine would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            assert self._process.stderr is not None  # noqa: S101 # as above
            self._process.stderr.close()
            self._process = None


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    """A database that runs, over a new folder in this one; it does not outlive the context."""
    made = Database(folder / "database")
    made.folder.mkdir()
    try:
        made.start()
        yield made
    finally:
        made.kill()
