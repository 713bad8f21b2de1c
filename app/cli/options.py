"""The options that commands share, and the way a command takes its options: as one value.

Every option is an environment variable too; what stands on the command line wins.
"""

import re
from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import timedelta
from functools import wraps
from inspect import Parameter, Signature
from typing import Annotated, Final, TypeVar, get_type_hints

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from app.bootstrap import STORE_URLS, Settings, default_store, is_store_url, shown_store, variable
from app.cli.terminal import refusals
from app.errors import quoted
from app.sharing.exchange import Address

Asked = TypeVar("Asked")
PUBLIC: Final = "public"
"""Stands for the anonymous public where a client is named."""
DEFAULT_STORE: Final = "a private file in ~/.local/state/legation"
_METAVARS: Final = {
    "store": "URL",
    "alliance": "DIR",
    "public_url": "URL",
    "metrics": "HOST:PORT",
    "ssl_certfile": "FILE",
    "ssl_keyfile": "FILE",
    "checkpoint_key": "FILE",
    "checkpoint_dir": "DIR",
}
_NAME = "[a-z0-9][a-z0-9-]{0,62}"
_CLIENT = re.compile(f"{_NAME}/{_NAME}")
_WHOM = re.compile(f"{_NAME}(/{_NAME})?")
_PLACE = re.compile(f"({_NAME})/({_NAME})")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def client(text: str) -> str:
    """`ORGANISATION/CLIENT`."""
    if not _CLIENT.fullmatch(text):
        raise typer.BadParameter(f"{quoted(text)} is no client: write ORGANISATION/CLIENT, such as `ng-cert/misp`")
    return text


def reader(text: str) -> str:
    """A client, or `public`, which the deeds know by the empty name."""
    return "" if text == PUBLIC else client(text)


def whom(text: str) -> str:
    """A client, an organisation with all its clients, or `public`."""
    if not _WHOM.fullmatch(text):
        raise typer.BadParameter(
            f"{quoted(text)} is nobody: write ORGANISATION/CLIENT, such as `ke-cert/misp`, an organisation, or `public`"
        )
    return "" if text == PUBLIC else text


def place(text: str) -> Address:
    """`ROOT/COLLECTION`; the collection by its name or its id."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{quoted(text)} is no collection: write ROOT/COLLECTION, such as `members/alliance`")
    return Address(found[1], found[2])


def path_of(address: Address) -> str:
    """The address as it is written."""
    return f"{address.root}/{address.collection}"


def duration(text: str) -> timedelta:
    """`90d`: a number and a unit."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{quoted(text)} is no duration: write a number and m, h, d or w, such as `90d`")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def store_url(text: str) -> str:
    """An address that a store can be opened by."""
    if not is_store_url(text):
        raise typer.BadParameter(f"{quoted(shown_store(text))} is no store: {STORE_URLS}")
    return text


Store = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="LEGATION_STORE",
        metavar="URL",
        parser=store_url,
        default_factory=default_store,
        show_default=DEFAULT_STORE,
        help="the server's store: `sqlite:///PATH` (an absolute path has four slashes) or `mongodb://HOST/DATABASE`",
    ),
]
As = Annotated[
    str,
    typer.Option("--as", envvar="LEGATION_CLIENT", metavar="ORG/CLIENT", parser=client, help="the client in whose name this is done"),
]
Json = Annotated[bool, typer.Option("--json", help="print the result as JSON, for scripts")]
CollectionArgument = Annotated[
    Address, typer.Argument(metavar="ROOT/COLLECTION", parser=place, help="the collection, by its name or its id")
]


def takes(value: type[Asked]) -> Callable[[Callable[[Asked], None]], Callable[..., None]]:
    """Let a command take one value: each field of the dataclass `value` becomes an argument or option, as its annotation says."""

    def decorate(command: Callable[[Asked], None]) -> Callable[..., None]:
        @wraps(command)
        def called(**given: object) -> None:
            with refusals():
                command(value(**given))

        hints = get_type_hints(value, include_extras=True)
        parameters = [
            Parameter(field.name, Parameter.KEYWORD_ONLY, default=_default(field.default), annotation=hints[field.name])
            for field in fields(value)  # type: ignore[arg-type] # always a dataclass
        ]
        called.__signature__ = Signature(parameters)  # type: ignore[attr-defined] # where typer looks
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return called

    return decorate


def _default(value: object) -> object:
    return Parameter.empty if value is MISSING else value


def from_settings(command: Callable[[Settings], None]) -> Callable[..., None]:
    """Let a command take the settings: each of their fields becomes an option, and an environment variable."""

    @wraps(command)
    def called(**given: object) -> None:
        try:
            settings = Settings.model_validate({name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            first = error.errors()[0]
            message, name = first["msg"].removeprefix("Value error, "), str(first["loc"][0])
            given_as = shown_store(first["input"]) if name == "store" else first["input"]
            raise typer.BadParameter(
                f"{message[:1].lower()}{message[1:]}, not {quoted(given_as)}", param_hint=f"--{_dashed(name)}"
            ) from error
        with refusals():
            command(settings)

    parameters = [_option(name, field) for name, field in Settings.model_fields.items()]
    called.__signature__ = Signature(parameters)  # type: ignore[attr-defined] # where typer looks
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def _option(name: str, field: FieldInfo) -> Parameter:
    shown = field.default if field.default_factory is None else DEFAULT_STORE
    option = typer.Option(
        f"--{_dashed(name)}",
        envvar=variable(name),
        help=field.description,
        metavar=_METAVARS.get(name, "N" if isinstance(field.default, int | float) else "TEXT"),
        show_default=str(shown) if shown else False,
    )
    kind: type[int | float | str] = int if field.annotation is int else float if field.annotation is float else str
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option])


def _dashed(name: str) -> str:
    return name.replace("_", "-")
