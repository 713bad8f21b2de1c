"""`legation clients` beside a running server: what real requests leave behind (DESIGN 8)."""

import httpx
from desks import Desk, serving

ALLIANCE = "members/alliance"


def test_what_a_server_heard_is_shown_once_it_wrote_it_down(desk: Desk) -> None:
    token = desk.token("ke-cert/misp")
    with serving(desk) as server:
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as ke:
            assert ke.get(f"/{ALLIANCE.replace('/', '/collections/')}/objects/").status_code == 200
            assert [ke.get("/nowhere/collections/").status_code for _ in range(2)] == [404, 404]
        assert httpx.get(f"{server.url}/members/", trust_env=False).status_code == 401
        assert server.stop() == 0
    found = {each["client"]: each for each in desk.run("clients", "--json").json}
    ke_misp = found["ke-cert/misp"]
    assert [each["collection"] for each in ke_misp["readings"]] == [ALLIANCE]
    assert ke_misp["last_poll"] is not None
    assert (ke_misp["last_failure"]["status"], ke_misp["last_failure"]["count"]) == (404, 2)
    assert ke_misp["should_start_over"] is False
    assert found[""]["last_failure"]["status"] == 401
    assert found["ng-cert/misp"]["last_poll"] is None
    shown = desk.run("clients", "ke-cert").out
    assert ALLIANCE in shown
    assert "404" in shown
    assert "ng-cert" not in shown


def test_an_organisation_that_is_not_there_is_no_table(desk: Desk) -> None:
    done = desk.run("clients", "nobody")
    assert (done.code, done.out) == (1, "")
    assert "no organisation `nobody`" in done.err
