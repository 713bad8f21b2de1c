"""The simulation of capacity is right where the answer is known otherwise; and docs/scaling.md says what the measured figures say."""

import random
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import gauge, inputs, weighing
from benchmarks.capacity import Case, cases, drawn, simulate, told
from benchmarks.charts import curves
from benchmarks.demand import ADD, DAY, Audience, Load, requests, steady
from benchmarks.inputs import Figures, Rate, Stage
from benchmarks.queueing import Request, play
from benchmarks.sizing import GIGABIT, PAGE, longest_idle_second, need, starting_over, waiting
from benchmarks.telling import sheets, simulated

ROOT = Path(__file__).parents[2]
FIGURES = Figures(
    store="a store", day="2026-01-05", machine="a machine",
    idle=0.001, poll=0.002, entry=0.0001, page=0.004, envelope=0.005, added=0.0005,
    idle_octets=300, poll_octets=400, object_octets=1000, zipped=0.2,
    stored_octets=1300, index_octets=200, delivery_alone=100, delivery_together=60, rest_megabytes=100, delay=0.01,
    stages=(Stage(1000, 0.001, 0.003, 0.004, 0.0005, 1_500_000, 120), Stage(9000, 0.001, 0.003, 0.004, 0.0005, None, 130)),
    rates=(Rate(1, 500, 0.0025, 0.1), Rate(2, 900, 0.0025, 0.1)),
)  # fmt: skip
"""Round figures, so that sums can be done in the head."""
SMALL = Load(members=20, clients=5, objects_a_day=100_000, burst=20, audiences=(Audience(0.5, 20), Audience(0.5, 5)))


def arrivals(rate: float, cost: float, seconds: float, seed: int = 7) -> list[Request]:
    """At random, all of the same cost."""
    dice, at, found = random.Random(seed), 0.0, []
    while (at := at + dice.expovariate(rate)) < seconds:
        found.append(Request(at, cost))
    return found


# ---- queues


@pytest.mark.parametrize(("workers", "cores"), [(1, 1), (2, 2), (4, 2), (3, 8)])
def test_every_request_is_answered_once_and_costs_what_it_costs(workers: int, cores: int) -> None:
    dice = random.Random(workers)
    sent = sorted(
        (Request(dice.random() * 10, dice.random() / 50, slices=dice.randint(1, 5)) for _ in range(2000)), key=lambda each: each.at
    )
    played = play(sent, workers, cores)
    assert sorted(id(each.request) for each in played.answered) == sorted(map(id, sent))
    assert played.busy == pytest.approx(sum(each.cost for each in sent))
    assert all(each.wait >= 0 and each.time >= each.wait + each.request.cost / each.request.slices - 1e-9 for each in played.answered)
    ends = [each.end for each in played.answered]
    assert ends == sorted(ends)
    assert max(ends) >= played.busy / min(workers, cores)


@pytest.mark.parametrize("used", [0.3, 0.6, 0.8])
def test_one_worker_waits_as_long_as_the_formula_says(used: float) -> None:
    """M/D/1: arrivals at random, the same work for each."""
    played = play(arrivals(used / 0.01, 0.01, 1_000), 1, 1)
    mean = sum(each.wait for each in played.answered) / len(played.answered)
    assert mean == pytest.approx(waiting(used / 0.01, 0.01), rel=0.1)


def test_more_workers_than_cores_do_no_more_than_the_cores() -> None:
    sent = [Request(0.0, 0.01) for _ in range(400)]
    assert max(each.end for each in play(sent, 8, 2).answered) == pytest.approx(400 * 0.01 / 2)
    assert max(each.end for each in play(sent, 2, 8).answered) == pytest.approx(400 * 0.01 / 2)


def test_a_worker_does_one_thing_at_a_time_in_the_order_in_which_it_came() -> None:
    sent = [Request(0.0, 0.5), Request(0.1, 0.2), Request(0.2, 0.1), Request(5.0, 0.1)]
    assert [(each.wait, each.end) for each in play(sent, 1, 1).answered] == [
        (0.0, 0.5), (pytest.approx(0.4), pytest.approx(0.7)), (pytest.approx(0.5), pytest.approx(0.8)), (0.0, 5.1),
    ]  # fmt: skip


def test_what_is_done_in_slices_lets_others_go_first() -> None:
    whole = play([Request(0.0, 1.0, kind=ADD), Request(0.05, 0.001)], 1, 1).answered
    sliced = play([Request(0.0, 1.0, slices=100, kind=ADD), Request(0.05, 0.001)], 1, 1).answered
    assert [each.request.kind for each in whole] == [ADD, "poll"]
    assert [each.request.kind for each in sliced] == ["poll", ADD]
    assert sliced[0].wait < 0.011 < whole[1].wait


def test_who_waits_together_pays_less_each() -> None:
    alone, together, apart = play([Request(0.0, 1.0, 0.4), Request(0.5, 1.0, 0.4), Request(9.0, 1.0, 0.4)], 1, 1).answered
    assert [alone.spent, together.spent, apart.spent] == [1.0, 0.4, 1.0]


# ---- what is asked


def test_requests_come_in_order_and_are_the_same_for_the_same_seed() -> None:
    first, again, other = (list(requests(SMALL, FIGURES, 600, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    moments = [each.at for each in first]
    assert moments == sorted(moments)
    assert sum(each.kind != ADD for each in first) == SMALL.pollers * 10


def test_each_client_polls_once_in_each_round_and_the_clock_decides_when() -> None:
    cron = [each.at % 60 for each in requests(replace(SMALL, within=1.0), FIGURES, 300) if each.kind != ADD]
    assert max(cron) < 1.0
    assert len(cron) == SMALL.pollers * 5
    assert {each.at for each in steady(replace(SMALL, within=0.0), FIGURES, 10, 2)} == {0.0, 60.0}
    assert [each.cost for each in steady(SMALL, FIGURES, 10, 1)] == pytest.approx([0.002 + 10 * 0.0001] * SMALL.pollers)


@pytest.mark.parametrize("follows", [1, 2])
def test_as_many_polls_bring_something_as_arithmetic_says(follows: int) -> None:
    load = replace(SMALL, follows=follows)
    polls = [each for each in requests(load, FIGURES, 6 * 3600) if each.kind != ADD]
    found = sum(each.crowded is not None for each in polls) / len(polls)
    assert found == pytest.approx(load.finding, rel=0.05)
    assert 0.1 < load.finding < 0.9


def test_what_is_new_goes_to_all_who_see_it_once() -> None:
    """Objects on all pages, counted by a poll that costs nothing but its objects."""
    counting = replace(FIGURES, idle=0.0, poll=0.0, entry=1.0, rates=(Rate(1, 1, 10.0, 0),))
    seconds = 12 * 3600
    on_pages = sum(each.cost for each in requests(SMALL, counting, seconds) if each.kind != ADD)
    assert on_pages == pytest.approx(SMALL.entries_per_second * seconds, rel=0.1)
    assert SMALL.entries_per_second == pytest.approx(100_000 / DAY * (0.5 + 0.5 * 5 / 20) * 100)


def test_bursts_bring_as_many_objects_as_were_asked_for() -> None:
    adding = replace(FIGURES, envelope=0.0, added=1.0)
    seconds = 24 * 3600
    assert sum(each.cost for each in requests(SMALL, adding, seconds) if each.kind == ADD) == pytest.approx(100_000, rel=0.1)


# ---- both together


def test_the_workers_are_as_busy_as_arithmetic_says() -> None:
    outcome = simulate(Case("", "", SMALL, 2, 2), FIGURES, 6 * 3600)
    spent = need(SMALL, FIGURES, 0).cores / 2
    assert outcome.used == pytest.approx(spent, rel=0.1)
    assert outcome.wait_50 <= outcome.wait_95 <= outcome.wait_99 <= outcome.answer_99
    assert outcome.used < outcome.peak


def test_all_at_once_wait_for_one_another() -> None:
    quiet = replace(SMALL, objects_a_day=1e-6, within=0.0)
    outcome = simulate(Case("", "", quiet, 2, 2), FIGURES, 60)
    assert outcome.answer_99 == pytest.approx(longest_idle_second(quiet, FIGURES, 2) + FIGURES.delay, rel=0.05)


def test_the_same_seed_gives_the_same_figures() -> None:
    case = Case("", "", SMALL, 2, 2)
    assert simulate(case, FIGURES, 600, 3) == simulate(case, FIGURES, 600, 3)
    assert simulate(case, FIGURES, 600, 3) != simulate(case, FIGURES, 600, 4)


def test_what_is_needed_can_be_computed_by_hand() -> None:
    load = Load(members=10, clients=10, objects_a_day=DAY, burst=1, audiences=(Audience(1.0, 10),))
    needed = need(load, FIGURES, 1e6)
    assert needed.polls_per_second == pytest.approx(100 / 60)
    assert needed.finding == pytest.approx(1.0)
    assert needed.records_a_day == pytest.approx(100 * 1440)
    assert needed.records_a_year == pytest.approx(100 * 1440 * 365 * 100)
    assert needed.objects == pytest.approx(1.5e9)
    assert needed.sent_per_second == pytest.approx(100 / 60 * 400 + 100 * 1000)
    assert needed.cores == pytest.approx(100 / 60 * 0.002 + 100 * 0.0001 + 0.0055)


def test_who_starts_over_is_held_up_by_what_is_short() -> None:
    load = Load(members=10, clients=10, audiences=(Audience(0.5, 10), Audience(0.5, 1)))
    over = starting_over(load, FIGURES, 1e6)
    assert over.objects == pytest.approx(550_000)
    assert over.pages == pytest.approx(100 * 550_000 / PAGE)
    assert over.octets == pytest.approx(55e9)
    assert over.seconds(1, GIGABIT) == pytest.approx(55e9 / GIGABIT)
    assert over.seconds(1, 100 * GIGABIT) == pytest.approx(over.pages * 0.004)
    assert over.seconds(64, GIGABIT, is_zipped=True) == pytest.approx(11e9 / GIGABIT)


# ---- what is measured


def test_a_fixed_part_and_one_for_each_are_told_apart() -> None:
    assert gauge._fitted({1: 7.0, 10: 25.0, 1000: 2005.0}) == pytest.approx((5.0, 2.0))
    base, each = gauge._fitted({1: 7.1, 10: 25.0, 100: 204.0, 1000: 2100.0})
    assert base == pytest.approx(5.0, abs=0.2)
    assert each == pytest.approx(2.0, rel=0.05)


def test_the_key_of_an_index_is_found_in_a_document() -> None:
    document = {"a": {"b": 1}, "list": [{"c": 2}, {"c": 3}], "none": []}
    assert [weighing._inside(document, path) for path in ("a.b", "list.c", "a.x", "none.c", "a.b.c")] == [1, 2, None, None, None]


# ---- what is told


def test_figures_are_kept_as_they_were(tmp_path: Path) -> None:
    inputs.write({"sqlite": FIGURES}, tmp_path / "figures.json")
    assert inputs.read(tmp_path / "figures.json") == {"sqlite": FIGURES}


def test_the_figures_that_are_kept_were_measured_and_can_be_true() -> None:
    kept = inputs.read()
    assert kept.keys() == {"sqlite", "mongodb"}
    for each in kept.values():
        assert 0 < each.idle < each.poll < each.page < 1
        assert 0 < each.zipped < 1
        assert each.delivery_together <= each.delivery_alone
        assert [stage.stored for stage in each.stages] == sorted(stage.stored for stage in each.stages)
    assert kept["sqlite"].stages[-1].stored >= 1_000_000


def test_tables_have_as_many_cells_as_columns() -> None:
    figures = {"sqlite": FIGURES, "mongodb": FIGURES}
    outcomes = [simulate(case, FIGURES, 60) for case in cases(SMALL, list(figures))]
    for sheet in (*sheets(SMALL, figures, 1e6), simulated(SMALL, outcomes)):
        assert {len(row) for row in sheet.rows} == {len(sheet.head)}
        assert len({line.count("|") for line in sheet.lines()}) == 1
        assert sheet.table().row_count == len(sheet.rows)
    assert len(told(SMALL, figures, 1e6, outcomes)["simulated"]) == len(outcomes) == 9


def test_the_document_says_what_the_figures_say() -> None:
    """All but the simulated table, which takes a while: it was printed by the same command."""
    text = (ROOT / "docs/scaling.md").read_text()
    for sheet in sheets(Load(), inputs.read(), 10_000_000):
        assert "\n".join(sheet.lines()) in text, f"print it anew: python -m benchmarks.capacity --markdown ({sheet.title})"


def test_curves_are_drawn_where_they_belong_and_told_in_words() -> None:
    drawing = curves("A & B", "what is seen", {"one": [(1_000, 0.01), (100_000, 10)], "two": [(1_000, 0.1)]}, (2_000, "here"))
    picture = ET.fromstring(drawing)  # noqa: S314 # our own
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A & B", "one", "two", "here", "1,000", "100,000", "10 ms", "10 s"} <= set(texts)
    first, second = [element.attrib["points"].split() for element in picture.iter("{http://www.w3.org/2000/svg}polyline")]
    assert first == ["70.0,380.0", "820.0,60.0"]
    assert second == ["70.0,273.3"]


def test_a_curve_ends_where_answers_come_too_late() -> None:
    slow = replace(FIGURES, poll=0.05, rates=(Rate(1, 20, 0.05, 0.1), Rate(2, 40, 0.05, 0.1)))
    picture = ET.fromstring(drawn(Load(), slow, 1))  # noqa: S314 # our own
    one, two, _ = [len(element.attrib["points"].split()) for element in picture.iter("{http://www.w3.org/2000/svg}polyline")]
    assert one <= two < 6
