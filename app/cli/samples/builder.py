"""How an object gets into the sample feed: an id that is always the same, dates that follow one another, and the marking of its level."""

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, cast
from uuid import UUID

import stix2

from app.stix.handling import Tlp
from app.stix.markings import CANONICAL, HANDLING_EXTENSION, HANDLING_VERSION

BEGIN: Final = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
STEP: Final = timedelta(minutes=97)
"""Between two objects: the feed spans about a month."""
ONE_IN: Final = 4
"""So many objects are marked in the older dialect, where it has the level: real feeds mix the two."""
_NEWER_FIRST: Final = {level: [each for each, meant in CANONICAL.items() if meant is level][::-1] for level in Tlp}
"""TLP 2.0 before TLP 1: the table of canonical ids has them the other way round."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose feed it is and for whom: the STIX identity that creates it, who may read its TLP:RED objects, and where its regional objects may go."""

    creator: str
    name: str
    recipients: tuple[str, ...]
    region: tuple[str, ...]
    """Audiences such as `jur:NG`."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An object of the feed: its id, its level, and whether its marking names recipients or a region."""

    id: str
    level: Tlp
    marking: str | None = None


class Builder:
    """Collects a feed. `seed` makes ids and hashes that look the part, the same each time."""

    def __init__(self, parties: Parties, seed: int = 2026) -> None:
        self.parties = parties
        self.objects: list[dict[str, object]] = []
        self._randomness = random.Random(seed)  # noqa: S311 # nothing here is a secret
        self._observables: dict[str, Ref] = {}

    def add(self, kind: str, level: Tlp, marking: Ref | None = None, **properties: object) -> Ref:
        """Add an SDO or SRO, created by the vendor; `marking` is a handling marking beside that of the level."""
        identifier = self.identifier(kind)
        moment = self.moment()
        content: dict[str, object] = {"type": kind, "spec_version": "2.1", "id": identifier}
        content |= {"created_by_ref": self.parties.creator, "created": moment, "modified": moment}
        content |= {name: value for name, value in properties.items() if value is not None}
        return self._keep(content, level, marking)

    def observe(self, kind: str, level: Tlp, marking: Ref | None = None, **properties: object) -> Ref:
        """Add an observable; its id follows from what it says (STIX 2.1 §2.9)."""
        content: dict[str, object] = {"type": kind, "spec_version": "2.1", **properties}
        content["id"] = str(cast("dict[str, object]", stix2.parse(content, version="2.1"))["id"])
        identifier = str(content["id"])
        if identifier not in self._observables:
            self._observables[identifier] = self._keep(content, level, marking)
        return self._observables[identifier]

    def restrict(self, name: str, level: Tlp, **terms: object) -> Ref:
        """Add a handling marking: to whom what carries it may go, beyond its level."""
        identifier = self.identifier("marking-definition")
        content: dict[str, object] = {"type": "marking-definition", "spec_version": "2.1", "id": identifier}
        content |= {"created_by_ref": self.parties.creator, "created": self.moment(), "name": name}
        extension = {"extension_type": "property-extension", "handling_version": HANDLING_VERSION, **terms}
        return self._keep(content | {"extensions": {HANDLING_EXTENSION: extension}}, level, None)

    def introduce(self) -> None:
        """Add the vendor's own identity, unmarked: it helps to read what the vendor says, and no more."""
        moment = self.moment()
        content: dict[str, object] = {"type": "identity", "spec_version": "2.1", "id": self.parties.creator}
        content |= {"created": moment, "modified": moment}
        self._check(content | {"name": self.parties.name, "identity_class": "organization", "sectors": ["technology"]})

    def relate(self, source: Ref, verb: str, target: Ref, description: str | None = None) -> Ref:
        """Add a relationship, as closed as the stricter of its ends."""
        level, marking = strictest((source, target))
        return self.add(
            "relationship",
            level,
            marking,
            relationship_type=verb,
            description=description,
            source_ref=source.id,
            target_ref=target.id,
        )

    def identifier(self, kind: str) -> str:
        """The next id: a random UUID by its form."""
        return f"{kind}--{UUID(int=self._randomness.getrandbits(128), version=4)}"

    def moment(self) -> str:
        """The time of the next object."""
        return written(BEGIN + STEP * len(self.objects))

    def digest(self, algorithm: str) -> str:
        """A hash of nothing in particular."""
        return hashlib.new(algorithm, self._randomness.randbytes(16)).hexdigest()

    def _keep(self, content: dict[str, object], level: Tlp, marking: Ref | None) -> Ref:
        choices = _NEWER_FIRST[level]
        chosen = choices[-1 if len(self.objects) % ONE_IN == 0 else 0]
        content["object_marking_refs"] = [chosen] if marking is None else [chosen, marking.id]
        self._check(content)
        return Ref(str(content["id"]), level, None if marking is None else marking.id)

    def _check(self, content: dict[str, object]) -> None:
        """Keep what stix2 takes as valid; the plain dict is kept, since the library writes numbers and times its own way."""
        stix2.parse(content, version="2.1")
        self.objects.append(content)


def strictest(parts: Iterable[Ref]) -> tuple[Tlp, Ref | None]:
    """The level and the handling marking that something needs which refers to all of these."""
    found = sorted(parts, key=lambda ref: (ref.level, ref.marking or ""))
    marked = [ref for ref in found if ref.marking is not None]
    marking = Ref(cast("str", marked[-1].marking), marked[-1].level) if marked else None
    return found[-1].level, marking


def written(moment: datetime) -> str:
    """A timestamp as STIX writes it."""
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
