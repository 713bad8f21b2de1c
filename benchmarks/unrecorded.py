"""`legation` as if pages left no record: for the yardstick alone, which asks it beside the real one to learn what a delivery record costs.

`python -m benchmarks.unrecorded` takes the arguments of `legation`. Its server answers as ever; what it delivered is forgotten.
"""

from collections.abc import Sequence

from app.audit.deliveries import Delivery
from app.cli import main
from app.store.sqlite import SqliteStore


async def _forget(_: SqliteStore, __: Sequence[Delivery]) -> None:
    """In place of putting deliveries on record."""


if __name__ == "__main__":
    SqliteStore.deliver = _forget  # type: ignore[method-assign] # in this process alone
    main()
