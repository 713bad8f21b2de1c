"""Servers as processes: started on a free port of this machine, asked of the operating system what they spend, ended."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.client import Connection

ROOT: Final = Path(__file__).parents[1]
PATIENCE: Final = 60.0
"""Seconds until a server must answer."""
_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server. `threads_stay` lets its time be read to the nanosecond, thread by thread; else it comes in ticks of 10 ms."""

    port: int
    process: "subprocess.Popen[bytes]"
    threads_stay: bool = True

    def pids(self) -> list[int]:
        """Its processes: the one started, and all that it started."""
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, task.read_text().split())
        return found

    def cpu(self) -> float:
        """Seconds of processor time of all its processes so far, user and system."""
        return sum(map(_precise if self.threads_stay else _in_ticks, self.pids()))

    def resident(self) -> float:
        """MB in memory, of the process that holds most."""
        return max(_status(pid, "VmRSS") for pid in self.pids())


def _precise(pid: int) -> float:
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def _in_ticks(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK


def _status(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: Sequence[str], port: int, ready: bytes, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """The server that `command` starts, from when it answers `ready` until the context ends. Raises ChildProcessError with its last words."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, env={**os.environ, **(environment or {})}, start_new_session=True
        )
    try:
        _wait(process, port, ready, log)
        yield Server(port, process)
    finally:
        _end(process)


def _wait(process: "subprocess.Popen[bytes]", port: int, ready: bytes, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with Connection(port) as connection:
                if connection.send(ready).status < 500:
                    return
        except OSError:
            time.sleep(0.005)
    raise ChildProcessError(f"{process.args!r:.200} does not answer: {log.read_text(errors='replace')[-600:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a command to its end; what it printed. Raises ChildProcessError if it fails."""
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ChildProcessError(f"{' '.join(command[:6])} failed with {done.returncode}: {done.stderr[-600:]}")
    return done.stdout


@dataclass(frozen=True)
class Spent:
    """What a command that ran to its end spent: seconds on the wall, seconds of processor time, MB in memory at most."""

    wall: float
    cpu: float
    peak: float


def measured(command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Spent:
    """Run a command to its end and see what it spent. Raises ChildProcessError if it fails."""
    began = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env={**os.environ, **(environment or {})})
    peak = 0.0
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        # Not the `maxrss` of `wait4`: that one counts what the parent had in memory when it started the child.
        peak = max(peak, _status(process.pid, "VmHWM"))
        time.sleep(0.02)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ChildProcessError(f"{' '.join(command[:6])} failed: {log.read_text(errors='replace')[-600:]}")
    return Spent(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, peak)
