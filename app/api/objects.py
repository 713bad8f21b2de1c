"""What is shared: objects, their manifest and versions, and the status of what was sent (TAXII 2.1 §4.3, §5.3 to §5.8)."""

from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from app.api.body import read_body
from app.api.message import Call, Reply
from app.api.observe import Observed, observed
from app.api.rendering import date_headers, render_page
from app.api.settings import FaceSettings
from app.errors import MalformedQuery
from app.sharing import add, discover, read, remove, status
from app.sharing.exchange import Address, Exchange
from app.taxii.query import Endpoint, ObjectQuery, QueryLimits, parse_query
from app.taxii.resources import render

MOST_PARAMETERS: Final = 100
"""Of one request; the standard defines seven."""
LONGEST_KEPT: Final = 512
MOST_KEPT: Final = 1024
"""Octets, and number, of query strings whose meaning is kept: a client that finds nothing new asks the same again and again."""


async def get_objects(exchange: Exchange, _: FaceSettings, call: Call) -> Reply:
    """The objects of a collection."""
    return await _page(exchange, call, Endpoint.OBJECTS)


async def get_object(exchange: Exchange, _: FaceSettings, call: Call) -> Reply:
    """One object."""
    return await _page(exchange, call, Endpoint.OBJECT)


async def get_manifest(exchange: Exchange, _: FaceSettings, call: Call) -> Reply:
    """What a collection holds, without content."""
    return await _page(exchange, call, Endpoint.MANIFEST)


async def get_versions(exchange: Exchange, _: FaceSettings, call: Call) -> Reply:
    """The versions of one object."""
    return await _page(exchange, call, Endpoint.VERSIONS)


async def add_objects(exchange: Exchange, settings: FaceSettings, call: Call) -> Reply:
    """Take an envelope. Permission comes before the body: nothing is spent on a stranger's bytes."""
    address = _address(call)
    largest = await add.may_add(exchange, call.client, address)
    body = await read_body(call, largest, settings.patience)
    report = await add.add(exchange, call.client, address, body)
    telling = _telling(call)
    telling.added, telling.failed = report.success_count, report.failure_count
    return Reply(202, render(report))


async def delete_object(exchange: Exchange, _: FaceSettings, call: Call) -> Reply:
    """Remove an object, or some of its versions."""
    query = await _query(exchange, call, Endpoint.DELETE)
    await remove.remove(exchange, call.client, _address(call), call.params["object_id"], query)
    _telling(call)
    return Reply(200)


async def get_status(exchange: Exchange, _: FaceSettings, call: Call) -> Reply:
    """What became of an earlier request to add objects."""
    return Reply(200, await status.status(exchange, call.client, call.params["api_root"], call.params["status_id"]))


async def _page(exchange: Exchange, call: Call, endpoint: Endpoint) -> Reply:
    query = await _query(exchange, call, endpoint)
    answer = await read.read(exchange, call.client, _address(call), query, endpoint, call.params.get("object_id"))
    _telling(call).served = len(answer.page.rows) if endpoint in read.WITH_OBJECTS else 0
    return Reply(200, render_page(answer, endpoint), date_headers(answer))


async def _query(exchange: Exchange, call: Call, endpoint: Endpoint) -> ObjectQuery:
    """The query string, understood. Only who may know of the collection is told what is wrong with it. Raises MalformedQuery."""
    text: bytes = call.scope["query_string"]
    understand = _understood if len(text) <= LONGEST_KEPT else _understood.__wrapped__
    try:
        return understand(text, endpoint, exchange.limits.match_values)
    except MalformedQuery:
        await discover.collection(exchange, call.client, _address(call))
        raise


@lru_cache(MOST_KEPT)
def _understood(text: bytes, endpoint: Endpoint, match_values: int) -> ObjectQuery:
    return parse_query(pairs(text), endpoint, QueryLimits(match_values))


def pairs(text: bytes) -> list[tuple[str, str]]:
    """The query string, name by name. Raises MalformedQuery."""
    try:
        return parse_qsl(text.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise MalformedQuery(f"the request has more than {MOST_PARAMETERS} parameters") from error


def _address(call: Call) -> Address:
    return Address(call.params["api_root"], call.params["collection"])


def _telling(call: Call) -> Observed:
    """What logs and metrics hear of a request that succeeded: only then is the address one of the alliance's, and not what somebody typed."""
    telling = observed(call.scope)
    telling.collection = f"{call.params['api_root']}/{call.params['collection']}"
    return telling
