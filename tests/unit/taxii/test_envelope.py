"""Envelopes as bytes (TAXII 2.1 §3.7, §5.4, §5.5)."""

import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import EnvelopeTooLarge, MalformedEnvelope, RequestError
from app.taxii.envelope import envelope_of, slice_envelope

OBJECT = b'{"type":"identity","id":"identity--7d7b1a52-0c7c-4d0a-9b5e-3f1f6f0c9a11"}'


def joined(slices: Sequence[bytes], next_cursor: str | None, *, empty_list: bool) -> bytes:
    return b",".join(envelope_of(slices, next_cursor, empty_list))


def test_slices_are_the_bytes_that_were_sent() -> None:
    """C22, T-5.5-10: blanks, key order, escapes and number forms inside an object stay; blanks around it go."""
    first = b'{ "b" : 1.0 ,\n"a":"\\u00e9 \xc3\xa9" , "n":1e2}'
    assert slice_envelope(b'\r\n{ "objects" : [ ' + first + b" ,\t" + OBJECT + b" ] }\n", 2) == [first, OBJECT]


def test_a_whole_bundle_is_an_envelope() -> None:
    """C24: `type`, `id` and `spec_version` of a STIX bundle are ignored."""
    body = b'{"type":"bundle","id":"bundle--1","spec_version":"2.1","objects":[' + OBJECT + b"]}"
    assert slice_envelope(body, 10) == [OBJECT]


def test_other_members_are_ignored() -> None:
    """T-7.1.1-05, T-3.7-03: custom properties, and `more` and `next` that make no sense in a request."""
    body = b'{"more":true,"next":7,"x_source":{"objects":[1]},"objects":[' + OBJECT + b'],"x_last":null}'
    assert slice_envelope(body, 10) == [OBJECT]


def test_a_fault_inside_an_object_is_left_to_the_reader_of_that_object() -> None:
    """C26: duplicate members and wild numbers sink one object, not the envelope."""
    odd = b'{"id":"a","id":"b","n":1e400,"i":123456789012345678901234567890}'
    assert slice_envelope(b'{"objects":[' + odd + b"," + OBJECT + b"]}", 10) == [odd, OBJECT]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not an envelope"),
        (b"null", "not an envelope"),
        (b"[]", "not an envelope"),
        (b"{", "not an envelope"),
        (b'"objects"', "not an envelope"),
        (b"{'objects':[{}]}", "not an envelope"),
        (b'{"objects":[{}]} x', "not an envelope"),
        (b'{"objects":[{}],}', "not an envelope"),
        (b'{"objects":[{"a":NaN}]}', "not an envelope"),
        (b'{"objects":[{"a":-Infinity}]}', "not an envelope"),
        (b'{"objects":[{"a":01}]}', "not an envelope"),
        (b'\xef\xbb\xbf{"objects":[{}]}', "not an envelope"),
        ('{"objects":[{}]}'.encode("utf-16"), "not UTF-8"),
        (b'{"objects":[{"a":"\xff"}]}', "not UTF-8 at byte 18"),
        (b'{"objects":[{"a":"\xc0\xaf"}]}', "not UTF-8"),
        (b'{"objects":[{"a":"\xed\xa0\x80"}]}', "not UTF-8"),
        (b'{"x\xff":1,"objects":[{}]}', "not UTF-8"),
        (b"{}", "has no `objects`"),
        (b'{"Objects":[{}]}', "has no `objects`"),
        (b'{"objects":[]}', "`objects` is empty"),
        (b'{"objects":null}', "not an envelope"),
        (b'{"objects":{}}', "not an envelope"),
        (b'{"objects":"x"}', "not an envelope"),
        (b'{"objects":[{},1]}', "`1` at index 1"),
        (b'{"objects":[[{}]]}', "at index 0"),
        (b'{"objects":[null]}', "`null` at index 0"),
        (b'{"objects":["{}"]}', "at index 0"),
    ],
)
def test_what_is_no_envelope_is_refused(body: bytes, reason: str) -> None:
    """T-5.5-08, T-1.6.7-01, T-1.6.7-02, T-2-04: no JSON, no UTF-8, a byte order mark, no list of objects."""
    with pytest.raises(MalformedEnvelope) as caught:
        slice_envelope(body, 10)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    "body",
    [
        b'{"objects":[{"a":1}],"objects":[{"a":2}]}',
        b'{"objects":[{}],"objects":[{}]}',
        b'{"objects":[{}],"\\u006fbjects":[{}]}',
        b'{"objects":null,"objects":[{}]}',
        b'{"x":1,"objects":[{}],"x":2}',
    ],
)
def test_a_repeated_member_is_refused(body: bytes) -> None:
    """T-1.6.7-02: two lists `objects` would show different readers different objects, whichever way the name is spelled."""
    with pytest.raises(MalformedEnvelope, match="names a member twice"):
        slice_envelope(body, 10)


def test_the_number_of_objects_is_bounded_exactly() -> None:
    """T-5.5-05: the limit itself passes, one more does not."""
    body = b'{"objects":[' + b",".join([OBJECT] * 3) + b"]}"
    assert len(slice_envelope(body, 3)) == 3
    with pytest.raises(EnvelopeTooLarge, match="3 objects, at most 2"):
        slice_envelope(body, 2)


@pytest.mark.parametrize(
    "body",
    [
        b'{"objects":[' + b",".join([b"{}"] * 1_000_000) + b"]}",
        b'{"objects":[' + b",".join([b"{}"] * 3_000_000) + b"]}",
        b'{"objects":[' + b",".join([b"1"] * 3_000_000) + b"]}",
        b"{" + b",".join(b'"%x":1' % number for number in range(1_100_000)) + b"}",
    ],
    ids=["a million objects", "three million objects", "three million numbers", "a million members"],
)
def test_masses_of_tiny_things_are_refused_in_no_time(body: bytes) -> None:
    """T-B-02: what a client sends never costs seconds."""
    began = time.process_time()
    with pytest.raises(EnvelopeTooLarge, match="send it in several"):
        slice_envelope(body, 20_000)
    assert time.process_time() - began < 1


def test_the_number_of_members_beside_the_objects_is_bounded() -> None:
    """T-B-02: each name costs, so a thousand names pass, `objects` among them, and not one more."""
    names = b",".join(b'"x_%d":1' % number for number in range(1_001))
    with pytest.raises(EnvelopeTooLarge, match="more than 1000 members"):
        slice_envelope(b'{"objects":[' + OBJECT + b"]," + names + b"}", 10)
    fewer = names.rsplit(b",", 2)[0]
    assert slice_envelope(b'{"objects":[' + OBJECT + b"]," + fewer + b"}", 10) == [OBJECT]


def test_many_commas_in_few_objects_are_taken_where_many_objects_are_allowed() -> None:
    """T-4.2.1-05: the guard grows with the number of objects that the server is set to take."""
    crowded = b'{"x_list":[' + b",".join([b"1"] * 1_500_000) + b"]}"
    assert slice_envelope(b'{"objects":[' + crowded + b"]}", 40_000) == [crowded]


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
@pytest.mark.parametrize("stack", [0, 1024 * 1024], ids=["the usual stack", "a small stack"])
@pytest.mark.parametrize("place", [b'{"objects":[{"a":%b}]}', b'{"x":%b,"objects":[{}]}'], ids=["in an object", "beside the objects"])
def test_deep_nesting_is_refused_not_fatal(opening: bytes, closing: bytes, stack: int, place: bytes) -> None:
    """T-5.5-08: closed or cut short, on any stack."""
    outcomes: list[str] = []

    def slice_all() -> None:
        for inner in (opening * 1_000_000 + b"1" + closing * 1_000_000, opening * 1_000_000):
            try:
                slice_envelope(place % inner, 20_000)
            except MalformedEnvelope as error:
                outcomes.append(str(error))

    usual = threading.stack_size(stack)
    try:
        thread = threading.Thread(target=slice_all)
        thread.start()
    finally:
        threading.stack_size(usual)
    thread.join()
    assert outcomes == ["the body is nested too deep: send flatter objects"] * 2


def test_moderate_nesting_passes_on_to_the_reader_of_the_object() -> None:
    """C26: an object that is deeper than allowed is a failure line, so it has to come through."""
    deep = b'{"a":' * 200 + b"1" + b"}" * 200
    assert slice_envelope(b'{"objects":[' + deep + b"]}", 10) == [deep]


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ objects1', max_size=60).map(str.encode))
def test_no_body_leads_to_anything_but_slices_or_a_refusal(body: bytes) -> None:
    """T-5.5-08: never another exception, and slices are JSON objects."""
    with suppress(RequestError):
        assert all(isinstance(json.loads(piece), dict) for piece in slice_envelope(body, 10))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3),
    max_leaves=8,
)
objects = st.builds(
    lambda members, indent, ascii_only: json.dumps(members, indent=indent, ensure_ascii=ascii_only).encode(),
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), json_values, max_size=4),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
)


@given(st.lists(objects, min_size=1, max_size=5), st.sampled_from([None, "cursor"]))
def test_what_is_joined_comes_apart_again_byte_for_byte(slices: list[bytes], next_cursor: str | None) -> None:
    """T-3.7-01, C22: joining and slicing are inverse."""
    assert slice_envelope(joined(slices, next_cursor, empty_list=False), 5) == slices


def test_a_page_with_more_to_come_names_its_continuation() -> None:
    """T-3.7-01, T-3.7-03, T-3.7-04, C12: `more` is true, `next` a string."""
    page = joined([OBJECT, OBJECT], 'abc"é', empty_list=False)
    assert json.loads(page) == {"more": True, "next": 'abc"é', "objects": [json.loads(OBJECT)] * 2}
    assert page.endswith(b'"objects":[' + OBJECT + b"," + OBJECT + b"]}")


def test_the_last_page_has_no_continuation() -> None:
    """C12, T-5.4-05: `more` is false and `next` is absent; a single object comes in an envelope too."""
    assert joined([OBJECT], None, empty_list=True) == b'{"more":false,"objects":[' + OBJECT + b"]}"


def test_an_empty_page_has_no_list() -> None:
    """T-3.7-02, T-5.4-06, C14: the empty list that the standard forbids is sent to clients that need it only."""
    assert joined([], None, empty_list=False) == b"{}"
    assert joined([], None, empty_list=True) == b'{"objects":[]}'


def test_an_empty_page_never_promises_more() -> None:
    """C13: a client that follows `next` from an empty page would never stop."""
    assert joined([], "cursor", empty_list=False) == b"{}"
