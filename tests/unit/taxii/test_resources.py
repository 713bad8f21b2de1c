"""Resources: values that the standard allows, and their JSON (TAXII 2.1 §2, §3.6, §4, §5)."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from app.clock import timestamp
from app.taxii.media import STIX, TAXII
from app.taxii.resources import (
    ApiRoot,
    Collection,
    Collections,
    Discovery,
    Envelope,
    ErrorMessage,
    Manifest,
    ManifestRecord,
    ObjectVersions,
    Resource,
    Status,
    StatusDetails,
    render,
)

UUID4 = "0b1c7a3e-5d2f-4e8a-9c6b-1f2e3d4c5b6a"
INDICATOR = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
RESOURCES = [
    ApiRoot,
    Collection,
    Collections,
    Discovery,
    Envelope,
    ErrorMessage,
    Manifest,
    ManifestRecord,
    ObjectVersions,
    Status,
    StatusDetails,
]


def rendered(resource: Resource) -> Any:
    return json.loads(render(resource))


def status(**changes: object) -> Status:
    properties: dict[str, Any] = {
        "id": UUID4,
        "status": "complete",
        "total_count": 1,
        "success_count": 1,
        "failure_count": 0,
        "pending_count": 0,
    }
    return Status(**(properties | changes))


def test_absent_properties_are_left_out() -> None:
    """C8, T-4.1.1-01, T-4.1.1-06, T-5.1.1-01, T-5.3.1-01, T-5.8.1-01: no null, and `{}` where nothing is left."""
    assert rendered(Discovery(title="A", description=None, api_roots=())) == {"title": "A"}
    assert render(Collections(collections=())) == b"{}"
    assert render(Manifest()) == render(ObjectVersions(versions=())) == b"{}"


def test_lists_are_never_empty() -> None:
    """T-2-04, T-4.3.1-10: an empty list counts as absent, in nested resources too."""
    inner = Collection(id=UUID4, title="A", can_read=True, can_write=False, media_types=())
    assert rendered(Collections(collections=(inner,))) == {
        "collections": [{"id": UUID4, "title": "A", "can_read": True, "can_write": False}]
    }
    assert set(rendered(status(successes=(), failures=(), pendings=()))) == {
        *("id", "status", "total_count", "success_count", "failure_count", "pending_count")
    }


def test_discovery_says_all_it_may() -> None:
    """T-4.1.1-01 to T-4.1.1-07, T-1.6.7-01, T-3.8-01: names as in the standard, any Unicode."""
    roots = ("https://example.org/members/", "/exchange/")
    resource = Discovery(title="Échange 交換 🛡", description="b", contact="c", default="/exchange/", api_roots=roots)
    assert rendered(resource) == {
        "title": "Échange 交換 🛡",
        "description": "b",
        "contact": "c",
        "default": "/exchange/",
        "api_roots": list(roots),
    }
    assert "交換".encode() in render(resource)


@pytest.mark.parametrize(
    "url", ["http://example.org/a/", "//example.org/a/", "../a/", "a/", "/", "https:///a/", "/a/?b=1", "https://x.org/a/?b", ""]
)
def test_an_api_root_has_a_fit_address(url: str) -> None:
    """T-4.1.1-03, T-4.1.1-04, T-4.1.1-05: absolute with https, or relative with one slash; no query."""
    with pytest.raises(ValidationError, match="api_roots"):
        Discovery(title="A", api_roots=(url,))


def test_the_default_api_root_is_listed() -> None:
    """T-4.1.1-02: letter for letter."""
    with pytest.raises(ValidationError, match="default is none of api_roots"):
        Discovery(title="A", default="/a", api_roots=("/a/",))
    with pytest.raises(ValidationError, match="default is none of api_roots"):
        Discovery(title="A", default="/a/")


def test_an_api_root_names_its_versions_and_its_limit() -> None:
    """T-4.2.1-01 to T-4.2.1-04, T-2-01, T-2-03, C8: the limit fits into 32 bits."""
    resource = ApiRoot(title="A", versions=(TAXII,), max_content_length=2**31 - 1)
    assert rendered(resource) == {"title": "A", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 2147483647}
    for limit in (0, -1, 2**31, True, "1"):
        with pytest.raises(ValidationError, match="max_content_length"):
            ApiRoot(title="A", versions=(TAXII,), max_content_length=limit)  # type: ignore[arg-type]
    for versions in ((), ("application/taxii+json",), ("2.1",)):
        with pytest.raises(ValidationError, match="versions"):
            ApiRoot(title="A", versions=versions, max_content_length=1)


def test_a_collection_carries_the_rights_of_who_asks() -> None:
    """T-5.2.1-01 to T-5.2.1-08, T-2-01: rights are booleans, never absent."""
    resource = Collection(id=UUID4, title="A", description="b", alias="c", can_read=False, can_write=True, media_types=(STIX,))
    assert rendered(resource) == {
        "id": UUID4,
        "title": "A",
        "description": "b",
        "alias": "c",
        "can_read": False,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
    }
    with pytest.raises(ValidationError, match="can_read"):
        Collection(id=UUID4, title="A", can_read="true", can_write=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "identifier", ["x", UUID4.upper(), UUID4.replace("-4", "-1", 1), f"{UUID4}\n", UUID4.replace("-", ""), UUID4.replace("-9", "-7", 1)]
)
def test_identifiers_are_random_uuids(identifier: str) -> None:
    """T-2-02, C7: version 4, RFC 4122 variant, canonical form."""
    with pytest.raises(ValidationError, match="id"):
        Collection(id=identifier, title="A", can_read=True, can_write=True)
    with pytest.raises(ValidationError, match="id"):
        status(id=identifier)


def test_a_status_tells_what_became_of_each_object() -> None:
    """T-4.3.1-01 to T-4.3.1-14, T-2-07, T-2-08: six digits and `Z`."""
    resource = status(
        request_timestamp=timestamp(1_700_000_000_000_000),
        total_count=2,
        failure_count=1,
        successes=(StatusDetails(id=INDICATOR, version="2024-01-01T00:00:00.000Z"),),
        failures=(StatusDetails(id=INDICATOR, version="2024-01-02T00:00:00Z", message="raise `modified`"),),
    )
    assert rendered(resource) == {
        "id": UUID4,
        "status": "complete",
        "request_timestamp": "2023-11-14T22:13:20.000000Z",
        "total_count": 2,
        "success_count": 1,
        "failure_count": 1,
        "pending_count": 0,
        "successes": [{"id": INDICATOR, "version": "2024-01-01T00:00:00.000Z"}],
        "failures": [{"id": INDICATOR, "version": "2024-01-02T00:00:00Z", "message": "raise `modified`"}],
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"total_count": 2}, "add up"),
        ({"success_count": 0}, "add up"),
        ({"success_count": 0, "pending_count": 1}, "nothing pending"),
        ({"total_count": 2, "success_count": 2, "successes": (StatusDetails(id=INDICATOR, version="v"),)}, "neither absent nor complete"),
        ({"failures": (StatusDetails(id=INDICATOR, version="v"),)}, "neither absent nor complete"),
        ({"status": "done"}, "status"),
        ({"success_count": -1, "failure_count": 2}, "success_count"),
        ({"total_count": 2**53, "success_count": 2**53}, "total_count"),
        ({"request_timestamp": "2024-01-01T00:00:00Z"}, "request_timestamp"),
        ({"request_timestamp": "2024-01-01T00:00:00.000000+00:00"}, "request_timestamp"),
        ({"total_count": None}, "total_count"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_status_that_contradicts_itself_cannot_be_made(changes: dict[str, object], reason: str) -> None:
    """T-4.3.1-02, T-4.3.1-06 to T-4.3.1-09, C27: counts add up; lists are whole or absent."""
    with pytest.raises(ValidationError, match=reason):
        status(**changes)


def test_a_pending_status_may_have_pending_objects() -> None:
    """T-4.3.1-02, T-4.3.1-08."""
    pending = status(status="pending", success_count=0, pending_count=1, pendings=(StatusDetails(id=INDICATOR, version="v"),))
    assert rendered(pending)["pendings"] == [{"id": INDICATOR, "version": "v"}]


def test_a_manifest_lists_versions() -> None:
    """T-5.3.1-02 to T-5.3.1-07: the version is the literal text of the property, date_added has six digits."""
    record = ManifestRecord(id=INDICATOR, date_added=timestamp(1), version="2024-01-01T00:00:00.10Z", media_type=STIX)
    assert rendered(Manifest(more=True, next="n", objects=(record,))) == {
        "more": True,
        "next": "n",
        "objects": [
            {"id": INDICATOR, "date_added": "1970-01-01T00:00:00.000001Z", "version": "2024-01-01T00:00:00.10Z", "media_type": STIX}
        ],
    }


def test_versions_are_listed_as_text() -> None:
    """T-5.8.1-02, T-5.8.1-03."""
    assert rendered(ObjectVersions(more=False, versions=("2024-01-01T00:00:00Z",))) == {"more": False, "versions": ["2024-01-01T00:00:00Z"]}


@pytest.mark.parametrize("page", [{"more": True}, {"next": "n"}, {"more": False, "next": "n"}, {"more": True, "next": ""}])
@pytest.mark.parametrize("kind", [Manifest, ObjectVersions, Envelope])
def test_more_goes_with_next(page: dict[str, Any], kind: type[Manifest | ObjectVersions | Envelope]) -> None:
    """C12: `more` true always with a non-empty `next`, false or absent always without."""
    with pytest.raises(ValidationError, match="more is true exactly when there is a next"):
        kind(**page)


def test_an_error_says_its_status_as_text() -> None:
    """T-3.6.1-01 to T-3.6.1-04: `http_status` is a string, `details` an object."""
    resource = ErrorMessage(
        title="A", description="b", error_id="c", error_code="d", http_status="404", external_details="e", details={"f": ["g"], "h": 1}
    )
    assert rendered(resource) == {
        "title": "A",
        "description": "b",
        "error_id": "c",
        "error_code": "d",
        "http_status": "404",
        "external_details": "e",
        "details": {"f": ["g"], "h": 1},
    }
    for wrong in ({"http_status": 404}, {"http_status": "4040"}, {"details": ["x"]}, {"details": {"x": None}}, {"title": None}):
        with pytest.raises(ValidationError):
            ErrorMessage(**({"title": "A"} | wrong))


def test_resources_do_not_change() -> None:
    """T-4.3.1-03: what was answered once cannot be altered behind the answer."""
    with pytest.raises(ValidationError, match="frozen"):
        status().status = "pending"


@pytest.mark.parametrize("kind", RESOURCES)
def test_a_schema_knows_no_null(kind: type[Resource]) -> None:
    """C8, T-8.2.1-05: the published contract says "may be missing", never "may be null"."""
    schema = kind.model_json_schema(mode="serialization")
    assert "null" not in json.dumps(schema)
    optional = {name for name, field in kind.model_fields.items() if not field.is_required()}
    assert set(schema.get("required", ())) == set(kind.model_fields) - optional


def test_a_schema_describes_its_lists() -> None:
    """T-2-04, T-2-05: a list has members, all of one type."""
    collections = Collections.model_json_schema(mode="serialization")["properties"]["collections"]
    assert collections["type"] == "array"
    assert collections["minItems"] == 1
    assert collections["items"] == {"$ref": "#/$defs/Collection"}
    assert "default" not in collections
