"""Explain: who gets an object, and why somebody does not, in the words of the policies. Version by version, since each has its own handling.

Asked by its originator or submitter, or by a curator who sees it; to everybody else the object does not exist. What may be said to whom is settled in
`knowledge`, what becomes of a version for a reader in `fates`, and `verdict` puts both into words. It shows no content, and is no delivery.
"""

from dataclasses import dataclass

from app.access.principal import ANONYMOUS, Principal
from app.errors import NotFound
from app.sharing.door import Visit, judged
from app.sharing.exchange import NOTHING_HERE, Exchange, Force
from app.sharing.knowledge import Knowledge
from app.sharing.verdict import Case, Verdict
from app.sharing.view import current_threads
from app.store.contract import Transaction


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Whom it is about (`organisation/client`, an organisation with all its clients, or nothing for the public), and which object in `root/name`."""

    who: str
    collection: str
    object_id: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdicts, client by client; none if the alliance has no client or organisation of that name."""

    collection: str
    object_id: str
    verdicts: tuple[Verdict, ...]


async def explain(exchange: Exchange, inquiry: Inquiry, asker: str | None) -> Explanation:
    """The verdicts, as far as `asker` (a client; None for whoever sits at the machine) may know.

    Raises Unauthenticated for an unknown asker; NotFound if he has no part in such an object there, or there is none.
    """

    async def enter() -> Visit:
        return _enter(exchange, await exchange.force.now(), inquiry, asker)

    return await judged(exchange, enter, lambda tx, visit: _explain(exchange, tx, visit, inquiry, everything=asker is None))


def _enter(exchange: Exchange, force: Force, inquiry: Inquiry, asker: str | None) -> Visit:
    """No door stands before it: which versions are his to ask about is asked of the policies one by one."""
    principal = ANONYMOUS if asker is None else force.principal(asker)
    collection = force.alliance.at(inquiry.collection)
    if collection is None:
        raise NotFound(NOTHING_HERE)
    return Visit(force, principal, collection, exchange.clock())


async def _explain(exchange: Exchange, tx: Transaction, visit: Visit, inquiry: Inquiry, *, everything: bool) -> Explanation:
    key, object_id = visit.collection.key, inquiry.object_id
    whole = (await current_threads(exchange, tx, key, [object_id]))[object_id]
    knowledge = Knowledge.of(exchange, visit, exchange.books.of(key), everything=everything)
    if not any(knowledge.is_his(line) for line in whole.lines):
        raise NotFound(NOTHING_HERE)
    thread = whole if everything else knowledge.known(whole)
    targets = await current_threads(exchange, tx, key, sorted({pin.target for line in thread.lines for pin in line.pins}))
    cases = [Case(knowledge, thread, targets, principal) for principal in _subjects(visit.force, inquiry.who)]
    return Explanation(visit.collection.path, object_id, tuple(case.verdict() for case in cases))


def _subjects(force: Force, who: str) -> list[Principal]:
    if not who:
        return [ANONYMOUS]
    organisation = force.alliance.organisations.get(who)
    names = [who] if organisation is None else [f"{who}/{client}" for client in sorted(organisation.clients)]
    return [principal for name in names if (principal := force.alliance.principal(name)) is not None]
