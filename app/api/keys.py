"""The keys of OpenID Connect issuers, and the one door through which signed tokens come: `Bearers`.

An issuer of the alliance holds its key set itself (what lay in a file beside auth/issuers.toml was taken in when the alliance was read), or
says where it publishes it. Published sets are fetched in a thread, bounded in time and size, and kept:

* for ten minutes as they are; then the next request has them fetched anew, while all are answered from what is kept;
* when a token names a key that is not among them, they are fetched at once, but not again within a minute: a new key works from its first
  token on, and a flood of invented key ids costs the issuer one request a minute;
* when the issuer does not answer, for a day: tokens live for minutes or hours, so after that there is nobody left to let in.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from http.client import HTTPException, HTTPMessage
from typing import IO, Final, NamedTuple
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from joserfc.jwk import KeySet

from app.access import bearer
from app.access.alliance import Issuer
from app.api.logs import logger
from app.clock import Clock
from app.errors import ConfigurationError, Unauthenticated, quoted

FRESH: Final = 600.0
"""Seconds for which a fetched set is used without asking again: how long a key that the issuer withdrew may still be believed."""
PAUSE: Final = 60.0
"""Seconds between two requests to one issuer at least, whatever tokens arrive."""
KEPT: Final = 24 * 3600.0
"""Seconds for which a set is used while its issuer cannot be reached."""
PATIENCE: Final = 5.0
"""Seconds that a fetch may take, and each wait in it."""
LARGEST_SET: Final = 256 * 1024
"""Octets; real sets have two to twenty thousand."""
MOST_PROVEN: Final = 2_000
"""Tokens whose signature is remembered to be right; a client uses one for minutes or hours."""

Fetch = Callable[[str], bytes]
"""Returns what lies under a URL; blocks. Raises OSError, HTTPException or ValueError."""

log = logger("legation.keys")


class _NoRedirect(HTTPRedirectHandler):
    """The place of the keys is what the alliance says: nobody may point elsewhere."""

    def redirect_request(  # noqa: PLR0913, PLR0917 - the signature is the library's
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing; the redirect is then an error."""


def fetch(url: str) -> bytes:
    """The octets under `url`. Raises OSError (unreachable, refused, too slow), HTTPException or ValueError (too large)."""
    deadline = time.monotonic() + PATIENCE
    direct = (ProxyHandler({}),) if url.startswith("http:") else ()
    opener = build_opener(_NoRedirect, *direct)

    request = Request(url, headers={"Accept": "application/jwk-set+json, application/json", "User-Agent": "legation"})  # noqa: S310
    found = bytearray()
    with opener.open(request, timeout=PATIENCE) as answer:
        while piece := answer.read1(65536):
            found += piece
            if len(found) > LARGEST_SET:
                msg = f"the key set is larger than {LARGEST_SET} octets"
                raise ValueError(msg)
            if time.monotonic() > deadline:
                msg = f"the key set did not arrive within {PATIENCE:.0f} seconds"
                raise TimeoutError(msg)
    return bytes(found)


@dataclass(slots=True)
class _Published:
    """What is kept of one published set. `task` is the fetch under way, which all who need its result await together."""

    keys: KeySet = field(default_factory=lambda: KeySet([]))
    fetched: float | None = None
    tried: float | None = None
    task: asyncio.Task[None] | None = None


class _Proven(NamedTuple):
    """A token whose signature was found right: by which issuer of the alliance, with which set of keys, and what it says. Never the token."""

    name: str
    issuer: Issuer
    key_id: str | None
    keys: KeySet
    claims: Mapping[str, object]


class Bearers:
    """Verifies signed tokens against the issuers of the alliance in force. One for each worker.

    A signature that was found right is not computed again while issuer and set of keys are the very same: a key that is withdrawn, a set that is fetched
    anew, a reload, each have it proven anew. Whether the token still holds is asked each time.
    """

    def __init__(self, clock: Clock, fetch: Fetch = fetch, now: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._fetch = fetch
        self._now = now
        self._published: dict[str, _Published] = {}
        self._proven: OrderedDict[bytes, _Proven] = OrderedDict()

    async def verify(self, token: str, issuers: Mapping[str, Issuer]) -> tuple[str, str]:
        """The id of the issuer that signed `token`, as in `issuers`, and its subject. Raises Unauthenticated, without quoting the token."""
        mark = sha256(token.encode()).digest()
        known = self._proven.get(mark)
        if (
            known is not None
            and issuers.get(known.name) is known.issuer
            and await self._keys(known.issuer, known.key_id, issuers) is known.keys
        ):
            self._proven.move_to_end(mark)
        else:
            known = self._proven[mark] = await self._prove(token, issuers)
            if len(self._proven) > MOST_PROVEN:
                self._proven.popitem(last=False)
        return known.name, bearer.subject(known.claims, known.issuer, self._clock())

    async def _prove(self, token: str, issuers: Mapping[str, Issuer]) -> _Proven:
        said = bearer.claimed(token)
        named = next(((name, issuer) for name, issuer in issuers.items() if issuer.issuer == said.issuer), None)
        if named is None:
            raise Unauthenticated("the token comes from an issuer that the alliance does not know")
        name, issuer = named
        keys = await self._keys(issuer, said.key_id, issuers)
        return _Proven(name, issuer, said.key_id, keys, bearer.proven(token, issuer, keys))

    async def _keys(self, issuer: Issuer, key_id: str | None, issuers: Mapping[str, Issuer]) -> KeySet:
        if issuer.keys.lstrip().startswith("{"):
            return _held(issuer.keys)
        return await self._fetched(issuer.keys, key_id, issuers)

    async def _fetched(self, location: str, key_id: str | None, issuers: Mapping[str, Issuer]) -> KeySet:
        published = self._published.get(location)
        if published is None:
            # A location that is new here is the moment to forget those that no issuer of the alliance names any more.
            self._published = {each.keys: self._published.get(each.keys, _Published()) for each in issuers.values()}
            published = self._published[location]
        is_missing = not bearer.knows(published.keys, key_id)
        if published.task is None and (is_missing or self._is_over(published.fetched, FRESH)) and self._is_over(published.tried, PAUSE):
            published.tried = self._now()
            published.task = asyncio.create_task(self._refresh(location, published))
        if published.task is not None and is_missing:
            # Shielded: one caller that goes away must not take the fetch from the others.
            await asyncio.shield(published.task)
        return KeySet([]) if self._is_over(published.fetched, KEPT) else published.keys

    async def _refresh(self, location: str, published: _Published) -> None:
        try:
            published.keys = await asyncio.to_thread(self._load, location)
            published.fetched = self._now()
        except (OSError, HTTPException, ValueError, ConfigurationError) as fault:
            log.warning("keys_not_fetched", location=quoted(location), reason=quoted(fault, 200))
        finally:
            published.task = None

    def _load(self, location: str) -> KeySet:
        if not bearer.is_safe_location(location):
            raise ConfigurationError(["keys are fetched over https, or over http from this machine only"])
        return bearer.key_set(self._fetch(location))

    def _is_over(self, since: float | None, seconds: float) -> bool:
        return since is None or self._now() - since >= seconds


@lru_cache(maxsize=64)
def _held(document: str) -> KeySet:
    try:
        return bearer.key_set(document.encode())
    except ConfigurationError:
        raise Unauthenticated("the keys of this issuer cannot be read; the operator finds the reason with `legation check`") from None
