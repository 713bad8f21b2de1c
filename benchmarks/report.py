"""RESULTS.md and its charts, from the rows that were measured."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import apsw

from benchmarks.charts import bars, targets
from benchmarks.measure import FLOOR_A, FLOOR_B, FLOOR_C, LEGATION, MEDALLION, OPENTAXII, Row
from benchmarks.world import World

COLUMNS: Final = (LEGATION, OPENTAXII, MEDALLION)
FLOORS: Final = (FLOOR_A, FLOOR_B, FLOOR_C)
_EXPLAINED: Final = """\
Milliseconds of the server's processor time per request, from the operating system, the median over the rounds; in brackets p50 / p95 / p99 on the
wall. All contestants ran side by side and were measured in turns. Trust the ratios within a row: absolute times depend on the machine and on what
else it did.

* floor (a): uvicorn, and a body that lies ready. floor (b): uvicorn, and rows of SQLite joined as bytes. floor (c): orjson, and an insert into
  SQLite without any check, every envelope on the disk.
* "used" is the share of the target that the figure uses up: 1.00 and below is reached.
"""


def write(folder: Path, world: World, rows: Sequence[Row], minutes: float) -> Path:
    """Write the report and its charts; returns its path."""
    drawn = [(row.name, row.bars) for row in rows if row.bars]
    (folder / "requests.svg").write_text(bars("Processor time of the server per request", drawn))
    used = [(f"{row.name}: {check.text}", check.ratio) for row in rows for check in row.checks]
    (folder / "targets.svg").write_text(targets("Share of each target that is used", used))
    path = folder / "RESULTS.md"
    path.write_text(text(world, rows, minutes))
    return path


def text(world: World, rows: Sequence[Row], minutes: float) -> str:
    """The whole report."""
    checks = [check for row in rows for check in row.checks]
    reached = sum(check.reached for check in checks)
    lines = [
        "# Benchmark results",
        "",
        *_machine(world, minutes),
        "",
        _EXPLAINED,
        f"**{reached} of {len(checks)} targets reached.**",
        "",
        "![Processor time per request](requests.svg)",
        "",
        "![Share of each target](targets.svg)",
        "",
        "| | floor | Legation | OpenTAXII | medallion | target | figure | used | reached |",
        "|---|---|---|---|---|---|---|---|---|",
        *(line for row in rows for line in lines(row)),
        "",
        *(["Peers that could not be measured:", "", *(f"* {reason}" for reason in world.absent), ""] if world.absent else []),
        *(["Notes:", "", *(f"* {row.name}: {row.note}" for row in rows if row.note), ""]),
    ]
    return "\n".join(lines)


def lines(row: Row) -> list[str]:
    """A row of the table, and one more for each further target."""
    floors = "<br>".join(f"({name[-2]}) {row.figures[name]}" for name in FLOORS if name in row.figures)
    head = f"| {row.name} | {floors} | {' | '.join(row.figures.get(name, '') for name in COLUMNS)} |"
    checks = [
        f" {check.text} | {check.value:,.3g} | {check.ratio:.2f} | {'yes' if check.reached else '**no**'} |"
        if check.value < 1000
        else f" {check.text} | {check.value:,.0f} | {check.ratio:.2f} | {'yes' if check.reached else '**no**'} |"
        for check in row.checks
    ]
    return [head + (checks[0] if checks else " | | | not measured |"), *(f"| | | | | |{check}" for check in checks[1:])]


def _machine(world: World, minutes: float) -> list[str]:
    memory = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")) / 1024**2
    versions = ", ".join(f"{peer.name} {peer.version}" for peer in world.peers)
    scale = world.scale
    return [
        f"* {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, scale `{scale.name}`, {minutes:.0f} minutes; load of the machine at the end {os.getloadavg()[0]:.1f}",
        (
            f"* {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
            f"SQLite {apsw.sqlite_lib_version()}"
        ),
        f"* peers: {versions or 'none'}",
        (
            f"* corpus A: {len(world.attack.objects):,} objects, {world.attack.octets / 1e6:.1f} MB ({world.attack.origin}); "
            f"corpus S: {scale.large:,} made-up indicators of 0.7 KB"
        ),
    ]
