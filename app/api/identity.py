"""Who is calling (TAXII 2.1 §1.6.9, §8.2.2; C29, C30): from the headers of a request to the name of a client.

* One token, four ways to send it: Basic (as password), Bearer, Token (taxii2-client's word), a configurable API-key header. Scheme names in any case.
* The user name of Basic is that of the token's client, `organisation/client`; `organisation.client` for tools that take no slash there, and
  nothing at all for those that have no such field.
* A signed token of an OpenID Connect issuer comes as Bearer, Token or API key.
* No credentials: the anonymous public. Wrong, malformed, unreadable, doubled: Unauthenticated, alike at every path, after a delay.
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass

from app.access.bearer import is_signed_token
from app.api.addresses import source
from app.api.delays import Delays
from app.api.message import Call
from app.api.settings import FaceSettings
from app.errors import Unauthenticated
from app.sharing.exchange import Exchange
from app.sharing.identify import NOT_ACCEPTED, by_subject, by_token


@dataclass(frozen=True, slots=True)
class Proof:
    """What a client shows: a token, and with Basic the user name beside it (None: no such field)."""

    token: str
    user: str | None = None

    def __repr__(self) -> str:
        return "Proof(…)"


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Identifies clients of one exchange."""

    exchange: Exchange
    settings: FaceSettings
    delays: Delays

    async def identify(self, call: Call) -> str:
        """The client that sent `call`, as `organisation/client`; empty if it shows nothing. Raises Unauthenticated, when it has waited."""
        try:
            proof = find_proof(call, self.settings.api_key_name)
            return "" if proof is None else await self._client(proof)
        except Unauthenticated:
            await self.delays.wait(source(call, self.settings.trusted_networks))
            raise

    async def _client(self, proof: Proof) -> str:
        if proof.user is None and self.settings.verifier is not None and is_signed_token(proof.token):
            issuer, subject = await self.settings.verifier(proof.token)
            return await by_subject(self.exchange, issuer, subject)
        client = await by_token(self.exchange, proof.token)
        if proof.user not in {None, "", client, client.replace("/", ".")}:
            raise Unauthenticated(NOT_ACCEPTED)
        return client


def find_proof(call: Call, api_key_name: bytes | None) -> Proof | None:
    """What the request shows, None if nothing. Raises Unauthenticated for what cannot be read, or is shown twice."""
    authorizations = call.values(b"authorization")
    keys = call.values(api_key_name) if api_key_name else []
    if not authorizations and not keys:
        return None
    if len(authorizations) + len(keys) > 1:
        raise Unauthenticated("credentials came twice: send one kind, once")
    return Proof(keys[0]) if keys else _read(authorizations[0])


def _read(authorization: str) -> Proof:
    scheme, _, value = authorization.partition(" ")
    match scheme.lower():
        case "basic":
            return _read_basic(value.strip())
        case "bearer" | "token":
            return Proof(value.strip())
        case _:
            raise Unauthenticated("credentials of this kind are not taken: send Basic, Bearer or Token")


def _read_basic(value: str) -> Proof:
    try:
        user, colon, password = b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Unauthenticated(NOT_ACCEPTED) from None
    if not colon:
        raise Unauthenticated(NOT_ACCEPTED)
    return Proof(password, user)
