"""Allocator and collector of a worker: proven in a process of its own, since both are of the whole process."""

import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource
from app.cli.memory import keep_blocks

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        bytearray(8 * 1024 * 1024)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

usual = faults()
keep_blocks()
faults()
print(usual, faults())
"""
_FROZEN = """
import gc
from app.cli.memory import settle

settle()
print(gc.get_freeze_count() > 1_000, gc.get_count()[0] < gc.get_threshold()[0] > 700)
"""


def _run(program: str) -> list[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the switch is glibc's")
def test_a_large_block_that_was_given_back_is_taken_again_without_the_kernel() -> None:
    usual, kept = map(int, _run(_FAULTS))
    assert kept < 20 <= usual


def test_what_the_start_left_behind_is_frozen() -> None:
    assert _run(_FROZEN) == ["True", "True"]
