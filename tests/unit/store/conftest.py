"""What the tests of the stores share: where a file goes, a MongoDB database of their own, and that database past the store."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from mongo.serving import fresh_database
from pymongo import AsyncMongoClient

from app.store.mongo.documents import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def url(mongodb: str) -> Iterator[str]:
    with fresh_database(mongodb) as address:
        yield address


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """The same database, past the store."""
    async with AsyncMongoClient(url) as client:
        yield client.get_default_database()
