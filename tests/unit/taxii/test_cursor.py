"""`next` as a value and as a text (TAXII 2.1 §3.4, §3.5, App. B)."""

import base64
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import timestamp
from app.errors import InvalidCursor
from app.taxii.cursor import EVERY, LAST_MICROS, LATEST, Cursor, Versions, decode, encode

COLLECTION = "0b1c7a3e-5d2f-4e8a-9c6b-1f2e3d4c5b6a"

names = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.none() | st.frozensets(names, max_size=5)
versions = st.none() | st.builds(
    Versions, last=st.booleans(), first=st.booleans(), all=st.booleans(), exact=st.frozensets(names, max_size=3)
)
cursors = st.builds(
    Cursor,
    collection=st.uuids(version=4).map(str),
    object_id=st.none() | names,
    position=st.integers(0, LAST_MICROS),
    ids=values,
    types=values,
    spec_versions=values,
    versions=versions,
)


def sealed(content: bytes, form: bytes = b"\x01") -> str:
    """Put a right checksum around any content."""
    whole = form + content
    return base64.urlsafe_b64encode(whole + zlib.crc32(whole).to_bytes(4)).rstrip(b"=").decode()


def deflated(fields: object) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(fields), wbits=-15)


@given(cursors)
def test_decoding_is_the_inverse_of_encoding(cursor: Cursor) -> None:
    """T-3.4-11, T-3.4-12, C9: the text holds all of the cursor, and needs no escaping in a query string."""
    text = encode(cursor)
    assert decode(text) == cursor
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()


@given(cursors)
def test_equal_cursors_have_one_text(cursor: Cursor) -> None:
    """C9: any worker writes the same text."""
    again = decode(encode(cursor))
    assert encode(again) == encode(cursor)


@given(st.text(max_size=200) | st.text(st.sampled_from("AQabyz019-_"), max_size=200))
def test_rubbish_is_refused(text: str) -> None:
    """T-3.4-01, C10, T-B-01: 400, never another exception."""
    with pytest.raises(InvalidCursor, match="leave it out to start over"):
        decode(text)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x01", b"\x02"]))
def test_rubbish_with_a_right_checksum_is_refused(content: bytes, form: bytes) -> None:
    """T-B-01: the checksum guards against accidents; what it encloses is not trusted for that."""
    for inner in (content, zlib.compress(content, wbits=-15)):
        with pytest.raises(InvalidCursor):
            decode(sealed(inner, form))


@given(cursors, st.data())
def test_damage_is_noticed(cursor: Cursor, chosen: st.DataObject) -> None:
    """C10: one changed character, or a text cut short, is no cursor."""
    text = encode(cursor)
    place = chosen.draw(st.integers(0, len(text) - 6))  # the last characters carry the checksum, where unused bits may differ
    other = chosen.draw(st.sampled_from([letter for letter in "AZaz09-_" if letter != text[place]]))
    for damaged in (text[:place] + other + text[place + 1 :], text[:place], text + "AAAA"):
        with pytest.raises(InvalidCursor):
            decode(damaged)


@pytest.mark.parametrize(
    "fields",
    [
        None,
        7,
        [],
        [COLLECTION],
        [COLLECTION, None, 0, None, None, None, None, None],
        [COLLECTION, None, -1, None, None, None, None],
        [COLLECTION, None, LAST_MICROS + 1, None, None, None, None],
        [COLLECTION, None, 2**64 - 1, None, None, None, None],
        [COLLECTION, None, 1.5, None, None, None, None],
        [COLLECTION, None, True, None, None, None, None],
        [COLLECTION, 7, 0, None, None, None, None],
        [COLLECTION, None, 0, [7], None, None, None],
        [COLLECTION, None, 0, None, "indicator", None, None],
        [COLLECTION, None, 0, None, None, None, [True, False, False]],
        [COLLECTION, None, 0, None, None, None, [1, False, False, []]],
        [7, None, 0, None, None, None, None],
    ],
)
def test_forged_fields_have_the_right_types(fields: object) -> None:
    """T-B-01: a position beyond the calendar or a value of another type never gets into a query."""
    with pytest.raises(InvalidCursor):
        decode(sealed(deflated(fields)))


def test_forged_text_is_utf8() -> None:
    """T-1.6.7-01, T-B-01: strings that are no text are refused, in every place."""
    for content in (
        b"\x97\xa1\xff\xc0\x05\xc0\xc0\xc0\xc0",
        b"\x97\xa1a\xa2\xc0\xaf\x05\xc0\xc0\xc0\xc0",
        b"\x97\xa1a\xc0\x05\x91\xa1\xff\xc0\xc0\xc0",
    ):
        with pytest.raises(InvalidCursor):
            decode(sealed(zlib.compress(content, wbits=-15)))


def test_a_forged_cursor_of_the_right_shape_is_a_cursor() -> None:
    """T-B-01: there is no secret in it; it says no more than a query string may say."""
    assert decode(sealed(deflated([COLLECTION, None, 5, None, ["a"], None, None]))) == Cursor(COLLECTION, None, 5, types=frozenset({"a"}))


def test_a_text_that_inflates_without_end_is_refused() -> None:
    """T-B-02: a megabyte of nothing takes a kilobyte of text, and is not unpacked."""
    with pytest.raises(InvalidCursor):
        decode(sealed(deflated([COLLECTION, None, 0, ["x" * 1_000_000], None, None, None])))


def test_a_longer_text_than_any_request_line_is_refused() -> None:
    """T-B-02."""
    with pytest.raises(InvalidCursor) as caught:
        decode("A" * 70_000)
    assert len(str(caught.value)) < 250


def test_nested_rubbish_is_refused() -> None:
    """T-B-01: MessagePack nested deep stops at the first wrong type."""
    with pytest.raises(InvalidCursor):
        decode(sealed(zlib.compress(b"\x91" * 60_000, wbits=-15)))


def test_a_hundred_ids_fit_into_a_url() -> None:
    """C10: the cursor carries the match fields; with those of the request beside it, it stays below the 8 KiB of common proxies."""
    ids = frozenset(f"indicator--{zlib.crc32(bytes([n])):08x}-0000-4000-8000-{zlib.crc32(bytes([n, n])):08x}ffff" for n in range(100))
    assert len(encode(Cursor(COLLECTION, None, LAST_MICROS, ids))) < 2_500
    assert len(encode(Cursor(COLLECTION, None, LAST_MICROS))) < 90


def test_every_position_has_a_timestamp() -> None:
    """T-2-07: no cursor leads beyond what a date header can say."""
    assert timestamp(LAST_MICROS) == "9999-12-31T23:59:59.999999Z"


def test_a_cursor_counts_its_match_values() -> None:
    """T-B-02: values of all fields count together."""
    assert Cursor(COLLECTION, None, 0).match_values == 0
    full = Cursor(COLLECTION, None, 0, frozenset("ab"), frozenset("c"), frozenset("d"), Versions(last=True, exact=frozenset("ef")))
    assert full.match_values == 6


def test_the_named_selections() -> None:
    """T-3.4.1-07, T-3.4.1-10."""
    assert Versions(last=True) == LATEST
    assert Versions(all=True) == EVERY
