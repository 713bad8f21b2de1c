"""Addresses of the form `mongodb://…`: which database they name, and how they may be shown. Everything else in them is the driver's."""

from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES: Final = ("mongodb://", "mongodb+srv://")
DEFAULT_DATABASE: Final = "legation"


def is_mongo_url(url: str) -> bool:
    """Whether it names a host at all."""
    return url.startswith(SCHEMES) and bool(urlsplit(url).netloc.rpartition("@")[2])


def database_of(url: str) -> str:
    """The database that the address names; `legation` if it names none."""
    return unquote(urlsplit(url).path.strip("/")) or DEFAULT_DATABASE


def options_of(url: str) -> frozenset[str]:
    """The names of the options that the address sets, in lower case."""
    return frozenset(name.lower() for name, _ in parse_qsl(urlsplit(url).query))


def without_secrets(url: str) -> str:
    """Scheme, hosts and database: what may stand in a log. Neither user nor password, nor options, which can name secrets."""
    scheme, found, rest = url.rpartition("://")
    return f"{scheme}{found}{rest.partition('?')[0].rpartition('@')[2]}"
