"""STIX identifiers and the types they name (STIX 2.1 §2.9, §4 to §7).

An identifier is `type--uuid`. Any UUID of RFC 9562 passes (versions 1 to 8); which version an object should use is the producer's affair, except where
the standard forces one (rules.py). The nil UUID identifies nothing.
"""

import re
from functools import lru_cache
from typing import Final

DOMAIN_TYPES: Final = frozenset(
    {
        "attack-pattern", "campaign", "course-of-action", "grouping", "identity", "incident", "indicator", "infrastructure", "intrusion-set", "location",
        "malware", "malware-analysis", "note", "observed-data", "opinion", "report", "threat-actor", "tool", "vulnerability",
    }
)  # fmt: skip
"""STIX domain objects (§4)."""

RELATIONSHIP_TYPES: Final = frozenset({"relationship", "sighting"})
"""STIX relationship objects (§5)."""

OBSERVABLE_TYPES: Final = frozenset(
    {
        "artifact", "autonomous-system", "directory", "domain-name", "email-addr", "email-message", "file", "ipv4-addr", "ipv6-addr", "mac-addr", "mutex",
        "network-traffic", "process", "software", "url", "user-account", "windows-registry-key", "x509-certificate",
    }
)  # fmt: skip
"""STIX cyber-observable objects (§6)."""

META_TYPES: Final = frozenset({"marking-definition", "extension-definition", "language-content"})
"""STIX meta objects (§7)."""

UUID_LENGTH: Final = 36

_IDENTIFIER: Final = re.compile(
    r"[a-z][a-z0-9]*+(?:-[a-z0-9]++)*+"
    r"--[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
)  # possessive: linear in the length, whatever is sent
_SHORTEST: Final = 3 + 2 + UUID_LENGTH
_LONGEST: Final = 250 + 2 + UUID_LENGTH


def is_identifier(text: str) -> bool:
    """Whether `text` is a STIX identifier: the name of a type (3 to 250 characters, §3.1), `--`, a UUID."""
    return _SHORTEST <= len(text) <= _LONGEST and _is_one(text)


@lru_cache(maxsize=4096)
def _is_one(text: str) -> bool:
    """Kept, since each reference is asked about by several rules, and many objects refer to the same few."""
    return _IDENTIFIER.fullmatch(text) is not None


def type_of(identifier: str) -> str:
    """The type that an identifier names."""
    return identifier.partition("--")[0]


def uuid_version(identifier: str) -> str:
    """The version digit of the UUID in a valid identifier."""
    return identifier[-22]
