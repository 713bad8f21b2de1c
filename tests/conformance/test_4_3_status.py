"""TAXII 2.1 §4.3: what became of a request."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from worlds import Server, indicator, observable, post, try_post

from app.clock import to_micros
from app.taxii.resources import Status


def test_the_status_is_complete_at_once_and_stays(ng: httpx.Client, collection: str) -> None:
    """T-4.3-01, T-4.3.1-01 to T-4.3.1-03, T-5.5-01, T-5.5-11, C27: the same resource in the 202 and later."""
    status = post(ng, collection, indicator(), observable())
    assert status["status"] == "complete"
    assert ng.get(f"/scratch/status/{status['id']}/").json() == status
    post(ng, collection, indicator())
    assert ng.get(f"/scratch/status/{status['id']}").json() == status


def test_counts_add_up_and_lists_are_complete(ng: httpx.Client, collection: str) -> None:
    """T-4.3.1-05 to T-4.3.1-12, T-4.3.1-14, C26, C27."""
    good, late = indicator(), indicator(modified="2999-01-01T00:00:00.000Z")
    status = try_post(ng, collection, good, {"type": "indicator"}, late, {})
    Status.model_validate(status, strict=False)
    assert [status[f"{name}_count"] for name in ("total", "success", "failure", "pending")] == [4, 1, 3, 0]
    assert [(each["id"], each["version"]) for each in status["successes"]] == [(good["id"], good["modified"])]
    assert len(status["failures"]) == 3
    assert all(each["message"] and each["id"] and each["version"] for each in status["failures"])
    assert (late["id"], late["modified"]) in [(each["id"], each["version"]) for each in status["failures"]]
    assert "pendings" not in status


def test_it_is_kept_for_a_day(server: Server, ng: httpx.Client, collection: str) -> None:
    """T-4.3-02, I-TXS-01, C27."""
    status = post(ng, collection, indicator())
    kept = server.run(server.world.exchange.store.status(status["id"]))
    assert kept is not None
    assert kept.kept_until - to_micros(server.world.exchange.clock()) > timedelta(hours=24) / timedelta(microseconds=1)


@pytest.mark.parametrize("identifier", ["717b15dc-2d41-4cd4-b7f3-bb8bae33b7b0", "1", "not-an-id", "%00"])
def test_an_unknown_status_is_404(ng: httpx.Client, identifier: str) -> None:
    """T-4.3-03."""
    assert ng.get(f"/members/status/{identifier}/").status_code == 404


def test_a_status_is_for_those_who_sent_it(
    server: Server, ng: httpx.Client, ke: httpx.Client, anonymous: httpx.Client, collection: str
) -> None:
    """T-4.3-04, access-policy case 29: the client, contributors of its organisation, under the API root of the POST; for all others it does not exist."""
    status = post(ng, collection, indicator())
    path = f"/scratch/status/{status['id']}/"
    unknown = ke.get(f"/scratch/status/{uuid4()}/")
    with server.visitor("ng-cert/sensor") as colleague:
        assert colleague.get(path).json() == status
    for client in ("ng-cert/desk", "ng-cert/feed", "ke-cert/misp", "vendor/push"):
        with server.visitor(client) as other:
            answer = other.get(path)
            assert (answer.status_code, answer.content) == (404, unknown.content), client
    assert ng.get(f"/members/status/{status['id']}/").status_code == 404
    assert anonymous.get(path).status_code == 401
