"""Whether the file still is as it was, seen without asking SQLite.

Before each read SQLite compares the head of the index of the write-ahead log, which all processes share in memory, with what it saw last: if the 48 octets
are equal, nothing was committed since (walformat, "WAL-index header"). A `Witness` looks at the same octets, in a tenth of a microsecond; to ask SQLite
takes two visits to the kernel and some ten. So what was read of a state of the file needs not be read again as long as the file is in that state, and a
revocation, a reload, a new object are noticed as surely and as soon as by reading.
"""

import ctypes
from collections.abc import Callable, Hashable
from typing import Any, Final, ParamSpec, TypeVar

import apsw

P = ParamSpec("P")
T = TypeVar("T")

HEAD: Final = 48
"""Octets. The head stands there twice, and while it is written the two differ."""
REGION: Final = 32 * 1024
"""Octets of a part of the index, as SQLite maps them."""
MOST_REMEMBERED: Final = 4_096
"""Answers about one state, each of a kilobyte at most; beyond, all are forgotten: simpler than an order of age, and as good."""
_POINTER: Final = ctypes.sizeof(ctypes.c_void_p)
_SHM_MAP: Final = 13
"""The place of `xShmMap` among the methods of a file (c3ref, `sqlite3_io_methods`), each of which has the size of a pointer."""
_MAP: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)


class Witness:
    """Tells the states of a connection's file apart. The connection stays open as long as it is asked."""

    __slots__ = ("_connection", "_octets")

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._octets = _shared_head(connection)

    def state(self) -> bytes | None:
        """The state of the file, equal to another only if nothing was committed in between.

        None while it changes, if it cannot be seen, and if the connection still reads what was before.
        """
        if self._octets is None or self._connection.txn_state() != apsw.SQLITE_TXN_NONE:
            return None
        seen: bytes = self._octets.raw
        return seen if seen[:HEAD] == seen[HEAD:] else None

    def sees(self, state: bytes | None) -> bool:
        """Whether the file is in that state."""
        return self._octets is not None and self._octets.raw == state

    def close(self) -> None:
        """Look no more: the connection is about to be closed."""
        self._octets = None


class Memory:
    """What was read of the file in the state in which it is; forgotten when something is committed, by whomever."""

    __slots__ = ("_known", "_state", "_witness")

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._state: bytes | None = None
        self._known: dict[Hashable, Any] = {}

    def recall(self, key: Hashable, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `read` returns, asked only once for each state; None is asked again."""
        known: T | None = self.known(key)
        if known is not None:
            return known
        state = self.begin()
        found = read(*args, **kwargs)
        self.keep(state, key, found)
        return found

    def known(self, key: Hashable) -> Any:
        """What was kept of the state in which the file is now; None if nothing was."""
        return self._known.get(key) if self.holds() else None

    def holds(self) -> bool:
        """Whether what is known still holds."""
        return self._witness.sees(self._state)

    def begin(self) -> bytes | None:
        """The state that is read from now on; to be handed to `keep`."""
        return self._witness.state()

    def keep(self, state: bytes | None, key: Hashable, found: object) -> None:
        """Keep what was read since the file was seen in `state`, unless it changed meanwhile."""
        if state is None or found is None or not self._witness.sees(state):
            return
        if state != self._state or len(self._known) >= MOST_REMEMBERED:
            self._state, self._known = state, {}
        self._known[key] = found

    def close(self) -> None:
        """Know nothing any more."""
        self._witness.close()
        self._state = None


def _shared_head(connection: apsw.Connection) -> "ctypes.Array[ctypes.c_char] | None":
    """Both heads, as they stand in memory; None where the file has no such index."""
    connection.execute("SELECT 1 FROM sqlite_schema").fetchall()  # the index is opened by the first read
    file = ctypes.c_void_p()
    if not connection.file_control("main", apsw.SQLITE_FCNTL_FILE_POINTER, ctypes.addressof(file)) or file.value is None:
        return None
    methods = ctypes.c_void_p.from_address(file.value).value
    if methods is None or ctypes.c_int.from_address(methods).value < 2:  # the first version had no shared memory
        return None
    method = ctypes.c_void_p.from_address(methods + _SHM_MAP * _POINTER).value
    if method is None:
        return None
    region = ctypes.c_void_p()
    if _MAP(method)(file.value, 0, REGION, 0, ctypes.addressof(region)) != apsw.SQLITE_OK or region.value is None:
        return None
    return (ctypes.c_char * (2 * HEAD)).from_address(region.value)
