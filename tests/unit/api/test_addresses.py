"""Where a request comes from: forwarded headers are believed from trusted proxies only (DESIGN 9)."""

from ipaddress import ip_network
from typing import Any

import pytest

from app.api.addresses import LOCAL, source
from app.api.message import Call

PROXIES = tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8")))


def call(peer: tuple[str, int] | None, *forwarded: str) -> Call:
    async def nothing() -> Any:
        """No body."""

    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return Call({"type": "http", "method": "GET", "headers": headers, "client": peer}, nothing)


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.8, 10.0.0.7"], "10.0.0.8"),
        ("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, unknown, 10.0.0.7"], "10.0.0.7"),
        ("10.0.0.1", ["203.0.113.9:1234"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8:1:2:3::4]:1234"], "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("fd00::1", ["2001:db8:1:2:ffff::1"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:3::4", [], "2001:db8:1:2::/64"),
        ("not an address", ["203.0.113.9"], LOCAL),
    ],
)
def test_the_source_of_a_request(peer: str, forwarded: list[str], found: str) -> None:
    assert source(call((peer, 1), *forwarded), PROXIES) == found


def test_without_trusted_proxies_nothing_forwarded_is_believed() -> None:
    assert source(call(("10.0.0.1", 1), "203.0.113.9"), ()) == "10.0.0.1"


def test_a_socket_of_this_machine_has_no_address() -> None:
    assert source(call(None, "203.0.113.9"), PROXIES) == LOCAL
