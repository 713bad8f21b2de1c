"""How a page is read from MongoDB: what is asked when, and what happens to a snapshot that goes away."""

from collections.abc import AsyncIterator

import pytest
from contract.samples import Hands, numbers_of, page, put, rows, select, version
from mongo.serving import failing
from pymongo import monitoring

from app.errors import StoreUnavailable
from app.store.contract import Selection
from app.store.mongo import connection
from app.store.mongo.store import MongoStore, open_mongo
from app.taxii.query import EVERY, Versions


class Heard(monitoring.CommandListener):
    """The questions that reach the database, by what they ask of."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """One is sent."""
        if event.command_name in {"find", "aggregate", "getMore"}:
            self.asked.append(str(event.command.get("collection", event.command[event.command_name])))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """One is answered."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """One is refused."""


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def store(url: str, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MongoStore]:
    monkeypatch.setattr(connection, "DEFAULTS", {**connection.DEFAULTS, "event_listeners": [heard]})
    store = await open_mongo(url, Hands().trusted())
    yield store
    await store.close()


async def asked(store: MongoStore, heard: Heard, selection: Selection) -> list[str]:
    heard.asked.clear()
    await page(store, selection)
    return heard.asked


async def test_a_poll_without_news_is_one_question(store: MongoStore, heard: Heard) -> None:
    (stored,) = await put(store, version())
    assert await asked(store, heard, select(1, after=stored.date_added)) == ["counter"]


async def test_a_page_is_four_questions(store: MongoStore, heard: Heard) -> None:
    """However many versions and labels, as long as these are few enough to be merged; flagged ones cost one more."""
    await put(store, *(version(f"indicator--{number}", label=number) for number in range(1, 151)))
    assert await asked(store, heard, select(*range(1, 151))) == ["counter", "lane", "version", "content"]
    await put(store, version("indicator--0", flagged=True))
    assert await asked(store, heard, select(*range(1, 151))) == ["counter", "lane", "version", "version", "content"]
    assert await asked(store, heard, select(*range(1, 151), versions=EVERY)) == ["counter", "lane", "version", "version", "content"]


async def test_only_lanes_with_news_are_looked_into(store: MongoStore, heard: Heard) -> None:
    (before, *_) = await put(store, *(version(f"indicator--{number}", label=number) for number in range(1, 6)))
    (new,) = await put(store, version("indicator--9", label=3))
    assert await asked(store, heard, select(*range(1, 6), after=new.date_added - 1)) == ["counter", "lane", "version", "content"]
    assert await asked(store, heard, select(1, 2, after=new.date_added - 1)) == ["counter", "lane"]
    assert await rows(store, select(*range(1, 6), after=before.date_added))


async def test_a_page_stops_asking_once_it_is_full(store: MongoStore, heard: Heard) -> None:
    """Labels in several portions: the later ones only up to the date that is reached already."""
    stored = await put(store, *(version(f"indicator--{number}", label=1 + number % 300) for number in range(300)))
    everything = select(*range(1, 301), limit=10)
    assert await asked(store, heard, everything) == ["counter", "lane", "version", "version", "content"]
    assert [entry.row for entry in (await page(store, everything)).entries] == numbers_of(stored[:10])


async def test_what_selects_nothing_asks_for_nothing_more(store: MongoStore, heard: Heard) -> None:
    await put(store, version())
    for selection in (select(), select(1, versions=Versions()), select(1, ids=frozenset()), select(1, types=frozenset())):
        assert await asked(store, heard, selection) == ["counter"]


@pytest.mark.parametrize("code", [239, 246])
async def test_a_snapshot_that_goes_away_is_taken_anew(store: MongoStore, url: str, code: int) -> None:
    """After an election the new primary may not have it yet."""
    (stored,) = await put(store, version())
    async with failing(url, "find", times=2, errorCode=code):
        assert await rows(store, select(1)) == [stored.row]


async def test_without_a_snapshot_there_is_no_page(store: MongoStore, url: str) -> None:
    await put(store, version())
    async with failing(url, "find", times=9, errorCode=246):
        with pytest.raises(StoreUnavailable):
            await page(store, select(1))
