"""`legation backup`, `restore` and `store verify`: a store is copied beside its server, comes back, and is looked into."""

import asyncio
from contextlib import closing
from pathlib import Path

import apsw
import httpx
import pytest
from desks import Desk, serving
from worlds import NO_TLS, envelope, indicator

from app.audit.events import ADMINISTRATION, Event, decode
from app.bootstrap import open_store
from app.taxii.media import TAXII

ALLIANCE = "members/alliance"


@pytest.fixture
def filled(desk: Desk) -> Desk:
    """A store with some objects."""
    assert desk.run("import", desk.write("feed.json", [indicator() for _ in range(5)]), "--to", ALLIANCE, "--as", "ng-cert/misp").code == 0
    return desk


def count(desk: Desk, store: str | None = None) -> int:
    done = desk.run("store", "verify", "--json", store=store)
    assert done.code == 0, done.out
    return sum(each["versions"] for each in done.json["collections"])


def spoil(desk: Desk, statement: str) -> None:
    with closing(apsw.Connection(str(desk.folder / "legation.sqlite"))) as connection:
        connection.execute(statement)


def events(store: str) -> list[Event]:
    """What is on record of the operator's deeds."""

    async def read() -> list[Event]:
        opened = await open_store(store, create=False)
        try:
            return [decode(each.record).deed.event for each in await opened.sealed(ADMINISTRATION, 100)]
        finally:
            await opened.close()

    return asyncio.run(read())


def test_a_running_server_is_copied_and_the_copy_brought_back(filled: Desk) -> None:
    copy, fresh = filled.folder / "copy.sqlite", f"sqlite:///{filled.folder}/new/folder/legation.sqlite"
    proof = {"Authorization": f"Bearer {filled.token('ng-cert/misp')}", "Content-Type": TAXII}
    with (
        serving(filled) as running,
        httpx.Client(base_url=running.url, headers=proof, verify=NO_TLS, trust_env=False) as client,
    ):
        assert client.get("/members/collections/alliance/objects/").status_code == 200  # a delivery, to be copied too
        done = filled.run("backup", str(copy))
        assert (done.code, done.out) == (0, "")
        assert "hold the store" in done.err.replace("\n", "")
        late = client.post("/members/collections/alliance/objects/", content=envelope(indicator()))
        assert late.json()["success_count"] == 1
    assert (count(filled), count(filled, f"sqlite:///{copy}")) == (6, 5)
    assert filled.run("restore", str(copy), store=fresh).code == 0
    assert count(filled, fresh) == 5
    assert events(fresh)[-1] is Event.RESTORE
    assert (filled.folder / "new" / "folder").stat().st_mode & 0o777 == 0o700
    with serving(Desk(filled.folder, fresh)) as running:
        answer = httpx.get(f"{running.url}/members/collections/alliance/objects/", headers=proof, verify=NO_TLS, trust_env=False)
    assert len(answer.json()["objects"]) == 5


@pytest.mark.parametrize(
    ("arguments", "store", "words"),
    [
        (["backup", "copy.sqlite"], "memory:", "no file that could be copied"),
        (["backup", "copy.sqlite"], "sqlite:///absent.sqlite", "there is no store"),
        (["backup", "alliance"], None, "is a directory"),
        (["backup", "feed.json"], None, "there already"),
        (["restore", "absent.sqlite"], None, "there is no copy"),
        (["restore", "feed.json"], "sqlite:///fresh.sqlite", "cannot be used as a store"),
        (["restore", "legation.sqlite"], None, "move it away"),
        (["store", "verify"], "memory:", "lives in one process alone"),
    ],
)
def test_what_cannot_be_done_is_refused(
    filled: Desk, monkeypatch: pytest.MonkeyPatch, arguments: list[str], store: str, words: str
) -> None:
    monkeypatch.chdir(filled.folder)
    done = filled.run(*arguments, store=store)
    assert done.code in {1, 2}
    assert words in " ".join(done.err.replace("│", "").split())
    assert not {each.name for each in filled.folder.iterdir()} & {"copy.sqlite", "fresh.sqlite"}


def test_a_sound_store_is_said_to_be_sound(filled: Desk) -> None:
    unmarked = filled.write("unmarked.json", [indicator(object_marking_refs=None)])
    assert filled.run("import", unmarked, "--to", ALLIANCE, "--as", "ng-cert/misp").code == 0
    done = filled.run("store", "verify")
    assert (done.code, done.out) == (0, "")
    assert "members/alliance" in done.err
    assert "1 versions without a TLP marking" in done.err
    assert done.err.endswith("nothing is wrong\n")


def test_what_is_wrong_is_listed_and_told_by_the_exit_code(filled: Desk) -> None:
    spoil(filled, "UPDATE version SET raw = CAST(replace(raw, 'Command', 'Kommand') AS BLOB)")
    spoil(filled, "UPDATE counter SET rows = 1")
    done = filled.run("store", "verify")
    assert done.code == 1
    assert "their hash is another" in done.out
    assert "wrong: 4 rows have numbers that will be given again" in done.err
    assert "6 things are wrong" in done.err
    found = filled.run("store", "verify", "--json")
    assert found.code == 1
    assert (found.json["sound"], len(found.json["findings"]), len(found.json["faults"])) == (False, 5, 1)


def test_a_long_list_is_cut_for_people(desk: Desk) -> None:
    assert desk.run("import", desk.write("feed.json", [indicator() for _ in range(25)]), "--to", ALLIANCE, "--as", "ng-cert/misp").code == 0
    spoil(desk, "UPDATE version SET digest = x'00'")
    done = desk.run("store", "verify")
    assert "and 5 more; --json lists them all" in done.err
    assert len(desk.run("store", "verify", "--json").json["findings"]) == 25


def test_a_copy_is_private(filled: Desk) -> None:
    copy = filled.folder / "copy.sqlite"
    assert filled.run("backup", str(copy)).code == 0
    assert {path.stat().st_mode & 0o777 for path in (copy, Path(f"{copy}-deliveries"))} == {0o600}
