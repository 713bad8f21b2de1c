"""Musts that no schema says (STIX 2.1; the section at each rule). Whole objects are judged in test_verdicts.py; here, what their reasons say."""

import pytest
from samples.sound import HASHED, OTHER, SOUND, UUID, WHEN, Sample, but, observable, versioned

from app.stix.rules import fault_of_null, fault_of_rules, fault_of_version
from app.stix.targets import ALLOWED, BARRED, fault_of_local_targets, fault_of_targets

MARK = f"marking-definition--{OTHER}"


def _fault(content: Sample) -> str:
    return fault_of_rules(content, str(content["type"])) or ""


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_sound_samples_break_no_rule(kind: str) -> None:
    assert fault_of_rules(SOUND[kind], kind) is None
    assert fault_of_version(SOUND[kind], kind) is None
    assert fault_of_null(SOUND[kind]) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (but(SOUND["indicator"], "spec_version"), "`spec_version` is missing, so this is a STIX 2.0 object; convert to 2.1"),
        (but(SOUND["relationship"], "spec_version"), "convert to 2.1"),
        (but(SOUND["marking-definition"], "spec_version"), "convert to 2.1"),
        (but(SOUND["extension-definition"], "spec_version"), "convert to 2.1"),
        (but(versioned("x-example"), "spec_version"), "convert to 2.1"),
        (but(SOUND["indicator"], spec_version="2.0"), "`spec_version` is `2.0`; convert to 2.1"),
        (but(SOUND["mutex"], spec_version="2.0"), "`spec_version` is `2.0`; convert to 2.1"),
        (but(SOUND["mutex"], spec_version="3.0"), "`spec_version` must be the string `2.1`, not `3.0`"),
        (but(SOUND["mutex"], "spec_version"), None),
        (but(observable("x-example"), "spec_version"), None),
    ],
)
def test_other_versions_are_refused_with_the_remedy(content: Sample, reason: str | None) -> None:
    """STIX 2.1 §3.2, C22."""
    fault = fault_of_version(content, str(content["type"]))
    assert fault is None if reason is None else reason in (fault or "")


@pytest.mark.parametrize("value", [None, [1, None], {"inner": None}, [{"inner": [[None]]}]])
def test_null_is_found_at_any_depth(value: object) -> None:
    assert "is null; leave the property out" in (fault_of_null({"name": "a", "x_example": value}) or "")


def test_null_is_found_without_a_stack() -> None:
    deep: object = None
    for _ in range(50_000):
        deep = [deep]
    assert fault_of_null({"x_example": deep}) == "`x_example` is null; leave the property out"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            but(SOUND["tool"], modified="2024-02-29T00:00:00.000Z"),
            "`modified` (`2024-02-29T00:00:00.000Z`) must not be earlier than `created`",
        ),
        (but(SOUND["tool"], created_by_ref=f"tool--{OTHER}"), f"`created_by_ref` must be an identity, not `tool--{OTHER}`"),
        (
            but(SOUND["tool"], object_marking_refs=[MARK, f"tool--{OTHER}"]),
            f"`object_marking_refs` must be marking definitions, not `tool--{OTHER}`",
        ),
        (but(SOUND["tool"], lang="english"), "`lang` is not a language tag (RFC 5646): `english`"),
        (but(SOUND["tool"], defanged=False), "`defanged` belongs to observables only"),
        (
            but(SOUND["tool"], granular_markings=[{"marking_ref": MARK, "selectors": ["name", "names"]}]),
            "the selector `names` names nothing in the object",
        ),
        (
            but(SOUND["tool"], granular_markings=[{"lang": "f", "selectors": ["name"]}]),
            "`lang` in `granular_markings` is not a language tag",
        ),
        (
            but(SOUND["marking-definition"], object_marking_refs=[SOUND["marking-definition"]["id"]]),
            "a marking definition cannot mark itself",
        ),
        (
            but(SOUND["marking-definition"], granular_markings=[{"marking_ref": SOUND["marking-definition"]["id"], "selectors": ["id"]}]),
            "a marking definition cannot mark itself",
        ),
        (but(SOUND["marking-definition"], created_by_ref=f"tool--{OTHER}"), "`created_by_ref` must be an identity"),
        (
            but(SOUND["indicator"], valid_until="2024-03-01T00:00:00.000Z"),
            "`valid_until` (`2024-03-01T00:00:00.000Z`) must be later than `valid_from`",
        ),
        (but(SOUND["indicator"], pattern="[a]"), "`pattern` is not a STIX pattern: expected `:` after the type at character 3, not `]`"),
        (but(SOUND["mutex"], created=WHEN), "`created` does not belong to an observable"),
        (but(SOUND["mutex"], modified=WHEN), "`modified` does not belong to an observable"),
        (but(SOUND["mutex"], created_by_ref=f"identity--{OTHER}"), "`created_by_ref` does not belong to an observable"),
        (but(SOUND["mutex"], revoked=False), "`revoked` does not belong to an observable"),
        (but(SOUND["process"], id=f"process--{HASHED}"), "`id` must be a UUIDv4"),
        (
            but(SOUND["user-account"], "user_id", "account_login", display_name="a"),
            "UUIDv4 unless one of `account_type`, `user_id`, `account_login` is present",
        ),
        (but(SOUND["ipv4-addr"], value="1.2.3"), "`value` is not an IPv4 address or block (`198.51.100.0/24`): `1.2.3`"),
        (but(SOUND["artifact"], "payload_bin", url="a b", hashes={"own": "1"}), "`url` is not a URL with its scheme: `a b`"),
        (but(SOUND["file"], "name", name_enc="UTF-8"), "`name_enc` needs `name` beside it"),
        (but(SOUND["software"], cpe="cpe:/a:b"), "`cpe` is not a CPE 2.3 name: `cpe:/a:b`"),
        (but(SOUND["software"], languages=["fr", "f_r"]), "`languages` has `f_r`, which is not a language tag"),
        (but(SOUND["observed-data"], object_refs=[f"sighting--{UUID}"]), "`object_refs` must name at least one observable"),
        (but(SOUND["observed-data"], "object_refs", objects={"0": 1}), "`objects` has `0`, which is not an object"),
        (
            but(SOUND["observed-data"], "object_refs", objects={"0": {"type": "directory", "path": "a", "contains_refs": ["9"]}}),
            "`0` in `objects`: `contains_refs` has `9`, which is not an identifier (`type--uuid`) nor a key of the container",
        ),
        (but(SOUND["vulnerability"], external_references=[{"source_name": "a", "external_id": "CVE-2024-1234"}]), "CVE ids go under `cve`"),
        (but(SOUND["attack-pattern"], external_references=[{"source_name": "capec", "external_id": "163"}]), "CAPEC ids go under `capec`"),
        (but(SOUND["language-content"], contents={"f_r": {"name": "a"}}), "`f_r` in `contents` is not a language tag (RFC 5646)"),
        (but(SOUND["language-content"], contents={"fr": {}}), "`fr` in `contents` must be an object with the translated properties"),
        (but(SOUND["language-content"], contents={"fr": {"a-b": "c"}}), "`a-b` in `contents` is not the name of a property"),
        (but(versioned("x-example"), id=f"x-other--{UUID}"), "`id` must begin with `x-example--`, not `x-other--`"),
        (but(versioned("x-example"), modified="2024-02-29T00:00:00.000Z"), "must not be earlier than `created`"),
        (but(observable("x-example"), revoked=True), "`revoked` does not belong to an observable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reasons(content: Sample, reason: str) -> None:
    assert reason in _fault(content)


@pytest.mark.parametrize(
    "content",
    [
        but(SOUND["vulnerability"], external_references=[{"source_name": "cve"}, {"source_name": "nvd", "external_id": "1"}]),
        but(SOUND["mutex"], defanged=True),
        but(SOUND["url"], value="hxxps login[.]example[.]net", defanged=True),
        but(SOUND["indicator"], pattern="[", pattern_type="sigma"),
        but(SOUND["user-account"], "user_id", "account_login", display_name="a", id=f"user-account--{UUID}"),
        but(SOUND["campaign"], "first_seen"),
        but(SOUND["campaign"], "last_seen"),
        but(SOUND["language-content"], contents={"zh-Hant": {"goals": ["a", ""], "x_example": {"inner": "b"}}}),
    ],
)
def test_what_the_rules_let_pass(content: Sample) -> None:
    assert _fault(content) == ""


def _named(kind: str, name: str, target: str) -> Sample:
    return but(SOUND[kind], **{name: [target] if name.endswith("s") else target})


@pytest.mark.parametrize(("kind", "name"), sorted((kind, name) for kind, names in ALLOWED.items() for name in names))
def test_references_to_certain_types(kind: str, name: str) -> None:
    """STIX 2.1 §3.3: an embedded relationship takes the types that its property names, and no other."""
    for target in (*SOUND, "x-example"):
        fault = fault_of_targets(_named(kind, name, f"{target}--{UUID}"), kind)
        assert (fault is None) == (target in ALLOWED[kind][name]), target
    assert "which is not an identifier" in (fault_of_targets(_named(kind, name, "0"), kind) or "")


@pytest.mark.parametrize(("kind", "name"), sorted((kind, name) for kind, names in BARRED.items() for name in names))
def test_references_to_classes_of_objects(kind: str, name: str) -> None:
    """STIX 2.1 §3.3: custom types may be of any class."""
    for target in (*SOUND, "bundle", "x-example"):
        fault = fault_of_targets(_named(kind, name, f"{target}--{UUID}"), kind)
        assert (fault is None) == (target not in BARRED[kind][name]), target
    assert BARRED[kind][name] >= {"bundle"}


def test_references_in_extensions_and_parts() -> None:
    dll = but(
        SOUND["process"],
        extensions={"windows-service-ext": {"service_name": "a", "service_dll_refs": [f"file--{HASHED}", f"url--{HASHED}"]}},
    )
    assert fault_of_targets(dll, "process") == f"`service_dll_refs` may not refer to `url--{HASHED}`; it takes file"
    assert fault_of_targets(but(SOUND["process"], extensions={"x-example-ext": {"abc": 1}}), "process") is None
    part = but(SOUND["email-message"], body_multipart=[{"body": "a"}, {"body_raw_ref": f"mutex--{HASHED}"}])
    assert fault_of_targets(part, "email-message") == f"`body_raw_ref` may not refer to `mutex--{HASHED}`; it takes artifact, file"


def test_references_in_a_container_are_keys_or_identifiers() -> None:
    """STIX 2.1 §2.13."""
    traffic = {"type": "network-traffic", "protocols": ["tcp"], "src_ref": "0", "dst_ref": f"ipv6-addr--{HASHED}"}
    assert fault_of_local_targets({"0": {"type": "ipv4-addr", "value": "1.2.3.4"}, "1": traffic}) is None
    fault = fault_of_local_targets({"0": {"type": "mutex", "name": "a"}, "1": traffic})
    assert fault == "`1` in `objects`: `src_ref` may not refer to `0`; it takes domain-name, ipv4-addr, ipv6-addr, mac-addr"


def test_a_target_that_is_no_text_is_named() -> None:
    assert (
        fault_of_targets(but(SOUND["file"], parent_directory_ref=5), "file")
        == "`parent_directory_ref` has `5`, which is not an identifier (`type--uuid`)"
    )
