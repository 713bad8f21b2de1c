"""The query string, understood (TAXII 2.1 §3.4, §3.4.1; tables of §5)."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import to_micros
from app.errors import InvalidCursor, MalformedQuery
from app.stix.timestamps import version_key
from app.taxii.cursor import LAST_MICROS, Cursor, encode
from app.taxii.query import EVERY, LATEST, Endpoint, ObjectQuery, QueryLimits, Versions, parse_query, resolve

COLLECTION = "0b1c7a3e-5d2f-4e8a-9c6b-1f2e3d4c5b6a"
INDICATOR = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
MALWARE = "malware--31b940d4-6f7f-459a-80ea-9c1f17b5891b"
INSTANT = to_micros(datetime(2024, 1, 31, 12, 30, 15, tzinfo=UTC))
LISTS = (Endpoint.OBJECTS, Endpoint.MANIFEST)
PAGED = (Endpoint.OBJECTS, Endpoint.MANIFEST, Endpoint.OBJECT, Endpoint.VERSIONS)
ALL_PARAMETERS = {
    "added_after": "2024-01-31T12:30:15Z",
    "limit": "7",
    "next": encode(Cursor(COLLECTION, None, 5)),
    "match[id]": INDICATOR,
    "match[type]": "indicator",
    "match[version]": "first",
    "match[spec_version]": "2.1",
}
FIELDS = {
    "added_after": "added_after",
    "limit": "limit",
    "next": "next",
    "match[id]": "ids",
    "match[type]": "types",
    "match[version]": "has_versions",
    "match[spec_version]": "spec_versions",
}
APPLICABLE = {
    Endpoint.OBJECTS: set(FIELDS),
    Endpoint.MANIFEST: set(FIELDS),
    Endpoint.OBJECT: set(FIELDS) - {"match[id]", "match[type]"},
    Endpoint.VERSIONS: set(FIELDS) - {"match[id]", "match[type]", "match[version]"},
    Endpoint.DELETE: {"match[version]", "match[spec_version]"},
    Endpoint.DELIVERIES: {"limit", "next"},
}


def parsed(endpoint: Endpoint = Endpoint.OBJECTS, /, **parameters: str) -> ObjectQuery:
    """Parse parameters given as Python names: `match_id` stands for `match[id]`."""
    pairs = [(f"match[{name.removeprefix('match_')}]" if name.startswith("match_") else name, text) for name, text in parameters.items()]
    return parse_query(pairs, endpoint)


# Which parameters apply


@pytest.mark.parametrize("endpoint", Endpoint)
@pytest.mark.parametrize("name", FIELDS)
def test_a_parameter_counts_where_the_standard_names_it(endpoint: Endpoint, name: str) -> None:
    """T-3.1-10, T-3.4-13, T-5.3-05, T-5.4-04, T-5.6-05, T-5.7-02, T-5.8-05: the tables of §5."""
    query = parse_query([(name, ALL_PARAMETERS[name])], endpoint)
    assert bool(getattr(query, FIELDS[name])) == (name in APPLICABLE[endpoint])


@pytest.mark.parametrize("endpoint", Endpoint)
def test_a_parameter_that_does_not_apply_is_ignored_whatever_it_says(endpoint: Endpoint) -> None:
    """T-3.4-16: unknown match fields and foreign parameters, repeated or malformed, are no error."""
    foreign = set(FIELDS) - APPLICABLE[endpoint] | {"match[colour]", "match[", "match", "Limit", "x", ""}
    pairs = [(name, "%%%,,") for name in sorted(foreign)] * 2
    assert parse_query(pairs, endpoint) == ObjectQuery(versions=endpoint.versions)


def test_without_parameters_the_defaults_of_the_standard_hold() -> None:
    """T-3.4-04, T-3.4-18, T-3.4.1-03, T-3.4.1-07, T-5.6-01: everything, latest versions."""
    assert parse_query([], Endpoint.OBJECTS) == parse_query([], Endpoint.OBJECT) == ObjectQuery()
    assert ObjectQuery().versions == LATEST


def test_versions_and_delete_mean_all_versions() -> None:
    """T-5.8-01, T-5.7-03: neither needs a match field to reach every version; DELETE may be limited to some."""
    assert parsed(Endpoint.VERSIONS, match_version="last").versions == EVERY
    assert parsed(Endpoint.DELETE).versions == EVERY
    assert parsed(Endpoint.DELETE, match_version="last").versions == LATEST


# added_after


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2024-01-31T12:30:15Z", 0),
        ("2024-01-31T12:30:15.1Z", 100_000),
        ("2024-01-31T12:30:15.123Z", 123_000),
        ("2024-01-31T12:30:15.123456Z", 123_456),
        ("2024-01-31T12:30:15.1234567Z", 123_456),
        ("2024-01-31T12:30:15.123456999Z", 123_456),
        ("2024-01-31T12:30:15.000000999Z", 0),
        ("2024-01-31T12:30:15.1234569999999Z", 123_456),
        ("2024-01-31T12:30:15+00:00", 0),
        ("2024-01-31T12:30:15 00:00", 0),
        ("2024-01-31T12:30:15.000001 00:00", 1),
    ],
)
def test_added_after_takes_every_precision(text: str, micros: int) -> None:
    """C18, T-3.4-02: 0 to 9 digits and more, `Z` or `+00:00`; finer than a microsecond is cut off, which keeps "strictly later" exact."""
    query = parsed(added_after=text)
    assert query.added_after == query.after == INSTANT + micros


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59.999999999Z",
        "2016-12-31T23:59:60Z",
        "2999-01-01T00:00:00Z",
    ],
)
def test_added_after_takes_every_year(text: str) -> None:
    """C18: the far past and the future are no error."""
    after = parsed(added_after=text).after
    assert after is not None
    assert after <= LAST_MICROS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024-01-31",
        "1706704215",
        "2024-01-31T12:30:15",
        "2024-01-31 12:30:15Z",
        "2024-01-31t12:30:15z",
        "2024-01-31T12:30:15.Z",
        "2024-01-31T12:30:15,5Z",
        "2024-01-31T12:30Z",
        "2024-1-31T12:30:15Z",
        "2024-02-30T12:30:15Z",
        "2024-13-01T12:30:15Z",
        "2024-01-31T24:30:15Z",
        "2024-01-31T12:60:15Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:60Z",
        "2024-01-31T12:30:60Z",
        "10000-01-01T00:00:00Z",
        "2024-01-31T12:30:15+02:00",
        "2024-01-31T12:30:15-00:00",
        "2024-01-31T12:30:15+0000",
        "2024-01-31T12:30:15Z+00:00",
        "2024-01-31T12:30:15+00:00\n",
        "2024-01-31T12:30:15ZZ",
        "2024-01-31T12:30:15Z\n",
        " 2024-01-31T12:30:15Z",
        "٢٠٢٤-01-31T12:30:15Z",
        "undefined",
        "-2024-01-31T12:30:15Z",
        "9" * 10_000,
    ],
)
def test_added_after_refuses_what_is_no_utc_time(text: str) -> None:
    """T-3.4-01, C18: 400, also for a time without a zone, which could mean any hour."""
    with pytest.raises(MalformedQuery, match="not a UTC time such as") as caught:
        parsed(added_after=text)
    assert len(str(caught.value)) < 250


# limit


@pytest.mark.parametrize(("text", "limit"), [("1", 1), ("007", 7), ("15000", 15_000), ("999999999999999", 10**15 - 1)])
def test_limit_is_a_whole_number(text: str, limit: int) -> None:
    """T-3.4-06, T-3.4-09, C19."""
    assert parsed(limit=text).limit == limit


@pytest.mark.parametrize("text", ["1000000000000000", "9" * 5_000, "0" * 5_000 + "9" * 16])
def test_a_huge_limit_is_no_error(text: str) -> None:
    """T-3.4-09, C19: a page is shorter anyway, and the number fits wherever a store puts it."""
    assert parsed(limit=text).limit == 10**15


@pytest.mark.parametrize(
    "text", ["", "0", "000", "-1", "+1", "1.0", "1.5", "1e3", "ten", " 1", "1 ", "1\n", "0x10", "\uff11", "1_000", "NaN"]
)
def test_limit_refuses_the_rest(text: str) -> None:
    """T-3.4-06, T-3.4-01, C19."""
    with pytest.raises(MalformedQuery, match="not a whole number of 1 or more"):
        parsed(limit=text)


# Repetition, lists


@pytest.mark.parametrize("name", FIELDS)
def test_a_repeated_parameter_is_refused(name: str) -> None:
    """T-3.4-03, T-3.4-17: also when it says the same."""
    pair = (name, ALL_PARAMETERS[name])
    with pytest.raises(MalformedQuery, match="occurs more than once"):
        parse_query([pair, ("x", "y"), pair], Endpoint.OBJECTS)


def test_an_empty_next_counts_when_it_is_repeated() -> None:
    """T-3.4-03."""
    with pytest.raises(MalformedQuery, match="`next` occurs more than once"):
        parse_query([("next", ""), ("next", ALL_PARAMETERS["next"])], Endpoint.OBJECTS)


def test_match_fields_hold_lists() -> None:
    """T-3.4-14, T-3.4-15, T-3.4.1-01, T-3.4.1-02, T-3.4.1-04, C20."""
    query = parsed(match_id=f"{INDICATOR},{MALWARE},{INDICATOR}", match_type="indicator,malware", match_spec_version="2.0,2.1")
    assert query.ids == frozenset({INDICATOR, MALWARE})
    assert query.types == frozenset({"indicator", "malware"})
    assert query.spec_versions == frozenset({"2.0", "2.1"})


@pytest.mark.parametrize("kind", ["x-custom", "ipv4-addr", "language-content", "extension-definition", "3com", "a" * 250])
def test_no_type_of_the_standard_is_an_error(kind: str) -> None:
    """T-3.4.1-05, T-3.4.1-06: nor is any other that could be one."""
    assert parsed(match_type=kind).types == frozenset({kind})


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"match_id": "indicator"}, "not a STIX identifier"),
        ({"match_id": f"{INDICATOR},x"}, "`x`, which is not a STIX identifier"),
        ({"match_id": f"{INDICATOR}, {MALWARE}"}, "not a STIX identifier"),
        ({"match_id": f"{INDICATOR}\x00"}, "not a STIX identifier"),
        ({"match_type": "Indicator"}, "not a STIX type"),
        ({"match_type": "indicator, malware"}, "not a STIX type"),
        ({"match_type": "a" * 251}, "not a STIX type"),
        ({"match_spec_version": "2"}, "not a STIX version"),
        ({"match_spec_version": "latest"}, "not a STIX version"),
        ({"match_spec_version": "2.1\n"}, "not a STIX version"),
        ({"match_version": "newest"}, "holds `newest`"),
        ({"match_version": "Last"}, "holds `Last`"),
        ({"match_version": "2024-01-31"}, "holds `2024-01-31`"),
        ({"match_version": "2024-02-30T00:00:00Z"}, "holds `2024-02-30T00:00:00Z`"),
        ({"match_version": "2024-01-31T00:00:00+00:00"}, "`last`, `first`, `all` and times"),
        ({"match_version": "2024-01-31T00:00:00"}, "`last`, `first`, `all` and times"),
    ],
)
def test_match_values_with_a_fixed_form_have_it(parameters: dict[str, str], reason: str) -> None:
    """T-3.4-01: what could never match is told, not answered with an empty page."""
    with pytest.raises(MalformedQuery) as caught:
        parsed(**parameters)
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", ["match_id", "match_type", "match_spec_version", "match_version"])
@pytest.mark.parametrize("text", ["", ",", "a,", ",a", "a,,b"])
def test_an_empty_match_value_is_refused(name: str, text: str) -> None:
    """T-3.4-01."""
    with pytest.raises(MalformedQuery, match="empty value"):
        parsed(**{name: text})


def test_match_values_are_counted_over_all_fields() -> None:
    """T-B-02: the limit itself passes, one more does not."""
    pairs = [("match[type]", "a,b,c"), ("match[version]", "first,last")]
    assert parse_query(pairs, Endpoint.OBJECTS, QueryLimits(match_values=5)).types == frozenset({"a", "b", "c"})
    with pytest.raises(MalformedQuery, match="more than 4 values"):
        parse_query(pairs, Endpoint.OBJECTS, QueryLimits(match_values=4))
    with pytest.raises(MalformedQuery, match="more than 100 values"):
        parsed(match_type=",".join(["a"] * 101))


# Versions


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("last", Versions(last=True)),
        ("first", Versions(first=True)),
        ("all", Versions(all=True)),
        ("first,last", Versions(last=True, first=True)),
        ("2024-01-31T00:00:00.000Z", Versions(exact=frozenset({version_key("2024-01-31T00:00:00Z")}))),
        (
            "first,2024-01-31T00:00:00.123456789Z,2024-01-31T00:00:00Z",
            Versions(first=True, exact=frozenset({version_key("2024-01-31T00:00:00.123456789Z"), version_key("2024-01-31T00:00:00Z")})),
        ),
    ],
)
def test_versions_are_chosen_by_keyword_and_time(text: str, versions: Versions) -> None:
    """T-3.4.1-08 to T-3.4.1-11, T-3.4.1-14, T-5.6-04: times of any precision; the keywords alone do not imply `last`."""
    for endpoint in (*LISTS, Endpoint.OBJECT, Endpoint.DELETE):
        assert parsed(endpoint, match_version=text).versions == versions


@pytest.mark.parametrize("text", ["all,last", "first,all", "all,2024-01-31T00:00:00Z"])
def test_all_stands_alone(text: str) -> None:
    """T-3.4.1-15."""
    with pytest.raises(MalformedQuery, match="`all` stands alone"):
        parsed(match_version=text)


@pytest.mark.parametrize(
    "text", ["last,last", "all,all", "2024-01-31T00:00:00Z,2024-01-31T00:00:00Z", "2024-01-31T00:00:00Z,2024-01-31T00:00:00.000Z"]
)
def test_a_version_is_named_once(text: str) -> None:
    """T-3.4.1-15: equal instants are one version, whatever their precision."""
    with pytest.raises(MalformedQuery, match="a version twice"):
        parsed(match_version=text)


# next


@pytest.mark.parametrize("endpoint", PAGED)
def test_next_arrives_decoded(endpoint: Endpoint) -> None:
    """T-3.4-12, C9."""
    assert parse_query([("next", ALL_PARAMETERS["next"])], endpoint).next == Cursor(COLLECTION, None, 5)


def test_an_empty_next_is_none() -> None:
    """C11: MISP sends it with the first request."""
    assert parsed(next="", limit="50") == parsed(limit="50")


@pytest.mark.parametrize("text", ["x", "null", "undefined", "1", "é", "%", "A" * 1000])
def test_a_foreign_next_is_refused(text: str) -> None:
    """T-3.4-01, C10."""
    with pytest.raises(InvalidCursor, match="leave it out"):
        parsed(next=text)


def test_a_cursor_holds_no_more_values_than_a_request_may() -> None:
    """T-B-01, T-B-02: a forged cursor is no way round the limit."""
    text = encode(Cursor(COLLECTION, None, 5, types=frozenset("abc")))
    assert parse_query([("next", text)], Endpoint.OBJECTS, QueryLimits(match_values=3)).next is not None
    with pytest.raises(InvalidCursor, match="more than 2 match values"):
        parse_query([("next", text)], Endpoint.OBJECTS, QueryLimits(match_values=2))


@pytest.mark.parametrize(
    "forged",
    [
        Cursor(COLLECTION, None, 5, ids=frozenset({"a\0"})),
        Cursor(COLLECTION, None, 5, ids=frozenset({INDICATOR, ""})),
        Cursor(COLLECTION, None, 5, types=frozenset({"Indicator"})),
        Cursor(COLLECTION, None, 5, spec_versions=frozenset({"2.1\0"})),
        Cursor(COLLECTION, None, 5, versions=Versions(exact=frozenset({"x"}))),
        Cursor(COLLECTION, None, 5, versions=Versions()),
    ],
    ids=["id", "one of two ids", "type", "spec_version", "version", "no version"],
)
def test_a_forged_cursor_asks_for_nothing_that_a_request_may_not(forged: Cursor) -> None:
    """T-B-01: a NUL or a version that is no instant never reaches a store."""
    with pytest.raises(InvalidCursor, match="no request can ask for"):
        parsed(next=encode(forged))


@given(st.lists(st.tuples(st.sampled_from([*FIELDS, "x"]), st.text(max_size=30) | st.sampled_from([*ALL_PARAMETERS.values()])), max_size=5))
def test_no_query_string_leads_to_anything_but_a_query_or_a_refusal(pairs: list[tuple[str, str]]) -> None:
    """T-3.4-01, T-3.4-16: 400, never another exception."""
    for endpoint in Endpoint:
        with suppress(MalformedQuery):
            query = parse_query(pairs, endpoint)
            assert resolve(query, COLLECTION, endpoint).next is None
