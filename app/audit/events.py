"""What happened, as values: the closed list of events that are sealed, and the bytes of their records (DESIGN 8).

A record names rows, labels and clients, never content: `content` binds what came by its hash. Sealing records into chains is the work of the store, in the
transaction of the change itself.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ADMINISTRATION: Final = "administration"
"""The chain of what concerns no single collection. Each collection has a chain of its own, named by its id."""

SERVER: Final = "(server)"
"""Who does what falls due. No client can be called so."""
OPERATOR: Final = "(operator)"
"""Whoever sits at the machine and does what no client does."""


class Event(StrEnum):
    """Everything that is sealed; there is nothing else."""

    ADD = "add"
    RELEASE = "release"
    FOLLOW = "follow"
    """Released copies became what their intake wants."""
    DELETE = "delete"
    WITHDRAW = "withdraw"
    ERASE = "erase"
    HOLD = "hold"
    LIFT = "lift"
    REJECT = "reject"
    REFUSE_RELAY = "refuse-relay"
    """Somebody tried to send on what another organisation marked TLP:RED."""
    PUBLISH = "publish"
    """An embargo ended."""
    PURGE = "purge"
    """Bytes went after the end of their retention."""
    OPEN = "open"
    """What refers to something that opened got new dates."""
    RELOAD = "reload"
    RESTORE = "restore"
    """The store came back from a copy: what was written after the copy was made is gone, from the chains too."""
    COPY = "copy"
    """The store was copied from another, whole."""
    ISSUE_TOKEN = "issue-token"  # noqa: S105 # a name
    REVOKE_TOKEN = "revoke-token"  # noqa: S105 # a name


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what, when (µs since 1970), under which epoch, for which stated reason."""

    event: Event
    actor: str
    epoch: int
    at: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A sealed deed, read again; `details` depend on the event."""

    deed: Deed
    details: Mapping[str, object]


def encode(deed: Deed, details: Mapping[str, object]) -> bytes:
    """The bytes of a record: equal deeds, equal bytes."""
    head = {"event": deed.event.value, "actor": deed.actor, "epoch": deed.epoch, "at": deed.at}
    if deed.reason:
        head["reason"] = deed.reason
    return json.dumps(head | {name: value for name, value in details.items() if value}, separators=(",", ":"), sort_keys=True).encode()


def decode(record: bytes) -> Record:
    """The inverse of `encode`. Raises ValueError for what is no record, KeyError for one that lacks something."""
    fields = json.loads(record)
    deed = Deed(Event(fields.pop("event")), fields.pop("actor"), fields.pop("epoch"), fields.pop("at"), fields.pop("reason", ""))
    return Record(deed, fields)


def spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as spans of neighbours, first and last: a record of a large write stays small."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found
