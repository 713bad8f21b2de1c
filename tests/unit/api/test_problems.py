"""From errors to answers (TAXII 2.1 §3.6): no class of the tree without a row, and nothing told that must not be."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from app import errors
from app.api.body import BodyTooSlow
from app.api.message import Reply
from app.api.problems import ANSWERS, failure, refusal
from app.errors import (
    ConfigurationError,
    Denied,
    EnvelopeTooLarge,
    EpochMoved,
    InvalidCursor,
    MethodNotAllowed,
    NotFound,
    QuotaExceeded,
    SharingError,
    StoreUnavailable,
    Unauthenticated,
    UnsupportedMediaType,
)
from app.taxii.resources import ErrorMessage


def tree(kind: type[SharingError] = SharingError) -> Iterator[type[SharingError]]:
    """Every class of the project's errors."""
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


def message(reply: Reply) -> dict[str, Any]:
    """The error resource of an answer, valid by its model."""
    ErrorMessage.model_validate_json(reply.body)
    found: dict[str, Any] = json.loads(reply.body)
    return found


@pytest.mark.parametrize("kind", sorted(set(tree()), key=lambda kind: kind.__name__))
def test_every_error_has_its_own_row(kind: type[SharingError]) -> None:
    status, title = ANSWERS[kind]
    assert title
    assert HTTPStatus(status).value >= 400


def test_the_table_names_nothing_else() -> None:
    assert set(ANSWERS) == set(tree())
    assert {kind.__module__ for kind in ANSWERS} == {errors.__name__, BodyTooSlow.__module__}


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (InvalidCursor("`next` is wrong"), 400, {}),
        (Unauthenticated("no"), 401, {b"www-authenticate": b'Bearer realm="legation"'}),
        (Denied("no", ("policy-7",)), 403, {}),
        (NotFound("nothing"), 404, {}),
        (MethodNotAllowed(("GET", "POST")), 405, {b"allow": b"GET, POST"}),
        (BodyTooSlow("slow"), 408, {b"connection": b"close"}),
        (EnvelopeTooLarge("big"), 413, {}),
        (UnsupportedMediaType("what"), 415, {b"accept-encoding": b"identity"}),
        (QuotaExceeded("wait", retry_after=7), 429, {b"retry-after": b"7"}),
    ],
)
def test_refusals_say_what_is_wrong(error: SharingError, status: int, headers: dict[bytes, bytes]) -> None:
    """T-3.6.1-01 to T-3.6.1-03."""
    reply = refusal(error)
    assert reply.status == status
    assert message(reply) == {"title": ANSWERS[type(error)][1], "description": str(error), "http_status": str(status)}
    assert dict(reply.headers) == headers


def test_401_challenges_with_registered_schemes() -> None:
    """T-1.6.9-01, T-1.6.9-03, C30: Basic first."""
    assert [value.split()[0] for _, value in refusal(Unauthenticated("no")).headers] == [b"Basic", b"Bearer"]


def test_policies_are_not_told() -> None:
    assert b"policy-7" not in refusal(Denied("no", ("policy-7",))).body


def test_an_error_without_text_has_no_description() -> None:
    assert "description" not in message(refusal(NotFound()))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreUnavailable("secret-path"), 503),
        (EpochMoved("secret-path"), 503),
        (ConfigurationError(["secret-path"]), 500),
        (SharingError("secret-path"), 500),
    ],
)
def test_failures_tell_nothing_but_an_error_id(error: SharingError, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    """DESIGN 2, promise 4: the reason goes to the log alone, under the same id."""
    reply = refusal(error)
    told = message(reply)
    assert (reply.status, told["http_status"]) == (status, str(status))
    assert b"secret-path" not in reply.body
    assert (b"retry-after" in dict(reply.headers)) is (status == 503)
    captured = capsys.readouterr()
    assert told["error_id"] in captured.out + captured.err


def test_what_nobody_expected_is_a_500(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = failure(ValueError("secret")), failure(ValueError("secret"))
    assert first.status == 500
    assert b"secret" not in first.body
    assert message(first)["error_id"] != message(second)["error_id"]
    captured = capsys.readouterr()
    assert "ValueError" in captured.out + captured.err
