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

from app.api.asgi import ASGIApp, Receive, Scope, Send
from app.api.delays import Delays
from app.api.desk import Desk, Front
from app.api.identity import Doorkeeper
from app.api.paths import Paths
from app.api.routes import methods_by_path
from app.api.settings import FaceSettings
from app.sharing.exchange import Exchange

__all__ = ["FaceSettings", "create_app"]


def create_app(exchange: Exchange, face: FaceSettings) -> ASGIApp:
    """The TAXII server as an ASGI application, of HTTP alone: each request goes straight to its desk, which answers faults itself."""
    front = Front(exchange, face, Doorkeeper(exchange, face, Delays(face.sleep)))
    desks = Paths({path: Desk(front, methods) for path, methods in methods_by_path().items()}, Desk(front, {}))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        desk, scope["path_params"] = desks.find(scope["path"])
        await desk(scope, receive, send)

    return application
