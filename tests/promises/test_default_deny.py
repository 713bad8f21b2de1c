"""Every route for every kind of caller: who is answered what (DESIGN 9). A new route without rows here fails.

The table says what each caller gets at a place: `closed` is a collection of members with an object of ng-cert, `public` one of the secretariat that anybody
reads, `absent` none at all. Whatever the table does not open is refused, and all refusals of a kind are the same bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
import worlds
from worlds import TAXII, Server, envelope, indicator, post

from app.api.routes import RESERVED_ROOTS, ROUTES, Admission, Route
from app.sharing import administer

CALLERS = {
    "anonymous": "",
    "wrong": "",
    "reader": "ke-cert/viewer",
    "writer": "ng-cert/misp",
    "sensor": "ng-cert/sensor",
    "feed": "ng-cert/feed",
    "curator": "secretariat/curator",
    "partner": "vendor/push",
    "suspended": "xx-cert/misp",
    "lapsed": "lapsed/push",
}
TABLE = """
endpoint                                              place   anonymous wrong reader writer sensor feed curator partner suspended lapsed
GET /taxii2/                                          -       200       401   200    200    200    200  200     200     200       200
GET /{api_root}/                                      closed  401       401   200    200    200    200  200     404     404       404
GET /{api_root}/                                      public  200       401   200    200    404    200  200     200     404       404
GET /{api_root}/                                      absent  401       401   404    404    404    404  404     404     404       404
GET /{api_root}/collections/                          closed  401       401   200    200    200    200  200     404     404       404
GET /{api_root}/collections/                          public  200       401   200    200    404    200  200     200     404       404
GET /{api_root}/collections/                          absent  401       401   404    404    404    404  404     404     404       404
GET /{api_root}/collections/{collection}/             closed  401       401   200    200    200    200  200     404     404       404
GET /{api_root}/collections/{collection}/             public  200       401   200    200    404    200  200     200     404       404
GET /{api_root}/collections/{collection}/             absent  401       401   404    404    404    404  404     404     404       404
GET /{api_root}/collections/{collection}/manifest/    closed  401       401   200    200    403    200  200     404     404       404
GET /{api_root}/collections/{collection}/manifest/    public  200       401   200    200    404    200  200     200     404       404
GET /{api_root}/collections/{collection}/manifest/    absent  401       401   404    404    404    404  404     404     404       404
GET /{api_root}/collections/{collection}/objects/     closed  401       401   200    200    403    200  200     404     404       404
GET /{api_root}/collections/{collection}/objects/     public  200       401   200    200    404    200  200     200     404       404
GET /{api_root}/collections/{collection}/objects/     absent  401       401   404    404    404    404  404     404     404       404
POST /{api_root}/collections/{collection}/objects/    closed  401       401   403    202    202    403  403     404     404       404
POST /{api_root}/collections/{collection}/objects/    public  401       401   403    403    404    403  403     403     404       404
POST /{api_root}/collections/{collection}/objects/    absent  401       401   404    404    404    404  404     404     404       404
GET /{api_root}/collections/{collection}/objects/{object_id}/            closed  401  401  200  200  403  200  200  404  404  404
GET /{api_root}/collections/{collection}/objects/{object_id}/            public  200  401  200  200  404  200  200  200  404  404
GET /{api_root}/collections/{collection}/objects/{object_id}/            absent  401  401  404  404  404  404  404  404  404  404
DELETE /{api_root}/collections/{collection}/objects/{object_id}/         closed  401  401  403  200  403  403  403  404  404  404
DELETE /{api_root}/collections/{collection}/objects/{object_id}/         public  401  401  403  403  404  403  403  403  404  404
DELETE /{api_root}/collections/{collection}/objects/{object_id}/         absent  401  401  404  404  404  404  404  404  404  404
GET /{api_root}/collections/{collection}/objects/{object_id}/versions/   closed  401  401  200  200  403  200  200  404  404  404
GET /{api_root}/collections/{collection}/objects/{object_id}/versions/   public  200  401  200  200  404  200  200  200  404  404
GET /{api_root}/collections/{collection}/objects/{object_id}/versions/   absent  401  401  404  404  404  404  404  404  404  404
GET /{api_root}/status/{status_id}/                   closed  401       401   404    200    200    404  404     404     404       404
GET /{api_root}/status/{status_id}/                   absent  401       401   404    404    404    404  404     404     404       404
GET /taxii2/x-deliveries/{object_id}/                 -       401       401   404    404    404    404  404     404     404       404
GET /healthz/                                         -       200       200   200    200    200    200  200     200     200       200
GET /readyz/                                          -       200       200   200    200    200    200  200     200     200       200
"""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class Cell:
    """One caller at one place of one route, and the status that he gets."""

    method: str
    path: str
    place: str
    caller: str
    status: int

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.place} {self.caller}"


def cells() -> Iterator[Cell]:
    """The table, cell by cell."""
    head, *lines = TABLE.strip().splitlines()
    callers = head.split()[2:]
    for line in lines:
        method, path, place, *statuses = line.split()
        for caller, status in zip(callers, statuses, strict=True):
            yield Cell(method, path, place, caller, int(status))


CELLS = list(cells())


def test_every_route_and_every_caller_has_its_cells() -> None:
    """Generated from the table of endpoints: a new row there needs rows here, for each place that its path can lead to."""
    assert {(cell.method, cell.path) for cell in CELLS} == {(route.method, route.path) for route in ROUTES}
    assert {cell.caller for cell in CELLS} == set(CALLERS)
    for route in ROUTES:
        places = {cell.place for cell in CELLS if (cell.method, cell.path) == (route.method, route.path)}
        assert places >= _places(route), route.path


def _places(route: Route) -> set[str]:
    if "{api_root}" not in route.path:
        return {"-"}
    return {"closed", "absent"} if "{status_id}" in route.path else {"closed", "public", "absent"}


def test_nobody_without_credentials_passes_where_the_table_of_endpoints_wants_them() -> None:
    """The desk refuses by that column alone, before any deed is asked."""
    for route in ROUTES:
        opened = {cell.status for cell in CELLS if (cell.method, cell.path, cell.caller) == (route.method, route.path, "anonymous")}
        assert (opened == {401}) is (route.admission is Admission.KNOWN)


@dataclass(frozen=True)
class Scene:
    """What stands at each place."""

    server: Server
    status_id: str
    published: str

    def address(self, path: str, place: str) -> str:
        """The URL of a route at a place."""
        root, collection = {"closed": ("members", "alliance"), "public": ("public", "advisories")}.get(place, ("nowhere", "alliance"))
        object_id = self.published if place == "public" else self._shared() if "{object_id}" in path and place == "closed" else UNKNOWN
        status_id = self.status_id if place == "closed" else str(uuid4())
        return path.format(
            api_root=root if place != "absent" or "status" not in path else "members",
            collection=collection,
            object_id=object_id,
            status_id=status_id,
        )

    def _shared(self) -> str:
        """A fresh object of ng-cert, since one of the callers deletes it."""
        with self.server.visitor("ng-cert/misp") as ng:
            post(ng, "/members/collections/alliance/", each := indicator())
        return str(each["id"])


UNKNOWN = "indicator--00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def scene(server: Server) -> Scene:
    """The world with something in it."""
    with server.visitor("secretariat/editor") as editor, server.visitor("ng-cert/misp") as ng:
        post(editor, "/public/collections/advisories/", advice := indicator(object_marking_refs=[worlds.CLEAR]))
        return Scene(server, post(ng, "/members/collections/alliance/", indicator())["id"], advice["id"])


def _ask(visitor: httpx.Client, method: str, url: str, **headers: str) -> httpx.Response:
    body = envelope(indicator()) if method in {"POST", "PUT", "PATCH"} else None
    return visitor.request(method, url, content=body, headers={"Content-Type": TAXII, **headers} if body else headers)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_matrix(scene: Scene, cell: Cell) -> None:
    """T-1.6.9-02, T-5.3-03, T-5.4-03, T-5.5-03, T-5.6-03, T-5.8-04: exactly what the table says, with and without the final slash, HEAD as GET."""
    proof = {"Authorization": "Bearer wrong"} if cell.caller == "wrong" else {}
    with scene.server.visitor(CALLERS[cell.caller], **proof) as visitor:
        for method in ("HEAD", "GET") if cell.method == "GET" else (cell.method,):
            url = scene.address(cell.path, cell.place)
            for address in (url, url.removesuffix("/")) if method != "DELETE" else (url,):
                answer = _ask(visitor, method, address)
                assert answer.status_code == cell.status
        if cell.status in {401, 404}:
            assert answer.content == visitor.get("/no/such/path").content


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_methods_outside_the_table_are_405_for_everybody(scene: Scene, path: str, caller: str) -> None:
    """DESIGN 9: by the shape of the path, so that the answer tells nothing of what is there."""
    offered = {route.method for route in ROUTES if route.path == path} | {"HEAD"}
    proof = {"Authorization": "Bearer wrong"} if caller == "wrong" else {}
    with scene.server.visitor(CALLERS[caller], **proof) as visitor:
        for method in METHODS:
            if method not in offered:
                answers = [_ask(visitor, method, scene.address(path, place)) for place in ("closed", "public", "absent")]
                assert {answer.status_code for answer in answers} == {405}
                assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(
    "path", ["/", "/members", "/%00", "/taxii", "/taxii2/x/", "/docs", "/openapi.json", "/metrics", "/members/objects/", "/a/b/c/d/e/f/g/h"]
)
@pytest.mark.parametrize("method", METHODS)
def test_unknown_paths_are_401_for_strangers(server: Server, method: str, path: str) -> None:
    """DESIGN 9: existing or not, the same 401; what is there but closed and what is not there at all cannot be told apart."""
    with server.visitor() as anonymous:
        answer = _ask(anonymous, method, path)
        expected = (
            405 if path in {"/members", "/%00", "/taxii", "/docs", "/openapi.json", "/metrics"} and method not in {"GET", "HEAD"} else 401
        )
        assert answer.status_code == expected


CLOSED, ABSENT = "/members/collections/alliance/objects/", "/nowhere/collections/x/objects/"
OLD, OTHER = "application/taxii+json;version=2.0", "text/xml"


@pytest.mark.parametrize(
    ("caller", "method", "accept", "content_type", "size", "closed", "absent"),
    [
        ("anonymous", "PUT", OLD, OTHER, 10, 405, 405),
        ("anonymous", "POST", OLD, OTHER, 10, 406, 406),
        ("anonymous", "POST", TAXII, OTHER, 10, 415, 415),
        ("anonymous", "POST", TAXII, TAXII, 300_000, 401, 401),
        ("anonymous", "GET", OLD, OTHER, 0, 406, 406),
        ("wrong", "POST", TAXII, TAXII, 300_000, 401, 401),
        ("partner", "POST", TAXII, OTHER, 10, 415, 415),
        ("partner", "POST", TAXII, TAXII, 300_000, 404, 404),
        ("reader", "POST", TAXII, TAXII, 300_000, 403, 404),
        ("writer", "POST", TAXII, TAXII, 300_000, 413, 404),
        ("writer", "POST", TAXII, TAXII, 10, 422, 404),
    ],
)
def test_the_order_of_checks(
    server: Server, caller: str, method: str, accept: str, content_type: str, size: int, closed: int, absent: int
) -> None:
    """DESIGN 9: 405, 406, 415 by the shape alone, alike for what is there and what is not; then 401; permission before the body and its size."""
    proof = {"Authorization": "Bearer wrong"} if caller == "wrong" else {}
    with server.visitor(CALLERS[caller], **proof, Accept=accept, **{"Content-Type": content_type}) as visitor:
        answers = [visitor.request(method, path, content=b"x" * size) for path in (CLOSED, ABSENT)]
    assert [answer.status_code for answer in answers] == [closed, absent]
    assert (answers[0].content == answers[1].content) is (closed == absent)


def test_a_reload_acts_at_once() -> None:
    """DESIGN 3: the next request is answered under the new alliance. Who was suspended comes back as he was, who was removed without his tokens."""
    suspended = worlds.ORGANISATIONS["ke-cert"].model_copy(update={"active": False})
    without = worlds.ORGANISATIONS["ke-cert"].model_copy(update={"clients": {}})
    with worlds.serving() as server, server.visitor("ke-cert/misp") as ke:
        for organisation, status in ((None, 200), (suspended, 404), (None, 200), (without, 401), (None, 401)):
            organisations = worlds.ORGANISATIONS | ({"ke-cert": organisation} if organisation else {})
            server.run(administer.adopt(server.world.exchange, worlds.alliance(organisations=organisations)))
            assert ke.get(CLOSED).status_code == status


def test_tokens_that_are_over_are_as_wrong_as_any(server: Server) -> None:
    """T-1.6.9-02: expired, revoked, of a client that is gone: all refused alike, at once."""
    exchange = server.world.exchange
    expired = server.run(administer.issue_token(exchange, "ng-cert/misp", timedelta(seconds=-1)))
    revoked = server.run(administer.issue_token(exchange, "ng-cert/misp", None))
    rotated = server.run(administer.issue_token(exchange, "ng-cert/misp", timedelta(days=1)))
    with server.visitor() as visitor:
        for token, status in ((expired, 401), (revoked, 200), (rotated, 200)):
            assert visitor.get("/members/", headers={"Authorization": f"Bearer {token.token}"}).status_code == status
        assert server.run(administer.revoke_token(exchange, revoked.id))
        answers = [
            visitor.get("/members/", headers={"Authorization": f"Bearer {each}"}) for each in (revoked.token, expired.token, "wrong")
        ]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.content for answer in answers}) == 1
        assert visitor.get("/members/", headers={"Authorization": f"Bearer {rotated.token}"}).status_code == 200


def test_reserved_names_are_those_of_the_paths_that_are_taken() -> None:
    """No API root could be reached under them."""
    assert {route.path.strip("/") for route in ROUTES if route.path.count("/") == 2 and "{" not in route.path} == RESERVED_ROOTS
