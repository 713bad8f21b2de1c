"""Real data goes in whole and comes out whole: MITRE's ATT&CK, and a feed of indicators under every TLP level.

As an operator and two kinds of clients would do it: `legation serve` on a fresh store with the model alliance, `token issue`, `import`; then polls over HTTP,
value for value with taxii2-client and byte for byte without it. The data are no part of the project: LEGATION_DATA_DIR names the folder that holds them.
"""

import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import msgspec
import pytest
from taxii2client.common import TokenAuth
from taxii2client.v21 import Collection, as_pages
from worlds import NO_TLS, RED, STRICT

from app.taxii.media import TAXII

FOLDER = os.environ.get("LEGATION_DATA_DIR", "")
ALLIANCE = Path(__file__).parents[2]
LEGATION = Path(sys.executable).with_name("legation")
PATIENCE = 300
"""Seconds for one command; an import takes some tens on a busy machine."""
PAGE = 1000
WRITER, NAMED = "ng-police/desk", "ng-cert/desk"
"""Two organisations of one jurisdiction; in its collection TLP:RED without recipients goes to the second client, which reads nothing as its own."""
UNNAMED, CONSTITUENCY = "ng-cert/misp", "ke-cert/feed"
SOURCES = {
    "ATT&CK": ("attack-enterprise.json.gz", "exchange/knowledge"),
    "indicators": ("indicators-tlp.json.gz", "members/ng-indicators"),
}

ID = re.compile(rb"[a-z0-9-]+--[0-9a-f-]{36}")

pytestmark = pytest.mark.skipif(not FOLDER, reason="real data are wanted: LEGATION_DATA_DIR names no folder with them")


class _Container(msgspec.Struct):
    """A bundle or an envelope, its objects as they stand."""

    objects: list[msgspec.Raw] = []
    more: bool = False
    next: str = ""


def pieces(body: bytes) -> list[bytes]:
    """The objects of a bundle or an envelope, byte for byte."""
    return [bytes(each) for each in msgspec.json.decode(body, type=_Container).objects]


@dataclass(frozen=True)
class World:
    """A running server, the environment of commands beside it, and tokens by client."""

    url: str
    environment: dict[str, str]
    tokens: dict[str, str]

    def visitor(self, client: str) -> httpx.Client:
        """A plain HTTP client."""
        headers = {"Accept": TAXII, "Authorization": f"Bearer {self.tokens[client]}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE, trust_env=False, verify=NO_TLS)


@dataclass(frozen=True)
class Imported:
    """A file that was imported: its objects, what the command said of them, and the address under which they are now."""

    raws: list[bytes]
    report: dict[str, Any]
    path: str


def legation(environment: dict[str, str], *arguments: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run([LEGATION, *arguments], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server on a fresh store with the model alliance."""
    store = tmp_path_factory.mktemp("real") / "private" / "legation.sqlite"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEGATION_")}
    environment = kept | {"LEGATION_STORE": f"sqlite:///{store}", "LEGATION_LOG_LEVEL": "warning"}
    serve: list[str | Path] = [LEGATION, "serve", "--alliance", ALLIANCE, "--port", "0"]
    with subprocess.Popen(serve, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = announced(server)
            tokens = {client: legation(environment, "token", "issue", client) for client in (NAMED, UNNAMED, CONSTITUENCY)}
            yield World(url, environment, tokens)
        finally:
            server.terminate()
    assert server.returncode == 0


def announced(server: subprocess.Popen[str]) -> str:
    """The address that a starting server prints, without a path."""
    assert server.stdout is not None
    impatience = Timer(PATIENCE, server.kill)
    impatience.start()
    announcement = server.stdout.readline()
    impatience.cancel()
    assert announcement.endswith("/taxii2/\n"), "the server does not start"
    return announcement.split()[-1].removesuffix("/taxii2/")


@pytest.fixture(scope="module")
def collections(world: World) -> dict[str, Imported]:
    """All files, each in its collection."""
    return {name: take_in(world, *source) for name, source in SOURCES.items()}


@pytest.fixture(params=SOURCES)
def imported(collections: dict[str, Imported], request: pytest.FixtureRequest) -> Imported:
    """Each of them."""
    return collections[request.param]


def take_in(world: World, file: str, place: str) -> Imported:
    """Import a file while the server serves."""
    path = Path(FOLDER) / file
    report = json.loads(legation(world.environment, "import", str(path), "--to", place, "--as", WRITER, "--json"))
    root, _, collection = place.partition("/")
    with world.visitor(NAMED) as visitor:
        found = visitor.get(f"/{root}/collections/{collection}/").json()
    return Imported(pieces(gzip.decompress(path.read_bytes())), report, f"/{root}/collections/{found['id']}/")


def differences(received: Iterable[Any], sent: Iterable[Any]) -> list[str]:
    """Some of what came too often or too seldom; with so much data, a whole comparison could not be read."""
    came, went = Counter(received), Counter(sent)
    return [f"{word}: {each!r:.200}" for word, rest in (("unsent", came - went), ("missing", went - came)) for each in islice(rest, 3)]


def values(objects: Iterable[Any]) -> Iterator[str]:
    """Objects as something that can be counted, equal if and only if their values are."""
    return (json.dumps(each, sort_keys=True) for each in objects)


def test_every_object_is_taken(imported: Imported) -> None:
    assert imported.report == {"added": len(imported.raws), "failed": 0, "failures": []}
    assert len(imported.raws) > 10 * PAGE, "many pages are wanted, or polling proves little"


@pytest.fixture
def collection(world: World, imported: Imported) -> Iterator[Collection]:
    """The collection, as taxii2-client shows it to the named reader."""
    with closing(Collection(world.url + imported.path, auth=TokenAuth(world.tokens[NAMED]))) as found:
        found._conn.session.trust_env = False  # no proxy stands before this machine's own address
        yield found


def test_taxii2_client_polls_every_value_by_next(imported: Imported, collection: Collection) -> None:
    """C9, C10, C12, C13: TAXII 2.1 §3.5."""
    pages = [page["objects"] for page in as_pages(collection.get_objects, per_request=PAGE, version="all")]
    assert not differences(values(each for page in pages for each in page), values(map(json.loads, imported.raws)))
    assert {len(page) for page in pages[:-1]} == {PAGE}


def test_taxii2_client_polls_every_value_by_added_after(imported: Imported, collection: Collection) -> None:
    """C16, C18: it never shows headers, so the date comes from the manifest (TAXII 2.1 §3.4, §5.3)."""
    received: list[Any] = []
    asked = {"limit": PAGE, "version": "all"}
    while records := collection.get_manifest(**asked).get("objects"):
        page = collection.get_objects(**asked)["objects"]
        assert [each["id"] for each in page] == [record["id"] for record in records]
        dates = [record["date_added"] for record in records]
        assert dates == sorted(set(dates))
        received += page
        asked["added_after"] = dates[-1]
    assert not differences(values(received), values(map(json.loads, imported.raws)))


def mentioned(raw: bytes) -> list[str]:
    """The ids that an object has or names."""
    return [match.decode() for match in ID.findall(raw)]


def poll(world: World, client: str, path: str) -> Iterator[tuple[httpx.Response, _Container]]:
    """All pages, by `next`."""
    asked: dict[str, str | int] = {"limit": PAGE, "match[version]": "all"}
    more = True
    with world.visitor(client) as visitor:
        while more:
            answer = visitor.get(f"{path}objects/", params=asked)
            assert answer.status_code == 200, answer.text
            page = msgspec.json.decode(answer.content, type=_Container)
            yield answer, page
            more = page.more
            assert more is bool(page.next)
            asked["next"] = page.next


def test_plain_http_brings_every_byte_by_next(world: World, imported: Imported) -> None:
    """C22: objects leave as they came, and each page begins behind the one before (TAXII 2.1 §3.2, §3.5)."""
    received: list[bytes] = []
    before = ""
    for answer, page in poll(world, NAMED, imported.path):
        received += map(bytes, page.objects)
        assert before < answer.headers["X-TAXII-Date-Added-First"] <= answer.headers["X-TAXII-Date-Added-Last"]
        before = answer.headers["X-TAXII-Date-Added-Last"]
    assert not differences(received, imported.raws)


def test_plain_http_brings_every_byte_by_added_after(world: World, imported: Imported) -> None:
    """C15, C18: the date comes from X-TAXII-Date-Added-Last (TAXII 2.1 §3.2, §3.4), until a page is empty."""
    received: list[bytes] = []
    asked: dict[str, str | int] = {"limit": PAGE, "match[version]": "all"}
    with world.visitor(NAMED) as visitor:
        while page := pieces((answer := visitor.get(f"{imported.path}objects/", params=asked)).content):
            received += page
            asked["added_after"] = answer.headers["X-TAXII-Date-Added-Last"]
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-TAXII-Date-Added-Last"] == asked["added_after"]
    assert not differences(received, imported.raws)


@pytest.mark.parametrize(("client", "closed"), [(UNNAMED, [RED]), (CONSTITUENCY, [RED, STRICT])])
def test_others_get_the_rest(world: World, collections: dict[str, Imported], client: str, closed: list[str]) -> None:
    """TLP:RED reaches those whom it names, AMBER+STRICT no constituency: nothing of these arrives, nor what refers to it; of the rest nothing is missing."""
    feed = collections["indicators"]
    hidden = {msgspec.json.decode(raw)["id"] for raw in feed.raws if any(marking.encode() in raw for marking in closed)}
    rest = [raw for raw in feed.raws if not hidden.intersection(mentioned(raw))]
    assert len(rest) < len(feed.raws)
    assert not differences((bytes(each) for _, page in poll(world, client, feed.path) for each in page.objects), rest)
