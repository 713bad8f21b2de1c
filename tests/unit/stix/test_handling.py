"""Handling labels: the scale, the join that never opens, the text by which they are interned."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stix.handling import MOST_CONDITIONS, HandlingLabel, State, Tlp, is_looser, join, join_all, round_embargo, round_retention

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
NAMES = st.frozensets(st.sampled_from(["org:a", "org:b", "jur:NG", "op:serval"]), max_size=3)
INSTANTS = st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001
LABELS = st.builds(
    HandlingLabel,
    tlp=st.sampled_from(Tlp),
    originator=st.sampled_from(["a", "b"]),
    submitter=st.sampled_from(["a", "b"]),
    recipients=st.none() | NAMES,
    releasable_to=st.none() | NAMES,
    not_releasable_to=NAMES,
    embargo_until=INSTANTS,
    retention_until=INSTANTS,
    purposes=st.none() | st.frozensets(st.sampled_from(["defence", "research"])),
    opaque=st.booleans(),
    by_default=st.booleans(),
    state=st.sampled_from(State),
)


def test_one_scale_for_both_versions_of_tlp() -> None:
    assert [level.text for level in Tlp] == ["clear", "green", "amber", "amber+strict", "red"]
    assert Tlp.of("WHITE") is Tlp.CLEAR
    assert Tlp.of("Amber+Strict") is Tlp.AMBER_STRICT
    with pytest.raises(KeyError):
        Tlp.of("orange")


@given(LABELS)
def test_a_label_survives_its_text(label: HandlingLabel) -> None:
    assert HandlingLabel.from_text(label.to_text()) == label


@given(LABELS, LABELS)
def test_a_joined_label_survives_its_text_too(first: HandlingLabel, second: HandlingLabel) -> None:
    joined = join(first, second)
    assert HandlingLabel.from_text(joined.to_text()) == joined


def _closes_at_least(result: HandlingLabel, part: HandlingLabel) -> None:
    assert result.tlp >= part.tlp
    assert result.not_releasable_to >= part.not_releasable_to
    assert result.opaque >= part.opaque
    for name in ("recipients", "releasable_to", "purposes"):
        wanted, got = getattr(part, name), getattr(result, name)
        assert wanted is None or (got is not None and got <= wanted)
    assert part.embargo_until is None or (result.embargo_until is not None and result.embargo_until >= part.embargo_until)
    assert part.retention_until is None or (result.retention_until is not None and result.retention_until <= part.retention_until)


@given(LABELS, LABELS)
def test_join_closes_whatever_either_closes(first: HandlingLabel, second: HandlingLabel) -> None:
    for label in (first, second):
        _closes_at_least(_main_parts(join(first, second))[label.originator], label)


def _main_parts(label: HandlingLabel) -> dict[str, HandlingLabel]:
    """The first part of each originator: the combination of all that bind it."""
    return {part.originator: part for part in reversed(label.parts)}


@given(LABELS, LABELS)
def test_labels_of_different_originators_both_bind(first: HandlingLabel, second: HandlingLabel) -> None:
    assert {part.originator for part in join(first, second).parts} == {first.originator, second.originator}


@given(LABELS, LABELS, LABELS)
def test_join_is_idempotent_and_its_order_matters_to_nobody(first: HandlingLabel, second: HandlingLabel, third: HandlingLabel) -> None:
    once = join_all([first, second, third])
    assert join(once, second) == once
    assert _main_parts(once).keys() == _main_parts(join_all([first, third, second])).keys()
    assert [(part.tlp, part.releasable_to, part.purposes) for part in _main_parts(once).values()] == [
        (part.tlp, part.releasable_to, part.purposes) for part in _main_parts(join_all([first, third, second])).values()
    ]


def test_being_listed_later_does_not_open_what_was_not_listed() -> None:
    """A partner reads TLP:AMBER only where it is listed: a list in a newer version is no leave to read the older one."""
    unlisted, listed = HandlingLabel(Tlp.AMBER, "a", "a"), HandlingLabel(Tlp.AMBER, "a", "a", releasable_to=frozenset({"org:vendor"}))
    assert join(unlisted, listed).also == (unlisted,)
    assert join(listed, unlisted).also == (unlisted,)
    assert join(listed, HandlingLabel(Tlp.GREEN, "a", "a")).also == ()
    named = HandlingLabel(Tlp.RED, "a", "a", recipients=frozenset({"user:vendor/desk"}))
    assert join(unlisted, named).also == (unlisted,)


def test_conditions_that_imply_each_other_do_not_drop_each_other() -> None:
    """Two versions without a list, one of them by default, and a newer one with a list: the list is no leave to read the oldest."""
    unlisted, by_default = HandlingLabel(Tlp.AMBER, "a", "a"), HandlingLabel(Tlp.AMBER, "a", "a", by_default=True)
    listed = HandlingLabel(Tlp.AMBER, "a", "a", releasable_to=frozenset({"org:vendor"}))
    assert join(by_default, join(unlisted, listed)).also == (unlisted,)
    assert join(unlisted, join(by_default, listed)).also == (unlisted,)


def test_beyond_a_few_conditions_a_label_closes_to_all_but_its_originator() -> None:
    """Each version has a list of its own, and the newest names a person: every list is a condition that a reader would have to be asked about."""
    named = HandlingLabel(Tlp.RED, "a", "a", recipients=frozenset({"user:a/desk"}))
    lists = [
        HandlingLabel(Tlp.AMBER, "a", "a", releasable_to=frozenset({f"org:{number}", "org:x"})) for number in range(MOST_CONDITIONS + 1)
    ]
    few, many = join_all([named, *lists[:-1]]), join_all([named, *lists])
    assert len(few.parts) == MOST_CONDITIONS + 1
    assert many.parts == (many,)
    assert (many.tlp, many.recipients, many.releasable_to) == (Tlp.RED, frozenset(), frozenset())
    assert join(many, lists[0]) == join(many, few) == many


@given(LABELS, LABELS)
def test_the_state_stays_that_of_the_first(first: HandlingLabel, second: HandlingLabel) -> None:
    assert {part.state for part in join(first, second).parts} == {first.state}


def test_an_empty_intersection_means_nobody_never_anybody() -> None:
    one = HandlingLabel(Tlp.AMBER, "a", "a", releasable_to=frozenset({"org:a"}), purposes=frozenset({"defence"}))
    other = HandlingLabel(Tlp.AMBER, "a", "a", releasable_to=frozenset({"org:b"}), purposes=frozenset({"research"}))
    joined = join(one, other)
    assert joined.releasable_to == frozenset()
    assert joined.purposes == frozenset()


def test_looser_and_stricter() -> None:
    amber, red = HandlingLabel(Tlp.AMBER, "a", "a"), HandlingLabel(Tlp.RED, "a", "a", recipients=frozenset({"user:a/desk"}))
    strict = HandlingLabel(Tlp.AMBER_STRICT, "a", "a")
    assert is_looser(amber, red)
    assert is_looser(red, amber), "somebody named is let in who was not"
    assert not is_looser(strict, amber)
    assert is_looser(amber, strict)
    assert not is_looser(amber, amber)
    assert not is_looser(HandlingLabel(Tlp.AMBER, "a", "a", by_default=True), amber)


def test_embargoes_end_at_whole_hours_and_never_early() -> None:
    assert round_embargo(NOW) == datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert round_embargo(datetime(2026, 3, 1, 13, tzinfo=UTC)) == datetime(2026, 3, 1, 13, tzinfo=UTC)
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert round_embargo(last).year == 9999


@given(st.integers(min_value=1, max_value=100_000))
def test_retention_ends_at_days_or_months_and_never_late(hours: int) -> None:
    until = NOW + timedelta(hours=hours)
    rounded = round_retention(until, NOW)
    assert rounded <= until
    assert rounded.hour == 0
    assert rounded.day == 1 or until - NOW <= timedelta(days=90)
