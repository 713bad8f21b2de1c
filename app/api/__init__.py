"""The TAXII face: HTTP on one side, the deeds of app/sharing on the other. It translates; it decides nothing about who may.

* `routes`      the table of endpoints, from which both what is served and the published contract come
* `paths`       from a path to its desk
* `desk`        the steps that each request goes through, and what becomes of errors
* `message`     heads of requests, answers, compression
* `identity`    from headers to the name of a client; `addresses` and `delays` for those who fail
* `discovery` `objects` `deliveries` `health`   the endpoints; `rendering` and `body` the bytes out and in
* `problems`    the one table from errors to statuses
* `openapi`     the published contract, openapi/legation.json
* `keys`        the keys of OpenID Connect issuers
* `observe` `logs` `metrics`      what is told of each request, wrapped around the application by the bootstrap

The room knows HTTP and no store; it never reads an object, and never looks at a label.
"""

from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from app.api.delays import Delays
from app.api.desk import Desk, Front
from app.api.identity import Doorkeeper
from app.api.paths import Paths
from app.api.routes import methods_by_path
from app.api.settings import FaceSettings
from app.sharing.exchange import Exchange

__all__ = ["FaceSettings", "create_app"]


class _Face(FastAPI):
    """FastAPI without its router and its middleware: requests go straight to their desk, which answers faults itself. Nothing else writes an answer."""

    def __init__(self, title: str, desks: Paths[Desk]) -> None:
        super().__init__(
            title=title,
            openapi_url=None,
            telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
        )
        self._desks = desks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request to its desk (ASGI); start, end and what is no HTTP are the framework's."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        desk, scope["path_params"] = self._desks.find(scope["path"])
        await desk(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The published contract."""
        from app.api.openapi import document  # a command of its own, and nothing that a server needs

        return document()


def create_app(exchange: Exchange, face: FaceSettings) -> FastAPI:
    """The TAXII server as an ASGI application."""
    front = Front(exchange, face, Doorkeeper(exchange, face, Delays(face.sleep)))
    desks = {path: Desk(front, methods) for path, methods in methods_by_path().items()}
    return _Face(face.title, Paths(desks, Desk(front, {})))
