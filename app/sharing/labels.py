"""The label book: which label a number means in a collection. Numbers are never reused, so what was once read stays true."""

from collections.abc import Iterable, Sequence

from app.stix.handling import HandlingLabel
from app.store.contract import Transaction


class LabelBook:
    """The labels of one collection as far as this process has read them.

    What a transaction interns is entered in a `draft` of the book: it is forgotten with it if the transaction does not commit.
    """

    def __init__(self, base: "LabelBook | None" = None) -> None:
        self._base = base
        self._labels: dict[int, HandlingLabel] = {}
        self._numbers: dict[HandlingLabel, int] = {}
        self.mark: int = base.mark if base is not None else 0

    def draft(self) -> "LabelBook":
        """A book on top of this one."""
        return LabelBook(self)

    def learn(self, labels: Iterable[tuple[int, HandlingLabel]]) -> None:
        """Enter labels by their numbers."""
        for number, label in labels:
            self._labels[number] = label
            self._numbers[label] = number
            self.mark = max(self.mark, number)

    def label(self, number: int) -> HandlingLabel:
        """The label of a number that was read."""
        return self._labels[number] if self._base is None or number in self._labels else self._base.label(number)

    def number(self, label: HandlingLabel) -> int | None:
        """The number of a label, if it has one that was read."""
        found = self._numbers.get(label)
        return found if found is not None or self._base is None else self._base.number(label)

    def above(self, mark: int) -> list[tuple[int, HandlingLabel]]:
        """The labels numbered above `mark`, ascending."""
        if mark >= self.mark:
            return []
        inherited = [] if self._base is None else self._base.above(mark)
        return inherited + sorted((entry for entry in self._labels.items() if entry[0] > mark), key=lambda entry: entry[0])

    async def catch_up(self, tx: Transaction, collection: str) -> None:
        """Read what was interned since, under the write lock."""
        self.learn(await tx.labels(collection, above=self.mark))

    async def intern(self, tx: Transaction, collection: str, labels: Sequence[HandlingLabel], organisation: str) -> None:
        """Give new labels their numbers."""
        self.learn(zip(await tx.intern(collection, labels, organisation), labels, strict=True))
