"""The dates that a write gives, and to which rows: kept until it is known that nobody could read a row later than its date says."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stamps:
    """Of each collection: the runs of dates that were given, these dates, and the rows that carry one."""

    runs: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    dates: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    rows: dict[str, dict[int, int]] = field(default_factory=dict[str, dict[int, int]])

    def give(self, collection: str, runs: Sequence[int], dates: Sequence[int]) -> None:
        """Dates were given."""
        self.runs.setdefault(collection, []).extend(runs)
        self.dates.setdefault(collection, []).extend(dates)

    def put(self, collection: str, row: int, date: int) -> None:
        """A row carries a date."""
        self.rows.setdefault(collection, {})[row] = date
