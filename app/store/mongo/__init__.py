"""The store for more than one machine: MongoDB, through PyMongo's Async API.

`store.py` is the whole; `writer.py` runs transactions, `reading.py` reads pages, `documents.py` says what lies in the database, `schema.py` how it is indexed.
"""

from app.store.mongo.store import MongoStore, open_mongo

__all__ = ["MongoStore", "open_mongo"]
