"""The published contract, openapi/legation.json: made from the table of endpoints and the resources, so that it says what the server does.

    python -m app.api.openapi > openapi/legation.json

It is the same for every server: no address, no title of an operator. It is not served, since every path that is none of TAXII's answers 401 to
strangers; tests/promises/test_openapi.py compares the file with the running application.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import orjson
from pydantic.json_schema import models_json_schema

from app.api import examples
from app.api.problems import ANSWERS
from app.api.routes import ROUTES, Admission, Route
from app.taxii import resources
from app.taxii.media import STIX, TAXII

Json: TypeAlias = dict[str, Any]

_DESCRIPTION: Final = (
    "TAXII 2.1 (OASIS Standard, 10 June 2021) with STIX 2.1 objects. Every path answers with and without its final slash, and HEAD where it answers GET. "
    "What does not exist for a client and what does not exist at all have the same answer."
)
_PATH_PARAMETERS: Final[Mapping[str, str]] = {
    "api_root": "Name of an API root, as discovery lists it.",
    "collection": "Id or alias of a collection.",
    "object_id": "STIX id of an object.",
    "status_id": "Id of a status, from the answer to the POST.",
}
_QUERY_PARAMETERS: Final[Mapping[str, tuple[str, Json]]] = {
    "added_after": ("Entries with a strictly later date_added (§3.4).", {"type": "string", "format": "date-time"}),
    "limit": ("Most entries that the answer may hold (§3.4); the server may give fewer.", {"type": "integer", "minimum": 1}),
    "next": ("Where the previous page ended: its `next`, as it stands (§3.5).", {"type": "string"}),
    "match[id]": ("Only these objects, by STIX id (§3.4.1).", {"type": "array", "items": {"type": "string"}}),
    "match[type]": ("Only objects of these types (§3.4.1).", {"type": "array", "items": {"type": "string"}}),
    "match[version]": (
        "Which versions: `last` (the default), `first`, `all`, or the time of a version (§3.4.1).",
        {"type": "array", "items": {"type": "string"}},
    ),
    "match[spec_version]": ("Only objects of these STIX versions (§3.4.1).", {"type": "array", "items": {"type": "string"}}),
}
_DATE_HEADERS: Final[Mapping[str, str]] = {
    "X-TAXII-Date-Added-First": "date_added of the first entry of this page (§3.2); on an empty page the `added_after` that was asked for.",
    "X-TAXII-Date-Added-Last": "date_added of the last entry of this page (§3.2); on an empty page the `added_after` that was asked for.",
}
_SCHEMES: Final[Json] = {
    "basic": {"type": "http", "scheme": "basic", "description": "User name: the client, `organisation/client`. Password: its token."},
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of the client, or a signed token of an issuer of the alliance.",
    },
    "token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token` and the token of the client."},
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The bare token. The operator chooses the header's name.",
    },
}
_ENVELOPES: Final = (TAXII, STIX)
_ERROR_HEADERS: Final[Mapping[int, str]] = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_RESOURCES: Final = (
    resources.Discovery, resources.ApiRoot, resources.Collections, resources.Collection, resources.Status,
    resources.Envelope, resources.Manifest, resources.ObjectVersions, resources.Deliveries, resources.ErrorMessage,
)  # fmt: skip


def document() -> Json:
    """The contract, as the JSON object that OpenAPI 3.1 defines. The same each time."""
    paths: dict[str, Json] = {}
    for route in sorted(ROUTES, key=lambda route: (route.admission is Admission.PROBE, not route.section, route.section, route.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    _, schemas = models_json_schema([(each, "serialization") for each in _RESOURCES], ref_template="#/components/schemas/{model}")
    statuses = sorted({500, *(status for route in ROUTES if route.admission is not Admission.PROBE for status in route.errors)})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Legation",
            "version": "2.1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "responses": {str(status): _error(status) for status in statuses},
            "securitySchemes": _SCHEMES,
        },
    }


def _operation(route: Route) -> Json:
    operation: Json = {
        "operationId": route.answering.__name__,
        "summary": route.title,
        "tags": [f"TAXII 2.1 §{route.section}" if route.section else "operation" if route.admission is Admission.PROBE else "extension"],
        "parameters": [*_path_parameters(route.path), *_query_parameters(route)],
        "responses": {str(route.success): _success(route), **_errors(route)},
        "security": [] if route.admission is Admission.PROBE else _security(route),
    }
    if route.takes_body:
        content = {media_type: _content(resources.Envelope, {"objects": [examples.INDICATOR]}) for media_type in _ENVELOPES}
        operation["requestBody"] = {"required": True, "content": content, "description": "An envelope, or a whole STIX bundle."}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    schemes: list[dict[str, list[str]]] = [{name: []} for name in _SCHEMES]
    return [*schemes, {}] if route.admission is Admission.PUBLIC else schemes


def _path_parameters(path: str) -> Iterable[Json]:
    for name, description in _PATH_PARAMETERS.items():
        if f"{{{name}}}" in path:
            schema = {"type": "string"}
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "description": description,
                "schema": schema,
                "example": examples.PARAMETERS[name],
            }


def _query_parameters(route: Route) -> Iterable[Json]:
    for name, (description, schema) in _QUERY_PARAMETERS.items():
        if route.endpoint is not None and name in route.endpoint.parameters:
            parameter: Json = {"name": name, "in": "query", "description": description, "schema": schema}
            if schema["type"] == "array":
                parameter |= {"style": "form", "explode": False}
            if name in examples.PARAMETERS:
                parameter["example"] = examples.PARAMETERS[name]
            yield parameter


def _success(route: Route) -> Json:
    if route.admission is Admission.PROBE:
        schema = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
        return {"description": "Yes.", "content": {"application/json": {"schema": schema}}}
    response: Json = {"description": "Done; without a body." if route.resource is None else str(route.resource.__doc__)}
    if route.resource is not None:
        response["content"] = {TAXII: _content(route.resource, examples.RESOURCES[route.resource.__name__])}
    if route.has_dates:
        response["headers"] = {
            name: {"description": text, "schema": {"type": "string", "format": "date-time"}} for name, text in _DATE_HEADERS.items()
        }
    return response


def _errors(route: Route) -> Json:
    if route.admission is Admission.PROBE:
        return {str(status): {"description": "No."} for status in route.errors}
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted({*route.errors, 500})}


def _error(status: int) -> Json:
    title = next(title for code, title in ANSWERS.values() if code == status)
    response: Json = {
        "description": title,
        "content": {TAXII: _content(resources.ErrorMessage, {"title": title, "http_status": str(status)})},
    }
    if status in _ERROR_HEADERS:
        response["headers"] = {_ERROR_HEADERS[status]: {"schema": {"type": "string"}}}
    return response


def _content(resource: type[resources.Resource], example: Mapping[str, object]) -> Json:
    return {"schema": {"$ref": f"#/components/schemas/{resource.__name__}"}, "example": example}


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
