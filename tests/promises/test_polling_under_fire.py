"""No follower ever misses an object (DESIGN 2, promise 2), in processes as operators run them, while servers and workers are killed.

What is counted by `make missed` for longer. Nothing here waits for a time: the kills come when so much is acknowledged, the end when all is followed.
"""

from pathlib import Path

import orjson
import pytest

from benchmarks.client import Answer
from benchmarks.database import SERVER
from benchmarks.fleet import Line
from benchmarks.following import ByManifest, Ledger, Version
from benchmarks.missed import Arrangement, Counted, _followed, count, store_in

OLD, NEW = Version("indicator--1", "2026-01-10T08:00:00.000Z"), Version("indicator--1", "2026-01-11T08:00:00.000Z")
NARROW = Version("indicator--2", "2026-01-10T08:00:00.000Z")


@pytest.mark.parametrize("workers", [1, 4])
def test_nobody_misses_anything_while_servers_are_killed(tmp_path: Path, workers: int) -> None:
    """C9, C10, C16, C17: everything once per version, for those who go by their own clock at least once; no 5xx."""
    arrangement = Arrangement(workers=workers, writers=3, objects=1_200, of_each=1, kills=2)
    counted = count(f"sqlite:///{tmp_path}/store.sqlite", tmp_path, arrangement)
    assert counted.is_clean, counted
    assert counted.acknowledged > 1_200
    assert all(each.received > 500 and not each.redated for each in counted.followed), counted


@pytest.mark.skipif(not SERVER.exists(), reason="no MongoDB server: `make setup-dev` installs one")
@pytest.mark.parametrize("processes", [1, 3])
def test_nobody_misses_anything_over_mongodb(tmp_path: Path, processes: int) -> None:
    """The same where servers share nothing but a database: one that is killed in the midst of a write keeps nobody waiting until he is refused."""
    arrangement = Arrangement(processes, writers=2, objects=600, of_each=1, kills=1, envelope=300)
    with store_in(tmp_path, mongodb=True) as store:
        counted = count(store, tmp_path, arrangement)
    assert counted.is_clean, counted
    assert counted.acknowledged > 600
    assert all(each.received > 250 and not each.redated for each in counted.followed), counted


def follower(*, every: bool = True, client: str = "pl-cert/misp") -> ByManifest:
    """One that has asked for nothing yet."""
    return ByManifest(Line.__new__(Line), client, 10, every, "manifest")


def page(first: int, *versions: Version) -> Answer:
    """A page of the manifest whose entries were added from that second on."""
    entries = [
        {"id": each.object_id, "version": each.modified, "date_added": f"2026-03-01T12:00:{first + place:02}.000001Z"}
        for place, each in enumerate(versions)
    ]
    head = "HTTP/1.1 200 OK\r\n" + "".join(
        f"X-TAXII-Date-Added-{name}: {entry['date_added']}\r\n" for name, entry in (("First", entries[0]), ("Last", entries[-1]))
    )
    return Answer(200, head.encode(), orjson.dumps({"objects": entries}))


def counted(one: ByManifest, *pages: Answer, failures: tuple[str, ...] = ()) -> Counted:
    """What is told of a follower who got these pages, when both versions were acknowledged, and one for few."""
    for each in pages:
        one.take(each)
    ledger = Ledger({OLD, NEW, NARROW}, {OLD, NEW, NARROW}, {NARROW})
    return Counted(Arrangement(), 3, 0, 1.0, list(failures), [_followed(one, ledger)])


def test_whoever_gets_all_that_he_may_see_once_is_content() -> None:
    assert counted(follower(), page(1, OLD, NEW)).is_clean
    assert counted(follower(), page(1, OLD), page(2, NEW)).is_clean
    assert counted(follower(client="gh-cert/misp"), page(1, OLD, NARROW, NEW)).is_clean
    assert counted(follower(every=False), page(1, NEW)).is_clean


def test_what_is_missed_repeated_or_strange_is_counted() -> None:
    """A count that never finds anything would prove nothing."""
    for one, pages, name in (
        (follower(), [page(1, OLD)], "missed"),
        (follower(every=False), [page(1, OLD)], "missed"),
        (follower(client="gh-cert/misp"), [page(1, OLD, NEW)], "missed"),
        (follower(), [page(1, OLD, NEW, NEW)], "twice"),
        (follower(), [page(1, OLD, NEW), page(2, NEW)], "twice"),
        (follower(), [page(1, OLD, NEW, NARROW)], "strange"),
    ):
        found = counted(one, *pages)
        assert getattr(found.followed[0], name) == 1
        assert not found.is_clean
    assert not counted(follower(), page(1, OLD, NEW), failures=("503",)).is_clean


def test_what_comes_again_under_a_later_date_is_no_repetition() -> None:
    """Once per version and date_added (DESIGN 2, promise 2)."""
    found = counted(follower(), page(1, OLD, NEW), page(3, NEW))
    assert (found.followed[0].twice, found.followed[0].redated) == (0, 1)
    assert found.is_clean
