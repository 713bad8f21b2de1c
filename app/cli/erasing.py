"""`legation erase` and `erasures`: deleting by legal duty, and what was deleted so."""

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from app.cli.control import ObjectArgument
from app.cli.options import As, Json, Store, takes
from app.cli.session import do, knowing
from app.cli.terminal import note, say_json, table
from app.clock import timestamp, to_micros
from app.errors import quoted
from app.sharing.erase import Erased, ErasureReason
from app.sharing.erase import erase as erase_deed
from app.sharing.erase import erasures as erasures_deed


@dataclass(frozen=True, kw_only=True)
class Erase:
    """What `erase` is asked."""

    object_id: ObjectArgument
    reason: Annotated[ErasureReason, typer.Option(help="by which duty, as a word that carries no content")]
    client: As
    store: Store
    json: Json = False


@takes(Erase)
def erase(asked: Erase) -> None:
    """Delete an object by legal duty, from every collection and without seeing it; those who sent it may not send it again."""
    with knowing(asked.client, f"there is nothing under {quoted(asked.object_id)} in any collection"):
        found = do(asked.store, lambda exchange: erase_deed(exchange, asked.client, asked.object_id, asked.reason))
    if asked.json:
        say_json([asdict(each) for each in found])
        return
    for each in found:
        note(f"the contribution of {each.contributor} is erased from {each.collection}")


@dataclass(frozen=True, kw_only=True)
class Erasures:
    """What `erasures` is asked."""

    client: As
    store: Store
    json: Json = False


@takes(Erasures)
def erasures(asked: Erasures) -> None:
    """List what was deleted by legal duty: all for data protection officers, its own for an organisation."""
    with knowing(asked.client):
        found = do(asked.store, lambda exchange: erasures_deed(exchange, asked.client))
    if asked.json:
        say_json([asdict(each) for each in found])
        return
    if not found:
        note(f"nothing was erased that concerns {asked.client}")
        return
    table("Erased", ("collection", "object", "of", "reason", "by", "at"), [_row(each) for each in found])


def _row(each: Erased) -> tuple[str, ...]:
    return each.collection, each.object_id, each.contributor, each.reason, each.client, timestamp(to_micros(each.at))
