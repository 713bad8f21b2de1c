"""How versions stand beside each other while something closes them after their publication (DESIGN 6: versions, holds; access-policy case 21). Pure."""

from dataclasses import replace
from datetime import timedelta

import pytest
from deeds import START

from app.clock import to_micros
from app.sharing.threads import Line, Thread, thread_of
from app.stix.handling import HandlingLabel, State, Tlp
from app.store.contract import StoredVersion

NG, KE = "ng-cert", "ke-cert"
UNTIL = START + timedelta(hours=2)


def label(tlp: Tlp = Tlp.GREEN, **changes: object) -> HandlingLabel:
    return replace(HandlingLabel(tlp, NG, NG), **changes)  # type: ignore[arg-type] # the fields of a label


def stored(row: int, label_number: int, contributor: str = NG, **changes: object) -> StoredVersion:
    """The version of a day; its own label and the effective one are the same."""
    kept = StoredVersion(
        row=row,
        object_id="indicator--1",
        object_type="indicator",
        contributor=contributor,
        rank=row,
        version=f"2026-01-0{row}",
        key=f"2026-01-0{row}",
        date_added=to_micros(START) + row,
        own=label_number,
        label=label_number,
        state=State.PUBLISHED,
        digest=bytes([row]) * 32,
    )
    return kept._replace(**changes)  # type: ignore[arg-type] # the fields of a stored version


def thread(*rows: StoredVersion, labels: dict[int, HandlingLabel]) -> Thread:
    return thread_of("indicator--1", rows, labels.__getitem__)


def standing(made: Thread, contributor: str = NG) -> list[tuple[State, Tlp, bool, bool]]:
    """State, level, `last` and flag of each version."""
    return [(line.state, line.effective.tlp, line.last, line.flagged) for line in made.contributions[contributor]]


def lines(made: Thread) -> list[Line]:
    return made.contributions[NG]


@pytest.mark.parametrize("own", State)
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("changes", [{}, {"deleted": True}, {"last": True}, {"deleted": True, "last": True}, {"contributor": KE}], ids=str)
def test_alone_a_version_is_settled_as_among_others(
    own: State, state: State, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short way leads where the long one does."""
    labels = {1: replace(label(state=own), also=(replace(label(Tlp.AMBER, state=own), originator=KE),)), 2: label(Tlp.RED)}

    def settled() -> list[Line]:
        made = thread(stored(1, 1, **{"state": state, "label": 2, **changes}), labels=labels)  # type: ignore[arg-type] # its fields
        made.settle()
        return list(made.lines)

    short = settled()
    monkeypatch.setattr(Thread, "_alone", lambda _: None)
    assert settled() == short


def test_a_hold_closes_every_version_and_moves_no_last() -> None:
    made = thread(stored(1, 1), stored(2, 2, last=True), labels={1: label(), 2: label(Tlp.AMBER_STRICT)})
    made.held.add(NG)
    made.settle()
    assert standing(made) == [(State.HELD, Tlp.AMBER_STRICT, False, True), (State.HELD, Tlp.AMBER_STRICT, True, True)]
    assert {part.state for line in lines(made) for part in line.effective.parts} == {State.HELD}
    assert {line.own.state for line in lines(made)} == {State.PUBLISHED}


def test_a_hold_is_known_by_its_rows() -> None:
    held = label(state=State.HELD)
    made = thread(stored(1, 1, state=State.HELD, label=2), stored(2, 1, contributor=KE), labels={1: label(), 2: held})
    assert made.held == {NG}


def test_lifting_brings_back_how_each_version_stood() -> None:
    labels = {1: label(), 2: label(state=State.EMBARGOED, embargo_until=UNTIL), 3: label(state=State.HELD)}
    rows = [stored(1, 1, last=True), stored(2, 2), stored(3, 2, deleted=True)]
    made = thread(*(row._replace(state=State.HELD, label=3) for row in rows), labels=labels)
    made.lift(NG, START)
    made.settle()
    assert [line.state for line in lines(made)] == [State.PUBLISHED, State.EMBARGOED, State.EMBARGOED]
    assert [line.last for line in lines(made)] == [True, False, False]
    assert [line.fresh_date for line in lines(made)] == [True, True, False]
    assert made.held == set()


@pytest.mark.parametrize(("hours", "state"), [(0, State.EMBARGOED), (2, State.PUBLISHED)])
def test_lifting_opens_nothing_that_was_embargoed_meanwhile(hours: int, state: State) -> None:
    made = thread(stored(1, 1, state=State.HELD, label=2), labels={1: label(embargo_until=UNTIL), 2: label(state=State.HELD)})
    made.lift(NG, START + timedelta(hours=hours))
    made.settle()
    assert [line.state for line in lines(made)] == [state]


def test_an_embargo_after_publication_loosens_no_older_version() -> None:
    """It goes on binding them with everything but the embargo; the one that becomes `last` gets a new date."""
    embargoed = label(Tlp.AMBER_STRICT, embargo_until=UNTIL)
    made = thread(stored(1, 1, label=3), stored(2, 2, last=True), labels={1: label(), 2: embargoed, 3: label(Tlp.AMBER_STRICT)})
    lines(made)[1].state = State.EMBARGOED
    made.settle()
    assert standing(made) == [(State.PUBLISHED, Tlp.AMBER_STRICT, True, True), (State.EMBARGOED, Tlp.AMBER_STRICT, False, True)]
    assert lines(made)[0].effective.embargo_end is None
    assert lines(made)[1].effective == embargoed.in_state(State.EMBARGOED)
    assert lines(made)[0].fresh_date


def test_a_version_that_was_never_published_binds_nothing() -> None:
    waiting = label(Tlp.RED, state=State.EMBARGOED, embargo_until=UNTIL)
    made = thread(stored(1, 1, last=True), stored(2, 2, state=State.EMBARGOED), labels={1: label(), 2: waiting})
    made.settle()
    assert standing(made) == [(State.PUBLISHED, Tlp.GREEN, True, True), (State.EMBARGOED, Tlp.RED, False, True)]
    assert not lines(made)[0].fresh_date


def test_a_hold_on_one_contribution_leaves_the_others() -> None:
    made = thread(stored(1, 1, last=True), stored(2, 1, contributor=KE, last=True), labels={1: label()})
    made.held.add(NG)
    made.settle()
    assert standing(made, KE) == [(State.PUBLISHED, Tlp.GREEN, True, True)]


def test_an_originators_later_embargo_opens_no_relayed_copy_by_time() -> None:
    """The copy stays bound by all else that the originator says (access-policy cases 21, 23)."""
    labels = {1: label(Tlp.AMBER_STRICT, embargo_until=UNTIL), 2: label(submitter=KE), 3: label(state=State.EMBARGOED)}
    made = thread(stored(1, 1, label=3, state=State.EMBARGOED), stored(1, 2, contributor=KE, last=True), labels=labels)
    made.settle()
    (copy,) = made.contributions[KE]
    assert (copy.state, copy.effective.tlp, copy.effective.embargo_end) == (State.PUBLISHED, Tlp.AMBER_STRICT, None)


def test_what_opens_is_ranked_by_its_new_date() -> None:
    """How long it was hidden is not to show by which of two contributions is shown; what becomes `last` was seen before."""
    waiting = label(state=State.EMBARGOED, embargo_until=UNTIL)
    made = thread(stored(1, 1), stored(2, 2, state=State.EMBARGOED), labels={1: label(), 2: waiting})
    lines(made)[1].state = State.PUBLISHED
    assert [line.opens for line in lines(made)] == [False, True]


def test_a_reader_is_shown_the_contribution_of_the_best_ranked_version_that_he_sees() -> None:
    rows = [stored(1, 2), stored(2, 1, contributor=KE), stored(3, 1), stored(4, 1)]
    made = thread(*rows, labels={1: label(), 2: label(Tlp.RED)})
    assert [line.contributor for line in made.served("za-cert", lambda line: line.own.tlp < Tlp.RED)] == [KE]
    assert [line.version for line in made.served("za-cert", lambda _: True)] == ["2026-01-01", "2026-01-03", "2026-01-04"]
    assert made.served("za-cert", lambda _: False) == []
