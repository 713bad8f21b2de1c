"""Who received an object: the extension resource for auditors, over real sockets (docs/audit.md, DESIGN 8)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import worlds
from worlds import NG_IDENTITY, TAXII, Server, indicator, observable, post

from app.sharing import administer
from app.sharing.curate import release
from app.taxii.resources import Deliveries

FIRST, SECOND = "2026-01-20T08:15:00.000Z", "2026-01-20T08:16:00.000Z"
UNKNOWN = "indicator--00000000-0000-4000-8000-000000000000"
ALLIANCE, INTAKE = "/members/collections/alliance/", "/intake/collections/vendor/"
AUDITORS = {"ng-cert", "ke-cert", "secretariat", "vendor", "xx-cert"}


def path_of(identifier: str) -> str:
    return f"/taxii2/x-deliveries/{identifier}/"


@pytest.fixture
def auditor(server: Server) -> Iterator[httpx.Client]:
    """Audits what Nigeria originated."""
    with server.visitor("ng-cert/auditor") as visitor:
        yield visitor


def asked(server: Server, organisation: str, identifier: str, **parameters: Any) -> httpx.Response:
    with server.visitor(f"{organisation}/auditor") as visitor:
        return visitor.get(path_of(identifier), params=parameters)


def told(answer: httpx.Response) -> list[dict[str, Any]]:
    """The deliveries of an answer, which is what the contract describes."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == TAXII
    Deliveries.model_validate(answer.json(), strict=False)
    found: list[dict[str, Any]] = answer.json().get("deliveries", [])
    return found


def test_each_version_that_left_is_told_once(server: Server, ng: httpx.Client, ke: httpx.Client, busy: str, auditor: httpx.Client) -> None:
    """C21: recipient, credential, time, version, policy epoch; never a manifest, a list of versions, or a page that did not hold it."""
    each, other = indicator(), indicator()
    post(ng, busy, each, other)
    ke.get(f"{busy}objects/?match[id]={each['id']}")
    post(ng, busy, each | {"modified": SECOND})
    ke.get(f"{busy}objects/{each['id']}/?match[version]=all")
    for path in (f"manifest/?match[id]={each['id']}", f"objects/{each['id']}/versions/", f"objects/?match[id]={other['id']}"):
        assert ke.get(busy + path).status_code == 200
    found = told(auditor.get(path_of(each["id"])))
    name = next(c.path for c in worlds.scratch(worlds.MANY) if c.key == busy.split("/")[3])
    assert [(entry["version"], entry["organisation"], entry["client"], entry["collection"]) for entry in found] == [
        (FIRST, "ke-cert", "ke-cert/misp", name),
        (FIRST, "ke-cert", "ke-cert/misp", name),
        (SECOND, "ke-cert", "ke-cert/misp", name),
    ]
    assert {(entry["id"], entry["contributor"], entry["epoch"]) for entry in found} == {(each["id"], "ng-cert", 1)}
    assert found == sorted(found, key=lambda entry: entry["delivered"])


def test_what_was_never_delivered_has_an_empty_answer(ng: httpx.Client, busy: str, auditor: httpx.Client) -> None:
    """T-2-08 in spirit: a list without members is left out."""
    post(ng, busy, each := indicator())
    assert auditor.get(path_of(each["id"])).json() == {}


def test_deliveries_to_the_public_have_no_recipient(server: Server, anonymous: httpx.Client) -> None:
    with server.visitor("secretariat/editor") as editor:
        post(editor, "/public/collections/advisories/", each := indicator(object_marking_refs=[worlds.CLEAR]))
    assert anonymous.get(f"/public/collections/advisories/objects/{each['id']}/").status_code == 200
    (entry,) = told(asked(server, "secretariat", each["id"]))
    assert (entry["collection"], "organisation" in entry, "client" in entry) == ("public/advisories", False, False)


def test_deleted_versions_and_their_deliveries_stay_on_record(server: Server, ng: httpx.Client, ke: httpx.Client, busy: str) -> None:
    post(ng, busy, each := indicator())
    ke.get(f"{busy}objects/{each['id']}/")
    assert ng.delete(f"{busy}objects/{each['id']}/").status_code == 200
    assert len(told(asked(server, "ng-cert", each["id"]))) == 1


# ---- of one's own, and nothing of others


def test_under_a_shared_id_each_auditor_sees_what_his_organisation_originated(
    server: Server, ng: httpx.Client, ke: httpx.Client, busy: str
) -> None:
    """An observable that both contribute: without a registered creator each is the originator of its own."""
    seen = observable()
    post(ng, busy, seen)
    post(ke, busy, seen)
    with server.visitor("ke-cert/viewer") as viewer, server.visitor("ng-cert/desk") as desk:
        for reader in (viewer, desk):
            assert reader.get(f"{busy}objects/{seen['id']}/").status_code == 200
    assert [(e["client"], e["contributor"]) for e in told(asked(server, "ng-cert", seen["id"]))] == [("ng-cert/desk", "ng-cert")]
    assert [(e["client"], e["contributor"]) for e in told(asked(server, "ke-cert", seen["id"]))] == [("ke-cert/viewer", "ke-cert")]
    assert [e["client"] for e in told(asked(server, "secretariat", seen["id"]))] == ["ke-cert/viewer", "ng-cert/desk"]


def test_a_relayed_object_is_its_originators(server: Server, ke: httpx.Client) -> None:
    """DESIGN 6: the registered creator is the originator, whoever brought it; the relay is no auditor's business."""
    each = indicator(created_by_ref=NG_IDENTITY)
    post(ke, ALLIANCE, each)
    with server.visitor("ke-cert/viewer") as viewer:
        viewer.get(f"{ALLIANCE}objects/{each['id']}/")
    assert [(e["contributor"], e["client"]) for e in told(asked(server, "ng-cert", each["id"]))] == [("ke-cert", "ke-cert/viewer")]
    assert asked(server, "ke-cert", each["id"]).status_code == 404


def test_a_partner_learns_who_received_what_was_released_where_it_sees_nothing(
    server: Server, ke: httpx.Client, vendor: httpx.Client
) -> None:
    """Control by the source reaches behind doors that are closed to it."""
    each = indicator(object_marking_refs=[worlds.GREEN])
    post(vendor, INTAKE, each)
    server.run(release(server.world.exchange, "secretariat/curator", "intake/vendor", [each["id"]], "members/alliance"))
    assert vendor.get(f"{INTAKE}objects/{each['id']}/").status_code == 200
    assert ke.get(f"{ALLIANCE}objects/{each['id']}/").status_code == 200
    assert vendor.get(ALLIANCE).status_code == 404
    found = told(asked(server, "vendor", each["id"]))
    assert [(e["collection"], e["client"]) for e in found] == [("intake/vendor", "vendor/push"), ("members/alliance", "ke-cert/misp")]


def headers_of(answer: httpx.Response) -> set[tuple[str, str]]:
    return {(name, value) for name, value in answer.headers.items() if name != "date"}


def test_hidden_unknown_and_others_have_the_same_answer(server: Server, ng: httpx.Client, ke: httpx.Client, busy: str) -> None:
    """T-B-03, C30, DESIGN 2, promise 1: every byte but the date, whoever asks, whatever is there; the answer of any path where nothing is."""
    post(ng, busy, each := indicator())
    post(ng, "/members/collections/ng-indicators/", secret := indicator(object_marking_refs=[worlds.RED]))
    ke.get(f"{busy}objects/{each['id']}/")
    answers = [
        asked(server, "ke-cert", identifier) for identifier in (each["id"], secret["id"], UNKNOWN, "nonsense", "indicator--x", "%00")
    ]
    answers += [asked(server, name, each["id"]) for name in ("vendor", "xx-cert")]
    for client in ("ng-cert/misp", "ng-cert/feed", "ke-cert/misp", "secretariat/curator", "secretariat/editor", "lapsed/push"):
        with server.visitor(client) as visitor:
            answers.append(visitor.get(path_of(each["id"])))
    answers.append(ke.get("/no/such/path/"))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({frozenset(headers_of(answer)) for answer in answers}) == 1


def test_what_others_receive_changes_no_byte(server: Server, ng: httpx.Client, ke: httpx.Client, busy: str) -> None:
    """Promise 1: deliveries of what an auditor may not audit come between, and nothing counts them, the cursor neither."""
    each, hidden = indicator(), indicator()
    post(ng, busy, each)
    post(ke, busy, hidden)
    ke.get(f"{busy}objects/{each['id']}/")
    ke.get(f"{busy}objects/{each['id']}/")
    before = asked(server, "ng-cert", each["id"], limit=1)
    for _ in range(3):
        ng.get(f"{busy}objects/{hidden['id']}/")
    after = asked(server, "ng-cert", each["id"], limit=1)
    assert (before.content, headers_of(before)) == (after.content, headers_of(after))


def test_a_reload_ends_it_at_once() -> None:
    """Suspended: nothing, its own neither. A recipient that left the alliance is still named."""
    suspended = worlds.ORGANISATIONS["ng-cert"].model_copy(update={"active": False})
    others = {name: each for name, each in worlds.ORGANISATIONS.items() if name != "ke-cert"}
    with worlds.serving() as server, server.visitor("ng-cert/misp") as ng, server.visitor("ke-cert/misp") as ke:
        post(ng, ALLIANCE, each := indicator())
        ke.get(f"{ALLIANCE}objects/")
        for organisations, status in ((None, 200), (worlds.ORGANISATIONS | {"ng-cert": suspended}, 404), (others, 200)):
            if organisations is not None:
                groups = {"certs": worlds.alliance().groups["certs"].model_copy(update={"members": frozenset({"ng-cert"})})}
                server.run(administer.adopt(server.world.exchange, worlds.alliance(organisations=organisations, groups=groups)))
            answer = asked(server, "ng-cert", each["id"])
            assert answer.status_code == status
        assert [entry["organisation"] for entry in told(answer)] == ["ke-cert"]


# ---- pages


@contextmanager
def pages(visitor: httpx.Client, identifier: str, **parameters: Any) -> Iterator[list[list[dict[str, Any]]]]:
    found: list[list[dict[str, Any]]] = []
    answer = visitor.get(path_of(identifier), params=parameters)
    while True:
        found.append(told(answer))
        following = answer.json().get("next")
        assert answer.json()["more"] is (following is not None)
        if following is None:
            break
        answer = visitor.get(path_of(identifier), params={"next": following, **parameters})
    yield found


def test_pages_together_are_the_whole(ng: httpx.Client, ke: httpx.Client, busy: str, collection: str, auditor: httpx.Client) -> None:
    """Across collections, in one order; a page of one delivery that held several versions may end between them."""
    each = indicator()
    for modified in (FIRST, SECOND):
        for place in (busy, collection):
            post(ng, place, each | {"modified": modified})
    for _ in range(3):
        for place in (busy, collection):
            ke.get(f"{place}objects/{each['id']}/?match[version]=all")
    whole = told(auditor.get(path_of(each["id"])))
    assert len(whole) == 12
    for limit in (1, 5, 11, 12, 100):
        with pages(auditor, each["id"], limit=limit) as found:
            assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)
            assert [entry for page in found for entry in page] == whole


def test_a_cursor_of_another_object_counts_as_absent(ng: httpx.Client, ke: httpx.Client, busy: str, auditor: httpx.Client) -> None:
    one, two = indicator(), indicator()
    post(ng, busy, one, two)
    for each in (one, one, two):
        ke.get(f"{busy}objects/{each['id']}/")
    following = auditor.get(path_of(one["id"]), params={"limit": 1}).json()["next"]
    assert len(told(auditor.get(path_of(two["id"]), params={"next": following}))) == 1
    of_objects = ng.get(f"{busy}objects/?limit=1").json()["next"]
    assert len(told(auditor.get(path_of(one["id"]), params={"next": of_objects}))) == 2
    pages = [ng.get(f"{busy}objects/", params={"limit": 1, **more}) for more in ({}, {"next": following})]
    assert pages[0].content == pages[1].content


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "next=rubbish", "limit=1&limit=2"])
def test_malformed_parameters_are_400_for_everybody(server: Server, auditor: httpx.Client, query: str) -> None:
    """T-3.4-02: and what is not defined here is ignored."""
    with server.visitor("vendor/push") as stranger:
        for visitor in (auditor, stranger):
            assert visitor.get(f"{path_of(UNKNOWN)}?{query}").status_code == 400
            assert visitor.get(f"{path_of(UNKNOWN)}?added_after=yesterday&match[id]=x").status_code == 404


# ---- HTTP


def test_methods_types_and_credentials(server: Server, ng: httpx.Client, busy: str, auditor: httpx.Client, anonymous: httpx.Client) -> None:
    """T-3.1-11, T-3.1-12, T-1.6.9-02, T-3.6-01: as every resource of TAXII."""
    post(ng, busy, each := indicator())
    path = path_of(each["id"])
    for slash in (path, path.rstrip("/")):
        assert (auditor.get(slash).status_code, auditor.head(slash).status_code) == (200, 200)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = auditor.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert auditor.get(path, headers={"Accept": "application/taxii+json;version=2.0"}).status_code == 406
    assert auditor.get(path, headers={"Accept": "application/taxii+json"}).status_code == 200
    refusals = [anonymous.get(path_of(identifier)) for identifier in (each["id"], UNKNOWN)]
    assert {answer.status_code for answer in refusals} == {401}
    assert refusals[0].content == refusals[1].content == anonymous.get("/no/such/path/").content
    assert auditor.get(f"/members/x-deliveries/{each['id']}/").status_code == 404


def test_the_page_is_bounded_by_the_servers_own_limit(ng: httpx.Client, ke: httpx.Client, busy: str, auditor: httpx.Client) -> None:
    """T-3.4-05: a larger wish than the server grants is granted as far as it goes."""
    post(ng, busy, each := indicator())
    ke.get(f"{busy}objects/{each['id']}/")
    assert len(told(auditor.get(path_of(each["id"]), params={"limit": 10**20}))) == 1
