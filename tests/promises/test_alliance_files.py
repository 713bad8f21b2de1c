"""The model alliance in the root of the repository: data alone, complete, without a mistake, and told in docs/alliance.md (DESIGN 3, 5)."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.access.alliance import Alliance, Collection, CollectionKind
from app.access.cases import run_case
from app.access.cedar import validate
from app.access.principal import Kind, Role, Scope
from app.configuration import NewMember, add_members, describe_keys, init, read_alliance, read_cases
from app.configuration.countries import is_country

ROOT = Path(__file__).parents[2]
FOLDERS = ("auth", "collections", "policies")
CONTINENTS = {
    "Africa": {"NG", "KE", "ZA", "GH"},
    "Europe": {"FR", "DE", "PL"},
    "Asia": {"JP", "SG"},
    "America": {"BR", "CA"},
    "Oceania": {"AU"},
}


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    """The model."""
    return read_alliance(ROOT)


def of_kind(alliance: Alliance, kind: Kind) -> list[str]:
    return [name for name, organisation in alliance.organisations.items() if organisation.kind == kind]


def collections(alliance: Alliance, root: str) -> dict[str, Collection]:
    """The collections of an API root by name."""
    return {collection.name: collection for collection in alliance.collections if collection.root == root}


# ---- the folders


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_code_lies_among_the_data(folder: str) -> None:
    """A module in `collections/` would take the place of Python's own."""
    assert not [path for path in (ROOT / folder).rglob("*") if path.suffix.startswith(".py") or path.name == "__pycache__"]


def test_the_names_that_would_hide_python_are_no_files_either() -> None:
    assert not [path for path in ROOT.glob("*.py") if path.stem in FOLDERS]


def test_the_wheel_carries_every_file_of_the_model() -> None:
    """`legation init` works from an installation because pyproject.toml names what to carry."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    for folder in FOLDERS:
        package = f"app.configuration.shipped.{folder}"
        assert package in setuptools["packages"]
        assert setuptools["package-dir"][package] == folder
        carried = {path for pattern in setuptools["package-data"][package] for path in (ROOT / folder).glob(pattern)}
        assert {path for path in (ROOT / folder).rglob("*") if path.is_file() and not path.name.startswith(".")} == carried


def test_the_wheel_carries_every_room() -> None:
    packages = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    assert {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "app").rglob("__init__.py")} <= packages


# ---- the model


def test_the_model_has_no_mistake(alliance: Alliance) -> None:
    assert validate(alliance.policies, alliance.policy_schema) == []
    for path, case in read_cases(ROOT).items():
        assert run_case(case, alliance.policies, alliance.policy_schema) == [], path


def test_members_of_all_continents_take_part(alliance: Alliance) -> None:
    members = of_kind(alliance, Kind.MEMBER)
    jurisdictions = {alliance.organisations[name].jurisdiction for name in members}
    assert len(members) >= 12
    assert all(jurisdictions & countries for countries in CONTINENTS.values())
    assert all(is_country(jurisdiction or "") for jurisdiction in jurisdictions)


def test_some_jurisdictions_have_a_cert_and_a_police_bureau(alliance: Alliance) -> None:
    certs = {name.removesuffix("-cert") for name in alliance.organisations if name.endswith("-cert")}
    bureaus = {name.removesuffix("-police") for name in alliance.organisations if name.endswith("-police")}
    assert len(certs & bureaus) >= 3
    for country in certs & bureaus:
        assert alliance.organisations[f"{country}-cert"].jurisdiction == alliance.organisations[f"{country}-police"].jurisdiction


def test_three_partners_send_and_one_agreement_has_an_end(alliance: Alliance) -> None:
    partners = of_kind(alliance, Kind.PARTNER)
    assert len(partners) == 3
    assert sum(alliance.organisations[name].agreement_until is not None for name in partners) == 1
    for name in partners:
        clients = alliance.organisations[name].clients
        assert (clients["push"].roles, clients["pull"].roles) == ({Role.READER, Role.CONTRIBUTOR}, {Role.READER})
        intake = collections(alliance, "intake")[name]
        assert intake.writers == intake.readers == {f"org:{name}"}
        assert intake.release_to


def test_the_secretariat_has_a_client_for_each_of_its_duties(alliance: Alliance) -> None:
    assert of_kind(alliance, Kind.SECRETARIAT) == ["secretariat"]
    clients = alliance.organisations["secretariat"].clients
    assert set(clients) == {"analyst", "curator", "compliance", "dpo", "auditor", "admin"}
    for duty in (Role.CURATOR, Role.COMPLIANCE, Role.DPO, Role.AUDITOR, Role.ADMIN):
        assert [name for name, client in clients.items() if duty in client.roles] == [duty.value]


def test_every_cert_can_synchronise_answer_for_red_and_administer(alliance: Alliance) -> None:
    for name in of_kind(alliance, Kind.MEMBER):
        clients = alliance.organisations[name].clients.values()
        assert any({Role.READER, Role.CONTRIBUTOR} <= client.roles for client in clients), name
        assert any(Role.RED_READER in client.roles and client.identities for client in clients), name
        assert any(Role.ADMIN in client.roles for client in clients), name
    feeds = [client for each in alliance.organisations.values() for client in each.clients.values() if client.scope is Scope.CONSTITUENCY]
    assert len(feeds) >= 5
    assert all(feed.roles == {Role.READER} for feed in feeds)


def test_the_api_roots_are_those_of_the_platforms(alliance: Alliance) -> None:
    assert sorted(alliance.roots) == ["exchange", "fusion", "intake", "members", "operations", "public"]
    assert [name for name, root in alliance.roots.items() if root.default] == ["members"]


def test_each_jurisdiction_has_one_national_collection(alliance: Alliance) -> None:
    owners = [alliance.organisations[each.owner].jurisdiction for each in alliance.collections if each.kind is CollectionKind.NATIONAL]
    assert sorted(map(str, owners)) == sorted({str(each.jurisdiction) for each in alliance.organisations.values() if each.jurisdiction})


def levels(found: Sequence[Collection]) -> set[tuple[str, str]]:
    return {(collection.ceiling, collection.unmarked) for collection in found}


def test_unmarked_objects_take_the_level_of_the_place(alliance: Alliance) -> None:
    """access-policy case 19, and the ceilings of its table 3.2."""
    kinds = {kind: [each for each in alliance.collections if each.kind is kind] for kind in CollectionKind}
    assert levels(kinds[CollectionKind.NATIONAL]) == {("red", "amber+strict")}
    assert levels(kinds[CollectionKind.ALLIANCE]) == {("amber+strict", "green"), ("green", "green")}
    assert levels(kinds[CollectionKind.OPERATION]) == {("red", "amber")}
    assert levels(kinds[CollectionKind.INTAKE]) == {("red", "amber")}
    assert levels(kinds[CollectionKind.PUBLIC]) == {("clear", "clear")}


def test_the_national_collection_of_nigeria_takes_what_tools_send(alliance: Alliance) -> None:
    collection = collections(alliance, "members")["ng-indicators"]
    assert (collection.owner, collection.red_recipients, collection.custom) == ("ng-cert", {"user:ng-cert/desk"}, "allow")


def test_operations_exist_for_their_participants(alliance: Alliance) -> None:
    operations = collections(alliance, "operations")
    assert set(operations) == {"afjoc", "fincrime"}
    participants = {name for name, audiences in alliance.audiences.items() if "op:afjoc" in audiences}
    assert participants == alliance.groups["afjoc"].members
    assert {"ng-cert", "ke-cert", "za-cert", "secretariat"} <= participants
    assert {alliance.organisations[name].kind for name in alliance.groups["fincrime"].members} == {"member", "partner", "secretariat"}


def test_the_exchange_takes_green_from_others_and_custom_types(alliance: Alliance) -> None:
    collection = collections(alliance, "exchange")["knowledge"]
    assert (collection.ceiling, collection.relay, collection.custom) == ("green", True, "allow")
    assert collection.readers >= {"group:members", "group:partners"}


def test_anybody_reads_the_campaigns_and_nothing_else(alliance: Alliance) -> None:
    assert [collection.path for collection in alliance.collections if "public" in collection.readers] == ["public/campaigns"]


def test_amber_strict_as_opencti_writes_it_is_understood(alliance: Alliance) -> None:
    """access-policy 1.3: without the alias it would pass as a harmless statement."""
    assert alliance.marking_aliases["marking-definition--826578e1-40ad-459f-bc73-ede076f81f37"] == "amber+strict"


def test_all_ids_are_random(alliance: Alliance) -> None:
    """C7: version 4, or some clients refuse the collection."""
    identities = [identity for each in alliance.organisations.values() for identity in each.identities]
    identities += [
        identity for each in alliance.organisations.values() for client in each.clients.values() for identity in client.identities
    ]
    assert len(identities) == len(set(identities))
    assert {identity[24] for identity in identities} == {"4"}
    assert {collection.id.version for collection in alliance.collections} == {4}


def test_names_and_titles_fit_every_client(alliance: Alliance) -> None:
    """C6, C7: some split settings at `.` and `,`."""
    names = [*alliance.roots, *(collection.name for collection in alliance.collections)]
    titles = [root.title for root in alliance.roots.values()] + [collection.title for collection in alliance.collections]
    assert not [text for text in names + titles if "." in text or "," in text]


def test_members_that_are_added_to_a_copy_stay_valid(tmp_path: Path) -> None:
    init(tmp_path)
    add_members(
        tmp_path,
        [
            NewMember("tg-cert", "Togo national CERT", "TG", "Togo"),
            NewMember("tg-police", "Togo national central bureau", "TG", "Togo"),
            NewMember("ng-grid", "Nigeria energy CERT", "NG"),
        ],
    )
    assert len(read_alliance(tmp_path).organisations) == len(read_alliance(ROOT).organisations) + 3


# ---- the document


def test_the_document_tells_every_key_as_it_is() -> None:
    """After a change: `python -c 'from app.configuration import describe_keys; print(describe_keys(), end="")'`."""
    text = (ROOT / "docs" / "alliance.md").read_text()
    assert text.partition("## Every key\n\n")[2] == describe_keys()


def test_every_key_has_a_meaning() -> None:
    rows = [line.split(" | ") for line in describe_keys().splitlines() if line.startswith("| `")]
    assert len(rows) >= 40
    assert all(len(row) == 4 and all(cell.strip(" |") for cell in row) for row in rows)


def test_the_document_tells_every_role_kind_and_default() -> None:
    text = (ROOT / "docs" / "alliance.md").read_text()
    for role in Role:
        assert f"`{role.value}`" in text
    for kind in CollectionKind:
        assert f"| `{kind.value}` | " in text
