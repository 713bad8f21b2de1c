"""OpenID Connect: whom a signed token names (RFC 7519, checked as RFC 8725 advises). Keys and clock are handed in; nothing is fetched here.

* What a token says is believed only after its signature was checked with a key of the issuer that it names, by an algorithm that the
  alliance allows this issuer. The token chooses neither.
* `iss`, `aud`, `exp` and `sub` must be there. A header that lists anything under `crit` is refused: no extension is understood here.
* A member name that occurs twice is refused, in header and claims: two readers could see two different tokens.
* No error text quotes the token, whole or in part.
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final, cast
from urllib.parse import urlsplit

import jiter
import orjson
from joserfc import jwt
from joserfc._rfc7515.model import JWSAlgModel  # the type has no public name
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError, MissingClaimError, UnsupportedAlgorithmError
from joserfc.jwk import DictKey, JWKRegistry, Key, KeySet
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from app.access.alliance import Issuer
from app.errors import ConfigurationError, Unauthenticated

LEEWAY: Final = timedelta(seconds=60)
"""How far the clocks of issuer and server may disagree."""
LONGEST_TOKEN: Final = 16 * 1024
"""In characters; real ones have one to four thousand."""
MOST_KEYS: Final = 100
"""Of one issuer; real ones publish two to ten."""
SHORTEST_MODULUS: Final = 342
"""2048 bits in base64url: shorter RSA keys are broken or soon will be."""
_SEGMENTS: Final = 3
_ASYMMETRIC: Final = ("RSA", "EC", "OKP")
_UNFIT: Final = "the token cannot be verified: its signature, algorithm or key is none that its issuer stands for"
_SHAPELESS: Final = "the credentials are no signed token: send the access token of your issuer as it is"
_CLAIM_FAULTS: Final = {
    "aud": "the token is meant for somebody else: ask the issuer for one with the `aud` that the alliance agreed with it",
    "exp": "the token does not say properly until when it is valid",
    "iat": "the token is not valid yet: compare the clocks of issuer and server",
    "nbf": "the token is not valid yet: compare the clocks of issuer and server",
    "sub": "the token does not say properly who it stands for",
}


class _Registry(JWSRegistry):
    """The algorithms of one issuer and no others, whatever a library thinks of them."""

    max_header_length = 4096

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(_UNFIT)
        return self.algorithms[name]


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a token says before anything is verified: good for finding the issuer and the key, and for nothing else."""

    issuer: str
    key_id: str | None


def is_signed_token(credential: str) -> bool:
    """Whether a bearer credential has the shape of a JSON Web Token: three parts between dots. Tokens of our own have none."""
    return credential.count(".") == _SEGMENTS - 1


def claimed(token: str) -> Claimed:
    """What `token` says of its issuer and key. Raises Unauthenticated if it cannot be read, or demands what nobody here understands."""
    if len(token) > LONGEST_TOKEN or not token.isascii() or not is_signed_token(token):
        raise Unauthenticated(_SHAPELESS)
    header, claims, _ = token.split(".")
    head, body = _read(header), _read(claims)
    issuer, key_id = body.get("iss"), head.get("kid")
    if "crit" in head or not isinstance(key_id, str | None):
        raise Unauthenticated(_UNFIT)
    if not isinstance(issuer, str):
        raise Unauthenticated("the token does not name its issuer")
    return Claimed(issuer, key_id)


def verify(token: str, issuer: Issuer, keys: KeySet, now: datetime) -> str:
    """The subject of a token that `issuer` signed, for this server, valid at `now`. Raises Unauthenticated for every other one."""
    return subject(proven(token, issuer, keys), issuer, now)


def proven(token: str, issuer: Issuer, keys: KeySet) -> Mapping[str, object]:
    """What a token says that one of `keys` signed, by an algorithm of its issuer; not yet whether that holds now, or here. Raises Unauthenticated."""
    claimed(token)
    try:
        return jwt.decode(token, keys, registry=_Registry(algorithms=issuer.algorithms, strict_check_header=False)).claims
    except (JoseError, ValueError):
        # `from None` everywhere: the library's errors quote headers and key ids, and a logged cause would carry them on.
        raise Unauthenticated(_UNFIT) from None


def subject(claims: Mapping[str, object], issuer: Issuer, now: datetime) -> str:
    """The subject of claims that were proven, if they hold for this server at `now`. Raises Unauthenticated."""
    registry = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=int(LEEWAY.total_seconds()),
        iss={"essential": True, "value": issuer.issuer},
        aud={"essential": True, "value": issuer.audience},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        registry.validate(dict(claims))
    except ExpiredTokenError:
        raise Unauthenticated("the token has expired: ask its issuer for a new one") from None
    except MissingClaimError as fault:
        raise Unauthenticated(f"the token lacks what must be there: {fault.claim}") from None
    except ClaimError as fault:
        raise Unauthenticated(_CLAIM_FAULTS.get(fault.claim, _UNFIT)) from None
    except (JoseError, ValueError):
        raise Unauthenticated(_UNFIT) from None
    return cast("str", claims["sub"])


def knows(keys: KeySet, key_id: str | None) -> bool:
    """Whether the set has the key that a token names; a token that names none is content with a set of one (OpenID Connect Core §10.1)."""
    return len(keys.keys) == 1 if key_id is None else any(key.kid == key_id for key in keys)


def key_set(document: bytes) -> KeySet:
    """The keys of a JSON Web Key Set (RFC 7517 §5) that may verify signatures; those of other kinds and uses are passed over.

    Raises ConfigurationError if the document is no key set.
    """
    return KeySet([key for entry in _entries(document) if (key := _imported(entry)) is not None])


def embedded(document: bytes) -> str:
    """The same set as text to be kept in the alliance: public members of the usable keys only.

    Raises ConfigurationError if a key is secret, which no key set may give away, or if none is usable.
    """
    if any(entry.get("kty") == "oct" or "d" in entry for entry in _entries(document)):
        raise ConfigurationError(["the key set holds a secret key: publish the public ones only, and replace that key"])
    keys = key_set(document)
    if not keys:
        raise ConfigurationError(["the key set has no key that can verify signatures: RSA from 2048 bits, EC or Ed25519, `use` not `enc`"])
    return orjson.dumps(keys.as_dict(private=False), option=orjson.OPT_SORT_KEYS).decode()


def is_safe_location(location: str) -> bool:
    """Whether keys may be fetched from here: https anywhere, plain http from this machine only, and no credentials in the URL."""
    try:
        parts = urlsplit(location)
        host, has_credentials = parts.hostname or "", parts.username is not None or parts.password is not None
    except ValueError:
        return False
    if not host or has_credentials:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _read(segment: str) -> Mapping[str, object]:
    try:
        decoded = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
        value: object = jiter.from_json(decoded, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="none")
    except ValueError:
        raise Unauthenticated(_SHAPELESS) from None
    if not isinstance(value, dict):
        raise Unauthenticated(_SHAPELESS)
    return cast("dict[str, object]", value)


def _entries(document: bytes) -> Iterator[dict[str, object]]:
    try:
        value: object = jiter.from_json(document, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="none")
    except ValueError:
        value = None
    keys = cast("dict[str, object]", value).get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list):
        raise ConfigurationError(["this is no JSON Web Key Set: it must be a JSON object with a list `keys`"])
    entries = cast("list[object]", keys)
    if len(entries) > MOST_KEYS:
        raise ConfigurationError([f"the key set holds {len(entries)} keys; {MOST_KEYS} is the limit"])
    return (cast("dict[str, object]", entry) for entry in entries if isinstance(entry, dict))


def _imported(entry: dict[str, object]) -> Key | None:
    """The key, or None if it is not for verifying signatures: a set may hold others (RFC 7517 §5)."""
    if entry.get("kty") not in _ASYMMETRIC or "d" in entry or entry.get("use", "sig") != "sig":
        return None
    if entry["kty"] == "RSA" and len(str(entry.get("n", ""))) < SHORTEST_MODULUS:
        return None
    try:
        return JWKRegistry.import_key(cast("DictKey", entry))
    except (JoseError, ValueError, TypeError, LookupError):
        return None
