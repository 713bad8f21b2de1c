"""`legation init`, `check`, `reload`: the alliance as files, from a first copy to what is in force."""

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.bootstrap import has_store
from app.cli.examination import Examined, examine, succeed
from app.cli.options import Json, Store, takes
from app.cli.session import do, refuse_memory
from app.cli.terminal import REFUSED, note, say, say_json, table
from app.configuration import init as write_model
from app.errors import ConfigurationError
from app.sharing import administer
from app.sharing.administer import Adopted, Sight
from app.sharing.exchange import Exchange

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="DIR", envvar="LEGATION_ALLIANCE", exists=True, file_okay=False, help="folder with auth/, collections/ and policies/"
    ),
]
HERE = Path()


@dataclass(frozen=True, kw_only=True)
class Init:
    """What `init` is asked."""

    folder: Annotated[
        Path, typer.Argument(metavar="DIR", file_okay=False, help="where to; it may exist, but must not hold an alliance yet")
    ]


@takes(Init)
def init(asked: Init) -> None:
    """Write a copy of the model alliance, for you to edit."""
    written = write_model(asked.folder)
    note(f"{len(written)} files written; edit them, then `legation check {asked.folder}` and `legation reload {asked.folder}`")


@dataclass(frozen=True, kw_only=True)
class Check:
    """What `check` is asked."""

    folder: Folder = HERE
    store: Store
    json: Json = False


@takes(Check)
def check(asked: Check) -> None:
    """Check an alliance: files, policies, policy cases; then who would gain and who would lose sight, against the alliance in force."""
    try:
        examined = examine(asked.folder)
        sight = _compare(asked.store, examined)
    except ConfigurationError as error:
        if not asked.json:
            raise
        say_json({"problems": error.problems, "compared": False, "gains": [], "losses": []})
        raise typer.Exit(REFUSED) from error
    if asked.json:
        say_json({"problems": [], "compared": sight is not None, **asdict(sight or Sight((), ()))})
        return
    say(f"nothing is wrong: {examined}")
    if sight is None:
        note("there is no alliance in force to compare it with")
    else:
        _show(sight)


def _compare(store: str, examined: Examined) -> Sight | None:
    if not asyncio.run(has_store(store)):
        return None
    return do(store, lambda exchange: _sight(exchange, examined))


async def _sight(exchange: Exchange, examined: Examined) -> Sight | None:
    if await exchange.store.in_force() is None:
        return None
    return await administer.compare(exchange, await succeed(exchange, examined.alliance))


@dataclass(frozen=True, kw_only=True)
class Reload:
    """What `reload` is asked."""

    folder: Folder = HERE
    store: Store
    json: Json = False


@takes(Reload)
def reload(asked: Reload) -> None:
    """Put an alliance in force, after the same checks: at once on all workers, or not at all. A store that is not there yet is made."""
    refuse_memory(asked.store)
    examined = examine(asked.folder)
    adopted = do(asked.store, lambda exchange: _adopt(exchange, examined), create=True)
    if asked.json:
        say_json({**asdict(adopted), "start_over": adopted.start_over})
        return
    say(f"in force{'' if adopted.changed else ' already'}: {examined} (epoch {adopted.epoch})")
    _show(adopted.sight)
    if adopted.start_over:
        note(
            f"these clients gained sight of what is older than where they stand; to get it they start over: {', '.join(adopted.start_over)}"
        )


async def _adopt(exchange: Exchange, examined: Examined) -> Adopted:
    is_first = await exchange.store.in_force() is None
    return await administer.adopt(exchange, examined.alliance if is_first else await succeed(exchange, examined.alliance))


def _show(sight: Sight) -> None:
    if not sight.gains and not sight.losses:
        note("nobody gains or loses sight of anything")
    for title, changes in (("Who gains sight", sight.gains), ("Who loses sight", sight.losses)):
        if changes:
            table(title, ("client", "collection", "of"), [(each.client, each.collection, each.what) for each in changes])
