"""The table of commands."""

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
for name, command in {
    "demo": demo,
    "init": init,
    "check": check,
    "reload": reload,
    "serve": serve,
    "import": import_,
    "export": export,
    "review": review,
    "release": release,
    "reject": reject,
    "rejected": rejected,
    "withdraw": withdraw,
    "hold": hold,
    "lift": lift,
    "holds": holds,
    "retention": retention,
    "purge": purge,
    "backup": backup,
    "restore": restore,
    "explain": explain,
    "clients": clients,
}.items():
    legation.command(name)(command)
legation.add_typer(additions, name="add")
legation.add_typer(tokens, name="token")
legation.add_typer(audit, name="audit")
legation.add_typer(stores, name="store")


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
