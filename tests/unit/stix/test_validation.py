"""The shape of objects: the OASIS schemas, what is amended in them, and custom content (STIX 2.1 §3, §7.3, §11)."""

import copy
import json
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest
from samples.sound import HASHED, OTHER, SOUND, UUID, WHEN, Sample, but, observable, versioned
from stix2.registry import STIX2_OBJ_MAPS

from app.stix import corrections
from app.stix.identifiers import DOMAIN_TYPES, META_TYPES, OBSERVABLE_TYPES, RELATIONSHIP_TYPES
from app.stix.validation import (
    SCHEMA_BY_TYPE,
    _known_extensions,
    _known_properties,
    custom_parts,
    fault_of_container,
    fault_of_shape,
    is_custom_observable,
)

SCHEMAS = Path(str(files("app.stix.schemas")))
REACH = f"extension-definition--{OTHER}"


def test_every_type_of_the_standard_has_its_schema() -> None:
    assert SCHEMA_BY_TYPE.keys() == DOMAIN_TYPES | RELATIONSHIP_TYPES | OBSERVABLE_TYPES | META_TYPES == SOUND.keys()
    for kind, name in SCHEMA_BY_TYPE.items():
        assert json.loads((SCHEMAS / f"{name}.json").read_text())["title"] == kind


def test_the_schemas_are_those_that_were_published() -> None:
    spec = find_spec("stix2validator")
    assert spec is not None
    assert spec.origin is not None
    published = Path(spec.origin).parent / "schemas-2.1" / "schemas"
    ours, theirs = ({path.relative_to(root): path.read_bytes() for path in root.rglob("*.json")} for root in (SCHEMAS, published))
    assert len(ours) == 57
    assert ours == theirs
    assert "OASIS" in (SCHEMAS / "LICENSE").read_text()


def _published() -> dict[str, dict[str, object]]:
    return {str(path.relative_to(SCHEMAS).with_suffix("")): json.loads(path.read_text()) for path in SCHEMAS.rglob("*.json")}


@pytest.mark.parametrize("index", range(len(corrections.AMENDMENTS)))
def test_every_amendment_changes_something(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An amendment that a newer set of schemas made needless must go."""
    schemas, published = _published(), _published()
    monkeypatch.setattr(corrections, "AMENDMENTS", corrections.AMENDMENTS[index : index + 1])
    corrections.amend(schemas)
    assert schemas != published
    name = corrections.AMENDMENTS[0][0]
    assert {key for key in schemas if schemas[key] != published[key]} == {name}


def test_uuid_versions_are_amended_in_text() -> None:
    assert corrections.amend_text('"-[1-5][0-9a-fA-F]{3}-"') == '"-[1-8][0-9a-fA-F]{3}-"'


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_sound_samples_have_no_fault(kind: str) -> None:
    content = copy.deepcopy(SOUND[kind])
    assert fault_of_shape(content, kind) is None
    assert content == SOUND[kind]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (but(SOUND["indicator"], "pattern"), "`pattern` is required"),
        (but(SOUND["indicator"], labels=[]), "`labels` is empty; leave the property out"),
        (but(SOUND["indicator"], labels="a"), "`labels` must be a list"),
        (but(SOUND["indicator"], confidence=101), "`confidence` must be at most 100"),
        (but(SOUND["indicator"], confidence=-1), "`confidence` must be at least 0"),
        (but(SOUND["indicator"], created="2024-03-01T09:30:00Z"), "`created` needs at least three fraction digits"),
        (but(SOUND["indicator"], valid_from="2024-02-30T00:00:00Z"), "`valid_from` is not a timestamp of a real date"),
        (but(SOUND["indicator"], created_by_ref="me"), "`created_by_ref` is not an identifier (`type--uuid`): `me`"),
        (but(SOUND["indicator"], x_Example=1), "`x_Example` is not a name that is allowed"),
        (but(SOUND["indicator"], username="ada"), "`username` is a reserved name"),
        (but(SOUND["indicator"], extensions={"odd": {"abc": 1}}), "`odd` is not a name that is allowed in `extensions`"),
        (but(SOUND["indicator"], extensions={}), "`extensions` is empty; leave the property out"),
        (but(SOUND["indicator"], kill_chain_phases=[{"phase_name": "a"}]), "`kill_chain_name` is required in `kill_chain_phases[0]`"),
        (
            but(SOUND["indicator"], external_references=[{"source_name": "a"}]),
            "at least one of `description`, `url`, `external_id` is required in",
        ),
        (
            but(SOUND["indicator"], granular_markings=[{"selectors": ["id"], "lang": "fr", "marking_ref": f"marking-definition--{UUID}"}]),
            "exclude each other",
        ),
        (
            but(SOUND["opinion"], opinion="maybe"),
            "`opinion` must be one of `strongly-disagree`, `disagree`, `neutral`, `agree`, `strongly-agree`, not `maybe`",
        ),
        (but(SOUND["relationship"], relationship_type="a b"), "`relationship_type` is not of the form that it must have: `a b`"),
        (but(SOUND["relationship"], target_ref=f"sighting--{UUID}"), f"`target_ref` may not refer to `sighting--{UUID}`"),
        (
            but(SOUND["sighting"], where_sighted_refs=[f"tool--{UUID}"]),
            "`where_sighted_refs[0]` must be the identifier of identity or location",
        ),
        (but(SOUND["windows-registry-key"], key="hklm\\a"), "`key` must spell out its hive"),
        (
            but(SOUND["extension-definition"], extension_properties=["abc"]),
            "`extension_properties` belongs to an extension with `toplevel-property-extension`",
        ),
        (but(SOUND["file"], hashes={"MD5": "a"}), "`hashes.MD5` is not of the form that it must have: `a`"),
        (but(SOUND["file"], "name", "hashes"), "at least one of `hashes`, `name` is required"),
        (but(SOUND["artifact"], mime_type="junk"), "`mime_type` is not a media type"),
        (but(SOUND["process"], "pid", "command_line"), "`extensions`, `is_hidden`, `pid`, `name`, `created`, `cwd` … is required"),
        (but(SOUND["email-message"], additional_header_fields={"A": 1}), "`additional_header_fields.A` must be a string or"),
        (but(SOUND["location"], "region"), "a location has `region`, `country`, or"),
        (but(SOUND["malware"], "name"), "a malware family needs a `name`"),
        (but(SOUND["observed-data"], "object_refs"), "either `objects` or `object_refs`"),
        (but(SOUND["network-traffic"], "dst_ref"), "`src_ref` or `dst_ref`"),
        (but(SOUND["marking-definition"], "definition"), "a marking has `created` and is a statement"),
        (versioned("xy"), "`type` must have at least 3 characters"),
        (versioned("x" * 251), "`type` must have at most 250 characters"),
        (versioned("action"), "`type` may not be `action`"),
        (but(SOUND["grouping"], object_refs=[]), "`object_refs` is empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reasons_name_the_place_and_what_is_wrong(content: Sample, reason: str) -> None:
    assert reason in (fault_of_shape(content, str(content["type"])) or "")


def test_values_are_shortened() -> None:
    fault = fault_of_shape(but(SOUND["indicator"], created_by_ref="x" * 100_000), "indicator")
    assert fault is not None
    assert len(fault) < 200


@pytest.mark.parametrize("kind", ["core", "timestamp", "identifier", "bundle", "cyber-observable-core", "properties"])
def test_a_type_named_like_a_helper_schema_is_custom(kind: str) -> None:
    assert fault_of_shape(versioned(kind, name="a"), kind) is None
    assert fault_of_shape(observable(kind, x_example=1), kind) is None
    assert "`modified` is required" in (fault_of_shape(but(versioned(kind, name="a"), "modified"), kind) or "")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (observable("x-example"), True),
        (versioned("x-example"), False),
        (but(versioned("x-example"), "modified"), False),
        (but(versioned("x-example"), "created"), False),
        (but(observable("x-example"), extensions={REACH: {"extension_type": "new-sdo"}}), False),
        (but(observable("x-example"), extensions={REACH: {"extension_type": "new-sro"}}), False),
        (but(versioned("x-example"), extensions={REACH: {"extension_type": "new-sco"}}), True),
        (but(observable("x-example"), extensions="odd"), True),
        (but(observable("x-example"), extensions={REACH: "odd", "x-a-ext": {"extension_type": ["new-sdo"]}}), True),
    ],
)
def test_custom_observables_have_no_times(content: Sample, expected: bool) -> None:  # noqa: FBT001 # a verdict
    assert is_custom_observable(content) == expected


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (SOUND["indicator"], []),
        (but(SOUND["indicator"], x_example=1, x_other=2), ["the property `x_example`", "the property `x_other`"]),
        (but(SOUND["indicator"], rank=1, extensions={REACH: {"extension_type": "toplevel-property-extension"}}), []),
        (but(SOUND["indicator"], rank=1, extensions={REACH: {"extension_type": "property-extension"}}), ["the property `rank`"]),
        (versioned("x-example", title="a"), ["the type `x-example`"]),
        (versioned("x-example", title="a", extensions={REACH: {"extension_type": "new-sdo"}}), []),
        (but(SOUND["file"], extensions={"ntfs-ext": {"sid": "1"}}), []),
        (but(SOUND["file"], extensions={"tcp-ext": {"src_flags_hex": "00"}}), ["the extension `tcp-ext`"]),
        (but(SOUND["mutex"], extensions={"x-example-ext": {"abc": 1}}), ["the extension `x-example-ext`"]),
        (
            but(SOUND["campaign"], external_references=[{"source_name": "a", "url": "b", "rank": 1}]),
            ["the property `external_references.rank`"],
        ),
        (
            but(SOUND["campaign"], granular_markings=[{"selectors": ["id"], "lang": "fr", "rank": 1}]),
            ["the property `granular_markings.rank`"],
        ),
        (
            but(SOUND["indicator"], kill_chain_phases=[{"kill_chain_name": "a", "phase_name": "b", "rank": 1}]),
            ["the property `kill_chain_phases.rank`"],
        ),
    ],
)
def test_custom_parts_are_named(content: Sample, parts: list[str]) -> None:
    """STIX 2.1 §11; what an extension announces is not custom (§7.3)."""
    assert list(custom_parts(content, str(content["type"]))) == parts


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_no_sound_sample_has_custom_parts(kind: str) -> None:
    assert list(custom_parts(SOUND[kind], kind)) == []


def test_the_known_properties_are_those_of_the_standard() -> None:
    """Compared with the classes of stix2, which were written from the standard by others."""
    classes = {**STIX2_OBJ_MAPS["2.1"]["objects"], **STIX2_OBJ_MAPS["2.1"]["observables"]}
    assert {kind: frozenset(classes[kind]._properties) for kind in SCHEMA_BY_TYPE} == _known_properties() | {
        "incident": _known_properties()["incident"] | {"kill_chain_phases"},  # of stix2 alone: §4.6 has `name` and `description`
        "language-content": _known_properties()["language-content"] - {"lang"},  # not in use there (§3.2), which is not custom
        "extension-definition": _known_properties()["extension-definition"] - {"lang", "confidence", "extensions"},
    }


def test_the_known_extensions_are_those_of_the_standard() -> None:
    assert _known_extensions() == {
        "file": {"archive-ext", "ntfs-ext", "pdf-ext", "raster-image-ext", "windows-pebinary-ext"},
        "network-traffic": {"http-request-ext", "icmp-ext", "socket-ext", "tcp-ext"},
        "process": {"windows-process-ext", "windows-service-ext"},
        "user-account": {"unix-account-ext"},
    }


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"0": {"type": "mutex", "name": "a"}, "1": observable("mutex", name="b"), "2": {"type": "x-example", "id": "2", "rank": 1}}, None),
        ({"0": {"type": "process", "pid": 5, "name": "of STIX 2.0", "created": "2016-01-20T14:11:25.55Z"}}, None),
        ({"0": "mutex"}, "`objects` has `0`, which is not an object with a `type`"),
        ({"0": {"name": "a"}}, "`objects` has `0`, which is not an object with a `type`"),
        ({"0": {"type": 5}}, "`objects` has `0`, which is not an object with a `type`"),
        ({"0": {"type": "file", "size": 5}}, "`0` in `objects`: at least one of `hashes`, `name` is required"),
        ({"0": {"type": "indicator", "pattern": "a", "severity": 1}}, "`0` in `objects`: `severity` is a reserved name"),
    ],
)
def test_objects_in_a_container_are_judged_without_ids(container: dict[str, object], reason: str | None) -> None:
    """STIX 2.1 §2.13."""
    fault = fault_of_container(container)
    assert fault is None if reason is None else reason in (fault or "")


def test_hostile_names_cost_nothing() -> None:
    """The patterns of these places take other validators hours (§3.1, §7.3)."""
    for text in ("a" * 100_000 + "!", "a-" * 50_000 + "!", "a" * 40 + "!"):
        assert fault_of_shape(versioned(text), text) is not None
        assert fault_of_shape(but(SOUND["indicator"], extensions={f"{text}-ext": {"abc": 1}}), "indicator") is not None
        assert fault_of_shape(but(SOUND["software"], name="a", **{f"{text}_bin": "a"}), "software") is not None


def test_an_object_that_is_wrong_everywhere_costs_one_fault() -> None:
    content = but(SOUND["report"], object_refs=["x"] * 20_000)
    assert fault_of_shape(content, "report") == "`object_refs[0]` is not an identifier (`type--uuid`): `x`"
    empties = but(SOUND["report"], **{f"x_{number}": [] for number in range(100, 5_000)})
    assert "is empty" in (fault_of_shape(empties, "report") or "")


def test_samples_are_of_their_own_time() -> None:
    assert WHEN < "2025"
    assert HASHED[14] == "5"
