"""Checkpoints: where every chain ended at one moment, signed, to be kept where whoever could cut a chain off cannot reach it (DESIGN 8).

A checkpoint is a JSON Web Signature in its compact form (RFC 7515), Ed25519 (RFC 9864, RFC 8037); keys are PEM. So it can be checked without this project.
Pure: where keys and checkpoints are kept is not known here. No error text quotes a key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from app.audit.chain import Head
from app.clock import timestamp, to_micros
from app.errors import ConfigurationError
from app.stix.timestamps import parse_timestamp

Key: TypeAlias = OKPKey
"""One that signs, or one that checks."""
ALGORITHM: Final = "Ed25519"
TYPE: Final = "legation-checkpoint"
"""The `typ` of the header: what the key signs otherwise is no checkpoint."""
NO_CHECKPOINT: Final = "this is no checkpoint: name a file that `legation audit checkpoint` wrote"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where each chain that had records ended, by its name, and when that was read (µs since 1970)."""

    at: int
    heads: Mapping[str, Head]


class _Registry(jws.JWSRegistry):
    """One algorithm, whatever a header says; and room for some hundred thousand chains."""

    max_payload_length = 16 * 1024 * 1024


_REGISTRY: Final = _Registry(algorithms=[ALGORITHM])


def make_key() -> tuple[bytes, bytes]:
    """A fresh signing key and its public part, both PEM."""
    key = OKPKey.generate_key(ALGORITHM)
    return key.as_pem(private=True), key.as_pem(private=False)


def signing_key(pem: bytes) -> Key:
    """The key that signs. Raises ConfigurationError."""
    key = _key(pem)
    if not key.is_private:
        raise ConfigurationError(["this key is a public one, which cannot sign: name the file that `legation audit key` wrote"])
    return key


def checking_key(pem: bytes) -> Key:
    """The key that checks: the public one; the private one does too. Raises ConfigurationError."""
    return _key(pem)


def sign(checkpoint: Checkpoint, key: Key) -> str:
    """The checkpoint as text: equal checkpoints, equal text."""
    heads = {chain: [head.number, head.seal.hex()] for chain, head in checkpoint.heads.items()}
    payload = json.dumps({"at": timestamp(checkpoint.at), "heads": heads}, separators=(",", ":"), sort_keys=True)
    return jws.serialize_compact({"alg": ALGORITHM, "kid": key.thumbprint(), "typ": TYPE}, payload, key, registry=_REGISTRY)


def read(text: str, key: Key | None) -> Checkpoint:
    """The checkpoint that `text` is; without a key, whoever may have written it. Raises ConfigurationError if it is none, or not signed by this key."""
    try:
        signed = jws.extract_compact(text.strip().encode(), registry=_REGISTRY)
        checkpoint = _decoded(signed.payload)
    except (JoseError, ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise ConfigurationError([NO_CHECKPOINT]) from error
    if signed.headers().get("typ") != TYPE:
        raise ConfigurationError([NO_CHECKPOINT])
    if key is not None and not _is_signed(signed, key):
        raise ConfigurationError(["the checkpoint is not signed by this key: it was changed, or another key belongs to it"])
    return checkpoint


def _decoded(payload: bytes) -> Checkpoint:
    """Raises whatever something else than a checkpoint raises."""
    document = json.loads(payload)
    heads = {chain: Head(int(number), bytes.fromhex(seal)) for chain, (number, seal) in document["heads"].items()}
    return Checkpoint(to_micros(parse_timestamp(document["at"])), heads)


def _is_signed(signed: jws.CompactSignature, key: Key) -> bool:
    try:
        return jws.validate_compact(signed, key, registry=_REGISTRY)
    except JoseError:
        return False


def _key(pem: bytes) -> Key:
    try:
        key = OKPKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        key = None
    if key is None or key.curve_name != ALGORITHM:
        # raised outside of `except`, so that nothing of what the library could not read is carried on
        raise ConfigurationError(["this is no Ed25519 key in PEM without a password: make one with `legation audit key FILE`"])
    return key
