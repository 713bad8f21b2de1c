"""Sealed chains notice a changed, removed, inserted or reordered record, and against a checkpoint a truncated end (DESIGN 8)."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.audit.chain import Head, Sealed, empty, faults, seal

RECORDS = st.lists(st.binary(max_size=20), min_size=1, max_size=12)


def _chain(records: list[bytes], name: str = "c") -> list[Sealed]:
    head, chain = empty(name), []
    for record in records:
        chain.append(seal(head, record))
        head = Head(chain[-1].number, chain[-1].seal)
    return chain


@given(RECORDS)
def test_a_whole_chain_has_no_faults(records: list[bytes]) -> None:
    chain = _chain(records)
    assert list(faults("c", chain, {each.number: each.seal for each in chain})) == []


@given(RECORDS, st.data())
def test_a_changed_record_is_named(records: list[bytes], data: st.DataObject) -> None:
    chain = _chain(records)
    place = data.draw(st.integers(0, len(chain) - 1))
    chain[place] = replace(chain[place], record=chain[place].record + b"x")
    assert [fault for fault in faults("c", chain, {}) if f"record {place + 1} was changed" in fault]


@given(RECORDS, st.data())
def test_a_changed_record_that_is_sealed_anew_betrays_the_next(records: list[bytes], data: st.DataObject) -> None:
    chain = _chain([*records, b"last"])
    place = data.draw(st.integers(0, len(records) - 1))
    before = Head(place, chain[place - 1].seal) if place else empty("c")
    chain[place] = seal(before, chain[place].record + b"x")
    assert [fault for fault in faults("c", chain, {}) if f"record {place + 2}" in fault]


@given(RECORDS, st.data())
def test_a_removed_record_is_named(records: list[bytes], data: st.DataObject) -> None:
    chain = _chain([*records, b"last"])
    place = data.draw(st.integers(0, len(records) - 1))
    del chain[place]
    assert f"record {place + 1} is missing" in list(faults("c", chain, {}))


@given(RECORDS, st.data())
def test_an_inserted_or_moved_record_is_noticed(records: list[bytes], data: st.DataObject) -> None:
    chain = _chain([*records, b"last"])
    place = data.draw(st.integers(0, len(records) - 1))
    inserted = [*chain[: place + 1], chain[place], *chain[place + 1 :]]
    moved = [*chain[:place], chain[place + 1], chain[place], *chain[place + 2 :]]
    assert list(faults("c", inserted, {}))
    assert list(faults("c", moved, {}))


@given(RECORDS)
def test_a_truncated_end_shows_against_a_checkpoint_alone(records: list[bytes]) -> None:
    chain = _chain([*records, b"last"])
    known = {chain[-1].number: chain[-1].seal}
    assert list(faults("c", chain[:-1], {})) == []
    assert list(faults("c", chain[:-1], known)) == [
        f"ends at record {len(records)}, but the checkpoint names record {len(chain)}: the end was cut off"
    ]


def test_a_rewritten_chain_shows_against_a_checkpoint() -> None:
    known = {2: _chain([b"a", b"b"])[1].seal}
    assert list(faults("c", _chain([b"a", b"B", b"c"]), known)) == ["record 2 is not the one that the checkpoint names"]


def test_chains_cannot_stand_in_for_one_another() -> None:
    assert list(faults("other", _chain([b"a"]), {}))
    assert empty("c") != empty("other")


def test_several_missing_records_are_told_at_once() -> None:
    chain = _chain([b"a", b"b", b"c", b"d"])
    assert "records 2 to 3 are missing" in list(faults("c", [chain[0], chain[3]], {}))
