"""The desk: one ASGI application per path, which takes each request through the same steps and turns whatever comes of it into an answer.

The order of the steps is part of the promise to be silent (DESIGN 9): what is refused by the shape of path and head alone is refused to everybody
alike, before anybody is asked who he is; then identity, then everything that depends on what exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.api import problems
from app.api.addresses import source
from app.api.asgi import Receive, Scope, Send
from app.api.body import ClientGone, refuse_encoded
from app.api.identity import Doorkeeper
from app.api.message import Call, Header, Reply, write
from app.api.observe import observed
from app.api.routes import Admission, Route
from app.api.settings import FaceSettings
from app.clock import to_micros
from app.errors import MethodNotAllowed, NotFound, RequestError, SharingError, Unauthenticated
from app.sharing.door import CREDENTIALS_WANTED
from app.sharing.exchange import NOTHING_HERE, Exchange
from app.taxii import media

OTHER_REQUEST: Final = "another request"
_VARY: Final = "Authorization, Accept, Accept-Encoding"


@dataclass(frozen=True)
class Front:
    """What all desks share."""

    exchange: Exchange
    settings: FaceSettings
    doorkeeper: Doorkeeper
    always: tuple[Header, ...] = field(init=False)
    """Headers of every answer (DESIGN 7)."""

    def __post_init__(self) -> None:
        key = self.settings.api_key_header
        vary = _VARY if key is None else f"{_VARY}, {key}"
        object.__setattr__(self, "always", ((b"cache-control", b"private, no-store"), (b"vary", vary.encode())))


class Desk:
    """Answers every method at one path; without routes it answers at all paths that no endpoint has."""

    def __init__(self, front: Front, routes: Mapping[str, Route]) -> None:
        self._front = front
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        call = Call(scope, receive)
        try:
            reply = await self._answer(call)
        except ClientGone:
            return
        except SharingError as error:
            reply = problems.refusal(error)
            self._note(call, reply.status)
        except Exception as error:  # noqa: BLE001 - the last door: whatever nobody expected becomes a 500 without a word of it
            reply = problems.failure(error)
        await write(send, reply, call, self._front.always)

    async def _answer(self, call: Call) -> Reply:
        # 1. By the shape of path and head: 400, 405, 406, 415.
        _refuse_ambiguous(call)
        route = self._route(call.method)
        if route is not None:
            if route.admission is Admission.PROBE:
                return await route.answering(self._front.exchange, self._front.settings, call)
            media.accept(call.header(b"accept"))
            if route.takes_body:
                media.content_type(call.header(b"content-type"))
                refuse_encoded(call)
        # 2. Who is calling: 401.
        await self._admit(call, route)
        # 3. Where nothing is: 404.
        if route is None:
            raise NotFound(NOTHING_HERE)
        # 4. Permission before the body, the body before its objects: the deeds.
        return await route.answering(self._front.exchange, self._front.settings, call)

    def _note(self, call: Call, status: int) -> None:
        """Tell the operator's list of clients of a refusal: by the kind of request, never by what was typed."""
        route = self._routes.get(call.method)
        exchange = self._front.exchange
        request = OTHER_REQUEST if route is None else route.title
        exchange.contacts.refused(call.client, request, status, to_micros(exchange.clock()))

    def _route(self, method: str) -> Route | None:
        if not self._routes:
            return None
        route = self._routes.get(method)
        if route is None:
            raise MethodNotAllowed(sorted(self._routes))
        return route

    async def _admit(self, call: Call, route: Route | None) -> None:
        call.client = await self._front.doorkeeper.identify(call)
        requests = self._front.exchange.quotas.requests
        if call.client:
            observed(call.scope).client = call.client
            requests.spend(call.client.partition("/")[0], call.client)
            return
        # Anonymous requests are counted by source: a colon keeps such names apart from those of organisations.
        requests.spend(f"from:{source(call, self._front.settings.trusted_networks)}", "")
        if route is None or route.admission is not Admission.PUBLIC:
            raise Unauthenticated(CREDENTIALS_WANTED)


def _refuse_ambiguous(call: Call) -> None:
    """Who is meant must be said, and once (RFC 9112 §3.2): servers in front of this one might take another Host. Raises RequestError."""
    hosts = len(call.values(b"host"))
    if hosts > 1 or (hosts == 0 and call.scope.get("http_version") == "1.1"):
        raise RequestError(f"the request has {hosts} Host headers: send one")
