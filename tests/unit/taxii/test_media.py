"""Accept and Content-Type (TAXII 2.1 §1.6.8, §3.1, §5.5; RFC 7231)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotAcceptable, UnsupportedMediaType
from app.taxii.media import STIX, TAXII, accept, content_type

WELCOME = [
    None,
    "",
    "  ",
    "*/*",
    "application/*",
    "application/json",
    "application/taxii+json",
    "application/taxii+json;version=2.1",
    "application/taxii+json; version=2.1",
    "application/taxii+json ;\tversion=2.1",
    'application/taxii+json;version="2.1"',
    r'application/taxii+json;version="2\.1"',
    "Application/TAXII+JSON;Version=2.1",
    "application/taxii+json;version=2.1;charset=utf-8",
    'application/taxii+json;note="a,b;version=2.0";version=2.1',
    "application/stix+json;version=2.1",
    "application/stix+json",
    "application/taxii+json;version=2.1, application/stix+json;version=2.1",
    "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8",
    "application/json, text/plain, */*",
    "application/taxii+json;version=2.1;q=0.001",
    "application/taxii+json;version=2.0, application/taxii+json;version=2.1;q=0.5",
    "application/taxii+json;version=2.0, */*;q=.2",
    "application/taxii+json;version=2.0;q=0, application/taxii+json",
    "*/*;q=0, application/taxii+json",
    "application/taxii+json;q=0, application/taxii+json;version=2.1",
    "text/html, *; q=.2, */*; q=.2",
    ",, application/taxii+json,",
    "application/taxii+json;",
]

UNWELCOME = [
    "application/taxii+json;version=2.0",
    "application/vnd.oasis.taxii+json;version=2.0",
    "application/vnd.oasis.stix+json",
    "application/stix+json;version=2.0",
    "text/html",
    "application/xml, text/*;q=0.5",
    "application/taxii+json;version=2.1;q=0",
    "application/taxii+json;version=2.1;q=0.000",
    "application/taxii+json;version=2.1;Q=0",
    "*/*, application/taxii+json;q=0",
    "application/taxii+json, application/taxii+json;version=2.1;q=.0",
    "application/taxii+json;version=2.0, application/json;q=0",
    "application/taxii+json-like",
    "taxii",
    ";version=2.1",
    "application/taxii+json version=2.1",
    'application/taxii+json;version="2.1',
    '"application/taxii+json"',
    "\x00",
]


@pytest.mark.parametrize("header", WELCOME)
def test_accept_lets_every_form_of_a_defined_type_pass(header: str | None) -> None:
    """T-1.6.8-02, T-1.6.8-03, T-3.1-06, T-3.1-13, T-5.3-07, C2: case, blanks, quotes, lists, q-values, wildcards."""
    accept(header)


@pytest.mark.parametrize("header", UNWELCOME)
def test_accept_refuses_what_names_no_defined_type(header: str) -> None:
    """T-1.6.8-03, T-3.1-08, C2: 406 to 2.0 alone and to foreign types; `q=0` says no (RFC 7231 §5.3.1)."""
    with pytest.raises(NotAcceptable, match=r"application/taxii\+json;version=2\.1"):
        accept(header)


@pytest.mark.parametrize(
    "header",
    [
        TAXII,
        STIX,
        "application/taxii+json",
        "application/taxii+json; version=2.1",
        "Application/TAXII+json ; VERSION=2.1",
        'application/taxii+json;version="2.1";charset=utf-8',
        "application/taxii+json; charset=utf-16",
        "application/stix+json",
        "application/stix+json; version=2.1",
        "application/stix+json;version=2.1; charset=utf-8",
        "application/vnd.oasis.stix+json",
        "application/json",
        "application/json; charset=utf-8",
    ],
)
def test_content_type_takes_envelopes_under_all_their_names(header: str) -> None:
    """T-3.1-07, C3: OpenCTI posts `application/stix+json`, .NET adds a charset."""
    content_type(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "application/taxii+json;version=2.0",
        "application/stix+json;version=2.0",
        "application/vnd.oasis.stix+json;version=2.0",
        "application/vnd.oasis.taxii+json",
        "application/*",
        "*/*",
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json, text/html",
        "json",
        ";",
    ],
)
def test_content_type_refuses_the_rest(header: str | None) -> None:
    """T-3.1-09, T-3.1-13, T-5.5-06, C3: 415 for other types, other versions and a missing header."""
    with pytest.raises(UnsupportedMediaType, match=r"send `application/taxii\+json;version=2\.1`"):
        content_type(header)


def test_a_long_header_costs_no_more_than_its_length() -> None:
    """T-1.6.8-03: a hostile header is refused at once, and shortened in the message."""
    for header in ('"' * 100_001, '"\\' * 50_000, "," * 100_000, ";" * 100_000, "a/b;" * 25_000):
        with pytest.raises(NotAcceptable) as caught:
            accept(header)
        assert len(str(caught.value)) < 250
        with pytest.raises(UnsupportedMediaType):
            content_type(header)


@given(st.text(alphabet=st.sampled_from('application/taxii+json;version=2.1,q=0"\\* \t'), max_size=80) | st.text(max_size=80))
def test_no_header_leads_to_anything_but_yes_or_no(header: str) -> None:
    """T-3.1-08, T-3.1-09, T-3.1-13: never another exception."""
    with suppress(NotAcceptable):
        accept(header)
    with suppress(UnsupportedMediaType):
        content_type(header)
