"""The yardstick: `make bench` runs every row side by side with the floors and the peers, and writes RESULTS.md beside this file.

`python -m benchmarks.run --quick` takes a few minutes, without an option a good deal longer, with `--long` it stores a million objects.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from benchmarks.measure import LEGATION, Row
from benchmarks.operating import OPERATING
from benchmarks.reading import READING
from benchmarks.report import write
from benchmarks.world import LONG, NORMAL, QUICK, Scale, World, say, world
from benchmarks.writing import WRITING

HERE = Path(__file__).parent


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(prog="benchmarks.run", description="Measure Legation beside floors and peers.")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_const", const=QUICK, dest="scale", help="a few minutes")
    sizes.add_argument("--long", action="store_const", const=LONG, dest="scale", help="a million objects stored")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for RESULTS.md and its charts")
    parser.set_defaults(scale=NORMAL)
    asked = parser.parse_args()
    bench(asked.scale, asked.output)


def bench(scale: Scale, output: Path) -> None:
    """Measure everything and write the report."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Ctrl-C does: no server outlives its benchmark
    began = monotonic()
    with tempfile.TemporaryDirectory(prefix="legation-benchmark-") as name, world(Path(name), scale) as made:
        rows = list(_rows(made))
        path = write(output, made, rows, (monotonic() - began) / 60)
    say(f"written: {path}")


def _rows(made: World) -> Iterator[Row]:
    """All rows in turn. One that cannot be measured is told as such, with the reason, and the others go on."""
    for measure in (*READING, *WRITING, *OPERATING):
        try:
            row = measure(made)
        except (OSError, ValueError) as error:
            name = getattr(measure, "func", measure).__name__
            row = Row(name.replace("_", " "), {LEGATION: "failed"}, note=" ".join(str(error).split())[:400])
        say(f"{row.name}: {row.figures.get(LEGATION, '')}")
        yield row


if __name__ == "__main__":
    main()
