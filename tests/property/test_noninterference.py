"""Silence about the rest (DESIGN 2, promise 1; access-policy 6, properties 1 to 3): what a client may not see changes nothing that he receives.

Each history is played once whole and once as it would have been without what an observer can never see. Every answer that he gets, to his reads on
every endpoint and to his own deeds, must be equal to the last byte. Beside that, no answer holds a token or an id of something that he may not see.
"""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from property.cast import ALLIANCE, CURATOR, INTAKE, Content, terms_of
from property.dates import Leak
from property.histories import Add, Deed, Release, history
from property.leaks import LEAKS, Leaking, caught_within
from property.proving import Tally, observers_of, prove
from property.purge import Fate
from property.sockets import through_sockets
from property.stage import OpenStage, in_memory, on_disk, open_stage
from worlds import AMBER, GREEN, NG_IDENTITY, RED, indicator, relationship

from app.access.cedar import CedarJudge

SHORT = 20
"""Histories in memory; less where they cost more."""


def in_a_store(folder: Path) -> OpenStage:
    """In memory, with a judge that remembers: thousands of histories."""
    return partial(open_stage, in_memory(folder))


def in_a_file(folder: Path) -> OpenStage:
    """The embedded store and the judge as they are."""
    return partial(open_stage, on_disk(folder), make_judge=CedarJudge)


def behind_a_socket(folder: Path) -> OpenStage:
    """The web server that operators run."""
    return partial(open_stage, in_memory(folder), face=through_sockets)


def play(seed: int, stage: OpenStage, tally: Tally) -> int:
    """Prove the history of a seed; how many answers were compared. Raises Leak."""
    deeds, before = history(seed), tally.answers
    try:
        asyncio.run(prove(deeds, observers_of(seed, deeds), stage, tally))
    except Leak as leak:
        raise Leak(f"history({seed}): {leak}") from leak
    return tally.answers - before


def test_promise_1_what_is_hidden_changes_no_byte(tmp_path: Path) -> None:
    """DESIGN 2, promise 1; access-policy 6, properties 1 and 2."""
    tally = Tally()
    assert sum(play(seed, in_a_store(tmp_path), tally) for seed in range(SHORT)) > 100 * SHORT
    # A proof about nothing would be none.
    assert tally.own_answers > SHORT
    assert tally.fates[Fate.GONE] > 3 * SHORT
    assert tally.fates[Fate.GHOST] > SHORT // 4
    assert tally.inconclusive <= tally.comparisons // 20
    assert {"Add", "Delete", "Release", "Reload", "Hold", "Withdraw"} <= set(tally.dropped)


@pytest.mark.parametrize("stage", [in_a_file, behind_a_socket], ids=lambda stage: stage.__name__)
def test_promise_1_holds_over_files_and_sockets(stage: OpenStage, tmp_path: Path) -> None:
    """The same where clients meet it."""
    assert sum(play(seed, stage(tmp_path), Tally()) for seed in range(SHORT, SHORT + 2)) > 200


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_promise_1_planted_leaks_are_noticed(leak: Leaking, tmp_path: Path) -> None:
    """access-policy 6, property 3: the tests test themselves. Tried first is the history by which the leak was noticed before."""
    caught_within(leak, lambda seed: play(seed, in_a_store(tmp_path), Tally()), first=LEAKS[leak])


# ---- smallest histories of leaks that were found

SHARED, CLOSED = terms_of("ng-cert", 2), terms_of("ng-cert", 0)


async def test_a_hidden_first_version_ranks_nothing(tmp_path: Path) -> None:
    """Which of two contributions is shown must not tell that one of them had an earlier version."""
    hidden = indicator(object_marking_refs=[RED])
    visible = {**hidden, "modified": "2026-02-03T00:00:00.000Z", "object_marking_refs": [GREEN]}
    deeds: list[Deed] = [
        Add("ke-cert/misp", ALLIANCE, (hidden,)),
        Add("za-cert/misp", ALLIANCE, ({**visible, "name": "another's"},)),
        Add("ke-cert/misp", ALLIANCE, (visible,)),
    ]
    await prove(deeds, ["secretariat/editor"], in_a_store(tmp_path), Tally())


async def test_an_older_hidden_relay_closes_nothing_newer(tmp_path: Path) -> None:
    """Only what supersedes a version may close it; what the same organisation relayed under an older version is not that."""
    own = indicator(modified="2026-02-05T00:00:00.000Z", object_marking_refs=[GREEN])
    relayed = {**own, "modified": "2026-02-02T00:00:00.000Z", "created_by_ref": NG_IDENTITY, "object_marking_refs": [GREEN, SHARED["id"]]}
    original = {**relayed, "modified": "2026-02-01T00:00:00.000Z", "object_marking_refs": [GREEN, CLOSED["id"]]}
    deeds: list[Deed] = [
        Add("ng-cert/misp", ALLIANCE, (SHARED, CLOSED)),
        Add("ke-cert/misp", ALLIANCE, (own,)),
        Add("ke-cert/misp", ALLIANCE, (relayed,)),
        Add("ng-cert/misp", ALLIANCE, (original,)),
    ]
    await prove(deeds, ["secretariat/editor"], in_a_store(tmp_path), Tally())


SEEN, UNSEEN = indicator(object_marking_refs=[GREEN]), indicator(object_marking_refs=[GREEN, CLOSED["id"]])
WITHHELD = relationship(UNSEEN["id"], SEEN["id"])


@pytest.mark.parametrize(
    "others",
    [
        [indicator(object_marking_refs=[AMBER]), indicator(object_marking_refs=[GREEN])],
        [relationship(SEEN["id"], SEEN["id"], object_marking_refs=[AMBER]), relationship(SEEN["id"], SEEN["id"])],
    ],
    ids=["before what refers", "among what refers"],
)
async def test_what_is_withheld_leads_no_label(others: list[Content], tmp_path: Path) -> None:
    """The order of labels within a commit must not tell that under one of them something else came first."""
    deeds: list[Deed] = [
        Add("ng-cert/misp", ALLIANCE, (CLOSED, SEEN, UNSEEN)),
        Add("ng-cert/misp", ALLIANCE, (WITHHELD, *others)),
    ]
    await prove(deeds, ["ke-cert/misp"], in_a_store(tmp_path), Tally())


async def test_a_curator_is_told_of_what_he_reads_alone(tmp_path: Path) -> None:
    """Not of what his organisation relayed for others than him."""
    for_kenya, waiting = terms_of("secretariat", 1), indicator(object_marking_refs=[GREEN])
    relayed = {**waiting, "created_by_ref": NG_IDENTITY, "object_marking_refs": [GREEN, for_kenya["id"]]}
    deeds: list[Deed] = [
        Add("vendor/push", INTAKE, (waiting,)),
        Release(CURATOR, INTAKE, (waiting["id"],), ALLIANCE),
        Add("secretariat/editor", ALLIANCE, (for_kenya, relayed)),
        Add("vendor/push", INTAKE, ({**waiting, "modified": "2026-02-03T00:00:00.000Z"},)),
    ]
    await prove(deeds, [CURATOR], in_a_store(tmp_path), Tally())
