"""A handling label in words, for people who must decide about what lies under it."""

from collections.abc import Iterator
from datetime import datetime

from app.stix.handling import HandlingLabel


def terms(label: HandlingLabel) -> list[str]:
    """What a label demands beside its TLP level, part by part, each demand once."""
    return list(dict.fromkeys(term for part in label.parts for term in _terms(part)))


def _terms(part: HandlingLabel) -> Iterator[str]:
    yield from _list("released to", part.releasable_to)
    if part.not_releasable_to:
        yield from _list("not to", part.not_releasable_to)
    yield from _list("for the recipients", part.recipients)
    yield from _list("for the purposes", part.purposes)
    if part.embargo_until is not None:
        yield f"embargoed until {_written(part.embargo_until)}"
    if part.retention_until is not None:
        yield f"kept until {_written(part.retention_until)}"
    if part.opaque:
        yield "under terms that are not understood: for its originator alone"


def _list(words: str, names: frozenset[str] | None) -> Iterator[str]:
    if names is not None:
        yield f"{words} {', '.join(sorted(names)) or 'nobody'}"


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes").removesuffix("+00:00") + "Z"
