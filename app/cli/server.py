"""The server, from its settings to its end.

What is in force decides, not the files: they are put in force only in a store that has no alliance yet. If they differ from what is in force the
server refuses to start, since nobody could say which of the two was meant.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from socket import socket

from app.api.logs import configure_logging, logger
from app.bootstrap import MEMORY, Settings, build_exchange, face_of, open_store, shown_store
from app.cli.addresses import is_exposed, listen, local_url, metrics_address, public_url
from app.cli.checkpointing import checkpoints_of
from app.cli.examination import examine
from app.cli.supervisor import supervise
from app.cli.terminal import say
from app.cli.worker import run, serve, tls
from app.configuration import carry_retired, read_alliance
from app.errors import ConfigurationError, quoted
from app.sharing import administer
from app.sharing.exchange import Exchange


def run_server(settings: Settings) -> None:
    """Serve until told to stop. Raises ConfigurationError, StoreUnavailable."""
    configure_logging(settings.log_level, settings.log_format == "json")
    _refuse_impossible(settings)
    with listen(settings) as listener:
        face_of(settings, public_url(settings, listener))
        _warn(settings, listener)
        announce = _announcement(settings, listener)
        if settings.workers == 1:
            run(serve(settings, listener, announce, lambda exchange: prepare(exchange, settings.alliance)))
        else:
            asyncio.run(_prepare(settings))
            asyncio.run(supervise(settings, listener, announce))


async def prepare(exchange: Exchange, folder: Path | None) -> None:
    """See to it that an alliance is in force, and the one that was meant. Raises ConfigurationError, StoreUnavailable."""
    kept = await exchange.store.in_force()
    if folder is None:
        if kept is None:
            raise ConfigurationError(["the store has no alliance yet; give its files with `--alliance DIR`"])
        await exchange.force.now()
        return
    if kept is None:
        await administer.adopt(exchange, examine(folder).alliance)
        return
    alliance = carry_retired(read_alliance(folder), (await exchange.force.now()).alliance)
    if kept.digest != administer.document_of(alliance)[1]:
        raise ConfigurationError(
            [
                f"the files in {quoted(folder)} differ from the alliance in force; put them in force with `legation reload {folder}`, or leave out --alliance"
            ]
        )


async def _prepare(settings: Settings) -> None:
    store = await open_store(settings.store, create=settings.alliance is not None)
    try:
        await prepare(build_exchange(store, settings), settings.alliance)
    finally:
        await store.close()


def _refuse_impossible(settings: Settings) -> None:
    """What no server could be run with is said before anything is opened."""
    if settings.store == MEMORY and settings.workers > 1:
        raise ConfigurationError(
            ["`memory:` lives in one process alone, so several workers need a store that all can open, such as `sqlite:///PATH`"]
        )
    if settings.metrics is not None:
        metrics_address(settings.metrics)
    if (settings.ssl_certfile is None) != (settings.ssl_keyfile is None):
        raise ConfigurationError(["TLS needs both --ssl-certfile and --ssl-keyfile"])
    if settings.ssl_certfile is not None:
        tls(settings)
    checkpoints_of(settings)


def _warn(settings: Settings, listener: socket) -> None:
    url = public_url(settings, listener)
    if is_exposed(url):
        remedy = "use TLS (--ssl-certfile), or name the proxy that adds it with --public-url https://…"
        logger("legation.server").warning("tokens would travel unencrypted", url=url, remedy=remedy)


def _announcement(settings: Settings, listener: socket) -> Callable[[], None]:
    def announce() -> None:
        url = local_url(settings, listener)
        logger("legation.server").info("serving", url=url, store=shown_store(settings.store), workers=settings.workers)
        say(f"Legation serves {url}/taxii2/")

    return announce
