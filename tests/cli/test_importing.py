"""A bundle on its way: cut into envelopes without changing what the server would have understood of the whole."""

import json
from pathlib import Path

import pytest

from app.cli import importing
from app.cli.importing import Turn, envelope, parcels, readings, survey
from app.taxii.envelope import slice_envelope

LARGEST = 10 * 1024 * 1024


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def thing(kind: str, number: int, **properties: object) -> dict[str, object]:
    return {"type": kind, "id": f"{kind}--{uuid(number)}", **properties}


def identity(number: int) -> str:
    return f"identity--{uuid(number)}"


def write(path: Path, objects: list[dict[str, object]]) -> Path:
    path.write_text(json.dumps({"objects": objects}))
    return path


def sent(files: list[Path], largest: int = LARGEST) -> list[list[str]]:
    """The ids of each envelope, in order."""
    plan = survey(files, largest, lambda _octets: None)
    return [[json.loads(item.raw)["id"] for item in items] for items in parcels(files, plan, largest, lambda _octets: None)]


def test_definitions_go_first_references_last(tmp_path: Path) -> None:
    """So a marking is known before it is used, and readers receive what an object refers to before it (C23)."""
    relationship = thing("relationship", 1, source_ref=f"malware--{uuid(2)}", target_ref=f"malware--{uuid(2)}")
    objects = [relationship, thing("malware", 2), thing("marking-definition", 3), thing("malware", 4)]
    envelopes = sent([write(tmp_path / "x.json", objects)])
    assert envelopes == [[objects[2]["id"]], [objects[1]["id"], objects[3]["id"]], [relationship["id"]]]


def test_all_files_are_one_bundle(tmp_path: Path) -> None:
    files = [write(tmp_path / "a.json", [thing("malware", 1)]), write(tmp_path / "b.json", [thing("marking-definition", 2)])]
    assert sent(files) == [[f"marking-definition--{uuid(2)}"], [f"malware--{uuid(1)}"]]


def test_identities_go_before_what_they_created(tmp_path: Path) -> None:
    """Consumers refuse what a creator made whom they do not know yet."""
    objects = [
        thing("malware", 1, created_by_ref=identity(9)),
        thing("identity", 9, object_marking_refs=[f"marking-definition--{uuid(2)}"]),
        thing("marking-definition", 2),
        thing("relationship", 3, source_ref=f"malware--{uuid(1)}", target_ref=identity(9)),
    ]
    envelopes = sent([write(tmp_path / "x.json", objects)])
    assert envelopes == [[f"marking-definition--{uuid(2)}"], [identity(9)], [f"malware--{uuid(1)}"], [f"relationship--{uuid(3)}"]]


def test_envelopes_are_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_OBJECTS", 2)
    ids = [f"malware--{uuid(number)}" for number in range(5)]
    path = write(tmp_path / "x.json", [thing("malware", number) for number in range(5)])
    assert sent([path]) == [ids[:2], ids[2:4], ids[4:]]
    monkeypatch.setattr(importing, "MOST_OCTETS", 160)
    assert sent([path]) == [[each] for each in ids]


def test_what_cannot_be_read_is_refused_with_its_place_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"objects": [{"type":"malware","type":"malware"}, {"type":"malware","id":"malware--1"}, {"a" 1}]}')
    plan = survey([path], LARGEST, lambda _octets: None)
    assert list(plan.turns) == [Turn.REFUSED, Turn.PLAIN, Turn.REFUSED]
    assert [each.object for each in plan.refused] == ["object 1 of x.json", "object 3 of x.json"]
    assert "strict JSON" in plan.refused[0].message
    assert [len(items) for items in parcels([path], plan, LARGEST, lambda _octets: None)] == [1]


def test_what_no_body_can_hold_is_refused(tmp_path: Path) -> None:
    plan = survey([write(tmp_path / "x.json", [thing("malware", 1, name="x" * 300)])], 200, lambda _octets: None)
    assert "more than a body may have here" in plan.refused[0].message


def test_files_are_read_once_for_each_turn_that_has_objects(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", [thing("malware", 1)])
    seen: list[int] = []
    plan = survey([path], LARGEST, seen.append)
    assert readings(plan) == 1
    assert list(parcels([path], plan, LARGEST, seen.append))
    assert seen.count(path.stat().st_size) == 2
    assert readings(survey([write(tmp_path / "y.json", [])], LARGEST, seen.append)) == 0


def test_an_envelope_holds_its_objects_byte_for_byte(tmp_path: Path) -> None:
    raws = [b'{ "id":"malware--1" ,"type" : "malware"}', b'{"type":"tool"}']
    path = tmp_path / "x.json"
    path.write_bytes(b'{"objects":[%b]}' % b" , ".join(raws))
    plan = survey([path], LARGEST, lambda _octets: None)
    (items,) = parcels([path], plan, LARGEST, lambda _octets: None)
    assert slice_envelope(envelope(items), 10) == raws
