"""From markings to a handling label: the strictest, defaults announced, nothing guessed (access-policy cases 5, 11, 16-19)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidObject
from app.stix.handling import HandlingLabel, State, Tlp, combine, join
from app.stix.labelling import Writing, compose, keeps
from app.stix.markings import Marking, Scheme, Terms

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WRITING = Writing("ng-cert", "ng-cert", Tlp.AMBER_STRICT, frozenset({"user:ng-cert/desk"}), quarantined=False, now=NOW)


def _tlp(level: Tlp) -> Marking:
    return Marking(Scheme.TLP, tlp=level)


@given(st.lists(st.sampled_from(Tlp), min_size=1, max_size=4))
def test_of_several_levels_the_strictest_holds(levels: list[Tlp]) -> None:
    """Cases 16, 17 and 18: TLP 1 and 2.0 mixed, object and granular markings alike."""
    label = compose([_tlp(level) for level in levels], WRITING)
    assert label.tlp is max(levels)


def test_an_unmarked_object_takes_the_default_and_says_so() -> None:
    """Case 19."""
    label = compose([Marking(Scheme.STATEMENT)], WRITING)
    assert (label.tlp, label.by_default) == (Tlp.AMBER_STRICT, True)
    assert not compose([_tlp(Tlp.GREEN)], WRITING).by_default


def test_without_a_default_an_unmarked_object_is_refused_with_the_remedy() -> None:
    with pytest.raises(InvalidObject, match="object_marking_refs"):
        compose([], replace(WRITING, level=None))


def test_red_goes_to_the_named_else_to_the_collections_recipients() -> None:
    named = Marking(Scheme.HANDLING, terms=Terms(recipients=frozenset({"identity--1"})))
    assert compose([_tlp(Tlp.RED), named], WRITING).recipients == {"identity--1"}
    default = compose([_tlp(Tlp.RED)], WRITING)
    assert (default.recipients, default.by_default) == ({"user:ng-cert/desk"}, True)


def test_red_that_names_nobody_is_refused() -> None:
    with pytest.raises(InvalidObject, match="recipients"):
        compose([_tlp(Tlp.RED)], replace(WRITING, red_recipients=frozenset()))


def test_an_unknown_scheme_makes_the_label_opaque() -> None:
    """Case 11."""
    assert compose([_tlp(Tlp.CLEAR), Marking(Scheme.UNKNOWN)], WRITING).opaque


def test_terms_of_several_handling_markings_all_bind() -> None:
    first = Marking(Scheme.HANDLING, terms=Terms(releasable_to=frozenset({"org:a", "org:b"}), retention_until=NOW + timedelta(days=3)))
    second = Marking(Scheme.HANDLING, terms=Terms(releasable_to=frozenset({"org:b"}), purposes=frozenset({"defence"})))
    label = compose([_tlp(Tlp.GREEN), first, second], WRITING)
    assert label.releasable_to == {"org:b"}
    assert label.purposes == {"defence"}
    assert label.retention_until == datetime(2026, 3, 4, tzinfo=UTC)


def test_what_lies_in_an_intake_waits_and_what_is_embargoed_waits_too() -> None:
    embargo = Marking(Scheme.HANDLING, terms=Terms(embargo_until=NOW + timedelta(hours=1)))
    assert compose([_tlp(Tlp.GREEN)], replace(WRITING, quarantined=True)).state is State.QUARANTINED
    assert compose([_tlp(Tlp.GREEN), embargo], WRITING).state is State.EMBARGOED
    assert compose([_tlp(Tlp.GREEN), embargo], replace(WRITING, now=NOW + timedelta(hours=2))).state is State.PUBLISHED


TERMS = st.builds(
    Terms,
    releasable_to=st.none() | st.frozensets(st.sampled_from(["org:a", "org:b"])),
    purposes=st.none() | st.just(frozenset({"research"})),
)
MARKINGS = (
    st.sampled_from(Tlp).map(_tlp) | TERMS.map(lambda terms: Marking(Scheme.HANDLING, terms=terms)) | st.just(Marking(Scheme.UNKNOWN))
)


@given(st.lists(MARKINGS, max_size=4), MARKINGS)
def test_one_more_marking_never_loosens(markings: list[Marking], more: Marking) -> None:
    """Except from unmarked to marked: that is the producer's own statement."""
    if not any(marking.tlp is not None for marking in markings):
        markings = [*markings, _tlp(Tlp.CLEAR)]
    before, after = compose(markings, WRITING), compose([*markings, more], WRITING)
    assert replace(combine(after, before), by_default=after.by_default) == after


# ---- what a stored label keeps of its markings

some_names = st.none() | st.frozensets(st.sampled_from(["org:a", "org:b", "org:c"]))
some_terms = st.builds(
    Terms,
    releasable_to=some_names,
    not_releasable_to=st.frozensets(st.sampled_from(["jur:NG", "jur:KE"])),
    recipients=some_names,
    embargo_until=st.none() | st.datetimes(NOW.replace(tzinfo=None), timezones=st.just(UTC)),
    retention_until=st.none() | st.datetimes(NOW.replace(tzinfo=None), timezones=st.just(UTC)),
    purposes=st.none() | st.frozensets(st.sampled_from(["defence", "research"])),
)
some_markings = st.lists(
    st.builds(_tlp, st.sampled_from(Tlp))
    | st.builds(Marking, st.just(Scheme.HANDLING), terms=some_terms)
    | st.sampled_from([Marking(Scheme.STATEMENT), Marking(Scheme.UNKNOWN)]),
    max_size=4,
)


@given(some_markings, some_markings)
def test_what_was_composed_of_markings_keeps_them_whatever_is_joined_in(markings: list[Marking], more: list[Marking]) -> None:
    label = compose(markings, WRITING)
    assert keeps(label, markings)
    assert keeps(join(label, compose(more, WRITING)), markings)
    assert keeps(join(compose(more, WRITING), label), markings)


@pytest.mark.parametrize(
    "demanded",
    [
        _tlp(Tlp.RED),
        Marking(Scheme.UNKNOWN),
        Marking(Scheme.HANDLING, terms=Terms(releasable_to=frozenset({"org:a"}))),
        Marking(Scheme.HANDLING, terms=Terms(not_releasable_to=frozenset({"jur:NG"}))),
        Marking(Scheme.HANDLING, terms=Terms(recipients=frozenset({"identity--1"}))),
        Marking(Scheme.HANDLING, terms=Terms(embargo_until=NOW + timedelta(days=1))),
        Marking(Scheme.HANDLING, terms=Terms(retention_until=NOW + timedelta(days=1))),
        Marking(Scheme.HANDLING, terms=Terms(purposes=frozenset({"defence"}))),
    ],
)
def test_what_a_label_does_not_keep_is_noticed(demanded: Marking) -> None:
    label = compose([_tlp(Tlp.AMBER)], WRITING)
    assert not keeps(label, [demanded])
    assert keeps(label, [_tlp(Tlp.GREEN)])


def test_what_lies_under_a_label_for_its_originator_alone_is_kept_from_everybody_else() -> None:
    """Beyond the bound on new labels a stricter version is stored so (DESIGN 6)."""
    closed = HandlingLabel(Tlp.RED, "ng-cert", "ng-cert", recipients=frozenset({"org:ng-cert"}), releasable_to=frozenset())
    assert keeps(closed, [Marking(Scheme.HANDLING, terms=Terms(recipients=frozenset({"identity--1"}), purposes=frozenset()))])
