"""The way into a database: a client that has spoken with it, its clock, and its documents made ready."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.store.dates import TrustedClock
from app.store.mongo.clock import DatabaseClock
from app.store.mongo.connection import Client, connect, database_in, greet, translated
from app.store.mongo.deliveries import end_of
from app.store.mongo.documents import ROWS, Database, Documents, documents_of


@dataclass(frozen=True, slots=True)
class Reached:
    """A database that answers."""

    client: Client
    documents: Documents
    clock: DatabaseClock

    def trusted_clock(self) -> TrustedClock:
        """The database's clock, held against this machine's monotonic one."""
        return TrustedClock(self.clock, self.clock.monotonic)


async def reach(url: str, make_ready: Callable[[Database], Awaitable[None]]) -> Reached:
    """Connect to the database that the address names, and make it ready.

    Raises ConfigurationError for an address or a database that is not fit, StoreUnavailable if none answers.
    """
    client, clock = connect(url), DatabaseClock()
    try:
        asked = clock.monotonic()
        clock.set(await greet(client, url), asked)
        database = database_in(client, url)
        with translated():
            await make_ready(database)
            documents = documents_of(database)
            await _go_on_above_deliveries(documents)
    except BaseException:
        await client.close()
        raise
    return Reached(client, documents, clock)


async def _go_on_above_deliveries(documents: Documents) -> None:
    """A row that was delivered never means something else, though the rest came back from an older copy."""
    highest = (await end_of(documents)).highest
    await documents.totals.update_one({"_id": ROWS}, {"$max": {"value": highest}})
