"""What the file has wrong: damage that SQLite itself finds, and whatever is kept twice and disagrees.

A page is read from lanes, never from the rows: a row that stands in the wrong lane, or in none, is served to the wrong readers or to nobody. What the rows
themselves should say is not known here (app/sharing/verify.py).
"""

from collections.abc import Iterator, Sequence
from typing import Final

import apsw

from app.store.sqlite.ids import teach_keys
from app.store.sqlite.schema import ANY_TYPE

MOST_DAMAGES: Final = 20
"""One is enough to restore a backup; SQLite would name each."""

_KEYS: Final = "SELECT key, row FROM id_recent UNION ALL SELECT key, row FROM id_settled"
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
    "{} collections count other than they hold": """SELECT count(*) FROM collection c
        LEFT JOIN (SELECT v.collection, sum(s.deleted = 0) held FROM version v CROSS JOIN standing s ON s.row = v.row GROUP BY v.collection) f
            ON f.collection = c.number WHERE c.held <> coalesce(f.held, 0)""",
    "{} collections may give a date_added, or the number of a label, twice": """SELECT count(*) FROM collection c
        LEFT JOIN (SELECT v.collection, max(s.date_added) newest FROM version v CROSS JOIN standing s ON s.row = v.row GROUP BY v.collection) f
            ON f.collection = c.number
        WHERE c.newest < coalesce(f.newest, 0)
        OR c.labels < (SELECT coalesce(max(number), 0) FROM label l WHERE l.collection = c.number)""",
    "{} rows have numbers that will be given again": "SELECT count(*) FROM version WHERE row > (SELECT rows FROM counter)",
    "{} pins belong to rows that are not there, or name nothing of their collection": """SELECT count(*) FROM pin n
        LEFT JOIN version v ON v.row = n.row LEFT JOIN target t ON t.number = n.target WHERE v.collection IS NOT t.collection OR v.row IS NULL""",
    "{} versions are not found by their ids, or are found by others": f"""SELECT count(*) FROM version v
        LEFT JOIN ({_KEYS}) n ON n.row = v.row WHERE n.key IS NOT id_key(v.collection, v.object_id)""",  # noqa: S608 - a constant
    "{} entries of the index of ids are one too many, or not counted": f"""SELECT abs((SELECT count(*) FROM ({_KEYS})) - (SELECT count(*) FROM standing))
        + abs((SELECT count(*) FROM id_recent) - (SELECT recent FROM counter))""",  # noqa: S608 - a constant
    "{} versions are not known to be alone under their ids, or not to be": f"""SELECT count(*) FROM
        (SELECT row, count(*) OVER (PARTITION BY key) > 1 crowded FROM ({_KEYS})) n JOIN standing s ON s.row = n.row
        LEFT JOIN version v ON v.row = n.row LEFT JOIN crowd o ON o.collection = v.collection AND o.object_id = v.object_id
            AND o.contributor = v.contributor AND o.key = v.key AND o.row = v.row
        WHERE s.crowded <> n.crowded OR n.crowded <> (o.row IS NOT NULL)""",  # noqa: S608 - a constant
    "{} entries about versions that are not alone are one too many": """SELECT abs(
        (SELECT count(*) FROM crowd) - (SELECT count(*) FROM standing WHERE crowded = 1))""",
}  # fmt: skip
"""What is told of a number that is not zero → the query for the number."""


def faults(connection: apsw.Connection) -> Sequence[str]:
    """What is wrong, in words; all of it as of one moment. Of a damaged file no more is told. Nothing else may use the connection meanwhile."""
    teach_keys(connection)
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
