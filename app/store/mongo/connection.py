"""The driver, set up for what the store promises, and its errors in the project's words.

* Writes are acknowledged by a majority of the members that keep data, from their journals; reads come from the primary, and never show what a failover
  could take back. Whatever the address says of these is overruled.
* A transaction reads one snapshot. If it meets another's write, or loses the primary, nothing of it is kept, and it is run again.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from bson.int64 import Int64
from pymongo import AsyncMongoClient, ReadPreference, timeout
from pymongo.client_session_shared import TransactionOptions
from pymongo.errors import (
    ConfigurationError as UnfitAddress,
)
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    InvalidName,
    InvalidOperation,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from app.errors import ConfigurationError, StoreUnavailable, quoted
from app.store.mongo.address import database_of, options_of, without_secrets
from app.store.mongo.documents import Database

Client = AsyncMongoClient[dict[str, Any]]

DURABLE: Final = WriteConcern(w="majority", j=True)
TRANSACTION: Final = TransactionOptions(read_concern=ReadConcern("snapshot"), write_concern=DURABLE, read_preference=ReadPreference.PRIMARY)
DEFAULTS: Final[Mapping[str, Any]] = {"appname": "legation", "timeoutms": 20_000}
"""What the address may set otherwise. Long enough for an election; what the majority does not confirm within the time is answered 503."""
PATIENCE: Final = 10
"""Seconds for the first answer."""
OLDEST_WIRE_VERSION: Final = 21
"""MongoDB 7.0."""

TRANSIENT: Final = "TransientTransactionError"
UNKNOWN_RESULT: Final = "UnknownTransactionCommitResult"
_LATER: Final = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        43,  # CursorNotFound
        50,  # MaxTimeMSExpired
        64,  # WriteConcernTimeout
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        112,  # WriteConflict
        189,  # PrimarySteppedDown
        239,  # SnapshotTooOld
        246,  # SnapshotUnavailable
        251,  # NoSuchTransaction
        262,  # ExceededTimeLimit
        290,  # TransactionExceededLifetimeLimitSeconds
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11602,  # InterruptedDueToReplStateChange
        13388,  # StaleConfig
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
        14031,  # OutOfDiskSpace
    }
)
_REFUSED: Final = frozenset({13, 18, 8000})
"""Unauthorized, AuthenticationFailed, and how hosted services say the same."""


class _PlainInteger(TypeDecoder):
    """Numbers of 64 bits as numbers: the driver's own kind of them is refused by whoever writes JSON."""

    @property
    def bson_type(self) -> type[Int64]:
        """What is decoded."""
        return Int64

    def transform_bson(self, value: int) -> int:
        """The same number."""
        return int(value)


_CODEC: Final = CodecOptions[dict[str, Any]](tz_aware=True, type_registry=TypeRegistry([_PlainInteger()]))


@contextmanager
def translated() -> Generator[None]:
    """Raises StoreUnavailable for whatever makes the database unusable at the moment; faults of the project pass as they are."""
    try:
        yield
    except PyMongoError as error:
        if not _is_passing(error):
            raise
        raise StoreUnavailable(f"the store cannot be used now ({_reason(error)}); look at its database") from error


def _is_passing(error: PyMongoError) -> bool:
    """Whether it says something of the database's state, not of the question."""
    if isinstance(error, OperationFailure):
        return error.code in _LATER | _REFUSED or error.has_error_label(TRANSIENT) or error.has_error_label("RetryableWriteError")
    return isinstance(error, ConnectionFailure | ExecutionTimeout | WriteConcernError | InvalidOperation)


def connect(url: str) -> Client:
    """A client, which has not spoken yet. Raises ConfigurationError for an address that the driver cannot use."""
    given = options_of(url)
    try:
        client: Client = AsyncMongoClient(url, **{name: value for name, value in DEFAULTS.items() if name not in given})
        client.get_database(database_of(url))
    except (InvalidURI, InvalidName, UnfitAddress, ValueError, TypeError) as error:
        raise _unfit(url, error) from error
    return client


def database_in(client: Client, url: str) -> Database:
    """The database that the address names, with the settings that the promises need."""
    return client.get_database(
        database_of(url),
        codec_options=_CODEC,
        read_preference=ReadPreference.PRIMARY,
        write_concern=DURABLE,
        read_concern=ReadConcern("majority"),
    )


async def greet(client: Client, url: str) -> datetime:
    """The server's clock. Raises ConfigurationError if it refuses us or cannot do what is needed, StoreUnavailable if it does not answer."""
    name = quoted(without_secrets(url))
    try:
        with timeout(min(PATIENCE, client.options.timeout or PATIENCE)):
            found = await client.admin.command("hello")
            await client.get_database(database_of(url)).command("ping")
    except OperationFailure as error:
        raise ConfigurationError([f"{name} refuses the server ({_reason(error)}); look at the user and password of the address"]) from error
    except (UnfitAddress, InvalidURI) as error:
        raise _unfit(url, error) from error
    except PyMongoError as error:
        raise StoreUnavailable(f"no database answers at {name} ({_reason(error)}); start it, or name another with `--store`") from error
    if "setName" not in found and found.get("msg") != "isdbgrid":
        raise ConfigurationError(
            [f"{name} is a single server; a store needs transactions, so a replica set (one member is enough) or a cluster"]
        )
    if found["maxWireVersion"] < OLDEST_WIRE_VERSION:
        raise ConfigurationError([f"{name} is older than MongoDB 7.0, which the store needs; upgrade it"])
    shown: datetime = found["localTime"]
    return shown.replace(tzinfo=UTC)  # answers to commands carry no zone, whatever the client is told


def _unfit(url: str, error: Exception) -> ConfigurationError:
    reason = str(error).partition(". ")[0].partition("\n")[0][:200].lower()
    return ConfigurationError([f"{quoted(without_secrets(url))} cannot be used as the address of a store ({reason}); see docs/scaling.md"])


def _reason(error: PyMongoError) -> str:
    if isinstance(error, ServerSelectionTimeoutError):
        return "no primary was found in time"
    if isinstance(error, OperationFailure):
        details = error.details or {}
        return str(details.get("codeName") or f"code {error.code}")
    return type(error).__name__
