"""The alliance that ships, and the copy of it that an operator edits (`legation init`)."""

from pathlib import Path

import pytest

from app.configuration import init, model, model_folder, read_alliance
from app.errors import ConfigurationError


def test_a_copy_is_the_model(tmp_path: Path) -> None:
    written = init(tmp_path / "new" / "alliance")
    assert len(written) == len(set(written)) > 50
    assert read_alliance(tmp_path / "new" / "alliance") == read_alliance(model_folder())


def test_only_what_an_alliance_is_made_of_is_copied(tmp_path: Path) -> None:
    init(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"auth", "collections", "policies"}


def test_nothing_is_written_over_an_alliance(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    with pytest.raises(ConfigurationError) as caught:
        init(tmp_path)
    assert caught.value.problems == (f"policies: exists in `{tmp_path}` already; nothing was written",)
    assert [path.name for path in tmp_path.iterdir()] == ["policies"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written: not a directory"):
        init(tmp_path / "file")


def test_half_a_copy_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model with a file that cannot be read: what was copied before it goes."""
    (tmp_path / "model/auth").mkdir(parents=True)
    (tmp_path / "model/auth/a.toml").write_text("")
    (tmp_path / "model/auth/b.toml").symlink_to("nowhere")
    monkeypatch.setattr(model, "_CHECKOUT", tmp_path / "model")
    with pytest.raises(ConfigurationError, match="cannot be written: no such file or directory"):
        init(tmp_path / "copy")
    assert not list((tmp_path / "copy").iterdir())


def test_an_installation_carries_the_model_beside_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (model_folder() / "pyproject.toml").exists()
    monkeypatch.setattr(model, "_INSTALLED", tmp_path)
    assert model_folder() == tmp_path
