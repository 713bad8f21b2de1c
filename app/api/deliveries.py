"""Who received an object: an extension of this server, for auditors (docs/audit.md). It belongs to no API root, as who may ask need not read anywhere."""

from collections.abc import Sequence

import orjson

from app.api.message import Call, Reply
from app.api.objects import pairs
from app.api.settings import FaceSettings
from app.audit.deliveries import DELIVERIES
from app.sharing.exchange import Exchange
from app.sharing.who_saw import Portion, Received, who_saw
from app.taxii.query import Endpoint, ObjectQuery, QueryLimits, next_after, parse_query


async def get_deliveries(exchange: Exchange, _: FaceSettings, call: Call) -> Reply:
    """To whom the versions of an object were delivered."""
    object_id = call.params["object_id"]
    query = parse_query(pairs(call.scope["query_string"]), Endpoint.DELIVERIES, QueryLimits(exchange.limits.match_values))
    cursor = query.next
    is_ours = cursor is not None and (cursor.collection, cursor.object_id) == (DELIVERIES, object_id)
    skip = cursor.position if cursor is not None and is_ours else 0
    found = await who_saw(exchange, call.client, object_id, Portion(query.limit, skip))
    following = None if found.following is None else next_after(ObjectQuery(), DELIVERIES, object_id, found.following)
    return Reply(200, _render(found.received, following))


def _render(received: Sequence[Received], following: str | None) -> bytes:
    """Straight from the lines; that they are what `app.taxii.resources.Deliveries` describes is proven by tests."""
    if not received:
        return b"{}"
    page: dict[str, object] = {"more": following is not None}
    if following is not None:
        page["next"] = following
    return orjson.dumps(page | {"deliveries": list(map(_delivered, received))})


def _delivered(each: Received) -> dict[str, object]:
    """The public has neither organisation nor client."""
    recipient = {"organisation": each.organisation, "client": each.client} if each.client else {}
    return {
        "collection": each.collection,
        "id": each.object_id,
        "version": each.version,
        "contributor": each.contributor,
        **recipient,
        "delivered": each.delivered,
        "epoch": each.epoch,
    }
