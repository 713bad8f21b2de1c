"""One sound STIX 2.1 object of every type, all the project's own: tests change them to make a fault, or send them as they are."""

from collections.abc import Mapping
from typing import Final

WHEN: Final = "2024-03-01T09:30:00.000Z"
UUID: Final = "3f8a1c52-7d4e-4b6a-9c0d-5e2f7a8b9c1d"
OTHER: Final = "b7e6d5c4-a3f2-4e1d-8c9b-0a1b2c3d4e5f"
HASHED: Final = "5d0b1d4e-9a52-5c37-8f0e-6b1a2c3d4e5f"
SHA_256: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Sample = dict[str, object]


def versioned(kind: str, **properties: object) -> Sample:
    """An object with versions: a domain object, a relationship, a language content, an extension definition."""
    head = {"type": kind, "spec_version": "2.1", "id": f"{kind}--{UUID}", "created": WHEN, "modified": WHEN}
    return {**head, **properties}


def observable(kind: str, uuid: str = HASHED, **properties: object) -> Sample:
    """A cyber-observable object."""
    return {"type": kind, "spec_version": "2.1", "id": f"{kind}--{uuid}", **properties}


def but(sample: Mapping[str, object], *without: str, **changes: object) -> Sample:
    """The sample with some properties changed and others left out."""
    return {name: value for name, value in {**sample, **changes}.items() if name not in without}


SOUND: Final[Mapping[str, Sample]] = {
    sample["type"]: sample  # type: ignore[misc] # every sample has one
    for sample in (
        versioned("attack-pattern", name="Parcel smishing", external_references=[{"source_name": "capec", "external_id": "CAPEC-163"}]),
        versioned("campaign", name="Harvest moon", first_seen="2024-01-01T00:00:00Z", last_seen="2024-02-01T00:00:00Z"),
        versioned("course-of-action", name="Block the sender"),
        versioned("grouping", context="suspicious-activity", object_refs=[f"indicator--{UUID}"]),
        versioned("identity", name="Border cyber unit", identity_class="organization"),
        versioned("incident", name="Mail server compromised"),
        versioned(
            "indicator",
            pattern="[domain-name:value = 'login.example.net']",
            pattern_type="stix",
            valid_from="2024-03-01T00:00:00Z",
            valid_until="2024-09-01T00:00:00Z",
        ),
        versioned("infrastructure", name="Relay hosts"),
        versioned("intrusion-set", name="Quiet heron", aliases=["QH-2"]),
        versioned("location", region="western-africa"),
        versioned("malware", name="Lantern", is_family=True),
        versioned("malware-analysis", product="sandbox-one", result="malicious"),
        versioned("note", content="Seen again in May.", object_refs=[f"malware--{OTHER}"]),
        versioned(
            "observed-data",
            first_observed="2024-03-01T08:00:00Z",
            last_observed="2024-03-01T09:00:00Z",
            number_observed=3,
            object_refs=[f"ipv4-addr--{HASHED}"],
        ),
        versioned("opinion", opinion="agree", object_refs=[f"indicator--{OTHER}"]),
        versioned("report", name="Spring summary", published=WHEN, object_refs=[f"campaign--{OTHER}"]),
        versioned("threat-actor", name="Two-door crew"),
        versioned("tool", name="remote shell"),
        versioned("vulnerability", name="CVE-2023-12345", external_references=[{"source_name": "cve", "external_id": "CVE-2023-12345"}]),
        versioned("relationship", relationship_type="indicates", source_ref=f"indicator--{UUID}", target_ref=f"malware--{OTHER}"),
        versioned("sighting", sighting_of_ref=f"indicator--{OTHER}", count=2, where_sighted_refs=[f"identity--{OTHER}"]),
        versioned("language-content", object_ref=f"campaign--{UUID}", contents={"fr": {"name": "Lune des moissons"}}),
        versioned(
            "extension-definition",
            created_by_ref=f"identity--{UUID}",
            name="Reach",
            schema="https://example.net/reach.json",
            version="1.0.0",
            extension_types=["property-extension"],
        ),
        {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": f"marking-definition--{UUID}",
            "created": WHEN,
            "definition_type": "statement",
            "definition": {"statement": "Copyright 2024, Example Bureau"},
        },
        observable("artifact", mime_type="application/zip", payload_bin="UEsDBA=="),
        observable("autonomous-system", number=64500),
        observable("directory", path="/opt/relay"),
        observable("domain-name", value="login.example.net", resolves_to_refs=[f"ipv4-addr--{HASHED}"]),
        observable("email-addr", value="desk@example.net"),
        observable("email-message", is_multipart=False, subject="Your parcel", body="Pay here."),
        observable("file", name="invoice.scr", hashes={"SHA-256": SHA_256}),
        observable("ipv4-addr", value="198.51.100.7"),
        observable("ipv6-addr", value="2001:db8::7"),
        observable("mac-addr", value="02:00:5e:10:00:00"),
        observable("mutex", name="__lantern__"),
        observable("network-traffic", protocols=["ipv4", "tcp"], dst_ref=f"ipv4-addr--{HASHED}", dst_port=443),
        observable("process", UUID, pid=4021, command_line="lantern -q"),
        observable("software", name="Parcel viewer", cpe="cpe:2.3:a:example:parcel_viewer:1.2:*:*:*:*:*:*:*", languages=["fr"]),
        observable("url", value="https://login.example.net/parcel?id=1"),
        observable("user-account", user_id="1007", account_login="ada"),
        observable("windows-registry-key", key="HKEY_LOCAL_MACHINE\\Software\\Lantern"),
        observable("x509-certificate", serial_number="36:f7:d4:32"),
    )
}
"""By type."""
