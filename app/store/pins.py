"""Pins: what a version refers to, as far as it decides who is shown it (DESIGN 6, References; access-policy cases 4 to 6).

A pin names a contribution, not an id, and the label that stands for it: a row is withheld from a reader who may not see one of them. Of two pins on one
contribution both bind: so a label that closed stays beside one that opens, until the row has a new date.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

AWAITED: Final = -1
"""Label of a pin on what its writer's organisation may add later: it binds nobody yet."""


class Pin(NamedTuple):
    """One contribution under the target's id, and the number of a label that binds for it (0: erased, seen by nobody; `AWAITED`: not there yet)."""

    target: str
    contributor: str
    label: int


class Contribution(NamedTuple):
    """What organisation `contributor` keeps under an id."""

    object_id: str
    contributor: str


class Job(NamedTuple):
    """Left to be done by a write that opened the contribution: give what refers to it new dates, then drop the pins that still close it."""

    collection: str
    target: Contribution


def are_seen(pins: Iterable[Pin], numbers: Collection[int]) -> bool:
    """Whether who may see the labels `numbers` is shown what has these pins."""
    return all(pin.label in numbers or pin.label == AWAITED for pin in pins)


class PinTransaction(Protocol):
    """The part of a write in progress that keeps pins true."""

    async def pins(self, collection: str, rows: Sequence[int]) -> Mapping[int, frozenset[Pin]]:
        """The pins of rows, tombstones included; rows without are absent."""
        ...

    async def pin(self, collection: str, pins: Mapping[int, frozenset[Pin]]) -> None:
        """Give stored rows further pins; those that they have already may be among them."""
        ...

    async def pinned(self, collection: str, targets: Sequence[Contribution]) -> Mapping[Contribution, frozenset[int]]:
        """The labels under which each contribution is pinned; those that are not are absent."""
        ...

    async def repin(self, collection: str, target: Contribution, label: int, instead_of: frozenset[int]) -> None:
        """Give every row with a pin on the contribution one under `label`, and take away those under `instead_of`, which does not hold `label`.

        Rows that lie under another label are flagged. However many they are, it is one change.
        """
        ...

    async def referring(self, collection: str, target: Contribution, label: int, limit: int) -> Mapping[int, str]:
        """The rows of lowest number that have a pin on the contribution under another label than `label` (`AWAITED` apart), with their object ids."""
        ...

    async def unpin(self, collection: str, target: Contribution, label: int, rows: Sequence[int]) -> None:
        """Take from rows their pins on the contribution under other labels than `label`."""
        ...

    async def add_job(self, job: Job) -> None:
        """Keep a job; one that is kept already is not kept twice."""
        ...

    async def jobs(self) -> Sequence[Job]:
        """All jobs, oldest first."""
        ...

    async def end_job(self, job: Job) -> None:
        """Forget a job that is done."""
        ...
