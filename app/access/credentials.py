"""Tokens: 256 random bits with a checksum, kept as a digest alone.

The checksum (CRC-32, as in other token formats) lets a scanner tell a leaked token from noise, and refuses mistyped ones before the store is asked.
A slow hash is not needed: nobody guesses 256 random bits.
"""

import secrets
import zlib
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

PREFIX: Final = "lgt_"
"""Makes tokens findable in logs and repositories; free of `:`, at which some clients split user and password (C29)."""
_BODY_LENGTH: Final = 43
_CHECK_LENGTH: Final = 6


def mint() -> str:
    """A fresh token. It is shown once and kept nowhere."""
    body = urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    return f"{PREFIX}{body}{_checksum(body)}"


def digest(token: str) -> str:
    """What the store keeps of a token: its SHA-256 in hex."""
    return sha256(token.encode()).hexdigest()


def is_well_formed(token: str) -> bool:
    """Whether `token` could be one of ours: prefix, length and checksum fit."""
    body, check = token[len(PREFIX) : -_CHECK_LENGTH], token[-_CHECK_LENGTH:]
    return token.startswith(PREFIX) and len(body) == _BODY_LENGTH and token.isascii() and check == _checksum(body)


def _checksum(body: str) -> str:
    return urlsafe_b64encode(zlib.crc32(body.encode()).to_bytes(4, "big")).rstrip(b"=").decode()
