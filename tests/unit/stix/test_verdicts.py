"""Our verdict on a table of objects beside those of stix2 and stix2-validator: every disagreement is explained, every explanation is needed."""

import json
from datetime import UTC, datetime

import pytest
import stix2
from samples.verdicts import VERDICTS, Verdict
from stix2.exceptions import STIXError
from stix2validator import ValidationOptions, validate_instance
from stix2validator.errors import ValidationError

from app.errors import InvalidObject
from app.stix.objects import read_object

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _ours(verdict: Verdict) -> str:
    try:
        read_object(json.dumps(verdict.content).encode(), NOW)
    except InvalidObject as error:
        return str(error)
    return ""


def _is_valid_for_stix2(verdict: Verdict) -> bool:
    try:
        stix2.parse(verdict.content, allow_custom=True)
    except (STIXError, ValueError, TypeError, KeyError):
        return False
    return True


def _is_valid_for_validator(verdict: Verdict) -> bool:
    try:
        return bool(validate_instance(verdict.content, ValidationOptions()).is_valid)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        return False  # some of its rules break down on what its schemas let through


@pytest.mark.filterwarnings(
    "ignore:The 'objects' property of observed-data is deprecated", "ignore:jsonschema.exceptions.RefResolutionError is deprecated"
)
@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: verdict.name)
def test_verdict(verdict: Verdict) -> None:
    reason = _ours(verdict)
    assert (reason == "") == verdict.valid, reason
    assert (_is_valid_for_stix2(verdict) == verdict.valid) == (verdict.stix2 == ""), "stix2"
    assert (_is_valid_for_validator(verdict) == verdict.valid) == (verdict.validator == ""), "stix2-validator"


def test_the_table_is_large_and_its_names_are_different() -> None:
    assert len({verdict.name for verdict in VERDICTS}) == len(VERDICTS) >= 150
    assert min(sum(verdict.valid for verdict in VERDICTS), sum(not verdict.valid for verdict in VERDICTS)) >= 75
