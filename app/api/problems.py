"""From errors to answers: the one place that knows which status an error has (TAXII 2.1 §3.6). tests/unit/api/test_problems.py finds gaps.

* A refusal (4xx) tells the client what the error says. A failure (5xx) tells him nothing but an `error_id`; what happened is in the log under it.
* Every 401 carries the same challenges, every 405 names the methods, 429 and 503 say when to come again.
"""

import secrets
from collections.abc import Mapping
from typing import Final

from app.api.body import BodyTooSlow
from app.api.logs import logger
from app.api.message import Header, Reply
from app.errors import (
    AccessError,
    ConfigurationError,
    Denied,
    EnvelopeTooLarge,
    EpochMoved,
    InvalidCursor,
    InvalidObject,
    MalformedEnvelope,
    MalformedQuery,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    QuotaExceeded,
    RequestError,
    SharingError,
    StoreError,
    StoreUnavailable,
    Unauthenticated,
    UnsupportedMediaType,
)
from app.taxii.resources import ErrorMessage, render

ANSWERS: Final[Mapping[type[SharingError], tuple[int, str]]] = {
    SharingError: (500, "Internal error"),
    RequestError: (400, "Bad request"),
    MalformedQuery: (400, "Malformed query"),
    InvalidCursor: (400, "Invalid cursor"),
    MalformedEnvelope: (422, "Malformed envelope"),
    InvalidObject: (422, "Invalid object"),
    NotAcceptable: (406, "Not acceptable"),
    UnsupportedMediaType: (415, "Unsupported media type"),
    EnvelopeTooLarge: (413, "Envelope too large"),
    MethodNotAllowed: (405, "Method not allowed"),
    BodyTooSlow: (408, "Request timeout"),
    AccessError: (403, "Forbidden"),
    Unauthenticated: (401, "Unauthorized"),
    Denied: (403, "Forbidden"),
    QuotaExceeded: (429, "Too many requests"),
    NotFound: (404, "Not found"),
    StoreError: (503, "Service unavailable"),
    StoreUnavailable: (503, "Service unavailable"),
    EpochMoved: (503, "Service unavailable"),
    ConfigurationError: (500, "Internal error"),
}

CHALLENGES: Final[tuple[Header, ...]] = (
    (b"www-authenticate", b'Basic realm="legation", charset="UTF-8"'),
    (b"www-authenticate", b'Bearer realm="legation"'),
)
"""Basic first: some clients read one only (TAXII 2.1 §1.6.9, §8.2.2; C30)."""
RETRY_AFTER_SECONDS: Final = 5
_FAILURE: Final = "the server could not answer; tell its operator the `error_id` if it happens again"
_PAUSE: Final = "the server cannot do this now; try again in a few seconds"

log = logger("legation.api")


def refusal(error: SharingError) -> Reply:
    """The answer to a request that ended in one of our own errors."""
    status, title = next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
    if status >= 500:
        return failure(error, status, title)
    message = ErrorMessage(title=title, description=str(error) or None, http_status=str(status))
    return Reply(status, render(message), _headers(error))


def failure(error: BaseException, status: int = 500, title: str = "Internal error") -> Reply:
    """The answer to a request that ended in an error nobody expected, or in one that is none of the client's business."""
    error_id = secrets.token_hex(8)
    log.error("request_failed", error_id=error_id, status=status, exc_info=error)
    message = ErrorMessage(title=title, description=_FAILURE if status == 500 else _PAUSE, error_id=error_id, http_status=str(status))
    return Reply(status, render(message), _headers(error))


def _headers(error: BaseException) -> tuple[Header, ...]:
    match error:
        case Unauthenticated():
            return CHALLENGES
        case MethodNotAllowed():
            header = (b"allow", ", ".join(error.allowed).encode())
        case QuotaExceeded():
            header = (b"retry-after", b"%d" % error.retry_after)
        case StoreError():
            header = (b"retry-after", b"%d" % RETRY_AFTER_SECONDS)
        case UnsupportedMediaType():
            header = (b"accept-encoding", b"identity")
        case BodyTooSlow():
            header = (b"connection", b"close")
        case _:
            return ()
    return (header,)
