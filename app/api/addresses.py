"""Where a request comes from: the address that wrong credentials and anonymous requests are counted by.

Forwarded headers are believed from trusted proxies only (DESIGN 9), and from the right: what a client wrote into the header itself stands on the
left of what the first trusted proxy added.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from app.api.message import Call
from app.api.settings import Network

LOCAL: Final = "local"
"""The address of a peer without one: a socket of this machine."""
_SUBSCRIBER_PREFIX: Final = 64
"""Bits of an IPv6 address that tell subscribers apart; the rest is theirs to choose, so counting by it would be counting nothing."""


def source(call: Call, trusted: Sequence[Network]) -> str:
    """The address to count by: of the peer, or of the last hop before the trusted proxies; for IPv6 the network of the subscriber."""
    peer = call.scope.get("client")
    address = _parsed(peer[0]) if peer else None
    if address is not None and trusted and _is_within(address, trusted):
        address = _before_proxies(call.values(b"x-forwarded-for"), address, trusted)
    if address is None:
        return LOCAL
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _SUBSCRIBER_PREFIX), strict=False))
    return str(address)


def _before_proxies(values: Sequence[str], peer: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> IPv4Address | IPv6Address:
    found = peer
    for hop in reversed(",".join(values).split(",")):
        address = _parsed(hop)
        if address is None:
            break
        found = address
        if not _is_within(address, trusted):
            break
    return found


def _is_within(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: bare, in brackets, with a port; an IPv4 one inside IPv6 counts as IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
