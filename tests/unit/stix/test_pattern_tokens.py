"""The words of a pattern (STIX 2.1 §9.2)."""

import pytest

from app.stix.pattern_tokens import Token, tokens


def test_tokens_have_their_kinds_and_places() -> None:
    text = "[file:'a b'[*].c NOT IN (1, -2.5)] // end"
    expected = "[ name : string [ * ] . name NOT IN ( integer , negative_float ) ] end"
    read = list(tokens(text))
    assert [token.kind for token in read] == expected.split()
    assert [text[token.position :].startswith(token.text) for token in read] == [True] * len(read)
    assert read[-1] == Token("end", "", len(text))


@pytest.mark.parametrize("word", ["AND", "true", "START"])
def test_keywords_are_whole_words(word: str) -> None:
    kinds = [token.kind for token in tokens(f"{word} {word}x {word}-x x_{word} '{word}'")]
    assert kinds == [word, "name", "hyphenated", "name", "string", "end"]


@pytest.mark.parametrize("text", ["a b ? c", "a b 'c", "a b /* c", "a b \\"])
def test_reading_stops_where_no_token_begins(text: str) -> None:
    *before, last = tokens(text)
    assert [token.text for token in before] == ["a", "b"]
    assert (last.kind, last.position) == ("unknown", 4)
