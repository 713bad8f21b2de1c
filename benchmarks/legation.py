"""Legation as an operator runs it: an alliance in files, a store in SQLite, `legation serve` in a process of its own."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from typing import Final
from uuid import UUID

from benchmarks.client import Answer, Connection, request
from benchmarks.corpus import envelopes, id_of
from benchmarks.processes import Server, Spent, free_port, measured, run, serving

ROOT_NAME: Final = "bench"
WRITER: Final = "bench-writer/feed"
SECOND: Final = "bench-second/feed"
READER: Final = "bench-reader/pull"
HIDDEN: Final = "bench-hidden/pull"
FRESH: Final = ("bench-one/pull", "bench-two/pull", "bench-three/pull")
"""Clients that ask for nothing until they are measured: each is a class of its own."""
ALL: Final = "group:members"
ONLY_READER: Final = "org:bench-reader"
ENVELOPE: Final = 1000
_COMMAND: Final = [sys.executable, "-m", "app.cli"]
_UNRECORDED: Final = [sys.executable, "-m", "benchmarks.unrecorded"]
_PLENTY: Final = [
    "--requests-per-second",
    "10000000",
    "--writes-per-second",
    "10000000",
    "--labels-a-day",
    "5000",
    "--labels-in-use",
    "5000",
]
_QUIET: Final = ["--log-level", "warning"]
_ISSUER: Final = "https://login.bench.example"
_AUDIENCE: Final = "legation"


def _organisation(name: str, country: str, client: str, roles: str, more: str = "") -> str:
    return (
        f'kind = "member"\nname = "{name}"\njurisdiction = "{country}"\n[clients.{client}]\nroles = {roles}\npurposes = ["defence"]\n{more}'
    )


def _collection(number: int, name: str, *, public: bool) -> str:
    readers = "public" if public else ALL
    kind, ceiling, unmarked = ("public", "clear", "clear") if public else ("alliance", "red", "green")
    return (
        f'id = "{UUID(int=number + (1 << 100), version=4)}"\ntitle = "{name}"\nkind = "{kind}"\nowner = "bench-writer"\n'
        f'readers = ["{readers}"]\nwriters = ["{ALL}"]\nceiling = "{ceiling}"\nunmarked = "{unmarked}"\n'
    )


def write_alliance(folder: Path, collections: Iterable[str], key_set: str) -> None:
    """The model alliance, with the benchmark's own organisations and collections in it; `public` is open to everybody."""
    run([*_COMMAND, "init", str(folder)])
    writes, reads = '["reader", "contributor"]', '["reader"]'
    for name, country, client, roles, more in (
        ("bench-writer", "CH", "feed", writes, ""),
        ("bench-second", "AT", "feed", writes, ""),
        ("bench-reader", "SE", "pull", reads, 'subjects = ["login/pull"]\n'),
        ("bench-hidden", "FI", "pull", reads, ""),
        *((each.partition("/")[0], "DK", "pull", reads, "") for each in FRESH),
    ):
        (folder / "auth/organisations" / f"{name}.toml").write_text(_organisation(name, country, client, roles, more))
    login = f'issuer = "{_ISSUER}"\naudience = "{_AUDIENCE}"\nalgorithms = ["ES256"]\nkeys = "bench-keys.json"\n'
    (folder / "auth/issuers.toml").write_text(f"[login]\n{login}")
    (folder / "auth/bench-keys.json").write_text(key_set)
    root = folder / "collections" / ROOT_NAME
    root.mkdir()
    (root / "api-root.toml").write_text('title = "Benchmark"\nmax_content_length = 104857600\n')
    for number, name in enumerate(collections):
        (root / f"{name}.toml").write_text(_collection(number, name, public=name == "public"))


def signed_token() -> tuple[str, str]:
    """A JSON Web Token of the benchmark's issuer for the reader, and the key set that proves it."""
    from joserfc import jwt
    from joserfc.jwk import ECKey, KeySet

    key = ECKey.generate_key("P-256", {"kid": "bench", "use": "sig", "alg": "ES256"})
    until = datetime.now(UTC) + timedelta(hours=12)
    claims = {"iss": _ISSUER, "aud": _AUDIENCE, "sub": "pull", "exp": int(until.timestamp()), "iat": int(time())}
    return jwt.encode({"alg": "ES256", "kid": "bench"}, claims, key), json.dumps(KeySet([key]).as_dict(private=False))


@dataclass
class Desk:
    """A store with the alliance in force, and the tokens of its clients."""

    folder: Path
    name: str
    alliance: Path
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The store's file."""
        return self.folder / f"{self.name}.sqlite"

    @property
    def url(self) -> str:
        """The store's address."""
        return f"sqlite:///{self.file}"

    @property
    def log(self) -> Path:
        """Where its servers write."""
        return self.folder / f"{self.name}.log"

    def command(self, *arguments: str) -> str:
        """Run `legation` on the store; what it printed."""
        return run([*_COMMAND, *arguments, "--store", self.url])

    def prepare(self) -> None:
        """Put the alliance in force and issue tokens."""
        self.command("reload", str(self.alliance))
        for client in (WRITER, SECOND, READER, HIDDEN, *FRESH):
            self.tokens[client] = self.command("token", "issue", client).strip()

    def bearer(self, client: str) -> str:
        """The Authorization header of a client."""
        return f"Bearer {self.tokens[client]}"

    @contextmanager
    def serve(self, workers: int = 1, *, keeps_record: bool = True) -> Iterator[Server]:
        """`legation serve` on the store, with quotas that no benchmark reaches. Without a record nobody will know what it delivered."""
        port = free_port()
        program = _COMMAND if keeps_record else _UNRECORDED
        command = [*program, "serve", "--store", self.url, "--port", str(port), "--workers", str(workers), *_PLENTY, *_QUIET]
        with serving(command, port, request("/healthz/"), self.log) as server:
            yield server

    def load(self, port: int, collection: str, objects: Iterable[bytes], client: str = WRITER, size: int = ENVELOPE) -> int:
        """Post objects through HTTP; how many were taken. Raises ValueError if any was refused."""
        taken = 0
        with Connection(port) as connection:
            for body in envelopes(objects, size):
                answer = connection.ask(self.posting(collection, body, client))
                status = json.loads(answer.body)
                if status["failure_count"]:
                    raise ValueError(f"{collection}: {status['failures'][:2]}")
                taken += status["success_count"]
        return taken

    def posting(self, collection: str, body: bytes, client: str = WRITER) -> bytes:
        """The request that adds an envelope."""
        return request(f"{address(collection)}objects/", self.bearer(client), body)

    def reading(self, collection: str, query: str, client: str = READER, resource: str = "objects/") -> bytes:
        """The request that reads a collection."""
        return request(f"{address(collection)}{resource}?{query}", self.bearer(client))

    def import_file(self, path: Path, collection: str) -> Spent:
        """`legation import` beside the server."""
        command = [*_COMMAND, "import", str(path), "--to", f"{ROOT_NAME}/{collection}", "--as", WRITER, "--store", self.url]
        return measured(command, self.log)

    def octets(self) -> int:
        """What the store takes on the disk, the write-ahead log left out: it is cut back by itself."""
        return self.file.stat().st_size


def address(collection: str) -> str:
    """The path of a collection."""
    return f"/{ROOT_NAME}/collections/{collection}/"


def dates(connection: Connection, path: str, authorization: str, objects: Iterable[bytes]) -> list[str]:
    """When objects were added, ascending: what a poll is asked with."""
    answers: list[Answer] = [connection.ask(request(f"{path}objects/{id_of(raw)}/", authorization)) for raw in objects]
    return sorted(found for answer in answers if (found := answer.header("x-taxii-date-added-first")))
