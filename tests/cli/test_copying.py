"""`legation store copy`: clients that polled one store go on at another, and nothing that happens to the command does harm."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import httpx
import pytest
from desks import PATIENCE, Desk, refused, send, serving
from mongo.serving import fresh_database
from stores import SHARED, fresh_store
from worlds import NO_TLS, envelope, ids, indicator

from app.store.sqlite.moving import SqliteDestination
from app.taxii.media import TAXII

ALLIANCE = "members/alliance"
OBJECTS = f"/members/collections/{ALLIANCE.rpartition('/')[2]}/objects/"
NG, KE, FR, SECRETARY = "ng-cert/misp", "ke-cert/misp", "fr-cert/opencti", "secretariat/auditor"
LAST = "X-TAXII-Date-Added-Last"


@pytest.fixture
def beyond(mongodb: str, desk: Desk) -> Iterator[Desk]:
    """The same operator with another store, which is empty: a database."""
    with fresh_database(mongodb) as url:
        yield Desk(desk.folder, url)


@contextmanager
def visiting(desk: Desk, *tokens: str) -> Iterator[list[httpx.Client]]:
    """Clients of a server over the desk's store."""
    with serving(desk) as running:
        headers = [{"Authorization": f"Bearer {token}", "Accept": TAXII} for token in tokens]
        visitors = [httpx.Client(base_url=running.url, headers=each, verify=NO_TLS, trust_env=False, timeout=60) for each in headers]
        yield visitors
        for visitor in visitors:
            visitor.close()
        assert running.stop() == 0


def post(visitor: httpx.Client, *objects: dict[str, object]) -> str:
    """The id of the status."""
    answer = visitor.post(OBJECTS, content=envelope(*objects), headers={"Content-Type": TAXII})
    assert answer.json()["success_count"] == len(objects)
    return str(answer.json()["id"])


def who_saw(desk: Desk, object_id: str) -> object:
    return desk.run("audit", "who-saw", object_id, "--as", SECRETARY, "--json").json


def copy(desk: Desk, to: Desk) -> None:
    done = desk.run("store", "copy", desk.store, to.store)
    assert (done.code, done.out) == (0, ""), done.err
    assert "holds all of it; look into it with `legation store verify` and `legation audit verify`" in done.err


def test_clients_go_on_where_they_were(desk: Desk, beyond: Desk) -> None:
    """From a file to a database and back: by `next`, and by the date of the newest object, everything comes once.

    Tokens and statuses are those that they were, who saw what is still known, and a checkpoint that was made before the move still holds.
    """
    home = Desk(desk.folder, f"sqlite:///{desk.folder}/home.sqlite")
    writer, pager, poller = (desk.token(each) for each in (NG, KE, FR))
    sent = [indicator() for _ in range(9)]
    names = [str(each["id"]) for each in sent]
    with visiting(desk, writer, pager, poller) as (ng, ke, fr):
        status = post(ng, *sent)
        answers = [ke.get(OBJECTS, params={"limit": 4}), fr.get(OBJECTS, params={"limit": 5})]
    paged, polled = ids(answers[0]), ids(answers[1])
    following, newest = answers[0].json()["next"], answers[1].headers[LAST]
    assert desk.run("audit", "key", str(desk.folder / "key")).code == 0
    assert desk.run("audit", "checkpoint", "--key", str(desk.folder / "key"), "--to", str(desk.folder / "checkpoint")).code == 0
    seen = who_saw(desk, names[0])

    copy(desk, beyond)
    with visiting(beyond, writer, pager, poller) as (ng, ke, fr):
        answer = ke.get(OBJECTS, params={"limit": 4, "next": following})
        paged, following = paged + ids(answer), answer.json()["next"]
        polled += ids(fr.get(OBJECTS, params={"added_after": newest}))
        assert (polled, ids(fr.get(OBJECTS, params={"added_after": newest, "match[version]": "all"}))) == (names, names[5:])
        late = indicator()
        post(ng, late)
        answer = fr.get(OBJECTS, params={"added_after": fr.get(OBJECTS).headers[LAST]})
        assert answer.json() == {}
        assert ng.get(f"/members/status/{status}/").json()["success_count"] == 9
        newest = fr.get(OBJECTS, params={"limit": 9}).headers[LAST]
    assert who_saw(beyond, names[0])[: len(seen)] == seen  # type: ignore[index, arg-type] # lists

    copy(beyond, home)
    with visiting(home, writer, pager, poller) as (ng, ke, fr):
        paged += ids(ke.get(OBJECTS, params={"next": following}))
        assert paged == [*names, late["id"]]
        assert ids(fr.get(OBJECTS, params={"added_after": newest})) == [late["id"]]
        assert ng.get(f"/members/status/{status}/").json()["success_count"] == 9
    for moved in (beyond, home):
        checked = moved.run("audit", "verify", "--since", str(desk.folder / "checkpoint"), "--key", str(desk.folder / "key.pub"), "--json")
        assert (checked.code, checked.json["whole"]) == (0, True)
        assert moved.run("store", "verify").err.endswith("nothing is wrong\n")
    assert [each.stat().st_mode & 0o777 for each in (desk.folder / "home.sqlite", desk.folder / "home.sqlite-deliveries")] == [0o600] * 2


# ---- what is interrupted

DYING = """
import os, signal
from app.cli import main
from app.store import moving
from app.store.{room}.moving import {destination} as Destination

moving.PIECES_AT_ONCE = 3
put = Destination.{put}
left = {left}

def put_or_die(*args):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return put(*args)

Destination.{put} = put_or_die
main()
"""
"""The command, killed within a transaction: after some marks were put, before the next one is."""
ROOMS = {
    "sqlite": {"room": "sqlite", "destination": "SqliteDestination", "put": "_put"},
    "mongodb": {"room": "mongo", "destination": "MongoDestination", "put": "_move"},
}


@pytest.fixture(scope="module")
def stocked(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with some objects."""
    folder = tmp_path_factory.mktemp("stocked") / "desk"
    shutil.copytree(prepared, folder)
    send(Desk(folder, f"sqlite:///{folder}/legation.sqlite"), ALLIANCE, NG, *(indicator() for _ in range(20)))
    return folder


@pytest.fixture
def filled(stocked: Path, tmp_path: Path) -> Desk:
    shutil.copytree(stocked, tmp_path / "desk")
    return Desk(tmp_path / "desk", f"sqlite:///{tmp_path}/desk/legation.sqlite")


@pytest.fixture(params=SHARED)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def target(kind: str, request: pytest.FixtureRequest, filled: Desk) -> Iterator[Desk]:
    with fresh_store(kind, request, filled.folder / "target") as url:
        yield Desk(filled.folder, url)


def die(desk: Desk, to: Desk, kind: str, left: int) -> None:
    program = DYING.format(left=left, **ROOMS[kind])
    command = [sys.executable, "-c", program, "store", "copy", desk.store, to.store]
    ended = subprocess.run(command, env=os.environ, cwd=desk.folder, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def test_a_killed_copy_goes_on(filled: Desk, target: Desk, kind: str) -> None:
    """Killed twice; in between no command takes it for a store."""
    die(filled, target, kind, 3)
    for command in (["token", "list"], ["serve"], ["store", "verify"], ["reload", str(filled.folder / "alliance")]):
        refused(target.run(*command), "holds a copy that is not finished; run the same `legation store copy FROM TO` again")
    die(filled, target, kind, 4)
    done = filled.run("store", "copy", filled.store, target.store, "--json")
    assert (done.code, done.json["pieces"]["versions"]) == (0, 20), done.err
    found = done.json["found"]
    assert found > 0
    assert f"going on where it was: {found} of {sum(done.json['pieces'].values())} pieces are there" in done.err
    verified = target.run("store", "verify", "--json")
    assert (verified.code, [each["versions"] for each in verified.json["collections"]]) == (0, [20])
    assert target.run("audit", "verify").code == 0


def test_ctrl_c_is_no_accident(filled: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Desk(filled.folder, f"sqlite:///{filled.folder}/there.sqlite")

    async def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.wait_for(asyncio.Event().wait(), PATIENCE)

    former = signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background has it ignored
    try:
        with monkeypatch.context() as patch:
            patch.setattr(SqliteDestination, "finish", interrupted)
            done = filled.run("store", "copy", filled.store, there.store)
    finally:
        signal.signal(signal.SIGINT, former)
    assert (done.code, done.out, done.err) == (1, "", "interrupted; the same command goes on from here\n")
    assert filled.run("store", "copy", filled.store, there.store).code == 0
    assert there.run("token", "list").code == 0


# ---- what is refused


def test_a_server_that_runs_is_noticed(filled: Desk, target: Desk) -> None:
    """At the source, whichever it is; once it stopped the copy is made."""
    with serving(filled):
        refused(filled.run("store", "copy", filled.store, target.store), "is in use; stop the servers and commands that have it open")
    copy(filled, target)
    third = Desk(filled.folder, f"sqlite:///{filled.folder}/third.sqlite")
    with serving(target):
        refused(target.run("store", "copy", target.store, third.store), "stop")
        assert not Path(filled.folder / "third.sqlite").exists()
    copy(target, third)


@pytest.mark.parametrize(
    ("source", "to", "words"),
    [
        ("memory:", "sqlite:///new.sqlite", "`memory:` lives in one process alone"),
        ("sqlite:///legation.sqlite", "memory:", "`memory:` lives in one process alone"),
        ("sqlite:///absent.sqlite", "sqlite:///new.sqlite", "there is no store at"),
        ("sqlite:///legation.sqlite", "sqlite:///legation.sqlite", "the same store"),
        ("sqlite:///legation.sqlite", "sqlite:///alliance", "cannot be used as a store"),
        ("sqlite:///legation.sqlite", "sqlite:///sent.json", "cannot be used as a store"),
        ("sqlite:///legation.sqlite", "sqlite:///foreign", "is another application's database; name a file of its own for the copy"),
        ("sqlite:///legation.sqlite", "sqlite:///widow", "`widow-deliveries` belongs to another store"),
        ("legation.sqlite", "sqlite:///new.sqlite", "is no store: a store is"),
    ],
)
def test_what_cannot_be_copied_is_refused(filled: Desk, monkeypatch: pytest.MonkeyPatch, source: str, to: str, words: str) -> None:
    monkeypatch.chdir(filled.folder)
    (filled.folder / "widow-deliveries").touch()
    with closing(apsw.Connection("foreign")) as foreign:
        foreign.execute("PRAGMA application_id = 7")
    done = filled.run("store", "copy", source, to)
    assert done.code in {1, 2}
    assert words in re.sub(r"\s+", " ", done.err.replace("│", ""))
    assert not (filled.folder / "new.sqlite").exists()
    assert filled.run("token", "list").code == 0


def test_no_password_is_told(filled: Desk) -> None:
    """In a process of its own: the driver forgets sockets that were still connecting when it was closed."""
    nowhere, new = "mongodb://legation:s3cr3t@127.0.0.1:9/x?timeoutMS=200", f"sqlite:///{filled.folder}/new.sqlite"
    for source, to in ((nowhere, new), (filled.store, nowhere)):
        command = [sys.executable, "-m", "app.cli", "store", "copy", source, to]
        ended = subprocess.run(command, env=os.environ, cwd=filled.folder, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith("error: no database answers at `mongodb://127.0.0.1:9/x`")
        assert "s3cr3t" not in ended.stderr
    assert not (filled.folder / "new.sqlite").exists()


def test_addresses_may_come_from_the_environment(filled: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those that hold a password should."""
    monkeypatch.setenv("LEGATION_COPY_FROM", filled.store)
    monkeypatch.setenv("LEGATION_COPY_TO", f"sqlite:///{filled.folder}/there.sqlite")
    done = filled.run("store", "copy")
    assert (done.code, done.out) == (0, "")
    assert re.search(r"versions\s+│ 20 ", done.err)
