"""The words of a STIX pattern (STIX 2.1 §9.2, §9.7; the lexical rules of the OASIS grammar).

One regular expression without backtracking; reading stops at the first character that begins no token, so that the cost is linear in the text.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, cast

_DATE: Final = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]++)?Z"
_SPACE: Final = r"\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

_BLANK: Final = rf"(?:[{_SPACE}]++|//[^\r\n]*+|/\*(?s:.*?)\*/)*+"
_UNKNOWN: Final = re.compile(rf"{_BLANK}(.{{0,20}})", re.DOTALL)
_TOKEN: Final = re.compile(
    rf"{_BLANK}(?:"
    rf"(?P<timestamp>t'{_DATE}T{_TIME}')"
    r"|(?P<hex>h'(?:[0-9a-fA-F]{2})*+')"
    r"|(?P<binary>b'(?!')(?:[0-9a-zA-Z+/]{4}\s*+)*+(?:[0-9a-zA-Z+/]{2}==\s*+|[0-9a-zA-Z+/]{3}=\s*+)?')"
    r"|(?P<string>'[^'\\]*+(?:\\['\\][^'\\]*+)*+')"
    r"|(?P<name>[a-zA-Z_][a-zA-Z0-9_]*+(?![a-zA-Z0-9_-]))"
    r"|(?P<hyphenated>[a-zA-Z_][a-zA-Z0-9_-]*+)"
    r"|(?P<float>\+?[0-9]*+\.[0-9]++)"
    r"|(?P<negative_float>-[0-9]*+\.[0-9]++)"
    r"|(?P<integer>\+?(?:0|[1-9][0-9]*+))"
    r"|(?P<negative_integer>-(?:0|[1-9][0-9]*+))"
    r"|(?P<equal>==?+|!=|<>)"
    r"|(?P<order>[<>]=?+)"
    r"|(?P<mark>[\[\]().,:*])"
    r"|(?P<end>\Z)"
    r")"
)

KEYWORDS: Final = frozenset(
    {
        "AND", "OR", "NOT", "FOLLOWEDBY", "LIKE", "MATCHES", "ISSUPERSET", "ISSUBSET", "EXISTS", "LAST", "IN", "START", "STOP", "SECONDS", "true", "false",
        "WITHIN", "REPEATS", "TIMES",
    }
)  # fmt: skip


class Token(NamedTuple):
    """A token: its kind is its group's name above; of keywords and marks it is the text itself."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of `text`, the last of kind `end`; or, where no token begins, one of kind `unknown`, and none after it."""
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            unknown = cast("re.Match[str]", _UNKNOWN.match(text, position))
            yield Token("unknown", unknown[1], unknown.start(1))
            return
        kind, start = match.lastgroup, match.start(match.lastgroup)
        word = match[kind]
        yield Token(word if kind == "mark" or (kind == "name" and word in KEYWORDS) else kind, word, start)
        if kind == "end":
            return
        position = match.end()
