"""`legation explain`: a verdict for people, a table, JSON for scripts; what it refuses (exit code 1) and does not understand (2)."""

from typing import Any

import pytest
from desks import Desk, refused, send
from worlds import AMBER, CLEAR, NOW_TEXT, STRICT

from app.stix.markings import HANDLING_EXTENSION

ALLIANCE, INTAKE = "members/alliance", "intake/quillfrost"
NG, KE, CURATOR, PARTNER, PULL = "ng-cert/misp", "ke-cert/misp", "secretariat/curator", "quillfrost/push", "saltmarsh/pull"
NG_IDENTITY = "identity--5140cc6f-add5-4dc5-998b-1cf193adb58e"
READER = "readers-read: a reader finds and reads the collections whose readers include an audience of his"


def advice(number: int, *markings: str, **more: object) -> dict[str, object]:
    """A small valid object."""
    times = {"created": NOW_TEXT, "modified": NOW_TEXT}
    whole = {"type": "course-of-action", "spec_version": "2.1", "id": ID.format(number), "name": f"advice {number}", **times}
    return whole | {"object_marking_refs": list(markings)} | more


ID = "course-of-action--00000000-0000-4000-8000-{:012}"
OPEN, STRICTER, LISTED = (ID.format(number) for number in (1, 2, 3))
NOTE = "note--00000000-0000-4000-8000-000000000004"
TERMS: dict[str, Any] = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--00000000-0000-4000-8000-000000000001",
    "created": NOW_TEXT,
    "extensions": {
        HANDLING_EXTENSION: {
            "extension_type": "property-extension",
            "handling_version": "1.0",
            "releasable_to": ["jur:NG"],
            "purposes": ["defence"],
        }
    },
}


@pytest.fixture
def shared(desk: Desk) -> Desk:
    """What Nigeria shares: something open, something strict in two versions, something for itself, and a note about that."""
    newer = advice(2, STRICT, modified="2026-02-01T00:00:00.000Z")
    note = advice(4, CLEAR, type="note", id=NOTE, content="see there", object_refs=[LISTED])
    del note["name"]
    send(desk, ALLIANCE, NG, TERMS, advice(1, CLEAR), advice(2, STRICT), newer, advice(3, AMBER, TERMS["id"]), note)
    return desk


# ---- one object


def test_the_first_line_is_the_verdict(shared: Desk) -> None:
    done = shared.run("explain", KE, ALLIANCE, LISTED, "--as", NG)
    assert done.code == 0
    first, *rest = done.out.splitlines()
    assert first == f"{KE} does not get this: the object's marking says to whom it may be released, and the reader is not among them"
    assert any("not-listed: the object's marking says" in line for line in rest)
    for word in (NOW_TEXT, "ng-cert", "amber", "released to jur:NG", "for the purposes defence", "closed"):
        assert word in done.out
    done = shared.run("explain", "ke-cert/opencti", ALLIANCE, STRICTER, "--as", NG)
    assert done.out.splitlines()[0] == "ke-cert/opencti gets this in version 2026-02-01T00:00:00.000Z"
    assert all(word in done.out for word in (READER, "shown", "older", "amber+strict"))
    assert f"This is what {NG} may know:" in done.err


def test_an_organisation_is_told_client_by_client(shared: Desk) -> None:
    done = shared.run("explain", "ke-cert", ALLIANCE, STRICTER, "--as", NG)
    verdicts = [line for line in done.out.splitlines() if line.startswith("ke-cert/")]
    assert [line.split()[0] for line in verdicts] == [f"ke-cert/{name}" for name in ("admin", "desk", "feed", "misp", "opencti")]
    assert verdicts[0] == (
        "ke-cert/admin does not get this: no policy permits it: "
        "that takes the role `reader`, and an audience among the readers of members/alliance"
    )
    assert "does not get this: a constituency feed ends at TLP:AMBER" in verdicts[2]
    public = shared.run("explain", "public", ALLIANCE, OPEN)
    assert public.out.startswith("the public does not get this: nobody finds or reads without credentials")
    assert public.err == ""


def test_scripts_get_json(shared: Desk) -> None:
    found = shared.run("explain", PULL, ALLIANCE, STRICTER, "--as", CURATOR, "--json").json
    assert (found["collection"], found["object_id"]) == (ALLIANCE, STRICTER)
    (verdict,) = found["verdicts"]
    assert (verdict["client"], verdict["reads"], verdict["gets"], verdict["version"]) == (PULL, True, False, "")
    newest, oldest = verdict["versions"]
    assert [newest[name] for name in ("by", "originator", "tlp", "state", "terms")] == ["", "", "amber+strict", "published", []]
    assert [(ground["policy"], newest["fate"]) for ground in newest["grounds"]] == [("partner-not-listed", "closed")]
    assert (oldest["version"], oldest["refers_to"]) == (NOW_TEXT, [])


def test_what_an_object_refers_to_is_told(shared: Desk) -> None:
    done = shared.run("explain", KE, ALLIANCE, NOTE, "--as", NG)
    assert done.out.startswith(f"{KE} does not get this: it refers to {LISTED}, which is closed to this client; ")
    assert "withheld" in done.out


def test_a_curator_is_told_of_what_waits(desk: Desk) -> None:
    send(desk, INTAKE, PARTNER, advice(1, CLEAR))
    done = desk.run("explain", KE, INTAKE, OPEN, "--as", CURATOR)
    assert done.out.startswith(f"{KE} does not get this: no policy permits it")
    assert "quarantined: what waits for a curator" in done.out
    assert "quarantined" in done.out


def test_a_version_that_waits_is_told_beside_the_one_that_is_there(desk: Desk) -> None:
    terms = {
        **TERMS,
        "extensions": {HANDLING_EXTENSION: TERMS["extensions"][HANDLING_EXTENSION] | {"embargo_until": "2999-01-01T00:00:00Z"}},
    }
    del terms["extensions"][HANDLING_EXTENSION]["releasable_to"]
    send(desk, ALLIANCE, NG, terms, advice(1, CLEAR), advice(1, CLEAR, terms["id"], modified="2026-02-01T00:00:00.000Z"))
    done = desk.run("explain", KE, ALLIANCE, OPEN, "--as", NG)
    assert done.out.startswith(f"{KE} gets this in version {NOW_TEXT}, not in the newest: until it is published, an embargoed version")
    assert "embargoed until 2999-01-01" in done.out


def test_a_collection_may_be_named_by_its_id(shared: Desk) -> None:
    place = "members/e6b1a10a-1498-4093-bc1f-334dcde033d0"
    assert shared.run("explain", KE, place, OPEN, "--as", NG).out.startswith(f"{KE} gets this")
    assert shared.run("explain", PULL, place).out.startswith(f"{PULL} reads {ALLIANCE}")


def test_the_asker_may_come_from_the_environment(shared: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEGATION_CLIENT", KE)
    refused(shared.run("explain", KE, ALLIANCE, OPEN), "no such thing", f"for {KE}")


@pytest.mark.parametrize("identifier", [OPEN, LISTED, "malware--1"])
def test_to_others_it_does_not_exist(shared: Desk, identifier: str) -> None:
    """Case 25: hidden, not theirs, not there: one answer."""
    for client in (KE, PULL, "secretariat/auditor", "ng-cert/feed"):
        done = shared.run("explain", "ng-cert", ALLIANCE, identifier, "--as", client)
        refused(done)
        assert done.err == f"error: there is no such thing in `{ALLIANCE}`, or no such collection, for {client}\n"


def test_it_refuses_what_does_not_exist(shared: Desk) -> None:
    refused(shared.run("explain", KE, ALLIANCE, "malware--1"), "`members/alliance`")
    refused(shared.run("explain", KE, "members/nothing", OPEN, "--as", NG), "`members/nothing`")
    refused(shared.run("explain", KE, ALLIANCE, OPEN, "--as", "ng-cert/nobody"), "no client `ng-cert/nobody`")
    for nobody in ("zz-cert", "zz-cert/misp", "ke-cert/nobody"):
        refused(shared.run("explain", nobody, ALLIANCE, OPEN, "--as", NG), f"no client or organisation `{nobody}`")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", KE], "ROOT/COLLECTION"),
        (["explain", "KE", ALLIANCE], "`KE` is nobody"),
        (["explain", KE, "alliance"], "`alliance` is no collection"),
        (["explain", KE, ALLIANCE, "--as", NG], "OBJECT-ID"),
        (["explain", "ke-cert", ALLIANCE], "OBJECT-ID"),
    ],
)
def test_it_does_not_understand(desk: Desk, arguments: list[str], words: str) -> None:
    done = desk.run(*arguments)
    assert done.code == 2
    assert words in done.err


# ---- a collection


def test_a_collection_is_told_level_by_level(shared: Desk) -> None:
    done = shared.run("explain", PULL, ALLIANCE)
    assert done.code == 0
    assert done.out.startswith(f"{PULL} reads {ALLIANCE}: readers-read: ")
    assert "partner-not-listed" in done.out
    found = shared.run("explain", PULL, ALLIANCE, "--json").json
    assert next((each["tlp"], each["allowed"], each["objects"]) for each in found["reasons"]) == ("clear", True, 2)
    assert shared.run("explain", "public", ALLIANCE).out.startswith(f"the public does not read {ALLIANCE}: anonymous-")
    assert "no policy permits it" in shared.run("explain", "lanternbay/pull", ALLIANCE).out


def test_a_collection_or_client_that_does_not_exist_is_refused(desk: Desk) -> None:
    refused(desk.run("explain", "nobody/x", ALLIANCE), "no client `nobody/x`")
    refused(desk.run("explain", NG, "members/nothing"), "`members/nothing`")
