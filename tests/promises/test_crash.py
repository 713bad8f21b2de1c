"""Acknowledged is kept (DESIGN 2, promise 3): the server is killed at random moments of its writing. `make crash` does it for longer."""

import random
from contextlib import closing
from pathlib import Path

import apsw

from benchmarks.crash import Rounds

ROUNDS = 10


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


SPOIL = """
UPDATE version SET raw = CAST(replace(raw, 'caf', 'kaf') AS BLOB) WHERE row = (SELECT min(row) FROM page);
DELETE FROM page WHERE row = (SELECT max(row) FROM page);
UPDATE sealed SET record = CAST(record || ' ' AS BLOB) WHERE number = 2;
"""
WORDS = ("is not what was sent", "was acknowledged and is missing", "was changed", "missing from the page index")
