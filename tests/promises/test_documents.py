"""Documents keep their word: links lead somewhere, commands work as they are printed, lists of things are complete.

A block marked `console` holds commands (lines that begin with `$ `, continued by a final backslash) and, below each, lines that must appear in what
it prints; `…` stands for anything. A block whose mark has a second word is a file of that name. Commands of one document share a folder; all run
against one server with the model alliance, with `$URL`, `$TOKEN` (a token of ng-cert/misp) and `$COLLECTION` (the id of members/alliance) set.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Timer
from xml.etree import ElementTree as ET

import pytest
from mongo.serving import NAMED
from packaging.requirements import Requirement

from app.access.alliance import Compatibility
from app.bootstrap import Settings
from app.cli.copying import FROM_VARIABLE, TO_VARIABLE

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CLIENTS = ROOT / "docs" / "clients"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
COLLECTION = "e6b1a10a-1498-4093-bc1f-334dcde033d0"
LONGEST_LINE = 140
PATIENCE = 60
"""Seconds for one command."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@dataclass
class Block:
    """A fenced block: its mark, the file that it makes (if any), its lines."""

    mark: str
    file: str
    lines: list[str] = field(default_factory=list)


@dataclass
class Command:
    """What to type, and what must be among what it prints."""

    text: str
    shown: list[str] = field(default_factory=list)


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a document."""
    block: Block | None = None
    for line in text.splitlines():
        if not line.startswith("```"):
            if block is not None:
                block.lines.append(line)
        elif block is None:
            mark, _, file = line[3:].strip().partition(" ")
            block = Block(mark, file)
        else:
            yield block
            block = None
    assert block is None, "a block is not closed"


def prose(text: str) -> str:
    """A document without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def commands(block: Block) -> list[Command]:
    """The commands of a console block."""
    found: list[Command] = []
    for line in block.lines:
        if found and found[-1].text.endswith("\\"):
            found[-1].text = found[-1].text.removesuffix("\\") + line.strip()
        elif line.startswith("$ "):
            found.append(Command(line.removeprefix("$ ")))
        elif line.strip():
            assert found, f"output without a command: {line}"
            found[-1].shown.append(line)
    return found


def is_shown(line: str, output: str) -> bool:
    """Whether a printed line of a document is among the output."""
    return re.search(".*".join(re.escape(piece) for piece in line.strip().split("…")), output, re.DOTALL) is not None


# ---- the reader of documents itself


def test_blocks_commands_and_files_are_told_apart() -> None:
    text = "a\n```json x.json\n{}\n```\n```console\n$ one \\\n    more\nshown …\n\n$ two\n```\n"
    file, console = blocks(text)
    assert (file.mark, file.file, file.lines) == ("json", "x.json", ["{}"])
    assert [(each.text, each.shown) for each in commands(console)] == [("one more", ["shown …"]), ("two", [])]
    assert prose(text) == "a\n\n\n"


@pytest.mark.parametrize(("line", "is_there"), [("a…c", True), ("b", True), ("c…a", False), ("a.c", False)])
def test_printed_lines_are_found_whatever_stands_for_anything(line: str, is_there: bool) -> None:  # noqa: FBT001 - a column
    assert is_shown(line, "a\nb\nc") is is_there


def test_output_needs_a_command() -> None:
    with pytest.raises(AssertionError):
        commands(Block("console", "", ["shown"]))


# ---- links and form


def slug(heading: str) -> str:
    """The anchor of a heading, as forges make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def anchors(path: Path) -> set[str]:
    return {slug(match) for match in re.findall(r"^#+ (.+)$", prose(path.read_text()), re.MULTILINE)}


def links(path: Path) -> list[str]:
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", prose(path.read_text())) if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in links(path):
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), link
        assert not anchor or anchor in anchors(found), link


def test_every_document_can_be_found_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop().resolve()
        if path in seen:
            continue
        seen.add(path)
        if path.is_dir():
            waiting += path.glob("*.md")
        elif path.suffix == ".md":
            waiting += [path.parent / link.partition("#")[0] for link in links(path)]
    assert not [name(path) for path in DOCUMENTS if path not in seen and path.name not in {"CHANGELOG.md", "SECURITY.md"}]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_lines_are_short_enough_to_read(path: Path) -> None:
    assert not [line for line in prose(path.read_text()).splitlines() if len(line) > LONGEST_LINE and not line.startswith("|")]


SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.svg")), ids=name)
def test_pictures_are_told_in_words_and_load_nothing(path: Path) -> None:
    """For who does not see them, by day and by night, and without asking anybody for a font, a style or a script."""
    text = path.read_text()
    picture = ET.fromstring(text)  # noqa: S314 # our own file
    labels = {element.get("id"): element.text or "" for element in picture if element.tag in {f"{SVG}title", f"{SVG}desc"}}
    assert all(labels[label].strip() for label in picture.attrib["aria-labelledby"].split())
    assert "prefers-color-scheme: dark" in text
    assert not [element.tag for element in picture.iter() if element.tag.removeprefix(SVG) in {"script", "image", "foreignObject", "a"}]
    assert not re.search(r"href|url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    assert any(f"({path.name})" in document.read_text() for document in path.parent.glob("*.md")), "no document shows it"


# ---- lists that must be complete


def test_the_licence_is_apache_2() -> None:
    assert sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_the_changelog_has_what_is_unreleased() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    unreleased = text.partition("## [Unreleased]")[2].partition("\n## ")[0]
    assert "### Added" in unreleased
    assert "### Security" in unreleased


def test_decisions_are_numbered_and_have_the_same_parts() -> None:
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    for number, path in enumerate(DECISIONS, start=1):
        text = path.read_text()
        assert text.startswith(f"# {number}. "), path.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Options", "Choice", "Price"], path.name
        assert len(text.splitlines()) <= 70, f"{path.name} is longer than a page"


def layers() -> list[str]:
    (found,) = [contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"] if contract["type"] == "layers"]
    return [room for layer in found["layers"] for room in layer.split(" | ")]


def test_the_map_of_the_rooms_is_the_one_that_is_enforced() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("## The map")[2].partition("## ")[0]
    drawn = re.findall(r"^    ([a-z]+)  ", text, re.MULTILINE)
    order = [room for room in layers() if room in drawn]
    assert drawn == order
    assert set(drawn) == set(layers())


def dependencies() -> dict[str, list[str]]:
    """What decision 9 says: package → the rooms or files that it stays in."""
    rows = re.findall(r"^\| ([a-z0-9-]+) \| .+ \| (.+) \|$", (ROOT / "docs/decisions/0009-dependencies.md").read_text(), re.MULTILINE)
    return {package: places.split(", ") for package, places in rows if package != "package"}


MODULES = {
    "jsonschema-rs": "jsonschema_rs",
    "prometheus-client": "prometheus_client",
    "taxii2-client": "taxii2client",
}


def test_every_dependency_has_its_reason() -> None:
    assert sorted(dependencies()) == sorted(Requirement(text).name for text in PYPROJECT["project"]["dependencies"])


@pytest.mark.parametrize("package", dependencies())
def test_every_dependency_stays_in_its_rooms(package: str) -> None:
    module = MODULES.get(package, package)
    imported = re.compile(rf"^\s*(?:import|from) {module}\b", re.MULTILINE)
    users = [path.relative_to(APP).as_posix() for path in APP.rglob("*.py") if imported.search(path.read_text())]
    places = dependencies()[package]
    assert users, "nobody uses it"
    assert not [user for user in users if not any(user == place or user.startswith(f"{place}/") for place in places)]


def test_pages_of_clients_name_every_switch_and_no_other() -> None:
    named = {switch for path in CLIENTS.glob("*.md") for switch in re.findall(r"ompatibility switch: `([a-z-]+)`", path.read_text())}
    assert named == {switch.value for switch in Compatibility}


@pytest.mark.parametrize("path", sorted(CLIENTS.glob("*.md")), ids=lambda path: path.stem)
def test_each_page_of_a_client_says_what_to_enter(path: Path) -> None:
    text = path.read_text()
    assert re.search(r"ompatibility switch", text)
    assert re.search(r"^## Quirks", text, re.MULTILINE)
    assert "| value |" in text


def test_environment_variables_that_are_named_exist() -> None:
    known = {f"LEGATION_{setting.upper()}" for setting in Settings.model_fields} | {"LEGATION_CLIENT", FROM_VARIABLE, TO_VARIABLE, NAMED}
    texts = [*DOCUMENTS, ROOT / "Dockerfile", *ROOT.glob("compose*.yaml")]
    named = {variable for path in texts for variable in re.findall(r"\bLEGATION_[A-Z_]+\b", path.read_text())}
    assert named <= known


# ---- commands


RUNNABLE = [path for path in DOCUMENTS if any(block.mark == "console" for block in blocks(path.read_text()))]


@dataclass(frozen=True)
class World:
    """A running server with the model alliance, and the environment in which commands are typed."""

    folder: Path
    environment: dict[str, str]


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def announced(server: subprocess.Popen[str]) -> str:
    """The address that a starting server prints, without a final slash."""
    assert server.stdout is not None
    impatience = Timer(PATIENCE, server.kill)
    impatience.start()
    found = re.search(r"https?://\S+?(?=/taxii2/)", server.stdout.readline())
    impatience.cancel()
    assert found, "the server does not start"
    return found[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server, started by the command that operators use."""
    folder = tmp_path_factory.mktemp("documents")
    kept = {variable: value for variable, value in os.environ.items() if not variable.startswith("LEGATION_")}
    environment = kept | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LEGATION_STORE": f"sqlite:///{folder}/legation.sqlite",
        "COLLECTION": COLLECTION,
    }
    run(["legation", "init", str(folder / "alliance")], environment, folder)
    serve = ["legation", "serve", "--alliance", str(folder / "alliance"), "--port", "0", "--log-level", "error"]
    with subprocess.Popen(serve, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        impatience = Timer(PATIENCE, server.kill)
        impatience.start()
        announced = re.search(r"http://\S+?(?=/taxii2/)", server.stdout.readline())
        impatience.cancel()
        assert announced, "the server does not start"
        environment["URL"] = announced[0]
        issued = subprocess.run(
            ["legation", "token", "issue", "ng-cert/misp"],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        environment["TOKEN"] = issued.stdout.strip()
        yield World(folder, environment)
        server.terminate()


@pytest.mark.parametrize("path", RUNNABLE, ids=name)
def test_commands_work_as_they_are_printed(world: World, path: Path) -> None:
    if shutil.which("curl") is None and "curl" in path.read_text():
        pytest.skip("this machine has no curl")
    folder = world.folder / name(path).replace("/", "-")
    folder.mkdir()
    for block in blocks(path.read_text()):
        if block.file:
            (folder / block.file).write_text("\n".join(block.lines) + "\n")
        elif block.mark == "console":
            for command in commands(block):
                output = run(["bash", "-c", command.text], world.environment, folder)
                assert not [line for line in command.shown if not is_shown(line, output)], f"{command.text}\n{output}"
