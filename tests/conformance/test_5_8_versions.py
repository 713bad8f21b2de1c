"""TAXII 2.1 §5.8: the versions of an object."""

import httpx
from worlds import TAXII, indicator, observable, post

FIRST, SECOND = "2026-01-20T08:15:00.000Z", "2026-01-20T08:16:00.500000Z"


def test_versions(ng: httpx.Client, collection: str) -> None:
    """T-5.8-01, T-5.8-02, T-5.8-05, T-5.8.1-01 to T-5.8.1-03: texts as they stand in the object, all of them; match[version] is none of its parameters."""
    each, seen = indicator(created=FIRST), observable()
    post(ng, collection, each | {"modified": FIRST}, seen)
    post(ng, collection, each | {"modified": SECOND})
    path = f"{collection}objects/{each['id']}/versions/"
    answer = ng.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, TAXII)
    assert answer.json() == {"more": False, "versions": [FIRST, SECOND]}
    assert ng.get(f"{path}?match[version]=first").json() == answer.json()
    assert ng.get(f"{path}?match[spec_version]=2.1").json() == answer.json()
    assert ng.get(f"{path}?match[spec_version]=2.0").json() == {}
    assert ng.get(f"{path}?limit=1").json()["versions"] == [FIRST]
    assert ng.get(path, params={"added_after": answer.headers["X-TAXII-Date-Added-First"]}).json()["versions"] == [SECOND]
    (record,) = ng.get(f"{collection}manifest/?match[id]={seen['id']}").json()["objects"]
    assert ng.get(f"{collection}objects/{seen['id']}/versions/").json()["versions"] == [record["date_added"]]
