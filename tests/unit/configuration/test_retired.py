"""Ids that are gone do not come back (DESIGN 3); equal alliances are equal bytes."""

import json
import subprocess
import sys
from pathlib import Path

from alliances import SMALL, write_files
from hypothesis import given
from hypothesis import strategies as st

from app.access.alliance import Alliance, Collection, Group
from app.configuration import carry_retired, read_alliance, retired_problems

GONE = "3f0b7a52-8d1e-4c60-9b7a-1c2d3e4f5a05"
UNRESTRICTED = {"auth/organisations/ng-cert.toml": SMALL["auth/organisations/ng-cert.toml"].replace("org:vendor", "jur:XX")}
"""Nobody speaks of the vendor, who is going to leave."""


def without(folder: Path, *paths: str) -> Alliance:
    """The alliance in the folder after these files were removed."""
    for path in paths:
        (folder / path).unlink()
    return read_alliance(folder)


def test_what_was_removed_is_retired_and_stays_so(folder: Path) -> None:
    write_files(folder, UNRESTRICTED)
    first = read_alliance(folder)
    second = carry_retired(without(folder, "collections/public/campaigns.toml"), first)
    assert second.retired == {GONE}
    third = carry_retired(without(folder, "collections/intake/vendor.toml", "auth/organisations/vendor.toml"), second)
    assert third.retired == {GONE, "vendor", "3f0b7a52-8d1e-4c60-9b7a-1c2d3e4f5a04"}
    assert carry_retired(read_alliance(folder), third) == third
    assert retired_problems(third, second) == []


def test_nothing_is_retired_while_nothing_is_removed(folder: Path) -> None:
    alliance = read_alliance(folder)
    assert carry_retired(alliance, alliance) == alliance


def test_a_retired_id_is_refused_with_file_and_remedy(folder: Path) -> None:
    """Also under another file, since objects belong to the id."""
    write_files(folder, UNRESTRICTED)
    first = read_alliance(folder)
    removed = ("collections/public/campaigns.toml", "collections/intake/vendor.toml", "auth/organisations/vendor.toml")
    second = carry_retired(without(folder, *removed), first)
    write_files(
        folder,
        {
            "collections/members/news.toml": SMALL["collections/public/campaigns.toml"],
            "auth/organisations/vendor.toml": SMALL["auth/organisations/vendor.toml"],
        },
    )
    assert retired_problems(read_alliance(folder), second) == [
        "auth/organisations/vendor.toml: the organisation `vendor` was removed once and is never used again; rename the file, and what refers to it",
        f"collections/members/news.toml: id: `{GONE}` was removed once and is never used again; give the collection a fresh UUID",
    ]


def test_the_document_reads_back(folder: Path) -> None:
    alliance = read_alliance(folder)
    assert Alliance.model_validate_json(alliance.to_document()) == alliance


@given(
    st.permutations(["ng-cert", "ke-cert", "secretariat", "za-cert", "gh-cert"]), st.permutations(["org:a", "group:b", "jur:NG", "public"])
)
def test_the_order_in_which_sets_were_written_is_forgotten(members: list[str], readers: list[str]) -> None:
    def document(members: list[str], readers: list[str]) -> bytes:
        collection = Collection.model_validate(
            {"root": "m", "name": "c", "id": GONE, "title": "t", "kind": "alliance", "owner": "o", "readers": readers}
        )
        group = Group(name="g", members=frozenset(members))
        return Alliance(
            organisations={}, groups={"g": group}, roots={}, collections=(collection,), policies={}, policy_schema=""
        ).to_document()

    assert document(members, readers) == document(sorted(members), sorted(readers))
    assert json.loads(document(members, readers))["collections"][0]["readers"] == sorted(readers)


def test_every_machine_writes_the_same_document(folder: Path) -> None:
    """Whatever the seed of its string hashes, which orders sets: workers compare the files with what is in force."""
    code = "import sys; from pathlib import Path; from app.configuration import read_alliance as r; sys.stdout.buffer.write(r(Path(sys.argv[1])).to_document())"
    command = [sys.executable, "-c", code, str(folder)]
    seeds = [subprocess.run(command, env={"PYTHONHASHSEED": seed}, check=True, capture_output=True).stdout for seed in ("1", "2")]
    assert seeds[0] == seeds[1] == read_alliance(folder).to_document()
