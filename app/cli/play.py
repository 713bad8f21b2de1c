"""What is played in the demonstration: a vendor's feed on its way to those who may have it, over HTTP with the client that everybody uses."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urljoin

from app.cli.session import do
from app.cli.stage import Stage
from app.errors import StoreUnavailable
from app.sharing import curate, review
from app.sharing.exchange import Exchange
from app.sharing.survey import Survey, survey
from app.stix.handling import Tlp
from app.stix.markings import CANONICAL

VENDOR: Final = "quillfrost/push"
CURATOR: Final = "secretariat/curator"
ANALYST: Final = "secretariat/analyst"
NAMED: Final = "ng-cert/desk"
INTAKE, ALLIANCE, EXCHANGE, PUBLIC = "intake/quillfrost", "members/alliance", "exchange/knowledge", "public/campaigns"
RECEIVERS: Final = {
    "ng-cert/misp": "CERT of Nigeria",
    "sg-cert/opencti": "CERT of Singapore",
    "fr-cert/feed": "CERT of France, constituency feed",
    "saltmarsh/pull": "partner of the community",
    "lanternbay/pull": "another partner",
    "": "the public",
}
"""Who polls: client → how the table calls it."""
REGION: Final = ("group:afjoc",)
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Received:
    """What one receiver got from one collection, by level, and why not more."""

    who: str
    client: str
    collection: str
    objects: dict[str, int]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the play came to. `example` is an object that some members read and others do not."""

    pushed: int
    waiting: int
    example: str
    released: dict[str, int]
    received: tuple[Received, ...]


@dataclass(slots=True)
class Play:
    """The acts, in order; `tell` says what happens."""

    stage: Stage
    tell: Callable[[str], None]
    _released: dict[str, int] = field(default_factory=dict[str, int])

    def act(self) -> Outcome:
        """Play all of it."""
        from app.cli.samples import Parties, feed, prevention

        os.environ["no_proxy"] = "127.0.0.1"  # the way to this machine leads through no proxy, whatever the environment says
        parties = {client: Parties(*each) for client, each in do(self.stage.store, _parties).items()}
        pushed = self._push(VENDOR, INTAKE, feed(parties[VENDOR]))
        self._push(ANALYST, PUBLIC, prevention(parties[ANALYST]))
        waiting = do(self.stage.store, lambda exchange: review.review(exchange, CURATOR, INTAKE))
        self._release(waiting, ALLIANCE, Tlp.AMBER_STRICT)
        self._release(waiting, EXCHANGE, Tlp.GREEN)
        received = [each for client in RECEIVERS for each in self._receive(client)]
        example = next(each.object_id for each in waiting if each.type == "indicator" and each.tlp == Tlp.AMBER.text and each.terms)
        return Outcome(pushed, len(waiting), example, self._released, tuple(received))

    def _push(self, client: str, path: str, objects: Sequence[Mapping[str, object]]) -> int:
        collection = self._collections(client)[path]
        status = collection.add_objects({"objects": list(objects)})
        if status.failure_count:
            msg = f"{status.failure_count} objects of the sample feed were refused, the first: {status.failures[0]}"
            raise StoreUnavailable(msg)
        self.tell(f"{client} pushed {status.success_count} objects into {path}")
        return int(status.success_count)

    def _release(self, waiting: Sequence[review.Waiting], to: str, ceiling: Tlp) -> None:
        ids = [each.object_id for each in waiting if Tlp.of(each.tlp) <= ceiling]
        lines = do(self.stage.store, lambda exchange: curate.release(exchange, CURATOR, INTAKE, ids, to))
        self._released[to] = sum(line.ok for line in lines)
        self.tell(f"{CURATOR} released {self._released[to]} of them into {to}")

    def _receive(self, client: str) -> Iterator[Received]:
        collections = self._collections(client)
        for path in (ALLIANCE, EXCHANGE, PUBLIC):
            levels = Counter(_level(each) for each in _objects(collections[path])) if path in collections else Counter[Tlp]()
            found = do(self.stage.store, lambda exchange, path=path: survey(exchange, client, path))  # type: ignore[misc] # run at once
            yield Received(RECEIVERS[client], client, path, {level.text: levels[level] for level in Tlp}, tuple(_why(found)))

    def _collections(self, client: str) -> dict[str, Any]:
        """The collections that exist for a client, found as every client finds them: by discovery. `root/name` → taxii2-client's object."""
        from taxii2client.common import TokenAuth
        from taxii2client.v21 import Server

        auth = TokenAuth(self.stage.tokens[client]) if client else None
        server = Server(urljoin(self.stage.url, "/taxii2/"), auth=auth)
        roots = cast("list[Any]", server.api_roots)
        return {_place(root, each): each for root in roots for each in root.collections}


def _place(root: Any, collection: Any) -> str:
    """`root/name`: the last part of the root's address, and the alias."""
    return f"{root.url.rstrip('/').rpartition('/')[2]}/{collection._raw['alias']}"  # noqa: SLF001 # the client shows the alias nowhere else


def _objects(collection: Any) -> Iterator[Mapping[str, object]]:
    """All objects of a collection, page by page."""
    from taxii2client import v21

    pages = cast("Iterable[dict[str, Any]]", v21.as_pages(collection.get_objects, per_request=PAGE))
    for page in pages:
        yield from page.get("objects", ())


async def _parties(exchange: Exchange) -> dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """What `Parties` takes for the two who send: identity, name, the recipients of TLP:RED, the region."""
    alliance = (await exchange.force.now()).alliance
    recipient = alliance.client(NAMED)
    names = {client: alliance.organisations[client.partition("/")[0]] for client in (VENDOR, ANALYST)}
    recipients = tuple(sorted(recipient.identities)) if recipient is not None else ()
    return {client: (min(each.identities), each.name, recipients, REGION) for client, each in names.items()}


def _level(received: Mapping[str, object]) -> Tlp:
    """The level that an object says of itself; only what helps to read others says none, and is open."""
    markings = cast("Iterable[str]", received.get("object_marking_refs", ()))
    return max((CANONICAL[each] for each in markings if each in CANONICAL), default=Tlp.CLEAR)


def _why(found: Survey) -> Iterator[str]:
    """What keeps a receiver from the rest, in the words of the policies; each with the levels that it closes."""
    if not found.reads:
        yield "; ".join(found.meanings) or "not among the readers"
        return
    closed: dict[str, set[Tlp]] = {}
    for reason in found.reasons:
        for meaning in reason.meanings if not reason.allowed else ():
            closed.setdefault(meaning, set()).add(Tlp.of(reason.tlp))
    for meaning, levels in closed.items():
        yield f"{', '.join(level.text.upper() for level in sorted(levels))}: {meaning}"
