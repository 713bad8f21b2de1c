"""`legation audit`: what its commands tell, to whom, and which tampering with the files of a store they find."""

import json
import os
import stat
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from desks import Desk, Done, copied, refused, send

NATIONAL, ALLIANCE, INTAKE = "members/fr-indicators", "members/alliance", "intake/quillfrost"
FR, KE, NG, AUDITOR, SECRETARY = "fr-cert/opencti", "ke-cert/misp", "ng-cert/misp", "fr-cert/auditor", "secretariat/auditor"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
UNKNOWN = "course-of-action--00000000-0000-4000-8000-000000000099"


def advice(number: int, minute: int = 0) -> dict[str, object]:
    """A small valid object; a later minute makes a later version."""
    return {
        "type": "course-of-action",
        "spec_version": "2.1",
        "id": f"course-of-action--00000000-0000-4000-8000-{number:012}",
        "created": "2026-03-01T09:00:00.000Z",
        "modified": f"2026-03-01T09:{minute:02}:00.000Z",
        "name": f"advice {number}",
        "object_marking_refs": [GREEN],
    }


ONE, TWO = (str(advice(number)["id"]) for number in (1, 2))


@pytest.fixture(scope="module")
def shared(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """France shared two objects, one of them in two versions, Kenya one of its own; Kenya and Nigeria have read."""
    desk = copied(prepared, tmp_path_factory.mktemp("shared") / "desk")
    send(desk, ALLIANCE, FR, advice(1), advice(2))
    send(desk, ALLIANCE, KE, advice(3))
    assert desk.run("export", ALLIANCE, "--as", KE).code == 0
    send(desk, ALLIANCE, FR, advice(1, minute=5))
    assert desk.run("export", ALLIANCE, "--as", NG).code == 0
    return desk.folder


@pytest.fixture
def told(shared: Path, tmp_path: Path) -> Desk:
    """A copy of that store, to be spoiled."""
    return copied(shared, tmp_path / "told")


# ---- who saw


def test_originators_learn_who_received_which_version(told: Desk) -> None:
    found = told.run("audit", "who-saw", ONE, "--as", AUDITOR, "--json").json
    assert [(each["collection"], each["version"], each["organisation"], each["client"], each["epoch"]) for each in found] == [
        (ALLIANCE, "2026-03-01T09:00:00.000Z", "ke-cert", KE, 1),
        (ALLIANCE, "2026-03-01T09:05:00.000Z", "ng-cert", NG, 1),
    ]
    assert all(each["object_id"] == ONE and each["contributor"] == "fr-cert" and each["delivered"].endswith("Z") for each in found)
    shown = told.run("audit", "who-saw", ONE, "--as", AUDITOR)
    assert all(word in shown.out for word in (ONE, ALLIANCE, "ke-cert", "misp", "09:05:00"))


@pytest.mark.parametrize("client", [KE, FR, "fr-police/auditor", "ng-cert/misp"])
def test_others_learn_nothing_not_even_that_there_is_something(told: Desk, client: str) -> None:
    hidden, unknown = (told.run("audit", "who-saw", each, "--as", client) for each in (ONE, UNKNOWN))
    refused(hidden, client)
    assert hidden.err.replace(ONE, UNKNOWN) == unknown.err


def test_a_delivery_that_cannot_be_read_is_no_silence(told: Desk) -> None:
    spoil(told, "UPDATE delivered SET steps = x'ff00' WHERE number = 1")
    refused(told.run("audit", "who-saw", ONE, "--as", AUDITOR), "legation audit verify")


def test_the_secretariat_sees_the_deliveries_of_all(told: Desk) -> None:
    for each, times in ((ONE, 2), (TWO, 2), (str(advice(3)["id"]), 2)):
        assert len(told.run("audit", "who-saw", each, "--as", SECRETARY, "--json").json) == times
    refused(told.run("audit", "who-saw", UNKNOWN, "--as", SECRETARY), UNKNOWN)


def test_what_nobody_received_is_said_so(desk: Desk) -> None:
    send(desk, NATIONAL, FR, advice(1))
    done = desk.run("audit", "who-saw", ONE, "--as", AUDITOR)
    assert (done.code, done.out) == (0, "")
    assert "delivered to nobody" in done.err
    assert desk.run("audit", "who-saw", ONE, "--as", AUDITOR, "--json").json == []


def test_an_unknown_client_is_named(told: Desk) -> None:
    refused(told.run("audit", "who-saw", ONE, "--as", "fr-cert/nobody"), "no client `fr-cert/nobody`")
    refused(told.run("audit", "log", "--as", "fr-cert/nobody"), "no client `fr-cert/nobody`")


# ---- who tried to send it on

RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
FR_IDENTITY = "identity--c8409342-e351-42b4-9932-2fb0567f3809"


def test_case_14_originators_are_alerted_to_relays_of_red(told: Desk) -> None:
    quiet = told.run("audit", "relays", "--as", AUDITOR)
    assert (quiet.code, quiet.out) == (0, "")
    assert "nobody tried" in quiet.err
    secret = {**advice(7), "created_by_ref": FR_IDENTITY, "object_marking_refs": [RED]}
    assert told.run("import", told.write("secret.json", [secret]), "--to", ALLIANCE, "--as", KE).code == 1
    for client in (AUDITOR, SECRETARY):
        alert = told.run("audit", "relays", "--as", client)
        assert alert.code == 1
        assert all(word in alert.out for word in (str(secret["id"]), "fr-cert", "ke-cert", "misp"))
    assert [each["client"] for each in told.run("audit", "relays", "--as", AUDITOR, "--json").json] == [KE]
    assert told.run("audit", "relays", "--as", AUDITOR, "--since", "2100-01-01").code == 0
    assert told.run("audit", "relays", "--as", "fr-police/auditor", "--json").json == []
    refused(told.run("audit", "relays", "--as", FR), "fr-cert/opencti may not audit")
    assert told.run("audit", "log", ALLIANCE, "--event", "refuse-relay", "--json").json["actor"] == KE


# ---- log


def lines(done: Done) -> list[dict[str, object]]:
    assert done.code == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


def test_the_log_tells_each_deed_once(told: Desk) -> None:
    assert [(each["place"], each["number"], each["event"], each["actor"]) for each in lines(told.run("audit", "log", "--json"))] == [
        ("administration", 1, "reload", "(operator)"),
        (ALLIANCE, 1, "add", FR),
        (ALLIANCE, 2, "add", KE),
        (ALLIANCE, 3, "add", FR),
    ]
    assert [each["event"] for each in lines(told.run("audit", "log", "--administration", "--json"))] == ["reload"]
    assert [each["number"] for each in lines(told.run("audit", "log", ALLIANCE, "--json"))] == [1, 2, 3]
    shown = told.run("audit", "log", ALLIANCE).out
    assert all(word in shown for word in ("add", FR, "rows 1-2", "content "))


def test_the_log_is_narrowed_by_event_and_time(told: Desk) -> None:
    assert lines(told.run("audit", "log", "--event", "delete", "--event", "purge", "--json")) == []
    assert len(lines(told.run("audit", "log", "--event", "add", "--json"))) == 3
    assert lines(told.run("audit", "log", "--since", "2999-01-01", "--json")) == []
    assert len(lines(told.run("audit", "log", "--since", "2020-01-01", "--json"))) == 4
    assert told.run("audit", "log", "--event", "nonsense").code == 2


def test_auditors_of_the_secretariat_read_metadata_without_hashes_of_content(told: Desk) -> None:
    found = lines(told.run("audit", "log", "--as", SECRETARY, "--json"))
    assert [each["event"] for each in found] == ["reload", "add", "add", "add"]
    assert not any("content" in each for each in found)
    assert all("content" in each for each in lines(told.run("audit", "log", ALLIANCE, "--json")))


@pytest.mark.parametrize("where", [[], [ALLIANCE], ["--administration"], ["members/nowhere"]])
def test_nobody_else_reads_the_log(told: Desk, where: list[str]) -> None:
    refused(told.run("audit", "log", *where, "--as", AUDITOR), AUDITOR)


def test_a_place_is_one_or_the_other(told: Desk) -> None:
    refused(told.run("audit", "log", ALLIANCE, "--administration"), "not both")
    refused(told.run("audit", "log", "members/nowhere"), "`members/nowhere`")


def test_a_record_that_cannot_be_read_is_shown_as_such(told: Desk) -> None:
    spoil(told, "UPDATE sealed SET record = x'00' WHERE number = 2")
    assert "audit verify" in told.run("audit", "log", ALLIANCE).out
    assert lines(told.run("audit", "log", ALLIANCE, "--event", "delete", "--json")) == [{"place": ALLIANCE, "number": 2}]


# ---- verify, against the files themselves


def spoil(desk: Desk, statement: str) -> None:
    """Change the files of the store as somebody could who has them."""
    name = (
        "legation.sqlite-deliveries"
        if any(table in statement for table in ("delivered", "batch", "stretch", "name "))
        else "legation.sqlite"
    )
    with closing(apsw.Connection(str(desk.folder / name))) as connection:
        connection.execute(statement)


def test_an_untouched_store_is_whole(told: Desk) -> None:
    done = told.run("audit", "verify", "--json")
    assert done.code == 0
    assert done.json["whole"] is True
    assert [(each["of"], each["records"], each["faults"]) for each in done.json["chains"]] == [
        ("administration", 1, []),
        ("deliveries", 2, []),
        (ALLIANCE, 3, []),
    ]
    assert ["checkpoint" in each for each in done.json["unchecked"]] == [True]
    shown = told.run("audit", "verify")
    assert ALLIANCE in shown.out
    assert "not checked: whether ends of chains were cut off" in shown.out


TAMPERING = {
    "record": ("UPDATE sealed SET record = x'7b7d' WHERE number = 2", f"{ALLIANCE}: record 2 was changed"),
    "seal": ("UPDATE sealed SET seal = x'00' WHERE number = 2", f"{ALLIANCE}: record 2 was changed"),
    "removed": ("DELETE FROM sealed WHERE number = 2", f"{ALLIANCE}: record 2 is missing"),
    "first": ("DELETE FROM sealed WHERE number = 1 AND chain <> 'administration'", f"{ALLIANCE}: record 1 is missing"),
    "inserted": (
        "INSERT INTO sealed SELECT chain, 9, record, seal FROM sealed WHERE number = 3",
        f"{ALLIANCE}: records 4 to 8 are missing",
    ),
    "order": (
        "UPDATE sealed SET number = -number WHERE number > 1; UPDATE sealed SET number = 5 + number WHERE number < 0",
        f"{ALLIANCE}: record 2 was changed",
    ),
    "chain": (
        "UPDATE sealed SET chain = 'other' WHERE chain = 'administration'",
        "other, which is no collection in force: record 1 was changed",
    ),
    "client": ("UPDATE delivered SET client = 3 - client", "deliveries: record 1 was changed"),
    "time": ("UPDATE delivered SET at = at + 1 WHERE number = 2", "deliveries: record 2 was changed"),
    "rows": ("UPDATE delivered SET steps = x'0102' WHERE number = 1", "deliveries: record 1 was changed"),
    "garbage": ("UPDATE delivered SET steps = x'ff00' WHERE number = 1", "deliveries: record 1 was changed"),
    "nothing": ("UPDATE delivered SET steps = x'' WHERE number = 1", "deliveries: record 1 was changed"),
    "deflated": ("UPDATE delivered SET steps = x'8100' WHERE number = 1", "deliveries: record 1 was changed"),
    "negative": ("UPDATE delivered SET first = -1 WHERE number = 1", "deliveries: record 1 was changed"),
    "hidden": ("DELETE FROM stretch WHERE delivery = 1", "deliveries: record 1 was changed"),
    "misplaced": ("UPDATE stretch SET last = last + 100, first = first + 100 WHERE delivery = 1", "deliveries: record 1 was changed"),
    "delivery": ("DELETE FROM delivered WHERE number = 1", "deliveries: record 1 was changed"),
    "batch": ("DELETE FROM batch WHERE number = 1", "deliveries: record 1 is missing"),
    "name": ("UPDATE name SET text = 'xx-cert/misp' WHERE text = 'ke-cert/misp'", "deliveries: record 1 was changed"),
    "no name": ("DELETE FROM name WHERE text = 'ke-cert/misp'", "deliveries: record 1 was changed"),
}


@pytest.mark.parametrize(("statement", "fault"), TAMPERING.values(), ids=TAMPERING)
def test_tampering_is_named(told: Desk, statement: str, fault: str) -> None:
    spoil(told, statement)
    done = told.run("audit", "verify")
    assert done.code == 1
    assert fault in done.out
    found = told.run("audit", "verify", "--json")
    assert found.code == 1
    assert found.json["whole"] is False


# ---- checkpoints


@pytest.fixture
def key(told: Desk) -> Path:
    file = told.folder / "signer"
    assert told.run("audit", "key", str(file)).code == 0
    return file


def test_a_key_is_private_and_never_written_over(told: Desk, key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert b"PRIVATE" in key.read_bytes()
    assert b"PUBLIC" in Path(f"{key}.pub").read_bytes()
    before = key.read_bytes()
    refused(told.run("audit", "key", str(key)), "is there already")
    assert key.read_bytes() == before
    refused(told.run("audit", "key", str(told.folder / "none" / "k")), "cannot be written")


def kept(desk: Desk, key: Path) -> str:
    """A checkpoint of the store as it is."""
    file = desk.folder / "kept"
    assert desk.run("audit", "checkpoint", "--key", str(key), "--to", str(file)).code == 0
    return str(file)


def test_a_checkpoint_is_printed_or_written_once(told: Desk, key: Path) -> None:
    printed = told.run("audit", "checkpoint", "--key", str(key))
    assert printed.out.count(".") == 2
    file = kept(told, key)
    refused(told.run("audit", "checkpoint", "--key", str(key), "--to", file), "is there already")


def test_against_a_checkpoint_an_untouched_store_that_went_on_is_whole(told: Desk, key: Path) -> None:
    file = kept(told, key)
    send(told, ALLIANCE, FR, advice(4))
    send(told, NATIONAL, FR, advice(5))
    done = told.run("audit", "verify", "--since", file, "--key", f"{key}.pub", "--json")
    assert (done.code, done.json["whole"]) == (0, True)
    assert [each for each in done.json["unchecked"] if NATIONAL in each]
    assert not [each for each in done.json["unchecked"] if "who wrote" in each]


CUT = {
    "end": ("DELETE FROM sealed WHERE number = 3", f"{ALLIANCE}: ends at record 2, but the checkpoint names record 3"),
    "chain": ("DELETE FROM sealed WHERE chain <> 'administration'", "ends at record 0, but the checkpoint names record 3"),
    "deliveries": ("DELETE FROM batch WHERE number = 2; DELETE FROM delivered WHERE number > 1", "deliveries: ends at record 1, but the"),
    "everything": ("DELETE FROM batch; DELETE FROM delivered", "deliveries: ends at record 0, but the checkpoint names record 2"),
}


@pytest.mark.parametrize(("statement", "fault"), CUT.values(), ids=CUT)
def test_a_cut_end_shows_against_a_checkpoint_alone(told: Desk, key: Path, statement: str, fault: str) -> None:
    file = kept(told, key)
    spoil(told, statement)
    assert told.run("audit", "verify").code == 0
    done = told.run("audit", "verify", "--since", file, "--key", f"{key}.pub")
    assert done.code == 1
    assert fault in done.out


def test_objects_without_any_record_are_pointed_out(told: Desk) -> None:
    spoil(told, "DELETE FROM sealed WHERE chain <> 'administration'")
    assert f"not checked: {ALLIANCE} holds objects but has no records" in told.run("audit", "verify").out


def test_a_checkpoint_without_a_key_is_believed_with_a_word_of_it(told: Desk, key: Path) -> None:
    assert "not checked: who wrote the checkpoint" in told.run("audit", "verify", "--since", kept(told, key)).out


def test_what_is_no_checkpoint_or_no_key_is_refused(told: Desk, key: Path) -> None:
    file = kept(told, key)
    assert told.run("audit", "key", str(told.folder / "other")).code == 0
    public, other, rubbish = f"{key}.pub", f"{told.folder / 'other'}.pub", told.write("rubbish", [])
    refused(told.run("audit", "verify", "--since", file, "--key", other), "not signed by this key")
    refused(told.run("audit", "verify", "--since", rubbish, "--key", public), "no checkpoint")
    refused(told.run("audit", "verify", "--since", file, "--key", rubbish), "no Ed25519 key")
    refused(told.run("audit", "verify", "--since", str(told.folder / "none")), "cannot be read")
    refused(told.run("audit", "verify", "--key", public), "--since")
    refused(told.run("audit", "checkpoint", "--key", public), "cannot sign")
    refused(told.run("audit", "checkpoint", "--key", str(told.folder / "none")), "cannot be read")


def test_help_names_the_commands(desk: Desk) -> None:
    shown = desk.run("audit", "--help").out
    for name in ("who-saw", "log", "verify", "checkpoint", "key"):
        assert f" {name} " in shown
        assert desk.run("audit", name, "--help").code == 0


def test_keys_are_private_whatever_the_mask(desk: Desk) -> None:
    mask = os.umask(0)
    try:
        assert desk.run("audit", "key", str(desk.folder / "open")).code == 0
    finally:
        os.umask(mask)
    assert stat.S_IMODE((desk.folder / "open").stat().st_mode) == 0o600
