"""Whether a text is a STIX pattern (STIX 2.1 §9). Nothing is matched here: patterns are judged when they arrive, and stored as they came.

* The grammar is that of OASIS, whose patterns of STIX 2.0 are a part; AND, OR and FOLLOWEDBY bind differently, but that changes meaning, not validity.
* Without recursion: brackets are counted, not descended into. The cost is linear in the text.
* Beyond the grammar: values of known hashes have their form, list indices are not negative, WITHIN and REPEATS take positive numbers, dates are real,
  and no qualifier stands twice at one observation (§9.5).
"""

import re
from typing import Final

from app.errors import quoted
from app.stix.pattern_tokens import KEYWORDS, Token, tokens
from app.stix.timestamps import parse_timestamp

NESTING: Final = 100
"""Parentheses within parentheses; more helps nobody and breaks the recursive parsers of consumers."""

_HEX_DIGITS: Final = {
    "MD5": (32,), "MD6": (32, 40, 56, 64, 96, 128), "RIPEMD160": (40,), "SHA1": (40,), "SHA224": (56,), "SHA256": (64,), "SHA384": (96,), "SHA512": (128,),
    "SHA3224": (56,), "SHA3256": (64,), "SHA3384": (96,), "SHA3512": (128,), "WHIRLPOOL": (128,),
}  # fmt: skip
_HEX: Final = re.compile(r"[0-9a-fA-F]*")
_SSDEEP: Final = re.compile(r"[a-zA-Z0-9/+:.]{1,148}")

_USUAL: Final = re.compile(
    r"\[([a-zA-Z_][a-zA-Z0-9_-]*+):([a-zA-Z_][a-zA-Z0-9_]*+(?:\.(?:[a-zA-Z_][a-zA-Z0-9_]*+|'[a-zA-Z0-9-]++'))*+) *+= *+('[^'\\]*+')\]"
)
"""One property compared with one text: what most feeds are made of."""

_ORDERABLE: Final = frozenset({"string", "integer", "negative_integer", "float", "negative_float", "hex", "binary", "timestamp"})
_PRIMITIVE: Final = _ORDERABLE | {"true", "false"}
_TEXT_OPERATORS: Final = frozenset({"LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"})


class _MisfitError(Exception):
    """The text stops being a pattern here."""


def check_pattern(text: str) -> str | None:
    """None if `text` is a STIX pattern, else the reason, with the position of the first character (from 1) that does not fit."""
    if is_usual(text):
        return None
    if not text.strip():
        return "it is empty"
    try:
        _Reader(text).read_pattern()
    except _MisfitError as misfit:
        return str(misfit)
    return None


def is_usual(text: str) -> bool:
    """Whether `text` is a pattern of the most usual form, seen at one glance; all others are read token by token."""
    match = _USUAL.fullmatch(text)
    if match is None:
        return False
    kind, path, literal = match.groups()
    names = path.replace("'", "").split(".")
    if not KEYWORDS.isdisjoint((kind, *names)):
        return False
    return "hashes" not in names or _is_hash(names[-1], literal)


class _Reader:
    """Reads tokens from left to right, one ahead."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next: Token = next(self._tokens)

    def read_pattern(self) -> None:
        """Observations joined by operators, grouped and qualified (§9.5)."""
        depth = 0
        while True:
            depth = self._open(depth)
            self._expect("[", "an observation in square brackets")
            self._read_comparisons()
            self._expect("]", "`]` or a comparison joined by AND or OR")
            self._read_qualifiers(once=True)
            while depth and self._take(")"):
                depth -= 1
                self._read_qualifiers(once=False)
            if not self._take("AND", "OR", "FOLLOWEDBY"):
                break
        self._expect(*((")", "`)`") if depth else ("end", "AND, OR, FOLLOWEDBY, a qualifier or the end")))

    def _read_comparisons(self) -> None:
        depth = 0
        while True:
            depth = self._open(depth)
            self._read_comparison()
            while depth and self._take(")"):
                depth -= 1
            if not self._take("AND", "OR"):
                break
        if depth:
            self._fail("`)`")

    def _read_comparison(self) -> None:
        """One test of one object path (§9.6)."""
        if self._take("EXISTS"):
            self._read_path()
            return
        algorithm = self._read_path()
        self._take("NOT")
        operator = self._take("equal", "order", "IN", *_TEXT_OPERATORS)
        if operator is None:
            self._fail("a comparison operator")
        elif operator.kind == "IN":
            self._read_set(algorithm)
        elif operator.kind in _TEXT_OPERATORS:
            self._expect("string", "a text in apostrophes")
        else:
            self._read_value(_PRIMITIVE if operator.kind == "equal" else _ORDERABLE, algorithm)

    def _read_path(self) -> str | None:
        """An object path (§9.7). Returns the name of the hash algorithm that it selects, if it does."""
        self._expect_one_of("the type of an object", "name", "hyphenated")
        self._expect(":", "`:` after the type")
        name: str | None = self._expect_one_of("the name of a property", "name", "string").text
        is_below_hashes = False
        while True:
            is_below_hashes = is_below_hashes or (name is not None and name.strip("'") == "hashes")
            if self._take("."):
                name = self._expect_one_of("the name of a property", "name", "string").text
            elif self._take("["):
                self._expect_one_of("a list index from 0 or `*`", "integer", "*")
                self._expect("]", "`]`")
                name = None
            else:
                return name.strip("'") if is_below_hashes and name is not None else None

    def _read_set(self, algorithm: str | None) -> None:
        self._expect("(", "`(`")
        if self._take(")"):
            return
        self._read_value(_PRIMITIVE, algorithm)
        while self._take(","):
            self._read_value(_PRIMITIVE, algorithm)
        self._expect(")", "`,` or `)`")

    def _read_value(self, kinds: frozenset[str], algorithm: str | None) -> None:
        value = self._expect_one_of("a value", *kinds)
        if value.kind == "timestamp":
            self._refuse_unreal(value)
        elif algorithm is not None and not _is_hash(algorithm, value.text):
            raise _MisfitError(f"{quoted(value.text)} at character {value.position + 1} is no {quoted(algorithm)} hash")

    def _read_qualifiers(self, *, once: bool) -> None:
        """§9.5.1. At an observation each kind stands once; at a group the grammar lets them repeat."""
        seen: set[str] = set()
        while qualifier := self._take("WITHIN", "START", "REPEATS"):
            if once and qualifier.kind in seen:
                raise _MisfitError(f"a second {qualifier.kind} at character {qualifier.position + 1}")
            seen.add(qualifier.kind)
            if qualifier.kind == "START":
                self._refuse_unreal(self._expect("timestamp", "a timestamp (`t'2024-01-31T12:00:00Z'`)"))
                self._expect("STOP", "STOP")
                self._refuse_unreal(self._expect("timestamp", "a timestamp (`t'2024-01-31T12:00:00Z'`)"))
            elif qualifier.kind == "WITHIN":
                self._refuse_zero(self._expect_one_of("a positive number", "integer", "float"))
                self._expect("SECONDS", "SECONDS")
            else:
                self._refuse_zero(self._expect("integer", "a positive integer"))
                self._expect("TIMES", "TIMES")

    def _refuse_zero(self, number: Token) -> None:
        if not number.text.strip("+0."):
            raise _MisfitError(f"expected a positive number at character {number.position + 1}, not {quoted(number.text)}")

    def _refuse_unreal(self, timestamp: Token) -> None:
        try:
            parse_timestamp(timestamp.text[2:-1])
        except ValueError as error:
            raise _MisfitError(f"{quoted(timestamp.text)} at character {timestamp.position + 1} is no real date") from error

    def _open(self, depth: int) -> int:
        while self._take("("):
            depth += 1
            if depth > NESTING:
                self._fail(f"at most {NESTING} nested parentheses")
        return depth

    def _take(self, *kinds: str) -> Token | None:
        token = self._next
        if token.kind not in kinds:
            return None
        self._next = next(self._tokens, token)
        return token

    def _expect(self, kind: str, what: str) -> Token:
        return self._expect_one_of(what, kind)

    def _expect_one_of(self, what: str, *kinds: str) -> Token:
        token = self._take(*kinds)
        return self._fail(what) if token is None else token

    def _fail(self, wanted: str) -> Token:
        token = self._next
        found = "the end" if token.kind == "end" else quoted(token.text, 40)
        raise _MisfitError(f"expected {wanted} at character {token.position + 1}, not {found}")


def _is_hash(algorithm: str, literal: str) -> bool:
    """Whether a literal can be a value of a known algorithm; others may look like anything."""
    name, value = algorithm.upper().replace("-", ""), literal.strip("'")
    if name == "SSDEEP":
        return _SSDEEP.fullmatch(value) is not None
    return name not in _HEX_DIGITS or (len(value) in _HEX_DIGITS[name] and _HEX.fullmatch(value) is not None)
