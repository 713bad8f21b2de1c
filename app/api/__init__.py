"""The TAXII face: HTTP on one side, the deeds of app/sharing on the other. It translates; it decides nothing about who may.

* `routes`      the table of endpoints, from which both what is served and the published contract come
* `desk`        the steps that each request goes through, and what becomes of errors
* `message`     heads of requests, answers, compression
* `identity`    from headers to the name of a client; `addresses` and `delays` for those who fail
* `discovery` `objects` `health`   the endpoints; `rendering` and `body` the bytes out and in
* `problems`    the one table from errors to statuses
* `openapi`     the published contract, openapi/legation.json
* `keys`        the keys of OpenID Connect issuers
* `observe` `logs` `metrics`      what is told of each request, wrapped around the application by the bootstrap

The room knows HTTP and no store; it never reads an object, and never looks at a label.
"""

from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.delays import Delays
from app.api.desk import Desk, Front
from app.api.identity import Doorkeeper
from app.api.routes import methods_by_path
from app.api.settings import FaceSettings
from app.sharing.exchange import Exchange

__all__ = ["FaceSettings", "create_app"]


class _Face(FastAPI):
    """FastAPI without its middleware: the desk answers faults itself, and nothing else must ever write an answer."""

    def build_middleware_stack(self) -> ASGIApp:
        """Straight to the router."""
        return self.router


def create_app(exchange: Exchange, face: FaceSettings) -> FastAPI:
    """The TAXII server as an ASGI application."""
    front = Front(exchange, face, Doorkeeper(exchange, face, Delays(face.sleep)))
    app = _Face(
        title=face.title,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    for path, methods in methods_by_path().items():
        desk = Desk(front, methods)
        # With and without the final slash, and never a redirect: clients lose their credentials on the way (C5).
        app.add_route(path, desk)  # type: ignore[arg-type] # an ASGI application, which Starlette tells by its type
        app.add_route(path.removesuffix("/"), desk)  # type: ignore[arg-type] # likewise
    app.router.default = _default(app, Desk(front, {}))
    app.openapi = _contract  # type: ignore[method-assign] # FastAPI's own way to publish another document
    return app


def _contract() -> dict[str, Any]:
    from app.api.openapi import document  # a command of its own, and nothing that a server needs

    return document()


def _default(app: FastAPI, nowhere: Desk) -> ASGIApp:
    refuse = app.router.not_found

    async def default(scope: Scope, receive: Receive, send: Send) -> None:
        await (nowhere if scope["type"] == "http" else refuse)(scope, receive, send)

    return default
