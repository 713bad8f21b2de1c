"""A label in words: every demand is told, once, and nothing else."""

from datetime import UTC, datetime

from app.stix.handling import HandlingLabel, Tlp, join
from app.stix.wording import terms

PLAIN = HandlingLabel(Tlp.AMBER, "ng-cert", "ng-cert/misp")


def test_a_level_alone_has_no_terms() -> None:
    assert terms(PLAIN) == []


def test_each_demand_is_told() -> None:
    moment = datetime(2030, 1, 2, 3, tzinfo=UTC)
    label = HandlingLabel(
        Tlp.RED,
        "ng-cert",
        "ng-cert/misp",
        recipients=frozenset({"user:ng-cert/desk"}),
        releasable_to=frozenset({"jur:KE", "jur:FR"}),
        not_releasable_to=frozenset({"org:acme"}),
        embargo_until=moment,
        retention_until=moment,
        purposes=frozenset({"defence"}),
        opaque=True,
    )
    assert terms(label) == [
        "released to jur:FR, jur:KE",
        "not to org:acme",
        "for the recipients user:ng-cert/desk",
        "for the purposes defence",
        "embargoed until 2030-01-02T03:00Z",
        "kept until 2030-01-02T03:00Z",
        "under terms that are not understood: for its originator alone",
    ]


def test_a_list_of_nobody_is_told() -> None:
    assert terms(HandlingLabel(Tlp.AMBER, "ng-cert", "ng-cert/misp", releasable_to=frozenset())) == ["released to nobody"]


def test_what_several_originators_demand_is_told_once() -> None:
    mine = HandlingLabel(Tlp.AMBER, "ng-cert", "ng-cert/misp", releasable_to=frozenset({"jur:KE"}))
    theirs = HandlingLabel(Tlp.AMBER, "ke-cert", "ke-cert/misp", releasable_to=frozenset({"jur:KE"}))
    assert terms(join(mine, theirs)) == ["released to jur:KE"]
