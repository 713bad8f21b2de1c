"""What there is: discovery, API roots and collections, as one client may know them (TAXII 2.1 §4.1, §4.2, §5.1, §5.2)."""

from app.access.alliance import ApiRoot
from app.api.message import Call, Reply
from app.api.settings import FaceSettings
from app.sharing import discover
from app.sharing.discover import Seen
from app.sharing.exchange import Address, Exchange
from app.taxii import resources
from app.taxii.media import TAXII


async def get_discovery(exchange: Exchange, settings: FaceSettings, call: Call) -> Reply:
    """The server, and the API roots that hold something for the client."""
    roots = await discover.roots(exchange, call.client)
    urls = {name: f"{settings.root_prefix}{name}/" for name, _ in roots}
    default = next((name for name, root in roots if root.default), None) or (roots[0][0] if len(roots) == 1 else None)
    resource = resources.Discovery(
        title=settings.title,
        description=settings.description,
        contact=settings.contact,
        default=None if default is None else urls[default],
        api_roots=tuple(urls.values()),
    )
    return Reply(200, resources.render(resource))


async def get_api_root(exchange: Exchange, _: FaceSettings, call: Call) -> Reply:
    """One API root."""
    root = await discover.root(exchange, call.client, call.params["api_root"])
    return Reply(200, resources.render(_api_root(root)))


async def get_collections(exchange: Exchange, _: FaceSettings, call: Call) -> Reply:
    """The collections of an API root that exist for the client."""
    seen = await discover.collections(exchange, call.client, call.params["api_root"])
    return Reply(200, resources.render(resources.Collections(collections=tuple(map(_collection, seen)))))


async def get_collection(exchange: Exchange, _: FaceSettings, call: Call) -> Reply:
    """One collection."""
    seen = await discover.collection(exchange, call.client, Address(call.params["api_root"], call.params["collection"]))
    return Reply(200, resources.render(_collection(seen)))


def _api_root(root: ApiRoot) -> resources.ApiRoot:
    return resources.ApiRoot(title=root.title, description=root.description, versions=(TAXII,), max_content_length=root.max_content_length)


def _collection(seen: Seen) -> resources.Collection:
    collection = seen.collection
    return resources.Collection(
        id=collection.key,
        title=collection.title,
        description=" ".join(filter(None, (collection.description, _default_level(collection.unmarked)))),
        alias=collection.name,
        can_read=seen.can_read,
        can_write=seen.can_write,
        media_types=collection.media_types,
    )


def _default_level(unmarked: str) -> str:
    """What becomes of objects without a marking: whoever shares here should know before (access-policy case 19)."""
    if unmarked == "refuse":
        return "Objects need a TLP marking."
    level = {"white": "clear"}.get(unmarked, unmarked)
    return f"Objects without a TLP marking count as TLP:{level.upper()}."
