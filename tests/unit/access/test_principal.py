"""Who asks: what makes two clients the same to the policies, and the anonymous public."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.access.principal import ANONYMOUS, PUBLIC_AUDIENCE, Kind, Principal, Role, Scope

DESK = Principal(
    client="ng/desk",
    organisation="ng",
    kind=Kind.MEMBER,
    jurisdiction="NG",
    roles=frozenset({Role.READER}),
    scope=Scope.ORGANISATION,
    purposes=frozenset({"defence"}),
    names=frozenset({"user:ng/desk"}),
    audiences=frozenset({"public", "org:ng", "user:ng/desk"}),
    compatibility=frozenset({"millisecond-dates"}),
)


def test_the_class_leaves_out_what_no_policy_asks() -> None:
    twin = replace(DESK, client="ng/other", compatibility=frozenset())
    assert DESK.clearance_class == twin.clearance_class
    assert hash(DESK.clearance_class) == hash(twin.clearance_class)
    assert DESK.clearance_class.clearance_class == DESK.clearance_class


@pytest.mark.parametrize(
    "change",
    [
        {"organisation": "np"},
        {"kind": Kind.PARTNER},
        {"jurisdiction": "KE"},
        {"roles": frozenset({Role.READER, Role.CURATOR})},
        {"scope": Scope.CONSTITUENCY},
        {"purposes": frozenset()},
        {"names": frozenset()},
        {"audiences": frozenset({"public"})},
        {"active": False},
        {"agreement_end": datetime(2027, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_class_keeps_everything_that_a_policy_asks(change: dict[str, object]) -> None:
    assert replace(DESK, **change).clearance_class != DESK.clearance_class  # type: ignore[arg-type]


def test_nobody_is_a_reader_of_what_is_public_and_of_nothing_else() -> None:
    assert ANONYMOUS.is_anonymous
    assert not DESK.is_anonymous
    assert ANONYMOUS.audiences == {PUBLIC_AUDIENCE}
    assert ANONYMOUS.roles == {Role.READER}
    assert ANONYMOUS.names == ANONYMOUS.purposes == frozenset()
    assert ANONYMOUS.scope is Scope.CONSTITUENCY
    assert ANONYMOUS.client == ANONYMOUS.organisation == ""
