"""`legation token`: the credentials of clients. A token is shown once, alone on standard output, so that it can be handed on without being copied."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer

from app.cli.options import Json, Store, client, duration, takes
from app.cli.session import do
from app.cli.terminal import note, say, say_json, table
from app.clock import from_micros
from app.errors import ConfigurationError, quoted
from app.sharing import administer

tokens = typer.Typer(no_args_is_help=True, help="Issue, list and revoke the tokens of clients.")


@dataclass(frozen=True, kw_only=True)
class Issue:
    """What `token issue` is asked."""

    client: Annotated[str, typer.Argument(metavar="ORG/CLIENT", parser=client, help="whose token it is")]
    expires: Annotated[
        timedelta | None,
        typer.Option(metavar="DURATION", parser=duration, help="how long it is good, such as `90d`; without, until revoked"),
    ] = None
    store: Store
    json: Json = False


@tokens.command("issue")
@takes(Issue)
def issue(asked: Issue) -> None:
    """Issue a token. Others of the client stay good, so that tokens can be changed without a gap."""
    issued = do(asked.store, lambda exchange: administer.issue_token(exchange, asked.client, asked.expires))
    if asked.json:
        say_json({"client": asked.client, "id": issued.id, "token": issued.token, "expires": _written(issued.expires)})
        return
    until = "until it is revoked" if issued.expires is None else f"until {_written(issued.expires)}"
    note(f"token [bold]{issued.id}[/] for {asked.client}, good {until}; it is shown this once")
    say(issued.token)


@dataclass(frozen=True, kw_only=True)
class List:
    """What `token list` is asked."""

    store: Store
    json: Json = False


@tokens.command("list")
@takes(List)
def list_(asked: List) -> None:
    """List tokens, oldest first: ids, clients and dates. The tokens themselves are kept nowhere."""
    kept = do(asked.store, administer.tokens)
    rows = [_row(each.id, each.client, (each.created, each.expires, each.last_used, each.revoked)) for each in kept]
    if asked.json:
        say_json([asdict(row) for row in rows])
        return
    table(
        "Tokens",
        ("id", "client", "created", "expires", "last used", "revoked"),
        [tuple(value or "" for value in asdict(row).values()) for row in rows],
    )


@dataclass(frozen=True, kw_only=True)
class Revoke:
    """What `token revoke` is asked."""

    token_id: Annotated[str, typer.Argument(metavar="ID", help="the id that `token list` shows")]
    store: Store


@tokens.command("revoke")
@takes(Revoke)
def revoke(asked: Revoke) -> None:
    """Revoke a token, at once on all workers."""
    if not do(asked.store, lambda exchange: administer.revoke_token(exchange, asked.token_id)):
        raise ConfigurationError([f"there is no live token {quoted(asked.token_id)}; see `legation token list`"])
    note(f"token {asked.token_id} is revoked")


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    client: str
    created: str | None
    expires: str | None
    last_used: str | None
    revoked: str | None


def _row(token_id: str, client: str, dates: tuple[int, int, int, int]) -> _Row:
    created, expires, last_used, revoked = (_written(from_micros(each)) if each else None for each in dates)
    return _Row(token_id, client, created, expires, last_used, revoked)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
