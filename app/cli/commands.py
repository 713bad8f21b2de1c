"""The table of commands."""

from collections.abc import Callable
from importlib import metadata
from typing import Annotated

import typer

from app.cli.additions import additions
from app.cli.alliance import check, init, reload
from app.cli.audit import audit
from app.cli.clients import clients
from app.cli.control import hold, holds, lift, purge, retention, withdraw
from app.cli.curation import reject, rejected, release, review
from app.cli.demo import demo
from app.cli.erasing import erase, erasures
from app.cli.explanation import explain
from app.cli.keeping import backup, restore, stores
from app.cli.serving import serve
from app.cli.terminal import say
from app.cli.tokens import tokens
from app.cli.transfer import export, import_

legation = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="A STIX 2.1 / TAXII 2.1 sharing server for alliances of sovereign members.",
    epilog="Exit codes: 0 done, 1 refused or failed in part, 2 wrong command line. Options are environment variables too.",
)
PANELS: dict[str, dict[str, Callable[..., None] | typer.Typer]] = {
    "Start and keep": {"demo": demo, "serve": serve, "clients": clients, "backup": backup, "restore": restore, "store": stores},
    "The alliance": {"init": init, "add": additions, "check": check, "reload": reload, "token": tokens},
    "Objects": {"import": import_, "export": export, "explain": explain, "audit": audit},
    "For curators": {"review": review, "release": release, "reject": reject, "rejected": rejected},
    "For originators": {"withdraw": withdraw, "retention": retention},
    "For compliance and data protection": {
        "hold": hold, "lift": lift, "holds": holds, "erase": erase, "erasures": erasures, "purge": purge,
    },
}  # fmt: skip
for panel, commands in PANELS.items():
    for name, command in commands.items():
        if isinstance(command, typer.Typer):
            legation.add_typer(command, name=name, rich_help_panel=panel)
        else:
            legation.command(name, rich_help_panel=panel)(command)


def _version(wanted: bool) -> None:  # noqa: FBT001 # as typer calls it
    if wanted:
        say(metadata.version("legation"))
        raise typer.Exit


@legation.callback()
def _common(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")] = False,
) -> None:
    """Options before any command."""
    del version
