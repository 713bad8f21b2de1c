"""Administer: tokens, and the alliance in force. Deeds of the operator; faces for clients do not lead here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex

from app.access.actions import Action
from app.access.alliance import Alliance, Collection
from app.access.credentials import digest, mint
from app.access.decision import Judge, Question
from app.access.facts import Facts, collection_facts
from app.access.principal import Principal
from app.audit.events import ADMINISTRATION, OPERATOR, Deed, Event, encode
from app.clock import timestamp, to_micros
from app.errors import ConfigurationError, quoted
from app.sharing.exchange import Exchange
from app.stix.handling import HandlingLabel
from app.store.contract import StoredToken, Transaction


@dataclass(frozen=True, slots=True)
class Issued:
    """A fresh token: the only time that it is seen."""

    id: str
    token: str
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class SightChange:
    """One client who gains or loses sight in one collection: of the collection as such, or of so many of the labels in use there."""

    client: str
    collection: str
    what: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What a new alliance would open and close, against the one in force."""

    gains: tuple[SightChange, ...]
    losses: tuple[SightChange, ...]

    @property
    def start_over(self) -> tuple[str, ...]:
        """Clients that gain sight of something older than their position: they get it by polling from the start (access-policy case 24)."""
        return tuple(sorted({change.client for change in self.gains}))

    @property
    def opened(self) -> dict[str, list[str]]:
        """The same, by collection."""
        found: dict[str, list[str]] = {}
        for change in self.gains:
            found.setdefault(change.collection, []).append(change.client)
        return found


@dataclass(frozen=True, slots=True)
class Adopted:
    """An alliance put in force, or found to be in force already."""

    epoch: int
    changed: bool
    sight: Sight

    @property
    def start_over(self) -> tuple[str, ...]:
        """The clients concerned by what was opened."""
        return self.sight.start_over


async def issue_token(exchange: Exchange, client: str, expires: timedelta | None) -> Issued:
    """A new token for a client; others that he has stay good, so that credentials can be rotated. Raises ConfigurationError for an unknown client."""
    force = await exchange.force.now()
    if force.alliance.client(client) is None:
        raise ConfigurationError([f"the alliance in force has no client {quoted(client)}; name one as ORGANISATION/CLIENT"])
    now = exchange.clock()
    until = None if expires is None else now + expires
    token = mint()
    stored = StoredToken(token_hex(8), client, digest(token), to_micros(now), 0 if until is None else to_micros(until))

    async def work(tx: Transaction) -> None:
        await tx.add_token(stored)
        await _seal(exchange, tx, Event.ISSUE_TOKEN, token=stored.id, client=client, expires=timestamp(stored.expires) if until else "")

    await exchange.store.transact(work)
    return Issued(stored.id, token, until)


async def tokens(exchange: Exchange) -> Sequence[StoredToken]:
    """All tokens, oldest first: ids, clients and dates, never the tokens."""
    return await exchange.store.tokens()


async def revoke_token(exchange: Exchange, token_id: str) -> bool:
    """Revoke a token, at once on all workers; False if there is no live one of that id."""
    now = to_micros(exchange.clock())

    async def work(tx: Transaction) -> bool:
        revoked = await tx.revoke_token(token_id, now)
        if revoked:
            await _seal(exchange, tx, Event.REVOKE_TOKEN, token=token_id)
        return revoked

    return await exchange.store.transact(work)


async def _seal(exchange: Exchange, tx: Transaction, event: Event, **details: object) -> None:
    """Put a deed of the operator on record, under the epoch that it leaves."""
    deed = Deed(event, OPERATOR, await tx.epoch(), to_micros(exchange.clock()))
    await tx.seal(ADMINISTRATION, encode(deed, details))


async def record_restore(exchange: Exchange) -> None:
    """Put on record that the store came back from a copy, and where each chain ended in it: whoever kept a later checkpoint will miss the rest."""
    heads = {chain: head.number for chain, head in (await exchange.store.heads()).items()}
    await exchange.store.transact(lambda tx: _seal(exchange, tx, Event.RESTORE, heads=heads))


def document_of(alliance: Alliance) -> tuple[bytes, str]:
    """The document that the store keeps of an alliance, and its SHA-256: equal alliances, equal bytes."""
    document = alliance.to_document()
    return document, sha256(document).hexdigest()


async def adopt(exchange: Exchange, alliance: Alliance) -> Adopted:
    """Put an alliance in force, in one transaction: no request that begins after this returns is answered under the former one, on any worker.

    Tokens of clients that it no longer has are revoked for good: a name that comes back later starts without. An alliance that is in force already
    changes nothing. Raises ConfigurationError if its policies cannot be used.
    """
    document, fingerprint = document_of(alliance)
    kept = await exchange.store.in_force()
    if kept is not None and kept.digest == fingerprint:
        return Adopted(kept.epoch, changed=False, sight=Sight((), ()))
    sight = await compare(exchange, alliance)

    gone = [token.id for token in await exchange.store.tokens() if not token.revoked and alliance.client(token.client) is None]
    now = to_micros(exchange.clock())

    async def work(tx: Transaction) -> int:
        for token_id in gone:
            await tx.revoke_token(token_id, now)
        epoch = await tx.adopt(document, fingerprint)
        await _seal(exchange, tx, Event.RELOAD, digest=fingerprint, opened=sight.opened, revoked=gone)
        return epoch

    return Adopted(await exchange.store.transact(work), changed=True, sight=sight)


async def compare(exchange: Exchange, alliance: Alliance) -> Sight:
    """Who would gain and who would lose sight, client by client and collection by collection, under the labels in use. Raises ConfigurationError."""
    judge = exchange.force.make_judge(alliance)
    if await exchange.store.in_force() is None:
        return Sight((), ())
    force = await exchange.force.now()
    now = exchange.clock()
    old, new = _Side(force.alliance, force.judge, now), _Side(alliance, judge, now)
    is_alike = _rule_alike(force.alliance, alliance)
    gains: list[SightChange] = []
    losses: list[SightChange] = []
    for key in sorted(force.alliance.by_key.keys() | alliance.by_key.keys()):
        left, entered = force.alliance.by_key.get(key), alliance.by_key.get(key)
        clients = sorted(old.alliance.principals.keys() | new.alliance.principals.keys())
        if is_alike and _are_alike(left, entered):
            clients = [client for client in clients if old.class_of(client) != new.class_of(client)]
        labels = await _labels(exchange, key) if clients else {}
        for client in clients:
            was, becomes = old.sight(client, left, labels), new.sight(client, entered, labels)
            path = (entered or force.alliance.by_key[key]).path
            gains += _changes(client, path, becomes - was, labels)
            losses += _changes(client, path, was - becomes, labels)
    return Sight(tuple(gains), tuple(losses))


def _rule_alike(old: Alliance, new: Alliance) -> bool:
    """Whether the same question has the same answer under both: all that a judge takes from an alliance is the same."""
    return (old.policies, old.policy_schema, Facts.of(old)) == (new.policies, new.policy_schema, Facts.of(new))


def _are_alike(old: Collection | None, new: Collection | None) -> bool:
    """Whether the policies are told the same of both."""
    return old is not None and new is not None and collection_facts(old) == collection_facts(new)


THE_COLLECTION = 0
"""Stands for the sight of the collection itself, beside the numbers of its labels."""


async def _labels(exchange: Exchange, collection: str) -> dict[int, HandlingLabel]:
    """The labels in use, by number."""

    async def work(tx: Transaction) -> dict[int, HandlingLabel]:
        in_use = await tx.label_counts(collection)
        return {number: label for number, label in await tx.labels(collection) if number in in_use}

    return await exchange.store.transact(work)


@dataclass(frozen=True)
class _Side:
    """What the clients of one alliance see at an instant; clients of one class are asked for once."""

    alliance: Alliance
    judge: Judge
    now: datetime
    _asked: dict[tuple[Principal, str], frozenset[int]] = field(default_factory=dict[tuple[Principal, str], frozenset[int]])

    def class_of(self, client: str) -> Principal | None:
        """The class of a client; None if there is no such client."""
        principal = self.alliance.principals.get(client)
        return None if principal is None else principal.clearance_class

    def sight(self, client: str, collection: Collection | None, labels: dict[int, HandlingLabel]) -> frozenset[int]:
        """What a client sees of a collection under its labels."""
        principal = self.class_of(client)
        if principal is None or collection is None:
            return frozenset()
        key = principal, collection.key
        if key not in self._asked:
            self._asked[key] = frozenset(_seen(self.judge, principal, collection, labels, self.now))
        return self._asked[key]


def _seen(judge: Judge, principal: Principal, collection: Collection, labels: dict[int, HandlingLabel], now: datetime) -> Iterator[int]:
    if not judge.decide(Question(principal, Action.READ, collection), now).allowed:
        return
    yield THE_COLLECTION
    questions = [Question(principal, Action.READ, collection, label) for label in labels.values()]
    for number, decision in zip(labels, judge.decide_many(questions, now), strict=True):
        if decision.allowed:
            yield number


def _changes(client: str, path: str, numbers: frozenset[int], labels: dict[int, HandlingLabel]) -> list[SightChange]:
    if not numbers:
        return []
    levels = sorted({labels[number].tlp for number in numbers if number != THE_COLLECTION})
    seen = ["the collection"] if THE_COLLECTION in numbers else []
    seen += [f"TLP:{level.text.upper()}" for level in levels]
    return [SightChange(client, path, ", ".join(seen))]
