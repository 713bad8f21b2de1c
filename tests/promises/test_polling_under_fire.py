"""No follower ever misses an object (DESIGN 2, promise 2), in processes as operators run them, while servers and workers are killed.

What is counted by `make missed` for longer. Nothing here waits for a time: the kills come when so much is acknowledged, the end when all is followed.
"""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.fleet import Fleet, Line
from benchmarks.following import ByNext, Ledger, Version
from benchmarks.missed import Arrangement, Counted, _followed, count

OLD, NEW = Version("indicator--1", "2026-01-10T08:00:00.000Z"), Version("indicator--1", "2026-01-11T08:00:00.000Z")
NARROW = Version("indicator--2", "2026-01-10T08:00:00.000Z")


@pytest.mark.parametrize("workers", [1, 4])
def test_nobody_misses_anything_while_servers_are_killed(tmp_path: Path, workers: int) -> None:
    """C9, C10, C16, C17: everything once per version, for those who go by their own clock at least once; no 5xx."""
    arrangement = Arrangement(workers=workers, writers=3, objects=1_200, of_each=1, kills=2)
    counted = count(f"sqlite:///{tmp_path}/store.sqlite", tmp_path, arrangement)
    assert counted.is_clean, counted
    assert counted.acknowledged > 1_200
    assert all(each.received > 500 for each in counted.followed)


def counted(got: Counter[Version], *, every: bool = True, client: str = "pl-cert/misp", failures: tuple[str, ...] = ()) -> Counted:
    """What is told of a follower who got this, when both versions were acknowledged, and one that he may not see."""
    ledger = Ledger({OLD, NEW, NARROW}, {OLD, NEW, NARROW}, {NARROW})
    fleet = Fleet("sqlite:///x", {client: "token"}, [])
    follower = ByNext(Line.__new__(Line), client, 10, every, "next", got=got)
    return Counted(Arrangement(), 3, 0, 1.0, [*fleet.failures, *failures], [_followed(follower, ledger)])


def test_what_is_missed_repeated_or_strange_is_counted() -> None:
    """A count that never finds anything would prove nothing."""
    assert counted(Counter([OLD, NEW])).is_clean
    assert counted(Counter([OLD, NEW, NARROW]), client="gh-cert/misp").is_clean
    assert counted(Counter([NEW]), every=False).is_clean
    assert counted(Counter([OLD])).followed[0].missed == 1
    assert counted(Counter([OLD]), every=False).followed[0].missed == 1
    assert counted(Counter([OLD, NEW]), client="gh-cert/misp").followed[0].missed == 1
    assert counted(Counter([OLD, NEW, NEW])).followed[0].twice == 1
    assert counted(Counter([OLD, NEW, NARROW])).followed[0].strange == 1
    for wrong in (Counter([OLD]), Counter([OLD, NEW, NEW]), Counter([OLD, NEW, NARROW])):
        assert not counted(wrong).is_clean
    assert not counted(Counter([OLD, NEW]), failures=("503",)).is_clean
