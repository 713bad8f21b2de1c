"""What tests of the command line share: an environment of their own, and a store with the model alliance."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from desks import Desk, copied, prepare


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing that the one who runs the tests has set for a server of his own, and no home of his."""
    for name in [name for name in os.environ if name.startswith("LEGATION_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """A server that is run in this process sets up logging for good; here it ends with the test."""
    root, level = logging.getLogger(), logging.getLogger().level
    kept = list(root.handlers)
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = kept
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which the model alliance is in force, to be copied."""
    return prepare(tmp_path_factory.mktemp("prepared")).folder


@pytest.fixture
def desk(prepared: Path, tmp_path: Path) -> Desk:
    """An operator with the model alliance in force, and its files in `alliance`."""
    return copied(prepared, tmp_path / "desk")
