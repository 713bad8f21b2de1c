"""The small alliance, in a folder of its own for each test."""

from pathlib import Path

import pytest
from alliances import SMALL, write_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the small alliance."""
    write_files(tmp_path, SMALL)
    return tmp_path
