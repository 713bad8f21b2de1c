"""The sealed chains of the store's main file: written with the change they tell of, on the writer's thread; read by whoever checks them."""

from collections.abc import Mapping, Sequence

import apsw

from app.audit.chain import Head, Sealed, empty, seal


def append(connection: apsw.Connection, chain: str, record: bytes) -> None:
    """Seal a record at the end of a chain."""
    new = seal(_head(connection, chain) or empty(chain), record)
    connection.execute("INSERT INTO sealed VALUES (?, ?, ?, ?)", (chain, new.number, new.record, new.seal))


def heads(connection: apsw.Connection) -> Mapping[str, Head]:
    """Where each chain ends. From chain to chain, not over their records."""
    found: dict[str, Head] = {}
    chain = ""
    while (row := connection.execute("SELECT chain FROM sealed WHERE chain > ? ORDER BY chain LIMIT 1", (chain,)).fetchone()) is not None:
        chain = row[0]
        found[chain] = _head(connection, chain) or empty(chain)
    return found


def sealed(connection: apsw.Connection, chain: str, limit: int, after: int) -> Sequence[Sealed]:
    """The records of a chain above `after`."""
    query = "SELECT number, record, seal FROM sealed WHERE chain = ? AND number > ? ORDER BY number LIMIT ?"
    return [Sealed(*row) for row in connection.execute(query, (chain, after, limit))]


def _head(connection: apsw.Connection, chain: str) -> Head | None:
    row = connection.execute("SELECT number, seal FROM sealed WHERE chain = ? ORDER BY number DESC LIMIT 1", (chain,)).fetchone()
    return None if row is None else Head(*row)
