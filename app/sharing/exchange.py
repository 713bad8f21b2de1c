"""The exchange: the parts a deed works with, held together; and the alliance in force, reread whenever its epoch moves.

A deed is given the *name* of the client that asks, not a Principal: the principal is taken from the alliance in force within the deed, so that a
reload that returned before the request began is never overlooked, and one that happens meanwhile is noticed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.access.actions import Action
from app.access.alliance import Alliance
from app.access.clearance import ClearanceCache
from app.access.decision import Judge
from app.access.principal import ANONYMOUS, Principal
from app.clock import Clock
from app.errors import StoreUnavailable, Unauthenticated
from app.sharing.contacts import Contacts
from app.sharing.labels import LabelBook
from app.sharing.quota import Quotas
from app.stix.objects import Limits as ObjectLimits
from app.store.contract import Store, StoredToken

NOTHING_HERE = "there is nothing under this address"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a collection is: the name of its API root, and its id or alias."""

    root: str
    collection: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may ask for or bring; each has its clear refusal."""

    page: int = 1000
    largest_page: int = 10_000
    page_bytes: int = 32 * 1024 * 1024
    envelope_objects: int = 20_000
    match_values: int = 100
    object: ObjectLimits = field(default_factory=ObjectLimits)
    labels_a_day: int = 200
    labels_in_use: int = 2_000


DoorKey = tuple[Principal, str, Action]
MOST_DOORS: Final = 100_000
"""Answers kept per epoch; beyond, all are forgotten and asked anew: simpler than an order of age, and as good."""


class Doors:
    """Who may do what in a collection at all, as already decided in this epoch. Time closes an answer, it never opens one unasked."""

    def __init__(self) -> None:
        self._known: dict[DoorKey, tuple[bool, datetime | None]] = {}

    def get(self, key: DoorKey, now: datetime) -> bool | None:
        """The answer that still holds at `now`, if there is one."""
        allowed, until = self._known.get(key, (None, None))
        return None if until is not None and now >= until else allowed

    def keep(self, key: DoorKey, allowed: bool, until: Iterable[datetime | None], now: datetime) -> None:  # noqa: FBT001 # the answer itself
        """Remember an answer until the first of the instants of `until` that lie ahead."""
        if len(self._known) >= MOST_DOORS:
            self._known.clear()
        self._known[key] = (allowed, min((moment for moment in until if moment is not None and moment > now), default=None))


@dataclass(frozen=True, slots=True)
class Force:
    """The alliance of one epoch, and the judge that holds its policies."""

    epoch: int
    digest: str
    alliance: Alliance
    judge: Judge
    doors: Doors = field(default_factory=Doors, compare=False)

    def principal(self, client: str) -> Principal:
        """Who `client` is now; the anonymous public for the empty name. Raises Unauthenticated if the alliance knows no such client."""
        if not client:
            return ANONYMOUS
        principal = self.alliance.principal(client)
        if principal is None:
            raise Unauthenticated("these credentials belong to no client of the alliance")
        return principal


class InForce:
    """Keeps the parsed alliance and its judge for as long as the store's epoch stands still."""

    def __init__(self, store: Store, make_judge: Callable[[Alliance], Judge]) -> None:
        self.make_judge = make_judge
        self._store = store
        self._force: Force | None = None

    async def now(self) -> Force:
        """The alliance in force at this moment. Raises StoreUnavailable if the store has none yet."""
        epoch = await self._store.epoch()
        if self._force is None or self._force.epoch != epoch:
            self._force = await self._load()
        return self._force

    async def _load(self) -> Force:
        kept = await self._store.in_force()
        if kept is None:
            raise StoreUnavailable("no alliance is in force; put one in force with `legation reload DIR`")
        alliance = Alliance.model_validate_json(kept.document)
        return Force(kept.epoch, kept.digest, alliance, self.make_judge(alliance))


class LabelBooks:
    """The label book of each collection."""

    def __init__(self) -> None:
        self._books: dict[str, LabelBook] = {}

    def of(self, collection: str) -> LabelBook:
        """The book of a collection, empty at first."""
        return self._books.setdefault(collection, LabelBook())


TOKEN_USE_INTERVAL: Final = 60_000_000
"""µs between two records of a token's last use: a minute is exact enough, and a write per request would not be."""


class TokenUses:
    """When tokens were last used, written down now and then."""

    def __init__(self) -> None:
        self._noted: dict[str, int] = {}

    async def note(self, store: Store, token: StoredToken, now: int) -> None:
        """Remember a use; the store hears of it at most once per interval and token."""
        if now - self._noted.get(token.id, token.last_used) >= TOKEN_USE_INTERVAL:
            self._noted[token.id] = now
            await store.touch_tokens({token.id: now})


@dataclass(frozen=True, slots=True)
class Exchange:
    """Everything a deed needs. Built once, by the bootstrap."""

    store: Store
    force: InForce
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    clearances: ClearanceCache = field(default_factory=ClearanceCache)
    books: LabelBooks = field(default_factory=LabelBooks)
    quotas: Quotas = field(default_factory=Quotas)
    uses: TokenUses = field(default_factory=TokenUses)
    contacts: Contacts = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "contacts", Contacts(self.store))
