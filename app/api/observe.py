"""Every request leaves one log line and its figures: the shape of its path, how it went, how long it took. Never what was asked or answered.

The face tells what only it knows (who asked, which collection, how many objects) through `observed(scope)`. Paths are logged by their shape alone,
since a segment may be anything that a stranger typed: a token, the id of an object.
"""

import re
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from logging import DEBUG, ERROR, INFO
from secrets import token_hex
from typing import Any, Final, NamedTuple

from structlog.typing import FilteringBoundLogger

from app.api.asgi import ASGIApp, Message, Receive, Scope, Send
from app.api.logs import configure_logging, logger, request_id
from app.api.metrics import Exposition, Metrics, shared_folder, sum_of_workers

__all__ = ["Exposition", "Metrics", "Observed", "configure_logging", "observe", "observed", "route_of", "shared_folder", "sum_of_workers"]

KEY: Final = "legation.observed"
OTHER: Final = "other"
_METHODS: Final = frozenset({"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"})
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9-]{8,64}")
"""What a trusted proxy may send. Without `_` and `.`, so that neither a token of ours nor a signed one can be taken for an id."""
_ALONE: Final = {"healthz": "/healthz", "readyz": "/readyz", "taxii2": "/taxii2/"}
_SHAPES: Final[Mapping[tuple[int, tuple[str, ...]], str]] = {
    (3, ("status",)): "/{root}/status/{id}/",
    (2, ("collections",)): "/{root}/collections/",
    (3, ("collections",)): "/{root}/collections/{id}/",
    (4, ("collections", "manifest")): "/{root}/collections/{id}/manifest/",
    (4, ("collections", "objects")): "/{root}/collections/{id}/objects/",
    (5, ("collections", "objects")): "/{root}/collections/{id}/objects/{object}/",
    (6, ("collections", "objects", "versions")): "/{root}/collections/{id}/objects/{object}/versions/",
    (3, ("x-deliveries",)): "/taxii2/x-deliveries/{object}/",
}
"""By number of segments and every second of them: these are names of the standard, those between are anything."""
_QUIET: Final = frozenset({"/healthz", "/readyz"})
_SUSPICIOUS: Final = frozenset({401, 429})
"""Answers whose receiver the operator may have to find: their lines carry the address that the connection came from."""


@dataclass(slots=True)
class Observed:
    """What the face tells of the request that it answers."""

    request_id: str = ""
    client: str = "anonymous"
    """`organisation/client`, once the credentials proved right."""
    collection: str = ""
    """`root/name` of a collection of the alliance, never what the client typed."""
    served: int = 0
    added: int = 0
    failed: int = 0


def observed(scope: MutableMapping[str, Any]) -> Observed:
    """Where to tell it; without `observe` around the application it is forgotten."""
    found: Observed | None = scope.get(KEY)
    if found is None:
        found = scope[KEY] = Observed()
    return found


def route_of(path: str) -> str:
    """The shape of a path, as a template out of a closed list."""
    parts = path.strip("/").split("/")
    if len(parts) == 1:
        return _ALONE.get(parts[0]) or ("/{root}/" if parts[0].replace("-", "").isalnum() else OTHER)
    return _SHAPES.get((len(parts), tuple(parts[1::2])), OTHER)


def observe(
    app: ASGIApp, metrics: Metrics, *, trusted_proxies: tuple[str, ...] = (), now: Callable[[], float] = time.perf_counter
) -> ASGIApp:
    """The same application, observed. `trusted_proxies` are addresses or networks whose X-Request-ID is kept; all others get a fresh one.

    It must be the outermost layer and see the real peer: the web server must not rewrite it from forwarded headers.
    """
    networks = tuple(ip_network(each, strict=False) for each in trusted_proxies)
    # Bound once: the logging must be configured before.
    log: FilteringBoundLogger = logger("legation.requests").bind()

    async def observing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began = now()
        seen = scope[KEY] = Observed(_request_id(scope, networks))
        answer = _Answer(seen.request_id, send)
        named = request_id.set(seen.request_id)
        failure: Exception | None = None
        try:
            await app(scope, receive, answer.send)
        except Exception as error:
            failure = error
            answer.status = answer.status or 500
            raise
        finally:
            _tell(_Request(scope, seen, answer, now() - began, failure), metrics, log)
            request_id.reset(named)

    return observing


class _Answer:
    """Passes the answer on, with the request's id, and remembers its status and size."""

    __slots__ = ("_header", "_send", "octets", "status")

    def __init__(self, request_id: str, send: Send) -> None:
        self._header = (b"x-request-id", request_id.encode())
        self._send = send
        self.status = 0
        self.octets = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), self._header]
        else:
            self.octets += len(message.get("body", b""))
        await self._send(message)


class _Request(NamedTuple):
    """A request that was answered, or failed."""

    scope: Scope
    seen: Observed
    answer: _Answer
    seconds: float
    failure: Exception | None

    def line(self, route: str, method: str) -> dict[str, object]:
        """What is logged of it; what is empty or nought is left out."""
        seen, status = self.seen, self.answer.status
        told: dict[str, object] = {
            "method": method,
            "route": route,
            "status": status,
            "client": seen.client,
            "milliseconds": round(self.seconds * 1000, 3),
            "octets": self.answer.octets,
        }
        peer = self.scope["client"][0] if status in _SUSPICIOUS and self.scope.get("client") else ""
        more = {"collection": seen.collection, "served": seen.served, "added": seen.added, "failed": seen.failed, "peer": peer}
        return told | {name: value for name, value in more.items() if value}


def _tell(request: _Request, metrics: Metrics, log: FilteringBoundLogger) -> None:
    """Count the request and log its line."""
    status, seen = request.answer.status, request.seen
    method = request.scope["method"] if request.scope["method"] in _METHODS else OTHER
    route = route_of(request.scope["path"])
    metrics.request(route, method, status, request.seconds)
    metrics.objects(seen.served, seen.added, seen.failed)
    is_bad = request.failure is not None or status >= 500
    level = ERROR if is_bad else DEBUG if route in _QUIET else INFO
    if log.is_enabled_for(level):
        log.log(level, "request", **request.line(route, method), exc_info=request.failure)


def _request_id(scope: Scope, networks: tuple[IPv4Network | IPv6Network, ...]) -> str:
    if networks and scope.get("client"):
        sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), None)
        if sent is not None and _REQUEST_ID.fullmatch(sent) and _is_within(scope["client"][0], networks):
            return str(sent, "ascii")
    return token_hex(16)


def _is_within(peer: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in networks)
