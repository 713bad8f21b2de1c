"""Where the server listens, and by which address clients reach it."""

import socket
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from app.bootstrap import Settings
from app.errors import ConfigurationError, quoted

BACKLOG: Final = 2048
_ANY: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 # recognised, not bound to


def listen(settings: Settings) -> socket.socket:
    """A socket that listens where the settings say. Raises ConfigurationError."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        raise ConfigurationError(
            [f"cannot listen on {quoted(place)}: {error.strerror or error}; choose another with --host or --port"]
        ) from error


def local_url(settings: Settings, listener: socket.socket) -> str:
    """Where the server can be reached from this machine."""
    host = "127.0.0.1" if settings.host in _ANY else settings.host
    scheme = "http" if settings.ssl_certfile is None else "https"
    port: int = listener.getsockname()[1]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def public_url(settings: Settings, listener: socket.socket) -> str:
    """Where clients reach the server: what the settings say, else where it listens. Raises ConfigurationError if neither is an address for clients."""
    if settings.public_url is not None:
        return settings.public_url
    if settings.ssl_certfile is not None and settings.host in _ANY:
        raise ConfigurationError(["with TLS on all addresses, clients must be told the server's name: give it with --public-url https://…"])
    return local_url(settings, listener)


def is_exposed(url: str) -> bool:
    """Whether credentials would travel in clear: plain http, and not within this machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def metrics_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`. Raises ConfigurationError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ConfigurationError([f"{quoted(text)} is no place for metrics: write HOST:PORT, such as 127.0.0.1:9100"])
    return host.strip("[]"), int(port)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
