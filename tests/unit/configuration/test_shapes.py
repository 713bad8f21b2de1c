"""One file by itself: whatever its table holds becomes a value, or sentences about it."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from app.access.alliance import ApiRoot, Client, Collection, Group, Issuer, Organisation
from app.configuration.folder import File, Sort
from app.configuration.shapes import keys_of, read_shape

MODELS = [Organisation, Group, Issuer, ApiRoot, Collection]
KEYS = sorted({key for model in (*MODELS, Client) for key in model.model_fields} | {"a key", "`"})
PLAIN = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["reader", "member", "amber", "identity--1", "3f0b7a52-8d1e-4c60-9b7a-1c2d3e4f5a01", "[key]", ""]),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([date(2030, 1, 1), datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, 5, tzinfo=UTC), time(5)]),
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)), max_leaves=8
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MODELS), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_any_table_is_a_value_or_told_in_sentences(model: type[BaseModel], table: dict[str, object]) -> None:
    """All that TOML can hold (TOML 1.0), under keys right and wrong."""
    value, problems = read_shape(model, File("auth/x.toml", Sort.GROUP, ("x",), table=table))
    assert (value is None) == bool(problems)
    assert all(problem.startswith("auth/x.toml: ") and "\n" not in problem for problem in problems)
    assert len(problems) == len(set(problems))


@pytest.mark.parametrize("key", ["root", "name"])
def test_what_the_path_says_is_no_key_and_never_proposed(key: str) -> None:
    assert key not in keys_of(Collection)
    _, problems = read_shape(Collection, File("x.toml", Sort.COLLECTION, (), table={f"{key}s": "x"}), root="a", name="b")
    assert f"x.toml: unknown key `{key}s`" in problems
