"""Where the server listens, and which address it tells clients."""

import socket

import pytest

from app.bootstrap import Settings
from app.cli.addresses import is_exposed, listen, local_url, metrics_address, public_url
from app.errors import ConfigurationError


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("0.0.0.0", "127.0.0.1")])  # noqa: S104
def test_it_listens_on_a_free_port_and_says_which(host: str, shown: str) -> None:
    settings = Settings(host=host, port=0)
    with listen(settings) as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert local_url(settings, listener) == f"http://{shown}:{port}"
        assert public_url(settings, listener) == f"http://{shown}:{port}"
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_ipv6_stands_in_brackets() -> None:
    settings = Settings(host="::1", port=0)
    try:
        with listen(settings) as listener:
            assert local_url(settings, listener) == f"http://[::1]:{listener.getsockname()[1]}"
    except ConfigurationError:
        pytest.skip("this machine has no IPv6 loopback")


def test_a_port_that_is_taken_is_refused_with_the_remedy() -> None:
    with listen(Settings(port=0)) as taken, pytest.raises(ConfigurationError, match="choose another with --host or --port"):
        listen(Settings(port=taken.getsockname()[1]))


def test_what_the_operator_says_is_what_clients_are_told() -> None:
    settings = Settings(port=0, public_url="https://taxii.example.org")
    with listen(settings) as listener:
        assert public_url(settings, listener) == "https://taxii.example.org"


def test_with_tls_on_all_addresses_the_name_must_be_told(tmp_path: object) -> None:
    settings = Settings(host="0.0.0.0", port=0, ssl_certfile="chain.pem")  # noqa: S104
    with listen(settings) as listener, pytest.raises(ConfigurationError, match="--public-url"):
        public_url(settings, listener)


@pytest.mark.parametrize(
    ("url", "exposed"),
    [
        ("http://127.0.0.1:9000", False),
        ("http://127.8.8.8", False),
        ("http://[::1]:9000", False),
        ("http://localhost:9000", False),
        ("https://taxii.example.org", False),
        ("http://taxii.example.org", True),
        ("http://192.0.2.1:9000", True),
        ("http://", True),
    ],
)
def test_plain_http_off_the_machine_is_told_apart(url: str, exposed: object) -> None:
    assert is_exposed(url) is exposed


def test_places_for_metrics() -> None:
    assert metrics_address("127.0.0.1:9100") == ("127.0.0.1", 9100)
    assert metrics_address("[::1]:0") == ("::1", 0)


@pytest.mark.parametrize("text", ["", "9100", ":9100", "localhost", "localhost:", "localhost:http", "localhost:99999"])
def test_what_is_no_place_for_metrics_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="HOST:PORT"):
        metrics_address(text)
