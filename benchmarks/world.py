"""The world that the rows are measured in: what is stored where, how much of it, and the servers that run side by side."""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Final

from benchmarks import corpus, peers
from benchmarks.client import Connection
from benchmarks.corpus import Corpus, Marks
from benchmarks.floors import fill, floor
from benchmarks.legation import ALL, ONLY_READER, READER, SECOND, Desk, address, dates, signed_token, write_alliance
from benchmarks.measure import Pace
from benchmarks.peers import Peer
from benchmarks.processes import Server

INGESTS: Final = 8
LABELS: Final = (5, 500, 1000)
COLLECTIONS: Final = (
    "attack", "indicators", "public", "flagged", "unflagged", "visible", "against", "along", "busy", "imported",
    *(f"labels-{count}" for count in LABELS), *(f"ingest-{number}" for number in range(INGESTS)),
)  # fmt: skip
NEW: Final = 10
"""Objects that an incremental poll finds."""
VISIBLE_IN: Final = 1000
"""One object in so many is seen by the reader from whom the rest is hidden."""


@dataclass(frozen=True)
class Scale:
    """How much is stored and how long is measured."""

    name: str
    attack: int | None
    """Objects of corpus A; None: all."""
    peer: int
    """Objects that a peer is given at most."""
    small: int
    large: int
    """Objects of corpus S in the two stores that are compared for growth."""
    flagged: int
    per_label: int
    import_objects: int
    pace: Pace


QUICK: Final = Scale("quick", 4_000, 1_500, 1_000, 50_000, 2_000, 4, 60_000, Pace(3, 0.3))
NORMAL: Final = Scale("normal", None, 25_000, 1_000, 100_000, 10_000, 10, 300_000, Pace(5, 0.6))
LONG: Final = Scale("long", None, 25_000, 1_000, 1_000_000, 10_000, 20, 1_450_000, Pace(5, 1.0))


@dataclass
class World:
    """What is running, and what was stored on the way."""

    folder: Path
    scale: Scale
    alliance: Path
    jwt: str
    desk: Desk
    small_desk: Desk
    server: Server
    small: Server
    floor: Server
    attack: Corpus
    peers: list[Peer] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    """Peers that could not be measured, with the reason."""
    rest_mb: float = 0.0

    @cached_property
    def five(self) -> tuple[list[bytes], list[Marks]]:
        """Five labels that every member sees."""
        return corpus.many_labels(5, ALL, 100)

    @cached_property
    def new(self) -> list[bytes]:
        """The objects that arrive last."""
        return list(corpus.indicators(NEW, self.five[1], seed=9))

    def poll_from(self, server: Server, path: str, authorization: str) -> tuple[str, str]:
        """The instants after which a poll finds the newest ten objects, and nothing."""
        with Connection(server.port) as connection:
            found = dates(connection, path, authorization, self.new)
        return before(found[0]), found[-1]

    def own_poll(self, collection: str = "attack") -> tuple[str, str]:
        """The same for a collection of the main store."""
        return self.poll_from(self.server, address(collection), self.desk.bearer(READER))


def before(date: str) -> str:
    """A microsecond earlier; dates of the standard sort as texts."""
    head, _, fraction = date.removesuffix("Z").partition(".")
    micros = int(fraction.ljust(6, "0"))
    return f"{head}.{max(micros - 1, 0):06}Z"


@contextmanager
def world(folder: Path, scale: Scale) -> Iterator[World]:
    """Everything started and filled."""
    alliance, (token, keys) = folder / "alliance", signed_token()
    write_alliance(alliance, COLLECTIONS, keys)
    desk, small_desk = Desk(folder, "main", alliance), Desk(folder, "small", alliance)
    five = corpus.many_labels(5, ALL, 100)
    attack = Corpus((*five[0], *(found := corpus.attack(five[1], scale.attack)).objects), found.origin)
    new = list(corpus.indicators(NEW, five[1], seed=9))
    fill(folder / "floor.sqlite", {"attack": [*attack.objects, *new], "indicators": list(corpus.indicators(scale.small * 20, five[1]))})
    with ExitStack() as stack:
        for each in (desk, small_desk):
            each.prepare()
        server, small = stack.enter_context(desk.serve()), stack.enter_context(small_desk.serve())
        below = stack.enter_context(floor(folder / "floor.sqlite", folder / "floor.log"))
        made = World(folder, scale, alliance, token, desk, small_desk, server, small, below, attack)
        with Connection(server.port) as connection:
            connection.ask(desk.reading("attack", "limit=1"))
        made.rest_mb = server.resident()
        _fill_legation(made)
        _start_peers(made, stack)
        yield made


def _fill_legation(made: World) -> None:
    say("filling the stores of Legation")
    scale, (definitions, marks) = made.scale, made.five
    desk, port = made.desk, made.server.port
    desk.load(port, "attack", made.attack.objects)
    desk.load(port, "attack", made.new)
    for where, server, count in ((desk, made.server, scale.large), (made.small_desk, made.small, scale.small)):
        where.load(server.port, "indicators", grown(made, count))
        where.load(server.port, "indicators", made.new)
    # The same that the reader sees from whom the rest is hidden, in a collection without the rest.
    desk.load(port, "visible", [*definitions, *_seldom(made, scale.large)])
    desk.load(port, "public", corpus.indicators(1_000, [(corpus.TLP[0],)], seed=3))
    for count in LABELS:
        desk.load(port, f"labels-{count}", _labelled(count, scale.per_label))
    for name, order in (("along", 1), ("against", -1)):
        desk.load(port, name, _ordered(order, scale.per_label))
    objects = list(corpus.indicators(scale.flagged, marks, seed=4))
    for name in ("flagged", "unflagged"):
        desk.load(port, name, [*definitions, *objects])
    desk.load(port, "flagged", [*definitions, *(_later(raw) for raw in objects[::10])], SECOND)


def grown(made: World, count: int) -> Iterator[bytes]:
    """Corpus S under five labels that all see and five that only one reader sees; of a thousand objects one is for all."""
    definitions, marks = made.five
    closed = [corpus.definition(300 + number, (ONLY_READER, f"org:listed-{number}")) for number in range(5)]
    hidden = [(corpus.AMBER, corpus.id_of(raw)) for raw in closed]
    yield from definitions
    yield from closed
    for start in range(0, count, VISIBLE_IN):
        yield from corpus.indicators(1, [marks[start // VISIBLE_IN % 5]], start=start)
        yield from corpus.indicators(min(VISIBLE_IN, count - start) - 1, hidden, start=start + 1)


def _seldom(made: World, count: int) -> Iterator[bytes]:
    for start in range(0, count, VISIBLE_IN):
        yield from corpus.indicators(1, [made.five[1][start // VISIBLE_IN % 5]], start=start)


def _labelled(count: int, per_label: int) -> Iterator[bytes]:
    definitions, marks = corpus.many_labels(count, ALL, 10_000 * count)
    objects = list(corpus.indicators(max(2_000, count * per_label), marks, seed=count))
    random.Random(count).shuffle(objects)
    return chain(definitions, objects)


def _ordered(order: int, per_label: int) -> Iterator[bytes]:
    """500 labels, numbered by their first use; then blocks of objects, label after label, forwards or backwards."""
    definitions, marks = corpus.many_labels(500, ALL, 77_000)
    yield from definitions
    yield from corpus.indicators(500, marks, seed=5)
    for block, each in enumerate(marks[::order]):
        yield from corpus.indicators(per_label, [each], seed=6, start=block * per_label)


def _later(raw: bytes) -> bytes:
    """A version of the day after, as another organisation would send it."""
    return raw.replace(b'"modified":"2026-01-05', b'"modified":"2026-01-06')


def _start_peers(made: World, stack: ExitStack) -> None:
    for start in peers.STARTERS:
        say(f"starting {start.__name__}, and filling it through HTTP")
        try:
            peer = stack.enter_context(start(made.folder))
            objects = made.attack.objects[: min(made.scale.peer, peer.most)]
            peer.load(objects, 250)
            peer.load(made.new, NEW)
        except (OSError, ValueError) as error:
            made.absent.append(f"{start.__name__}: {_shortened(str(error))}")
        else:
            made.peers.append(peer)


def _shortened(text: str) -> str:
    return " ".join(text.split())[-300:]


def say(text: str) -> None:
    """Tell whoever waits."""
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", flush=True)


def first(objects: Sequence[bytes], kind: bytes) -> bytes:
    """The first object of a type."""
    return next(raw for raw in objects if b'"type":"' + kind in raw)
