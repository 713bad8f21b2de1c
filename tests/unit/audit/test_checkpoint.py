"""Checkpoints say where chains ended, and whether the right key signed that (RFC 7515, RFC 8037)."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey

from app.audit.chain import Head
from app.audit.checkpoint import Checkpoint, checking_key, make_key, read, sign, signing_key
from app.errors import ConfigurationError

PRIVATE, PUBLIC = make_key()
SIGNER, CHECKER = signing_key(PRIVATE), checking_key(PUBLIC)
HEADS = {"administration": Head(3, b"\x01" * 32), "deliveries": Head(70_000, b"\x02" * 32)}
ONE = Checkpoint(1_795_546_675_621_345, HEADS)
CHECKPOINTS = st.builds(
    Checkpoint,
    st.integers(0, 253_402_300_799_999_999),
    st.dictionaries(st.text(max_size=40), st.builds(Head, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32)), max_size=5),
)


@given(CHECKPOINTS)
def test_what_is_signed_is_read(checkpoint: Checkpoint) -> None:
    text = sign(checkpoint, SIGNER)
    assert read(text, CHECKER) == read(text, None) == read(f"\n{text}\n", SIGNER) == checkpoint
    assert sign(checkpoint, SIGNER) == text


def test_the_largest_alliance_has_room() -> None:
    many = Checkpoint(1, {f"{number:036}": Head(number, b"\x03" * 32) for number in range(20_000)})
    assert read(sign(many, SIGNER), CHECKER) == many


@given(st.data())
def test_whatever_is_changed_is_not_signed_any_more(data: st.DataObject) -> None:
    text = sign(ONE, SIGNER)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("ABCabc019-_."))
    changed = text[:place] + other + text[place + 1 :]
    try:
        found = read(changed, CHECKER)
    except ConfigurationError:
        return
    assert found == ONE  # the same character, or bits that base64url does not use


def test_another_key_did_not_sign_it() -> None:
    with pytest.raises(ConfigurationError, match="not signed by this key"):
        read(sign(ONE, SIGNER), checking_key(make_key()[1]))


def _unsigned(header: object, payload: object) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in (header, payload))
    return f"{'.'.join(parts)}.AAAA"


HEADER = {"alg": "Ed25519", "typ": "legation-checkpoint"}
PAYLOAD = {"at": "2026-01-20T08:15:00.000000Z", "heads": {"c": [1, "00"]}}


def test_without_a_key_the_shape_alone_counts() -> None:
    assert read(_unsigned(HEADER, PAYLOAD), None).heads == {"c": Head(1, b"\0")}
    with pytest.raises(ConfigurationError, match="not signed"):
        read(_unsigned({**HEADER, "alg": "none"}, PAYLOAD), CHECKER)


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ({"alg": "Ed25519"}, PAYLOAD),
        ({**HEADER, "typ": "JWT"}, PAYLOAD),
        ([], PAYLOAD),
        (HEADER, []),
        (HEADER, {}),
        (HEADER, {**PAYLOAD, "at": 5}),
        (HEADER, {**PAYLOAD, "at": "yesterday"}),
        (HEADER, {**PAYLOAD, "heads": []}),
        (HEADER, {**PAYLOAD, "heads": {"c": 1}}),
        (HEADER, {**PAYLOAD, "heads": {"c": [1, "xx"]}}),
        (HEADER, {**PAYLOAD, "heads": {"c": [float("inf"), "00"]}}),
    ],
)
def test_what_is_no_checkpoint_is_refused(header: object, payload: object) -> None:
    with pytest.raises(ConfigurationError, match="no checkpoint"):
        read(_unsigned(header, payload), None)


@pytest.mark.parametrize("text", ["", "a.b.c", "é.é.é", "x" * 100, "[" * 100_000, f"{sign(ONE, SIGNER)}.x"])
def test_rubbish_is_refused(text: str) -> None:
    for key in (None, CHECKER):
        with pytest.raises(ConfigurationError, match="no checkpoint"):
            read(text, key)


@pytest.mark.parametrize(
    "pem",
    [b"", b"rubbish", PRIVATE[:-40], ECKey.generate_key("P-256").as_pem(private=True), OKPKey.generate_key("X25519").as_pem(private=True)],
    ids=["empty", "rubbish", "cut", "another type", "another curve"],
)
def test_what_is_no_key_is_refused_without_a_word_of_it(pem: bytes) -> None:
    for understand in (signing_key, checking_key):
        with pytest.raises(ConfigurationError, match="no Ed25519 key") as caught:
            understand(pem)
        assert caught.value.__context__ is None


def test_a_key_with_a_password_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="without a password"):
        signing_key(OKPKey.generate_key("Ed25519").as_pem(private=True, password="secret"))  # of a key of this test


def test_a_public_key_does_not_sign() -> None:
    with pytest.raises(ConfigurationError, match="cannot sign"):
        signing_key(PUBLIC)
