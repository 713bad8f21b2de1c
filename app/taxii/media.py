"""Media types: what a client may ask for, and what it may send (TAXII 2.1 §1.6.8; RFC 7231 §3.1.1.1, §5.3.2).

Headers are parsed as HTTP defines them (letter case, blanks, quotes, q-values), never compared as strings. Every answer is
`application/taxii+json;version=2.1`; clients that ask for STIX or plain JSON get that too, since most of them mean it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.errors import NotAcceptable, UnsupportedMediaType, quoted

TAXII = "application/taxii+json;version=2.1"
"""The type of every answer, errors included, spelled as the strictest clients want it."""

STIX = "application/stix+json;version=2.1"
"""The type of what a collection holds."""

MOST_KEPT = 64
"""Texts of Accept that are remembered; a head has 96 KB at most."""
_VERSIONS = (None, "2.1")
_RANKS: Mapping[tuple[str, str | None], int] = {
    ("application/taxii+json", "2.1"): 3,
    ("application/taxii+json", None): 2,
    ("application/*", None): 1,
    ("*/*", None): 0,
}
_TAKEN_FOR_TAXII = frozenset({"application/stix+json", "application/json"})
_ENVELOPES = frozenset({"application/taxii+json", "application/stix+json", "application/vnd.oasis.stix+json", "application/json"})

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
_BETWEEN_COMMAS = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_BETWEEN_SEMICOLONS = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*"?)+')
_ESCAPED = re.compile(r"\\(.)")
_ZERO = re.compile(r"0(\.0*)?|\.0+")


@dataclass(frozen=True, slots=True)
class _MediaRange:
    """One element of Accept, or a Content-Type: lower-case name, version parameter, and whether `q=0` rules it out."""

    name: str
    version: str | None
    is_ruled_out: bool


def accept(header: str | None) -> None:
    """Let pass whoever takes TAXII 2.1 as an answer; several Accept headers arrive joined by commas.

    A missing or empty header asks for nothing in particular. Raises NotAcceptable (TAXII 2.1 §3.1).
    """
    if header is not None and header.strip():
        _require_accepted(header)


@lru_cache(MOST_KEPT)
def _require_accepted(header: str) -> None:
    """Raises NotAcceptable. What was let pass once is not parsed again: a client sends the same with every request."""
    ranges = [parsed for element in _BETWEEN_COMMAS.findall(header) if (parsed := _parse(element)) is not None]
    # The most specific range that covers the answer decides, so `*/*, application/taxii+json;q=0` is a refusal.
    covering = [(rank, not each.is_ruled_out) for each in ranges if (rank := _RANKS.get((each.name, each.version))) is not None]
    if covering:
        _, is_accepted = max(covering)
    else:
        is_accepted = any(each.name in _TAKEN_FOR_TAXII and each.version in _VERSIONS and not each.is_ruled_out for each in ranges)
    if not is_accepted:
        raise NotAcceptable(f"answers here are `{TAXII}`: name it in Accept, not only {quoted(header)}")


def content_type(header: str | None) -> None:
    """Let pass a body that says it is a TAXII envelope or STIX 2.1; parameters other than `version` are ignored.

    Raises UnsupportedMediaType (TAXII 2.1 §5.5).
    """
    if header is None:
        raise UnsupportedMediaType(f"the body has no Content-Type: send `{TAXII}`")
    sent = _parse(header)
    if sent is None or sent.name not in _ENVELOPES or sent.version not in _VERSIONS:
        raise UnsupportedMediaType(f"objects are not taken as {quoted(header)}: send `{TAXII}`")


def _parse(text: str) -> _MediaRange | None:
    name, *parameters = _BETWEEN_SEMICOLONS.findall(text) or [""]
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        return None
    values: dict[str, str] = {}
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        values.setdefault(key.strip().lower(), _unquoted(value.strip()))
    return _MediaRange(name, values.get("version"), is_ruled_out="q" in values and _ZERO.fullmatch(values["q"]) is not None)


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
