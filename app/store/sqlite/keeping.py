"""What is told of a store, kept in files: pieces under the numbers and dates that they have, and everything that is made of them (app/store/moving.py).

Within a transaction of the file that they belong to. The deliveries of a portion are kept before the mark that says so: keeping them once more changes
nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import apsw

from app.store.contract import InForce, StoredRuling, StoredStatus, StoredToken
from app.store.moving import KeptLabel, KeptRecord, KeptVersion, Part, Standing
from app.store.pins import Job
from app.store.records import Batch, Poll, Refusal
from app.store.sqlite import duties, registry
from app.store.sqlite.delivered import head
from app.store.sqlite.deliveries import Ledger
from app.store.sqlite.labels import number_of
from app.store.sqlite.lanes import Lanes
from app.store.sqlite.rows import keep as keep_rows


def keep_counters(store: apsw.Connection, standing: Standing) -> None:
    """The counter of rows and those of collections."""
    store.execute("UPDATE counter SET rows = ?", (standing.rows,))
    store.executemany(
        "INSERT INTO collection (key, labels, newest) VALUES (?, ?, ?)",
        ((each.key, each.labels, each.newest) for each in standing.collections),
    )


def _alliance(store: apsw.Connection, pieces: Sequence[InForce]) -> None:
    for each in pieces:
        registry.keep_in_force(store, each)


def _labels(store: apsw.Connection, pieces: Sequence[KeptLabel]) -> None:
    numbers = {key: number_of(store, key) for key in {each.collection for each in pieces}}
    rows = ((numbers[each.collection], each.number, each.text, each.organisation, each.made) for each in pieces)
    store.executemany("INSERT INTO label VALUES (?, ?, ?, ?, ?)", rows)


def _versions(store: apsw.Connection, pieces: Sequence[KeptVersion]) -> None:
    lanes = Lanes(store)
    for key, some in groupby(sorted(pieces, key=lambda each: each.collection), key=lambda each: each.collection):
        keep_rows(store, number_of(store, key), lanes, [(each.arrival.stored.row, each.arrival) for each in some])


def _rulings(store: apsw.Connection, pieces: Sequence[StoredRuling]) -> None:
    for each in pieces:
        duties.rule(store, each)


def _jobs(store: apsw.Connection, pieces: Sequence[Job]) -> None:
    for each in pieces:
        duties.add_job(store, each)


def _statuses(store: apsw.Connection, pieces: Sequence[StoredStatus]) -> None:
    for each in pieces:
        registry.keep_status(store, each)


def _tokens(store: apsw.Connection, pieces: Sequence[StoredToken]) -> None:
    for each in pieces:
        registry.add_token(store, each)


def _records(store: apsw.Connection, pieces: Sequence[KeptRecord]) -> None:
    rows = ((each.chain, each.sealed.number, each.sealed.record, each.sealed.seal) for each in pieces)
    store.executemany("INSERT INTO sealed VALUES (?, ?, ?, ?)", rows)


def _batches(records: apsw.Connection, pieces: Sequence[Batch]) -> None:
    newest, ledger = head(records), Ledger(records)
    for each in pieces:
        if newest is None or each.number > newest.number:
            ledger.keep(each)


def _polls(records: apsw.Connection, pieces: Sequence[Poll]) -> None:
    rows = ((each.client, each.collection, each.at, each.from_start, each.position, each.objects) for each in pieces)
    records.executemany("INSERT OR REPLACE INTO poll VALUES (?, ?, ?, ?, ?, ?)", rows)


def _refusals(records: apsw.Connection, pieces: Iterable[Refusal]) -> None:
    rows = ((each.minute, each.client, each.request, each.status, each.count) for each in pieces)
    records.executemany("INSERT OR REPLACE INTO refusal VALUES (?, ?, ?, ?, ?)", rows)


KEEPING: Final[Mapping[Part, Callable[[apsw.Connection, Sequence[Any]], None]]] = {
    Part.ALLIANCE: _alliance,
    Part.LABELS: _labels,
    Part.VERSIONS: _versions,
    Part.RULINGS: _rulings,
    Part.JOBS: _jobs,
    Part.STATUSES: _statuses,
    Part.TOKENS: _tokens,
    Part.RECORDS: _records,
    Part.BATCHES: _batches,
    Part.POLLS: _polls,
    Part.REFUSALS: _refusals,
}
"""How the pieces of each part are kept."""
