"""The policy cases: all pass, each policy is needed by one, and a wrong case says what is wrong with it."""

import re
import tomllib
from typing import Any

import pytest
from questions import POLICIES, policy_files, policy_schema

from app.access.actions import Action
from app.access.cases import run_case

CASES = sorted((POLICIES / "cases").glob("*.toml"))
POLICY = re.compile(r'^@id\("(?P<id>[^"]+)"\)\n.*?;\n', re.MULTILINE | re.DOTALL)
IDS = [match["id"] for text in policy_files().values() for match in POLICY.finditer(text)]


def parsed() -> dict[str, dict[str, Any]]:
    return {path.name: tomllib.loads(path.read_text()) for path in CASES}


def without(policy: str) -> dict[str, str]:
    """The policies but one."""
    return {file: POLICY.sub(lambda match: "" if match["id"] == policy else match[0], text) for file, text in policy_files().items()}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_is_answered_as_written(path: Any) -> None:
    assert run_case(tomllib.loads(path.read_text()), policy_files(), policy_schema()) == []


@pytest.mark.parametrize("policy", IDS)
def test_every_policy_is_necessary(policy: str) -> None:
    """Promise 4: without it a case fails, and not by its reasons alone: somebody is let in, or shut out, who should not be."""
    files = without(policy)
    assert sum(len(POLICY.findall(text)) for text in files.values()) == len(IDS) - 1
    problems = [problem for case in parsed().values() for problem in run_case(case, files, policy_schema())]
    flips = [problem for problem in problems if re.search(r"expected allow.* answer deny|expected deny.* answer allow", problem)]
    assert flips, problems


def test_the_cases_ask_for_every_action_and_expect_every_policy() -> None:
    rows = [row for case in parsed().values() for row in case["case"]]
    asked = {action for row in rows for action in (row["action"] if isinstance(row["action"], list) else [row["action"]])}
    assert asked == {action.value for action in Action}
    assert {policy for row in rows for policy in (row.get("allow") or row.get("deny") or [])} == set(IDS)


def test_names_of_cases_are_unique_in_their_file() -> None:
    for file, case in parsed().items():
        names = [row["name"] for row in case["case"]]
        assert sorted(names) == sorted(set(names)), file


SMALL: dict[str, Any] = tomllib.loads("""
now = 2026-06-01T00:00:00Z
[alliance.organisations.ng]
kind = "member"
clients = { desk = { roles = ["reader"] } }
[alliance.collections.here]
kind = "national"
owner = "ng"
readers = ["org:ng"]
[[case]]
name = "row"
client = "ng/desk"
action = "read"
collection = "here"
label = { tlp = ["green", "red"], originator = "ng" }
allow = ["readers-read"]
""")


def changed(**keys: object) -> dict[str, Any]:
    """The small case file with its row changed; a key set to None is left out."""
    row = {key: value for key, value in {**SMALL["case"][0], **keys}.items() if value is not None}
    return {**SMALL, "case": [row]}


def run(case: dict[str, Any]) -> list[str]:
    return run_case(case, policy_files(), policy_schema())


def test_the_small_case_passes() -> None:
    assert run(SMALL) == []


def test_a_wrong_answer_names_case_and_question() -> None:
    assert run(changed(deny=["held"], allow=None)) == [
        f"case `row`: `ng/desk` asks for read in `here` under {level}: expected deny by held, the policies answer allow by readers-read"
        for level in ("green", "red")
    ]


def test_a_wrong_reason_is_a_wrong_answer() -> None:
    problems = run(changed(allow=["writers-write"]))
    assert len(problems) == 2
    assert problems[0].endswith("expected allow by writers-write, the policies answer allow by readers-read")


def test_a_denial_without_reasons_is_told_as_such() -> None:
    (problem,) = run(changed(action="hold", label=None, allow=["compliance-holds"]))
    assert problem.endswith("expected allow by compliance-holds, the policies answer deny (nothing permits)")


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"client": "ng/dsk"}, "case `row`: no client `ng/dsk` in the file's alliance"),
        ({"client": "desk"}, "case `row`: no client `desk` in the file's alliance"),
        ({"collection": "there"}, "case `row`: no collection `there` in the file's alliance"),
    ],
)
def test_what_is_not_in_the_files_alliance(keys: dict[str, object], problem: str) -> None:
    assert run(changed(**keys)) == [problem]


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({"lable": {}}, "`case.0.lable`"),
        ({"action": "peek"}, "`case.0.action.0`"),
        ({"label": {"tlp": "pink", "originator": "ng"}}, "`case.0.label.tlp.0`"),
        ({"label": {"tlp": [], "originator": "ng"}}, "`case.0.label.tlp`"),
        ({"label": {"tlp": "red"}}, "`case.0.label.originator`"),
        ({"label": {"tlp": "red", "originator": "ng", "embargo_until": "soon"}}, "`case.0.label.embargo_until`"),
        ({"allow": None}, "`case.0`"),
        ({"deny": []}, "`case.0`"),
        ({"name": None}, "`case.0.name`"),
    ],
)
def test_a_mistake_in_a_case_is_told_with_its_place(keys: dict[str, object], place: str) -> None:
    (problem,) = run(changed(**keys))
    assert problem.startswith(f"{place}: ")


def test_a_mistake_in_the_alliance_of_a_case_file_is_told() -> None:
    alliance = {**SMALL["alliance"], "collections": {"here": {"kind": "national", "owner": "ng", "readrs": []}}}
    assert run({**SMALL, "alliance": alliance}) == ["`collections.0.readrs`: extra inputs are not permitted"]
    assert run({**SMALL, "case": []})[0].startswith("`case`: ")
    assert run({}) != []


def test_policies_that_do_not_validate_are_told_in_place_of_answers() -> None:
    (problem,) = run_case(SMALL, {"p.cedar": "permit"}, policy_schema())
    assert problem.startswith("`p.cedar`: ")


def test_an_error_of_the_engine_is_told() -> None:
    errs = '@id("errs") @doc("d")\nforbid (principal, action, resource) when { context.now + 9223372036854775807 > 0 };'
    problems = run_case(SMALL, {**policy_files(), "errs.cedar": errs}, policy_schema())
    assert "overflow" in problems[0]
