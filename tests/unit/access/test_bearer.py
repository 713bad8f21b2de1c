"""Signed tokens: what is believed, and everything that is not (DESIGN 9; RFC 7519, RFC 8725)."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from app.access import bearer
from app.access.alliance import Issuer
from app.errors import ConfigurationError, Unauthenticated

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed-1"})
KEYS = KeySet([RSA, EC, ED])
ISSUER = Issuer(issuer="https://id.example", audience="legation", algorithms=("RS256", "ES256", "EdDSA"), keys="{}")
CLAIMS = {"iss": "https://id.example", "aud": "legation", "sub": "misp", "exp": SECONDS + 300, "iat": SECONDS, "nbf": SECONDS}


class AnyAlgorithm(JWSRegistry):
    """Signs whatever a forger wants, without the library's advice."""

    def get_alg(self, name: str) -> Any:
        """The algorithm of that name, asked by nobody else."""
        return self.algorithms[name]


def signed(claims: dict[str, object] | None = None, key: Any = RSA, **header: object) -> str:
    head = {"alg": "RS256", "kid": "rsa-1", **header}
    head = {name: value for name, value in head.items() if value is not None}
    return jwt.encode(head, CLAIMS if claims is None else claims, key, registry=AnyAlgorithm(strict_check_header=False))


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header: object, claims: object = CLAIMS, key: RSAKey = RSA) -> str:
    """A token whose parts are written by hand and signed properly all the same."""
    text = f"{part(header)}.{part(claims)}"
    signature = JWSRegistry.algorithms["RS256"].sign(text.encode(), key)
    return f"{text}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def without(*names: str) -> dict[str, object]:
    return {name: value for name, value in CLAIMS.items() if name not in names}


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(key=EC, alg="ES256", kid="ec-1"),
        signed(key=ED, alg="EdDSA", kid="ed-1"),
        signed(typ="at+jwt"),
        signed(x5t="unknown to nobody", **{"https://id.example/extra": "ignored, not critical"}),
        signed({**CLAIMS, "aud": ["warehouse", "legation"]}),
        signed(without("iat", "nbf")),
        signed({**CLAIMS, "exp": SECONDS - 59}),
        signed({**CLAIMS, "iat": SECONDS + 60, "nbf": SECONDS + 60}),
    ],
    ids=["rsa", "ec", "ed", "access token", "more header", "one of several audiences", "no iat", "leeway past", "leeway ahead"],
)
def test_a_right_token_names_its_subject(token: str) -> None:
    assert bearer.verify(token, ISSUER, KEYS, NOW) == "misp"


WRONG = {
    "other audience": signed({**CLAIMS, "aud": "warehouse"}),
    "audience of other kind": signed({**CLAIMS, "aud": {"legation": 1}}),
    "no audience": signed(without("aud")),
    "other issuer": signed({**CLAIMS, "iss": "https://id.example.evil"}),
    "issuer as list": signed({**CLAIMS, "iss": ["https://id.example"]}),
    "no issuer": signed(without("iss")),
    "expired": signed({**CLAIMS, "exp": SECONDS - 60}),
    "no expiry": signed(without("exp")),
    "expiry as text": signed({**CLAIMS, "exp": str(SECONDS + 300)}),
    "expiry as boolean": signed({**CLAIMS, "exp": True}),
    "not yet valid": signed({**CLAIMS, "nbf": SECONDS + 61}),
    "issued in the future": signed({**CLAIMS, "iat": SECONDS + 61}),
    "no subject": signed(without("sub")),
    "empty subject": signed({**CLAIMS, "sub": ""}),
    "subject as number": signed({**CLAIMS, "sub": 7}),
    "other key under the right id": signed(key=OTHER),
    "unknown key id": signed(kid="rsa-2"),
    "key id as number": forged({"alg": "RS256", "kid": 1}),
    "no key id among several": signed(kid=None),
    "key of another algorithm": signed(kid="ec-1"),
    "algorithm that the issuer has not": signed(alg="PS256"),
    "algorithm none": f"{part({'alg': 'none', 'kid': 'rsa-1'})}.{part(CLAIMS)}.",
    "algorithm None": f"{part({'alg': 'None', 'kid': 'rsa-1'})}.{part(CLAIMS)}.",
    "no algorithm": forged({"kid": "rsa-1"}),
    "algorithm as list": forged({"alg": ["RS256"], "kid": "rsa-1"}),
    "unknown critical extension": forged({"alg": "RS256", "kid": "rsa-1", "crit": ["exp"], "exp": SECONDS + 300}),
    "known critical extension": forged({"alg": "RS256", "kid": "rsa-1", "crit": ["b64"], "b64": False}),
    "empty list of critical extensions": forged({"alg": "RS256", "kid": "rsa-1", "crit": []}),
    "key brought along": forged({"alg": "RS256", "kid": "rsa-1", "jwk": OTHER.as_dict(private=False)}, key=OTHER),
    "claim given twice": forged({"alg": "RS256", "kid": "rsa-1"}, json.dumps(CLAIMS)[:-1].encode() + b', "sub": "admin"}'),
    "header name given twice": forged(b'{"alg": "none", "kid": "rsa-1", "alg": "RS256"}'),
    "claims as list": forged({"alg": "RS256", "kid": "rsa-1"}, [CLAIMS]),
    "header not JSON": forged(b"\xff"),
    "header of 200 levels": forged(b"[" * 300),
    "signature cut": signed()[:-20],
    "signature missing": signed().rpartition(".")[0] + ".",
    "payload changed": ".".join((signed().split(".")[0], part({**CLAIMS, "sub": "admin"}), signed().split(".")[2])),
    "two parts": signed().rpartition(".")[0],
    "five parts": signed() + ".a.b",
    "padding kept": signed().replace(".", "=.", 1),
    "not ASCII": signed() + "ä",
    "endless": signed({**CLAIMS, "groups": ["x" * bearer.LONGEST_TOKEN]}),
    "empty": "",
}


@pytest.mark.parametrize("token", WRONG.values(), ids=WRONG)
def test_a_wrong_token_is_refused_without_being_quoted(token: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        bearer.verify(token, ISSUER, KEYS, NOW)
    text = str(refusal.value)
    assert text
    assert refusal.value.__cause__ is None
    assert not [piece for piece in token.split(".") if len(piece) > 8 and piece[:8] in text]
    assert not [word for word in ("misp", "warehouse", "evil", "admin", "rsa-2") if word in text]


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_the_public_key_is_no_shared_secret(form: Any) -> None:
    """The classic confusion: HS256 keyed with the issuer's public key."""
    text = f"{part({'alg': 'HS256', 'kid': 'rsa-1'})}.{part(CLAIMS)}"
    token = f"{text}.{urlsafe_b64encode(hmac.digest(RSA.as_bytes(form), text.encode(), 'sha256')).rstrip(b'=').decode()}"
    with pytest.raises(Unauthenticated):
        bearer.verify(token, ISSUER, KEYS, NOW)
    with pytest.raises(Unauthenticated):
        bearer.verify(token, ISSUER.model_copy(update={"algorithms": ("HS256",)}), KEYS, NOW)


def test_an_issuer_without_algorithms_signs_nothing() -> None:
    with pytest.raises(Unauthenticated):
        bearer.verify(signed(), ISSUER.model_copy(update={"algorithms": ()}), KEYS, NOW)


def test_a_token_without_key_id_is_content_with_a_set_of_one() -> None:
    """OpenID Connect Core §10.1: the key id may be left out only if there is one key."""
    assert bearer.verify(signed(kid=None), ISSUER, KeySet([RSA]), NOW) == "misp"
    assert bearer.knows(KeySet([RSA]), None)
    assert not bearer.knows(KEYS, None)
    assert not bearer.knows(KeySet([]), None)
    assert bearer.knows(KEYS, "ec-1")
    assert not bearer.knows(KEYS, "ec-2")


def test_an_encrypted_token_is_no_signed_one() -> None:
    with pytest.raises(Unauthenticated):
        bearer.verify("a.b.c.d.e", ISSUER, KEYS, NOW)


def test_a_message_that_is_no_token_is_refused_even_if_well_signed() -> None:
    with pytest.raises(Unauthenticated):
        bearer.verify(jws.serialize_compact({"alg": "RS256", "kid": "rsa-1"}, b"hello", RSA), ISSUER, KEYS, NOW)


@pytest.mark.parametrize(("credential", "is_one"), [("a.b.c", True), ("lgt_abc", False), ("a.b", False), ("a.b.c.d.e", False)])
def test_signed_tokens_are_told_from_others_by_their_dots(credential: str, is_one: bool) -> None:  # noqa: FBT001 - a column of a table
    assert bearer.is_signed_token(credential) is is_one


def document(*keys: object) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


PUBLIC = RSA.as_dict(private=False)
UNUSABLE = {
    "for encryption": {**PUBLIC, "use": "enc"},
    "secret": OctKey.generate_key(256).as_dict(private=True),
    "private": RSA.as_dict(private=True),
    "short": {**PUBLIC, "n": PUBLIC["n"][:340]},
    "unknown type": {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
    "unknown curve": {**EC.as_dict(private=False), "crv": "P-999"},
    "not on the curve": {**EC.as_dict(private=False), "x": "AAAA"},
    "without type": {"n": PUBLIC["n"]},
    "without modulus": {"kty": "RSA", "e": "AQAB"},
    "modulus as number": {**PUBLIC, "n": 5},
    "text": "key",
}


@pytest.mark.parametrize("entry", UNUSABLE.values(), ids=UNUSABLE)
def test_keys_that_verify_nothing_are_passed_over(entry: object) -> None:
    """RFC 7517 §5: a set may hold keys of other kinds."""
    keys = bearer.key_set(document(entry, EC.as_dict(private=False)))
    assert [key.kid for key in keys] == ["ec-1"]
    assert not bearer.key_set(document(entry))


@pytest.mark.parametrize(
    "text",
    [b"", b"<html>", b"[]", b'"keys"', b"{}", b'{"keys": {}}', b'{"keys": [], "keys": []}', b"\xff", document(*[PUBLIC] * 101)],
    ids=["empty", "page", "list", "text", "no keys", "keys as object", "twice", "no UTF-8", "too many"],
)
def test_what_is_no_key_set_is_refused(text: bytes) -> None:
    with pytest.raises(ConfigurationError):
        bearer.key_set(text)


def test_a_set_taken_into_the_alliance_holds_public_members_only() -> None:
    text = bearer.embedded(document(PUBLIC, {**EC.as_dict(private=False), "use": "enc"}))
    assert json.loads(text) == {"keys": [PUBLIC]}
    assert bearer.verify(signed(), ISSUER, bearer.key_set(text.encode()), NOW) == "misp"


@pytest.mark.parametrize("name", ["secret", "private"])
def test_a_set_that_gives_a_secret_away_is_not_taken(name: str) -> None:
    with pytest.raises(ConfigurationError, match="secret key"):
        bearer.embedded(document(PUBLIC, UNUSABLE[name]))


def test_a_set_without_a_usable_key_is_not_taken() -> None:
    with pytest.raises(ConfigurationError, match="no key that can verify"):
        bearer.embedded(document(UNUSABLE["for encryption"]))


@pytest.mark.parametrize(
    ("location", "is_safe"),
    [
        ("https://id.example/keys", True),
        ("http://localhost:8080/keys", True),
        ("http://127.0.0.1/keys", True),
        ("http://127.8.8.8/keys", True),
        ("http://[::1]:9000/keys", True),
        ("http://id.example/keys", False),
        ("http://localhost.evil.example/keys", False),
        ("http://127.0.0.1.evil.example/keys", False),
        ("http://[::2]/keys", False),
        ("http://[::1/keys", False),
        ("https://user:word@id.example/keys", False),
        ("https:///keys", False),
        ("file:///etc/passwd", False),
        ("ftp://localhost/keys", False),
        ("keys.json", False),
        ("", False),
    ],
)
def test_keys_come_over_https_or_from_this_machine(location: str, is_safe: bool) -> None:  # noqa: FBT001 - a column of a table
    assert bearer.is_safe_location(location) is is_safe
