"""What the store keeps beside objects: the alliance in force, statuses, tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import apsw
from isal import isal_zlib

from app.store.contract import InForce, StoredStatus, StoredToken
from app.store.sqlite.connection import immediate
from app.store.sqlite.values import integer_if_any

_COMPRESSION_LEVEL: Final = 1
STATUSES_SWEPT: Final = 100
"""How many old statuses go with each new one: more than come, and never a long write."""


def epoch(connection: apsw.Connection) -> int:
    """The epoch in force; 0 before the first alliance."""
    found: int = connection.execute("SELECT epoch FROM counter").get  # asked more often than anything else
    return found


def in_force(connection: apsw.Connection) -> InForce | None:
    """The alliance in force."""
    row = connection.execute("SELECT epoch, digest, document FROM alliance").fetchone()
    return None if row is None else InForce(*row)


def adopt(connection: apsw.Connection, document: bytes, digest: str) -> int:
    """Put an alliance in the place of the former; its epoch."""
    new = InForce(epoch(connection) + 1, digest, document)
    keep_in_force(connection, new)
    return new.epoch


def keep_in_force(connection: apsw.Connection, new: InForce) -> None:
    """Put an alliance in the place of the former, under its own epoch."""
    connection.execute("UPDATE counter SET epoch = ?", (new.epoch,))
    connection.execute("DELETE FROM alliance")
    connection.execute("INSERT INTO alliance VALUES (?, ?, ?)", (new.epoch, new.digest, new.document))


def status(connection: apsw.Connection, status_id: str, now: int) -> StoredStatus | None:
    """A status whose time is not over."""
    query = "SELECT id, root, client, organisation, document, kept_until FROM status WHERE id = ? AND kept_until > ?"
    row = connection.execute(query, (status_id, now)).fetchone()
    return None if row is None else status_of(row)


def status_of(columns: Sequence[Any]) -> StoredStatus:
    """From all columns of a status."""
    kept = StoredStatus(*columns)
    # Those of earlier releases are kept as they are: JSON, which no compressed document begins like.
    return kept if kept.document.startswith(b"{") else replace(kept, document=isal_zlib.decompress(kept.document))


def save_status(connection: apsw.Connection, kept: StoredStatus, now: int) -> None:
    """Keep a status, and let some go whose time is over."""
    over = "SELECT rowid FROM status INDEXED BY status_by_time WHERE kept_until <= ? LIMIT ?"
    connection.execute(f"DELETE FROM status WHERE rowid IN ({over})", (now, STATUSES_SWEPT))  # noqa: S608 # a constant
    keep_status(connection, kept)


def keep_status(connection: apsw.Connection, kept: StoredStatus) -> None:
    """Keep a status, in place of one of the same id."""
    document = isal_zlib.compress(kept.document, _COMPRESSION_LEVEL)  # a line for each object that was added: a tenth of the file, else
    row = (kept.id, kept.root, kept.client, kept.organisation, document, kept.kept_until)
    connection.execute("INSERT OR REPLACE INTO status VALUES (?, ?, ?, ?, ?, ?)", row)


def token(connection: apsw.Connection, digest: str) -> StoredToken | None:
    """The token with this digest."""
    row = connection.execute("SELECT * FROM token WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else StoredToken(*row)


def tokens(connection: apsw.Connection) -> Sequence[StoredToken]:
    """All tokens, oldest first."""
    return [StoredToken(*row) for row in connection.execute("SELECT * FROM token ORDER BY created, rowid")]


def add_token(connection: apsw.Connection, new: StoredToken) -> None:
    """Keep a token."""
    row = (new.id, new.client, new.digest, new.created, new.expires, new.last_used, new.revoked)
    connection.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def revoke_token(connection: apsw.Connection, token_id: str, at: int) -> bool:
    """Mark a token revoked; False if it cannot be."""
    query = "UPDATE token SET revoked = ? WHERE id = ? AND revoked = 0 RETURNING 1"
    return integer_if_any(connection, query, at, token_id) is not None


def touch_tokens(connection: apsw.Connection, used: Mapping[str, int]) -> None:
    """Move the last use of tokens forward, in a transaction of its own."""
    with immediate(connection):
        connection.executemany("UPDATE token SET last_used = max(last_used, ?2) WHERE id = ?1", used.items())
