"""Every corner case of docs/corner-cases.md is proven by a test that names its number."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = (TESTS.parent / "docs" / "corner-cases.md").read_text()
CASES = [int(number) for number in re.findall(r"^\| ([0-9]+) \|", TABLE, re.MULTILINE)]
LATER = {35}
"""Decided, and left to a later release."""
_NAMED = re.compile(r"\b[Cc]ases? (?P<first>[0-9]+(?:(?:, and |, | and | to |-)[0-9]+)*)")


def mentioned(text: str) -> Iterator[int]:
    """The cases that a text names; `4 to 6` stands for all between them."""
    for found in _NAMED.findall(text):
        for part in re.split(r", and |, | and ", found):
            first, *last = (int(number) for number in re.findall("[0-9]+", part))
            yield from range(first, (last or [first])[0] + 1)


def naming_tests() -> dict[int, list[str]]:
    """Case → the tests that name it, by their name or docstring."""
    found: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                named = {*mentioned(ast.get_docstring(node) or ""), *map(int, re.findall(r"_case_([0-9]+)_", node.name))}
                for case in named:
                    found.setdefault(case, []).append(f"{path.relative_to(TESTS)}::{node.name}")
    return found


NAMED = naming_tests()


def test_the_table_is_whole() -> None:
    assert list(range(1, 41)) == CASES


def test_each_case_is_named_by_a_test() -> None:
    missing = [case for case in CASES if case not in NAMED and case not in LATER]
    assert not missing


def test_no_test_names_a_case_that_there_is_not() -> None:
    strange = {case: tests for case, tests in NAMED.items() if case not in CASES}
    assert not strange


def test_ranges_are_understood() -> None:
    text = "Case 4: one. Cases 5, 7 and 9; access-policy cases 11 to 13, and case 15-16"
    assert list(mentioned(text)) == [4, 5, 7, 9, 11, 12, 13, 15, 16]
