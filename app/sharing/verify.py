"""Verify: hold everything that a store keeps against itself. A deed of the operator; it changes nothing, and servers go on meanwhile.

Collection by collection, a few ids at a time, each portion in one transaction, so that what belongs together is seen as of one moment. What can be known of
a version is checked; what cannot is counted, by its reason. Last, the engine looks at its own files.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.access.alliance import Alliance
from app.errors import InvalidObject, StoreUnavailable
from app.sharing.exchange import Exchange
from app.sharing.soundness import Kept, bearings, faults_of_numbers, faults_of_pins, faults_of_standing, is_under_its_markings, open_kept
from app.stix.handling import HandlingLabel
from app.stix.markings import CANONICAL, Marking, Scheme, marking_refs, read_definition
from app.stix.objects import StixObject, reopen
from app.store.contract import StoredVersion, Transaction
from app.store.pins import AWAITED, Contribution

PORTION: Final = 100
"""Ids of one transaction: some milliseconds, for which writers wait."""


class Unknowable(StrEnum):
    """Why something about a version cannot be checked."""

    DELETED = "deleted: their bytes are gone, so neither these nor their markings can be checked"
    BY_DEFAULT = "without a TLP marking: the level that they took when they were written cannot be told from them"
    DEFINITION = "under a marking whose definition is not kept beside them, or in several forms: what it demands cannot be told"


@dataclass(frozen=True, slots=True)
class Finding:
    """A version that is not as it should be."""

    collection: str
    object_id: str
    version: str
    contributor: str
    what: str


@dataclass(slots=True)
class Walked:
    """How much of a collection was read."""

    collection: str
    objects: int = 0
    versions: int = 0
    """Those that are not deleted."""
    tombstones: int = 0


@dataclass(slots=True)
class Verification:
    """What was read, what could not be checked, what is wrong: with versions, and with the store beneath them."""

    walked: list[Walked] = field(default_factory=list[Walked])
    unknowable: Counter[Unknowable] = field(default_factory=Counter[Unknowable])
    findings: list[Finding] = field(default_factory=list[Finding])
    faults: list[str] = field(default_factory=list[str])

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings and not self.faults


async def held(exchange: Exchange) -> int:
    """About how many versions there are to verify. Raises StoreUnavailable if no alliance is in force."""
    places = _places((await exchange.force.now()).alliance)
    return sum([await exchange.store.count(collection) for collection in places])


async def verify(exchange: Exchange, seen: Callable[[int], None]) -> Verification:
    """Check every version against its hash, its markings and its siblings. `seen` hears of each portion how many versions it had.

    Collections that the alliance no longer has are checked too. Raises StoreUnavailable if no alliance is in force.
    """
    verification = Verification()
    for collection, path in _places((await exchange.force.now()).alliance).items():
        walk = _Walk(collection, Walked(path), verification)
        try:
            await walk.through(exchange, seen)
        except StoreUnavailable as error:
            verification.faults.append(f"{path}: {error}")
        if walk.walked.objects:
            verification.walked.append(walk.walked)
    try:
        verification.faults += await exchange.store.faults()
    except StoreUnavailable as error:
        verification.faults.append(str(error))
    return verification


def _places(alliance: Alliance) -> dict[str, str]:
    """Every collection that may hold something, and how to call it: those that were removed by their ids."""
    return {collection.key: collection.path for collection in (*alliance.collections, *alliance.removed)}


@dataclass(slots=True)
class _Walk:
    """The way through one collection. `labels` and `definitions` are what was read of them so far; None: a meaning that cannot be known."""

    collection: str
    walked: Walked
    verification: Verification
    labels: dict[int, HandlingLabel] = field(default_factory=dict[int, HandlingLabel])
    definitions: dict[str, Marking | None] = field(default_factory=dict[str, Marking | None])

    async def through(self, exchange: Exchange, seen: Callable[[int], None]) -> None:
        """From the first id to the last."""
        after, more = "", True
        while more:
            ids, kept = await exchange.store.examine(lambda tx: self._read(tx, after))  # noqa: B023 # run at once
            opened = {each: dict(self._open(kept[each])) for each in ids}
            wanted = {mark for objects in opened.values() for each in objects.values() for mark in marking_refs(each.content)}
            await exchange.store.examine(lambda tx: self._learn(tx, wanted - CANONICAL.keys() - self.definitions.keys()))  # noqa: B023 # as above
            numbered = [each for each in kept.values() if each.numbered(self.labels)]
            bearing = bearings(numbered, self.labels)
            for each in ids:
                self._check(kept[each], opened[each], bearing)
            seen(sum(len(kept[each].raws) for each in ids))
            after, more = ids[-1] if ids else "", len(ids) == PORTION

    async def _read(self, tx: Transaction, after: str) -> tuple[Sequence[str], dict[str, Kept]]:
        """The next ids; and what is kept under them, and of rows and labels under those that they refer to."""
        self.labels.update(await tx.labels(self.collection, above=max(self.labels, default=0)))
        ids = await tx.ids(self.collection, after, PORTION)
        history = await tx.history(self.collection, ids)
        rows = [row.row for versions in history.values() for row in versions]
        raws, pins = await tx.raw(self.collection, rows), await tx.pins(self.collection, rows)
        targets = {pin.target for of in pins.values() for pin in of if pin.label != AWAITED}
        referred = await tx.history(self.collection, sorted(targets - history.keys()))
        kept = {name: Kept(name, versions) for name, versions in referred.items()}
        for name, versions in history.items():
            own = {row.row for row in versions}
            kept[name] = Kept(name, versions, {row: raws[row] for row in own & raws.keys()}, {row: pins[row] for row in own & pins.keys()})
        return ids, kept

    async def _learn(self, tx: Transaction, definitions: Iterable[str]) -> None:
        """What further marking definitions mean, as far as all that is kept of each says one thing."""
        history = await tx.history(self.collection, sorted(definitions))
        raws = await tx.raw(self.collection, [row.row for versions in history.values() for row in versions])
        for name in definitions:
            live = {row.digest: raws[row.row] for row in history.get(name, ()) if row.row in raws}
            self.definitions[name] = _meaning(live.popitem()[1]) if len(live) == 1 else None

    def _open(self, kept: Kept) -> Iterator[tuple[int, StixObject]]:
        """The objects of all rows that are not deleted, by row."""
        self.walked.objects += 1
        for row in kept.rows:
            if row.deleted:
                self.walked.tombstones += 1
                self.verification.unknowable[Unknowable.DELETED] += 1
                continue
            self.walked.versions += 1
            try:
                yield row.row, open_kept(row, kept.raws.get(row.row))
            except InvalidObject as error:
                self._find(row, str(error))

    def _check(self, kept: Kept, objects: dict[int, StixObject], bearing: dict[Contribution, int]) -> None:
        for row, what in faults_of_numbers(kept, self.labels):
            self._find(row, what)
        if not kept.numbered(self.labels):
            return
        for row, what in (*faults_of_standing(kept, self.labels), *faults_of_pins(kept, bearing)):
            self._find(row, what)
        for row in kept.rows:
            if row.row in objects:
                self._check_markings(row, objects[row.row])

    def _check_markings(self, row: StoredVersion, opened: StixObject) -> None:
        known = [
            Marking(Scheme.TLP, tlp=CANONICAL[name]) if name in CANONICAL else self.definitions[name]
            for name in marking_refs(opened.content)
        ]
        if opened.type == "marking-definition":
            own = _meaning(opened.raw)
            known += [own] if own is not None and own.scheme in {Scheme.HANDLING, Scheme.UNKNOWN} else []
        markings = [marking for marking in known if marking is not None]
        if not is_under_its_markings(row, markings, self.labels):
            self._find(row, "it lies under a looser label than its markings demand")
        if len(markings) < len(known):
            self.verification.unknowable[Unknowable.DEFINITION] += 1
        elif not any(marking.tlp is not None for marking in markings):
            self.verification.unknowable[Unknowable.BY_DEFAULT] += 1

    def _find(self, row: StoredVersion, what: str) -> None:
        self.verification.findings.append(Finding(self.walked.collection, row.object_id, row.version, row.contributor, what))


def _meaning(raw: bytes) -> Marking | None:
    """What a definition demands by itself; None if that cannot be known, as with those that only the alliance's aliases explain."""
    try:
        return read_definition(reopen(raw).content, {})
    except (InvalidObject, KeyError):
        return None
