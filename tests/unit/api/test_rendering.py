"""Pages from entries: what is written without models is what the models describe (TAXII 2.1 §3.7, §5.3.1, §5.8.1)."""

import json
from typing import Any

import pytest

from app.api.rendering import date_headers, render_page, with_spec_version
from app.sharing.read import Answer
from app.store.contract import Page
from app.taxii.query import Endpoint
from app.taxii.resources import Envelope, Manifest, ObjectVersions

RAW = b'{"type":"ipv4-addr","id":"ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd","value":"198.51.100.3"}'
DATE = "1970-01-01T00:00:00.000007Z"
RESOURCES = {
    Endpoint.OBJECTS: Envelope,
    Endpoint.OBJECT: Envelope,
    Endpoint.MANIFEST: Manifest,
    Endpoint.VERSIONS: ObjectVersions,
}


def answer(count: int, following: str | None = None, *switches: str) -> Answer:
    name, version = "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd", "2026-01-20T08:15:00.10Z"
    page = Page((1,) * count, (7,) * count, (RAW,) * count, (name,) * count, (version,) * count, (1,) * count, ("ng-cert",) * count)
    dates = (DATE, DATE) if count else (None, None)
    return Answer(page._replace(more=following is not None), following, *dates, compatibility=frozenset(switches))


@pytest.mark.parametrize("endpoint", RESOURCES)
@pytest.mark.parametrize(("count", "following"), [(0, None), (1, None), (3, "abc"), (3, 'a"b')])
def test_every_page_is_what_its_model_describes(endpoint: Endpoint, count: int, following: str | None) -> None:
    """T-3.7-02 to T-3.7-04, T-5.3.1-01, T-5.8.1-01, C12: `more` with `next`, lists never empty."""
    body = render_page(answer(count, following), endpoint)
    page = RESOURCES[endpoint].model_validate_json(body, strict=False)
    assert (page.next, bool(page.more)) == (following, following is not None)
    assert page.model_dump(mode="json", exclude_none=True) == json.loads(body)
    assert (body == b"{}") is (count == 0)


def test_the_switch_for_empty_lists_is_for_envelopes() -> None:
    """C14."""
    empty = answer(0, None, "empty-objects-list")
    assert render_page(empty, Endpoint.OBJECTS) == b'{"objects":[]}'
    assert render_page(empty, Endpoint.MANIFEST) == b"{}"


@pytest.mark.parametrize(
    "raw",
    [
        RAW,
        b'{ "type" : "ipv4-addr" }',
        b'{"x":{"spec_version":"2.1"}}',
        b'{"x":"\\"spec_version\\":"}',
        b'{"x":[{"spec_version":"2.1"}]}',
    ],
)
def test_spec_version_is_put_in_front(raw: bytes) -> None:
    """C22: and nothing else changes, byte for byte."""
    changed = with_spec_version(raw)
    assert changed == b'{"spec_version":"2.1",' + raw[1:]
    assert json.loads(changed) == {"spec_version": "2.1", **json.loads(raw)}


@pytest.mark.parametrize(
    "raw", [b'{"spec_version":"2.1","type":"x"}', b'{"type":"x", "spec_version" : "2.1"}', b'{"spec\\u005fversion":"2.1"}']
)
def test_it_is_not_put_twice(raw: bytes) -> None:
    """C22: also where it is written with an escape."""
    assert with_spec_version(raw) == raw


def test_the_switch_changes_envelopes_alone() -> None:
    switched: Any = answer(1, None, "spec-version-first")
    assert json.loads(render_page(switched, Endpoint.OBJECT))["objects"][0]["spec_version"] == "2.1"
    assert b"spec_version" not in render_page(switched, Endpoint.MANIFEST)


def test_date_headers() -> None:
    """T-3.2-01, T-3.2-02, T-3.2-06: both, or none."""
    assert dict(date_headers(answer(1))) == {b"x-taxii-date-added-first": DATE.encode(), b"x-taxii-date-added-last": DATE.encode()}
    assert date_headers(answer(0)) == ()
