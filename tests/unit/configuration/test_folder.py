"""What lies in the three folders: data of known names alone."""

from pathlib import Path

import pytest
from alliances import write_files

from app.configuration import read_alliance
from app.configuration.folder import LARGEST_FILE, Sort, scan
from app.errors import ConfigurationError

RENAME = "names are made of `a` to `z`, `0` to `9` and `-`, 63 at most; rename the file or its folder"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("auth/organisations/ke-cert.tml", "no file of an alliance lies here under this name; did you mean `ke-cert.toml`?"),
        ("auth/organisations/ke-cert.TOML", "no file of an alliance lies here under this name; did you mean `ke-cert.toml`?"),
        ("policies/read.ceder", "no file of an alliance lies here under this name; did you mean `read.cedar`?"),
        ("auth/organisations/ke-cert.txt", "no file of an alliance lies here under this name; remove or rename it"),
        ("auth/organisations/old/ke-cert.toml", "no file of an alliance lies here under this name; remove or rename it"),
        ("auth/users.toml", "no file of an alliance lies here under this name; remove or rename it"),
        ("collections/lonely.toml", "no file of an alliance lies here under this name; remove or rename it"),
        ("policies/other.toml", "no file of an alliance lies here under this name; remove or rename it"),
        ("collections/__init__.py", "code has no place here: it would hide modules of Python; remove it"),
        ("auth/groups/json.pyc", "code has no place here: it would hide modules of Python; remove it"),
        ("auth/organisations/KE_Cert.toml", RENAME),
        (f"auth/groups/{'a' * 64}.toml", RENAME),
        ("collections/members/ng.indicators.toml", RENAME),
        ("collections/My Root/x.toml", RENAME),
    ],
)
def test_files_that_do_not_belong_are_refused(folder: Path, path: str, told: str) -> None:
    write_files(folder, {path: ""})
    with pytest.raises(ConfigurationError) as caught:
        read_alliance(folder)
    assert caught.value.problems == (f"{path}: {told}",)


@pytest.mark.parametrize("path", ["auth/.ng-cert.toml.swp", "collections/README.md", "policies/.git/x.py", "auth/organisations/README.md"])
def test_hidden_files_and_readmes_are_passed_over(folder: Path, path: str) -> None:
    write_files(folder, {path: "anything"})
    assert read_alliance(folder)


def test_mounted_volumes_are_read_through_their_links(folder: Path) -> None:
    """Kubernetes mounts files as links into a hidden folder."""
    target = folder / "auth/organisations/ke-cert.toml"
    hidden = target.parent / "..data"
    hidden.mkdir()
    target.rename(hidden / target.name)
    target.symlink_to(Path("..data") / target.name)
    assert "ke-cert" in read_alliance(folder).organisations


def test_missing_folders_are_named(tmp_path: Path) -> None:
    assert scan(tmp_path).problems == [f"{name}: no such folder in `{tmp_path}`" for name in ("auth", "collections", "policies")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"name = \xff", "the text is not UTF-8, at octet 7"),
        (b"#" * (LARGEST_FILE + 1), f"the file is larger than {LARGEST_FILE} octets"),
        (b"a = 1\na = 2\n", "not TOML: cannot overwrite a value (at line 2, column 6)"),
        (b"a = " + b"[" * 100_000, "not TOML that anybody would review: nested too deep"),
    ],
)
def test_what_cannot_be_read_is_said_and_exists_all_the_same(folder: Path, content: bytes, told: str) -> None:
    (folder / "auth/groups/afjoc.toml").write_bytes(content)
    found = scan(folder)
    assert found.problems == [f"auth/groups/afjoc.toml: {told}"]
    (file,) = found.of(Sort.GROUP)
    assert (file.names, file.table) == (("afjoc",), None)


def test_a_link_that_leads_nowhere_is_said(folder: Path) -> None:
    (folder / "auth/groups/gone.toml").symlink_to("nowhere.toml")
    assert scan(folder).problems == ["auth/groups/gone.toml: cannot be read: no such file or directory"]
