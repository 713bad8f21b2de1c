"""Right names for wrong ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.principal import Role
from app.configuration.countries import is_country
from app.configuration.names import nearest, unknown

ROLES = [role.value for role in Role]


LONG_ENOUGH = [role for role in ROLES if len(role) > 4]
"""Three letters with two of them exchanged are nobody's."""


@given(st.sampled_from(LONG_ENOUGH), st.data())
def test_a_slip_of_the_pen_still_means_the_role(role: str, data: st.DataObject) -> None:
    """Two neighbouring letters exchanged, in capitals, with `_` for `-`."""
    place = data.draw(st.integers(0, len(role) - 2))
    slip = role[:place] + role[place + 1] + role[place] + role[place + 2 :]
    assert nearest(slip.upper().replace("-", "_"), ROLES) == role


def test_the_nearest_name_is_proposed() -> None:
    assert unknown("role", "raeder", ROLES) == "unknown role `raeder`; did you mean `reader`?"


def test_of_few_names_all_are_told() -> None:
    assert unknown("word", "perhaps", ["yes", "no"]) == "unknown word `perhaps`; there are `no`, `yes`"


def test_of_many_names_none_is_told_that_is_not_near() -> None:
    assert unknown("organisation", "zzz", [f"org-{number}" for number in range(100)]) == "unknown organisation `zzz`"


def test_where_there_is_nothing_nothing_is_proposed() -> None:
    assert unknown("issuer", "login", []) == "unknown issuer `login`"


def test_of_audiences_the_sort_is_no_likeness() -> None:
    """`jur:FR` is not nearly `jur:NG` because both are countries."""
    assert nearest("jur:FR", ["jur:NG", "jur:KE"]) is None
    assert nearest("org:ng-crt", ["org:ng-cert", "org:ke-cert"]) == "org:ng-cert"


@pytest.mark.parametrize("code", ["NG", "FR", "XK", "XX", "QM", "ZZ", "EU"])
def test_countries_are_official_or_left_to_users(code: str) -> None:
    assert is_country(code)


@pytest.mark.parametrize("code", ["UK", "EN", "ng", "NGA", "", "QA "])
def test_other_codes_are_no_countries(code: str) -> None:
    assert not is_country(code)
