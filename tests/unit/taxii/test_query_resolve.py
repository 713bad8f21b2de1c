"""What a cursor adds to a request, and how a page gets its `next` (TAXII 2.1 §3.4, §3.5, App. B)."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.taxii.cursor import LAST_MICROS, Cursor, decode, encode
from app.taxii.query import EVERY, LATEST, Endpoint, ObjectQuery, Versions, next_after, parse_query, resolve

COLLECTION = "0b1c7a3e-5d2f-4e8a-9c6b-1f2e3d4c5b6a"
OTHER_COLLECTION = "5d2f7a3e-0b1c-4e8a-9c6b-1f2e3d4c5b6a"
INDICATOR = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
MALWARE = "malware--31b940d4-6f7f-459a-80ea-9c1f17b5891b"
LISTS = (Endpoint.OBJECTS, Endpoint.MANIFEST)
PAGED = (*LISTS, Endpoint.OBJECT, Endpoint.VERSIONS)
CURSOR = Cursor(COLLECTION, None, 5, frozenset({INDICATOR}), frozenset({"indicator"}), frozenset({"2.1"}), Versions(first=True))


def parsed(endpoint: Endpoint = Endpoint.OBJECTS, /, **parameters: str) -> ObjectQuery:
    """Parse parameters given as Python names: `match_id` stands for `match[id]`."""
    pairs = [(f"match[{name.removeprefix('match_')}]" if name.startswith("match_") else name, text) for name, text in parameters.items()]
    return parse_query(pairs, endpoint)


def test_a_cursor_works_alone() -> None:
    """C10: Elastic, MISP and the OpenCTI connector send nothing but `next`; the match fields come from the cursor."""
    for endpoint in LISTS:
        resolved = resolve(ObjectQuery(next=CURSOR, limit=3), COLLECTION, endpoint)
        assert resolved == ObjectQuery(
            limit=3,
            ids=CURSOR.ids,
            types=CURSOR.types,
            spec_versions=CURSOR.spec_versions,
            versions=Versions(first=True),
            has_versions=True,
            after=5,
        )


@pytest.mark.parametrize(
    ("own", "field", "value"),
    [
        ({"match_id": MALWARE}, "ids", {MALWARE}),
        ({"match_type": "malware"}, "types", {"malware"}),
        ({"match_spec_version": "2.0"}, "spec_versions", {"2.0"}),
        ({"match_version": "last"}, "versions", LATEST),
    ],
)
def test_the_match_fields_of_the_request_win_one_by_one(own: dict[str, str], field: str, value: object) -> None:
    """C10, T-B-01: the field that the request has is its own, the others come from the cursor."""
    resolved = resolve(parsed(next=encode(CURSOR), **own), COLLECTION, Endpoint.OBJECTS)
    alone = resolve(parsed(next=encode(CURSOR)), COLLECTION, Endpoint.OBJECTS)
    assert getattr(resolved, field) == value
    for other in {"ids", "types", "spec_versions", "versions"} - {field}:
        assert getattr(resolved, other) == getattr(alone, other)


@pytest.mark.parametrize(("added_after", "after"), [(None, 5), (-3, 5), (5, 5), (4, 5), (6, 6)])
def test_the_later_position_counts(added_after: int | None, after: int) -> None:
    """C10, C15: OpenCTI sends an old `next` with a new `added_after`; the dates of an empty page still repeat what was sent."""
    resolved = resolve(ObjectQuery(added_after=added_after, after=added_after, next=CURSOR), COLLECTION, Endpoint.OBJECTS)
    assert resolved.after == after
    assert resolved.added_after == added_after


@pytest.mark.parametrize("endpoint", LISTS)
def test_a_cursor_of_another_collection_counts_as_absent(endpoint: Endpoint) -> None:
    """C10: the OpenCTI connector takes its last `next` along to the next collection."""
    query = ObjectQuery(next=CURSOR, added_after=1, after=1, types=frozenset({"malware"}))
    assert resolve(query, OTHER_COLLECTION, endpoint) == ObjectQuery(added_after=1, after=1, types=frozenset({"malware"}))


@pytest.mark.parametrize(
    ("minted_for", "used_on", "endpoint", "after"),
    [
        (None, INDICATOR, Endpoint.OBJECT, None),
        (None, INDICATOR, Endpoint.VERSIONS, None),
        (INDICATOR, None, Endpoint.OBJECTS, None),
        (INDICATOR, None, Endpoint.MANIFEST, None),
        (INDICATOR, MALWARE, Endpoint.OBJECT, None),
        (INDICATOR, MALWARE, Endpoint.VERSIONS, None),
        (INDICATOR, INDICATOR, Endpoint.OBJECT, 5),
        (INDICATOR, INDICATOR, Endpoint.VERSIONS, 5),
    ],
)
def test_a_cursor_of_an_object_serves_that_object(
    minted_for: str | None, used_on: str | None, endpoint: Endpoint, after: int | None
) -> None:
    """T-5.6-05, T-5.8-05, T-B-01: one of another object, or of the whole collection, counts as absent."""
    query = ObjectQuery(next=Cursor(COLLECTION, minted_for, 5))
    assert resolve(query, COLLECTION, endpoint, used_on) == ObjectQuery(after=after)


def test_the_versions_endpoint_lists_all_versions_whatever_the_cursor_says() -> None:
    """T-5.8-01, T-5.8-05: match[version] is not defined there."""
    cursor = Cursor(COLLECTION, INDICATOR, 5, versions=Versions(first=True))
    resolved = resolve(parsed(Endpoint.VERSIONS, next=encode(cursor)), COLLECTION, Endpoint.VERSIONS, INDICATOR)
    assert resolved == ObjectQuery(versions=EVERY, after=5)


def test_without_next_nothing_changes() -> None:
    """T-3.4-04."""
    query = parsed(added_after="2024-01-31T12:30:15Z", match_type="indicator")
    assert resolve(query, COLLECTION, Endpoint.OBJECTS) == query


# next_after, and the round trip

identifiers = st.sets(st.sampled_from([INDICATOR, MALWARE]), min_size=1).map(",".join)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda instant: instant.isoformat(timespec="microseconds") + "Z")  # noqa: DTZ001 - hypothesis adds the zone itself
requests = st.fixed_dictionaries(
    {},
    optional={
        "added_after": times,
        "limit": st.integers(1, 10**6).map(str),
        "match_id": identifiers,
        "match_type": st.sampled_from(["indicator", "indicator,malware"]),
        "match_spec_version": st.sampled_from(["2.1", "2.0,2.1"]),
        "match_version": st.sampled_from(["all", "first,last", "last", "2024-01-31T00:00:00.000Z"]),
    },
)


@given(requests, st.sampled_from(PAGED), st.integers(0, LAST_MICROS), st.sampled_from(["same", "none"]))
def test_next_continues_the_same_query(request_: dict[str, str], endpoint: Endpoint, position: int, repeated: str) -> None:
    """T-3.4-12, T-3.5-04, C10: with the same parameters or with none, another limit included, and again from there."""
    object_id = None if endpoint in LISTS else INDICATOR
    first = resolve(parsed(endpoint, **request_), COLLECTION, endpoint, object_id)
    follow_up = {**(request_ if repeated == "same" else {}), "limit": "9", "next": next_after(first, COLLECTION, object_id, position)}
    second = resolve(parsed(endpoint, **follow_up), COLLECTION, endpoint, object_id)
    for field in ("ids", "types", "spec_versions", "versions"):
        assert getattr(second, field) == getattr(first, field)
    assert second.limit == 9
    assert second.after == max(position, second.added_after or position)
    again = decode(next_after(second, COLLECTION, object_id, position))
    assert again == decode(next_after(first, COLLECTION, object_id, position))
