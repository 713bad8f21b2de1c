"""The rows of the table about running the server: reloading, starting, importing, and what it takes on the disk."""

import threading
from itertools import chain
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

from benchmarks import corpus
from benchmarks.client import Connection, Walls
from benchmarks.legation import FRESH, WRITER, Desk
from benchmarks.measure import LEGATION, Check, Row
from benchmarks.processes import Server
from benchmarks.world import World, grown


def first_clearance(world: World) -> Row:
    """How long others wait while the first request of a class decides a thousand labels; one class after the other, after a reload."""
    poller = world.desk.reading("visible", "limit=1")
    title = world.alliance / "collections/bench/api-root.toml"
    title.write_text(title.read_text().replace("Benchmark", "Benchmark, renamed"))
    began = perf_counter()
    world.desk.command("reload", str(world.alliance))
    reload = perf_counter() - began
    quiet, waited, took = [], [], []
    with Connection(world.server.port) as connection:
        connection.ask(poller)
        for client in FRESH:
            fresh = world.desk.reading("labels-1000", "limit=1", client)
            quiet.append(max(_paced(connection, poller, 100).seconds))
            asking = threading.Thread(target=lambda message=fresh: took.append(_timed(world.server, message)))
            asking.start()
            waited.append(max(_paced(connection, poller, 100, asking).seconds))
            asking.join()
    delay = (min(waited) - min(quiet)) * 1000
    text = f"slowest other request **{min(waited) * 1000:.2g} ms** (without: {min(quiet) * 1000:.2g}); the first answer {min(took) * 1000:.0f} ms"
    note = f"the reload itself took {reload:.1f} s; of {len(FRESH)} classes the least wait counts: what else the machine does can only add to it"
    checks = (Check("others wait ≤ 5 ms more", delay, 5),)
    return Row("first clearance of a class after a reload, 1,000 labels", {LEGATION: text}, checks, note=note)


def _paced(connection: Connection, message: bytes, count: int, meanwhile: threading.Thread | None = None) -> Walls:
    """So many requests with pauses between them, and more while a thread is at work."""
    walls = Walls()
    while len(walls.seconds) < count or (meanwhile is not None and meanwhile.is_alive()):
        began = perf_counter()
        connection.ask(message)
        walls.seconds.append(perf_counter() - began)
        sleep(0.001)
    return walls


def _timed(server: Server, message: bytes) -> float:
    with Connection(server.port) as connection:
        began = perf_counter()
        connection.ask(message)
        return perf_counter() - began


def start(world: World) -> Row:
    """From the command to the first answer, over the large store and over the small one."""
    found, spent = {}, {}
    for name, desk in (("large", world.desk), ("small", world.small_desk)):
        walls, times = [], []
        for _ in range(3):
            began = perf_counter()
            with desk.serve() as server, Connection(server.port) as connection:
                connection.ask(desk.reading("indicators", "limit=1"))
                walls.append(perf_counter() - began)
                times.append(server.cpu())
        found[name], spent[name] = min(walls), min(times)
    text = f"**{found['large']:.2f} s**, {spent['large']:.2f} s of processor time"
    note = f"with {world.scale.small:,} stored: {found['small']:.2f} s, {spent['small']:.2f} s of processor time; the quickest of three"
    check = Check("≤ 1 s", found["large"], 1.0)
    return Row(f"start to first answer, {world.scale.large:,} objects stored", {LEGATION: text}, (check,), note=note)


def disk(world: World) -> Row:
    """The file against the bytes of the objects in it, for a store that holds corpus S and one that holds corpus A."""
    found = {}
    objects = {"A": ("attack", list(world.attack.objects)), "S": ("indicators", list(grown(world, 20_000)))}
    for name, (collection, stored) in objects.items():
        desk = Desk(world.folder, f"disk-{name}", world.alliance)
        desk.prepare()
        empty = desk.octets()
        with desk.serve() as server:
            desk.load(server.port, collection, stored)
        found[name] = (desk.octets() - empty) / sum(map(len, stored))
    checks = tuple(Check(f"{name} ≤ 1.6", value, 1.6) for name, value in found.items())
    return Row(
        "bytes on disk / raw bytes (A, S)", {LEGATION: ", ".join(f"{name} **{value:.2f}**" for name, value in found.items())}, checks
    )


def imported(world: World) -> Row:
    """`legation import` of a bundle larger than it may hold in memory."""
    path: Path = world.folder / "bundle.json"
    objects = corpus.indicators(world.scale.import_objects, world.five[1], seed=70)
    octets = corpus.write_bundle(path, chain(world.five[0], objects))
    spent = world.desk.import_file(path, "imported")
    path.unlink()
    rate = world.scale.import_objects / spent.wall
    figures = {
        LEGATION: f"**{spent.peak:.0f} MB** ({rate:,.0f} objects/s on the wall, {world.scale.import_objects / spent.cpu:,.0f} per second of processor time)"
    }
    return Row(
        f"`legation import` of {octets / 1e6:,.0f} MB: peak memory", figures, (Check("≤ 300 MB", spent.peak, 300),), note=f"as {WRITER}"
    )


OPERATING: Final = (first_clearance, start, disk, imported)
"""The rows, in the order in which they are measured."""
