"""Checkpoints that a server writes by itself, into a folder: whichever worker holds the scheduler's lease, whenever the newest there is old enough.

Nothing is remembered: the names of the files say when the next is due, so a restart neither doubles nor skips one.
"""

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.audit.checkpoint import Key, sign, signing_key
from app.bootstrap import Settings
from app.cli.checkpoints import PUBLIC, from_file, write_new
from app.clock import from_micros
from app.errors import ConfigurationError, quoted
from app.sharing.attest import checkpoint
from app.sharing.due import Round
from app.sharing.exchange import Exchange

_NAME: Final = "checkpoint-%Y%m%dT%H%M%S.%fZ.jws"


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Where checkpoints go, what signs them, and how far they are apart."""

    folder: Path
    key: Key
    every: timedelta

    async def keep(self, exchange: Exchange) -> Round:
        """Write one if it is due. Raises ConfigurationError if it cannot be written, StoreUnavailable."""
        now = exchange.clock()
        newest = await asyncio.to_thread(self._newest)
        if newest is not None and newest <= now < newest + self.every:  # one from the future says that a clock was wrong, and nothing else
            return Round(0, next=newest + self.every)
        taken = await checkpoint(exchange)
        await asyncio.to_thread(self._write, from_micros(taken.at), sign(taken, self.key))
        return Round(1, next=from_micros(taken.at) + self.every)

    def _newest(self) -> datetime | None:
        try:
            moments = [_moment(each.name) for each in self.folder.iterdir()]
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise ConfigurationError([f"{quoted(self.folder, 200)} cannot be looked into for checkpoints: {reason}"]) from error
        return max((moment for moment in moments if moment is not None), default=None)

    def _write(self, at: datetime, text: str) -> None:
        """Under its name only when it is whole."""
        whole = self.folder / at.strftime(_NAME)
        begun = whole.with_name(f".{whole.name}.{os.getpid()}")
        try:
            write_new(begun, f"{text}\n", PUBLIC)
            begun.rename(whole)
        finally:
            begun.unlink(missing_ok=True)


def _moment(name: str) -> datetime | None:
    """When the checkpoint of this name was taken; None if it is the name of something else."""
    try:
        return datetime.strptime(name, _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def checkpoints_of(settings: Settings) -> Checkpoints | None:
    """What the settings say of checkpoints; None if they ask for none. Raises ConfigurationError if they cannot be followed."""
    if settings.checkpoint_key is None and settings.checkpoint_dir is None:
        return None
    if settings.checkpoint_key is None or settings.checkpoint_dir is None:
        raise ConfigurationError(["checkpoints need both --checkpoint-key and --checkpoint-dir"])
    key = from_file(settings.checkpoint_key, signing_key)
    if not (settings.checkpoint_dir.is_dir() and os.access(settings.checkpoint_dir, os.R_OK | os.W_OK | os.X_OK)):
        raise ConfigurationError([f"{quoted(settings.checkpoint_dir, 200)} is no folder that this server may write checkpoints to"])
    return Checkpoints(settings.checkpoint_dir, key, timedelta(hours=settings.checkpoint_every))
