"""The store for more than one machine: MongoDB, through PyMongo's Async API.

What each module knows: `store` the contract; `writer` how a write is run, and run again; `transaction` a write in progress, `scope` and `turns` what it
holds, `presence` who writes, and who died doing so; `rows`, `versions`, `pins`, `lanes`, `labels`, `chains`, `registry`, `duties`, `totals` what is kept;
`reading`, `keys` and `choice` pages; `deliveries`, `delivered` and `clients` what is on record of readers; `documents` and `schema` what lies in the
database, and its indexes; `faults` what disagrees; `moving` the way from and to other stores (`telling`, `keeping`); `opening`, `connection`, `address`
and `clock` the server. Nothing outside this room knows MongoDB.

Only addresses are at hand here: the driver, a fifth of the start of a command, is loaded by who opens a store (`store`, `moving`).
"""

from app.store.mongo.address import is_mongo_url, without_secrets

__all__ = ["is_mongo_url", "without_secrets"]
