"""Options: understood or refused with the remedy; every setting is an option and a variable, and docs/operating.md tells them all."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.bootstrap import LIMITS, Settings, variable
from app.cli import options
from app.sharing.exchange import Address, Limits

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "means"),
    [("90d", timedelta(days=90)), ("2h", timedelta(hours=2)), ("15m", timedelta(minutes=15)), ("1w", timedelta(weeks=1))],
)
def test_durations(text: str, means: timedelta) -> None:
    assert options.duration(text) == means


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5h", "90 d", "1y", "99999999d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="such as `90d`"):
        options.duration(text)


def test_places_and_clients() -> None:
    assert options.place("members/alliance") == Address("members", "alliance")
    assert options.path_of(options.place("members/e6b1a10a-1498-4093-bc1f-334dcde033d0")) == "members/e6b1a10a-1498-4093-bc1f-334dcde033d0"
    assert options.client("ng-cert/misp") == "ng-cert/misp"
    assert options.reader("public") == ""
    assert options.reader("ng-cert/misp") == "ng-cert/misp"


@pytest.mark.parametrize("text", ["", "alliance", "a/b/c", "Members/alliance", "members/", "/alliance", "members/alli ance", "public"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="such as `members/alliance`"):
        options.place(text)
    with pytest.raises(typer.BadParameter, match="such as `ng-cert/misp`"):
        options.client(text)


def received(*arguments: str, **variables: str) -> tuple[int, list[Settings], str]:
    """How a command that takes the settings ends, and what it got."""
    got: list[Settings] = []
    command = typer.Typer()

    @command.command()
    @options.from_settings
    def take(settings: Settings) -> None:
        """Take them."""
        got.append(settings)

    result = CliRunner().invoke(command, arguments, env=variables)
    return result.exit_code, got, result.stderr


def test_every_setting_is_an_option_and_a_variable() -> None:
    values = {
        "store": "memory:",
        "alliance": "/tmp",  # noqa: S108
        "log_level": "error",
        "log_format": "text",
        "public_url": "https://taxii.example.org",
    }
    for name in Settings.model_fields:
        value = values.get(name, "12" if name not in {"page_octets", "object_octets", "pattern_octets"} else "70000")
        code, (by_option,), _ = received(f"--{name.replace('_', '-')}", value)
        assert code == 0
        code, (by_variable,), _ = received(**{variable(name): value})
        assert by_option == by_variable
        assert str(getattr(by_option, name)) in {value, f"{value}.0"}


def test_the_command_line_wins_over_the_environment() -> None:
    assert received("--port", "1", LEGATION_PORT="2")[1][0].port == 1


def test_what_is_not_said_keeps_its_default() -> None:
    assert received()[1] == [Settings()]
    assert Settings().limits == Limits()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "99999"], "--port"),
        (["--workers", "0"], "--workers"),
        (["--workers", "many"], "--workers"),
        (["--log-level", "loud"], "--log-level"),
        (["--store", "postgres://x"], "sqlite:///PATH"),
        (["--object-depth", "500"], "--object-depth"),
    ],
)
def test_a_setting_that_cannot_be_is_a_wrong_command_line(arguments: list[str], words: str) -> None:
    code, got, error = received(*arguments)
    assert (code, got) == (2, [])
    assert words in error


def test_limits_are_the_settings_that_bound_requests() -> None:
    assert LIMITS[0] == "page"
    assert LIMITS[-1] == "writes_per_second"
    assert "log_format" not in LIMITS


def test_secrets_do_not_show_in_a_settings_representation() -> None:
    assert "hush" not in repr(Settings(ssl_keyfile_password="hush"))


def test_trusted_proxies_are_told_one_by_one() -> None:
    assert Settings(trusted_proxies="10.0.0.1, 192.0.2.0/24,").proxies == ("10.0.0.1", "192.0.2.0/24")


def test_the_document_tells_every_option_with_its_default() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    rows = re.findall(r"^\| `--([a-z-]+)` \| `(LEGATION_[A-Z_]+)` \| (.*?) \| (.+) \|$", text, re.MULTILINE)
    expected = []
    for name, field in Settings.model_fields.items():
        default = "a private file" if field.default_factory else f"`{field.default}`" if field.default not in {None, ""} else ""
        expected.append((name.replace("_", "-"), variable(name), default, field.description))
    assert rows == expected
