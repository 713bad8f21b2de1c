"""What is stored and read: objects as bytes, the same for every contestant.

* Corpus A: the framework objects of real data in `LEGATION_DATA_DIR`; without it, made-up objects of the same shape (sizes, types, references).
* Corpus S: made-up indicators of 0.7 KB, as many as wanted.

Both are spread over a given list of markings, so that a collection holds as many handling labels as a row of the table asks for.
"""

import gzip
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Final, cast
from uuid import UUID

import orjson

FILE: Final = "attack-enterprise.json.gz"
HANDLING: Final = "extension-definition--6f9a2f0e-6f8a-4a0e-9d62-6a7c1b0d9f51"
CREATED: Final = "2026-01-05T08:00:00.000Z"
TLP: Final = (
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
)
"""TLP 2.0 CLEAR, GREEN, AMBER, AMBER+STRICT."""
AMBER: Final = TLP[2]
_SHAPE: Final = (
    ("attack-pattern", 34, 5200),
    ("malware", 28, 3600),
    ("course-of-action", 11, 1300),
    ("x-mitre-analytic", 97, 1500),
    ("relationship", 830, 950),
)
"""Type, objects in a thousand, octets: what the framework's bundle looks like."""

Marks = Sequence[str]
"""Ids of marking definitions that stand together on an object: one handling label."""


@dataclass(frozen=True)
class Corpus:
    """Objects in the order in which they are sent, and where they come from."""

    objects: tuple[bytes, ...]
    origin: str

    @property
    def octets(self) -> int:
        """Of all objects."""
        return sum(map(len, self.objects))

    def first(self, count: int) -> "Corpus":
        """The same, cut short."""
        return Corpus(self.objects[:count], self.origin)


def identifier(kind: str, seed: int) -> str:
    """An id that is always the same for the same seed, and looks random to an index."""
    return f"{kind}--{UUID(bytes=blake2b(seed.to_bytes(16), digest_size=16).digest(), version=4)}"


def definition(seed: int, releasable_to: Sequence[str]) -> bytes:
    """A handling marking that lets objects go to some audiences only, and itself: it has the label of what is marked TLP:AMBER and with it."""
    terms = {"extension_type": "property-extension", "handling_version": "1.0", "releasable_to": list(releasable_to)}
    head = {"type": "marking-definition", "spec_version": "2.1", "id": identifier("marking-definition", seed), "created": CREATED}
    return orjson.dumps(head | {"object_marking_refs": [AMBER], "extensions": {HANDLING: terms}})


def id_of(raw: bytes) -> str:
    """The id of an object."""
    return cast("str", orjson.loads(raw)["id"])


def many_labels(count: int, audience: str, seed: int) -> tuple[list[bytes], list[Marks]]:
    """`count` labels that `audience` may see, as definitions and as marks. The first four are plain TLP and need no definition."""
    definitions = [definition(seed + number, (audience, f"org:listed-{seed + number}")) for number in range(max(0, count - len(TLP)))]
    marks: list[Marks] = [(level,) for level in TLP[:count]]
    return definitions, marks + [(AMBER, id_of(raw)) for raw in definitions]


def indicators(count: int, marks: Sequence[Marks], seed: int = 0, start: int = 0) -> Iterator[bytes]:
    """Corpus S: indicators number `start` and following, spread evenly over `marks`."""
    texts = [orjson.dumps(list(each)).decode() for each in marks]
    for number in range(start, start + count):
        yield _indicator(number, seed, texts[number % len(texts)])


def attack(marks: Sequence[Marks], count: int | None = None) -> Corpus:
    """Corpus A, spread over `marks`; `count` cuts it short."""
    folder = os.environ.get("LEGATION_DATA_DIR")
    path = Path(folder) / FILE if folder else None
    if path is not None and path.exists():
        objects = cast("list[dict[str, object]]", orjson.loads(gzip.decompress(path.read_bytes()))["objects"])
        return _marked(objects if count is None else _heads(objects, count), marks, f"real: {FILE}")
    return _marked(list(_framework(24_771 if count is None else count)), marks, "made up, of the shape of a framework's bundle")


def envelopes(objects: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Bodies of so many objects each."""
    rest = iter(objects)
    while group := list(islice(rest, size)):
        yield b'{"objects":[' + b",".join(group) + b"]}"


def write_bundle(path: Path, objects: Iterable[bytes]) -> int:
    """Write a bundle as a file without ever holding it in memory; returns its size in octets."""
    with path.open("wb") as file:
        file.write(b'{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000001","objects":[')
        for number, raw in enumerate(objects):
            file.write(b"," + raw if number else raw)
        file.write(b"]}")
        return file.tell()


def _heads(objects: list[dict[str, object]], count: int) -> list[dict[str, object]]:
    """The definitions, which others need, then every n-th of the rest, so that types keep their shares."""
    definitions = [each for each in objects if each["type"] in {"marking-definition", "identity"}]
    others = [each for each in objects if each["type"] not in {"marking-definition", "identity"}]
    wanted = max(0, count - len(definitions))
    return definitions + [others[number * len(others) // wanted] for number in range(min(wanted, len(others)))]


def _marked(objects: list[dict[str, object]], marks: Sequence[Marks], origin: str) -> Corpus:
    ordered = sorted(objects, key=lambda each: each["type"] not in {"marking-definition", "identity"})
    raws: list[bytes] = []
    for number, each in enumerate(ordered):
        own = [*cast("list[str]", each.get("object_marking_refs", [])), *marks[number % len(marks)]]
        raws.append(orjson.dumps(each if each["type"] == "marking-definition" else each | {"object_marking_refs": own}))
    return Corpus(tuple(raws), origin)


def _indicator(number: int, seed: int, marks: str) -> bytes:
    randomness = random.Random(f"{seed}/{number}")
    digest = f"{randomness.getrandbits(256):064x}"
    return (
        f'{{"type":"indicator","spec_version":"2.1","id":"{identifier("indicator", (seed << 32) + number)}","created":"{CREATED}","modified":"{CREATED}",'
        f'"name":"File hash {number}","description":"{_prose(randomness, 190)}","indicator_types":["malicious-activity"],'
        f'"pattern":"[file:hashes.\'SHA-256\' = \'{digest}\']","pattern_type":"stix","valid_from":"{CREATED}","object_marking_refs":{marks}}}'
    ).encode()


def _prose(randomness: random.Random, octets: int) -> str:
    """Words that compress about as well as prose does."""
    words = (
        "beacon",
        "loader",
        "observed",
        "domain",
        "campaign",
        "host",
        "signed",
        "stage",
        "port",
        "actor",
        "mail",
        "dropper",
        "hash",
        "relay",
    )
    text = " ".join(f"{randomness.choice(words)}{randomness.randrange(100)}" for _ in range(octets // 7))
    return text[:octets]


def _framework(count: int) -> Iterator[dict[str, object]]:
    randomness = random.Random(1)
    ends: list[str] = []
    kinds = [shape for shape in _SHAPE for _ in range(max(1, shape[1] * count // 1000))]
    for number in range(count):
        kind, _, octets = kinds[number] if number < len(kinds) else _SHAPE[-1]
        each: dict[str, object] = {
            "type": kind,
            "spec_version": "2.1",
            "id": identifier(kind, (7 << 40) + number),
            "created": CREATED,
            "modified": CREATED,
        }
        if kind == "relationship":
            each |= {"relationship_type": "uses", "source_ref": randomness.choice(ends), "target_ref": randomness.choice(ends)}
        else:
            ends.append(cast("str", each["id"]))
            each |= {"name": f"Technique {number}"} | ({"is_family": True} if kind == "malware" else {})
        sources = [{"source_name": f"source {part}", "url": f"https://intel.example/{number}/{part}"} for part in range(octets // 900 + 1)]
        yield each | {"external_references": sources, "description": _prose(randomness, octets // 2)}
