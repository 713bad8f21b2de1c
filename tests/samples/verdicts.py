"""Objects with the verdict that the standard gives them, and why other judges differ where they do (used by tests/unit/stix/test_verdicts.py).

`stix2` and `validator` say why stix2.parse (custom content allowed) and stix2-validator come to the opposite verdict; empty means that they agree.
"""

from dataclasses import dataclass
from typing import Final

from samples.sound import HASHED, OTHER, SHA_256, SOUND, UUID, WHEN, Sample, but, observable, versioned


@dataclass(frozen=True)
class Verdict:
    """An object under the name of its fault, or of what is remarkable about it."""

    name: str
    content: Sample
    valid: bool
    stix2: str = ""
    validator: str = ""


INVENTS: Final = "stix2 fills in what is missing"
COERCES: Final = "stix2 turns the value into one of the right type"
LENIENT: Final = "stix2 does not look at this"
CUSTOM: Final = "stix2 does not judge custom types"
UNCHECKED: Final = "the schemas cannot say it, and stix2-validator has no rule for it"
UNANCHORED: Final = "the schema's pattern is not anchored"
TOO_NARROW: Final = "the schema is narrower than the standard"
VOCABULARY: Final = "judged by a list of known values, which lacks this one"
MICROSECONDS: Final = "stix2 reads at most six fraction digits"
LEAP: Final = "stix2 knows no leap second"


def sound(name: str, content: Sample, stix2: str = "", validator: str = "") -> Verdict:
    """An object that the standard allows."""
    return Verdict(name, content, valid=True, stix2=stix2, validator=validator)


def faulty(name: str, content: Sample, stix2: str = "", validator: str = "") -> Verdict:
    """An object that the standard forbids."""
    return Verdict(name, content, valid=False, stix2=stix2, validator=validator)


INDICATOR, MALWARE, RELATIONSHIP = SOUND["indicator"], SOUND["malware"], SOUND["relationship"]
CAMPAIGN, IDENTITY, REPORT, FILE = SOUND["campaign"], SOUND["identity"], SOUND["report"], SOUND["file"]
IPV4, URL, TRAFFIC, PROCESS = SOUND["ipv4-addr"], SOUND["url"], SOUND["network-traffic"], SOUND["process"]
MARKING, EXTENSION, LANGUAGE = SOUND["marking-definition"], SOUND["extension-definition"], SOUND["language-content"]
MAIL, OBSERVED, SIGHTING, LOCATION = SOUND["email-message"], SOUND["observed-data"], SOUND["sighting"], SOUND["location"]
ANALYSIS, SOFTWARE, REGISTRY, ARTIFACT = SOUND["malware-analysis"], SOUND["software"], SOUND["windows-registry-key"], SOUND["artifact"]
VULNERABILITY, ATTACK = SOUND["vulnerability"], SOUND["attack-pattern"]

MARK: Final = f"marking-definition--{OTHER}"
WHITE: Final = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
    "created": "2017-01-20T00:00:00.000Z",
    "definition_type": "tlp",
    "name": "TLP:WHITE",
    "definition": {"tlp": "white"},
}
EXTENDED: Final = f"extension-definition--{UUID}"
CUSTOM_OBJECT: Final = versioned("x-example-lead", title="a lead")
CUSTOM_OBSERVABLE: Final = observable("x-example-badge", number="17")


def marked(sample: Sample, *selectors: str, **changes: object) -> Sample:
    """The sample with one granular marking."""
    return but(sample, granular_markings=[{"marking_ref": MARK, "selectors": list(selectors), **changes}])


def referring(**reference: object) -> Sample:
    """A campaign with one external reference."""
    return but(CAMPAIGN, external_references=[reference])


def extended(sample: Sample, key: str = EXTENDED, **content: object) -> Sample:
    """The sample with one extension."""
    return but(sample, extensions={key: content})


COMMON: Final = (
    faulty("type-missing", but(INDICATOR, "type")),
    faulty("type-upper-case", versioned("X-Example-Lead", title="x"), CUSTOM),
    faulty("type-two-hyphens", versioned("x-example--lead", title="x"), CUSTOM),
    faulty("type-too-short", versioned("xy", title="x"), CUSTOM),
    faulty("type-251-characters", versioned("x-" + "a" * 249, title="x"), CUSTOM),
    sound("type-250-characters", versioned("x-" + "a" * 248, title="x")),
    faulty("type-reserved-action", versioned("action", title="x"), CUSTOM),
    faulty(
        "type-bundle",
        {"type": "bundle", "id": f"bundle--{UUID}", "objects": [INDICATOR]},
        "a bundle by itself is sound",
        "a bundle by itself is sound",
    ),
    faulty("id-missing", but(INDICATOR, "id"), INVENTS),
    faulty("id-of-another-type", but(INDICATOR, id=f"malware--{UUID}")),
    faulty("id-without-uuid", but(INDICATOR, id="indicator--1")),
    faulty("id-nil-uuid", but(INDICATOR, id="indicator--00000000-0000-0000-0000-000000000000")),
    faulty("id-without-dashes", but(INDICATOR, id="indicator--" + UUID.replace("-", "")), COERCES),
    faulty("id-uuid-of-wrong-variant", but(INDICATOR, id="indicator--3f8a1c52-7d4e-4b6a-0c0d-5e2f7a8b9c1d")),
    faulty("id-with-line-feed", but(INDICATOR, id=f"indicator--{UUID}\n"), "", "in Python `$` matches before a line feed too"),
    sound("id-uuid-1", but(INDICATOR, id="indicator--3f8a1c52-7d4e-1b6a-9c0d-5e2f7a8b9c1d")),
    sound("id-uuid-7", but(INDICATOR, id="indicator--018e2a4b-7d4e-7b6a-9c0d-5e2f7a8b9c1d"), "", TOO_NARROW),
    sound("id-upper-case-uuid", but(INDICATOR, id=f"indicator--{UUID.upper()}")),
    faulty("spec-version-missing", but(INDICATOR, "spec_version")),
    faulty("spec-version-2.0", but(INDICATOR, spec_version="2.0")),
    faulty("spec-version-2.2", but(INDICATOR, spec_version="2.2"), LENIENT),
    faulty("spec-version-number", but(INDICATOR, spec_version=2.1), LENIENT),
    faulty("created-missing", but(INDICATOR, "created"), INVENTS),
    faulty("modified-missing", but(INDICATOR, "modified"), INVENTS),
    faulty("created-without-milliseconds", but(INDICATOR, created="2024-03-01T09:30:00Z", modified=WHEN), COERCES),
    faulty("created-lower-case-z", but(INDICATOR, created="2024-03-01T09:30:00.000z"), COERCES),
    faulty("created-lower-case-t", but(INDICATOR, created="2024-03-01t09:30:00.000Z"), COERCES),
    faulty("created-with-offset", but(INDICATOR, created="2024-03-01T09:30:00.000+00:00")),
    faulty("created-30-february", but(INDICATOR, created="2024-02-30T09:30:00.000Z")),
    faulty("created-29-february-of-1900", but(CAMPAIGN, first_seen="1900-02-29T00:00:00Z")),
    faulty("created-hour-24", but(INDICATOR, created="2024-02-01T24:00:00.000Z")),
    faulty("leap-second-at-noon", but(CAMPAIGN, first_seen="2016-12-31T12:00:60Z")),
    sound("leap-second", but(CAMPAIGN, first_seen="2016-12-31T23:59:60Z"), LEAP, "stix2-validator knows no leap second"),
    sound(
        "created-nine-digits",
        but(INDICATOR, created="2024-03-01T09:30:00.123456789Z", modified="2024-03-01T09:30:00.123456789Z"),
        MICROSECONDS,
    ),
    faulty("modified-before-created", but(INDICATOR, modified="2024-02-01T09:30:00.000Z"), LENIENT),
    sound("modified-equal-with-other-digits", but(INDICATOR, modified="2024-03-01T09:30:00.000000Z")),
    faulty("modified-earlier-by-a-digit", but(INDICATOR, created="2024-03-01T09:30:00.0001Z"), LENIENT),
    faulty("null", but(INDICATOR, description=None), LENIENT),
    faulty("null-in-depth", but(INDICATOR, x_example={"inner": [1, None]}), LENIENT, UNCHECKED),
    faulty("empty-list", but(INDICATOR, labels=[]), LENIENT),
    faulty("labels-scalar", but(INDICATOR, labels="one"), COERCES),
    faulty("confidence-above-100", but(INDICATOR, confidence=101), LENIENT),
    faulty("confidence-negative", but(INDICATOR, confidence=-1), LENIENT),
    faulty("confidence-string", but(INDICATOR, confidence="80"), COERCES),
    faulty("confidence-fraction", but(INDICATOR, confidence=80.5), COERCES),
    faulty("revoked-string", but(INDICATOR, revoked="true"), COERCES),
    faulty("name-number", but(INDICATOR, name=5), COERCES),
    faulty("property-two-letters", but(INDICATOR, ab=1), LENIENT),
    faulty("property-upper-case", but(INDICATOR, x_Example=1), LENIENT),
    faulty("property-hyphen", but(INDICATOR, **{"x-example": 1}), LENIENT),
    faulty("property-reserved-severity", but(INDICATOR, severity="high"), LENIENT),
    sound("property-custom", but(INDICATOR, x_example_score=7)),
    sound("property-custom-ending-in-bin", but(INDICATOR, x_example_bin="no base64"), "", TOO_NARROW),
    faulty("defanged-indicator", but(INDICATOR, defanged=True), LENIENT, UNCHECKED),
    faulty("creator-no-identity", but(INDICATOR, created_by_ref=f"tool--{OTHER}"), "", UNCHECKED),
    faulty("object-marking-no-marking", but(INDICATOR, object_marking_refs=[f"identity--{OTHER}"]), "", UNCHECKED),
    faulty("object-marking-scalar", but(INDICATOR, object_marking_refs=MARK), COERCES),
    sound("language-serbian-latin", but(INDICATOR, lang="sr-Latn-RS"), "", VOCABULARY),
    sound("language-german-switzerland", but(INDICATOR, lang="de-CH")),
    faulty("language-underscore", but(INDICATOR, lang="de_CH"), LENIENT),
    faulty("language-word", but(INDICATOR, lang="english"), LENIENT),
)

REFERENCES: Final = (
    faulty("reference-source-alone", referring(source_name="ours")),
    faulty("reference-without-source", referring(url="https://example.net/")),
    faulty("reference-description-number", referring(source_name="ours", description=5), COERCES),
    sound("reference-cve-in-a-campaign", referring(source_name="nvd", external_id="CVE-2023-12345"), "", TOO_NARROW),
    sound("reference-cve-source-with-url", referring(source_name="cve", url="https://example.net/CVE"), "", TOO_NARROW),
    sound(
        "reference-hash-sha-384",
        referring(source_name="ours", url="https://example.net/", hashes={"SHA-384": "a" * 96}),
        VOCABULARY,
        VOCABULARY,
    ),
    faulty("reference-hash-too-short", referring(source_name="ours", url="https://example.net/", hashes={"MD5": "abc"})),
    faulty(
        "vulnerability-cve-elsewhere",
        but(VULNERABILITY, external_references=[{"source_name": "nvd", "external_id": "CVE-2023-12345"}]),
        LENIENT,
    ),
    faulty(
        "vulnerability-cve-malformed",
        but(VULNERABILITY, external_references=[{"source_name": "cve", "external_id": "2023-12345"}]),
        LENIENT,
    ),
    faulty(
        "attack-pattern-capec-elsewhere", but(ATTACK, external_references=[{"source_name": "mitre", "external_id": "CAPEC-163"}]), LENIENT
    ),
)

MARKINGS: Final = (
    sound("granular-marking", marked(INDICATOR, "pattern", "valid_from")),
    sound("granular-marking-of-id", marked(INDICATOR, "id")),
    sound("granular-marking-list-item", marked(but(INDICATOR, labels=["a", "b"]), "labels.[1]")),
    sound("granular-marking-hash", marked(FILE, "hashes.SHA-256"), "stix2 allows no capitals in selectors", TOO_NARROW),
    sound("granular-marking-language", but(INDICATOR, granular_markings=[{"lang": "fr", "selectors": ["pattern"]}]), "", TOO_NARROW),
    faulty("granular-marking-and-language", marked(INDICATOR, "pattern", lang="fr"), "", UNCHECKED),
    faulty("granular-marking-neither", but(INDICATOR, granular_markings=[{"selectors": ["pattern"]}])),
    faulty("granular-marking-without-selectors", but(INDICATOR, granular_markings=[{"marking_ref": MARK}])),
    faulty("granular-marking-empty-selectors", marked(INDICATOR)),
    faulty("granular-marking-language-unknown", but(INDICATOR, granular_markings=[{"lang": "f_r", "selectors": ["pattern"]}]), LENIENT),
    faulty("granular-marking-absent-property", marked(INDICATOR, "description")),
    faulty("granular-marking-beyond-the-list", marked(but(INDICATOR, labels=["a"]), "labels.[1]")),
    faulty("granular-marking-into-a-string", marked(but(INDICATOR, name="abc"), "name.[0]"), "", "Python lets a string be indexed"),
    faulty("granular-marking-property-of-a-list", marked(but(INDICATOR, labels=["a"]), "labels.name")),
    faulty("granular-marking-huge-index", marked(but(INDICATOR, labels=["a"]), f"labels.[{'9' * 30}]")),
    faulty(
        "granular-marking-by-an-identity",
        but(INDICATOR, granular_markings=[{"marking_ref": f"identity--{OTHER}", "selectors": ["pattern"]}]),
    ),
    sound("tlp-white", WHITE),
    faulty("tlp-white-of-another-time", but(WHITE, created="2018-01-20T00:00:00.000Z")),
    faulty("tlp-white-under-another-id", but(WHITE, id=f"marking-definition--{UUID}")),
    faulty("tlp-white-that-says-red", but(WHITE, definition={"tlp": "red"})),
    sound(
        "tlp-2-by-extension", but(extended(MARKING, extension_type="property-extension", tlp_2_0="clear"), "definition", "definition_type")
    ),
    sound(
        "marking-of-a-custom-kind",
        but(MARKING, definition_type="x-example-tlp", definition={"level": "one"}),
        "stix2 knows only the kinds registered with it",
        UNANCHORED,
    ),
    faulty("marking-without-definition", but(MARKING, "definition")),
    faulty("marking-without-type-of-definition", but(MARKING, "definition_type")),
    faulty("marking-statement-missing", but(MARKING, definition={"text": "Copyright"})),
    faulty("marking-without-created", but(MARKING, "created"), INVENTS),
    faulty("marking-without-spec-version", but(MARKING, "spec_version"), "taken for a STIX 2.0 object"),
    faulty("marking-that-marks-itself", but(MARKING, object_marking_refs=[MARKING["id"]]), LENIENT),
    faulty("marking-that-marks-its-parts", marked(but(MARKING, id=MARK), "definition"), LENIENT),
)

DOMAIN: Final = (
    *(sound(f"sound-{kind}", sample) for kind, sample in SOUND.items()),
    *(
        faulty(f"{kind}-without-name", but(SOUND[kind], "name"))
        for kind in ("attack-pattern", "campaign", "identity", "tool", "vulnerability", "report")
    ),
    faulty("campaign-last-before-first", but(CAMPAIGN, last_seen="2023-12-31T00:00:00Z")),
    sound("campaign-last-equals-first", but(CAMPAIGN, last_seen="2024-01-01T00:00:00.000Z")),
    faulty("grouping-without-context", but(SOUND["grouping"], "context")),
    faulty("grouping-of-a-bundle", but(SOUND["grouping"], object_refs=[f"bundle--{OTHER}"]), LENIENT, UNCHECKED),
    faulty("indicator-without-pattern", but(INDICATOR, "pattern")),
    faulty("indicator-without-pattern-type", but(INDICATOR, "pattern_type")),
    faulty("indicator-without-valid-from", but(INDICATOR, "valid_from")),
    faulty("indicator-until-equals-from", but(INDICATOR, valid_until=INDICATOR["valid_from"])),
    faulty("indicator-until-before-from", but(INDICATOR, valid_until="2024-02-01T00:00:00Z")),
    sound("indicator-yara", but(INDICATOR, pattern="rule a { condition: true }", pattern_type="yara")),
    faulty("indicator-pattern-malformed", but(INDICATOR, pattern="[domain-name:value = ]")),
    faulty("indicator-pattern-without-brackets", but(INDICATOR, pattern="domain-name:value = 'a'")),
    faulty("indicator-pattern-short-hash", but(INDICATOR, pattern="[file:hashes.MD5 = 'abc']")),
    sound(
        "indicator-pattern-like-hash",
        but(INDICATOR, pattern="[file:hashes.MD5 LIKE 'ab%']"),
        "takes the LIKE mask for a hash",
        "takes the LIKE mask for a hash",
    ),
    sound("indicator-pattern-exists", but(INDICATOR, pattern="[EXISTS file:hashes.MD5]")),
    faulty(
        "indicator-pattern-repeats-zero",
        but(INDICATOR, pattern="[file:size = 1] REPEATS 0 TIMES"),
        "the grammar takes zero",
        "the grammar takes zero",
    ),
    faulty("location-of-nowhere", but(LOCATION, "region")),
    faulty("location-latitude-alone", but(LOCATION, latitude=9.0)),
    faulty("location-latitude-91", but(LOCATION, latitude=91.0, longitude=7.0)),
    faulty("location-precision-alone", but(LOCATION, precision=10.0)),
    sound("location-point", but(LOCATION, "region", latitude=9.08, longitude=7.4, precision=100.0)),
    faulty("malware-without-is-family", but(MALWARE, "is_family")),
    faulty("malware-family-without-name", but(MALWARE, "name")),
    sound("malware-instance-without-name", but(MALWARE, "name", is_family=False)),
    faulty("malware-is-family-string", but(MALWARE, is_family="true"), COERCES),
    faulty("malware-sample-is-a-tool", but(MALWARE, sample_refs=[f"tool--{OTHER}"]), "", UNCHECKED),
    sound("malware-sample-is-a-file", but(MALWARE, sample_refs=[f"file--{HASHED}"])),
    faulty("malware-system-no-software", but(MALWARE, operating_system_refs=[f"file--{HASHED}"])),
    faulty("analysis-without-result", but(ANALYSIS, "result")),
    faulty("analysis-of-a-tool", but(ANALYSIS, sample_ref=f"tool--{OTHER}")),
    faulty("analysis-found-a-campaign", but(ANALYSIS, analysis_sco_refs=[f"campaign--{OTHER}"]), "", UNCHECKED),
    faulty("note-of-nothing", but(SOUND["note"], object_refs=[])),
    faulty("observed-nothing", but(OBSERVED, "object_refs")),
    faulty("observed-both", but(OBSERVED, objects={"0": {"type": "mutex", "name": "a"}})),
    faulty("observed-zero-times", but(OBSERVED, number_observed=0)),
    faulty("observed-last-before-first", but(OBSERVED, last_observed="2024-03-01T07:00:00Z")),
    faulty("observed-an-indicator", but(OBSERVED, object_refs=[f"indicator--{OTHER}"])),
    faulty("observed-only-a-relationship", but(OBSERVED, object_refs=[f"relationship--{OTHER}"]), LENIENT, UNCHECKED),
    sound("observed-with-relationship", but(OBSERVED, object_refs=[f"ipv4-addr--{HASHED}", f"relationship--{OTHER}"])),
    faulty("observed-junk", but(OBSERVED, object_refs=["file--junk"]), "", UNANCHORED),
    sound("observed-custom-type", but(OBSERVED, object_refs=[f"tool-mark--{HASHED}"]), "", UNANCHORED),
    sound(
        "observed-container-without-ids",
        but(
            OBSERVED,
            "object_refs",
            objects={
                "0": {"type": "ipv4-addr", "value": "198.51.100.7"},
                "1": {"type": "network-traffic", "protocols": ["tcp"], "dst_ref": "0"},
            },
        ),
        "stix2 takes only identifiers of STIX 2.1 in a container",
        TOO_NARROW,
    ),
    faulty(
        "observed-container-dangling",
        but(OBSERVED, "object_refs", objects={"1": {"type": "network-traffic", "protocols": ["tcp"], "dst_ref": "0"}}),
    ),
    faulty(
        "observed-container-wrong-target",
        but(
            OBSERVED,
            "object_refs",
            objects={"0": {"type": "mutex", "name": "a"}, "1": {"type": "network-traffic", "protocols": ["tcp"], "dst_ref": "0"}},
        ),
    ),
    faulty("observed-container-of-texts", but(OBSERVED, "object_refs", objects={"0": "mutex"})),
    faulty("observed-container-faulty", but(OBSERVED, "object_refs", objects={"0": {"type": "file", "size": 5}})),
    faulty("opinion-maybe", but(SOUND["opinion"], opinion="maybe")),
    faulty("report-without-published", but(REPORT, "published")),
    faulty("report-of-junk", but(REPORT, object_refs=["x"])),
    faulty("relationship-type-with-space", but(RELATIONSHIP, relationship_type="made by"), LENIENT),
    faulty("relationship-without-target", but(RELATIONSHIP, "target_ref")),
    faulty("relationship-of-a-relationship", but(RELATIONSHIP, source_ref=f"relationship--{OTHER}")),
    faulty("relationship-to-a-marking", but(RELATIONSHIP, target_ref=MARK)),
    faulty("relationship-to-a-language", but(RELATIONSHIP, target_ref=f"language-content--{OTHER}")),
    faulty("relationship-to-an-extension", but(RELATIONSHIP, target_ref=f"extension-definition--{OTHER}"), LENIENT, UNCHECKED),
    sound("relationship-to-a-custom-type", but(RELATIONSHIP, target_ref=f"x-example-lead--{OTHER}")),
    faulty("relationship-stop-equals-start", but(RELATIONSHIP, start_time=WHEN, stop_time=WHEN)),
    faulty("sighting-of-an-observable", but(SIGHTING, sighting_of_ref=f"ipv4-addr--{HASHED}"), "", UNCHECKED),
    faulty("sighting-of-a-sighting", but(SIGHTING, sighting_of_ref=f"sighting--{OTHER}")),
    faulty("sighting-by-a-tool", but(SIGHTING, where_sighted_refs=[f"tool--{OTHER}"])),
    faulty("sighting-negative", but(SIGHTING, count=-1)),
    faulty("sighting-last-before-first", but(SIGHTING, first_seen="2024-02-02T00:00:00Z", last_seen="2024-02-01T00:00:00Z")),
    faulty("language-content-unknown-tag", but(LANGUAGE, contents={"f_r": {"name": "Lune"}}), LENIENT),
    faulty("language-content-text", but(LANGUAGE, contents={"fr": "Lune"}), LENIENT),
    faulty("language-content-odd-property", but(LANGUAGE, contents={"fr": {"Name!": "Lune"}}), LENIENT),
    faulty("language-content-empty", but(LANGUAGE, contents={})),
    faulty("language-content-of-a-bundle", but(LANGUAGE, object_ref=f"bundle--{OTHER}"), LENIENT),
    faulty("extension-without-schema", but(EXTENSION, "schema")),
    faulty("extension-without-creator", but(EXTENSION, "created_by_ref"), "", UNCHECKED),
    faulty("extension-unknown-kind", but(EXTENSION, extension_types=["sub-property"])),
    faulty("extension-properties-not-toplevel", but(EXTENSION, extension_properties=["reach"]), LENIENT),
    sound("extension-toplevel", but(EXTENSION, extension_types=["toplevel-property-extension"], extension_properties=["reach"])),
    sound("extended-indicator", extended(INDICATOR, extension_type="property-extension", rank=5)),
    faulty("extended-without-type", extended(INDICATOR, rank=5), LENIENT),
    faulty("extended-wrong-type", extended(INDICATOR, extension_type="other", rank=5), LENIENT),
    faulty("extended-odd-key", extended(INDICATOR, "x-example-com-foo", rank=5), LENIENT),
    faulty("extended-nil-key", extended(INDICATOR, "extension-definition--00000000-0000-0000-0000-000000000000", extension_type="new-sdo")),
    sound(
        "extended-by-uuid-7",
        extended(INDICATOR, "extension-definition--018e2a4b-7d4e-7b6a-9c0d-5e2f7a8b9c1d", extension_type="new-sdo"),
        "",
        TOO_NARROW,
    ),
)

OBSERVABLES: Final = (
    faulty("observable-without-id", but(IPV4, "id"), INVENTS),
    sound("observable-without-spec-version", but(IPV4, "spec_version")),
    faulty("observable-of-2.0", but(IPV4, spec_version="2.0"), LENIENT),
    faulty("observable-created", but(IPV4, created=WHEN), LENIENT, UNCHECKED),
    faulty("observable-created-and-modified", but(IPV4, created=WHEN, modified=WHEN), LENIENT, UNCHECKED),
    faulty("observable-creator", but(IPV4, created_by_ref=f"identity--{OTHER}"), LENIENT, UNCHECKED),
    faulty("observable-marked-by-an-identity", but(IPV4, object_marking_refs=[f"identity--{OTHER}"]), "", UNCHECKED),
    faulty("artifact-of-nothing", but(ARTIFACT, "payload_bin")),
    faulty("artifact-both", but(ARTIFACT, url="https://example.net/a", hashes={"SHA-256": SHA_256})),
    faulty("artifact-url-without-hashes", but(ARTIFACT, "payload_bin", url="https://example.net/a")),
    sound("artifact-by-url", but(ARTIFACT, "payload_bin", url="https://example.net/a", hashes={"SHA-256": SHA_256})),
    faulty("artifact-payload-no-base64", but(ARTIFACT, payload_bin="not base64!")),
    faulty("artifact-mime-junk", but(ARTIFACT, mime_type="junk"), LENIENT),
    sound("artifact-mime-unregistered", but(ARTIFACT, mime_type="chemical/x-pdb"), "", VOCABULARY),
    sound("artifact-mime-with-parameter", but(ARTIFACT, mime_type="text/plain; charset=utf-8"), "", VOCABULARY),
    faulty("artifact-unknown-cipher", but(ARTIFACT, encryption_algorithm="rot13")),
    faulty("artifact-key-without-cipher", but(ARTIFACT, decryption_key="secret"), LENIENT),
    faulty("autonomous-system-text", but(SOUND["autonomous-system"], number="AS64500")),
    faulty("directory-of-a-mutex", but(SOUND["directory"], contains_refs=[f"mutex--{HASHED}"]), "", UNCHECKED),
    sound("directory-encoding-with-parentheses", but(SOUND["directory"], path_enc="NF_Z_62-010_(1973)"), "", TOO_NARROW),
    faulty("directory-encoding-junk", but(SOUND["directory"], path_enc="an encoding!"), LENIENT),
    faulty("domain-resolves-to-a-file", but(SOUND["domain-name"], resolves_to_refs=[f"file--{HASHED}"]), "", UNCHECKED),
    faulty("domain-that-is-a-url", but(SOUND["domain-name"], value="https://example.net/a"), LENIENT),
    faulty("domain-empty-label", but(SOUND["domain-name"], value="login..example.net"), LENIENT),
    sound("domain-with-underscore", but(SOUND["domain-name"], value="_dmarc.example.net"), "", "judged as a host name by IDNA"),
    sound("domain-defanged", but(SOUND["domain-name"], value="login[.]example[.]net", defanged=True), "", "judged as a host name by IDNA"),
    sound("domain-unicode", but(SOUND["domain-name"], value="bücher.example")),
    faulty("mail-address-with-name", but(SOUND["email-addr"], value="Desk <desk@example.net>"), LENIENT),
    faulty("mail-address-without-at", but(SOUND["email-addr"], value="desk"), LENIENT),
    faulty("mail-address-of-a-process", but(SOUND["email-addr"], belongs_to_ref=f"process--{UUID}"), "", UNCHECKED),
    faulty("mail-without-is-multipart", but(MAIL, "is_multipart")),
    faulty("mail-multipart-with-body", but(MAIL, is_multipart=True)),
    faulty("mail-from-a-url", but(MAIL, from_ref=f"url--{HASHED}"), "", UNCHECKED),
    faulty("mail-id-not-random", but(MAIL, "subject", "body"), LENIENT),
    sound("mail-id-random", but(MAIL, "subject", "body", id=f"email-message--{UUID}")),
    sound("mail-one-header", but(MAIL, additional_header_fields={"X-Mailer": ["one"]}), "", TOO_NARROW),
    faulty("mail-header-number", but(MAIL, additional_header_fields={"X-Mailer": 5}), LENIENT),
    sound(
        "mail-part-both",
        but(MAIL, "body", is_multipart=True, body_multipart=[{"body": "a", "body_raw_ref": f"artifact--{HASHED}"}]),
        "",
        TOO_NARROW,
    ),
    faulty("mail-part-neither", but(MAIL, "body", is_multipart=True, body_multipart=[{"content_type": "text/plain"}])),
    faulty("mail-part-of-a-url", but(MAIL, "body", is_multipart=True, body_multipart=[{"body_raw_ref": f"url--{HASHED}"}]), "", UNCHECKED),
    faulty("file-of-nothing", but(FILE, "name", "hashes", size=5)),
    faulty("file-negative-size", but(FILE, size=-5)),
    faulty("file-hash-short", but(FILE, hashes={"MD5": "abc"})),
    faulty("file-hash-key-short", but(FILE, hashes={"ab": "abc"}), LENIENT),
    sound("file-hash-own", but(FILE, hashes={"x_example_hash": "abc"})),
    sound("file-hash-tlsh-with-version", but(FILE, hashes={"TLSH": "T1" + "A" * 70}), "judges TLSH by its old length", TOO_NARROW),
    faulty("file-magic-odd", but(FILE, magic_number_hex="abc")),
    faulty("file-encoding-of-no-name", but(FILE, "name", name_enc="UTF-8"), LENIENT, UNCHECKED),
    faulty("file-in-a-file", but(FILE, parent_directory_ref=f"file--{HASHED}"), "", UNCHECKED),
    faulty("file-contains-a-campaign", but(FILE, contains_refs=[f"campaign--{OTHER}"]), "", UNCHECKED),
    faulty("file-contains-junk", but(FILE, contains_refs=["junk"]), "", UNCHECKED),
    sound("file-archive", extended(FILE, "archive-ext", contains_refs=[f"file--{HASHED}"])),
    faulty("file-archive-of-a-url", extended(FILE, "archive-ext", contains_refs=[f"url--{HASHED}"]), "", UNCHECKED),
    faulty("file-archive-of-nothing", extended(FILE, "archive-ext", comment="empty")),
    faulty("file-image-of-nothing", extended(FILE, "raster-image-ext", other_name="a")),
    faulty("file-image-exif-list", extended(FILE, "raster-image-ext", exif_tags={"Make": ["a"]}), LENIENT),
    faulty("file-binary-of-no-type", extended(FILE, "windows-pebinary-ext", imphash="a")),
    faulty(
        "file-binary-time-with-fraction",
        extended(FILE, "windows-pebinary-ext", pe_type="exe", time_date_stamp="2016-01-22T12:31:12.5Z"),
        COERCES,
    ),
    faulty("file-binary-time-unreal", extended(FILE, "windows-pebinary-ext", pe_type="exe", time_date_stamp="2023-02-29T12:31:12Z")),
    faulty("ipv4-256", but(IPV4, value="198.51.100.256"), LENIENT),
    faulty("ipv4-leading-zero", but(IPV4, value="198.51.100.07"), LENIENT),
    faulty("ipv4-prefix-33", but(IPV4, value="198.51.100.0/33"), LENIENT),
    sound("ipv4-block", but(IPV4, value="198.51.100.0/24")),
    sound("ipv4-defanged", but(IPV4, value="198.51.100[.]7", defanged=True), "", TOO_NARROW),
    faulty("ipv4-defanged-unsaid", but(IPV4, value="198.51.100[.]7"), LENIENT),
    faulty("ipv4-resolves-to-a-domain", but(IPV4, resolves_to_refs=[f"domain-name--{HASHED}"]), "", UNCHECKED),
    faulty("ipv6-junk", but(SOUND["ipv6-addr"], value="2001:db8::g"), LENIENT),
    sound("ipv6-with-ipv4", but(SOUND["ipv6-addr"], value="::ffff:198.51.100.7"), "", "the schema's pattern has lost its backslashes"),
    sound("ipv6-block", but(SOUND["ipv6-addr"], value="2001:db8::/96")),
    faulty("mac-upper-case", but(SOUND["mac-addr"], value="02:00:5E:10:00:00"), LENIENT),
    faulty("mac-hyphens", but(SOUND["mac-addr"], value="02-00-5e-10-00-00"), LENIENT),
    faulty("traffic-from-nowhere", but(TRAFFIC, "dst_ref")),
    faulty("traffic-without-protocols", but(TRAFFIC, "protocols")),
    faulty("traffic-to-a-file", but(TRAFFIC, dst_ref=f"file--{HASHED}"), "", UNCHECKED),
    faulty("traffic-port-65536", but(TRAFFIC, dst_port=65536)),
    faulty("traffic-end-before-start", but(TRAFFIC, is_active=False, start="2024-03-01T00:00:00Z", end="2024-02-01T00:00:00Z")),
    faulty("traffic-active-and-ended", but(TRAFFIC, is_active=True, end="2024-03-01T00:00:00Z")),
    faulty(
        "traffic-body-in-a-file",
        extended(TRAFFIC, "http-request-ext", request_method="get", request_value="/", message_body_data_ref=f"file--{HASHED}"),
        "",
        UNCHECKED,
    ),
    faulty(
        "traffic-header-text",
        extended(TRAFFIC, "http-request-ext", request_method="get", request_value="/", request_header={"Host": "a"}),
        LENIENT,
    ),
    sound("traffic-socket-option", extended(TRAFFIC, "socket-ext", address_family="AF_INET6", options={"IPV6_V6ONLY": 1}), "", TOO_NARROW),
    faulty("traffic-socket-option-text", extended(TRAFFIC, "socket-ext", address_family="AF_INET6", options={"SO_LINGER": "1"})),
    faulty("traffic-socket-family", extended(TRAFFIC, "socket-ext", address_family="AF_OTHER")),
    faulty("traffic-icmp-half", extended(TRAFFIC, "icmp-ext", icmp_type_hex="08")),
    faulty("process-of-nothing", observable("process", UUID)),
    faulty("process-hashed-id", but(PROCESS, id=f"process--{HASHED}"), LENIENT),
    sound("process-created-only", observable("process", UUID, created_time=WHEN), "", TOO_NARROW),
    faulty("process-image-is-a-url", but(PROCESS, image_ref=f"url--{HASHED}"), "", UNCHECKED),
    faulty("process-environment-number", but(PROCESS, environment_variables={"HOME": 5}), LENIENT, UNCHECKED),
    sound("process-startup-info", extended(PROCESS, "windows-process-ext", startup_info={"lpReserved": "", "dwX": 1}), "", TOO_NARROW),
    sound("process-integrity-only", extended(PROCESS, "windows-process-ext", integrity_level="high"), "", TOO_NARROW),
    faulty(
        "process-service-dll-is-a-url",
        extended(PROCESS, "windows-service-ext", service_name="a", service_dll_refs=[f"url--{HASHED}"]),
        "",
        UNCHECKED,
    ),
    faulty("software-without-name", but(SOFTWARE, "name")),
    faulty("software-cpe-2.2", but(SOFTWARE, cpe="cpe:/a:example:parcel_viewer:1.2"), LENIENT),
    faulty("software-cpe-short", but(SOFTWARE, cpe="cpe:2.3:a:example:parcel_viewer:1.2"), LENIENT),
    faulty("software-cpe-in-a-sentence", but(SOFTWARE, cpe=f"see {SOFTWARE['cpe']}"), LENIENT),
    sound("software-language-with-script", but(SOFTWARE, languages=["sr-Latn-RS"]), "", VOCABULARY),
    faulty("software-language-junk", but(SOFTWARE, languages=["f_r"]), LENIENT),
    faulty("url-without-value", but(URL, "value")),
    faulty("url-without-scheme", but(URL, value="login.example.net/parcel"), LENIENT),
    sound("url-with-unicode", but(URL, value="https://example.net/päckchen"), "", "judged as a URI of ASCII alone"),
    faulty("user-account-of-nothing", but(SOUND["user-account"], "user_id", "account_login"), LENIENT),
    sound("registry-modified-only", observable("windows-registry-key", UUID, modified_time=WHEN), "", TOO_NARROW),
    faulty("registry-short-hive", but(REGISTRY, key="HKLM\\Software"), LENIENT),
    sound("registry-letters-within", but(REGISTRY, key="HKEY_LOCAL_MACHINE\\Software\\HKUST"), "", UNANCHORED),
    faulty("registry-data-type", but(REGISTRY, values=[{"name": "a", "data_type": "REG_OTHER"}])),
    faulty("registry-by-a-process", but(REGISTRY, creator_user_ref=f"process--{UUID}"), "", UNCHECKED),
    faulty("registry-id-not-random", but(REGISTRY, "key", number_of_subkeys=2), LENIENT),
    faulty("certificate-of-nothing", observable("x509-certificate", UUID)),
    faulty("certificate-validity-unreal", but(SOUND["x509-certificate"], validity_not_after="2024-04-31T00:00:00Z")),
)

CUSTOM_CONTENT: Final = (
    sound("custom-object", CUSTOM_OBJECT),
    sound("custom-observable", CUSTOM_OBSERVABLE),
    faulty("custom-object-without-spec-version", but(CUSTOM_OBJECT, "spec_version"), CUSTOM),
    faulty("custom-object-without-modified", but(CUSTOM_OBJECT, "modified"), CUSTOM),
    faulty("custom-object-modified-before-created", but(CUSTOM_OBJECT, created="2024-03-02T00:00:00.000Z"), CUSTOM),
    faulty("custom-object-of-another-id", but(CUSTOM_OBJECT, id=f"x-other--{UUID}"), CUSTOM, UNCHECKED),
    faulty("custom-object-named-like-a-helper", observable("timestamp", value="x" * 3, ab=1), CUSTOM),
    sound("custom-object-named-core", versioned("core", title="x")),
    sound("new-observable", extended(CUSTOM_OBSERVABLE, extension_type="new-sco")),
    faulty(
        "new-observable-created", but(extended(CUSTOM_OBSERVABLE, extension_type="new-sco"), created=WHEN, modified=WHEN), CUSTOM, UNCHECKED
    ),
    faulty("new-object-without-times", extended(CUSTOM_OBSERVABLE, extension_type="new-sdo"), CUSTOM, UNCHECKED),
)

VERDICTS: Final = (*COMMON, *REFERENCES, *MARKINGS, *DOMAIN, *OBSERVABLES, *CUSTOM_CONTENT)
