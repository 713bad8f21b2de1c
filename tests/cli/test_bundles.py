"""Bundles are cut open as they are read: every object byte for byte, whatever the pieces; what is no bundle is refused with its place."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli import bundles
from app.cli.bundles import objects
from app.errors import MalformedEnvelope

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=6)


def cut(path: Path) -> list[bytes]:
    return list(objects(path, lambda _octets: None))


def written(path: Path, text: bytes) -> Path:
    path.write_bytes(text)
    return path


@given(
    members=OBJECTS, others=st.dictionaries(st.text().filter(lambda name: name != "objects"), JSON, max_size=3), piece=st.integers(1, 40)
)
def test_objects_come_out_as_they_are_whatever_stands_around_them(
    tmp_path_factory: pytest.TempPathFactory, members: list[object], others: dict[str, object], piece: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    raws = [json.dumps(each, ensure_ascii=False).encode() for each in members]
    before = json.dumps(others, ensure_ascii=False).encode()[1:-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundles, "PIECE", piece)
        text = b'{%b%b \n"objects" : [ %b ]}' % (before, b"," if before else b"", b" ,\n".join(raws))
        assert cut(written(path, text)) == raws


def test_brackets_quotes_and_escapes_within_strings_are_no_structure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "PIECE", 3)
    raws = [b'{"a":"}{\\"[]\\\\"}', b'{"b":[{"c":[]}]}', b"{}"]
    text = b'\xef\xbb\xbf {"x":{"objects":[{"a":1}]},"y":["objects",[1]],"objects":[%b],"more":false}' % b",".join(raws)
    assert cut(written(tmp_path / "x.json", text)) == raws


def test_gzip_is_told_by_its_first_octets_not_by_the_name(tmp_path: Path) -> None:
    path = written(tmp_path / "feed", gzip.compress(b'{"objects":[{"a":1}]}'))
    assert cut(path) == [b'{"a":1}']


def test_progress_is_told_in_octets_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "PIECE", 10)
    seen: list[int] = []
    path = written(tmp_path / "x.json", b'{"objects":[{"a":1},{"a":2}]}')
    list(objects(path, seen.append))
    assert seen == sorted(seen)
    assert seen[-1] == path.stat().st_size


def test_an_empty_bundle_holds_nothing(tmp_path: Path) -> None:
    """STIX 2.1 §8: `objects` is optional."""
    assert cut(written(tmp_path / "x.json", b'{"type": "bundle", "id": "bundle--1"}')) == []
    assert cut(written(tmp_path / "x.json", b'{"objects": []}')) == []


@pytest.mark.parametrize("piece", [3, 1000])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "no list `objects`"),
        (b"{}", "no list `objects`"),
        (b'{"type":"x","name":"bundle"}', "no list `objects`"),
        (b'"objects"', "no list `objects`"),
        (b"[]", "not one JSON object"),
        (b"}", "not one JSON object"),
        (b'{"objects":[]}{"objects":[]}', "not one JSON object"),
        (b'{"objects":[{}]]', "not one JSON object"),
        (b'{"objects":[],"objects":[]}', "twice"),
        (b'{"objects":[1]}', "no list of JSON objects after the first 0"),
        (b'{"objects":[{},]}', "no list of JSON objects after the first 1"),
        (b'{"objects":[,{}]}', "no list of JSON objects after the first 0"),
        (b'{"objects":[{} {}]}', "no list of JSON objects after the first 1"),
        (b'{"objects":["a"]}', "no list of JSON objects after the first 0"),
        (b'{"objects":[[{}]]}', "no list of JSON objects after the first 0"),
        (b'{"objects":[{}}', "no list of JSON objects after the first 1"),
        (b'{"objects":[{}', "ends in the middle, after 1 objects"),
        (b'{"objects":[{"a":"', "ends in the middle, after 0 objects"),
        (b'{"type":"bundle"', "ends in the middle, after 0 objects"),
    ],
)
def test_what_is_no_bundle_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, reason: str, piece: int) -> None:
    monkeypatch.setattr(bundles, "PIECE", piece)
    with pytest.raises(MalformedEnvelope, match=reason) as refused:
        cut(written(tmp_path / "x.json", text))
    assert "`x.json`" in str(refused.value)


def test_an_object_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "LARGEST_OBJECT", 100)
    monkeypatch.setattr(bundles, "PIECE", 50)
    with pytest.raises(MalformedEnvelope, match="after the first 1 is larger than 100 octets"):
        cut(written(tmp_path / "x.json", b'{"objects":[{},{"a":"' + b"x" * 300))


@pytest.mark.parametrize(
    "text", [b"\x1f\x8bxxxxxxxxxxxxxxxx", gzip.compress(b'{"objects":[{"a":1}]}' * 50)[:-12]], ids=["no archive", "cut off"]
)
def test_a_broken_archive_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(MalformedEnvelope, match=r"`x\.gz` cannot be read"):
        cut(written(tmp_path / "x.gz", text))
