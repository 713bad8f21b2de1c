"""What must be there after a crash: everything that was acknowledged, byte for byte, and nothing by halves.

Each deed is entered before it is sent. An answer makes it certain; without one it is a question that the store itself answers after the crash: all of it
happened or nothing, and from then on that is certain too.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec
import orjson

from benchmarks.client import Connection, request
from benchmarks.fleet import Lost

ALLIANCE: Final = "/members/collections/alliance/"
INTAKE: Final = "/intake/collections/quillfrost/"
KNOWLEDGE: Final = "/exchange/collections/knowledge/"
READERS: Final = {ALLIANCE: "gh-cert/misp", INTAKE: "quillfrost/pull", KNOWLEDGE: "gh-cert/misp"}
"""Who looks, in each collection."""
PAGE: Final = 500
"""Objects asked for at once: what a page costs SecantusDB grows faster than the page."""
LAST: Final = "x-taxii-date-added-last"
Objects = Mapping[str, bytes]
"""Objects by id."""


@dataclass
class Place:
    """One collection: what was sent to it, what is in it for certain, what was taken out again; and how far it was read."""

    sent: dict[str, bytes] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    in_doubt: list[set[str]] = field(default_factory=list)
    """Written without an answer: each of these as a whole or not at all."""
    leaving: set[str] = field(default_factory=set)
    """Deleted without an answer."""
    position: str = ""
    seen: set[str] = field(default_factory=set)


@dataclass
class Truth:
    """All collections, and the status resources that were answered since the last look: address, client, document."""

    places: dict[str, Place] = field(default_factory=lambda: {path: Place() for path in READERS})
    statuses: list[tuple[str, str, object]] = field(default_factory=list)
    acknowledged: int = 0
    """Objects written, deleted and released."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def writing(self, path: str, objects: Objects) -> Iterator[None]:
        """Whatever is within writes these objects: if it ends well they are there, if the answer is lost they are in doubt."""
        place, ids = self.places[path], set(objects)
        with self.lock:
            place.sent.update(objects)
        try:
            yield
        except Lost:
            with self.lock:
                place.in_doubt.append(ids)
            raise
        with self.lock:
            place.there |= ids
            self.acknowledged += len(ids)

    @contextmanager
    def deleting(self, path: str, object_id: str) -> Iterator[None]:
        """The same for what is taken out."""
        place = self.places[path]
        with self.lock:
            place.there.discard(object_id)
        try:
            yield
        except Lost:
            with self.lock:
                place.leaving.add(object_id)
            raise
        with self.lock:
            place.gone.add(object_id)
            self.acknowledged += 1

    def some(self, path: str, count: int) -> list[str]:
        """Ids that are there."""
        with self.lock:
            return sorted(self.places[path].there)[:count]


def look(truth: Truth, port: int, tokens: Mapping[str, str], *, whole: bool = False) -> list[str]:
    """What is not as it must be, in words; afterwards nothing is in doubt. `whole`: read everything again, not only what is new."""
    wrong: list[str] = []
    with Connection(port) as connection:
        for path, place in truth.places.items():
            wrong += _look_at(path, place, connection, f"Bearer {tokens[READERS[path]]}", whole=whole)
        for address, client, document in truth.statuses:
            answer = connection.send(request(address, f"Bearer {tokens[client]}"))
            if answer.status != 200 or orjson.loads(answer.body) != document:
                wrong.append(f"a status that was answered is not true any more: {answer.status} {answer.body[:200]!r}")
        truth.statuses.clear()
    return wrong


def _look_at(path: str, place: Place, connection: Connection, proof: str, *, whole: bool) -> list[str]:
    wrong: list[str] = []
    if whole:
        place.position = ""
        place.seen.clear()
    for object_id, raw in _read_on(path, place, connection, proof):
        place.seen.add(object_id)
        if place.sent.get(object_id) != raw:
            wrong.append(f"{path}: {object_id} is not what was sent")
    for ids in place.in_doubt:
        found = ids & place.seen
        if found and found != ids:
            wrong.append(f"{path}: {len(found)} of {len(ids)} objects of one envelope are there")
        place.there |= found
    place.in_doubt.clear()
    for object_id in sorted(place.leaving):
        answer = connection.send(request(f"{path}objects/{object_id}/", proof))
        (place.there if answer.status == 200 else place.gone).add(object_id)
    place.leaving.clear()
    wrong += [f"{path}: {object_id} was acknowledged and is missing" for object_id in sorted(place.there - place.seen)[:5]]
    if whole:
        wrong += [f"{path}: {object_id} is there, and should not be" for object_id in sorted(place.seen - place.there)[:5]]
    else:
        wrong += [f"{path}: {object_id} was deleted and is there" for object_id in _still_there(path, place, connection, proof)]
    return wrong


def _read_on(path: str, place: Place, connection: Connection, proof: str) -> Iterator[tuple[str, bytes]]:
    """What came since the last look, by id, as bytes."""
    after = f"&added_after={place.position}" if place.position else ""
    for page in connection.pages(f"{path}objects/?limit={PAGE}{after}", proof):
        place.position = page.header(LAST) or place.position
        for raw in msgspec.json.decode(page.body, type=_Envelope).objects:
            yield orjson.loads(bytes(raw))["id"], bytes(raw)


class _Envelope(msgspec.Struct):
    objects: list[msgspec.Raw] = []


def _still_there(path: str, place: Place, connection: Connection, proof: str) -> Iterator[str]:
    """Deleted objects that can be read; each is looked for once."""
    for object_id in sorted(place.gone):
        if connection.send(request(f"{path}objects/{object_id}/", proof)).status != 404:
            yield object_id
    place.gone.clear()
