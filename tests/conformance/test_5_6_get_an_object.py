"""TAXII 2.1 §5.6: one object."""

import httpx
import pytest
from worlds import indicator, post

FIRST, SECOND, THIRD = "2026-01-20T08:15:00.000Z", "2026-01-20T08:16:00.000Z", "2026-01-20T08:17:00.000Z"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [THIRD]),
        ("match[version]=last", [THIRD]),
        ("match[version]=first", [FIRST]),
        ("match[version]=all", [FIRST, THIRD, SECOND]),
        (f"match[version]={SECOND}", [SECOND]),
        ("match[version]=first,last", [FIRST, THIRD]),
        ("match[version]=all&limit=1", [FIRST]),
        ("match[version]=2020-01-01T00:00:00Z", []),
        ("match[spec_version]=2.0", []),
        ("match[spec_version]=2.1", [THIRD]),
        ("added_after=2999-01-01T00:00:00Z", []),
        ("match[type]=malware", [THIRD]),
        ("match[id]=malware--00000000-0000-4000-8000-000000000000", [THIRD]),
    ],
)
def test_an_object(ng: httpx.Client, busy: str, query: str, found: list[str]) -> None:
    """T-5.6-01, T-5.6-04 to T-5.6-06, T-5.6-08: the latest version by default; what passes no filter is an empty envelope."""
    each = indicator()
    for modified in (FIRST, THIRD, SECOND):
        post(ng, busy, each | {"modified": modified})
    answer = ng.get(f"{busy}objects/{each['id']}/?{query}")
    assert answer.status_code == 200
    assert [one["modified"] for one in answer.json().get("objects", [])] == found
    assert answer.json() != {"objects": []}


@pytest.mark.parametrize("identifier", ["indicator--00000000-0000-4000-8000-000000000000", "nonsense", "%00", "x" * 2000])
def test_an_unknown_object_is_404(ng: httpx.Client, busy: str, identifier: str) -> None:
    """T-5.6-07, T-5.8-06, C21: of an unknown collection too."""
    post(ng, busy, indicator())
    for path in (f"{busy}objects/{identifier}/", f"{busy}objects/{identifier}/versions/", f"/scratch/collections/x/objects/{identifier}/"):
        assert ng.get(path).status_code == 404


def test_parameters_are_checked(ng: httpx.Client, busy: str) -> None:
    """T-3.4-01."""
    each = indicator()
    post(ng, busy, each)
    assert ng.get(f"{busy}objects/{each['id']}/?match[version]=newest").status_code == 400
