"""Keys: which versions a page is made of, found in an index alone, before anything of them is fetched."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pymongo.asynchronous.client_session import AsyncClientSession

from app.store.mongo.documents import Documents
from app.store.mongo.lanes import MOST_RANGES, Lane

BEFORE_EVERYTHING: Final = -1
FIELDS: Final = {"date_added": 1, "label": 1, "size": 1}
BY_DATE: Final = "version_by_date"
BY_TYPE: Final = "version_by_type"
BY_ID: Final = "version_by_id"


class Key(NamedTuple):
    """A version of a page: its place in the order, and what is counted of it."""

    date_added: int
    row: int
    label: int
    size: int

    @staticmethod
    def of(document: Mapping[str, Any]) -> "Key":
        """From the fields of `FIELDS`."""
        return Key(document["date_added"], document["_id"], document["label"], document["size"])


@dataclass(slots=True)
class Keys:
    """The first `limit` keys later than `after` and not later than `upto`, as far as they were looked for; the end comes nearer the more are found."""

    limit: int
    after: int
    upto: int | None = None
    found: list[Key] = field(default_factory=list[Key])

    @property
    def window(self) -> dict[str, int]:
        """The condition on the date of what may still belong among them."""
        return {"$gt": self.after} if self.upto is None else {"$gt": self.after, "$lte": self.upto}

    def add(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Put more among them."""
        self.found = sorted({*self.found, *map(Key.of, documents)})[: self.limit]
        if len(self.found) == self.limit:
            self.upto = self.found[-1].date_added


@dataclass(frozen=True, slots=True)
class Range:
    """A part of a collection that an index holds in the order of dates: versions in one lane, under some labels, of some types or all."""

    collection: str
    lane: Lane
    labels: Sequence[int]
    types: Sequence[str] | None = None

    @property
    def index(self) -> str:
        """The index that holds it."""
        return BY_DATE if self.types is None else BY_TYPE

    @property
    def filter(self) -> dict[str, Any]:
        """The condition, but for the date."""
        of_types = {} if self.types is None else {"object_type": {"$in": list(self.types)}}
        return {"collection": self.collection, **of_types, "lane": self.lane, "label": {"$in": list(self.labels)}}

    def portions(self) -> Iterator["Range"]:
        """The same in parts that are few enough ranges of the index to be merged."""
        types = [None] if self.types is None else [self.types[at : at + MOST_RANGES] for at in range(0, len(self.types), MOST_RANGES)]
        for some in types:
            size = MOST_RANGES // (1 if some is None else len(some))
            for at in range(0, len(self.labels), size):
                yield Range(self.collection, self.lane, self.labels[at : at + size], some)


async def scan(documents: Documents, session: AsyncClientSession, part: Range, keys: Keys) -> None:
    """Add what lies in the range to the keys."""
    for portion in part.portions():
        found = documents.versions.find({**portion.filter, "date_added": keys.window}, FIELDS, session=session)
        keys.add(await found.sort("date_added").limit(keys.limit).batch_size(keys.limit).hint(portion.index).to_list())
