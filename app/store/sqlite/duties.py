"""What duties go by: rulings on what is stored, jobs left by writes, and the leases that keep two schedulers from doing the same."""

from collections.abc import Sequence
from typing import Final

import apsw

from app.store.contract import RulingKind, StoredRuling
from app.store.pins import Contribution, Job
from app.store.sqlite.values import texts

_RULINGS: Final = "SELECT kind, collection, object_id, contributor, row, reason, client, made, until FROM ruling WHERE kind = :kind"
_OF_COLLECTION: Final = " AND collection = :collection"
_OF_IDS: Final = " AND object_id IN (SELECT value FROM carray(:ids))"
_OLDEST_FIRST: Final = " ORDER BY made, kind, collection, object_id, contributor, row"


def rule(connection: apsw.Connection, ruling: StoredRuling) -> None:
    """Keep a ruling."""
    values = (*_ruled(ruling), ruling.reason, ruling.client, ruling.made, ruling.until)
    connection.execute("INSERT OR REPLACE INTO ruling VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def unrule(connection: apsw.Connection, ruling: StoredRuling) -> None:
    """Forget a ruling."""
    query = "DELETE FROM ruling WHERE kind = ? AND collection = ? AND object_id = ? AND contributor = ? AND row = ?"
    connection.execute(query, _ruled(ruling))


def rulings(connection: apsw.Connection, kind: RulingKind, collection: str | None, ids: Sequence[str] | None) -> Sequence[StoredRuling]:
    """The rulings of a kind, oldest first."""
    if ids is not None and not ids:
        return []
    query = _RULINGS + ("" if collection is None else _OF_COLLECTION) + ("" if ids is None else _OF_IDS) + _OLDEST_FIRST
    bindings = {"kind": kind.value, "collection": collection, "ids": None if ids is None else texts(frozenset(ids))}
    return [StoredRuling(RulingKind(name), *rest) for name, *rest in connection.execute(query, bindings)]


def lease(connection: apsw.Connection, name: str, holder: str, until: int, now: int) -> bool:
    """Take or keep a lease; False while another's time is not over."""
    query = """INSERT INTO lease VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?3
        WHERE lease.holder = ?2 OR lease.until <= ?4 RETURNING 1"""
    return connection.execute(query, (name, holder, until, now)).fetchone() is not None


def add_job(connection: apsw.Connection, job: Job) -> None:
    """Keep a job, once."""
    connection.execute("INSERT OR IGNORE INTO job (collection, target, contributor) VALUES (?, ?, ?)", (job.collection, *job.target))


def jobs(connection: apsw.Connection) -> Sequence[Job]:
    """All jobs, oldest first."""
    rows = connection.execute("SELECT collection, target, contributor FROM job ORDER BY number")
    return [Job(collection, Contribution(*target)) for collection, *target in rows]


def end_job(connection: apsw.Connection, job: Job) -> None:
    """Forget a job."""
    connection.execute("DELETE FROM job WHERE collection = ? AND target = ? AND contributor = ?", (job.collection, *job.target))


def _ruled(ruling: StoredRuling) -> tuple[str, str, str, str, int]:
    """What a ruling is on."""
    return ruling.kind.value, ruling.collection, ruling.object_id, ruling.contributor, ruling.row
