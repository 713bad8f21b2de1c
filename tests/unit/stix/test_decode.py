"""Strict JSON and the fingerprint of content (RFC 7493; STIX 2.1 §2.6, §2.10, §2.15)."""

import math

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidObject
from app.stix.decode import decode, fingerprint
from app.stix.walk import MAX_INTEGER


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (b"{}", {}),
        (b' {"a" : [1, -2.5, "\xc3\xa9", true, false, null, {"b": {}}]} ', {"a": [1, -2.5, "é", True, False, None, {"b": {}}]}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a": 9007199254740991, "b": -9007199254740991}', {"a": MAX_INTEGER, "b": -MAX_INTEGER}),
        (b'{"a": 1e308, "b": 1e20}', {"a": 1e308, "b": 1e20}),
        (b'{"a": 1, "b": {"a": 1}}', {"a": 1, "b": {"a": 1}}),
    ],
)
def test_decoded(raw: bytes, content: dict[str, object]) -> None:
    assert decode(raw) == content


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"a": 1', id="cut"),
        pytest.param(b'{"a": 1} x', id="trailing"),
        pytest.param(b'{"a": 1,}', id="trailing-comma"),
        pytest.param(b"{'a': 1}", id="apostrophes"),
        pytest.param(b'{"a": 01}', id="leading-zero"),
        pytest.param(b'{"a": 1, "a": 2}', id="duplicate"),
        pytest.param(b'{"a": 1, "\\u0061": 1}', id="duplicate-escaped"),
        pytest.param(b'{"x": [{"y": {"a": 1, "a": 1}}]}', id="duplicate-deep"),
        pytest.param(b'{"object_marking_refs": ["a"], "object_marking_refs": ["b"]}', id="duplicate-markings"),
        pytest.param(b'{"a": NaN}', id="nan"),
        pytest.param(b'{"a": Infinity}', id="infinity"),
        pytest.param(b'{"a": -Infinity}', id="minus-infinity"),
        pytest.param(b'{"a": 1e400}', id="overflow"),
        pytest.param(b'{"a": [-1e400]}', id="overflow-deep"),
        pytest.param(b'{"a": ' + b"1" * 400 + b".5}", id="overflow-by-digits"),
        pytest.param(b'{"a": 9007199254740992}', id="integer-2-53"),
        pytest.param(b'{"a": {"b": [-9007199254740992]}}', id="integer-deep"),
        pytest.param(b'{"a": ' + b"9" * 4_000 + b"}", id="integer-4000-digits"),
        pytest.param(b'{"a": ' + b"9" * 500_000 + b"}", id="integer-500000-digits"),
        pytest.param(b'{"a": "\xff"}', id="invalid-utf-8"),
        pytest.param(b'{"a": "\xc0\xaf"}', id="overlong"),
        pytest.param(b'{"a": "\xed\xa0\xbd\xed\xb8\x80"}', id="cesu"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', id="surrogate-bytes"),
        pytest.param(b'{"a": "\\ud800"}', id="lone-surrogate"),
        pytest.param(b'{"\\udc00": 1}', id="lone-surrogate-key"),
        pytest.param(b'{"a": "\x01"}', id="control-character"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', id="byte-order-mark"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="utf-16"),
        pytest.param(b"[1]", id="list"),
        pytest.param(b'"text"', id="text"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}", id="65-levels"),
        pytest.param(b'{"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", id="10000-brackets"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="10000-braces"),
    ],
)
def test_refused(raw: bytes) -> None:
    with pytest.raises(InvalidObject) as refusal:
        decode(raw)
    assert len(str(refusal.value)) < 250


def test_the_depth_is_the_callers() -> None:
    raw = b'{"a": [[1]]}'
    assert decode(raw, depth=3) == {"a": [[1]]}
    with pytest.raises(InvalidObject, match="nested more than 2 levels"):
        decode(raw, depth=2)
    assert decode(b'{"a": ' + b"[" * 63 + b"]" * 63 + b"}")


def test_a_refusal_names_the_key_shortened() -> None:
    with pytest.raises(InvalidObject, match="strict JSON") as refusal:
        decode(b'{"%s": 1, "%s": 2}' % (b"k" * 5_000, b"k" * 5_000))
    assert len(str(refusal.value)) < 250


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b'{"a": 1, "b": [1, 2]}', b'{"b":[1,2],"a":1}'),
        (b'{"a": 1}', b'{"a": 1.0}'),
        (b'{"a": {"b": [100]}}', b'{"a": {"b": [1e2]}}'),
        (b'{"a": 0}', b'{"a": -0.0}'),
        (b'{"a": 1.5}', b'{"a": 15e-1}'),
        (b'{"a": 1e20}', b'{"a": 100000000000000000000.0}'),
        (b'{"a": "\xc3\xa9"}', b'{"a": "\\u00e9"}'),
    ],
)
def test_equal_content_has_one_fingerprint(first: bytes, second: bytes) -> None:
    assert fingerprint(decode(first)) == fingerprint(decode(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b'{"a": 1}', b'{"a": "1"}'),
        (b'{"a": 1}', b'{"a": true}'),
        (b'{"a": [1, 2]}', b'{"a": [2, 1]}'),
        (b'{"a": null}', b"{}"),
        (b'{"a": 1}', b'{"a": 1.0000001}'),
        (b'{"a": "\\u00e9"}', b'{"a": "e\\u0301"}'),
    ],
)
def test_other_content_has_another(first: bytes, second: bytes) -> None:
    assert fingerprint(decode(first)) != fingerprint(decode(second))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(derandomize=True, max_examples=200)
@given(st.dictionaries(st.text(), _JSON, max_size=5))
def test_decoding_what_was_encoded_changes_nothing(content: dict[str, object]) -> None:
    decoded = decode(orjson.dumps(content))
    assert decoded == content
    assert fingerprint(decoded) == fingerprint(dict(reversed(content.items())))


def test_a_number_at_the_edge_of_doubles_is_no_overflow() -> None:
    largest = decode(b'{"a": 1.7976931348623157e308}')["a"]
    assert isinstance(largest, float)
    assert math.isfinite(largest)
