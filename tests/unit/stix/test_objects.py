"""Reading one object: limits, times, custom content, and what a refusal tells (C22, C24)."""

import json
from datetime import UTC, datetime

import pytest
from samples.sound import HASHED, OTHER, SOUND, UUID, WHEN, Sample, but, observable, versioned

from app.errors import InvalidObject
from app.stix.objects import Limits, StixObject, read_object, reopen

NOW = datetime(2024, 6, 1, 12, 0, 0, tzinfo=UTC)
USUAL = Limits()


def _read(content: Sample, limits: Limits = USUAL, *, allow_custom: bool = True) -> StixObject:
    return read_object(json.dumps(content).encode(), NOW, limits, allow_custom)


def _refusal(raw: bytes | Sample, limits: Limits = USUAL, *, allow_custom: bool = True) -> InvalidObject:
    with pytest.raises(InvalidObject) as refusal:
        read_object(raw if isinstance(raw, bytes) else json.dumps(raw).encode(), NOW, limits, allow_custom)
    return refusal.value


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_an_object_is_what_was_sent(kind: str) -> None:
    raw = json.dumps(SOUND[kind], indent=1).encode()
    read = read_object(raw, NOW, allow_custom=False)
    assert read.raw is raw
    assert read.content == SOUND[kind]
    assert (read.id, read.type) == (SOUND[kind]["id"], kind)
    assert reopen(raw) == read


def test_the_version_is_the_text_of_modified_else_of_created() -> None:
    assert _read(but(SOUND["tool"], modified="2024-03-02T00:00:00.12340Z")).version == "2024-03-02T00:00:00.12340Z"
    assert _read(SOUND["marking-definition"]).version == WHEN
    assert _read(SOUND["mutex"]).version is None


def test_what_an_object_is() -> None:
    assert _read(SOUND["mutex"]).is_observable
    assert _read(observable("x-example", rank=1)).is_observable
    assert not _read(versioned("x-example", rank=1)).is_observable
    assert not _read(SOUND["marking-definition"]).is_observable
    assert _read(but(SOUND["tool"], revoked=True)).is_revoked
    assert not _read(but(SOUND["tool"], revoked=False)).is_revoked
    assert _read(but(SOUND["tool"], created_by_ref=f"identity--{OTHER}")).created_by == f"identity--{OTHER}"
    assert _read(SOUND["tool"]).created_by is None


def test_an_object_is_a_value() -> None:
    read = _read(SOUND["tool"])
    with pytest.raises(AttributeError):
        read.id = "x"  # type: ignore[misc]
    assert "remote shell" not in repr(read)


def test_a_refusal_names_the_object_and_its_version() -> None:
    error = _refusal(but(SOUND["tool"], "name"))
    assert (str(error), error.object_id, error.version) == ("`name` is required", f"tool--{UUID}", WHEN)
    error = _refusal(but(SOUND["marking-definition"], "definition"))
    assert (error.object_id, error.version) == (f"marking-definition--{UUID}", WHEN)
    error = _refusal(but(SOUND["mutex"], "name"))
    assert (error.object_id, error.version) == (f"mutex--{HASHED}", None)


@pytest.mark.parametrize(
    ("content", "object_id", "version"),
    [
        (but(SOUND["tool"], id=5), None, WHEN),
        (but(SOUND["tool"], id="x" * 251), None, WHEN),
        (but(SOUND["tool"], id="x" * 250), "x" * 250, WHEN),
        (but(SOUND["tool"], "id", modified=5), None, WHEN),
        (but(SOUND["tool"], modified="x" * 100_000, id="junk"), "junk", None),
        ({}, None, None),
    ],
)
def test_a_refusal_names_only_what_can_be_named(content: Sample, object_id: str | None, version: str | None) -> None:
    error = _refusal(content)
    assert (error.object_id, error.version) == (object_id, version)
    assert len(str(error)) < 300


@pytest.mark.parametrize(
    ("raw", "object_id", "version"),
    [
        (b'{"id": "tool--1", "modified": "now", "id": "tool--2"}', "tool--2", "now"),
        (b'{"id": "tool--1", "created": "then", "x_size": 9007199254740993}', "tool--1", "then"),
        (b'{"id": "tool--1", "x_deep": ' + b"[" * 100 + b"]" * 100 + b"}", "tool--1", None),
        (b'{"id": "tool--1", "x_deep": ' + b"[" * 300 + b"]" * 300 + b"}", None, None),
        (b'{"id": "tool--1", "name": "\xff"}', None, None),
        (b"[1]", None, None),
    ],
)
def test_a_refusal_names_what_is_not_strict_json_if_it_can(raw: bytes, object_id: str | None, version: str | None) -> None:
    error = _refusal(raw)
    assert (error.object_id, error.version) == (object_id, version)


def test_a_bundle_must_be_unpacked() -> None:
    """C24: a bundle inside `objects` is never stored."""
    error = _refusal({"type": "bundle", "id": f"bundle--{UUID}", "objects": [SOUND["tool"]]})
    assert "unpack it" in str(error)
    assert error.object_id == f"bundle--{UUID}"


@pytest.mark.parametrize("kind", [None, 5, ["tool"], {}])
def test_a_type_is_text(kind: object) -> None:
    assert "type" in str(_refusal(but(SOUND["tool"], type=kind)))


def test_stix_2_0_is_refused_with_the_remedy() -> None:
    """C22."""
    assert "convert to 2.1" in str(_refusal(but(SOUND["indicator"], "spec_version")))
    assert "convert to 2.1" in str(_refusal(but(SOUND["sighting"], spec_version="2.0")))


@pytest.mark.parametrize("modified", ["2024-06-01T12:10:00.000Z", "2024-06-01T12:10:00.0000000Z", "2024-06-01T11:59:59.999Z"])
def test_modified_may_be_ten_minutes_ahead(modified: str) -> None:
    """C22."""
    assert _read(but(SOUND["tool"], modified=modified)).version == modified


@pytest.mark.parametrize("modified", ["2024-06-01T12:10:00.001Z", "2024-06-01T12:10:00.0000001Z", "9999-12-31T23:59:59.000Z"])
def test_modified_may_not_be_further_ahead(modified: str) -> None:
    """C22: clients that go on from the latest `modified` would miss all until then."""
    assert "ahead of this server's clock" in str(_refusal(but(SOUND["tool"], modified=modified)))


def test_other_times_may_lie_in_the_future() -> None:
    assert _read(but(SOUND["indicator"], valid_until="2099-01-01T00:00:00Z"))
    assert _read(but(SOUND["marking-definition"], created="2025-01-01T00:00:00.000Z"))


def test_custom_content_is_refused_where_it_is_not_allowed() -> None:
    for content, part in (
        (versioned("x-example", rank=1), "the type `x-example`"),
        (but(SOUND["tool"], x_rank=1), "the property `x_rank`"),
        (but(SOUND["mutex"], extensions={"x-example-ext": {"abc": 1}}), "the extension `x-example-ext`"),
    ):
        assert _read(content).content == content
        assert f"{part} is custom; this collection takes only" in str(_refusal(content, allow_custom=False))


def test_the_limit_of_bytes() -> None:
    size = len(json.dumps(SOUND["tool"]).encode())
    assert _read(SOUND["tool"], Limits(object_bytes=size))
    error = _refusal(SOUND["tool"], Limits(object_bytes=size - 1))
    assert f"has {size} bytes; at most {size - 1} are accepted" in str(error)
    assert error.object_id == f"tool--{UUID}"


def test_the_limit_of_depth() -> None:
    deep = but(SOUND["tool"], x_example=[[[1]]])
    assert _read(deep, Limits(depth=4))
    assert "more than 3 levels deep" in str(_refusal(deep, Limits(depth=3)))


def test_what_was_accepted_can_be_opened_again() -> None:
    raw = json.dumps(but(SOUND["tool"], x_example=json.loads("[" * 150 + "]" * 150))).encode()
    assert read_object(raw, NOW, Limits(depth=200)) == reopen(raw)


def test_the_limit_of_references() -> None:
    report = but(SOUND["report"], object_refs=[f"tool--{number:08x}-7d4e-4b6a-9c0d-5e2f7a8b9c1d" for number in range(10)])
    assert _read(report, Limits(references=10))
    assert "refers to 10 others; at most 9 are accepted" in str(_refusal(report, Limits(references=9)))
    assert _read(but(report, object_refs=[f"tool--{UUID}"] * 100), Limits(references=1))


def test_the_limit_of_a_pattern_is_in_bytes_and_before_it_is_read() -> None:
    pattern = "[file:name = 'éé']"
    indicator = but(SOUND["indicator"], pattern=pattern)
    assert _read(indicator, Limits(pattern_bytes=len(pattern.encode())))
    assert "at most 19 are accepted" in str(_refusal(indicator, Limits(pattern_bytes=19)))
    assert "200000 bytes" in str(_refusal(but(indicator, pattern="(" * 200_000)))
    assert _read(but(indicator, pattern="x" * 200_000, pattern_type="yara"))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(json.dumps(but(SOUND["tool"], type="a" * 100_000)).encode(), id="type-of-100000"),
        pytest.param(json.dumps(but(SOUND["tool"], type="a-" * 50_000)).encode(), id="type-of-50000-words"),
        pytest.param(json.dumps(but(SOUND["tool"], type="a" * 40 + "!")).encode(), id="type-that-backtracks"),
        pytest.param(json.dumps(but(SOUND["tool"], extensions={"a" * 40 + "!-ext": {"abc": 1}})).encode(), id="extension-that-backtracks"),
        pytest.param(json.dumps(but(SOUND["tool"], lang="en" + "-abcdefgh" * 10_000)).encode(), id="language-of-10000-variants"),
        pytest.param(json.dumps(but(SOUND["software"], cpe="cpe:2.3:a:" + "a?" * 100_000)).encode(), id="cpe-of-questions"),
        pytest.param(json.dumps(but(SOUND["software"], cpe="cpe:2.3:a:" + "\\" * 100_000)).encode(), id="cpe-of-backslashes"),
        pytest.param(json.dumps(but(SOUND["ipv6-addr"], value="1:" * 200_000)).encode(), id="ipv6-of-200000-groups"),
        pytest.param(json.dumps(but(SOUND["domain-name"], value="a." * 200_000)).encode(), id="domain-of-200000-labels"),
        pytest.param(json.dumps(but(SOUND["artifact"], payload_bin="A" * 500_001)).encode(), id="base64-of-odd-length"),
        pytest.param(json.dumps(but(SOUND["tool"], granular_markings=[{"lang": "fr", "selectors": ["a." * 400_000]}])).encode(), id="selector-of-400000-steps"),
        pytest.param(json.dumps(but(SOUND["report"], object_refs=["x"] * 150_000)).encode(), id="150000-faults"),
        pytest.param(json.dumps(but(SOUND["tool"], **{f"x_{number}": None for number in range(40_000)})).encode(), id="40000-nulls"),
        pytest.param(json.dumps(but(SOUND["indicator"], pattern="[" * 60_000)).encode(), id="pattern-of-60000-brackets"),
        pytest.param(json.dumps(but(SOUND["indicator"], pattern="[a:b = '" + "x" * 200_000 + "']")).encode(), id="pattern-of-200000"),
        pytest.param(b'{"type": "tool", "x_deep": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", id="10000-brackets"),
        pytest.param(b'{"type": "tool", "x_deep": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}", id="10000-objects"),
        pytest.param(b'{"type": "tool", "x_number": ' + b"9" * 1_000_000 + b"}", id="integer-of-1000000-digits"),
        pytest.param(b'{"type": "tool", ' + b", ".join(b'"x_%d": 1' % number for number in range(60_000)) + b', "x_1": 2}', id="60000-keys-and-a-duplicate"),
        pytest.param(b'{"type": "tool"' + b" " * 1_000_000 + b"}", id="1000000-spaces"),
    ],
)  # fmt: skip
def test_hostile_objects_are_refused(raw: bytes) -> None:
    """Each of these costs another judge the stack, gigabytes or hours; here all work is linear in the bytes, or stops at the first fault."""
    assert len(str(_refusal(raw))) < 300
