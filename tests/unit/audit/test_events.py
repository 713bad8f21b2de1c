"""Records of deeds: the same again when read, and small (DESIGN 8)."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.audit.events import Deed, Event, Record, decode, encode, spans

DEEDS = st.builds(Deed, st.sampled_from(Event), st.text(max_size=9), st.integers(0, 99), st.integers(0, 1 << 60), st.text(max_size=9))


@given(DEEDS, st.dictionaries(st.sampled_from(["content", "token", "client"]), st.text(min_size=1, max_size=5)))
def test_what_is_encoded_is_decoded(deed: Deed, details: dict[str, object]) -> None:
    assert decode(encode(deed, details)) == Record(deed, details)


@given(st.sets(st.integers(0, 60)))
def test_spans_hold_the_numbers_and_no_others(numbers: set[int]) -> None:
    found = spans(numbers)
    assert {number for first, last in found for number in range(first, last + 1)} == numbers
    assert all(earlier[1] + 1 < later[0] for earlier, later in pairwise(found))
