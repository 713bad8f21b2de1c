"""Whatever is made up from the published contract, and whoever sends it: the answer is one that the contract publishes, and never a failure of ours.

TAXII 2.1 §3.1, §3.6, §1.6.8. The requests are the same in every run. Each goes out three times, as a member, as a partner and as the anonymous public; where it
names what the contract's examples name, it goes to something that is there for that sender.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
import schemathesis
import worlds
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as promised
from worlds import CLEAR, Server, envelope, indicator, post

from app.bootstrap import open_store
from app.taxii.media import TAXII

PUBLISHED = Path(__file__).parents[2] / "openapi" / "legation.json"
EXAMPLES = 8
"""Requests made up at random for each operation; the systematic ones (each parameter missing, wrong, at its bounds; each method) come on top."""
ODD = {
    "NUL": "%00", "text with NUL": "a%00b", "line feed": "%0A", "dot segment": "..", "encoded dot segment": "%2e%2e", "slash": "a%2Fb", "empty": "",
    "percent": "%", "twice encoded": "%252F", "no UTF-8": "%ff%fe", "letter": "%C3%A9", "direction": "%E2%80%AE", "very long": "a" * 50_000,
}  # fmt: skip
"""Segments of a path, as sent, over which parsers, routers and stores are known to stumble."""
CHECKS = [
    checks.not_a_server_error,
    promised.status_code_conformance,
    promised.content_type_conformance,
    promised.response_headers_conformance,
    promised.response_schema_conformance,
    promised.unsupported_method,
    promised.allow_header_conformance,
]


def contract() -> dict[str, Any]:
    """The published contract, such that path parameters made up at random are often those of the examples, and credentials are left to us."""
    found: dict[str, Any] = orjson.loads(PUBLISHED.read_bytes())
    for operations in found["paths"].values():
        for operation in operations.values():
            del operation["security"]
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"] = {"anyOf": [{"const": parameter["example"]}, parameter["schema"]]}
    return found


CONTRACT = contract()
USUAL = {
    parameter["name"]: parameter["example"]
    for operations in CONTRACT["paths"].values()
    for operation in operations.values()
    for parameter in operation["parameters"]
    if parameter["in"] == "path"
}
"""What the examples name."""
PLACES = [
    (path, method.upper(), parameter["name"])
    for path, operations in CONTRACT["paths"].items()
    for method, operation in operations.items()
    for parameter in operation["parameters"]
    if parameter["in"] == "path"
]
"""Every path parameter of every operation."""
PROBES = {"/healthz/", "/readyz/"}
schema = schemathesis.openapi.from_dict(CONTRACT)


@dataclass(frozen=True)
class Sender:
    """Who sends, over which connection, and what is there for him by the names of path parameters. `doomed` is an object of his that may go."""

    session: requests.Session
    url: str
    address: tuple[str, int]
    names: dict[str, str]
    doomed: str

    def send(self, case: schemathesis.Case[Any]) -> schemathesis.Response:
        """The answer to a request, sent to what is there where it names what is usual."""
        there = self.names | ({"object_id": self.doomed} if case.method == "DELETE" else {})
        made_up = case.path_parameters
        case.path_parameters = {name: there[name] if value == USUAL[name] else value for name, value in made_up.items()}
        try:
            return case.call(base_url=self.url, session=self.session)
        finally:
            case.path_parameters = made_up


def sender(server: Server, session: requests.Session, client: str, author: str, place: str) -> Sender:
    """`client` at a collection into which `author` has put some objects."""
    root, _, collection = place.partition("/")
    kept, doomed = indicator(object_marking_refs=[CLEAR]), indicator(object_marking_refs=[CLEAR])
    with server.visitor(author) as visitor:
        status = post(visitor, f"/{root}/collections/{collection}/", kept, doomed)
    session.trust_env = False
    if client:
        session.headers["Authorization"] = f"Bearer {server.world.tokens[client]}"
    names = {"api_root": root, "collection": collection, "object_id": kept["id"], "status_id": status["id"]}
    return Sender(session, server.url, server.address, names, doomed["id"])


async def world(store: str) -> worlds.World:
    """The world over a store as operators run it, since odd texts are most dangerous to what keeps them."""
    return await worlds.build(await open_store(store))


@pytest.fixture(scope="module")
def senders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sender]]:
    """A member among members, a partner at its intake, the anonymous public where something is public."""
    with ExitStack() as held:
        store = f"sqlite:///{tmp_path_factory.mktemp('fuzz')}/legation.sqlite"
        server = held.enter_context(worlds.serving(partial(world, store)))
        yield [
            sender(server, held.enter_context(requests.Session()), client, author, place)
            for client, author, place in (
                ("ng-cert/misp", "ng-cert/misp", "scratch/c000"),
                ("vendor/push", "vendor/push", "intake/vendor"),
                ("", "secretariat/editor", "public/advisories"),
            )
        ]


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_is_published(case: schemathesis.Case[Any], senders: list[Sender]) -> None:
    media_type = "application/json" if case.path in PROBES and case.method == "GET" else TAXII
    for sender in senders:
        answer = sender.send(case)
        assert answer.headers["content-type"] == [media_type], (answer.status_code, answer.text)
        case.validate_response(answer, checks=CHECKS)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_path_leads_nowhere(odd: str, senders: list[Sender]) -> None:
    """Sent as it stands, in the place of each path parameter of each operation: 404, or for the public 401 where nothing is public."""
    for sender in senders:
        proof = {name: value for name, value in sender.session.headers.items() if name == "Authorization"}
        with closing(HTTPConnection(*sender.address, timeout=30)) as connection:
            for path, method, name in PLACES:
                body = envelope(indicator()) if method == "POST" else None
                where = path.format(**sender.names | {name: odd})
                connection.request(method, where, body, {"Content-Type": TAXII, **proof})
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 404 or (answer.status == 401 and not proof), (answer.status, method, where[:200])
                assert answer.headers["content-type"] == TAXII
