"""The floors: what the machine can do at all, without anything that a sharing server is for.

* (a) uvicorn and a body that lies ready: `/fixed/TABLE/LIMIT`.
* (b) uvicorn and SQLite: rows of a table joined as bytes, `/rows/TABLE?added_after=N&limit=N`; `/one/TABLE/ID`.
* (c) orjson and SQLite: envelopes parsed and inserted, nothing checked, every envelope on the disk (`synchronous=FULL`).

`python -m benchmarks.floors FILE ENVELOPES` runs (c); (a) and (b) are the application `app`, which reads the file named by BENCHMARK_FLOOR.
"""

import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import apsw
import orjson

from benchmarks.client import request
from benchmarks.corpus import id_of
from benchmarks.processes import Server, free_port, serving

FILE: Final = "BENCHMARK_FLOOR"
FIXED: Final = (1000, 100, 10, 0)
Send = Callable[[dict[str, Any]], Awaitable[None]]


def fill(path: Path, tables: Mapping[str, Sequence[bytes]]) -> None:
    """The file of (b): one table for each corpus."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode = WAL")
    for name, objects in tables.items():
        connection.execute(
            f"CREATE TABLE {name} (seq INTEGER PRIMARY KEY, id TEXT, raw BLOB) STRICT; CREATE INDEX {name}_id ON {name} (id)"
        )
        with connection:
            connection.executemany(f"INSERT INTO {name} (id, raw) VALUES (?, ?)", ((id_of(raw), raw) for raw in objects))  # noqa: S608 # our own names
    connection.close()


@contextmanager
def floor(path: Path, log: Path, workers: int = 1) -> Iterator[Server]:
    """Floors (a) and (b) over a file, as a server."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.floors:app", "--port", str(port), "--workers", str(workers)]
    options = ["--no-access-log", "--log-level", "warning", "--no-server-header", "--no-date-header"]
    with serving([*command, *options], port, request("/"), log, {FILE: str(path)}) as server:
        yield server


@cache
def _connection() -> apsw.Connection:
    connection = apsw.Connection(os.environ[FILE])
    connection.execute("PRAGMA cache_size = -16384")
    return connection


def _rows(table: str, after: int, limit: int) -> bytes:
    query = f"SELECT seq, raw FROM {table} WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 # our own names
    rows = list(_connection().execute(query, (after, limit + 1)))
    if len(rows) <= limit:
        return b'{"more":false,"objects":[' + b",".join([raw for _, raw in rows]) + b"]}"
    del rows[-1]
    last = rows[-1][0] if rows else after
    return b'{"more":true,"next":"%d","objects":[' % last + b",".join([raw for _, raw in rows]) + b"]}"


@cache
def _fixed(table: str, limit: int) -> bytes:
    return _rows(table, 0, limit)


def _body(path: str, query: bytes) -> bytes:
    match path.strip("/").split("/"):
        case ["fixed", table, limit]:
            return _fixed(table, int(limit))
        case ["rows", table]:
            asked = parse_qs(query.decode())
            after = (asked.get("next") or asked.get("added_after") or ["0"])[0]
            return _rows(table, int(after), int(asked["limit"][0]))
        case ["one", table, object_id]:
            found = list(_connection().execute(f"SELECT raw FROM {table} WHERE id = ?", (object_id,)))  # noqa: S608 # our own names
            return b'{"more":false,"objects":[' + b",".join([raw for (raw,) in found]) + b"]}"
        case _:
            return b"{}"


async def app(scope: dict[str, Any], _: object, send: Send) -> None:
    """The ASGI application of (a) and (b)."""
    if scope["type"] == "http":
        body = _body(scope["path"], scope["query_string"])
        headers = [(b"content-type", b"application/taxii+json;version=2.1"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def ingest(path: Path, bodies: Sequence[bytes]) -> tuple[float, float]:
    """Floor (c): seconds on the wall and of processor time for all bodies."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768")
    connection.execute(
        "CREATE TABLE object (seq INTEGER PRIMARY KEY, id TEXT, version TEXT, raw BLOB) STRICT; CREATE INDEX by_id ON object (id, version)"
    )
    wall, cpu = time.perf_counter(), time.process_time()
    for body in bodies:
        objects = orjson.loads(body)["objects"]
        rows = [(each["id"], each.get("modified"), orjson.dumps(each)) for each in objects]
        with connection:
            connection.executemany("INSERT INTO object (id, version, raw) VALUES (?, ?, ?)", rows)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    connection.close()
    return spent


if __name__ == "__main__":
    print(*ingest(Path(sys.argv[1]), Path(sys.argv[2]).read_bytes().splitlines()))
