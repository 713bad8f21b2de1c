"""The peers, each in an environment of its own, installed from the package index, started on this machine and fed through HTTP.

A peer that cannot be installed or started is reported with the reason; it is never left out in silence.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.client import Connection, request
from benchmarks.corpus import envelopes
from benchmarks.processes import Server, free_port, run, serving

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "legation-benchmarks" / "peers"
API_ROOT: Final = "8f5e1b1a-5a0e-4c55-9a39-3d6f0b8a1c01"
COLLECTION: Final = "4b0f8f24-7a0b-4c7e-8d0f-2a5c3f6e9b02"
_PACKAGES: Final = {"medallion": ["medallion"], "OpenTAXII": ["--pre", "opentaxii", "gunicorn<24"]}
_BASIC: Final = "Basic YmVuY2g6YmVuY2g="
"""bench:bench."""


@dataclass(frozen=True)
class Peer:
    """A running peer: where its collection is, and how its requests prove who asks."""

    name: str
    version: str
    server: Server
    path: str
    authorization: str
    most: int
    """Objects that it can be given before its requests take minutes."""

    def load(self, objects: Iterable[bytes], size: int) -> None:
        """Post objects. Raises ValueError if an envelope is refused."""
        with Connection(self.server.port) as connection:
            for body in envelopes(objects, size):
                connection.ask(self.posting(body))

    def posting(self, body: bytes) -> bytes:
        """The request that adds an envelope."""
        return request(f"{self.path}objects/", self.authorization, body)

    def reading(self, query: str, resource: str = "objects/") -> bytes:
        """The request that reads the collection."""
        return request(f"{self.path}{resource}?{query}", self.authorization)


def installed(name: str) -> tuple[Path, str]:
    """The programs of a peer, installed if they are not, and its version. Raises ChildProcessError."""
    folder = CACHE / name.lower()
    programs = folder / "bin"
    if not (folder / "complete").exists():
        run([sys.executable, "-m", "venv", str(folder)])
        run([str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PACKAGES[name]])
        (folder / "complete").touch()
    said = run([str(programs / "python"), "-c", f"from importlib.metadata import version; print(version({name.lower()!r}))"])
    return programs, said.strip()


@contextmanager
def medallion(folder: Path) -> Iterator[Peer]:
    """The older peer, medallion, with its memory back end; the one for MongoDB needs a server of its own."""
    programs, version = installed("medallion")
    collection = {
        "id": COLLECTION,
        "title": "Benchmark",
        "can_read": True,
        "can_write": True,
        "objects": [],
        "manifest": [],
        "media_types": [],
    }
    root = {"information": {"title": "Benchmark", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 104857600}}
    world = {"/discovery": {"title": "Benchmark", "api_roots": ["bench"]}, "bench": root | {"status": [], "collections": [collection]}}
    (folder / "medallion-world.json").write_text(json.dumps(world))
    backend = {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": str(folder / "medallion-world.json"),
    }
    settings = {"backend": backend, "users": {"bench": "bench"}, "taxii": {"max_page_size": 1000}}
    (folder / "medallion.json").write_text(json.dumps(settings))
    port = free_port()
    command = [str(programs / "medallion"), "--port", str(port), str(folder / "medallion.json")]
    with serving(command, port, request("/taxii2/", _BASIC), folder / "medallion.log") as started:
        server = replace(started, threads_stay=False)  # it starts a thread for each request
        yield Peer("medallion", version, server, f"/bench/collections/{COLLECTION}/", _BASIC, 1000)


@contextmanager
def opentaxii(folder: Path) -> Iterator[Peer]:
    """The newer peer, OpenTAXII, on SQLite under gunicorn, as its manual has it; the collection is public, so that no request pays for a password."""
    programs, version = installed("OpenTAXII")
    base = f"sqlite:///{folder}/opentaxii"
    parameters = {"create_tables": True}
    auth = {
        "class": "opentaxii.auth.sqldb.SQLDatabaseAPI",
        "parameters": parameters | {"db_connection": f"{base}-auth.db", "secret": "bench"},
    }
    store = {"class": "opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI", "parameters": parameters | {"db_connection": f"{base}.db"}}
    taxii = {
        "persistence_api": store,
        "title": "Benchmark",
        "public_discovery": True,
        "max_content_length": 209715200,
        "allow_custom_properties": True,
    }
    (folder / "opentaxii.yml").write_text(
        json.dumps(
            {"domain": "localhost", "auth_api": auth, "taxii1": None, "taxii2": taxii, "logging": {"root": "error", "opentaxii": "error"}}
        )
    )
    environment = {"OPENTAXII_CONFIG": str(folder / "opentaxii.yml")}
    run([str(programs / "opentaxii-add-api-root"), "-t", "Benchmark", "--public", "-i", API_ROOT], environment)
    run(
        [str(programs / "opentaxii-add-collection"), "-r", API_ROOT, "-t", "Bench", "-a", "bench", "--public", "--public-write"],
        environment,
    )
    port = free_port()
    command = [
        str(programs / "gunicorn"),
        "opentaxii.http:app",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
        "--threads",
        "8",
        "-k",
        "gthread",
    ]
    options = ["--keep-alive", "75", "--timeout", "600", "--log-level", "error"]
    with serving([*command, *options], port, request("/taxii2/"), folder / "opentaxii.log", environment) as server:
        yield Peer("OpenTAXII", version, server, f"/taxii2/{API_ROOT}/collections/bench/", "", 1_000_000)


STARTERS: Final = (opentaxii, medallion)
