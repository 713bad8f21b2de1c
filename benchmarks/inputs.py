"""What the simulation of capacity goes by: figures measured on one machine on one day, kept in capacity.json beside this file.

`benchmarks.gauge` measures them anew. Seconds are seconds of the server's processor time unless it says otherwise; octets are octets.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

FILE: Final = Path(__file__).with_name("capacity.json")


@dataclass(frozen=True)
class Stage:
    """What was measured with so many objects stored. `octets`: of the store on the disk; None where the database keeps that to itself."""

    stored: int
    idle: float
    poll: float
    page: float
    added: float
    octets: int | None
    megabytes: float
    """In memory, of the worker that holds most."""


@dataclass(frozen=True)
class Rate:
    """What so many workers answered to 32 connections that poll for ten new objects without a pause; the client shares the machine."""

    workers: int
    per_second: float
    cpu: float
    """Of one poll."""
    p99: float
    """Seconds on the wall."""


@dataclass(frozen=True)
class Figures:
    """One store, measured."""

    store: str
    day: str
    machine: str
    idle: float
    """A poll that finds nothing."""
    poll: float
    """A poll that finds something, apart from its objects: its delivery record included."""
    entry: float
    """Each object on it."""
    page: float
    """A page of 1,000 objects, as who starts over reads it."""
    envelope: float
    """A POST, apart from its objects."""
    added: float
    """Each object in it."""
    idle_octets: int
    """Of the answer, headers included."""
    poll_octets: int
    object_octets: int
    """Each object, as it came and as it goes."""
    zipped: float
    """Octets of a page of 1,000 as gzip, as a share of the plain one."""
    stored_octets: float
    """On the disk, of an object of `object_octets`, indexes included; of MongoDB: of its documents before compression."""
    index_octets: float | None
    """Of MongoDB: of its keys in all indexes, before their prefixes are taken off."""
    delivery_alone: float
    """On the disk, of a delivery record of ten objects that no other shares the visit with."""
    delivery_together: float
    """The same with 32 clients at once."""
    rest_megabytes: float
    """A worker in memory after its first answer."""
    delay: float
    """Seconds on the wall that a poll with objects waits for the disk or the database, which leave its worker free for others; 0 if that is unknown."""
    stages: tuple[Stage, ...]
    rates: tuple[Rate, ...]
    """Of one worker and of two; none where the database does not serve so many at once."""

    @property
    def kept(self) -> float:
        """Octets on the disk of an object with its share of the indexes."""
        return self.stored_octets + (self.index_octets or 0)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From JSON."""
        stages, rates = (Stage(**each) for each in told["stages"]), (Rate(**each) for each in told["rates"])
        return cls(**{**told, "stages": tuple(stages), "rates": tuple(rates)})


def read(path: Path = FILE) -> dict[str, Figures]:
    """The figures by kind of store: `sqlite`, `mongodb`."""
    return {kind: Figures.of(told) for kind, told in json.loads(path.read_text()).items()}


def write(figures: Mapping[str, Figures], path: Path = FILE) -> None:
    """Keep them. Floats are cut to four digits: more would pretend to a precision that a shared machine does not have."""
    path.write_text(json.dumps({kind: _cut(asdict(each)) for kind, each in figures.items()}, indent=1) + "\n")


def _cut(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _cut(each) for name, each in value.items()}
    return [_cut(each) for each in value] if isinstance(value, list | tuple) else value
