"""The grammars of single texts that STIX borrows from other standards; all checks are linear in the length of the text.

A text is judged by its form alone. Registries (media types, character sets, language subtags, the CPE dictionary) grow, and a server that refuses what
was registered after its release would be wrong more often than right.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, cast

_LANGUAGE: Final = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}"  # language, extended language
    r"(?:-[a-z]{4})?"  # script
    r"(?:-(?:[a-z]{2}|[0-9]{3}))?"  # region
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*+"  # variants
    r"(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})++)*+"  # extensions
    r"(?:-x(?:-[a-z0-9]{1,8})++)?"  # private use
    r"|x(?:-[a-z0-9]{1,8})++"
    r"|en-gb-oed|sgn-be-fr|sgn-be-nl|sgn-ch-de"  # the irregular ones, kept for old texts
    r"|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu))",
    re.IGNORECASE | re.ASCII,
)
_LONGEST_TAG: Final = 250

_CPE_VALUE: Final = r"(?:[*-]|(?:\?++|\*)?(?:[a-zA-Z0-9._-]|\\[\\*?!\"#$%&'()+,/:;<=>@\[\]^`{|}~])++(?:\?++|\*)?)"
_CPE: Final = re.compile(
    rf"cpe:2\.3:[aho*-](?::{_CPE_VALUE}){{5}}:(?:[a-zA-Z]{{2,3}}(?:-(?:[a-zA-Z]{{2}}|[0-9]{{3}}))?|[*-])(?::{_CPE_VALUE}){{4}}"
)

_MAC: Final = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_PREFIX: Final = re.compile(r"0|[1-9][0-9]{0,2}")
_HOST: Final = re.compile(r"[^\s/:@\[\]<>()\"',;\\]++")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:[^\s<>\"]++")
_LONGEST_HOST, _LONGEST_LABEL = 253, 63
_INDEX: Final = re.compile(r"\[([0-9]{1,9})\]")
_PROPERTY: Final = re.compile(r"[a-z][a-z0-9_]{2,249}")


def is_language_tag(text: str) -> bool:
    """Whether `text` is well formed by RFC 5646 §2.1. No language of four letters or more is registered, so `english` is none."""
    return len(text) <= _LONGEST_TAG and _LANGUAGE.fullmatch(text) is not None


def is_cpe(text: str) -> bool:
    """Whether `text` is a formatted string of CPE 2.3 (NISTIR 7695 §6.2)."""
    return _CPE.fullmatch(text) is not None


def is_ipv4(text: str) -> bool:
    """Whether `text` is an IPv4 address or block in CIDR notation (STIX 2.1 §6.8)."""
    address, slash, prefix = text.partition("/")
    try:
        IPv4Address(address)
    except AddressValueError:
        return False
    return not slash or _is_prefix(prefix, 32)


def is_ipv6(text: str) -> bool:
    """Whether `text` is an IPv6 address, with a zone or not, or a block in CIDR notation (STIX 2.1 §6.9)."""
    address, slash, prefix = text.partition("/")
    try:
        IPv6Address(address)
    except AddressValueError:
        return False
    return not slash or _is_prefix(prefix, 128)


def is_mac(text: str) -> bool:
    """Whether `text` is a MAC-48 address: lower case, colons, leading zeros (STIX 2.1 §6.10)."""
    return _MAC.fullmatch(text) is not None


def is_domain_name(text: str) -> bool:
    """Whether `text` can be a domain name: labels of 1 to 63 octets, 253 in all. Unicode and underscores pass: names in use have them (STIX 2.1 §6.4)."""
    name = text.removesuffix(".")
    if _HOST.fullmatch(name) is None or len(name) > _LONGEST_HOST:
        return False
    return all(label and len(label) <= _LONGEST_LABEL for label in name.split("."))


def is_email_address(text: str) -> bool:
    """Whether `text` can be an addr-spec of RFC 5322 §3.4.1: no display name, no angle brackets (STIX 2.1 §6.5)."""
    local, at, domain = text.rpartition("@")
    is_quoted = len(local) > 1 and local[0] == local[-1] == '"'
    is_local = is_quoted or (local != "" and not any(character in ' <>()[]:;@,\\"\t\r\n' for character in local))
    return at != "" and is_local and (is_domain_name(domain) or (domain[:1] == "[" and domain[-1:] == "]"))


def is_url(text: str) -> bool:
    """Whether `text` can be a URL: a scheme, a colon, no spaces (RFC 3986 §1.1.3, STIX 2.1 §6.15). IRIs pass: feeds carry them as they were seen."""
    return _URL.fullmatch(text) is not None


def is_property_name(text: str) -> bool:
    """Whether `text` can name a property (STIX 2.1 §3.1)."""
    return _PROPERTY.fullmatch(text) is not None


def selects(content: dict[str, object], selector: str) -> bool:
    """Whether a selector of a granular marking names something that is there (STIX 2.1 §7.2.3.1)."""
    value: object = content
    try:
        for step in selector.split("."):
            value = _below(value, step)
    except LookupError:
        return False
    return True


def _below(value: object, step: str) -> object:
    index = _INDEX.fullmatch(step)
    if index is None and isinstance(value, dict):
        return cast("dict[str, object]", value)[step]
    if index is not None and isinstance(value, list):
        return cast("list[object]", value)[int(index[1])]
    raise LookupError(step)


def _is_prefix(text: str, longest: int) -> bool:
    return _PREFIX.fullmatch(text) is not None and int(text) <= longest
