"""The rows of the table about reading: pages, polls, single objects, and what handling adds to them."""

import base64
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Final

from benchmarks.client import Connection, poll, request
from benchmarks.corpus import id_of
from benchmarks.floors import floor
from benchmarks.legation import ALL, HIDDEN, READER, address
from benchmarks.measure import FLOOR_A, FLOOR_B, LEGATION, MEDALLION, OPENTAXII, Check, Probe, Row, compare, row_of, times, within
from benchmarks.peers import Peer
from benchmarks.processes import Server
from benchmarks.world import LABELS, World, first

POLLERS: Final = 32
NEVER: Final = "2100-01-01T00:00:00Z"
"""Nothing is newer."""
UNHIDDEN: Final = "the same page, nothing hidden"
SMALL: Final = "Legation, small store"


def full_sync(world: World) -> Row:
    """Every page of corpus A; a peer that holds less is told apart."""
    probes = [
        Probe(FLOOR_B, world.floor, partial(_sync, "/rows/attack?limit=1000", "")),
        Probe(LEGATION, world.server, partial(_sync, f"{address('attack')}objects/?limit=1000", world.desk.bearer(READER))),
        *(Probe(peer.name, peer.server, partial(_sync, f"{peer.path}objects/?limit=1000", peer.authorization)) for peer in world.peers),
    ]
    samples = compare(probes, world.scale.pace)
    count = len(world.attack.objects)
    held = ", ".join(f"{peer.name} {min(count, world.scale.peer, peer.most):,}" for peer in world.peers)
    return row_of(f"full sync, limit 1000, A ({count:,} objects)", samples, times(samples, FLOOR_B, 2), note=f"objects held: {held}")


def page(world: World, corpus: str, limit: int, bound: float) -> Row:
    """A page; peers hold corpus A alone."""
    table, collection = ("attack", "attack") if corpus == "A" else ("indicators", "unflagged")
    probes = [
        Probe.of(FLOOR_A, world.floor, request(f"/fixed/{table}/{limit}")),
        Probe.of(FLOOR_B, world.floor, request(f"/rows/{table}?limit={limit}")),
        Probe.of(LEGATION, world.server, world.desk.reading(collection, f"limit={limit}")),
        *(Probe.of(peer.name, peer.server, peer.reading(f"limit={limit}")) for peer in world.peers if corpus == "A"),
    ]
    samples = compare(probes, world.scale.pace)
    return row_of(f"page of {limit}, {corpus}, 5 labels", samples, times(samples, FLOOR_B, bound))


def incremental(world: World, bound: float, *, is_idle: bool) -> Row:
    """A poll after the last one: ten new objects, or none."""
    count = len(world.attack.objects)
    after = count + len(world.new) if is_idle else count
    probes = [
        Probe.of(FLOOR_B, world.floor, request(f"/rows/attack?added_after={after}&limit=1000")),
        Probe.of(LEGATION, world.server, _poll(world, is_idle=is_idle)),
        *(Probe.of(peer.name, peer.server, _peer_poll(world, peer, is_idle=is_idle)) for peer in world.peers),
    ]
    samples = compare(probes, world.scale.pace)
    return row_of(f"incremental poll, {'nothing new' if is_idle else '10 new'}", samples, within(samples, bound))


def one_object(world: World) -> Row:
    """One object by its id."""
    wanted = id_of(first(world.attack.objects, b"attack-pattern"))
    probes = [
        Probe.of(FLOOR_B, world.floor, request(f"/one/attack/{wanted}")),
        Probe.of(LEGATION, world.server, world.desk.reading("attack", "", resource=f"objects/{wanted}/")),
        *(Probe.of(peer.name, peer.server, peer.reading("", f"objects/{wanted}/")) for peer in world.peers),
    ]
    samples = compare(probes, world.scale.pace)
    return row_of("one object by id", samples, within(samples, 0.30))


def many_pollers(world: World) -> Row:
    """Requests per second of 32 connections that poll without a pause, on two workers; client and servers share the machine."""
    seconds = max(2.0, 4 * world.scale.pace.seconds)
    after = len(world.attack.objects)
    with world.desk.serve(workers=2) as server, floor(world.folder / "floor.sqlite", world.folder / "floor.log", workers=2) as below:
        contestants: list[tuple[str, Server, bytes]] = [
            (FLOOR_B, below, request(f"/rows/attack?added_after={after}&limit=1000")),
            (LEGATION, server, _poll(world, is_idle=False)),
            *((peer.name, peer.server, _peer_poll(world, peer, is_idle=False)) for peer in world.peers if peer.name == OPENTAXII),
        ]
        best: dict[str, tuple[float, str]] = {}
        for _ in range(2):
            for name, contestant, message in contestants:
                before = contestant.cpu()
                walls = poll(contestant.port, message, POLLERS, seconds)
                rate = len(walls.seconds) / seconds
                spent = (contestant.cpu() - before) / max(1, len(walls.seconds)) * 1000
                text = f"**{rate:,.0f}/s** (p99 {walls.at(0.99) * 1000:.1f} ms, CPU {spent:.3g} ms)" if walls.seconds else "nothing"
                best[name] = max(best.get(name, (0.0, "")), (rate, text))
    rate, other = best[LEGATION][0], best[FLOOR_B][0]
    checks = Check("≥ 8,000/s", rate, 8000, at_least=True), Check("≥ 1/2 of (b)", rate / other, 0.5, at_least=True)
    figures = {name: text for name, (_, text) in best.items()} | ({MEDALLION: "not servable"} if _has(world, MEDALLION) else {})
    return Row(f"{POLLERS} pollers, 10 new, 2 workers", figures, checks)


def growth(world: World, what: str) -> Row:
    """The same request to a store of a thousand objects and to the large one."""
    probes = []
    for name, server, token in ((SMALL, world.small, world.small_desk), (LEGATION, world.server, world.desk)):
        after, _ = world.poll_from(server, address("indicators"), token.bearer(READER))
        message = {
            "page of 100": token.reading("indicators", "limit=100"),
            "poll, 10 new": token.reading("indicators", f"added_after={after}"),
            "object": token.reading("indicators", "", resource=f"objects/{id_of(world.new[0])}/"),
            "manifest": token.reading("indicators", "limit=100", resource="manifest/"),
        }[what]
        probes.append(Probe.of(name, server, message))
    samples = compare(probes, world.scale.pace)
    name = f"growth {world.scale.small:,} → {world.scale.large:,} stored: {what}"
    return row_of(name, samples, times(samples, SMALL, 1.2), note=f"{SMALL}: {samples[SMALL].text}")


def hidden(world: World) -> Row:
    """A page of all that a reader sees where 99.9 % is hidden from him, and of the same objects alone."""
    limit = world.scale.large // 1000
    probes = [
        Probe.of(UNHIDDEN, world.server, world.desk.reading("visible", f"limit={limit}", HIDDEN)),
        Probe.of(LEGATION, world.server, world.desk.reading("indicators", f"limit={limit}", HIDDEN)),
    ]
    samples = compare(probes, world.scale.pace)
    check = times(samples, UNHIDDEN, 1.3)
    return row_of(f"99.9 % hidden, page of {limit}", samples, check, note=f"{UNHIDDEN}: {samples[UNHIDDEN].text}")


def labels(world: World) -> Row:
    """A page of 1000 under 5, 500 and 1,000 visible labels."""
    names = {count: f"{count} labels" for count in LABELS}
    probes = [Probe.of(name, world.server, world.desk.reading(f"labels-{count}", "limit=1000")) for count, name in names.items()]
    with Connection(world.server.port) as connection:
        for probe in probes:
            probe.act(connection)  # the first clearance of a class is another row
    samples = compare(probes, world.scale.pace)
    few, many, most = names.values()
    figures = {LEGATION: "; ".join(f"{name} {sample.text}" for name, sample in samples.items())}
    bars = {f"page of 1000, {name}": sample.cpu * 1000 for name, sample in samples.items()}
    return Row(f"{few} → {many} → {most}, {ALL}", figures, (times(samples, few, 2, many), times(samples, few, 3, most)), bars=bars)


def numbers_against_time(world: World) -> Row:
    """A page of 1000 where the numbers of 500 labels fall with time, against one where they rise."""
    probes = [Probe.of(name, world.server, world.desk.reading(name, "limit=1000")) for name in ("along", "against")]
    samples = compare(probes, world.scale.pace)
    figures = {LEGATION: f"along {samples['along'].text}; against {samples['against'].text}"}
    return Row("500 label numbers against time", figures, (times(samples, "along", 1.5, "against"),))


def flagged(world: World) -> Row:
    """A page in which every tenth row has a rival under its id, against one without."""
    probes = [Probe.of(name, world.server, world.desk.reading(name, "limit=1000")) for name in ("unflagged", "flagged")]
    samples = compare(probes, world.scale.pace)
    figures = {LEGATION: f"unflagged {samples['unflagged'].text}; flagged {samples['flagged'].text}"}
    return Row("10 % flagged rows, page of 1000", figures, (times(samples, "unflagged", 1.5, "flagged"),))


def zipped(world: World) -> Row:
    """A page as gzip against the same page plain."""
    probes = []
    for collection in ("attack", "unflagged"):
        path, token = f"{address(collection)}objects/?limit=1000", world.desk.bearer(READER)
        probes += [
            Probe.of(f"{collection}, plain", world.server, request(path, token)),
            Probe.of(f"{collection}, gzip", world.server, request(path, token, Accept_Encoding="gzip")),
        ]
    samples = compare(probes, world.scale.pace)
    checks = tuple(times(samples, f"{name}, plain", 1.4, f"{name}, gzip") for name in ("attack", "unflagged"))
    return Row("gzip page of 1000 (A, S)", {LEGATION: "; ".join(f"{name} {sample.text}" for name, sample in samples.items())}, checks)


def authentication(world: World) -> Row:
    """What it costs to know who asks: a poll of a public collection with and without credentials.

    It finds nothing: what a visit to the disk costs moves by more than what is measured here.
    """
    basic = base64.b64encode(f"{READER}:{world.desk.tokens[READER]}".encode()).decode()
    ways = {"nobody": "", "token": world.desk.bearer(READER), "Basic": f"Basic {basic}", "JWT": f"Bearer {world.jwt}"}
    path = f"{address('public')}objects/?added_after={NEVER}"
    samples = compare([Probe.of(name, world.server, request(path, header)) for name, header in ways.items()], world.scale.pace)
    added = {name: (sample.cpu - samples["nobody"].cpu) * 1000 for name, sample in samples.items()}
    checks = tuple(Check(f"{name} ≤ {bound:g} ms", added[name], bound) for name, bound in (("token", 0.05), ("Basic", 0.05), ("JWT", 0.15)))
    figures = {LEGATION: ", ".join(f"{name} **{added[name]:+.3f}**" for name in ("token", "Basic", "JWT"))}
    return Row("authentication added per request", figures, checks, note=f"without: {samples['nobody'].text}")


def delivery_record(world: World) -> Row:
    """What it adds to a page that its delivery is on record before it is answered, against a server that keeps none: asked alone, and by many at once."""
    message = _poll(world, is_idle=False)
    with world.desk.serve(keeps_record=False) as silent:
        servers = {"no record": silent, LEGATION: world.server}
        alone = compare([Probe.of(name, server, message) for name, server in servers.items()], world.scale.pace)
        crowds: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(world.scale.pace.rounds):
            for name, server in servers.items():
                before = server.cpu()
                count = len(poll(server.port, message, POLLERS, 2 * world.scale.pace.seconds).seconds)
                crowds[name].append((server.cpu() - before) / max(1, count))
    cpu = (alone[LEGATION].cpu - alone["no record"].cpu) * 1000
    wall = (alone[LEGATION].walls.at(0.5) - alone["no record"].walls.at(0.5)) * 1000
    shared = (median(crowds[LEGATION]) - median(crowds["no record"])) * 1000
    text = f"one reader **{cpu:+.3f} ms** (wall {wall:+.2f}), {POLLERS} at once **{shared:+.3f} ms** each"
    checks = (
        Check("one reader ≤ 0.1 ms", cpu, 0.1),
        Check(f"{POLLERS} at once ≤ 0.1 ms", shared, 0.1),
        Check("p50 on the wall ≤ 2 ms", wall, 2),
    )
    return Row("durable delivery record, added per page", {LEGATION: text}, checks, note=f"a poll without it: {alone['no record'].text}")


def _sync(path: str, authorization: str, connection: Connection) -> object:
    return sum(len(answer.body) for answer in connection.pages(path, authorization))


def _poll(world: World, *, is_idle: bool) -> bytes:
    return world.desk.reading("attack", f"added_after={world.own_poll()[is_idle]}")


def _peer_poll(world: World, peer: Peer, *, is_idle: bool) -> bytes:
    return peer.reading(f"added_after={world.poll_from(peer.server, peer.path, peer.authorization)[is_idle]}")


def _has(world: World, name: str) -> bool:
    return any(peer.name == name for peer in world.peers)


READING: Final[Sequence[Callable[[World], Row]]] = (
    full_sync,
    partial(page, corpus="A", limit=1000, bound=1.2),
    partial(page, corpus="S", limit=1000, bound=2.0),
    partial(page, corpus="A", limit=100, bound=2.0),
    partial(page, corpus="S", limit=100, bound=2.0),
    partial(incremental, is_idle=False, bound=0.30),
    partial(incremental, is_idle=True, bound=0.15),
    one_object,
    many_pollers,
    delivery_record,
    *(partial(growth, what=what) for what in ("page of 100", "poll, 10 new", "object", "manifest")),
    hidden,
    labels,
    numbers_against_time,
    flagged,
    zipped,
    authentication,
)
"""The rows, in the order of the table."""
