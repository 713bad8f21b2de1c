"""Rows as steps: smaller, and the same rows again (DESIGN 8)."""

from hypothesis import given
from hypothesis import strategies as st

from app.audit.deliveries import Delivery, batch_record, pack, unpack

ROWS = st.lists(st.integers(1, (1 << 62)), min_size=1, max_size=200, unique=True).map(sorted)
CLOSE = st.lists(st.integers(1, 500), min_size=1, max_size=400).map(lambda steps: [sum(steps[: place + 1]) for place in range(len(steps))])
DELIVERIES = st.lists(
    st.builds(Delivery, st.text(max_size=3), st.text(max_size=3), st.integers(0, 9), st.integers(0, 9), ROWS.map(tuple)), max_size=3
)


@given(ROWS | CLOSE)
def test_what_is_packed_is_unpacked(rows: list[int]) -> None:
    assert list(unpack(rows[0], pack(rows))) == rows


def test_a_page_of_a_full_sync_takes_next_to_nothing() -> None:
    assert len(pack(range(1_000_000, 1_001_000))) < 40


@given(DELIVERIES, DELIVERIES)
def test_different_batches_have_different_records(one: list[Delivery], other: list[Delivery]) -> None:
    assert (batch_record(one) == batch_record(other)) == (one == other)
