"""A schema's finding as a sentence: keywords that the OASIS schemas do not use yet, and long or odd values."""

import jsonschema_rs
import pytest

from app.stix.reasons import reason


@pytest.mark.parametrize(
    ("schema", "value", "sentence"),
    [
        ({"uniqueItems": True}, [1, 1], "the object violates `uniqueItems` of its schema"),
        ({"properties": {"a": {"enum": ["b"]}}}, {"a": "c"}, "`a` must be `b`, not `c`"),
        ({"properties": {"a": {"enum": list("bcdefgh")}}}, {"a": "x"}, "`a` must be one of `b`, `c`, `d`, `e`, `f`, `g` …, not `x`"),
        ({"properties": {"a": {"items": {"type": "number"}}}}, {"a": [1, "x"]}, "`a[1]` must be a number"),
        ({"properties": {"a": {"pattern": "^b-"}}}, {"a": "x`y\nz"}, "`a` is not of the form that it must have: `x'y z`"),
        (
            {"properties": {"a": {}, "b": {}}, "additionalProperties": False},
            {"x" * 1_000: 1},
            f"`{'x' * 80}…` is not a name that is allowed",
        ),
        (
            {"properties": {"a": {"oneOf": [{"required": ["b"]}, {"required": ["c"]}]}}},
            {"a": {"b": 1, "c": 1}},
            "`a` has properties that exclude each other",
        ),
        ({"properties": {"a": {"anyOf": [{"type": "string"}, {"maximum": 5}]}}}, {"a": 9}, "`a` must be a string or `a` must be at most 5"),
    ],
)
def test_sentences(schema: dict[str, object], value: object, sentence: str) -> None:
    with pytest.raises(jsonschema_rs.ValidationError) as error:
        jsonschema_rs.validator_for(schema).validate(value)
    assert reason(error.value) == sentence
