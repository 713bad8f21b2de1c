"""What the TAXII face is told at start: how the server is reached and named, and whom it believes. Nothing is read from files or environment here."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from app.errors import ConfigurationError, quoted

Verifier: TypeAlias = Callable[[str], Awaitable[tuple[str, str]]]
"""From a signed token to (id of the issuer in the alliance, subject). Raises Unauthenticated for a token that does not hold."""

Network: TypeAlias = IPv4Network | IPv6Network

_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TAKEN_NAMES: Final = frozenset(
    {"authorization", "accept", "accept-encoding", "content-type", "content-length", "content-encoding", "cookie"}
)


@dataclass(frozen=True)
class FaceSettings:
    """Settings of the TAXII face. Raises ConfigurationError if one cannot be used.

    `public_url` is the address by which clients reach the server, without `/taxii2/`: with https, discovery names API roots by absolute URLs
    (TAXII 2.1 §4.1.1, C6); with http by relative ones. `api_key_header` is a further header in which a bare token may arrive.
    `trusted_proxies` are addresses or networks whose X-Forwarded-For is believed. `patience` is how many seconds a body may stand still.
    """

    public_url: str
    title: str = "Legation"
    description: str | None = None
    contact: str | None = None
    api_key_header: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    verifier: Verifier | None = None
    patience: float = 30.0
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    """How wrong credentials wait; a test hands in something quicker."""

    def __post_init__(self) -> None:
        problems = [*_url_problems(self.public_url), *_header_problems(self.api_key_header)]
        problems += [problem for text in self.trusted_proxies for problem in _network_problems(text)]
        if problems:
            raise ConfigurationError(problems)

    @cached_property
    def root_prefix(self) -> str:
        """What stands before the name of an API root in discovery: an absolute https URL, or a path."""
        parts = urlsplit(self.public_url)
        path = parts.path.rstrip("/") + "/"
        return f"https://{parts.netloc}{path}" if parts.scheme == "https" else path

    @cached_property
    def trusted_networks(self) -> tuple[Network, ...]:
        """`trusted_proxies` as networks."""
        return tuple(ip_network(text, strict=False) for text in self.trusted_proxies)

    @cached_property
    def api_key_name(self) -> bytes | None:
        """The name of the API-key header as ASGI writes it."""
        return None if self.api_key_header is None else self.api_key_header.lower().encode("ascii")


def _url_problems(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        if is_address and not parts.query and not parts.fragment and not re.search(r"\s|//", parts.path):
            return []
    except ValueError:
        pass  # a host or a port that is none
    return [f"the public URL {quoted(url)} cannot be used; give one such as `https://taxii.example.org`, without query or credentials"]


def _header_problems(name: str | None) -> list[str]:
    if name is None or (_FIELD_NAME.fullmatch(name) and name.lower() not in _TAKEN_NAMES):
        return []
    return [f"{quoted(name)} cannot name the API-key header; give one such as `X-API-Key`"]


def _network_problems(text: str) -> list[str]:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return [f"the trusted proxy {quoted(text)} is neither an address nor a network such as `10.0.0.0/8`"]
    return []
