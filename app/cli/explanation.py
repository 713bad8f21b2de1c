"""`legation explain`: who gets an object and why somebody does not; or what a client sees of a collection, level by level."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import typer

from app.cli.options import CollectionArgument, Json, Store, client, path_of, takes, whom
from app.cli.session import do, naming
from app.cli.terminal import note, say, say_json, table
from app.errors import NotFound, quoted
from app.sharing.explain import Explanation, Inquiry
from app.sharing.explain import explain as explain_deed
from app.sharing.survey import Survey
from app.sharing.survey import survey as survey_deed
from app.sharing.verdict import Told, Verdict
from app.stix.handling import State

PUBLISHED: Final = State.PUBLISHED.value
RESERVE: Final = (
    "This is what {} may know: standing restrictions of other organisations do not count, nor what is hidden from it under this id."
)
ASKING: Final = (
    "the originator's client, or a curator's, that asks, and is told what it may know; without it, whoever sits at the machine is told all"
)


@dataclass(frozen=True, kw_only=True)
class Explain:
    """What `explain` is asked."""

    who: Annotated[
        str,
        typer.Argument(
            metavar="ORG/CLIENT|ORG|public", parser=whom, help="who gets it, or does not: a client, all of an organisation, or everybody"
        ),
    ]
    collection: CollectionArgument
    object_id: Annotated[str | None, typer.Argument(metavar="OBJECT-ID", help="the object; without one, the collection level by level")] = (
        None
    )
    asker: Annotated[str | None, typer.Option("--as", envvar="LEGATION_CLIENT", metavar="ORG/CLIENT", parser=client, help=ASKING)] = None
    store: Store
    json: Json = False


@takes(Explain)
def explain(asked: Explain) -> None:
    """Explain who gets an object, and why somebody does not, by the policies that decide; or what a client sees of a collection."""
    if asked.object_id is not None:
        _explain_object(asked, asked.object_id)
    elif asked.asker is not None:
        raise typer.BadParameter("name the OBJECT-ID: whoever asks `--as` a client asks about one object")
    else:
        _survey(asked)


def _explain_object(asked: Explain, object_id: str) -> None:
    path = path_of(asked.collection)
    with naming(asked.asker, path):
        found = do(asked.store, lambda exchange: explain_deed(exchange, Inquiry(asked.who, path, object_id), asked.asker))
    if not found.verdicts:
        raise NotFound(f"the alliance in force has no client or organisation {quoted(asked.who)}, or that organisation has no clients")
    if asked.json:
        say_json(asdict(found))
        return
    for verdict in found.verdicts:
        say(_verdict(verdict))
    table("", ("client", "version", "from", "handling", "is", "because"), list(_rows(found)))
    if asked.asker is not None:
        note(RESERVE.format(asked.asker))


def _verdict(verdict: Verdict) -> str:
    who = verdict.client or "the public"
    if not verdict.gets:
        return f"{who} does not get this: {verdict.because}"
    return f"{who} gets this in version {verdict.version}" + (f", not in the newest: {verdict.because}" if verdict.because else "")


def _rows(found: Explanation) -> Iterator[tuple[str, ...]]:
    """Version by version; clients to whom the same is said stand together."""
    alike: list[tuple[tuple[Told, ...], list[str]]] = []
    for verdict in found.verdicts:
        clients = next((clients for versions, clients in alike if versions == verdict.versions), None)
        if clients is None:
            alike.append((verdict.versions, clients := []))
        clients.append(verdict.client or "the public")
    for versions, clients in alike:
        for each in versions:
            because = "\n".join(_reason(ground.policy, ground.meaning) for ground in each.grounds)
            handling = "\n".join([each.tlp, *([] if each.state == PUBLISHED else [each.state]), *each.terms])
            yield "\n".join(clients), each.version, each.by, handling, each.fate.value, because


def _survey(asked: Explain) -> None:
    path = path_of(asked.collection)
    if asked.who and "/" not in asked.who:
        raise typer.BadParameter("name the OBJECT-ID, or one client: a collection is explained client by client")
    with naming(asked.who, path):
        found = do(asked.store, lambda exchange: survey_deed(exchange, asked.who, path))
    if asked.json:
        say_json(asdict(found))
        return
    say(f"{found.client or 'the public'} {'reads' if found.reads else 'does not read'} {found.collection}: {_because(found)}")
    columns = ("TLP", "originator", "state", "versions", "reads", "because")
    table("", columns, [
        (each.tlp, each.originator, each.state, each.objects, "yes" if each.allowed else "no", _reasons(each.policies, each.meanings))
        for each in found.reasons
    ])  # fmt: skip


def _because(found: Survey) -> str:
    return _reasons(found.policies, found.meanings)


def _reasons(policies: Iterable[str], meanings: Iterable[str]) -> str:
    """Policy by policy in its own words; no policy means that none permits."""
    return "\n".join(map(_reason, policies, meanings)) or "no policy permits it"


def _reason(policy: str, meaning: str) -> str:
    return f"{policy}: {meaning}" if policy else meaning
