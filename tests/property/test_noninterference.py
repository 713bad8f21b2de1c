"""Silence about the rest (DESIGN 2, promise 1; access-policy 6, property 1): what a client may not see changes nothing that he receives.

Each history is played once whole and once as it would have been without what an observer can never see. Every answer that he gets, to his reads on
every endpoint and to his own deeds, must be equal to the last byte. Beside that, no answer holds a token or an id of something that he may not see.

`LEGATION_PROVE_EXAMPLES` says how many histories are played: a few dozen by default, thousands where there is time.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from property.cast import ALLIANCE, terms_of
from property.dates import Leak
from property.histories import Add, Deed, history
from property.leaks import LEAKS
from property.proving import Tally, observers_of, prove
from property.purge import Fate
from property.stage import in_memory, on_disk
from worlds import GREEN, NG_IDENTITY, RED, indicator

EXAMPLES: Final = int(os.environ.get("LEGATION_PROVE_EXAMPLES", "40"))
IS_SHORT: Final = EXAMPLES <= 100
ON_DISK: Final = max(2, EXAMPLES // 10)


def tally_of(seeds: range, make_store: Any, tally: Tally) -> None:
    """Prove the histories of these seeds."""
    for seed in seeds:
        deeds = history(seed)
        try:
            asyncio.run(prove(deeds, observers_of(seed, deeds), make_store, tally))
        except Leak as leak:
            raise Leak(f"history({seed}): {leak}") from leak


def test_what_is_hidden_changes_no_byte(tmp_path: Path) -> None:
    """Promise 1, and canaries (access-policy 6, property 2)."""
    tally = Tally()
    tally_of(range(EXAMPLES), in_memory(tmp_path), tally)
    # A proof about nothing would be none.
    assert tally.answers > 100 * EXAMPLES
    assert tally.own_answers > EXAMPLES
    assert tally.fates[Fate.GONE] > 3 * EXAMPLES
    assert tally.fates[Fate.GHOST] > EXAMPLES // 4
    assert tally.inconclusive <= tally.comparisons // 20


def test_what_is_hidden_changes_no_byte_on_disk(tmp_path: Path) -> None:
    """The same over the embedded store."""
    tally = Tally()
    tally_of(range(EXAMPLES, EXAMPLES + ON_DISK), on_disk(tmp_path), tally)
    assert tally.answers > 100 * ON_DISK


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_planted_leaks_are_noticed(leak: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """access-policy 6, property 3: the tests test themselves. In the short version a history is tried first by which the leak was noticed before."""
    leak(monkeypatch)
    first = [LEAKS[leak]] if IS_SHORT else []
    for seed in [*first, *range(max(EXAMPLES, 60))]:
        try:
            tally_of(range(seed, seed + 1), in_memory(tmp_path), Tally())
        except Leak:
            return
    pytest.fail(f"{leak.__name__} went unnoticed: {leak.__doc__}")


async def test_a_hidden_first_version_ranks_nothing(tmp_path: Path) -> None:
    """Promise 1: which of two contributions is shown must not tell that one of them had an earlier version."""
    hidden = indicator(object_marking_refs=[RED])
    visible = {**hidden, "modified": "2026-02-03T00:00:00.000Z", "object_marking_refs": [GREEN]}
    deeds: list[Deed] = [
        Add("ke-cert/misp", ALLIANCE, (hidden,)),
        Add("za-cert/misp", ALLIANCE, ({**visible, "name": "another's"},)),
        Add("ke-cert/misp", ALLIANCE, (visible,)),
    ]
    await prove(deeds, ["secretariat/editor"], in_memory(tmp_path), Tally())


async def test_an_older_hidden_relay_closes_nothing_newer(tmp_path: Path) -> None:
    """Promise 1: only what supersedes a version may close it; what the same organisation relayed under an older version is not that."""
    shared, closed = terms_of("ng-cert", 2), terms_of("ng-cert", 0)
    own = indicator(modified="2026-02-05T00:00:00.000Z", object_marking_refs=[GREEN])
    relayed = {**own, "modified": "2026-02-02T00:00:00.000Z", "created_by_ref": NG_IDENTITY, "object_marking_refs": [GREEN, shared["id"]]}
    original = {**relayed, "modified": "2026-02-01T00:00:00.000Z", "object_marking_refs": [GREEN, closed["id"]]}
    deeds: list[Deed] = [
        Add("ng-cert/misp", ALLIANCE, (shared, closed)),
        Add("ke-cert/misp", ALLIANCE, (own,)),
        Add("ke-cert/misp", ALLIANCE, (relayed,)),
        Add("ng-cert/misp", ALLIANCE, (original,)),
    ]
    await prove(deeds, ["secretariat/editor"], in_memory(tmp_path), Tally())
