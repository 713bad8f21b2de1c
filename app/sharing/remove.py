"""Delete an object, or versions of it, from a collection (TAXII 2.1 §5.7, access-policy case 36).

What a client deletes is the contribution he is shown under the id, if it is his organisation's or if his is the originator of it (a relayed copy). What
others relayed of the same versions goes with the originator's own: else his delete would change nothing for anybody else.
Tombstones keep label, id and version: deleting never loosens. Afterwards the deleter gets 404 there until his organisation posts the id again.
"""

from dataclasses import replace

from app.access.actions import Action
from app.access.alliance import CollectionKind
from app.access.decision import Question
from app.audit.events import Event
from app.errors import Denied, NotFound
from app.sharing.commit import Target, commit
from app.sharing.door import Visit, absent, under_one_alliance, visit
from app.sharing.exchange import NOTHING_HERE, Address, Exchange
from app.sharing.read import SPEC_VERSION
from app.sharing.released import follow
from app.sharing.threads import Line, Thread
from app.sharing.view import View, look
from app.stix.identifiers import is_identifier
from app.store.contract import Transaction
from app.taxii.query import ObjectQuery, Versions


async def remove(exchange: Exchange, client: str, address: Address, object_id: str, query: ObjectQuery) -> None:
    """Delete the selected versions of the object, all of them without `match[version]`.

    Raises Unauthenticated; NotFound if the client sees no such object or version; Denied if he may not delete here, or not this (T-5.7-06, T-5.7-07).
    """

    async def once() -> None:
        visiting = await _enter(exchange, client, address)
        if not is_identifier(object_id):
            raise NotFound(NOTHING_HERE)
        await exchange.store.transact(lambda tx: _remove(exchange, tx, visiting, object_id, query))

    await under_one_alliance(once)


async def _enter(exchange: Exchange, client: str, address: Address) -> Visit:
    """Reading and writing are both needed; who has one of them knows of the collection and is told so (T-5.7-06 to T-5.7-08)."""
    visiting = await visit(exchange, client, address)
    if all(visiting.may(action) for action in (Action.READ, Action.WRITE_NEW, Action.DELETE)):
        return visiting
    if visiting.principal.is_anonymous:
        raise absent(visiting.principal)
    msg = "you may not delete objects of this collection; that takes the right to read it and to write to it"
    raise Denied(msg)


async def _remove(exchange: Exchange, tx: Transaction, visiting: Visit, object_id: str, query: ObjectQuery) -> None:
    view = await look(exchange, tx, visiting)
    thread = (await view.threads(tx, [object_id]))[object_id]
    chosen = _choose(view, thread, query.versions)
    if not any(view.sees(line) for line in chosen) or (query.spec_versions is not None and SPEC_VERSION not in query.spec_versions):
        raise NotFound(NOTHING_HERE)
    for line in chosen:
        _refuse_unless_allowed(visiting, line)
        line.deleted = True
    thread.settle()
    deed = visiting.deed(Event.DELETE)
    await commit(tx, Target(view.collection, visiting.principal.organisation, view.book, deed), [thread])
    if visiting.collection.kind is CollectionKind.INTAKE:
        await follow(exchange, tx, visiting, [thread])


def _choose(view: View, thread: Thread, versions: Versions) -> list[Line]:
    """The versions that `match[version]` names, of those that are seen, and what is relayed of them."""
    shown = view.shown(thread)
    chosen = [line for place, line in enumerate(shown) if _is_chosen(line, place, len(shown), versions)]
    keys = versions.exact | {line.key for line in chosen}
    relayed = _seen(view, thread.relayed(view.visit.principal.organisation))
    return chosen + [line for line in relayed if versions.all or line.key in keys]


def _seen(view: View, lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.stored is not None and line.stored.label in view.numbers]


def _refuse_unless_allowed(visiting: Visit, line: Line) -> None:
    """It matters whose the version is; what else binds it, newer versions or an originator's, is for those who read it.

    Who may delete what is others', by legal duty, gives a reason for it, and that is another deed (app/sharing/erase.py).
    """
    question = Question(visiting.principal, Action.DELETE, visiting.collection, replace(line.effective, also=()))
    is_his = visiting.principal.organisation in {line.contributor, line.own.originator}
    if not is_his or not visiting.force.judge.decide(question, visiting.now).allowed:
        msg = "only the organisation that shared this object may delete it"
        raise Denied(msg)


def _is_chosen(line: Line, place: int, count: int, versions: Versions) -> bool:
    return versions.all or (versions.first and place == 0) or (versions.last and place == count - 1) or line.key in versions.exact
