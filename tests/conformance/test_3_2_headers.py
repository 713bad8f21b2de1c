"""TAXII 2.1 §3.2: X-TAXII-Date-Added-First and -Last."""

import httpx
import pytest
from worlds import indicator, post

PAGES = ["objects/", "manifest/", "objects/{id}/", "objects/{id}/versions/"]
ASKED = "2026-01-01T00:00:00.000000Z"
FUTURE = "2999-01-01T00:00:00.000000Z"


def _dates(answer: httpx.Response) -> tuple[str | None, str | None]:
    assert answer.status_code == 200, answer.text
    return answer.headers.get("X-TAXII-Date-Added-First"), answer.headers.get("X-TAXII-Date-Added-Last")


@pytest.mark.parametrize("page", PAGES)
def test_both_dates_are_on_every_page_with_entries(ng: httpx.Client, collection: str, page: str) -> None:
    """T-3.2-01, T-3.2-02, T-3.2-03, T-5.3-01, T-5.4-01, T-5.6-01, T-5.8-01, C15: with one entry they are equal, and those of the manifest."""
    added = indicator()
    post(ng, collection, added)
    (record,) = ng.get(f"{collection}manifest/").json()["objects"]
    assert _dates(ng.get(collection + page.format(id=added["id"]))) == (record["date_added"], record["date_added"])


@pytest.mark.parametrize("page", ["objects/", "manifest/"])
def test_they_are_those_of_the_page(ng: httpx.Client, collection: str, page: str) -> None:
    """T-3.2-04, T-3.2-05: not those of the whole answer."""
    post(ng, collection, *(indicator() for _ in range(5)))
    records = ng.get(f"{collection}manifest/").json()["objects"]
    first = ng.get(f"{collection}{page}?limit=2")
    assert _dates(first) == (records[0]["date_added"], records[1]["date_added"])
    second = ng.get(f"{collection}{page}", params={"limit": 2, "next": first.json()["next"]})
    assert _dates(second) == (records[2]["date_added"], records[3]["date_added"])


@pytest.mark.parametrize("page", PAGES)
def test_on_an_empty_page_they_repeat_what_was_asked(ng: httpx.Client, collection: str, page: str) -> None:
    """T-3.2-06, C15: so that a client keeps its place; without added_after they are absent, never a word."""
    added = indicator()
    post(ng, collection, added)
    path = collection + page.format(id=added["id"])
    assert _dates(ng.get(path, params={"added_after": FUTURE})) == (FUTURE, FUTURE)
    assert _dates(ng.get(path, params={"match[spec_version]": "2.0"})) == (None, None)
    assert _dates(ng.get(path, params={"match[spec_version]": "2.0", "added_after": "2026-01-01T00:00:00Z"})) == (ASKED, ASKED)
