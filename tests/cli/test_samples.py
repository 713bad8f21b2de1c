"""The sample feed: valid by the server's own judgement, at every level, the same each time, and about nobody real."""

import json
import re
from collections import Counter
from ipaddress import ip_address, ip_network

import pytest

from app.cli.samples import Parties, feed, prevention
from app.clock import system_clock
from app.stix.handling import Tlp
from app.stix.markings import CANONICAL, HANDLING_EXTENSION
from app.stix.objects import Limits, read_object
from app.stix.walk import references

PARTIES = Parties(
    creator="identity--11111111-1111-4111-8111-111111111111",
    name="Sample vendor",
    recipients=("identity--22222222-2222-4222-8222-222222222222",),
    region=("group:afjoc",),
)
RESERVED = [ip_network(block) for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
RESERVED_NAMES = re.compile(r"(.+\.)?example(\.(org|net|com))?")


@pytest.fixture(scope="module")
def objects() -> list[dict[str, object]]:
    return feed(PARTIES)


def level(content: dict[str, object]) -> Tlp | None:
    found = [CANONICAL[each] for each in content.get("object_marking_refs", ()) if each in CANONICAL]
    return max(found, default=None)


@pytest.mark.parametrize("build", [feed, prevention])
def test_every_object_is_taken_by_the_server(build: object) -> None:
    for content in build(PARTIES):  # type: ignore[operator]
        read_object(json.dumps(content).encode(), system_clock(), Limits(), allow_custom=False)


def test_the_same_parties_give_the_same_feed(objects: list[dict[str, object]]) -> None:
    assert json.dumps(feed(PARTIES)) == json.dumps(objects)


def test_it_holds_some_hundreds_of_objects_of_all_types_that_matter(objects: list[dict[str, object]]) -> None:
    kinds = Counter(each["type"] for each in objects)
    assert 300 <= len(objects) <= 500
    assert len({each["id"] for each in objects}) == len(objects)
    wanted = (
        "attack-pattern campaign course-of-action grouping identity indicator infrastructure intrusion-set language-content location malware"
        " marking-definition note observed-data opinion relationship report sighting vulnerability"
        " domain-name email-addr file ipv4-addr ipv6-addr network-traffic url"
    )
    assert kinds.keys() == set(wanted.split())
    patterns = {each["pattern_type"] for each in objects if each["type"] == "indicator"}
    assert patterns == {"stix", "yara", "sigma", "snort", "suricata", "pcre"}


def test_every_level_occurs_in_both_dialects(objects: list[dict[str, object]]) -> None:
    used = {each for content in objects for each in content.get("object_marking_refs", ())}
    assert used >= CANONICAL.keys()
    assert min(Counter(level(each) for each in objects if level(each) is not None).values()) > 20


def test_only_the_vendor_itself_is_unmarked(objects: list[dict[str, object]]) -> None:
    assert [each["id"] for each in objects if level(each) is None] == [PARTIES.creator]


def test_red_always_names_its_readers(objects: list[dict[str, object]]) -> None:
    (named,) = [each["id"] for each in objects if "recipients" in each.get("extensions", {}).get(HANDLING_EXTENSION, {})]
    for each in objects:
        if level(each) is Tlp.RED and each["id"] != named:
            assert named in each["object_marking_refs"]


def test_what_refers_is_at_least_as_closed_and_comes_later(objects: list[dict[str, object]]) -> None:
    levels = {each["id"]: level(each) or Tlp.CLEAR for each in objects}
    seen: set[object] = set()
    for each in objects:
        seen.add(each["id"])
        for target in references(each):
            assert target in seen
            assert levels[target] <= levels[each["id"]]


def test_addresses_and_names_belong_to_documentation(objects: list[dict[str, object]]) -> None:
    """RFC 5737, RFC 3849, RFC 2606."""
    text = json.dumps(objects)
    for found in re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", text):
        assert any(ip_address(found) in block for block in RESERVED), found
    for found in re.findall(r"2001:[0-9a-f:]+", text):
        assert ip_address(found.rstrip(":") + "::") in RESERVED[-1], found
    for found in re.findall(r"(?:https?://|@)([a-z0-9.-]+)", text):
        assert RESERVED_NAMES.fullmatch(found), found
    for each in objects:
        if each["type"] == "domain-name":
            assert RESERVED_NAMES.fullmatch(str(each["value"]))
