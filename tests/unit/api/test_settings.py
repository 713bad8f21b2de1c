"""Settings of the face: what cannot be used is refused at the start (DESIGN 2, promise 4)."""

import pytest

from app.api.settings import FaceSettings
from app.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("https://taxii.example.org", "https://taxii.example.org/"),
        ("https://taxii.example.org/", "https://taxii.example.org/"),
        ("https://taxii.example.org:8443/sharing/", "https://taxii.example.org:8443/sharing/"),
        ("http://taxii.example.org", "/"),
        ("http://127.0.0.1:8000/sharing", "/sharing/"),
        ("https://[2001:db8::1]/", "https://[2001:db8::1]/"),
    ],
)
def test_api_roots_begin_with_the_public_url(url: str, prefix: str) -> None:
    """T-4.1.1-03, C6: absolute with https, relative otherwise."""
    assert FaceSettings(url).root_prefix == prefix


@pytest.mark.parametrize(
    "url",
    [
        "", "taxii.example.org", "ftp://taxii.example.org", "https://", "https://taxii.example.org/?a=b", "https://taxii.example.org/#a",
        "https://user:secret@taxii.example.org", "https://taxii.example.org/a b", "https://taxii.example.org//a", "https://taxii.example.org:x",
        "https://taxii.example.org:0", "https://[::1", "//taxii.example.org",
    ],
)  # fmt: skip
def test_other_public_urls_are_refused(url: str) -> None:
    """T-4.1.1-04, T-4.1.1-05: no query, no `//`."""
    with pytest.raises(ConfigurationError, match="public URL"):
        FaceSettings(url)


@pytest.mark.parametrize("name", ["", "X Key", "X-Key:", "Authorization", "accept", "Schlüssel"])
def test_names_that_cannot_be_an_api_key_header_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="API-key header"):
        FaceSettings("https://taxii.example.org", api_key_header=name)


def test_the_api_key_header_is_known_as_asgi_writes_it() -> None:
    assert FaceSettings("https://taxii.example.org", api_key_header="X-API-Key").api_key_name == b"x-api-key"
    assert FaceSettings("https://taxii.example.org").api_key_name is None


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        FaceSettings("x", api_key_header="a b", trusted_proxies=("10.0.0.0/8", "proxy", "10.0.0.0/99"))
    assert len(refused.value.problems) == 4


def test_trusted_proxies_are_addresses_or_networks() -> None:
    settings = FaceSettings("https://taxii.example.org", trusted_proxies=("10.0.0.1", "10.1.2.3/16", "::1"))
    assert [str(network) for network in settings.trusted_networks] == ["10.0.0.1/32", "10.1.0.0/16", "::1/128"]
