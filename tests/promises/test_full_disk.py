"""A full disk (DESIGN 2, promise 3): the server says that it cannot write, loses nothing that it acknowledged, and goes on when there is room again.

Twice, by what any user may do to a process of his own: a limit on the size of its files, and a small file system in a mount namespace of its own.
"""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from benchmarks.client import Answer, Connection, request
from benchmarks.crash import fresh_object
from benchmarks.fleet import Member, member, prepare
from benchmarks.processes import ROOT
from benchmarks.truth import ALLIANCE, READERS, Truth, look

WRITER = "ng-cert/misp"
ENVELOPE = 200
MOST_TRIES = 60
KIB = 1024
SMALL = 24 * 1024 * KIB
"""Octets of the small file system: enough for the store with its logs, and soon full."""
SMALL_DISK = (
    "unshare",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    'mount -t tmpfs -o size="$1" tmpfs "$2" && cp -a "$3"/. "$2" && shift 3 && exec "$@"',
    "sh",
)


@dataclass
class Disk:
    """A server on a disk that can be filled and emptied. `beside`: what to put before a command that is to see the same disk."""

    server: Member
    store: str
    tokens: dict[str, str]
    fill: Callable[[], None]
    empty: Callable[[], None]
    beside: tuple[str, ...] = ()

    def is_sound(self) -> bool:
        """Whether objects, files and chains are."""
        legation = (*self.beside, sys.executable, "-P", "-m", "app.cli")
        checks = (("store", "verify"), ("audit", "verify"))
        return all(subprocess.run([*legation, *check, "--store", self.store], cwd=ROOT, check=False).returncode == 0 for check in checks)

    def post(self, connection: Connection, truth: Truth) -> Answer:
        """Send an envelope of fresh objects; what is acknowledged must be there from now on, and what is not must not."""
        place = truth.places[ALLIANCE]
        objects = dict(fresh_object(len(place.sent) + number) for number in range(ENVELOPE))
        place.sent.update(objects)
        body = b'{"objects": [%b]}' % b",".join(objects.values())
        answer = connection.send(request(f"{ALLIANCE}objects/", f"Bearer {self.tokens[WRITER]}", body))
        if answer.status == 202:
            assert orjson.loads(answer.body)["success_count"] == ENVELOPE
            place.there |= set(objects)
        return answer

    def post_until_full(self, connection: Connection, truth: Truth) -> Answer:
        """The first answer that is no success."""
        for _ in range(MOST_TRIES):
            answer = self.post(connection, truth)
            if answer.status != 202:
                return answer
        raise AssertionError("the disk is never full")


@contextmanager
def limited_files(folder: Path) -> Iterator[Disk]:
    """The operating system refuses to let any file of the server grow beyond a size."""
    store = f"sqlite:///{folder}/store.sqlite"
    tokens = prepare(store, {WRITER, *READERS.values()})
    server = member(store, folder / "log")

    def limit(octets: int) -> None:
        assert server.process is not None
        hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (octets, hard))

    def fill() -> None:
        limit(max(path.stat().st_size for path in folder.iterdir()) + 100 * KIB)

    try:
        server.start()
        yield Disk(server, store, tokens, fill, lambda: limit(resource.RLIM_INFINITY))
    finally:
        server.kill()


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A file system in memory, of a few megabytes, that only the server and its children have; a ballast in it takes the room away."""
    prepared, mounted = folder / "prepared", folder / "mounted"
    prepared.mkdir()
    mounted.mkdir()
    tokens = prepare(f"sqlite:///{prepared}/store.sqlite", {WRITER, *READERS.values()})
    server = member(f"sqlite:///{mounted}/store.sqlite", folder / "log")
    server.command = (*SMALL_DISK, str(SMALL), str(mounted), str(prepared), *server.command)
    try:
        server.start()
        assert server.process is not None
        inside = Path(f"/proc/{server.process.pid}/root{mounted}")

        def fill() -> None:
            status = os.statvfs(inside)
            (inside / "ballast").write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - 300 * KIB)))

        beside = ("nsenter", "--target", str(server.process.pid), "--user", "--mount", "--preserve-credentials")
        yield Disk(server, f"sqlite:///{mounted}/store.sqlite", tokens, fill, (inside / "ballast").unlink, beside)
    finally:
        server.kill()


def has_small_disks() -> bool:
    """Whether this machine lets its users mount something for themselves."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*SMALL_DISK[:5], "mount -t tmpfs tmpfs /tmp"], capture_output=True, check=False).returncode == 0


@pytest.fixture(params=[limited_files, small_disk], ids=["limited files", "small disk"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if request.param is small_disk and not has_small_disks():
        pytest.skip("this machine lets nobody mount a file system of his own")
    with request.param(tmp_path) as made:
        yield made


def test_what_cannot_be_written_is_refused_and_nothing_is_lost(disk: Disk) -> None:
    truth = Truth()
    with Connection(disk.server.port) as connection:
        assert disk.post(connection, truth).status == 202
        disk.fill()
        for _ in range(2):
            answer = disk.post_until_full(connection, truth)
            assert (answer.status, answer.header("retry-after")) == (503, "5"), answer.body
        read = connection.send(request(f"{ALLIANCE}objects/", f"Bearer {disk.tokens[READERS[ALLIANCE]]}"))
        assert read.status in {200, 503}, read.body  # 503: that it was delivered could not be put on record
        assert connection.send(request("/healthz")).status == 200
        disk.empty()
        assert disk.post(connection, truth).status == 202
    assert look(truth, disk.server.port, disk.tokens, whole=True) == []
    assert disk.is_sound()


def test_a_crash_on_a_full_disk_loses_nothing_either(tmp_path: Path) -> None:
    """The server dies while it cannot write, and comes back when there is room."""
    truth = Truth()
    with limited_files(tmp_path) as disk:
        with Connection(disk.server.port) as connection:
            assert disk.post(connection, truth).status == 202
            disk.fill()
            assert disk.post_until_full(connection, truth).status == 503
        disk.server.kill()
        disk.server.start()
        assert look(truth, disk.server.port, disk.tokens, whole=True) == []
        assert disk.is_sound()
