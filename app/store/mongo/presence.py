"""Signs of life: so that nobody waits long for a process that died in the midst of a write.

Its transaction would live on in the database, and keep its collections closed, until `transactionLifetimeLimitSeconds` are over: a minute. So a process that
writes says every second that it lives, and in which sessions it writes; whoever meets others looks for such as have fallen silent and ends their sessions.
A process that is only slow loses nothing by that but time: what it had not committed is rolled back, which its database tells it, and it runs it again.
"""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import uuid4

from bson.binary import UUID_SUBTYPE, Binary
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError
from pymongo.write_concern import WriteConcern

from app.store.mongo.connection import Client
from app.store.mongo.documents import Documents

BEAT: Final = 1.0
"""Seconds from one sign of life to the next."""
SILENCE: Final = timedelta(seconds=5)
"""Time without one after which a process counts as dead."""
_FAREWELL: Final = 5.0
"""Seconds that saying goodbye may take; a database that is away longer finds the process silent."""
_KEPT: Final = 3_600.0
"""Seconds after which a session that was not written in is not named any more; the driver itself forgets it after half an hour."""


class Presence:
    """What one process says of itself, and asks about others."""

    def __init__(self, client: Client, documents: Documents) -> None:
        self._client = client
        self._writers = documents.writers.with_options(write_concern=WriteConcern(w=1))  # a sign that is lost is followed by another
        self._name = uuid4().hex
        self._used: dict[bytes, float] = {}
        self._beating: asyncio.Task[None] | None = None
        self._looked = -BEAT
        self._one_voice = asyncio.Lock()
        self._is_over = False

    async def show(self, session: AsyncClientSession) -> None:
        """Say, before anything is written in a session, that it is in use here. Raises PyMongoError."""
        name, now = bytes(session.session_id["id"]), time.monotonic()
        is_new = name not in self._used
        self._used[name] = now
        if is_new:
            await self._say()
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat())

    async def end_the_dead(self) -> None:
        """End the sessions of processes that have fallen silent. If that cannot be done, the database does it when it likes."""
        now = time.monotonic()
        if now - self._looked < BEAT:
            return
        self._looked = now
        with suppress(PyMongoError):
            await self._say()
            known = await self._writers.find({}).to_list()
            latest = max(each["seen"] for each in known)
            for dead in [each for each in known if each["seen"] < latest - SILENCE and each["_id"] != self._name]:
                await self._client.admin.command("killSessions", [{"id": Binary(each, UUID_SUBTYPE)} for each in dead["sessions"]])
                await self._writers.delete_one({"_id": dead["_id"], "seen": dead["seen"]})

    async def close(self) -> None:
        """Nothing is written here any more."""
        self._is_over = True
        if self._beating is None:
            return
        with suppress(PyMongoError, TimeoutError):
            async with asyncio.timeout(_FAREWELL), self._one_voice:  # a sign still on its way would arrive after the goodbye
                await self._writers.delete_one({"_id": self._name})
        self._beating.cancel()

    async def _beat(self) -> None:
        while not self._is_over:  # a cancellation in the midst of a sign may reach it as an error of the driver
            await asyncio.sleep(BEAT)
            with suppress(PyMongoError):
                await self._say()

    async def _say(self) -> None:
        since = time.monotonic() - _KEPT
        self._used = {name: used for name, used in self._used.items() if used > since}
        changes = [{"$set": {"sessions": list(self._used), "seen": "$$NOW"}}]
        async with self._one_voice:  # two that make the same document at once would be told that it is there already
            if self._is_over:
                return
            await self._writers.update_one({"_id": self._name}, changes, upsert=True)
