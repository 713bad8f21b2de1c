"""From a path to what stands there, and what it names."""

import pytest

from app.api.paths import Paths
from app.api.routes import methods_by_path

COLLECTION = "/{api_root}/collections/{collection}/"
OBJECT = COLLECTION + "objects/{object_id}/"
PATHS = Paths({path: path for path in methods_by_path()}, "nowhere")


@pytest.mark.parametrize(
    ("path", "template", "named"),
    [
        ("/taxii2/", "/taxii2/", {}),
        ("/healthz", "/healthz/", {}),
        ("/members/", "/{api_root}/", {"api_root": "members"}),
        ("/members", "/{api_root}/", {"api_root": "members"}),
        ("/members/collections/", "/{api_root}/collections/", {"api_root": "members"}),
        ("/collections/collections/collections", COLLECTION, {"api_root": "collections", "collection": "collections"}),
        ("/taxii2/collections/x/", COLLECTION, {"api_root": "taxii2", "collection": "x"}),
        ("/taxii2/x-deliveries/c", "/taxii2/x-deliveries/{object_id}/", {"object_id": "c"}),
        ("/a/status/b/", "/{api_root}/status/{status_id}/", {"api_root": "a", "status_id": "b"}),
        ("/a/collections/b/objects", COLLECTION + "objects/", {"api_root": "a", "collection": "b"}),
        ("/a/collections/b/objects/ /", OBJECT, {"api_root": "a", "collection": "b", "object_id": " "}),
        ("/a/collections/b/objects/c/versions", OBJECT + "versions/", {"api_root": "a", "collection": "b", "object_id": "c"}),
    ],
)
def test_a_path_leads_to_its_template(path: str, template: str, named: dict[str, str]) -> None:
    assert PATHS.find(path) == (template, named)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "*",
        "/",
        "//",
        "/members//",
        "//collections/",
        "/a/collections//",
        "/a/collections//objects/",
        "/a/collections/b/objects//",
        "a/collections/b/",
        "a/b/collections/",
        "/a/Collections/",
        "/a/x-deliveries/b/",
        "/taxii2/x-deliveries/",
        "/taxii2/x-deliveries//",
        "/a/collections/b/object/",
        "/a/collections/b/objects/c/versions/d/",
        "/a/collections/b/objects/c/versions/d/e/f/",
    ],
)
def test_at_any_other_path_there_is_nothing(path: str) -> None:
    assert PATHS.find(path) == ("nowhere", {})


@pytest.mark.parametrize("template", ["/{a}/{b}/", "/a/b/", "/a/{b}/", "/{a}/b/c/"])
def test_a_template_of_another_build_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"^/"):
        Paths({template: 1}, 0)
