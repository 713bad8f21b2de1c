"""Acknowledged is kept (DESIGN 2, promise 3): the server is killed at random moments of its writing. `make crash` does it for longer."""

import random
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from benchmarks.crash import Rounds
from benchmarks.database import SERVER, database

ROUNDS = 10
MONGODB_ROUNDS = 3
"""Each takes many times what one takes over a file; `make crash` does more."""


def test_nothing_acknowledged_is_lost_and_nothing_is_there_by_halves(tmp_path: Path) -> None:
    """Objects byte for byte, deletes, releases, status resources, sealed chains; the server comes back by itself every time."""
    rounds = Rounds(f"sqlite:///{tmp_path}/store.sqlite", tmp_path, random.Random(7))
    found = rounds.run(ROUNDS)
    assert not found.wrong
    assert len(found.starts) == ROUNDS + 1
    assert found.acknowledged > ROUNDS
    assert found.in_doubt > 0, "no kill came in the midst of anything"
    with closing(apsw.Connection(str(tmp_path / "store.sqlite"))) as connection:
        connection.execute(SPOIL)
    wrong = "\n".join(rounds.look_at_all())
    assert all(words in wrong for words in WORDS), f"what was done to the store went unnoticed: {wrong}"


@pytest.mark.skipif(not SERVER.exists(), reason="no MongoDB server: `make setup-dev` installs one")
@pytest.mark.parametrize("kill", ["server", "database"])
def test_the_same_over_mongodb(tmp_path: Path, kill: str) -> None:
    """A server that dies in the midst of a write; a database that dies, with its server or without it, which then goes on by itself."""
    with database(tmp_path) as running:
        rounds = Rounds(running.store, tmp_path, random.Random(2), 2.0, running if kill == "database" else None)
        found = rounds.run(MONGODB_ROUNDS)
        assert not found.wrong
        assert len(running.starts) == 1 + (MONGODB_ROUNDS if kill == "database" else 0)
    assert found.acknowledged > MONGODB_ROUNDS
    assert found.in_doubt > 0, "no kill came in the midst of anything"


SPOIL = """
UPDATE version SET raw = CAST(replace(raw, 'caf', 'kaf') AS BLOB) WHERE row = (SELECT min(row) FROM page);
DELETE FROM page WHERE row = (SELECT max(row) FROM page);
UPDATE sealed SET record = CAST(record || ' ' AS BLOB) WHERE number = 2;
"""
WORDS = ("is not what was sent", "was acknowledged and is missing", "was changed", "missing from the page index")
