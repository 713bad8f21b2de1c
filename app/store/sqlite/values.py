"""Values on their way into a query and out of it."""

from array import array
from collections.abc import Iterable

import apsw


def integers(values: Iterable[int]) -> "apsw.CArrayBinding":
    """Numbers, at least one, to be bound where a query says `carray`."""
    return apsw.carray(array("q", values))


def texts(values: Iterable[str]) -> "apsw.CArrayBinding":
    """The same for texts."""
    return apsw.carray(tuple(values))


def integer(connection: apsw.Connection, query: str, *bindings: int | str) -> int:
    """The only value of the only row, a number."""
    value = integer_if_any(connection, query, *bindings)
    assert value is not None  # noqa: S101 # those who ask know that there is one
    return value


def integer_if_any(connection: apsw.Connection, query: str, *bindings: int | str) -> int | None:
    """The same, or None if there is no row."""
    value: int | None = connection.execute(query, bindings).get
    return value
