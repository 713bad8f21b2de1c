"""The tables, and how a file of an older version is brought up to date.

* `version` is what came, and never changes, but for its bytes going when it is deleted; `standing` is how it stands now. So a change of labels moves no bytes.
* `lane` names what a page is made of: the rows of one collection, of one type or all (`*`), that may be `last` for somebody or may not, under one label. `page`
  holds them in the order of their dates. A reader's page merges the lanes he may see, so that it costs what it holds, however much is hidden or stored.
* `lane.newest` is never below the newest date in the lane: a poll opens only lanes in which something may be new.
* `id_recent` and `id_settled` say where the rows under an id are; `crowd` holds those alone of which there are several, as `standing.crowded` says.
* `candidate`: `last`, or flagged and not published: only then can a row be the newest that some reader sees.
"""

from dataclasses import dataclass, replace
from typing import Final

import apsw

from app.errors import ConfigurationError, quoted
from app.store.sqlite.ids import teach_keys
from app.store.sqlite.values import integer

APPLICATION_ID: Final = 0x4C656761
"""Marks the file as a store of this project ("Lega")."""
DELIVERIES_ID: Final = 0x4C656764
"""Marks the file of delivery records beside it ("Legd")."""
COPY_ID: Final = 0x4C656763
"""Marks the file of a store as long as its copy is not finished ("Legc"): every release refuses to open it."""

ANY_TYPE: Final = "*"
"""Stands for every object type in a lane; no STIX type can be written so."""

_FIRST: Final = """
CREATE TABLE counter (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    rows INTEGER NOT NULL,
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO counter VALUES (1, 0, 0);

CREATE TABLE alliance (epoch INTEGER PRIMARY KEY, digest TEXT NOT NULL, document BLOB NOT NULL) STRICT;

CREATE TABLE collection (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    labels INTEGER NOT NULL DEFAULT 0,
    newest INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE label (
    collection INTEGER NOT NULL,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    organisation TEXT NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (collection, number),
    UNIQUE (collection, text)
) STRICT, WITHOUT ROWID;
CREATE INDEX label_by_organisation ON label (collection, organisation, made);

CREATE TABLE version (
    row INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    object_id TEXT NOT NULL,
    object_type TEXT NOT NULL,
    contributor TEXT NOT NULL,
    rank INTEGER NOT NULL,
    version TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    source TEXT NOT NULL,
    raw BLOB
) STRICT;
CREATE INDEX version_by_id ON version (collection, object_id, contributor, key);

CREATE TABLE standing (
    row INTEGER PRIMARY KEY,
    date_added INTEGER NOT NULL,
    own INTEGER NOT NULL,
    label INTEGER NOT NULL,
    state INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    last INTEGER NOT NULL,
    flagged INTEGER NOT NULL,
    candidate INTEGER NOT NULL AS (last OR (flagged AND state <> 0)) VIRTUAL
) STRICT;

CREATE TABLE lane (
    number INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    object_type TEXT NOT NULL,
    candidate INTEGER NOT NULL,
    label INTEGER NOT NULL,
    newest INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX lane_by_label ON lane (collection, object_type, candidate, label);
CREATE INDEX lane_by_newest ON lane (collection, object_type, candidate, newest);

CREATE TABLE page (
    lane INTEGER NOT NULL,
    date_added INTEGER NOT NULL,
    row INTEGER NOT NULL,
    label INTEGER NOT NULL,
    flagged INTEGER NOT NULL,
    PRIMARY KEY (lane, date_added)
) STRICT, WITHOUT ROWID;

CREATE TABLE pin (
    row INTEGER NOT NULL,
    target TEXT NOT NULL,
    contributor TEXT NOT NULL,
    label INTEGER NOT NULL,
    PRIMARY KEY (row, target, contributor)
) STRICT, WITHOUT ROWID;

CREATE TABLE status (
    id TEXT PRIMARY KEY,
    root TEXT NOT NULL,
    client TEXT NOT NULL,
    organisation TEXT NOT NULL,
    document BLOB NOT NULL,
    kept_until INTEGER NOT NULL
) STRICT;
CREATE INDEX status_by_time ON status (kept_until);

CREATE TABLE token (
    id TEXT PRIMARY KEY,
    client TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    revoked INTEGER NOT NULL
) STRICT;
"""

_DUTIES: Final = """
CREATE TABLE ruling (
    kind TEXT NOT NULL,
    collection TEXT NOT NULL,
    object_id TEXT NOT NULL,
    contributor TEXT NOT NULL,
    row INTEGER NOT NULL,
    reason TEXT NOT NULL,
    client TEXT NOT NULL,
    made INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (kind, collection, object_id, contributor, row)
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""

_PINS: Final = """
ALTER TABLE pin RENAME TO old_pin;
CREATE TABLE pin (
    collection INTEGER NOT NULL,
    row INTEGER NOT NULL,
    target TEXT NOT NULL,
    contributor TEXT NOT NULL,
    label INTEGER NOT NULL,
    PRIMARY KEY (row, target, contributor, label)
) STRICT, WITHOUT ROWID;
INSERT INTO pin SELECT v.collection, n.row, n.target, n.contributor, n.label FROM old_pin n CROSS JOIN version v ON v.row = n.row;
DROP TABLE old_pin;
CREATE INDEX pin_by_target ON pin (collection, target, contributor, label);

UPDATE pin SET label = coalesce((
    SELECT s.label FROM version t CROSS JOIN standing s ON s.row = t.row
    WHERE t.collection = pin.collection AND t.object_id = pin.target AND t.contributor = pin.contributor
    ORDER BY s.state IN (1, 2), t.key DESC, t.row DESC LIMIT 1), label);
INSERT OR IGNORE INTO pin SELECT n.collection, o.row, n.target, n.contributor, n.label
    FROM pin n CROSS JOIN version v ON v.row = n.row CROSS JOIN standing s ON s.row = n.row AND s.state NOT IN (1, 2)
    CROSS JOIN version o ON o.collection = v.collection AND o.object_id = v.object_id AND o.contributor = v.contributor AND o.key < v.key;
UPDATE standing SET flagged = 1 WHERE EXISTS (SELECT 1 FROM pin n WHERE n.row = standing.row AND n.label <> standing.label);
UPDATE page SET flagged = 1 WHERE flagged = 0 AND (SELECT flagged FROM standing s WHERE s.row = page.row);

CREATE TABLE job (
    number INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    target TEXT NOT NULL,
    contributor TEXT NOT NULL,
    UNIQUE (collection, target, contributor)
) STRICT;
"""
"""Pins by target; and those that were there brought up to what they mean now: the label of the target as it stands, binding older versions too."""

_SEALED: Final = """
CREATE TABLE sealed (
    chain TEXT NOT NULL,
    number INTEGER NOT NULL,
    record BLOB NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (chain, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, has_deliveries INTEGER NOT NULL) STRICT;
INSERT INTO identity VALUES (1, lower(hex(randomblob(16))), 0);
"""
"""`identity.id` is the store's own; the file of deliveries carries it too, from the first opening on that made it."""

_TARGETS: Final = """
CREATE TABLE target (
    number INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    object_id TEXT NOT NULL,
    contributor TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX target_by_id ON target (collection, object_id, contributor);
INSERT INTO target (collection, object_id, contributor) SELECT DISTINCT collection, target, contributor FROM pin;

ALTER TABLE pin RENAME TO old_pin;
DROP INDEX pin_by_target;
CREATE TABLE pin (
    row INTEGER NOT NULL,
    target INTEGER NOT NULL,
    label INTEGER NOT NULL,
    PRIMARY KEY (row, target, label)
) STRICT, WITHOUT ROWID;
INSERT INTO pin SELECT n.row, t.number, n.label FROM old_pin n CROSS JOIN target t INDEXED BY target_by_id
    ON t.collection = n.collection AND t.object_id = n.target AND t.contributor = n.contributor;
DROP TABLE old_pin;
CREATE INDEX pin_by_target ON pin (target, label);
"""
"""A contribution that is referred to has a number: its names in each pin, and in the index again, were a fifth of a file of relationships."""

_IDS: Final = """
CREATE TABLE id_recent (key INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (key, row)) STRICT, WITHOUT ROWID;
CREATE TABLE id_settled (key INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (key, row)) STRICT, WITHOUT ROWID;
INSERT INTO id_settled SELECT id_key(collection, object_id), row FROM version ORDER BY 1, 2;
ALTER TABLE counter ADD COLUMN recent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN settled_to INTEGER NOT NULL DEFAULT -1;

ALTER TABLE standing ADD COLUMN crowded INTEGER NOT NULL DEFAULT 0;
UPDATE standing SET crowded = 1 WHERE row IN (
    SELECT n.row FROM id_settled n WHERE EXISTS (SELECT 1 FROM id_settled o WHERE o.key = n.key AND o.row <> n.row));
CREATE TABLE crowd (
    collection INTEGER NOT NULL,
    object_id TEXT NOT NULL,
    contributor TEXT NOT NULL,
    key TEXT NOT NULL,
    row INTEGER NOT NULL,
    PRIMARY KEY (collection, object_id, contributor, key, row)
) STRICT, WITHOUT ROWID;
INSERT INTO crowd SELECT v.collection, v.object_id, v.contributor, v.key, v.row FROM version v CROSS JOIN standing s ON s.row = v.row
    WHERE s.crowded = 1 ORDER BY 1, 2, 3, 4, 5;
DROP INDEX version_by_id;

DROP INDEX lane_by_newest;
CREATE INDEX lane_by_newest ON lane (collection, object_type, candidate, newest, label);
"""
"""Ids by their keys, and by themselves only where several versions are under one (app/store/sqlite/ids.py). `counter.recent` counts `id_recent`.

And lanes that have something newer are told from their index alone.
"""

_DELIVERIES: Final = """
CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL) STRICT;

CREATE TABLE name (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE batch (number INTEGER PRIMARY KEY, last INTEGER NOT NULL, rows INTEGER NOT NULL, seal BLOB NOT NULL) STRICT;

CREATE TABLE delivered (
    number INTEGER PRIMARY KEY,
    client INTEGER NOT NULL,
    collection INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    at INTEGER NOT NULL,
    first INTEGER NOT NULL,
    steps BLOB NOT NULL
) STRICT;

CREATE TABLE stretch (
    collection INTEGER NOT NULL,
    size INTEGER NOT NULL,
    last INTEGER NOT NULL,
    first INTEGER NOT NULL,
    delivery INTEGER NOT NULL,
    PRIMARY KEY (collection, size, last, first, delivery)
) STRICT, WITHOUT ROWID;

CREATE TABLE poll (
    client TEXT NOT NULL,
    collection TEXT NOT NULL,
    at INTEGER NOT NULL,
    from_start INTEGER NOT NULL,
    position INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    PRIMARY KEY (client, collection)
) STRICT, WITHOUT ROWID;

CREATE TABLE refusal (
    minute INTEGER NOT NULL,
    client TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute, client, request, status)
) STRICT, WITHOUT ROWID;
"""
"""`batch.last` is the number of the last delivery that its seal covers, the newest batch covers whatever follows; `rows` is the highest row of the store that
was ever delivered."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A kind of file: its mark, and what leads from each version of its tables to the next, from an empty file on.

    Migrations are only ever added to; `PRAGMA user_version` counts those done.
    """

    application_id: int
    migrations: tuple[str, ...]
    purpose: str
    page_octets: int = 4096
    """Of a file that is made anew."""


STORE_PAGE_OCTETS: Final = 16_384
"""Rows of a kilobyte leave a fifth of a page of 4 KB empty, a tenth of one of 8 KB, and next to nothing of this. (Records of deliveries are small, and each
is a visit to the disk, where small pages cost less.)
"""

STORE: Final = Schema(APPLICATION_ID, (_FIRST, _DUTIES, _PINS, _SEALED, _TARGETS, _IDS), "the store", STORE_PAGE_OCTETS)
COPY: Final = replace(STORE, application_id=COPY_ID, purpose="the copy")
DELIVERIES: Final = Schema(DELIVERIES_ID, (_DELIVERIES,), "the store's deliveries")


_OUT_OF_PLACE: Final = {
    COPY_ID: "holds a copy that is not finished; run the same `legation store copy FROM TO` again, or remove it",
    APPLICATION_ID: "is a store already; name a file that is not there",
}


def check_file(connection: apsw.Connection, name: str, schema: Schema = STORE) -> None:
    """Refuse a file that is another application's, or of a newer schema, before anything is changed in it. Raises ConfigurationError."""
    application, version = integer(connection, "PRAGMA application_id"), integer(connection, "PRAGMA user_version")
    is_empty = integer(connection, "SELECT count(*) FROM sqlite_schema") == 0
    newest = len(schema.migrations)
    if application != schema.application_id and not (is_empty and application == 0 and version == 0):
        foreign = f"is another application's database; name a file of its own for {schema.purpose}"
        raise ConfigurationError([f"{quoted(name)} {_OUT_OF_PLACE.get(application, foreign)}"])
    if version > newest:
        raise ConfigurationError(
            [
                f"{quoted(name)} has schema version {version}, this release knows versions up to {newest}; run the release that wrote it, or a newer one"
            ]
        )


def migrate(connection: apsw.Connection, name: str, schema: Schema = STORE) -> None:
    """Bring the file to the newest schema, in one transaction; of several processes that start at once the first does it. Raises ConfigurationError."""
    connection.execute("BEGIN IMMEDIATE")  # whoever opened the connection closes it on an error: nothing is kept then
    check_file(connection, name, schema)  # again, now that nobody else can change it
    teach_keys(connection)
    for migration in schema.migrations[integer(connection, "PRAGMA user_version") :]:
        connection.execute(migration)
    connection.execute(f"PRAGMA application_id = {schema.application_id}; PRAGMA user_version = {len(schema.migrations)}")
    connection.execute("COMMIT")
