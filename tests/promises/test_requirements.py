"""Every requirement of TAXII 2.1 and every rule of its clients is proven by a test that names it, or exempt for a reason."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
CHECKLIST: dict[str, Any] = tomllib.loads((TESTS / "requirements.toml").read_text())
RULES = [f"C{number}" for number in range(CHECKLIST["client_rules"]["first"], CHECKLIST["client_rules"]["last"] + 1)]
IDS = [*CHECKLIST["requirements"], *RULES]
EXEMPT: dict[str, str] = CHECKLIST["exempt"]
_ID = re.compile(r"\b([TI]-[A-Z0-9.]+-[0-9]+|C[0-9]+)(?: to ([TI]-[A-Z0-9.]+-[0-9]+|C[0-9]+))?")


def mentioned(text: str) -> Iterator[str]:
    """The ids in a text; `A to B` stands for all between them."""
    for first, last in _ID.findall(text):
        if not last:
            yield first
            continue
        stem, digits = re.fullmatch(r"(.*?)([0-9]+)", first).groups()  # type: ignore[union-attr]
        last_stem, last_digits = re.fullmatch(r"(.*?)([0-9]+)", last).groups()  # type: ignore[union-attr]
        assert stem == last_stem, f"{first} to {last} crosses sections"
        yield from (f"{stem}{number:0{len(digits)}}" for number in range(int(digits), int(last_digits) + 1))


def naming_tests() -> dict[str, list[str]]:
    """Id → the tests whose docstrings name it."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for identifier in mentioned(ast.get_docstring(node) or ""):
                    found.setdefault(identifier, []).append(f"{path.relative_to(TESTS)}::{node.name}")
    return found


NAMED = naming_tests()


def test_the_checklist_is_whole() -> None:
    """As many ids as the standard's checklist has, none twice, levels of its words."""
    assert len(IDS) == len(set(IDS))
    assert len(CHECKLIST["requirements"]) == 235
    assert set(CHECKLIST["requirements"].values()) == {"MUST", "SHOULD", "MAY", "REC", "INFO"}


@pytest.mark.parametrize("identifier", IDS)
def test_it_is_proven_or_exempt(identifier: str) -> None:
    assert identifier in NAMED or EXEMPT.get(identifier), f"no test names {identifier}: write one, or give the reason in requirements.toml"


def test_exemptions_are_needed_and_reasoned() -> None:
    """One that a test names is no exemption any more, and no MUST is exempt without saying whose it is."""
    assert set(EXEMPT) <= set(IDS)
    assert not set(EXEMPT) & set(NAMED)
    assert all(len(reason) > 30 for reason in EXEMPT.values())


def test_names_in_tests_are_names_of_the_checklist() -> None:
    """A mistyped id proves nothing."""
    strange = {identifier: tests for identifier, tests in NAMED.items() if identifier not in IDS}
    assert not strange


def test_ranges_are_understood() -> None:
    assert list(mentioned("T-3.4.1-02 to T-3.4.1-04, C9 to C11; T-B-01. I-TXS-01")) == [
        "T-3.4.1-02",
        "T-3.4.1-03",
        "T-3.4.1-04",
        "C9",
        "C10",
        "C11",
        "T-B-01",
        "I-TXS-01",
    ]
