"""Everything that can go wrong, as one tree; no class knows an HTTP status (app/api/problems.py maps them, a test proves it maps all).

    SharingError
    ├── RequestError        the message is wrong
    │   ├── MalformedQuery  MalformedEnvelope  InvalidCursor
    │   └── NotAcceptable   UnsupportedMediaType  EnvelopeTooLarge  MethodNotAllowed
    ├── AccessError
    │   ├── Unauthenticated
    │   ├── Denied          carries the ids of the policies that decided
    │   └── QuotaExceeded   carries the seconds to wait
    ├── NotFound            absent, or hidden from the one who asks: the same class, the same text (TAXII 2.1 App. B)
    ├── InvalidObject       one object of an envelope is wrong: a failure line of the status, never an error of the request
    ├── StoreError
    │   ├── StoreUnavailable
    │   └── EpochMoved      the alliance changed while a write was judged: judge again
    └── ConfigurationError  start or reload refused; never reaches a client

`str(error)` is fit for a person: it names the thing and the remedy, never a secret, never another's data.
"""

from collections.abc import Sequence


def quoted(text: object, length: int = 80) -> str:
    """A piece of the user's input for a message: in backticks, one line, cut to `length` characters."""
    plain = str(text).replace("\n", " ").replace("`", "'")
    return f"`{plain}`" if len(plain) <= length else f"`{plain[:length]}…`"


class SharingError(Exception):
    """Base of all errors of the project."""


class RequestError(SharingError):
    """The message itself is wrong, whoever sends it."""


class MalformedQuery(RequestError):
    """A query parameter cannot be understood (TAXII 2.1 §3.4: 400)."""


class MalformedEnvelope(RequestError):
    """The body is not a TAXII envelope (TAXII 2.1 §5.5)."""


class InvalidCursor(MalformedQuery):
    """`next` was not minted by this server, or was damaged on its way."""


class NotAcceptable(RequestError):
    """The client accepts nothing that this endpoint can answer with (TAXII 2.1 §3.1: 406)."""


class UnsupportedMediaType(RequestError):
    """The body is of a type that this endpoint does not take (TAXII 2.1 §5.5: 415)."""


class EnvelopeTooLarge(RequestError):
    """The body, or the number of objects in it, is above the limit (TAXII 2.1 §5.5: 413)."""


class MethodNotAllowed(RequestError):
    """The path exists by its shape, but not for this method (405)."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"this path takes {', '.join(allowed)}")
        self.allowed = tuple(allowed)


class AccessError(SharingError):
    """The one who asks may not."""


class Unauthenticated(AccessError):
    """No credentials, or none that are right (TAXII 2.1 §1.6.9: 401 with a challenge)."""


class Denied(AccessError):
    """Known, may see the thing, may not do this to it (403)."""

    def __init__(self, message: str, policies: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.policies = tuple(policies)


class QuotaExceeded(AccessError):
    """The organisation's own requests or writes are above its quota (429)."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotFound(SharingError):
    """Absent, or hidden from the one who asks. The two are never told apart."""


class InvalidObject(SharingError):
    """One object is refused: its id and version as far as they could be read, and the reason."""

    def __init__(self, message: str, object_id: str | None = None, version: str | None = None) -> None:
        super().__init__(message)
        self.object_id = object_id
        self.version = version


class StoreError(SharingError):
    """The store could not do what was asked; nothing was half done."""


class StoreUnavailable(StoreError):
    """The store cannot be used now: locked too long, disk full, clock wrong (503)."""


class EpochMoved(StoreError):
    """The alliance in force changed between the judgement and the write."""


class ConfigurationError(SharingError):
    """A file, an option or a store is not fit to run with: `problems` names each with its remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
