"""Where the parts meet: the only place that picks a store, an engine and a clock, and knows what an operator may set.

`Settings` says it all: each field is an option of `legation serve` and an environment variable, `LEGATION_` and its name.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.access.cedar import CedarJudge
from app.clock import Clock, system_clock
from app.errors import ConfigurationError, quoted
from app.sharing.exchange import Exchange, InForce, Limits
from app.sharing.quota import Quotas
from app.stix.objects import Limits as ObjectLimits
from app.store.contract import Store
from app.store.dates import TrustedClock
from app.store.memory import MemoryStore
from app.store.mongo import is_mongo_url, without_secrets
from app.store.moving import Destination, Source
from app.store.sqlite import back_up, open_sqlite, restore
from app.store.sqlite import open_destination as open_sqlite_destination
from app.store.sqlite import open_source as open_sqlite_source
from app.store.watched import WatchedStore

if TYPE_CHECKING:
    from app.api.asgi import ASGIApp
    from app.api.metrics import Metrics
    from app.api.settings import FaceSettings, Verifier

MEMORY: Final = "memory:"
SQLITE: Final = "sqlite:///"
STORE_URLS: Final = "a store is `sqlite:///PATH` (an absolute path has four slashes), `mongodb://HOST/DATABASE` or `memory:`"
DEFAULT_PORT: Final = 9000
_LIMITS: Final = Limits()
_OBJECT: Final = ObjectLimits()


def default_store() -> str:
    """Where objects are kept if nobody says otherwise: a private file of the user who runs the command, the same for all commands."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return f"{SQLITE}{state}/legation/legation.sqlite"


def is_store_url(url: str) -> bool:
    """Whether a store can be opened by this address."""
    return url == MEMORY or (url.startswith(SQLITE) and len(url) > len(SQLITE)) or is_mongo_url(url)


def store_path(url: str) -> Path | None:
    """The file of a store; None if it has none."""
    return Path(url.removeprefix(SQLITE)) if is_store_url(url) and url.startswith(SQLITE) else None


def shown_store(url: str) -> str:
    """The address as it may stand in a log or a message: whole but for what only the database should hear."""
    path = store_path(url)
    return without_secrets(url) if path is None else str(path.absolute())


class Settings(BaseModel):
    """What an operator may set. Frozen, so that every worker runs with the same; its JSON is how workers are told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = Field(
        default_factory=default_store,
        repr=False,
        description="where objects are kept: `sqlite:///PATH`, `mongodb://HOST/DATABASE` or `memory:`",
    )
    alliance: Path | None = Field(default=None, description="folder with the alliance's files, put in force if the store has none yet")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535, description="port to listen on; 0 takes any free one, which is printed")
    workers: int = Field(default=1, ge=1, le=64, description="worker processes; they share the port and the store")
    public_url: str | None = Field(default=None, description="address by which clients reach the server, such as https://taxii.example.org")
    title: str = Field(default="Legation", min_length=1, description="what discovery calls the server")
    contact: str | None = Field(default=None, description="whom discovery names for questions")
    ssl_certfile: Path | None = Field(default=None, description="certificate chain for TLS, PEM")
    ssl_keyfile: Path | None = Field(default=None, description="its private key, PEM")
    ssl_keyfile_password: str | None = Field(default=None, repr=False, description="password of the key; better given by the environment")
    trusted_proxies: str = Field(default="", description="addresses or networks, separated by commas, whose forwarded headers are believed")
    api_key_header: str | None = Field(default=None, description="a further header in which clients may send their token")
    metrics: str | None = Field(default=None, description="HOST:PORT where Prometheus may ask for figures; without it, nowhere")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least important lines to log")
    log_format: Literal["json", "text"] = Field(default="json", description="form of log lines, which go to standard error")
    purge_after: int = Field(default=30, ge=0, le=3650, description="days past their retention date after which the bytes of objects go")
    checkpoint_key: Path | None = Field(default=None, description="private key that signs checkpoints of the audit records, PEM")
    checkpoint_dir: Path | None = Field(default=None, description="folder into which the server writes checkpoints; without it, none")
    checkpoint_every: int = Field(default=24, ge=1, le=744, description="hours from one checkpoint to the next")
    page: int = Field(default=_LIMITS.page, ge=1, description="objects of a page if the client names no limit")
    largest_page: int = Field(default=_LIMITS.largest_page, ge=1, description="objects of a page at most")
    page_octets: int = Field(default=_LIMITS.page_bytes, ge=65_536, description="octets of a page at most; one object is always sent")
    match_values: int = Field(default=_LIMITS.match_values, ge=1, description="values of all match fields of a request")
    envelope_objects: int = Field(default=_LIMITS.envelope_objects, ge=1, description="objects of a posted envelope at most")
    object_octets: int = Field(default=_OBJECT.object_bytes, ge=1024, description="octets of a posted object at most")
    object_depth: int = Field(default=_OBJECT.depth, ge=8, le=200, description="how deep a posted object may be nested")
    object_references: int = Field(default=_OBJECT.references, ge=1, description="references of a posted object at most")
    pattern_octets: int = Field(default=_OBJECT.pattern_bytes, ge=256, description="octets of an indicator's pattern at most")
    labels_a_day: int = Field(
        default=_LIMITS.labels_a_day, ge=1, description="new handling labels of an organisation in a collection per day"
    )
    labels_in_use: int = Field(default=_LIMITS.labels_in_use, ge=1, description="handling labels of an organisation in use in a collection")
    requests_per_second: float = Field(
        default=200, gt=0, description="requests of an organisation, on average; bursts may be 100 times that"
    )
    writes_per_second: float = Field(
        default=2_000, gt=0, description="objects that an organisation posts, on average; bursts may be 250 times that"
    )

    @field_validator("store")
    @classmethod
    def _names_a_store(cls, url: str) -> str:
        if not is_store_url(url):
            raise ValueError(STORE_URLS)
        return url

    @property
    def proxies(self) -> tuple[str, ...]:
        """`trusted_proxies`, one by one."""
        return tuple(each.strip() for each in self.trusted_proxies.split(",") if each.strip())

    @property
    def limits(self) -> Limits:
        """How much one request may ask for or bring."""
        return Limits(
            page=self.page,
            largest_page=self.largest_page,
            page_bytes=self.page_octets,
            envelope_objects=self.envelope_objects,
            match_values=self.match_values,
            object=ObjectLimits(self.object_octets, self.object_depth, self.object_references, self.pattern_octets),
            labels_a_day=self.labels_a_day,
            labels_in_use=self.labels_in_use,
        )


LIMITS: Final = tuple(Settings.model_fields)[tuple(Settings.model_fields).index("page") :]
"""The settings that bound what a request may ask for or bring."""


def variable(setting: str) -> str:
    """The environment variable of a setting."""
    return f"LEGATION_{setting.upper()}"


async def has_store(url: str) -> bool:
    """Whether there is a store at `url`, to be opened without making one. Raises as `open_store`."""
    if is_mongo_url(url):
        from app.store.mongo.store import has_mongo

        return await has_mongo(url)
    path = store_path(url)
    return path is not None and path.exists()


async def open_store(url: str, clock: Clock | None = None, *, create: bool = True) -> Store:
    """The store at `url`; made if it is not there, unless `create` says no. Without `clock`, it goes by that of its machine: the database's, or this one's.

    Raises ConfigurationError, StoreUnavailable.
    """
    if is_mongo_url(url):
        from app.store.mongo.store import open_mongo

        return await open_mongo(url, None if clock is None else TrustedClock(clock), create=create)
    trusted = TrustedClock(clock or system_clock)
    if url == MEMORY:
        return MemoryStore(trusted)
    path = store_path(url)
    if path is None:
        raise ConfigurationError([f"{quoted(without_secrets(url))} is no store: {STORE_URLS}"])
    if not create:
        _require(path)
    return await open_sqlite(path, trusted)


async def open_source(url: str) -> Source:
    """The store at `url`, to be copied. Raises ConfigurationError if there is none, StoreUnavailable if it is in use or cannot be reached."""
    if is_mongo_url(url):
        from app.store.mongo.moving import open_source as open_mongo_source

        return await open_mongo_source(url)
    path = _file_of(url, _NO_MOVE)
    _require(path)
    return await open_sqlite_source(path)


async def open_destination(url: str) -> Destination:
    """A new store at `url`, or one whose copy is not finished. Raises ConfigurationError if something else is in its place, StoreUnavailable."""
    if is_mongo_url(url):
        from app.store.mongo.moving import open_destination as open_mongo_destination

        return await open_mongo_destination(url)
    return await open_sqlite_destination(_file_of(url, _NO_MOVE))


def back_up_store(url: str, target: Path, seen: Callable[[int, int], None]) -> None:
    """Copy a store as it is at one moment to a new file, whoever uses it meanwhile; `seen` hears how much of how much is copied.

    Raises ConfigurationError if there is nothing to copy or the file is there already, StoreUnavailable.
    """
    path = _file_of(url, _NO_COPY)
    _require(path)
    back_up(path, target, seen)


def restore_store(copy: Path, url: str, seen: Callable[[int, int], None]) -> None:
    """Put a copy in the place of a store that is gone. Raises ConfigurationError if something is in its place, StoreUnavailable."""
    path = _file_of(url, _NO_COPY)
    if not copy.exists():
        raise ConfigurationError([f"there is no copy at {quoted(copy, 200)}; name a file that `legation backup` wrote"])
    restore(copy, path, seen)


_NO_COPY: Final = "is no file that could be copied; name one, `sqlite:///PATH`, or use the database's own tools"
_NO_MOVE: Final = "lives in one process alone; name `sqlite:///PATH` or `mongodb://HOST/DATABASE`"


def _file_of(url: str, refusal: str) -> Path:
    path = store_path(url)
    if path is None:
        raise ConfigurationError([f"{quoted(without_secrets(url))} {refusal}"])
    return path


def _require(path: Path) -> None:
    if not path.exists():
        raise ConfigurationError(
            [f"there is no store at {quoted(path, 200)}; make one with `legation reload DIR`, or name another with `--store`"]
        )


def build_exchange(store: Store, settings: Settings, metrics: "Metrics | None" = None, clock: Clock = system_clock) -> Exchange:
    """The parts a deed works with. Quotas are those of one worker out of `settings.workers`; `metrics` hear what is waited for."""
    if metrics is not None:
        store = WatchedStore(store, metrics.waited)
    return Exchange(
        store=store,
        force=InForce(store, CedarJudge),
        clock=clock,
        limits=settings.limits,
        quotas=Quotas.for_workers(settings.requests_per_second, settings.writes_per_second, settings.workers),
    )


def face_of(settings: Settings, public_url: str, verifier: "Verifier | None" = None) -> "FaceSettings":
    """What the face is told. Raises ConfigurationError if it cannot be used."""
    from app.api import FaceSettings

    return FaceSettings(
        public_url=public_url,
        title=settings.title,
        contact=settings.contact,
        api_key_header=settings.api_key_header,
        trusted_proxies=settings.proxies,
        verifier=verifier,
    )


def build_app(exchange: Exchange, settings: Settings, public_url: str, metrics: "Metrics") -> "ASGIApp":
    """The TAXII face over an exchange, observed. Raises ConfigurationError."""
    from app.api import create_app
    from app.api.keys import Bearers
    from app.api.observe import observe

    bearers = Bearers(exchange.clock)

    async def verify(token: str) -> tuple[str, str]:
        return await bearers.verify(token, (await exchange.force.now()).alliance.issuers)

    face = create_app(exchange, face_of(settings, public_url, verify))
    return observe(face, metrics, trusted_proxies=settings.proxies)
