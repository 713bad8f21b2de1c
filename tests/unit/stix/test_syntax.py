"""The grammars that STIX borrows: language tags, CPE names, addresses, selectors."""

import pytest
from cpe import CPE

from app.stix.syntax import (
    is_cpe,
    is_domain_name,
    is_email_address,
    is_ipv4,
    is_ipv6,
    is_language_tag,
    is_mac,
    is_property_name,
    is_url,
    selects,
)


@pytest.mark.parametrize(
    "tag",
    ["en", "fr-CA", "de-CH-1996", "sr-Latn-RS", "zh-yue", "zh-Hant-TW", "es-419", "sl-rozaj-biske-1994", "de-DE-u-co-phonebk", "en-x-us", "x-whatever", "yue",
     "i-klingon", "en-GB-oed", "EN-us", "hy-Latn-IT-arevela", "a" * 2 + "-x" + "-a" * 20],
)  # fmt: skip
def test_language_tags(tag: str) -> None:
    """RFC 5646 §2.1."""
    assert is_language_tag(tag)


@pytest.mark.parametrize(
    "tag",
    ["", "e", "english", "en_US", "en-", "-en", "en--US", "de-419-DE-1", "a-DE", "fr-x", "\u017fr", "en-" + "a" * 9, "en" + "-abcde" * 60],
)
def test_no_language_tags(tag: str) -> None:
    assert not is_language_tag(tag)


CPES = [
    "cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*",
    "cpe:2.3:o:example:os:-:*:*:*:*:*:*:*",
    "cpe:2.3:*:*:*:*:*:*:*:*:*:*:*",
    "cpe:2.3:a:example:foo\\\\bar:1.0\\:2:*:*:*:*:*:x64:*",
    "cpe:2.3:h:example:box:1?:*:*:en-us:*:*:*:*",
    "cpe:2.3:a:example:pro*:*:*:*:*:*:*:*:*",
]
NO_CPES = [
    "",
    "cpe:/a:microsoft:word:2000",
    "cpe:2.3:a:microsoft:word:2000",
    "cpe:2.3:x:microsoft:word:2000:*:*:*:*:*:*:*",
    "cpe:2.3:a:micro soft:word:2000:*:*:*:*:*:*:*",
    "cpe:2.3:a::word:2000:*:*:*:*:*:*:*",
    "cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*:*",
    "cpe:2.3:a:microsoft:wo*rd:2000:*:*:*:*:*:*:*",
    "the cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*",
]


@pytest.mark.parametrize("text", CPES)
def test_cpe_names(text: str) -> None:
    """NISTIR 7695 §6.2, and the parser that stix2-validator asks."""
    assert is_cpe(text)
    assert CPE(text, CPE.VERSION_2_3)


@pytest.mark.parametrize("text", NO_CPES)
def test_no_cpe_names(text: str) -> None:
    assert not is_cpe(text)


@pytest.mark.parametrize("text", ["198.51.100.7", "0.0.0.0", "255.255.255.255", "198.51.100.7/32", "10.2.4.5/24", "0.0.0.0/0"])  # noqa: S104 # no binding
def test_ipv4(text: str) -> None:
    assert is_ipv4(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.04",
        "1.2.3.4/",
        "1.2.3.4/33",
        "1.2.3.4/024",
        "1.2.3.4/24/1",
        "1.2.3.4 ",
        "::1",
        "\u0661.2.3.4",
    ],
)
def test_no_ipv4(text: str) -> None:
    assert not is_ipv4(text)


@pytest.mark.parametrize(
    "text",
    [
        "::",
        "::1",
        "2001:db8::7",
        "2001:0DB8:85a3:0000:0000:8a2e:0370:7334",
        "::ffff:198.51.100.7",
        "2001:db8::/96",
        "::1/128",
        "::/0",
        "fe80::1%eth0",
        "fe80::1%eth0/64",
    ],
)
def test_ipv6(text: str) -> None:
    assert is_ipv6(text)


@pytest.mark.parametrize(
    "text", ["", ":", ":::", "1::2::3", "2001:db8", "2001:db8::g", "::1/129", "::1/", "::1/-1", "::1/01", "198.51.100.7", "[::1]"]
)
def test_no_ipv6(text: str) -> None:
    assert not is_ipv6(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("02:00:5e:10:00:00", True),
        ("2:0:5e:10:0:0", False),
        ("02:00:5E:10:00:00", False),
        ("02-00-5e-10-00-00", False),
        ("02:00:5e:10:00", False),
    ],
)
def test_mac(text: str, fits: bool) -> None:  # noqa: FBT001 # a verdict
    assert is_mac(text) == fits


@pytest.mark.parametrize(
    "text",
    [
        "example.net",
        "example.net.",
        "a",
        "_dmarc.example.net",
        "*.example.net",
        "bücher.example",
        "xn--bcher-kva.example",
        "a" * 63 + ".net",
        "1.2.3.4",
    ],
)
def test_domain_names(text: str) -> None:
    assert is_domain_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        ".a",
        "example.net..",
        "http://example.net",
        "example.net/a",
        "a b",
        "a@b",
        "example[.]net",
        "a" * 64 + ".net",
        "a." * 130 + "b",
        "a\n",
    ],
)
def test_no_domain_names(text: str) -> None:
    assert not is_domain_name(text)


@pytest.mark.parametrize(
    "text", ["desk@example.net", "a.b+c@example.net", '"a b"@example.net', "desk@[198.51.100.7]", "ü@bücher.example", "root@localhost"]
)
def test_email_addresses(text: str) -> None:
    assert is_email_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "desk",
        "@example.net",
        "desk@",
        "Desk <desk@example.net>",
        "<desk@example.net>",
        "de sk@example.net",
        "desk@exa mple.net",
        '"@example.net',
        "desk[@]example.net",
        "a@b@c",
    ],
)
def test_no_email_addresses(text: str) -> None:
    assert not is_email_address(text)


@pytest.mark.parametrize(
    "text",
    ["https://example.net/a?b#c", "ftp://user@example.net", "data:,x", "urn:isbn:1", "https://example.net/päckchen", "http://[::1]:80/"],
)
def test_urls(text: str) -> None:
    assert is_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.net/a",
        "//example.net",
        "https:",
        "https://exa mple.net",
        "https://example.net/<a>",
        "1ttp://example.net",
        "https://example.net\n",
    ],
)
def test_no_urls(text: str) -> None:
    assert not is_url(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [("name", True), ("x_1", True), ("ab", False), ("Name", False), ("1ab", False), ("a" * 250, True), ("a" * 251, False), ("a-b", False)],
)
def test_property_names(text: str, fits: bool) -> None:  # noqa: FBT001 # a verdict
    assert is_property_name(text) == fits


CONTENT: dict[str, object] = {
    "name": "abc",
    "labels": ["a", "b"],
    "hashes": {"SHA-256": "x"},
    "parts": [{"deep": [[1, 2]]}],
    "nothing": None,
}


@pytest.mark.parametrize(
    "selector", ["name", "labels", "labels.[0]", "labels.[1]", "labels.[01]", "hashes.SHA-256", "parts.[0].deep.[0].[1]", "nothing"]
)
def test_selectors(selector: str) -> None:
    """STIX 2.1 §7.2.3.1."""
    assert selects(CONTENT, selector)


@pytest.mark.parametrize(
    "selector",
    ["", ".", "nam", "name.[0]", "name.a", "labels.[2]", "labels.[-1]", "labels.0", "labels.name", "labels.[]", "labels.[x]",
     "hashes.[0]", "hashes.sha-256", "name.", "[0]", "nothing.a",
     "labels.[\u0660]", f"labels.[{'9' * 5_000}]", "parts.[0].deep.[0].[2]"],
)  # fmt: skip
def test_selectors_of_nothing(selector: str) -> None:
    assert not selects(CONTENT, selector)
