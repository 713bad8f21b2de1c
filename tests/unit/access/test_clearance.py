"""The clearance: what is decided, up to which label, until when; and where it is kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from questions import NOW, world

from app.access.actions import Action
from app.access.alliance import Collection
from app.access.cedar import CedarJudge
from app.access.clearance import SLICE, Clearance, ClearanceCache, NumberedLabel, clear, extend
from app.access.decision import Decision, Question
from app.access.principal import Principal
from app.stix.handling import HandlingLabel, State, Tlp

OPEN = HandlingLabel(Tlp.GREEN, "ng", "ng")
SHUT = replace(OPEN, opaque=True)
EPOCH = 7


@dataclass
class TableJudge:
    """Allows what is not opaque, and remembers how many questions came at once."""

    batches: list[int] = field(default_factory=list)

    def decide(self, question: Question, now: datetime) -> Decision:
        """One question is a batch of one."""
        return self.decide_many([question], now)[0]

    def decide_many(self, questions: Sequence[Question], now: datetime) -> list[Decision]:  # noqa: ARG002 - as the protocol has it
        """Open or shut, by the label alone."""
        self.batches.append(len(questions))
        return [Decision(question.label is not None and not question.label.opaque) for question in questions]

    def meaning(self, policy: str) -> str:
        """No policy, no meaning."""
        return policy


@pytest.fixture
def judge() -> TableJudge:
    return TableJudge()


def ask(who: str = "ke/tool", where: int = 0, action: Action = Action.READ) -> Question:
    alliance = world()
    principal = alliance.principal(who)
    assert principal is not None
    return Question(principal, action, alliance.collections[where])


NOTHING = Clearance.nothing(EPOCH)


def test_the_numbers_of_the_allowed_labels_up_to_the_highest(judge: TableJudge) -> None:
    clearance = clear(judge, ask(), [(1, OPEN), (2, SHUT), (3, OPEN), (4, SHUT)], NOW, NOTHING)
    assert clearance == Clearance(EPOCH, 4, frozenset({1, 3}), None)


def test_only_labels_above_the_mark_are_decided(judge: TableJudge) -> None:
    before = Clearance(EPOCH, 2, frozenset({1}), None)
    after = clear(judge, ask(), [(1, SHUT), (2, OPEN), (3, OPEN), (4, SHUT)], NOW, before)
    assert after == Clearance(EPOCH, 4, frozenset({1, 3}), None)
    assert judge.batches == [2]


def test_the_order_of_the_labels_does_not_matter(judge: TableJudge) -> None:
    assert clear(judge, ask(), [(3, OPEN), (1, OPEN), (2, SHUT)], NOW, NOTHING) == Clearance(EPOCH, 3, frozenset({1, 3}), None)


def test_without_new_labels_nothing_is_asked(judge: TableJudge) -> None:
    before = Clearance(EPOCH, 2, frozenset({1}), None)
    assert clear(judge, ask(), [(1, OPEN)], NOW, before) is before
    assert clear(judge, ask(), [], NOW, before) is before
    assert judge.batches == []


def test_what_has_run_out_is_not_extended(judge: TableJudge) -> None:
    """Its numbers may name what time has closed: it starts over."""
    with pytest.raises(ValueError, match="run out"):
        clear(judge, ask(), [(3, OPEN)], NOW, Clearance(EPOCH, 2, frozenset({1}), NOW))


DAY = timedelta(days=1)


def until(judge: TableJudge, labels: Sequence[HandlingLabel], question: Question | None = None) -> datetime | None:
    return clear(judge, question or ask(), list(enumerate(labels, 1)), NOW, NOTHING).until


def test_it_runs_out_when_the_first_of_its_labels_does(judge: TableJudge) -> None:
    labels = [replace(OPEN, retention_until=NOW + days * DAY) for days in (3, 2, 5)]
    assert until(judge, [OPEN, *labels]) == NOW + 2 * DAY


def test_it_runs_out_with_a_part_of_another_originator(judge: TableJudge) -> None:
    part = replace(OPEN, originator="np", retention_until=NOW + DAY)
    assert until(judge, [replace(OPEN, retention_until=NOW + 2 * DAY, also=(part,))]) == NOW + DAY


def test_what_is_closed_or_past_sets_no_end(judge: TableJudge) -> None:
    assert until(judge, [replace(SHUT, retention_until=NOW + DAY), replace(OPEN, retention_until=NOW), OPEN]) is None


def test_the_end_of_an_embargo_reaches_all_workers_at_one_instant(judge: TableJudge) -> None:
    assert until(judge, [replace(SHUT, embargo_until=NOW + DAY)]) == NOW + DAY


def test_it_runs_out_with_the_agreement_and_with_the_archive(judge: TableJudge) -> None:
    assert until(judge, [OPEN], ask("acme/tool")) == datetime(2026, 6, 2, tzinfo=UTC)
    assert until(judge, [OPEN], ask(where=12)) == datetime(2026, 7, 2, tzinfo=UTC)
    assert until(judge, [OPEN], ask("lapsed/tool")) is None


def test_the_earliest_end_is_kept_when_it_is_extended(judge: TableJudge) -> None:
    first = clear(judge, ask(), [(1, replace(OPEN, retention_until=NOW + DAY))], NOW, NOTHING)
    assert clear(judge, ask(), [(2, replace(OPEN, retention_until=NOW + 2 * DAY))], NOW, first).until == NOW + DAY
    second = clear(judge, ask(), [(1, replace(OPEN, retention_until=NOW + 2 * DAY))], NOW, NOTHING)
    assert clear(judge, ask(), [(2, replace(OPEN, retention_until=NOW + DAY))], NOW, second).until == NOW + DAY


def test_it_holds_for_its_epoch_before_its_end() -> None:
    clearance = Clearance(EPOCH, 1, frozenset({1}), NOW)
    assert clearance.holds(EPOCH, NOW - timedelta(microseconds=1))
    assert not clearance.holds(EPOCH, NOW)
    assert not clearance.holds(EPOCH + 1, NOW - DAY)
    assert Clearance.nothing(EPOCH).holds(EPOCH, NOW + 10_000 * DAY)


def numbered(count: int) -> list[NumberedLabel]:
    return [(number, SHUT if number % 3 else OPEN) for number in range(1, count + 1)]


def test_slices_add_up(judge: TableJudge) -> None:
    labels = numbered(2 * SLICE + 5)
    sliced = asyncio.run(extend(judge, ask(), list(reversed(labels)), NOW, NOTHING))
    assert judge.batches == [SLICE, SLICE, 5]
    assert sliced == clear(TableJudge(), ask(), labels, NOW, NOTHING)


async def test_a_label_of_many_parts_fills_a_slice_sooner(judge: TableJudge) -> None:
    label = HandlingLabel(Tlp.AMBER, "a", "a", also=tuple(HandlingLabel(Tlp.AMBER, f"b{number}", "a") for number in range(SLICE // 2)))
    await extend(judge, ask(), [(number, label) for number in range(1, 6)], NOW, NOTHING)
    assert judge.batches == [2, 2, 1]


def test_other_work_goes_on_between_slices(judge: TableJudge) -> None:
    seen: list[int] = []

    async def other() -> None:
        while len(judge.batches) < 4:
            seen.append(len(judge.batches))
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(extend(judge, ask(), numbered(4 * SLICE), NOW, NOTHING), other())

    asyncio.run(both())
    assert {1, 2, 3} <= set(seen)


def test_nothing_to_extend_by(judge: TableJudge) -> None:
    assert asyncio.run(extend(judge, ask(), [], NOW, NOTHING)) is NOTHING


def test_the_policies_decide(judge: TableJudge) -> None:
    """The same through Cedar: what a member reads of a small collection."""
    labels = [OPEN, SHUT, replace(OPEN, tlp=Tlp.RED, recipients=frozenset({"user:np/red"})), replace(OPEN, state=State.HELD), OPEN]
    clearance = clear(CedarJudge(world()), ask(), list(enumerate(labels, 1)), NOW, NOTHING)
    assert clearance.numbers == {1, 5}


def kept(capacity: int = 10) -> ClearanceCache:
    cache = ClearanceCache(capacity)
    cache.put(ask(), Clearance(EPOCH, 1, frozenset({1}), NOW + DAY))
    return cache


def test_a_kept_clearance_is_found_while_it_holds() -> None:
    cache = kept()
    assert cache.get(ask(), EPOCH, NOW) == Clearance(EPOCH, 1, frozenset({1}), NOW + DAY)
    assert cache.get(ask(), EPOCH, NOW + DAY) is None
    assert cache.get(ask(), EPOCH + 1, NOW) is None
    assert cache.get(ask(), EPOCH - 1, NOW) is None


def test_the_newer_takes_the_place_of_the_older() -> None:
    cache = kept()
    newer = Clearance(EPOCH + 1, 2, frozenset({1, 2}), None)
    cache.put(ask(), newer)
    assert cache.get(ask(), EPOCH + 1, NOW) is newer


@pytest.mark.parametrize("other", [ask("ke/red"), ask("np/tool"), ask(where=1), ask(action=Action.REVIEW)], ids=range(4))
def test_another_class_collection_or_action_has_its_own(other: Question) -> None:
    assert kept().get(other, EPOCH, NOW) is None


def renamed(principal: Principal) -> Principal:
    return replace(principal, client="ke/other", compatibility=frozenset({"millisecond-dates"}))


def moved(collection: Collection) -> Collection:
    return collection.model_copy(update={"root": "elsewhere", "name": "there"})


def test_clients_of_one_class_share_and_a_moved_collection_stays_the_same() -> None:
    """What no policy asks does not part clients; objects belong to the collection's id, wherever its file lies."""
    question = ask()
    assert kept().get(question._replace(principal=renamed(question.principal)), EPOCH, NOW) is not None
    assert kept().get(question._replace(collection=moved(question.collection)), EPOCH, NOW) is not None


def test_the_least_recently_used_goes_first() -> None:
    cache = kept(capacity=2)
    cache.put(ask(where=1), NOTHING)
    assert cache.get(ask(where=0), EPOCH, NOW) is not None
    cache.put(ask(where=2), NOTHING)
    assert cache.get(ask(where=1), EPOCH, NOW) is None
    assert cache.get(ask(where=0), EPOCH, NOW) is not None
    assert cache.get(ask(where=2), EPOCH, NOW) is NOTHING
