"""What a worker tells the allocator and the garbage collector at its start, so that neither costs more than what it serves.

* The allocator (glibc's) keeps large blocks. With its usual thresholds the memory of each large page is fetched from the kernel and given back, and every
  4 KB of it are faulted in anew: half of what a page of 3 MB cost.
* What the start left behind lives as long as the process: the collector need not look at it again, and looks less often at the rest. Requests leave
  next to no cycles; adding makes many objects at once, all of which are still in use.
"""

import ctypes
import gc
from typing import Final

_TRIM_THRESHOLD: Final = -1
_TOP_PAD: Final = -2
_MMAP_THRESHOLD: Final = -3
"""Parameters of `mallopt`, as <malloc.h> numbers them."""
_LARGEST_KEPT: Final = 32 * 1024 * 1024
"""Octets: the highest threshold that glibc takes, and the size of the largest page."""
_MOST_FREE: Final = 32 * 1024 * 1024
"""Octets that may lie free at the end of the heap before they go back to the kernel: the rows of a large page, and its body."""
_TAKEN_AT_ONCE: Final = 1024 * 1024
_COLLECTED_AFTER: Final = (20_000, 20, 50)
"""Objects, young collections, older ones: Python's own 700, 10, 10 come several times in each envelope."""


def keep_blocks() -> None:
    """Large blocks stay with the process until 32 MB of them are free. Where the C library has no such switch, nothing changes."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for parameter, octets in ((_MMAP_THRESHOLD, _LARGEST_KEPT), (_TRIM_THRESHOLD, _MOST_FREE), (_TOP_PAD, _TAKEN_AT_ONCE)):
        mallopt(parameter, octets)


def settle() -> None:
    """What exists now is never looked at again by the collector. Called once, when the start is over."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
