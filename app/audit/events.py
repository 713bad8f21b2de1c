"""What happened, as values: the closed list of events. Sealing them into chains is the work of the store."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """One page of objects that left for one client: who received which rows of which collection, under which epoch."""

    client: str
    collection: str
    epoch: int
    at: int
    """Microseconds since 1970."""
    rows: tuple[int, ...]
