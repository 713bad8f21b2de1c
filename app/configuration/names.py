"""Right names for wrong ones."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from app.errors import quoted

FEW: Final = 12
"""So many right names are told one by one; of more only the nearest."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` most probably means, if any is near; case and underscores do not count."""
    by_plain = {_plain(name): name for name in sorted(known)}
    found = get_close_matches(_plain(word), by_plain, n=1)
    return by_plain[found[0]] if found else None


def unknown(noun: str, word: str, known: Iterable[str]) -> str:
    """That there is no such thing, with the nearest name that exists, else with all of them if they are few."""
    names = sorted(known)
    found = nearest(word, names)
    if found is not None:
        return f"unknown {noun} {quoted(word)}; did you mean `{found}`?"
    listed = f"; there are {', '.join(f'`{name}`' for name in names)}" if 0 < len(names) <= FEW else ""
    return f"unknown {noun} {quoted(word)}{listed}"


def _plain(name: str) -> str:
    """What is compared: of an audience, what follows its sort; they all begin alike."""
    return name.lower().replace("_", "-").rpartition(":")[2]
