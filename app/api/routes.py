"""The table of endpoints (TAXII 2.1 §3.1, §4, §5). The routes that are served and the published contract both come from it, so they cannot drift.

A new endpoint is a new row; the default-deny matrix of tests/promises/ then asks for its expectations.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from app.api import deliveries, discovery, health, objects
from app.api.message import Call, Reply
from app.api.settings import FaceSettings
from app.sharing.exchange import Exchange
from app.taxii import resources
from app.taxii.query import Endpoint

Answering: TypeAlias = Callable[[Exchange, FaceSettings, Call], Awaitable[Reply]]


class Admission(Enum):
    """Who may be answered at all; what he is answered is for the deeds to decide."""

    KNOWN = "clients with credentials"
    PUBLIC = "the anonymous public too, where something is public"
    PROBE = "anybody, unasked"


_DISCOVERY_ERRORS: Final = (401, 403, 404, 406, 429, 503)
_COLLECTION_ERRORS: Final = (400, *_DISCOVERY_ERRORS)
_ADD_ERRORS: Final = (400, 401, 403, 404, 406, 408, 413, 415, 422, 429, 503)


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: a method at a path.

    `section` is that of TAXII 2.1, empty for what is ours; `errors` are the statuses beside `success` that it may answer with.
    """

    path: str
    method: str
    answering: Answering
    title: str
    section: str
    admission: Admission
    errors: tuple[int, ...]
    success: int = 200
    resource: type[resources.Resource] | None = None
    endpoint: Endpoint | None = None
    """Which query parameters are understood; None takes none."""
    takes_body: bool = False

    @property
    def has_dates(self) -> bool:
        """Whether an answer with entries carries X-TAXII-Date-Added-First and -Last (TAXII 2.1 §3.2)."""
        return self.endpoint not in {None, Endpoint.DELIVERIES} and self.method == "GET"


_COLLECTION: Final = "/{api_root}/collections/{collection}/"
_OBJECT: Final = _COLLECTION + "objects/{object_id}/"

# A table is read by rows.
# fmt: off
ROUTES: Final[tuple[Route, ...]] = (
    Route(_COLLECTION + "objects/", "GET", objects.get_objects, "Get objects", "5.4", Admission.PUBLIC,
          _COLLECTION_ERRORS, resource=resources.Envelope, endpoint=Endpoint.OBJECTS),
    Route(_COLLECTION + "objects/", "POST", objects.add_objects, "Add objects", "5.5", Admission.KNOWN,
          _ADD_ERRORS, success=202, resource=resources.Status, takes_body=True),
    Route(_COLLECTION + "manifest/", "GET", objects.get_manifest, "Get the manifest of a collection", "5.3", Admission.PUBLIC,
          _COLLECTION_ERRORS, resource=resources.Manifest, endpoint=Endpoint.MANIFEST),
    Route(_OBJECT, "GET", objects.get_object, "Get an object", "5.6", Admission.PUBLIC,
          _COLLECTION_ERRORS, resource=resources.Envelope, endpoint=Endpoint.OBJECT),
    Route(_OBJECT, "DELETE", objects.delete_object, "Delete an object", "5.7", Admission.KNOWN,
          _COLLECTION_ERRORS, endpoint=Endpoint.DELETE),
    Route(_OBJECT + "versions/", "GET", objects.get_versions, "Get the versions of an object", "5.8", Admission.PUBLIC,
          _COLLECTION_ERRORS, resource=resources.ObjectVersions, endpoint=Endpoint.VERSIONS),
    Route("/{api_root}/status/{status_id}/", "GET", objects.get_status, "Get the status of a request", "4.3", Admission.KNOWN,
          _DISCOVERY_ERRORS, resource=resources.Status),
    Route("/{api_root}/collections/", "GET", discovery.get_collections, "Get the collections of an API root", "5.1", Admission.PUBLIC,
          _DISCOVERY_ERRORS, resource=resources.Collections),
    Route(_COLLECTION, "GET", discovery.get_collection, "Get a collection", "5.2", Admission.PUBLIC,
          _DISCOVERY_ERRORS, resource=resources.Collection),
    Route("/taxii2/", "GET", discovery.get_discovery, "Get the server's API roots", "4.1", Admission.PUBLIC,
          _DISCOVERY_ERRORS, resource=resources.Discovery),
    Route("/taxii2/x-deliveries/{object_id}/", "GET", deliveries.get_deliveries, "Get who received an object", "", Admission.KNOWN,
          (400, 401, 404, 406, 429, 503), resource=resources.Deliveries, endpoint=Endpoint.DELIVERIES),
    Route("/healthz/", "GET", health.get_health, "Is the process alive", "", Admission.PROBE, ()),
    Route("/readyz/", "GET", health.get_readiness, "Can the server answer", "", Admission.PROBE, (503,)),
    Route("/{api_root}/", "GET", discovery.get_api_root, "Get an API root", "4.2", Admission.PUBLIC,
          _DISCOVERY_ERRORS, resource=resources.ApiRoot),
)
"""Ordered by how often they are asked for, and the general path last: the first that fits is taken."""
# fmt: on

RESERVED_ROOTS: Final = frozenset({"taxii2", "healthz", "readyz"})
"""Names that no API root may have: their paths are taken."""


def methods_by_path(routes: tuple[Route, ...] = ROUTES) -> dict[str, dict[str, Route]]:
    """Path → method → route, in the order of the table. GET answers HEAD too (RFC 9110 §9.1)."""
    paths: dict[str, dict[str, Route]] = {}
    for route in routes:
        methods = paths.setdefault(route.path, {})
        methods[route.method] = route
        if route.method == "GET":
            methods["HEAD"] = route
    return paths
