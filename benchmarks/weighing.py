"""A database under Legation while it is measured: a named server, else the one that stands for MongoDB in the tests; and how what it keeps is weighed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from bson import encode
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from benchmarks.database import Database
from benchmarks.legation import Desk

NAMED: Final = "LEGATION_TEST_MONGODB_URL"
STAND_IN: Final = "SecantusDB in place of MongoDB"


@dataclass
class Mongo(Desk):
    """The same over a database."""

    server: str = ""
    database: str = field(default_factory=lambda: f"legation-bench-{uuid4().hex[:12]}")

    @property
    def url(self) -> str:
        """The store's address."""
        return urlsplit(self.server)._replace(path=f"/{self.database}").geturl()

    def octets(self) -> int:
        """Of all documents, before compression and without indexes: the one thing that does not depend on who stands for MongoDB."""
        return sum(self.weigh(name) for name in self._names())

    def weigh(self, name: str) -> int:
        """Octets of the documents of one collection."""
        with MongoClient[RawBSONDocument](self.server, document_class=RawBSONDocument) as client:
            return sum(len(each.raw) for each in client[self.database][name].find({}))

    def keys(self) -> int:
        """Octets of the keys of all indexes, as they stand in the documents: what an index holds before prefixes are taken off."""
        total = 0
        with MongoClient[dict[str, Any]](self.server) as client:
            for name in self._names():
                kept = client[self.database][name]
                fields = [[field for field, _ in index["key"]] for index in kept.index_information().values()]
                for document in kept.find({}, {field: 1 for each in fields for field in each}):
                    total += sum(len(encode({str(place): _inside(document, field) for place, field in enumerate(each)})) for each in fields)
        return total

    def _names(self) -> list[str]:
        with MongoClient[dict[str, object]](self.server) as client:
            return client[self.database].list_collection_names()

    def drop(self) -> None:
        """Leave nothing behind."""
        with MongoClient[dict[str, object]](self.server) as client:
            client.drop_database(self.database)


def _inside(document: Any, path: str) -> Any:
    """What an index takes from a document; of a list its first, since most have one."""
    for name in path.split("."):
        document = document[0] if isinstance(document, list) and document else document
        document = document.get(name) if isinstance(document, dict) else None
    return document


@contextmanager
def database(folder: Path) -> Iterator[tuple[str, str]]:
    """Address and name of a server; one that was started for it ends with it. Raises ChildProcessError."""
    if NAMED in os.environ:
        with MongoClient[dict[str, object]](os.environ[NAMED]) as client:
            yield os.environ[NAMED], f"MongoDB {client.server_info()['version']}"
        return
    stand_in = Database(folder)
    try:
        stand_in.start()
        yield f"mongodb://127.0.0.1:{stand_in.port}/", STAND_IN
    finally:
        stand_in.kill()
