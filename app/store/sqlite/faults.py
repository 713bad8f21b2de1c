"""What the file has wrong: damage that SQLite itself finds, and whatever is kept twice and disagrees.

A page is read from lanes, never from the rows: a row that stands in the wrong lane, or in none, is served to the wrong readers or to nobody. What the rows
themselves should say is not known here (app/sharing/verify.py).
"""

from collections.abc import Iterator, Sequence
from typing import Final

import apsw

from app.store.sqlite.schema import ANY_TYPE

MOST_DAMAGES: Final = 20
"""One is enough to restore a backup; SQLite would name each."""

_CHECKS: Final = {
    "{} versions have no standing, or a standing has no version": """SELECT
        (SELECT count(*) FROM version v LEFT JOIN standing s ON s.row = v.row WHERE s.row IS NULL)
        + (SELECT count(*) FROM standing s LEFT JOIN version v ON v.row = s.row WHERE v.row IS NULL)""",
    "{} versions that are not deleted have no bytes, or deleted ones have": """SELECT count(*) FROM version v CROSS JOIN standing s ON s.row = v.row
        WHERE (v.raw IS NULL) <> s.deleted""",
    "{} entries of the page index are not what their rows say": f"""SELECT count(*) FROM page p
        LEFT JOIN lane a ON a.number = p.lane LEFT JOIN standing s ON s.row = p.row LEFT JOIN version v ON v.row = p.row
        WHERE NOT coalesce(s.deleted = 0 AND s.date_added = p.date_added AND s.flagged = p.flagged AND s.label = p.label AND a.label = p.label
            AND a.candidate = s.candidate AND a.collection = v.collection AND a.object_type IN ('{ANY_TYPE}', v.object_type), 0)""",  # noqa: S608 - a constant
    "{} versions are missing from the page index": """SELECT abs(
        2 * (SELECT count(*) FROM standing WHERE deleted = 0) - (SELECT count(*) FROM page))""",
    "{} lanes say that their newest row is older than it is": """SELECT count(*) FROM lane a
        WHERE a.newest < (SELECT max(p.date_added) FROM page p WHERE p.lane = a.number)""",
    "{} rows share their date_added with another of their collection": f"""SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) n FROM page p
        CROSS JOIN lane a ON a.number = p.lane WHERE a.object_type = '{ANY_TYPE}' GROUP BY a.collection, p.date_added HAVING count(*) > 1)""",  # noqa: S608 - a constant
    "{} collections count other than they hold": """SELECT count(*) FROM collection c WHERE c.held <>
        (SELECT count(*) FROM version v INDEXED BY version_by_id CROSS JOIN standing s ON s.row = v.row
            WHERE v.collection = c.number AND s.deleted = 0)""",
    "{} collections may give a date_added, or the number of a label, twice": """SELECT count(*) FROM collection c WHERE
        c.newest < (SELECT coalesce(max(s.date_added), 0) FROM version v INDEXED BY version_by_id CROSS JOIN standing s ON s.row = v.row
            WHERE v.collection = c.number)
        OR c.labels < (SELECT coalesce(max(number), 0) FROM label l WHERE l.collection = c.number)""",
    "{} rows have numbers that will be given again": "SELECT count(*) FROM version WHERE row > (SELECT rows FROM counter)",
    "{} pins belong to rows that are not there, or name nothing of their collection": """SELECT count(*) FROM pin n
        LEFT JOIN version v ON v.row = n.row LEFT JOIN target t ON t.number = n.target WHERE v.collection IS NOT t.collection OR v.row IS NULL""",
}  # fmt: skip
"""What is told of a number that is not zero → the query for the number."""


def faults(connection: apsw.Connection) -> Sequence[str]:
    """What is wrong, in words; all of it as of one moment. Of a damaged file no more is told. Nothing else may use the connection meanwhile."""
    connection.execute("BEGIN")
    try:
        return list(_damages(connection)) or list(_disagreements(connection))
    finally:
        if connection.in_transaction:  # an error may have ended it
            connection.execute("ROLLBACK")  # nothing was written; and a damaged file cannot even end a read by COMMIT


def _damages(connection: apsw.Connection) -> Iterator[str]:
    try:
        for (text,) in connection.execute(f"PRAGMA integrity_check({MOST_DAMAGES})"):
            if text != "ok":
                yield f"the file is damaged: {' '.join(text.split())}"
    except apsw.CorruptError as error:  # even the check may stumble over it
        yield f"the file is damaged: {error}"


def _disagreements(connection: apsw.Connection) -> Iterator[str]:
    for text, query in _CHECKS.items():
        count: int = connection.execute(query).get
        if count:
            yield text.format(count)
