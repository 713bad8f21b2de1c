"""Real clients against the running server, and the requests of those that cannot run here, as they send them."""

import base64
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import stix2
import worlds
from taxii2client.common import TokenAuth
from taxii2client.exceptions import AccessError
from taxii2client.v21 import ApiRoot, Collection, as_pages
from taxii2client.v21 import Server as TaxiiServer
from worlds import TAXII, Server, ids, indicator, observable, post, relationship

from app.bootstrap import open_store
from app.sharing import administer

TOTAL = 25


@pytest.fixture(scope="module")
def plain() -> Iterator[Server]:
    """A server whose public URL is plain http, so that clients can follow the relative roots of discovery."""
    with worlds.serving(partial(worlds.memory_world, pool=20), public_url="http://127.0.0.1") as server:
        yield server


@pytest.fixture
def held() -> Iterator[list[Any]]:
    """Clients that must be closed: they keep their connections open else."""
    opened: list[Any] = []
    yield opened
    for client in opened:
        client.close()


@pytest.fixture
def collection_of(plain: Server, held: list[Any]) -> Any:
    """An empty collection, as taxii2-client sees it: by Basic, and as another client."""
    place = plain.fresh_collection()

    def as_client(client: str = "ng-cert/misp") -> Collection:
        held.append(found := Collection(plain.url + place, user=client, password=plain.world.tokens[client]))
        return found

    return as_client


def test_taxii2_client_finds_its_way(plain: Server, held: list[Any]) -> None:
    """C6, C7, C29, C31: from discovery to a collection; titles unique; TokenAuth and Basic."""
    for proof in (
        {"user": "ng-cert/misp", "password": plain.world.tokens["ng-cert/misp"]},
        {"auth": TokenAuth(plain.world.tokens["ng-cert/misp"])},
    ):
        held.append(server := TaxiiServer(f"{plain.url}/taxii2", **proof))
        assert server.title == "Legation"
        assert server.default.url == f"{plain.url}/members/"
        assert [root.url for root in server.api_roots] == [
            f"{plain.url}/{name}/" for name in ("exchange", "members", "operations", "public", "scratch")
        ]
        found = {each.title: each for each in server.default.collections}
        assert found["ng indicators"].can_write
        assert not any("." in title or "," in title for title in found)
        assert server.default.max_content_length == 200_000


@pytest.mark.parametrize("per_request", [3, 10, 1000])
def test_taxii2_client_polls_everything(collection_of: Any, per_request: int) -> None:
    """C1, C10, C12: as_pages changes the limit between pages and repeats all filters."""
    writer, reader = collection_of(), collection_of("ke-cert/viewer")
    sent = [indicator() if number % 2 else observable() for number in range(TOTAL)]
    writer.add_objects({"objects": sent})
    found = [each for page in as_pages(reader.get_objects, per_request=per_request) for each in page.get("objects", [])]
    assert sorted(each["id"] for each in found) == sorted(each["id"] for each in sent)
    only = [each for page in as_pages(reader.get_objects, per_request=per_request, type=["indicator"]) for each in page["objects"]]
    assert {each["type"] for each in only} == {"indicator"}
    listed = [each for page in as_pages(reader.get_manifest, per_request=per_request) for each in page["objects"]]
    assert [each["id"] for each in listed] == [each["id"] for each in found]


def test_taxii2_client_writes_and_reads_the_status(plain: Server, collection_of: Any, held: list[Any]) -> None:
    """C27: counts that it adds up itself, `complete` in the answer; what was refused is named."""
    writer = collection_of()
    good = indicator()
    status = writer.add_objects({"objects": [good, {"type": "indicator"}]}, wait_for_completion=True, timeout=5)
    assert (status.status, status.success_count, status.failure_count) == ("complete", 1, 1)
    held.append(root := ApiRoot(f"{plain.url}/scratch/", user="ng-cert/misp", password=plain.world.tokens["ng-cert/misp"]))
    again = root.get_status(status.id)
    assert (again.total_count, len(again.successes), len(again.failures)) == (2, 1, 1)
    assert writer.get_object(good["id"])["objects"] == [good]
    assert writer.object_versions(good["id"])["versions"] == [good["modified"]]
    writer.delete_object(good["id"])
    with pytest.raises(requests.HTTPError, match="404"):
        writer.get_object(good["id"])


def test_taxii2_client_is_refused_before_it_asks(plain: Server, held: list[Any]) -> None:
    """C30, C31: it goes by can_write, and by the status of the answer."""
    path = f"{plain.url}/members/collections/{worlds.collection_id('members/bulletin')}/"
    held.append(reader := Collection(path, user="ng-cert/misp", password=plain.world.tokens["ng-cert/misp"]))
    with pytest.raises(AccessError, match="not allow writing"):
        reader.add_objects({"objects": [indicator()]})
    held.append(stranger := Collection(path, user="ng-cert/misp", password="wrong"))
    with pytest.raises(requests.HTTPError, match="401"):
        _ = stranger.title


def test_stix2_source_and_sink(collection_of: Any) -> None:
    """C19, C21, C24: the sink sends a bundle, the source asks for 5000 at a time and wants 404 for what is not there."""
    sink, source = stix2.TAXIICollectionSink(collection_of()), stix2.TAXIICollectionSource(collection_of("ke-cert/viewer"))
    whom = stix2.v21.Identity(name="Bank", identity_class="organization", object_marking_refs=[worlds.GREEN])
    what = stix2.v21.Indicator(pattern="[ipv4-addr:value = '198.51.100.7']", pattern_type="stix", object_marking_refs=[worlds.GREEN])
    link = stix2.v21.Relationship(what, "indicates", whom, object_marking_refs=[worlds.GREEN])
    sink.add([whom, what])
    sink.add(stix2.v21.Bundle(link))
    newer = what.new_version(name="renamed")
    sink.add(newer)
    assert source.get(whom.id) == whom
    assert source.get(what.id) == newer
    assert source.get("indicator--00000000-0000-4000-8000-000000000000") is None
    assert sorted(each.modified for each in source.all_versions(what.id)) == [what.modified, newer.modified]
    assert source.query([stix2.Filter("type", "=", "relationship")]) == [link]
    assert {each.id for each in source.query()} == {whom.id, what.id, link.id}


def _basic(server: Server, client: str, scheme: str = "Basic") -> str:
    return f"{scheme} " + base64.b64encode(f"{client}:{server.world.tokens[client]}".encode()).decode()


def test_passwords_can_be_cut_at_colons(server: Server) -> None:
    """C29: MISP splits user:password at every colon."""
    assert not any(":" in token for token in server.world.tokens.values())


def test_misp_browses(server: Server, ng: httpx.Client, collection: str) -> None:
    """C4, C5, C11, C29: a lower-case scheme, Content-Type on GET, an empty `next`, no redirect followed, `next` alone afterwards."""
    post(ng, collection, *(indicator() for _ in range(60)))
    headers = {"Authorization": _basic(server, "ng-cert/misp", "basic"), "Accept": TAXII, "Content-type": TAXII}
    with httpx.Client(base_url=server.url, headers=headers, follow_redirects=False, trust_env=False, verify=worlds.NO_TLS) as misp:
        assert misp.get("/scratch/collections/").json()["collections"]
        first = misp.get(f"{collection}objects/?limit=50&next=")
        second = misp.get(f"{collection}objects/?limit=50&next={first.json()['next']}")
        assert (len(ids(first)), len(ids(second))) == (50, 10)
        (one,) = misp.get(f"{collection}objects/{ids(first)[0]}/").json()["objects"]
        assert one["id"] == ids(first)[0]


def test_misp_pushes_to_the_last_octet(server: Server) -> None:
    """C8, C28: envelopes cut to exactly max_content_length pass."""
    with server.visitor(Authorization=_basic(server, "ng-cert/misp")) as misp:
        largest = misp.get("/members/").json()["max_content_length"]
        bare = json.dumps({"objects": [indicator(name="")]})
        body = bare.replace('"name": ""', '"name": "' + "x" * (largest - len(bare)) + '"').encode()
        assert len(body) == largest
        assert misp.post("/members/collections/alliance/objects/", content=body, headers={"Content-Type": TAXII}).status_code == 202


def test_opencti_pushes_bundles_one_by_one(server: Server, ng: httpx.Client, collection: str) -> None:
    """C2, C3, C24, C28: application/stix+json with a blank, a bundle with spec_version, many requests in a row."""
    headers = {"Content-Type": "application/stix+json; version=2.1", "Accept": "application/taxii+json; version=2.1"}
    sent = [indicator() for _ in range(20)]
    with server.visitor("ng-cert/misp", **headers) as opencti:
        for each in sent:
            body = {"type": "bundle", "spec_version": "2.1", "id": worlds.object_id("bundle"), "objects": [each]}
            assert opencti.post(f"{collection}objects/", content=json.dumps(body)).status_code == 202
    assert ids(ng.get(f"{collection}objects/")) == [each["id"] for each in sent]


def test_opencti_connector_never_forgets_its_next(server: Server, ng: httpx.Client, collection: str) -> None:
    """C10, C18, C22: page two without added_after; on its next run the old `next` again, with a new added_after, and for another collection."""
    post(ng, collection, *(indicator() for _ in range(5)))
    other = server.fresh_collection()
    post(ng, other, first := observable())
    with server.visitor("ng-cert/opencti") as opencti:
        started = "2020-01-01T00:00:00.000000Z"
        page = opencti.get(f"{collection}objects/", params={"added_after": started, "limit": 2}).json()
        pages = [page]
        while page.get("more"):
            page = opencti.get(f"{collection}objects/", params={"next": page["next"], "limit": 2}).json()
            pages.append(page)
            following = page.get("next", pages[-2].get("next"))
        assert [len(each["objects"]) for each in pages] == [2, 2, 1]
        found = opencti.get(f"{other}objects/", params={"next": following, "added_after": started, "limit": 2}).json()["objects"]
        assert [each["id"] for each in found] == [first["id"]]
        assert found[0]["spec_version"] == "2.1"
        now = opencti.get(f"{collection}objects/").headers["X-TAXII-Date-Added-Last"]
        post(ng, collection, late := indicator())
        assert ids(opencti.get(f"{collection}objects/", params={"next": following, "added_after": now})) == [late["id"]]


def test_opencti_ingestion_stops_at_the_end(server: Server, ng: httpx.Client, collection: str) -> None:
    """C16: its cursor is the date header cut to the millisecond; with its switch nothing comes twice, for ever, and nothing is lost."""
    seen: list[str] = []
    cursor: dict[str, str] = {}
    with server.visitor("ng-cert/opencti") as opencti:
        for _ in range(3):
            post(ng, collection, *(indicator() for _ in range(4)))
            for _ in range(4):
                answer = opencti.get(f"{collection}objects/", params={"limit": 3, **cursor})
                seen += ids(answer)
                if answer.json().get("more"):
                    cursor["next"] = answer.json()["next"]
                else:
                    cursor = {"added_after": answer.headers["X-TAXII-Date-Added-Last"][:23] + "Z"}
    assert sorted(seen) == sorted(ids(ng.get(f"{collection}objects/")))


def test_elastic_loops_on_next(server: Server, ng: httpx.Client, collection: str) -> None:
    """C12, C14, C15: it ignores `more`, wants `objects`, and keeps the date header of an empty page as its cursor."""
    post(ng, collection, *(indicator() for _ in range(5)))
    query: dict[str, str] = {"added_after": "2020-01-01T00:00:00Z"}
    found: list[str] = []
    with server.visitor("ng-cert/elastic", **{"Content-Type": TAXII}) as elastic:
        for _ in range(4):
            answer = elastic.get(f"{collection}objects", params={"limit": "2", **query})
            found += [each["id"] for each in answer.json()["objects"]]
            last = answer.headers["X-TAXII-Date-Added-Last"]
            query = {"next": answer.json()["next"]} if "next" in answer.json() else {"added_after": last}
        assert answer.json()["objects"] == []
        assert last == query["added_after"]
    assert sorted(found) == sorted(ids(ng.get(f"{collection}objects/")))


def test_xsoar_polls_by_modified(server: Server, ng: httpx.Client, collection: str) -> None:
    """C13, C22, C29: the largest `modified` seen, with up to six digits, is a valid added_after; the token comes in a header of its own."""
    post(ng, collection, indicator(modified="2026-01-20T08:15:00.123456Z"))
    with server.visitor(**{"X-API-Key": server.world.tokens["ng-cert/desk"]}) as xsoar:
        (one,) = xsoar.get(f"{collection}objects/?limit=100&match[type]=indicator,relationship").json()["objects"]
        assert len(ids(xsoar.get(f"{collection}objects/", params={"added_after": one["modified"]}))) == 1
        assert all(each["can_read"] for each in xsoar.get("/members/collections/").json()["collections"])


def test_sentinel_and_eclecticiq(server: Server, ng: httpx.Client, collection: str) -> None:
    """C5, C7, C15, C19: root URL and id typed by hand, without slashes; an alias; 1970 for `everything`."""
    post(ng, collection, indicator())
    with server.visitor(Authorization=_basic(server, "ng-cert/desk")) as typed:
        assert typed.get("/scratch").json()["title"]
        answer = typed.get(f"{collection}objects?added_after=1970-01-01T00:00:00Z&limit=100")
        assert len(ids(answer)) == 1
        assert answer.headers["X-TAXII-Date-Added-First"]
        assert typed.get("/members/collections/alliance/objects?limit=15000").status_code == 200


def test_dotnet_adds_a_charset_and_asks_for_stix(ng: httpx.Client, collection: str) -> None:
    """C2, C3: StringContent adds `; charset=utf-8`; one object is asked for by the collection's media type."""
    each = indicator()
    sent = ng.post(f"{collection}objects/", json={"objects": [each]}, headers={"Content-Type": f"{TAXII}; charset=utf-8"})
    assert sent.status_code == 202
    accept = ng.get(collection).json()["media_types"][0]
    answer = ng.get(f"{collection}objects/{each['id']}/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, TAXII)


def test_a_push_keeps_its_order(ng: httpx.Client, collection: str) -> None:
    """C23: identity and marking, then objects, then what refers to them, so that nothing dangles at the other end."""
    whom, what = worlds.identity(), indicator()
    sent = [whom, what, relationship(what["id"], whom["id"])]
    post(ng, collection, *reversed(sent))
    assert ids(ng.get(f"{collection}objects/")) == [each["id"] for each in sent]


def test_requests_from_scripts_are_welcome(server: Server) -> None:
    """C2, C33: curl's `*/*`, any User-Agent or none."""
    token = server.world.tokens["ng-cert/misp"]
    for agent in ("curl/8.5.0", "python-requests/2.32", "", "Go-http-client/1.1", "Java/17"):
        headers = {"Accept": "*/*", "User-Agent": agent, "Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{server.url}/taxii2", headers=headers, trust_env=False, verify=worlds.NO_TLS)
        assert answer.status_code == 200


def test_cursors_and_statuses_hold_on_every_worker_and_after_a_restart(tmp_path: Path) -> None:
    """C9, C27, DESIGN 9: two workers on one store; what one gave the other continues, what one revoked the other refuses, and a third starts later."""

    async def make() -> worlds.World:
        return await worlds.build(await open_store(f"sqlite:///{tmp_path / 'legation.sqlite'}"))

    with worlds.serving(make) as first, worlds.serving(make) as second:
        place = first.fresh_collection()
        sent = [indicator() for _ in range(7)]
        with first.visitor("ng-cert/misp") as one, second.visitor("ng-cert/misp") as two:
            status = post(one, place, *sent)
            assert two.get(f"/scratch/status/{status['id']}/").json() == status
            following = one.get(f"{place}objects/?limit=3").json()["next"]
            assert ids(two.get(f"{place}objects/", params={"next": following})) == [each["id"] for each in sent[3:]]
            token = first.run(administer.issue_token(first.world.exchange, "ke-cert/misp", None))
            proof = {"Authorization": f"Bearer {token.token}"}
            assert two.get("/members/", headers=proof).status_code == 200
            assert first.run(administer.revoke_token(first.world.exchange, token.id))
            assert two.get("/members/", headers=proof).status_code == 401
            old = one.headers["Authorization"]
    with worlds.serving(make) as third, third.visitor(Authorization=old) as visitor:
        assert ids(visitor.get(f"{place}objects/", params={"next": following})) == [each["id"] for each in sent[3:]]
        assert visitor.get(f"/scratch/status/{status['id']}/").json() == status
