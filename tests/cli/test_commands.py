"""Every command: what it does, what it refuses (exit code 1, one line, no traceback), what it does not understand (exit code 2)."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from desks import PATIENCE, Desk, refused
from typer.testing import CliRunner

from app.cli import transfer
from app.cli.commands import legation
from app.cli.samples import Parties, feed
from app.errors import QuotaExceeded
from app.sharing.quota import Quotas

QUILLFROST = "identity--c63cbaee-6c34-4f3a-a826-d9322b51cf30"
NG_DESK = "identity--ba0e07d3-13df-4c9e-a912-b04fc3b195f1"
CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
INTAKE, CURATOR = "intake/quillfrost", "secretariat/curator"


def advice(number: int, marking: str = CLEAR, **properties: object) -> dict[str, object]:
    """A small valid object."""
    moment = "2026-03-01T09:00:00.000Z"
    return {
        "type": "course-of-action",
        "spec_version": "2.1",
        "id": f"course-of-action--00000000-0000-4000-8000-{number:012}",
        "created": moment,
        "modified": moment,
        "name": f"advice {number}",
        "object_marking_refs": [marking],
        **properties,
    }


# ---- the whole


def test_help_names_every_command(desk: Desk) -> None:
    done = desk.run("--help")
    assert done.code == 0
    commands = "demo init check reload serve import export review release explain add token"
    assert all(f" {name} " in done.out for name in commands.split())


@pytest.mark.parametrize("command", ["init", "check", "reload", "serve", "demo", "import", "export", "review", "release", "explain"])
def test_every_command_has_help(desk: Desk, command: str) -> None:
    assert desk.run(command, "--help").code == 0


def test_the_version_is_that_of_the_distribution(desk: Desk) -> None:
    assert desk.run("--version").out == "0.1.0\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["token", "issue"],
        ["token", "issue", "ng-cert"],
        ["token", "issue", "ng-cert/misp", "--expires", "soon"],
        ["check", "/no/such/folder"],
        ["import", "/no/such/file", "--to", "members/alliance", "--as", "ng-cert/misp"],
        ["export", "alliance", "--as", "ng-cert/misp"],
        ["export", "members/alliance"],
        ["review", INTAKE, "--as", "public"],
        ["release", INTAKE, "--as", CURATOR],
        ["add", "collection", "members/new"],
        ["add", "member", "xx-cert"],
    ],
)
def test_a_wrong_command_line_is_told_apart(desk: Desk, arguments: list[str]) -> None:
    done = desk.run(*arguments)
    assert done.code == 2
    assert not done.out
    assert "Traceback" not in done.err


def test_a_store_that_is_none_is_a_wrong_command_line(desk: Desk) -> None:
    done = desk.run("token", "list", store="postgres://somewhere")
    assert done.code == 2
    assert "sqlite:///PATH" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["token", "list"],
        ["token", "issue", "ng-cert/misp"],
        ["reload", "alliance"],
        ["export", "members/alliance", "--as", "ng-cert/misp"],
        ["explain", "ng-cert/misp", "members/alliance"],
    ],
)
def test_memory_takes_no_deeds_beside_a_server(desk: Desk, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.chdir(desk.folder)
    refused(desk.run(*arguments, store="memory:"), "`memory:` lives in one process alone")


def test_a_store_that_is_not_there_is_not_made_by_the_way(desk: Desk, tmp_path: Path) -> None:
    refused(desk.run("token", "list", store=f"sqlite:///{tmp_path}/new.sqlite"), "there is no store", "legation reload DIR")
    assert not (tmp_path / "new.sqlite").exists()


def test_without_an_option_all_commands_mean_the_same_private_file(desk: Desk, tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(legation, ["reload", str(desk.folder / "alliance")]).exit_code == 0
    store = tmp_path / "state" / "legation" / "legation.sqlite"
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700
    assert runner.invoke(legation, ["token", "issue", "ng-cert/misp"]).exit_code == 0


def test_limits_of_the_environment_hold_for_commands_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEGATION_OBJECT_DEPTH", "8")
    deep: object = "end"
    for _ in range(10):
        deep = [deep]
    done = desk.run("import", desk.write("deep.json", [advice(1, x_deep=deep)]), "--to", "members/alliance", "--as", "ng-cert/misp")
    assert done.code == 1
    assert "nested more than 8 levels" in done.err
    monkeypatch.setenv("LEGATION_OBJECT_DEPTH", "deep")
    refused(desk.run("token", "list"), "LEGATION_OBJECT_DEPTH", "`deep`")


# ---- the alliance


def test_init_writes_the_model_alliance(desk: Desk, tmp_path: Path) -> None:
    done = desk.run("init", str(tmp_path / "mine"))
    assert done.code == 0
    assert "files written" in done.err
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {"auth", "collections", "policies"}
    refused(desk.run("init", str(tmp_path / "mine")), "exists in")


def test_check_says_what_it_looked_at(desk: Desk) -> None:
    done = desk.run("check", str(desk.folder / "alliance"))
    assert done.code == 0
    assert done.out.startswith("nothing is wrong: ")
    assert "files of cases" in done.out
    assert "nobody gains or loses sight" in done.err


def test_check_takes_the_folder_from_the_environment_or_where_one_stands(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEGATION_ALLIANCE", str(desk.folder / "alliance"))
    assert desk.run("check").code == 0
    monkeypatch.delenv("LEGATION_ALLIANCE")
    monkeypatch.chdir(desk.folder / "alliance")
    assert desk.run("check").code == 0
    monkeypatch.chdir(desk.folder)
    refused(desk.run("check"), "no such folder")


def test_check_names_every_mistake_at_once(desk: Desk) -> None:
    folder = desk.folder / "alliance"
    (folder / "auth/organisations/ng-cert.toml").write_text('kind = "membr"\nname = "Nigeria"\n')
    (folder / "policies/cases/broken.toml").write_text("now = [")
    done = desk.run("check", str(folder))
    refused(done, "auth/organisations/ng-cert.toml", "did you mean `member`?", "policies/cases/broken.toml")
    found = desk.run("check", str(folder), "--json")
    assert found.code == 1
    assert len(found.json["problems"]) == len(done.err.strip().splitlines())


def test_check_finds_a_policy_that_does_not_validate(desk: Desk) -> None:
    folder = desk.folder / "alliance"
    (folder / "policies/more.cedar").write_text('@id("more")\n@doc("more")\npermit (principal, action == Action::"fly", resource);\n')
    refused(desk.run("check", str(folder)), "policies/more.cedar: policy `more`")


def test_check_finds_a_case_that_the_policies_answer_otherwise(desk: Desk) -> None:
    folder = desk.folder / "alliance"
    path = folder / "policies/curate.cedar"
    path.write_text(path.read_text().replace('principal.roles.contains(Role::"curator")', 'principal.roles.contains(Role::"admin")'))
    refused(desk.run("check", str(folder)), "policies/cases/", "the policies answer")


def test_check_shows_who_gains_and_who_loses(desk: Desk) -> None:
    folder = desk.folder / "alliance"
    path = folder / "collections/exchange/knowledge.toml"
    path.write_text(path.read_text().replace('"group:partners"', '"org:saltmarsh"'))
    done = desk.run("check", str(folder))
    assert done.code == 0
    assert "Who loses sight" in done.out
    assert "lanternbay/pull" in done.out
    assert "saltmarsh" not in done.out
    found = desk.run("check", str(folder), "--json").json
    assert found["compared"] is True
    assert {each["client"] for each in found["losses"]} == {"lanternbay/pull", "lanternbay/push", "quillfrost/pull", "quillfrost/push"}


@pytest.mark.parametrize("store", ["memory:", "sqlite:////nowhere/at/all.sqlite"])
def test_check_needs_no_store(desk: Desk, store: str) -> None:
    done = desk.run("check", str(desk.folder / "alliance"), store=store)
    assert done.code == 0
    assert "no alliance in force to compare" in done.err


def test_check_beside_an_empty_store_compares_nothing(desk: Desk, tmp_path: Path) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch(mode=0o600)
    found = desk.run("check", str(desk.folder / "alliance"), "--json", store=f"sqlite:///{empty}")
    assert found.json == {"problems": [], "compared": False, "gains": [], "losses": []}


def test_reload_puts_in_force_and_names_who_starts_over(desk: Desk) -> None:
    folder = desk.folder / "alliance"
    assert "in force already" in desk.run("reload", str(folder)).out
    desk.run("import", desk.write("one.json", [advice(1)]), "--to", "fusion/products", "--as", "secretariat/analyst")
    path = folder / "collections/fusion/products.toml"
    path.write_text(path.read_text().replace("readers = [", 'readers = ["org:saltmarsh", ', 1))
    done = desk.run("reload", str(folder))
    assert done.code == 0
    assert done.out.startswith("in force: ")
    assert "(epoch 2)" in done.out
    assert "Who gains sight" in done.out
    assert "saltmarsh/pull" in done.err
    again = desk.run("reload", str(folder), "--json").json
    assert (again["epoch"], again["changed"], again["start_over"]) == (2, False, [])


def test_a_bad_alliance_is_refused_and_the_old_one_stays(desk: Desk) -> None:
    folder = desk.folder / "alliance"
    (folder / "auth/organisations/ng-cert.toml").unlink()
    refused(desk.run("reload", str(folder)))
    assert desk.run("token", "issue", "ng-cert/misp").code == 0


def test_an_id_that_was_removed_never_comes_back(desk: Desk) -> None:
    folder = desk.folder / "alliance"
    path = folder / "collections/public/campaigns.toml"
    text = path.read_text()
    path.write_text(text.replace(text.partition('id = "')[2][:36], "11111111-1111-4111-8111-111111111111"))
    assert desk.run("reload", str(folder)).code == 0
    path.write_text(text)
    for command in ("check", "reload"):
        refused(desk.run(command, str(folder)), "collections/public/campaigns.toml", "never used again")


def test_add_member_writes_its_files(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEGATION_ALLIANCE", str(desk.folder / "alliance"))
    done = desk.run("add", "member", "tg-cert", "--name", "Togo national CERT", "--jurisdiction", "TG", "--country", "Togo")
    assert done.code == 0
    written = [Path(line).name for line in done.out.splitlines()]
    assert written == ["tg-cert.toml", "tg-indicators.toml"]
    assert desk.run("check", str(desk.folder / "alliance")).code == 0
    refused(desk.run("add", "member", "tg-cert", "--name", "Togo again", "--jurisdiction", "TG"), "exists already")


def test_add_member_takes_a_table_of_many(desk: Desk) -> None:
    table = desk.folder / "members.csv"
    table.write_text("id,name,jurisdiction\ntg-cert,Togo CERT,TG\nbj-cert,Benin CERT,BJ\n")
    done = desk.run("add", "member", "--csv", str(table), "--alliance", str(desk.folder / "alliance"))
    assert done.code == 0
    assert len(done.out.splitlines()) == 4
    assert desk.run("add", "member", "one", "--csv", str(table), "--alliance", str(desk.folder / "alliance")).code == 2
    table.write_text("id,name,jurisdiction\nbad id,Togo CERT,Togo\n")
    refused(desk.run("add", "member", "--csv", str(table), "--alliance", str(desk.folder / "alliance")), "members.csv: line 2")


def test_add_collection_writes_its_file(desk: Desk) -> None:
    folder = str(desk.folder / "alliance")
    done = desk.run(
        *("add", "collection", "operations/lionfish", "--kind", "operation", "--owner", "secretariat", "--alliance", folder),
        *("--reader", "org:ng-cert", "--reader", "org:secretariat", "--writer", "org:ng-cert", "--title", "Operation Lionfish"),
    )
    assert done.code == 0
    text = Path(done.out.strip()).read_text()
    assert 'readers = ["org:ng-cert", "org:secretariat"]' in text
    assert desk.run("check", folder).code == 0
    refused(desk.run("add", "collection", "nowhere/x", "--kind", "public", "--owner", "secretariat", "--alliance", folder), "API root")


def test_add_collection_takes_a_table_of_many(desk: Desk) -> None:
    folder, table = str(desk.folder / "alliance"), desk.folder / "collections.csv"
    table.write_text(
        "root,name,kind,owner,title,readers,writers\n"
        "operations,lionfish,operation,secretariat,Operation Lionfish,org:ng-cert org:secretariat,org:ng-cert\n"
        "members,bulletin,alliance,secretariat,Bulletin,,\n"
    )
    done = desk.run("add", "collection", "--csv", str(table), "--alliance", folder)
    assert [Path(line).name for line in done.out.splitlines()] == ["lionfish.toml", "bulletin.toml"]
    assert desk.run("check", folder).code == 0
    assert desk.run("add", "collection", "members/x", "--csv", str(table), "--alliance", folder).code == 2
    assert desk.run("add", "collection", "members/x", "--alliance", folder).code == 2
    refused(desk.run("add", "collection", "--csv", str(table), "--alliance", folder), "exists already")


# ---- tokens


def test_issue_prints_the_bare_token_and_nothing_else(desk: Desk) -> None:
    done = desk.run("token", "issue", "ng-cert/misp", "--expires", "90d")
    assert done.code == 0
    assert done.out.startswith("lgt_")
    assert done.out.count("\n") == 1
    assert done.out.strip() not in done.err
    assert "ng-cert/misp, good until 20" in done.err
    assert "good until it is revoked" in desk.run("token", "issue", "ng-cert/misp").err


def test_issue_for_a_script(desk: Desk) -> None:
    issued = desk.run("token", "issue", "ng-cert/misp", "--expires", "2h", "--json").json
    assert issued["client"] == "ng-cert/misp"
    assert issued["token"].startswith("lgt_")
    (listed,) = desk.run("token", "list", "--json").json
    assert (listed["id"], listed["expires"]) == (issued["id"], issued["expires"])
    assert issued["token"] not in json.dumps(listed)


def test_issue_refuses_clients_that_the_alliance_does_not_know(desk: Desk) -> None:
    refused(desk.run("token", "issue", "ng-cert/nobody"), "`ng-cert/nobody`")


def test_list_and_revoke(desk: Desk) -> None:
    desk.token("ng-cert/misp")
    (listed,) = desk.run("token", "list", "--json").json
    assert listed["id"] in desk.run("token", "list").out
    done = desk.run("token", "revoke", listed["id"])
    assert done.code == 0
    assert not done.out
    refused(desk.run("token", "revoke", listed["id"]), "no live token")
    assert desk.run("token", "list", "--json").json[0]["revoked"] is not None


# ---- objects in and out


def test_what_was_imported_is_exported_value_for_value(desk: Desk) -> None:
    parties = Parties(QUILLFROST, "Quillfrost", (NG_DESK,), ("group:afjoc",))
    objects = feed(parties)
    done = desk.run("import", desk.write("feed.json", objects), "--to", INTAKE, "--as", "quillfrost/push")
    assert done.code == 0
    assert f"{len(objects)} objects added, 0 not" in done.err
    output = desk.folder / "out.json"
    done = desk.run("export", INTAKE, "--as", "quillfrost/push", "--output", str(output))
    assert (done.code, done.out) == (0, "")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert [path.name for path in desk.folder.glob(".out.json*")] == []
    bundle = json.loads(output.read_bytes())
    assert (bundle["type"], bundle["id"][:8]) == ("bundle", "bundle--")
    by_id = {each["id"]: each for each in objects}
    assert {each["id"]: each for each in bundle["objects"]} == by_id
    done = desk.run("import", str(output), "--to", INTAKE, "--as", "quillfrost/push")
    assert (done.code, f"{len(objects)} objects added" in done.err) == (0, True), "equal objects are no failures (C25)"


def test_export_pages_through_everything(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAGE", "2")
    desk.run("import", desk.write("five.json", [advice(number) for number in range(5)]), "--to", "members/alliance", "--as", "ng-cert/misp")
    assert len(desk.run("export", "members/alliance", "--as", "ke-cert/misp").json["objects"]) == 5


def test_export_gives_the_last_version_or_all(desk: Desk) -> None:
    versions = [advice(1), advice(1, modified="2026-03-02T09:00:00.000Z", name="better")]
    desk.run("import", desk.write("two.json", versions), "--to", "members/alliance", "--as", "ng-cert/misp")
    arguments = ("export", "members/alliance", "--as", "ke-cert/misp")
    assert [each["name"] for each in desk.run(*arguments).json["objects"]] == ["better"]
    assert len(desk.run(*arguments, "--all-versions").json["objects"]) == 2


def test_export_of_nothing_is_an_empty_bundle_and_can_be_imported(desk: Desk) -> None:
    bundle = desk.run("export", "public/campaigns", "--as", "public")
    assert bundle.json.keys() == {"type", "id"}
    path = desk.folder / "empty.json"
    path.write_text(bundle.out)
    assert "0 objects added, 0 not" in desk.run("import", str(path), "--to", "members/alliance", "--as", "ng-cert/misp").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("members/alliance", "--as", "public"), ("the public does not read `members/alliance`",)),
        (("members/alliance", "--as", "ng-cert/nobody"), ("no client `ng-cert/nobody`",)),
        (("members/nothing", "--as", "ng-cert/misp"), ("`members/nothing`", "ng-cert/misp")),
        (("fusion/products", "--as", "lanternbay/pull"), ("`fusion/products`",)),
    ],
)
def test_export_is_bound_by_the_policies(desk: Desk, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    output = desk.folder / "out.json"
    done = desk.run("export", *arguments, "--output", str(output))
    refused(done, *words)
    assert not output.exists()
    assert list(desk.folder.glob(".out.json*")) == []


def test_import_is_bound_by_the_policies(desk: Desk) -> None:
    path = desk.write("one.json", [advice(1)])
    refused(desk.run("import", path, "--to", "members/ke-indicators", "--as", "ng-cert/misp"), "may not add")
    refused(desk.run("import", path, "--to", "members/nothing", "--as", "ng-cert/misp"), "`members/nothing`")


def test_import_tells_what_was_not_added(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "FAILURES_SHOWN", 2)
    without_id = advice(9)
    del without_id["id"]
    objects = [advice(1), without_id, advice(2, RED), advice(3, RED), advice(4, spec_version="2.0"), advice(5)]
    path = desk.write("mixed.json", objects)
    done = desk.run("import", path, "--to", "members/alliance", "--as", "ng-cert/misp")
    assert done.code == 1
    assert not done.out
    assert "object 2 of mixed.json" in done.err
    assert "and 2 more; --json lists them all" in done.err
    assert "2 objects added, 4 not" in done.err
    found = desk.run("import", path, "--to", "members/alliance", "--as", "ng-cert/misp", "--json")
    assert found.code == 1
    assert (found.json["added"], found.json["failed"], len(found.json["failures"])) == (2, 4, 4)
    assert {each["object"] for each in found.json["failures"]} >= {"object 2 of mixed.json", advice(2)["id"]}


def test_import_sends_nothing_before_every_file_has_proved_whole(desk: Desk) -> None:
    good = desk.write("good.json", [advice(1)])
    bad = desk.folder / "bad.json"
    bad.write_text('{"objects": [{"type": "malware"}')
    refused(desk.run("import", good, str(bad), "--to", "members/alliance", "--as", "ng-cert/misp"), "`bad.json`", "ends in the middle")
    assert "objects" not in desk.run("export", "members/alliance", "--as", "ng-cert/misp").json


def test_import_waits_when_the_quota_is_used_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([QuotaExceeded("too many written objects; wait 0 seconds", retry_after=0)])

    class Once:
        """Exceeded the first time."""

        def spend(self, *_arguments: object) -> None:
            for error in times:
                raise error

    monkeypatch.setattr(Quotas, "for_workers", lambda *_arguments: Quotas(writes=Once()))  # type: ignore[arg-type]
    done = desk.run("import", desk.write("one.json", [advice(1)]), "--to", "members/alliance", "--as", "ng-cert/misp")
    assert done.code == 0
    assert "too many written objects" in done.err


def test_names_and_reasons_cannot_command_the_terminal(desk: Desk) -> None:
    path = desk.write("evil.json", [advice(1, name="\x1b[2Jgone", id="course-of-action--\x1b[31m")])
    done = desk.run("import", path, "--to", "members/alliance", "--as", "ng-cert/misp")
    assert done.code == 1
    assert "\x1b[2J" not in done.err
    assert "\x1b[31m" not in done.err


def test_output_that_nobody_reads_any_more_is_no_fault(desk: Desk) -> None:
    desk.run(
        "import", desk.write("many.json", [advice(number) for number in range(400)]), "--to", "members/alliance", "--as", "ng-cert/misp"
    )
    command = [sys.executable, "-m", "app.cli", "export", "members/alliance", "--as", "ng-cert/misp", "--store", desk.store]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE) == 1


# ---- curation


@pytest.fixture
def waiting(desk: Desk) -> Desk:
    """Two objects in quarantine."""
    objects = [advice(1), advice(2, AMBER)]
    assert desk.run("import", desk.write("intake.json", objects), "--to", INTAKE, "--as", "quillfrost/push").code == 0
    return desk


def test_review_shows_what_waits(waiting: Desk) -> None:
    done = waiting.run("review", INTAKE, "--as", CURATOR)
    assert done.code == 0
    assert "advice 1" in done.out
    listed = waiting.run("review", INTAKE, "--as", CURATOR, "--json").json
    assert [(each["tlp"], each["submitter"]) for each in listed] == [("clear", "quillfrost"), ("amber", "quillfrost")]


def test_review_of_nothing_says_so(desk: Desk) -> None:
    done = desk.run("review", INTAKE, "--as", CURATOR)
    assert (done.code, done.out) == (0, "")
    assert "nothing waits in intake/quillfrost" in done.err


@pytest.mark.parametrize(
    "command", [["review"], ["release", "indicator--1"], ["reject", "indicator--1", "--reason", "wrong"]], ids=" ".join
)
def test_what_is_no_intake_is_named_as_such(desk: Desk, command: list[str]) -> None:
    """A curator of the owner could take an empty list for peace."""
    name, *rest = command
    refused(desk.run(name, "members/alliance", *rest, "--as", CURATOR), "members/alliance is no intake")


@pytest.mark.parametrize("client", ["ng-cert/misp", "quillfrost/push"])
def test_only_curators_review(waiting: Desk, client: str) -> None:
    refused(waiting.run("review", INTAKE, "--as", client), "`intake/quillfrost`")
    refused(waiting.run("release", INTAKE, "x--1", "--to", "members/alliance", "--as", client), "`intake/quillfrost`")


def test_release_publishes(waiting: Desk) -> None:
    first, second = (str(advice(number)["id"]) for number in (1, 2))
    refused(waiting.run("release", INTAKE, first, "--as", CURATOR), "members/alliance")
    done = waiting.run("release", INTAKE, first, second, "--to", "exchange/knowledge", "--as", CURATOR)
    assert done.code == 1
    assert "1 objects released, 1 not" in done.err
    assert "above the ceiling of exchange/knowledge" in done.err
    found = waiting.run("release", INTAKE, "-", "--to", "members/alliance", "--as", CURATOR, "--json", input=f"{first}\n{second}\n")
    assert found.code == 0
    assert [(each["object_id"], each["ok"]) for each in found.json] == [(first, True), (second, True)]
    assert len(waiting.run("export", "members/alliance", "--as", "ng-cert/misp").json["objects"]) == 2
    assert len(waiting.run("export", "exchange/knowledge", "--as", "lanternbay/pull").json["objects"]) == 1
