"""What an object refers to (STIX 2.1 §3.1, §3.3)."""

from samples.sound import HASHED, OTHER, SOUND, UUID, but

from app.stix.walk import references, walk


def test_references_of_every_kind_are_found() -> None:
    assert references(SOUND["relationship"]) == {f"indicator--{UUID}", f"malware--{OTHER}"}
    assert references(SOUND["sighting"]) == {f"indicator--{OTHER}", f"identity--{OTHER}"}
    assert references(SOUND["language-content"]) == {f"campaign--{UUID}"}
    assert references(SOUND["identity"]) == frozenset()


def test_a_reference_counts_once() -> None:
    report = but(SOUND["report"], object_refs=[f"malware--{UUID}"] * 3, x_example_ref=f"malware--{UUID}")
    assert references(report) == {f"malware--{UUID}"}


def test_references_are_found_at_any_depth() -> None:
    message = but(SOUND["email-message"], body_multipart=[{"body_raw_ref": f"artifact--{HASHED}"}])
    archive = but(SOUND["file"], extensions={"archive-ext": {"contains_refs": [f"file--{HASHED}"]}})
    custom = but(SOUND["tool"], x_example={"list": [[{"inner_refs": [{"deep_ref": f"tool--{OTHER}"}, f"malware--{OTHER}"]}]]})
    assert references(message) == {f"artifact--{HASHED}"}
    assert references(archive) == {f"file--{HASHED}"}
    assert references(custom) == {f"tool--{OTHER}", f"malware--{OTHER}"}


def test_creator_and_markings_are_not_followed() -> None:
    indicator = but(
        SOUND["indicator"],
        created_by_ref=f"identity--{OTHER}",
        object_marking_refs=[f"marking-definition--{OTHER}"],
        granular_markings=[{"marking_ref": f"marking-definition--{UUID}", "selectors": ["pattern"]}],
    )
    assert references(indicator) == frozenset()


def test_a_reference_cannot_hide_among_markings() -> None:
    """Withholding follows references: naming a property like a marking elsewhere must not make one invisible."""
    entry = {"marking_ref": f"marking-definition--{UUID}", "selectors": ["name"], "x_example_ref": f"tool--{UUID}"}
    nested = {"granular_markings": [{"marking_ref": f"marking-definition--{OTHER}"}]}
    content = but(SOUND["tool"], granular_markings=[entry, "odd"], x_example=nested, marking_ref=f"marking-definition--{HASHED}")
    assert references(content) == {f"tool--{UUID}", f"marking-definition--{OTHER}", f"marking-definition--{HASHED}"}
    assert references(but(SOUND["tool"], granular_markings="odd")) == frozenset()


def test_only_identifiers_are_references() -> None:
    observed = but(
        SOUND["observed-data"], "object_refs", objects={"1": {"type": "network-traffic", "src_ref": "0", "encapsulates_refs": ["2", 3]}}
    )
    assert references(observed) == frozenset()
    assert references(but(SOUND["tool"], x_url_ref="https://example.net/", x_number_ref=5, ref=f"tool--{OTHER}")) == frozenset()


def test_deep_nesting_needs_no_stack() -> None:
    deep: object = {"a_ref": f"tool--{OTHER}"}
    for _ in range(50_000):
        deep = [deep]
    assert references({"x_example": deep}) == {f"tool--{OTHER}"}


def test_one_walk_tells_of_fractions_and_nulls() -> None:
    assert walk({"a": "1.0", "b": [True, {"c": 5}]}) == (frozenset(), False, False)
    assert walk({"a": [{"b": [1.5]}]}) == (frozenset(), True, False)
    assert walk({"a": {"b": [None]}}) == (frozenset(), False, True)
