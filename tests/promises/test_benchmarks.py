"""The benchmarks can be run: their modules import, and corpora, client and charts do what rows rely on. Nothing here is timed."""

import importlib
import json
import socket
import threading
from pathlib import Path
from types import ModuleType

import pytest

from app.clock import system_clock
from app.stix.objects import read_object

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))


@pytest.fixture(autouse=True)
def reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def module(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{name}")


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports(name: str) -> None:
    assert module(name).__doc__


def test_made_up_objects_are_valid_and_always_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = module("corpus")
    monkeypatch.delenv("LEGATION_DATA_DIR", raising=False)
    definitions, marks = corpus.many_labels(6, "group:members", 100)
    objects = [*definitions, *corpus.indicators(20, marks), *corpus.attack(marks, 60).objects]
    assert len({read_object(raw, system_clock()).id for raw in objects}) == len(objects) == 82
    assert list(corpus.indicators(3, marks, start=4)) == list(corpus.indicators(7, marks))[4:]
    assert {len(raw) // 100 for raw in corpus.indicators(20, marks[:4])} == {6}


def test_labels_are_as_many_as_asked_for_and_spread_evenly() -> None:
    corpus = module("corpus")
    _, marks = corpus.many_labels(50, "group:members", 100)
    found = [tuple(json.loads(raw)["object_marking_refs"]) for raw in corpus.indicators(100, marks)]
    assert {found.count(tuple(each)) for each in marks} == {2}


def test_a_bundle_on_the_disk_holds_what_the_envelopes_hold(tmp_path: Path) -> None:
    corpus = module("corpus")
    objects = list(corpus.indicators(5, [(corpus.AMBER,)]))
    octets = corpus.write_bundle(tmp_path / "bundle.json", objects)
    bundle = json.loads((tmp_path / "bundle.json").read_bytes())
    sent = [each for body in corpus.envelopes(objects, 2) for each in json.loads(body)["objects"]]
    assert (bundle["objects"], octets) == (sent, (tmp_path / "bundle.json").stat().st_size)


def test_the_client_reads_whole_answers_and_follows_pages() -> None:
    client = module("client")
    bodies = [b'{"more":true,"next":"a/b","objects":[' + b"1," * 900_000 + b"1]}", b'{"more":false,"objects":[2]}']
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=_answer, args=(listener, bodies, seen))
        answering.start()
        with client.Connection(listener.getsockname()[1]) as connection:
            answers = list(connection.pages("/objects/?limit=1", "Bearer x"))
        answering.join()
    assert [answer.body for answer in answers] == bodies
    assert [line.split()[1] for line in seen] == [b"/objects/?limit=1", b"/objects/?limit=1&next=a%2Fb"]
    assert answers[0].header("x-taxii-date-added-last") == "2026-01-05T08:00:00.000001Z"


def _answer(listener: socket.socket, bodies: list[bytes], seen: list[bytes]) -> None:
    """A server of one connection, which closes it after its last answer."""
    connection, _ = listener.accept()
    with connection:
        for body in bodies:
            seen.append(connection.recv(65536))
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nX-TAXII-Date-Added-Last: 2026-01-05T08:00:00.000001Z\r\n\r\n"
            connection.sendall(head.encode() + body)


def test_only_success_will_do() -> None:
    client = module("client")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing = threading.Thread(target=_refuse, args=(listener,))
        refusing.start()
        with client.Connection(listener.getsockname()[1]) as connection, pytest.raises(ValueError, match="answered with 404"):
            connection.ask(client.request("/nowhere/"))
        refusing.join()


def _refuse(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("value", "at_least", "reached", "used"),
    [(1.0, False, True, 0.5), (4.0, False, False, 2.0), (4.0, True, True, 0.5), (1.0, True, False, 2.0)],
)
def test_a_target_is_used_up_or_passed(value: float, at_least: bool, reached: bool, used: float) -> None:  # noqa: FBT001 - columns
    check = module("measure").Check("a target", value, 2.0, at_least=at_least)
    assert (check.reached, check.ratio) == (reached, used)


def test_rows_become_lines_of_a_table_and_bars_of_a_chart() -> None:
    measure, report, charts = module("measure"), module("report"), module("charts")
    check = measure.Check("≤ 2 times floor (b)", 3.0, 2.0)
    row = measure.Row("page", {measure.FLOOR_B: "1", measure.LEGATION: "3"}, (check, check))
    first, second = report.lines(row)
    assert first == "| page | (b) 1 | 3 |  |  | ≤ 2 times floor (b) | 3 | 1.50 | **no** |"
    assert first.count("|") == second.count("|") == 10
    drawn = charts.bars("A & B", [("page", {"floor (b)": 0.5, "Legation": 12.0})]) + charts.targets("targets", [("page", 1.5)])
    assert "A &amp; B" in drawn
    assert drawn.count("<rect") == 5


def test_an_instant_before_another_is_a_microsecond_earlier() -> None:
    world = module("world")
    assert world.before("2026-01-05T08:00:00.001000Z") == "2026-01-05T08:00:00.000999Z"
    assert world.before("2026-01-05T08:00:00.5Z") == "2026-01-05T08:00:00.499999Z"


def test_the_floor_reads_and_writes(tmp_path: Path) -> None:
    corpus, floors = module("corpus"), module("floors")
    objects = list(corpus.indicators(6, [(corpus.AMBER,)]))
    floors.fill(tmp_path / "rows.sqlite", {"indicators": objects})
    wall, cpu = floors.ingest(tmp_path / "written.sqlite", list(corpus.envelopes(objects, 3)))
    assert wall > 0 < cpu
