"""Does anything acknowledged get lost, or anything get in by halves? `make crash` kills the server at random moments of its writing, round after round.

Each round: start the server (and measure it), look whether all is as it must be, write envelopes, single objects and into an intake, delete, release; kill.
Over MongoDB the database can be killed as well, or in its stead: then the server must go on by itself as soon as the database is there again.
`python -m benchmarks.crash --help` tells the sizes.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic
from typing import Final

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.audit.checkpoint import Checkpoint
from app.cli.session import do
from app.sharing.attest import attest, checkpoint
from app.sharing.exchange import Exchange
from app.sharing.verify import verify
from benchmarks.client import ACCEPT, Connection, request
from benchmarks.corpus import TLP, identifier
from benchmarks.database import Database, database
from benchmarks.fleet import Lost, member, prepare
from benchmarks.processes import ROOT
from benchmarks.truth import ALLIANCE, INTAKE, KNOWLEDGE, READERS, Objects, Truth, look

WRITERS: Final = ("ng-cert/misp", "za-cert/misp")
PARTNER: Final = "quillfrost/push"
LONGEST: Final = 0.8
"""Seconds of writing before the kill, at most; a slower store needs more to have anything acknowledged."""
STUMBLES: Final = 0.3
"""How often a start is killed too, in the midst of putting right what the crash before it left."""
LONGEST_OVER_MONGODB: Final = 8.0
"""The same over MongoDB, where a write may have to wait until a server that died in the midst of one has been silent for some seconds."""
LONGEST_OF_DATABASE: Final = 3.0
"""The same where nothing is left of what died."""
SURVIVES: Final = 0.5
"""How often the server outlives its database, of the rounds in which that is killed."""
ENOUGH: Final = 5
"""Objects that are acknowledged in every other round before the moment of its kill is sought."""
SILENCE: Final = 60.0
"""Seconds in which a server that runs must have acknowledged so many, however slow the machine."""
SIZES: Final = (1, 1, 20, 200, 1_000)
UNAVAILABLE: Final = 503
_COLLECTIONS: Final = "/collections/"


@dataclass
class Crashed:
    """What the rounds showed. `wrong`: what was lost, halved, untrue or inconsistent; `starts`: seconds until the server answered."""

    rounds: int = 0
    acknowledged: int = 0
    in_doubt: int = 0
    """Deeds whose answer was lost: each happened whole or not at all."""
    seconds: float = 0.0
    starts: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Rounds:
    """The server, what must be true of it, and the dice that say when it ends."""

    store: str
    folder: Path
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    longest: float = LONGEST
    database: Database | None = None
    """What is killed in every round, with the server or without it; None: the server alone."""
    truth: Truth = field(default_factory=Truth)
    found: Crashed = field(default_factory=Crashed)
    _number: int = 0
    _down: threading.Event = field(default_factory=threading.Event)
    """Set when the database is about to be killed: whoever is refused then does not know what became of his deed."""
    _checkpoint: Checkpoint | None = None
    """Where the sealed chains ended at the last look."""

    def __post_init__(self) -> None:
        """The store is fresh; its server is not started yet."""
        self._tokens = prepare(self.store, {*WRITERS, PARTNER, *READERS.values()})
        self._server = member(self.store, self.folder / "server.log")

    def run(self, rounds: int, tell: Callable[[int], None] = lambda _: None, seconds: float = inf) -> Crashed:
        """So many crashes, or as many as begin within so many seconds; at the end everything is read once more, and the store looked into."""
        began = monotonic()
        while self.found.rounds < rounds and monotonic() - began < seconds:
            self._round()
            self.found.rounds += 1
            tell(self.found.rounds)
        self.found.wrong += self.look_at_all()
        self.found.acknowledged = self.truth.acknowledged
        self.found.seconds, self.found.starts = monotonic() - began, self._server.starts
        return self.found

    def look_at_all(self) -> list[str]:
        """What is wrong with anything that was ever written, in words."""
        try:
            if not self._server.up.is_set():
                self._server.start()
            return [
                *look(self.truth, self._server.port, self._tokens, whole=True),
                *do(self.store, self._look_at_records),
                *do(self.store, _faults),
            ]
        finally:
            self._server.kill()

    def _round(self) -> None:
        server = self._server
        self._down.clear()
        with _curator(self.store, self.folder / "curator.log") as curator:
            if self.dice.random() < STUMBLES and not server.up.is_set():
                server.stumble(self.dice.uniform(0, self.longest))
            survives = self.database is not None and self.dice.random() < SURVIVES
            try:
                if not server.up.is_set():
                    server.start()
                self.found.wrong += [*look(self.truth, server.port, self._tokens), *do(self.store, self._look_at_records)]
                threads = [threading.Thread(target=each, daemon=True) for each in self._deeds(curator)]
                for thread in threads:
                    thread.start()
                self._let_write()
                self._kill_database()
            except BaseException:
                survives = False
                raise
            finally:
                curator.kill()
                if not survives:
                    server.kill()
            if self.database is not None:
                self.database.start()
            for thread in threads:
                thread.join()
        self.found.in_doubt += sum(len(place.in_doubt) + len(place.leaving) for place in self.truth.places.values())

    def _let_write(self) -> None:
        """Until the moment of the kill: in every other round it is sought only after enough was acknowledged, so that a slow machine has that too."""
        before, deadline = self.truth.acknowledged, monotonic() + SILENCE
        runs = True
        while runs and self.found.rounds % 2 and self.truth.acknowledged < before + ENOUGH and monotonic() < deadline:
            runs = self._server.runs_for(0.02)
        if monotonic() >= deadline:
            self.found.wrong.append(f"no {ENOUGH} objects were acknowledged in {SILENCE:.0f} s")
        if not (runs and self._server.runs_for(self.dice.uniform(0.02, self.longest))):
            self.found.wrong.append("the server ended by itself")

    def _kill_database(self) -> None:
        if self.database is not None:
            self._down.set()
            self.database.kill()

    def is_down(self) -> bool:
        """Whether the database was killed in this round."""
        return self._down.is_set()

    def ask(self, connection: Connection, message: bytes, expected: int) -> bytes:
        """The body of an answer. Raises Lost; ValueError for another answer."""
        try:
            answer = connection.send(message)
        except OSError as error:
            raise Lost from error
        if answer.status == UNAVAILABLE and self.is_down():
            raise Lost
        if answer.status != expected:
            raise ValueError(f"{message[:100]!r} was answered with {answer.status}: {answer.body[:200]!r}")
        return answer.body

    async def _look_at_records(self, exchange: Exchange) -> list[str]:
        """What is wrong with the sealed chains, or missing since the last look."""
        attested = await attest(exchange, self._checkpoint, lambda _: None)
        self._checkpoint = await checkpoint(exchange)
        return [f"{report.of}: {fault}" for report in attested.chains for fault in report.faults]

    def _deeds(self, curator: "subprocess.Popen[bytes]") -> list[Callable[[], None]]:
        deeds = Deeds(self, self._server.port, self._tokens, curator)
        return [partial(deeds.write, WRITERS[0]), partial(deeds.delete_and_write, WRITERS[1]), deeds.bring_and_release]

    def objects(self, count: int) -> dict[str, bytes]:
        """So many objects that were not sent before."""
        with self.truth.lock:
            first = self._number
            self._number += count
        return dict(fresh_object(number) for number in range(first, first + count))


@dataclass
class Deeds:
    """One client's deeds over a connection of its own, until the server is gone. What else goes wrong is told as wrong."""

    rounds: Rounds
    port: int
    tokens: dict[str, str]
    curator: "subprocess.Popen[bytes]"

    def write(self, client: str) -> None:
        """Envelopes of all sizes."""
        self._until_lost(lambda connection: self._post(connection, client, ALLIANCE, self.rounds.objects(self.rounds.dice.choice(SIZES))))

    def delete_and_write(self, client: str) -> None:
        """A few objects in, one of them out again."""

        def both(connection: Connection) -> None:
            objects = self.rounds.objects(3)
            self._post(connection, client, ALLIANCE, objects)
            self._delete(connection, client, ALLIANCE, next(iter(objects)))

        self._until_lost(both)

    def bring_and_release(self) -> None:
        """A partner brings something, a curator lets it out."""

        def both(connection: Connection) -> None:
            objects = self.rounds.objects(self.rounds.dice.choice([1, 30]))
            self._post(connection, PARTNER, INTAKE, objects)
            self._release(objects)

        self._until_lost(both)

    def _until_lost(self, deed: Callable[[Connection], None]) -> None:
        with Connection(self.port) as connection, suppress(Lost):
            try:
                while not self.rounds.is_down():
                    deed(connection)
            except ValueError as error:
                self.rounds.found.wrong.append(str(error))

    def _post(self, connection: Connection, client: str, path: str, objects: Objects) -> None:
        with self.rounds.truth.writing(path, objects):
            body = b'{"objects": [%b]}' % b",\n".join(objects.values())
            status = orjson.loads(self.rounds.ask(connection, request(f"{path}objects/", f"Bearer {self.tokens[client]}", body), 202))
            if status["success_count"] != len(objects):
                raise ValueError(f"not all was taken: {status!s:.300}")
        root = path.partition(_COLLECTIONS)[0]
        self.rounds.truth.statuses.append((f"{root}/status/{status['id']}/", client, status))

    def _delete(self, connection: Connection, client: str, path: str, object_id: str) -> None:
        head = f"DELETE {path}objects/{object_id}/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {ACCEPT}\r\nAuthorization: Bearer {self.tokens[client]}\r\n\r\n"
        with self.rounds.truth.deleting(path, object_id):
            self.rounds.ask(connection, head.encode(), 200)

    def _release(self, objects: Objects) -> None:
        assert self.curator.stdin is not None  # noqa: S101 # pipes were asked for
        assert self.curator.stdout is not None  # noqa: S101 # as above
        with self.rounds.truth.writing(KNOWLEDGE, objects):
            try:
                self.curator.stdin.write(orjson.dumps(list(objects)) + b"\n")
            except OSError as error:
                raise Lost from error
            line = self.curator.stdout.readline()
            if not line.endswith(b"\n"):
                raise Lost
            if sorted(orjson.loads(line)) != sorted(objects):
                raise ValueError(f"not all was released: {line[:200]!r}")


def fresh_object(number: int) -> tuple[str, bytes]:
    """Id and bytes of an object: the same for the same number, and spelled as no program would spell it."""
    object_id = identifier("indicator", number)
    date = "2026-01-05T08:00:00.000Z"
    head = f'{{"type":  "indicator", "id": "{object_id}", "spec_version": "2.1", "created": "{date}", "modified": "{date}", "valid_from": "{date}",'
    name = f' "name": "caf\\u00e9 {number} é", "pattern_type": "stix", "pattern": "[file:size = {number}]", "x_weight": 1.50,'
    return object_id, f'{head}{name} "object_marking_refs": ["{TLP[1]}"] }}'.encode()


def _path(place: str) -> str:
    """`root/name`, as deeds call a collection."""
    return place.strip("/").replace(_COLLECTIONS, "/")


@contextmanager
def _curator(store: str, log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A curator in a process of its own."""
    command = (sys.executable, "-P", "-m", "benchmarks.curator", store, _path(INTAKE), _path(KNOWLEDGE))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        log.open("ab") as said,
        subprocess.Popen(
            command, bufsize=0, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stderr=said, start_new_session=True, **pipes
        ) as curator,
    ):
        try:
            yield curator
        finally:
            curator.kill()


async def _faults(exchange: Exchange) -> list[str]:
    """What the store itself has wrong."""
    found = await verify(exchange, lambda _: None)
    return [*found.faults, *(f"{each.collection}: {each.object_id}: {each.what}" for each in found.findings)]


def main() -> None:
    """Run as the command line says. Exit code 1: something was lost."""
    parser = argparse.ArgumentParser(prog="benchmarks.crash", description="Kill the server at random moments, and look what is left.")
    parser.add_argument("--store", help="address of an empty store; without it, a fresh SQLite file")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=inf, help="begin no further round after so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, help="seconds of writing before a kill, at most")
    parser.add_argument("--mongodb", action="store_true", help="over a MongoDB server that is started for it")
    parser.add_argument(
        "--kill", choices=["server", "database"], default="server", help="database: that of --mongodb, with the server or without it"
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    asked = parser.parse_args()
    if asked.kill == "database" and not asked.mongodb:
        parser.error("only the database that --mongodb starts can be killed")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Ctrl-C does: no server outlives its benchmark
    parts = (TextColumn("crashes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="legation-crash-") as name,
        Progress(*parts, console=console, disable=not console.is_terminal) as bar,
        database(Path(name)) if asked.mongodb else nullcontext() as started,
    ):
        task = bar.add_task("", total=asked.rounds)
        where = asked.store or (f"sqlite:///{name}/store.sqlite" if started is None else started.store)
        usual = (LONGEST_OVER_MONGODB if asked.kill == "server" else LONGEST_OF_DATABASE) if asked.mongodb else LONGEST
        longest = asked.longest or usual
        rounds = Rounds(where, Path(name), random.Random(asked.seed), longest, started if asked.kill == "database" else None)
        found = rounds.run(asked.rounds, lambda done: bar.update(task, completed=done), 60 * asked.minutes)
    print(json.dumps(asdict(found), indent=2) if asked.json else _told(found))
    sys.exit(1 if found.wrong else 0)


def _told(found: Crashed) -> str:
    starts = sorted(found.starts)
    lines = [
        f"{found.rounds} crashes in {found.seconds:.0f} s: {found.acknowledged} objects acknowledged, {found.in_doubt} deeds cut off, {len(found.wrong)} wrong",
        f"seconds until the server answered: {_at(starts, 0.5):.2f} half the time, {_at(starts, 0.95):.2f} nearly always, {starts[-1]:.2f} at most",
    ]
    return "\n".join([*lines, *found.wrong[:20]])


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


if __name__ == "__main__":
    main()
