"""What the sample indicators look for: patterns of every language that STIX names, over addresses and names that belong to documentation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.cli.samples.builder import Builder

SIGMA: Final = """title: {title}
logsource: {{category: process_creation}}
detection: {{selection: {{Image|endswith: {image}}}, condition: selection}}
"""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern, its language (an open vocabulary of STIX), and what it is about."""

    kind: str
    pattern: str
    text: str


def observable_patterns(builder: Builder, theme: str, number: int) -> Iterator[tuple[str, str, dict[str, object]]]:
    """STIX patterns, each with the type and the properties of the observable that it matches."""
    names = [f"{theme}-{word}.example.{ending}" for word, ending in (("portal", "org"), ("login", "net"), ("update", "com"))]
    addresses = [f"{block}.{number * 20 + host}" for block, host in (("192.0.2", 7), ("198.51.100", 11), ("203.0.113", 3))]
    for name, address in zip(names, addresses, strict=True):
        yield f"[domain-name:value = '{name}']", "domain-name", {"value": name}
        yield f"[ipv4-addr:value = '{address}']", "ipv4-addr", {"value": address}
    url = f"https://{names[0]}/{theme}/sign-in?id={number}"
    yield f"[url:value = '{url}']", "url", {"value": url}
    for name in (f"{theme}.js", f"{theme}-viewer.exe"):
        hashes = {"MD5": builder.digest("md5"), "SHA-256": builder.digest("sha256")}
        pattern = f"[file:hashes.MD5 = '{hashes['MD5']}' OR file:hashes.'SHA-256' = '{hashes['SHA-256']}']"
        yield pattern, "file", {"name": name, "size": 40_000 + number * 1_111, "hashes": hashes}
    sender = f"accounts@{names[1]}"
    yield f"[email-addr:value = '{sender}']", "email-addr", {"value": sender, "display_name": f"{theme.title()} desk"}
    range_ = f"2001:db8:{number + 1}::/48"
    yield f"[ipv6-addr:value ISSUBSET '{range_}']", "ipv6-addr", {"value": range_}


def rules(theme: str, family: str, number: int) -> Iterator[Pattern]:
    """Rules in other languages, and STIX patterns over more than one observation."""
    lower = family.lower()
    yield Pattern(
        "stix",
        f"([email-message:subject LIKE '%{theme}%'] FOLLOWEDBY [domain-name:value = '{theme}-portal.example.org']) WITHIN 600 SECONDS",
        "A mail, and the forged page within ten minutes",
    )
    yield Pattern(
        "yara",
        f'rule {lower}_{number} {{ strings: $a = "{lower}-cfg" wide $b = {{ 4C 47 54 {number:02X} }} condition: uint16(0) == 0x5A4D and all of them }}',
        f"The configuration of {family} in memory or on disk",
    )
    network = (
        Pattern("snort", f'alert tcp any any -> 203.0.113.0/24 443 (content:"{lower}"; sid:{9000001 + number};)', "Check-in"),
        Pattern("suricata", f'alert dns any any -> any any (dns.query; content:"{theme}"; sid:{9100001 + number};)', "Tunnel"),
        Pattern("sigma", SIGMA.format(title=family, image=f"{theme}-viewer.exe"), "Start of the implant"),
        Pattern("pcre", rf"/^https:\/\/{theme}-(portal|login)\.example\.(org|net)\//i", "Address of the forged page"),
    )
    yield network[number % len(network)]
