"""Servers on several machines over one MongoDB: what one is told, all know. The commands work as over a file."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from desks import Desk, Serving, serving
from mongo.serving import fresh_database
from worlds import NO_TLS, envelope, ids, indicator

from app.taxii.media import TAXII

ALLIANCE = "/members/collections/alliance/"


@pytest.fixture
def spread(mongodb: str, prepared: Path, tmp_path: Path) -> Iterator[Desk]:
    """An operator with the files of the model alliance, and a database with nothing in it."""
    folder = tmp_path / "desk"
    shutil.copytree(prepared, folder)
    with fresh_database(mongodb) as url:
        yield Desk(folder, url)


def visitor(running: Serving, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}", "Accept": TAXII}
    return httpx.Client(base_url=running.url, headers=headers, verify=NO_TLS, trust_env=False, timeout=60)


def test_two_machines_serve_one_store(spread: Desk) -> None:
    """Promises 2 to 4 over processes that share nothing but the database: objects, tokens and the alliance in force."""
    alliance = spread.folder / "alliance"
    assert "there is no store in the database" in spread.run("token", "list").err
    assert "in force: " in spread.run("reload", str(alliance)).out
    kept, lost = spread.token("ng-cert/misp"), spread.token("ng-cert/misp")
    with (
        serving(spread, "--workers", "2") as here,
        serving(spread) as there,
        visitor(here, kept) as writer,
        visitor(there, kept) as reader,
        visitor(there, lost) as loser,
    ):
        sent = [indicator() for _ in range(3)]
        status = writer.post(f"{ALLIANCE}objects/", content=envelope(*sent), headers={"Content-Type": TAXII})
        assert (status.status_code, status.json()["success_count"]) == (202, 3)
        assert reader.get(f"/members/status/{status.json()['id']}/").json() == status.json()
        assert ids(reader.get(f"{ALLIANCE}objects/")) == [each["id"] for each in sent]
        assert loser.get(f"{ALLIANCE}objects/").status_code == 200

        assert spread.run("token", "revoke", spread.run("token", "list", "--json").json[-1]["id"]).code == 0
        assert loser.get(f"{ALLIANCE}objects/").status_code == 401

        path = alliance / "collections" / "members" / "alliance.toml"
        path.write_text(path.read_text().replace('"group:members"', '"org:ke-cert"'))
        assert spread.run("reload", str(alliance)).code == 0
        assert {each.get(f"{ALLIANCE}objects/").status_code for each in (reader, writer) for _ in range(8)} == {404}
        assert (here.stop(), there.stop()) == (0, 0)
    verified = spread.run("store", "verify", "--json")
    assert (verified.code, [each["versions"] for each in verified.json["collections"]]) == (0, [3])
    assert "the database's own tools" in spread.run("backup", str(spread.folder / "copy")).err
