"""The protocol's words: what TAXII 2.1 requests and answers say, before anybody asks who may.

* `media`      which types a client may ask for and send
* `query`      the query string, understood, and what a cursor adds to it
* `cursor`     `next`: where a client stands
* `resources`  what answers are made of, apart from objects
* `envelope`   objects in and out, as bytes

The room does not know who is asking, where objects are kept, or HTTP beyond the text of a header or a query. No IO.
"""

from app.taxii.cursor import Cursor
from app.taxii.envelope import envelope_of, slice_envelope
from app.taxii.media import STIX, TAXII
from app.taxii.query import EVERY, LATEST, Endpoint, ObjectQuery, QueryLimits, Versions, next_after, parse_query, resolve
from app.taxii.resources import render

__all__ = [
    "EVERY",
    "LATEST",
    "STIX",
    "TAXII",
    "Cursor",
    "Endpoint",
    "ObjectQuery",
    "QueryLimits",
    "Versions",
    "envelope_of",
    "next_after",
    "parse_query",
    "render",
    "resolve",
    "slice_envelope",
]
