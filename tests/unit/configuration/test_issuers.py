"""auth/issuers.toml and the key sets beside it (DESIGN 9)."""

import json
from pathlib import Path

import pytest
from alliances import SMALL, write_files
from joserfc.jwk import ECKey, KeySet

from app.configuration import read_alliance
from app.errors import ConfigurationError

ISSUERS = "auth/issuers.toml"
KEY = ECKey.generate_key("P-256", {"kid": "first"})
PUBLIC = json.dumps(KeySet([KEY]).as_dict(private=False))
SECRET = json.dumps(KeySet([KEY]).as_dict(private=True))


def told(folder: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        read_alliance(folder)
    return caught.value.problems


def keys(location: str) -> dict[str, str]:
    """The issuers' file with another place of the keys."""
    return {ISSUERS: SMALL[ISSUERS].replace("https://login.example/keys", location)}


@pytest.mark.parametrize("path", ["login.json", "keys/login.json"])
def test_keys_in_a_file_are_taken_into_the_alliance(folder: Path, path: str) -> None:
    write_files(folder, keys(path) | {f"auth/{path}": PUBLIC})
    kept = json.loads(read_alliance(folder).issuers["login"].keys)
    assert [key["kid"] for key in kept["keys"]] == ["first"]


@pytest.mark.parametrize("location", ["https://login.example/jwks", "http://127.0.0.1:8080/jwks", "http://localhost/jwks"])
def test_keys_may_lie_under_a_safe_url(folder: Path, location: str) -> None:
    write_files(folder, keys(location))
    assert read_alliance(folder).issuers["login"].keys == location


@pytest.mark.parametrize("location", ["http://login.example/jwks", "file:///etc/keys.json", "https://user:word@login.example/jwks"])
def test_other_urls_are_refused(folder: Path, location: str) -> None:
    write_files(folder, keys(location))
    assert told(folder) == (
        f"{ISSUERS}: login: keys: `{location}`: must be an https URL without credentials (http from this machine only)",
    )


def test_a_key_set_that_is_not_there_is_named_with_the_nearest(folder: Path) -> None:
    write_files(folder, keys("logn.json") | {"auth/login.json": PUBLIC})
    assert told(folder) == (
        "auth/issuers.toml: login: keys: unknown key set `logn.json`; did you mean `login.json`?",
        "auth/login.json: no issuer names this file in `keys`; remove it",
    )


def test_no_key_set_outside_auth_is_read(folder: Path) -> None:
    write_files(folder, keys("../secret.json") | {"secret.json": PUBLIC})
    assert told(folder) == ("auth/issuers.toml: login: keys: unknown key set `../secret.json`",)


@pytest.mark.parametrize(("text", "reason"), [(SECRET, "secret key"), ('{"keys": []}', "no key that can verify"), ("keys", "")])
def test_unfit_key_sets_are_refused(folder: Path, text: str, reason: str) -> None:
    write_files(folder, keys("login.json") | {"auth/login.json": text})
    (problem,) = told(folder)
    assert problem.startswith("auth/issuers.toml: login: keys: `login.json`: ")
    assert reason in problem


def test_an_issuer_has_one_name(folder: Path) -> None:
    second = SMALL[ISSUERS].replace("[login]", "[portal]")
    write_files(folder, {ISSUERS: SMALL[ISSUERS] + second})
    assert told(folder) == ("auth/issuers.toml: portal: issuer: `https://login.example` is `login` already",)


@pytest.mark.parametrize("text", ['login = "https://login.example"\n', SMALL[ISSUERS].replace("[login]", "[Login]")])
def test_issuers_are_tables_with_names(folder: Path, text: str) -> None:
    """Subjects that name an issuer which is there, but wrong, are not blamed."""
    write_files(folder, {ISSUERS: text})
    (problem,) = told(folder)
    assert problem.startswith("auth/issuers.toml: `")
    assert "must be a table, such as `[login]`" in problem
