"""openapi/legation.json is current, complete, and true of the running application."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import orjson
import pytest
import schemathesis
import worlds
from hypothesis import HealthCheck, settings
from worlds import TAXII, Server, indicator, post

from app.api import examples
from app.api.openapi import document
from app.api.routes import methods_by_path
from app.taxii import resources

PUBLISHED = Path(__file__).parents[2] / "openapi" / "legation.json"
CONTRACT: dict[str, Any] = orjson.loads(PUBLISHED.read_bytes())
OPERATIONS = [(path, method, operation) for path, methods in CONTRACT["paths"].items() for method, operation in methods.items()]
schema = schemathesis.openapi.from_dict(CONTRACT)


def test_the_published_file_is_what_the_table_of_endpoints_says() -> None:
    """`make openapi` writes it anew."""
    assert document() == CONTRACT


def test_the_command_prints_the_published_file() -> None:
    """Byte for byte, each time, without a word on standard error."""
    done = subprocess.run([sys.executable, "-W", "error", "-m", "app.api.openapi"], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (PUBLISHED.read_bytes(), b"")


def test_every_route_is_in_the_contract_with_its_methods() -> None:
    served = {path: {name.lower() for name in methods} - {"head"} for path, methods in methods_by_path().items()}
    assert served == {path: set(operations) for path, operations in CONTRACT["paths"].items()}


def test_the_contract_is_openapi() -> None:
    """Each operation once, with answers; nothing about an operator."""
    assert CONTRACT["openapi"] == "3.1.0"
    identifiers = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(identifiers) == len(set(identifiers))
    assert "servers" not in CONTRACT
    references = {part.split('"')[0] for part in PUBLISHED.read_text().split('"$ref": "#/components/')[1:]}
    for reference in references:
        kind, name = reference.split("/")
        assert name in CONTRACT["components"][kind]


@pytest.mark.parametrize("name", sorted(examples.RESOURCES))
def test_examples_are_valid(name: str) -> None:
    """By the model and by the published schema."""
    example = dict(examples.RESOURCES[name])
    getattr(resources, name).model_validate(example, strict=False)
    _validator(name).validate(example)


def _validator(name: str) -> Any:
    return jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", "components": CONTRACT["components"]})


def _requests(server: Server, ng: httpx.Client) -> dict[str, dict[str, str]]:
    place, added = server.fresh_collection(), indicator()
    status = post(ng, place, added)
    _, root, _, collection, _ = place.split("/")
    return {"path": {"api_root": root, "collection": collection, "object_id": added["id"], "status_id": status["id"]}}


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=[operation["operationId"] for _, _, operation in OPERATIONS])
def test_real_answers_are_what_is_published(server: Server, ng: httpx.Client, path: str, method: str, operation: dict[str, Any]) -> None:
    """T-3.1-11, T-8.2.1-05: status, headers and schema, of success and of a refusal."""
    address = path.format(**_requests(server, ng)["path"])
    body = worlds.envelope(indicator()) if "requestBody" in operation else None
    answer = ng.request(method, address, content=body, headers={"Content-Type": TAXII} if body else {})
    promised = operation["responses"][str(answer.status_code)]
    for name in promised.get("headers", {}):
        assert name in answer.headers
    for media_type, content in promised.get("content", {}).items():
        assert answer.headers["content-type"] == media_type
        jsonschema_rs.validator_for(content["schema"] | {"components": CONTRACT["components"]}).validate(answer.json())
    if operation["security"]:
        refused = ng.request(
            method, address, content=body, headers={"Authorization": "Bearer wrong", **({"Content-Type": TAXII} if body else {})}
        )
        assert str(refused.status_code) in operation["responses"]
        assert "WWW-Authenticate" in refused.headers
        _validator("ErrorMessage").validate(refused.json())


@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_no_answer_is_a_500(case: schemathesis.Case, server: Server, busy: str) -> None:
    """Requests made up from the contract, to a collection that exists: each answer is one that the contract names, and none a failure of ours."""
    _, root, _, collection, _ = busy.split("/")
    for name, value in (("api_root", root), ("collection", collection)):
        if name in case.path_parameters:
            case.path_parameters[name] = value
    answer = case.call(base_url=server.url, headers={"Authorization": f"Bearer {server.world.tokens['ng-cert/misp']}"})
    promised = CONTRACT["paths"][case.path].get(case.method.lower(), {"responses": {"405": {}}})
    assert str(answer.status_code) in promised["responses"], answer.text
    assert answer.status_code < 500
