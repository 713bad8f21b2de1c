"""Control by source and compliance, rejections, retention: what the commands do, refuse (exit code 1) and do not understand (2)."""

from datetime import UTC, datetime, timedelta

import pytest
import typer
from desks import Desk, refused, send

from app.cli.control import deadline
from app.stix.markings import HANDLING_EXTENSION

CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
INTAKE, ALLIANCE, NATIONAL = "intake/quillfrost", "members/alliance", "members/ng-indicators"
CURATOR, OFFICER, PROTECTION = "secretariat/curator", "secretariat/compliance", "secretariat/dpo"
NG, KE, PARTNER = "ng-cert/misp", "ke-cert/misp", "quillfrost/push"
LONG = ("--reason", "accuracy", "--until", "2999-01-01")


def advice(number: int, *markings: str) -> dict[str, object]:
    """A small valid object."""
    moment = "2026-03-01T09:00:00.000Z"
    return {
        "type": "course-of-action",
        "spec_version": "2.1",
        "id": f"course-of-action--00000000-0000-4000-8000-{number:012}",
        "created": moment,
        "modified": moment,
        "name": f"advice {number}",
        "object_marking_refs": [CLEAR, *markings],
    }


def terms(**more: object) -> dict[str, object]:
    """A handling marking."""
    extension = {"extension_type": "property-extension", "handling_version": "1.0", **more}
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--00000000-0000-4000-8000-000000000001",
        "created": "2026-03-01T09:00:00.000Z",
        "extensions": {HANDLING_EXTENSION: extension},
    }


ONE, TWO = (str(advice(number)["id"]) for number in (1, 2))


def read(desk: Desk, path: str, client: str) -> set[str]:
    """The ids that a client reads."""
    return {each["id"] for each in desk.run("export", path, "--as", client).json.get("objects", [])}


COMMANDS = ["reject", "rejected", "withdraw", "erase", "erasures", "hold", "lift", "holds", "retention", "purge"]


def test_help_names_the_commands(desk: Desk) -> None:
    assert all(f" {name} " in desk.run("--help").out for name in COMMANDS)
    assert all(desk.run(name, "--help").code == 0 for name in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["reject", INTAKE, ONE, "--as", CURATOR],
        ["reject", INTAKE, "--reason", "wrong", "--as", CURATOR],
        ["rejected", "--as", CURATOR],
        ["withdraw", "--as", NG],
        ["withdraw", ONE],
        ["erase", ONE, "--as", PROTECTION],
        ["erase", ONE, "--reason", "spite", "--as", PROTECTION],
        ["hold", ALLIANCE, ONE, "--reason", "spite", "--until", "2999-01-01", "--as", OFFICER],
        ["hold", ALLIANCE, ONE, "--reason", "accuracy", "--as", OFFICER],
        ["hold", ALLIANCE, ONE, "--reason", "accuracy", "--until", "soon", "--as", OFFICER],
        ["lift", ALLIANCE, "--as", OFFICER],
        ["retention", "ng-cert"],
        ["retention", "ng-cert", "--within", "long"],
        ["purge", "--after", "-1d"],
    ],
)
def test_a_wrong_command_line_is_told_apart(desk: Desk, arguments: list[str]) -> None:
    done = desk.run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err


@pytest.mark.parametrize("text", ["2026-09-30T02:00:00+02:00", "2026-09-30T00:00:00Z", "2026-09-30", "2026-09-30T00:00:00"])
def test_deadlines_are_utc_unless_they_say_otherwise(text: str) -> None:
    assert deadline(text) == datetime(2026, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "90d", "2026-13-01"])
def test_what_is_no_deadline_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="2026-09-30"):
        deadline(text)


# ---- reject


def test_reject_tells_the_submitter_why(desk: Desk) -> None:
    send(desk, INTAKE, PARTNER, advice(1), advice(2))
    assert "nothing is rejected" in desk.run("rejected", INTAKE, "--as", PARTNER).err
    done = desk.run("reject", INTAKE, "-", "--reason", "not ours to judge", "--as", CURATOR, input=f"{ONE}\n")
    assert (done.code, "1 objects rejected, 0 not" in done.err) == (0, True)
    assert [each["object_id"] for each in desk.run("review", INTAKE, "--as", CURATOR, "--json").json] == [TWO]
    assert "not ours to judge" in desk.run("rejected", INTAKE, "--as", PARTNER).out
    (told,) = desk.run("rejected", INTAKE, "--as", PARTNER, "--json").json
    assert (told["object_id"], told["reason"], told["submitter"]) == (ONE, "not ours to judge", "quillfrost")


def test_reject_says_what_does_not_wait(desk: Desk) -> None:
    done = desk.run("reject", INTAKE, ONE, "--reason", "wrong", "--as", CURATOR)
    assert done.code == 1
    assert "it does not wait here" in done.err
    assert desk.run("reject", INTAKE, ONE, "--reason", "wrong", "--as", CURATOR, "--json").json == {ONE: 0}
    refused(desk.run("reject", INTAKE, ONE, "--reason", " ", "--as", CURATOR), "a reason")
    refused(desk.run("reject", INTAKE, ONE, "--reason", "wrong", "--as", NG), "`intake/quillfrost`")
    refused(desk.run("rejected", INTAKE, "--as", NG), "`intake/quillfrost`")


# ---- withdraw


def test_withdraw_takes_back_from_everywhere(desk: Desk) -> None:
    for path in (ALLIANCE, NATIONAL):
        send(desk, path, NG, advice(1), advice(2))
    done = desk.run("withdraw", ONE, "--as", NG)
    assert (done.code, done.out) == (0, "")
    assert f"1 versions withdrawn from {ALLIANCE}" in done.err
    assert read(desk, ALLIANCE, KE) == read(desk, NATIONAL, KE) == {TWO}
    assert desk.run("withdraw", TWO, "--as", NG, "--json").json == [{"collection": each, "versions": 1} for each in (ALLIANCE, NATIONAL)]


def test_withdraw_is_the_originators(desk: Desk) -> None:
    send(desk, ALLIANCE, NG, advice(1))
    refused(desk.run("withdraw", ONE, "--as", KE), f"`{ONE}`", KE)
    refused(desk.run("withdraw", ONE, "--as", "saltmarsh/pull"), "contributor")
    refused(desk.run("withdraw", ONE, "--as", "ng-cert/nobody"), "`ng-cert/nobody`")


# ---- erase, erasures


def test_erase_deletes_everywhere_and_is_told(desk: Desk) -> None:
    for path in (ALLIANCE, NATIONAL):
        send(desk, path, NG, advice(1), advice(2))
    assert f"nothing was erased that concerns {NG}" in desk.run("erasures", "--as", NG).err
    done = desk.run("erase", ONE, "--reason", "order", "--as", PROTECTION)
    assert (done.code, done.out) == (0, "")
    assert f"the contribution of ng-cert is erased from {ALLIANCE}" in done.err
    assert read(desk, ALLIANCE, NG) == read(desk, NATIONAL, NG) == {TWO}
    again = desk.run("import", desk.write("again.json", [advice(1)]), "--to", ALLIANCE, "--as", NG)
    assert (again.code, "legal duty" in again.err) == (1, True)
    assert "order" in desk.run("erasures", "--as", NG).out
    told = desk.run("erasures", "--as", PROTECTION, "--json").json
    assert {(each["collection"], each["object_id"], each["contributor"]) for each in told} == {
        (path, ONE, "ng-cert") for path in (ALLIANCE, NATIONAL)
    }
    assert [each["reason"] for each in desk.run("erase", TWO, "--reason", "request", "--as", PROTECTION, "--json").json] == ["request"] * 2


def test_erasing_is_for_officers_and_what_is_there(desk: Desk) -> None:
    send(desk, ALLIANCE, NG, advice(1))
    refused(desk.run("erase", ONE, "--reason", "order", "--as", NG), "`dpo`")
    refused(desk.run("erase", TWO, "--reason", "order", "--as", PROTECTION), f"`{TWO}`")
    for command in (["erase", ONE, "--reason", "order"], ["erasures"]):
        refused(desk.run(*command, "--as", "secretariat/nobody"), "`secretariat/nobody`")


# ---- hold, lift, holds


def test_hold_closes_and_lift_opens(desk: Desk) -> None:
    send(desk, ALLIANCE, NG, advice(1), advice(2))
    done = desk.run("hold", ALLIANCE, ONE, *LONG, "--as", OFFICER)
    assert (done.code, done.out) == (0, "")
    assert f"1 contributions under this id in {ALLIANCE} held until 2999-01-01T00:00:00Z" in done.err
    assert read(desk, ALLIANCE, KE) == {TWO}
    assert read(desk, ALLIANCE, NG) == {ONE, TWO}
    for client in (OFFICER, NG):
        assert "accuracy" in desk.run("holds", "--as", client).out
    (held,) = desk.run("holds", "--as", NG, "--json").json
    assert (held["collection"], held["object_id"], held["reason"], held["client"]) == (ALLIANCE, ONE, "accuracy", OFFICER)
    assert f"nothing is held that concerns {KE}" in desk.run("holds", "--as", KE).err
    assert "lifted" in desk.run("lift", ALLIANCE, ONE, "--as", OFFICER).err
    assert read(desk, ALLIANCE, KE) == {ONE, TWO}


def test_only_compliance_holds_and_only_what_is_there(desk: Desk) -> None:
    send(desk, ALLIANCE, NG, advice(1))
    refused(desk.run("hold", ALLIANCE, ONE, *LONG, "--as", CURATOR), f"`{ALLIANCE}`")
    refused(desk.run("hold", ALLIANCE, TWO, *LONG, "--as", OFFICER), f"`{ALLIANCE}`")
    refused(desk.run("hold", ALLIANCE, ONE, "--reason", "accuracy", "--until", "2020-01-01", "--as", OFFICER), "in the future")
    refused(desk.run("lift", ALLIANCE, ONE, "--as", OFFICER), f"`{ALLIANCE}`")
    refused(desk.run("holds", "--as", "secretariat/nobody"), "`secretariat/nobody`")


# ---- retention, purge


def test_retention_tells_and_purge_removes(desk: Desk) -> None:
    ends = datetime.now(UTC) - timedelta(days=3)
    marking = terms(retention_until=ends.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    send(desk, ALLIANCE, NG, marking, advice(1, str(marking["id"])), advice(2))
    assert "(over)" in desk.run("retention", "ng-cert", "--within", "180d").out
    found = desk.run("retention", "ng-cert", "--within", "1d", "--json").json
    assert {(each["object_id"], each["is_over"]) for each in found} == {(ONE, True), (marking["id"], True)}
    assert "no object of ke-cert ends that soon" in desk.run("retention", "ke-cert", "--within", "1d").err
    refused(desk.run("retention", "nowhere", "--within", "1d"), "`nowhere`")
    assert "0 versions purged" in desk.run("purge", "--after", "30d").err
    assert "2 versions purged" in desk.run("purge").err
    assert read(desk, ALLIANCE, NG) == {TWO}
