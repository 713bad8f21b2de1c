"""How MongoDB answers the queries that matter: merged from an index, never sorted, never scanned. Only a server of MongoDB's own can tell.

SecantusDB plans otherwise (tests/mongo/README.md), so these run where LEGATION_TEST_MONGODB_URL names a server.
"""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from contract.samples import COLLECTION, Hands, put, version
from mongo.serving import NAMED
from pymongo import AsyncMongoClient

from app.store.mongo.documents import Database
from app.store.mongo.keys import FIELDS, Keys, Range
from app.store.mongo.lanes import Lane
from app.store.mongo.store import open_mongo

pytestmark = pytest.mark.skipif(NAMED not in os.environ, reason=f"{NAMED} names no server")
LABELS = range(1, 1001)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """A version under each of a thousand labels."""
    store = await open_mongo(url, Hands().trusted())
    await put(store, *(version(f"indicator--{number}", label=number) for number in LABELS))
    await store.close()
    async with AsyncMongoClient(url) as client:
        yield client.get_default_database()


def steps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All steps of a plan, wherever they stand in what the server tells."""
    if "stage" in plan:
        yield plan
    for value in plan.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping):
                yield from steps(each)


async def explained(database: Database, part: Range, limit: int = 100) -> list[Mapping[str, Any]]:
    wanted = {**part.filter, "date_added": Keys(limit, 0).window}
    found = database["version"].find(wanted, {**FIELDS}).sort("date_added").limit(limit).hint(part.index)
    return list(steps((await found.explain())["queryPlanner"]["winningPlan"]))


@pytest.mark.parametrize("types", [None, ("indicator",), ("indicator", "malware", "tool")], ids=["all", "one", "three"])
async def test_a_page_of_a_thousand_labels_is_merged_from_an_index_alone(database: Database, types: tuple[str, ...] | None) -> None:
    """Issue: a clearance of 1,000 labels stays an index scan."""
    portions = list(Range(COLLECTION, Lane.NEWEST, LABELS, types).portions())
    assert len(portions) >= 5
    for part in portions:
        plan = await explained(database, part)
        names = {step["stage"] for step in plan}
        assert not names & {"SORT", "COLLSCAN", "FETCH"}
        assert {step["indexName"] for step in plan if step["stage"] == "IXSCAN"} == {part.index}


async def test_versions_under_an_id_are_found_by_an_index(database: Database) -> None:
    found = database["version"].find({"collection": COLLECTION, "object_id": "indicator--7"})
    plan = list(steps((await found.explain())["queryPlanner"]["winningPlan"]))
    assert {step["indexName"] for step in plan if step["stage"] == "IXSCAN"} == {"version_by_id"}
