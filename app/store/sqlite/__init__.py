"""The store on one SQLite file: the embedded default, which needs no other process.

What each module knows: `store` the contract; `transaction` a write in progress; `rows`, `pins`, `lanes`, `labels`, `registry`, `duties` what is kept;
`reading` pages; `faults` what may have gone wrong, `backup` copies, `moving` the way from and to other stores (`telling`, `keeping`); `schema` the tables and
their migrations; `connection` and `thread` the file and how it is reached. Nothing outside this room knows SQL.
"""

from app.store.sqlite.backup import back_up, restore
from app.store.sqlite.moving import open_destination, open_source
from app.store.sqlite.store import SqliteStore, open_sqlite

__all__ = ["SqliteStore", "back_up", "open_destination", "open_source", "open_sqlite", "restore"]
