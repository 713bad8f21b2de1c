"""The model alliance, which ships with the program: where it lies, and a copy of it for an operator to edit."""

import shutil
from pathlib import Path
from typing import Final

from app.configuration.folder import FOLDERS, paths
from app.errors import ConfigurationError, quoted

_INSTALLED: Final = Path(__file__).parent / "shipped"
"""Where a wheel puts the three folders (`package-dir` in pyproject.toml)."""
_CHECKOUT: Final = Path(__file__).parents[2]


def model_folder() -> Path:
    """The folder with the model alliance: beside this module in an installation, the root of the repository in a checkout."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def init(folder: Path) -> list[Path]:
    """Writes a copy of the model alliance into `folder`, made if need be; returns the files written.

    Raises ConfigurationError, and writes nothing, if one of the three folders is there already or the place cannot be written to.
    """
    present = [name for name in FOLDERS if (folder / name).exists()]
    if present:
        raise ConfigurationError([f"{name}: exists in {quoted(folder)} already; nothing was written" for name in present])
    written: list[Path] = []
    try:
        for source in paths(model_folder()):
            target = folder / source.relative_to(model_folder())
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            written.append(target)
    except OSError as error:
        for name in FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
        raise ConfigurationError([f"{quoted(folder)}: cannot be written: {(error.strerror or 'unknown reason').lower()}"]) from error
    return written
