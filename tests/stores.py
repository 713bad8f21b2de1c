"""The kinds of stores that tests stand on, each at an address where nothing is yet."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from mongo.serving import fresh_database

from app.bootstrap import MEMORY

SHARED = ("sqlite", "mongodb")
"""Those that several processes can open."""
KINDS = ("memory", *SHARED)


def fresh_store(kind: str, request: pytest.FixtureRequest, folder: Path) -> AbstractContextManager[str]:
    """The address of an empty store of that kind, in an empty folder or on the server that all tests share."""
    if kind == "mongodb":
        return fresh_database(request.getfixturevalue("mongodb"))
    return nullcontext(MEMORY if kind == "memory" else f"sqlite:///{folder / 'store.db'}")
