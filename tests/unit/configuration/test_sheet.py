"""Many members from a table (issue: `legation add member --csv`)."""

from pathlib import Path

import pytest

from app.access.alliance import CollectionKind
from app.configuration import NewCollection, NewMember, add_collections, add_members, read_alliance, read_collections_csv, read_members_csv
from app.errors import ConfigurationError

IDENTITY = "identity--0b8e6a1c-5d0e-4f6b-9a3e-2f1d7c4b5a69"


def sheet(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "members.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def told(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        read_members_csv(path)
    return caught.value.problems


@pytest.mark.parametrize(
    "text",
    [
        f"id,name,jurisdiction,country,identity\ngh-cert,Ghana national CERT,GH,Ghana,\ntg-cert,Togo CERT,TG,Togo,{IDENTITY}\n",
        f"\ufeffid;name;jurisdiction;country;identity\r\ngh-cert;Ghana national CERT;GH;Ghana;\r\n;;;;\r\ntg-cert;Togo CERT;TG;Togo;{IDENTITY}\r\n",
        f'identity,country,id,jurisdiction,name\n,Ghana,gh-cert,GH,"Ghana national CERT"\n{IDENTITY}, Togo , tg-cert,TG,Togo CERT',
    ],
    ids=["plain", "spreadsheet", "other order"],
)
def test_the_same_members_however_the_table_is_written(tmp_path: Path, text: str) -> None:
    assert read_members_csv(sheet(tmp_path, text)) == [
        NewMember("gh-cert", "Ghana national CERT", "GH", "Ghana"),
        NewMember("tg-cert", "Togo CERT", "TG", "Togo", IDENTITY),
    ]


def test_a_row_may_end_early(tmp_path: Path) -> None:
    assert read_members_csv(sheet(tmp_path, "id,name,jurisdiction,country\ngh-cert,Ghana CERT,GH\n")) == [
        NewMember("gh-cert", "Ghana CERT", "GH")
    ]


def test_every_bad_row_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = "id,name,jurisdiction\nGH,Ghana,GH\ntg-cert,Togo\nbj-cert,Benin,BJ,CERT\nbj-cert,Benin,BJ\n"
    assert told(sheet(tmp_path, text)) == (
        "members.csv: line 2: id: `GH` is no name; names are made of `a` to `z`, `0` to `9` and `-`, 63 at most",
        "members.csv: line 3: jurisdiction: `` is no country code of ISO 3166-1, two capital letters such as `NG`",
        "members.csv: line 4: there are more fields than columns: `CERT`; put a field with a comma in quotes",
        "members.csv: line 5: id: `bj-cert` was listed before",
    )


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ("members.csv: is empty; the first line names the columns id, name, jurisdiction, country, identity",)),
        (
            "id,nam,jurisdiction\n",
            ("members.csv: line 1: unknown column `nam`; did you mean `name`?", "members.csv: line 1: the column `name` is missing"),
        ),
        ("id,name,id,jurisdiction\n", ("members.csv: line 1: the column `id` is there twice",)),
    ],
)
def test_the_first_line_names_the_columns(tmp_path: Path, text: str, problems: tuple[str, ...]) -> None:
    assert told(sheet(tmp_path, text)) == problems


@pytest.mark.parametrize("text", [b"id,name\xff", b'id,name,jurisdiction\n"gh"x,a,GH'])
def test_what_is_no_such_table_is_refused(tmp_path: Path, text: bytes) -> None:
    (problem,) = told(sheet(tmp_path, text))
    assert problem.startswith("members.csv: cannot be read as CSV in UTF-8: ")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    (problem,) = told(tmp_path / "gone.csv")
    assert problem.startswith("gone.csv: cannot be read")


def test_members_from_a_table_stay_valid(folder: Path) -> None:
    rows = "".join(f"org-{number},Organisation {number},X{letter},Land {letter}\n" for number, letter in enumerate("ABCDEFGHIJKLMNOPQRST"))
    added = add_members(folder, read_members_csv(sheet(folder, f"id,name,jurisdiction,country\n{rows}")))
    assert len(added) == 40
    assert len(read_alliance(folder).organisations) == 24


def test_collections_come_in_a_table_too(tmp_path: Path) -> None:
    text = "root,name,kind,owner,title,readers\noperations,serval,operation,secretariat,Serval,org:ng-cert org:ke-cert\nmembers,x,alliance,secretariat\n"
    assert read_collections_csv(sheet(tmp_path, text)) == [
        NewCollection("operations", "serval", CollectionKind.OPERATION, "secretariat", "Serval", readers=("org:ng-cert", "org:ke-cert")),
        NewCollection("members", "x", CollectionKind.ALLIANCE, "secretariat"),
    ]


def test_a_table_of_collections_names_its_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_collections_csv(sheet(tmp_path, "root,name,kind,owner\nmembers,a,alliances,secretariat\nmembers,b,public,x,y\n"))
    assert caught.value.problems == (
        "members.csv: line 2: kind: unknown kind `alliances`; did you mean `alliance`?",
        "members.csv: line 3: there are more fields than columns: `y`; put a field with a comma in quotes",
    )


def test_a_collection_listed_twice_is_refused(folder: Path) -> None:
    twice = NewCollection("members", "x", CollectionKind.ALLIANCE, "secretariat")
    with pytest.raises(ConfigurationError, match="twice"):
        add_collections(folder, [twice, twice])
