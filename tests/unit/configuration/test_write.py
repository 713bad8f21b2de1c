"""New members and collections: files that read, or none (issue: `legation add`)."""

import tomllib
from pathlib import Path

import pytest
from alliances import SMALL, write_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.access.alliance import CollectionKind
from app.access.principal import Role, Scope
from app.configuration import NewCollection, NewMember, add_collection, add_member, add_members, read_alliance
from app.errors import ConfigurationError

GHANA = NewMember(id="gh-cert", name="Ghana national CERT", jurisdiction="GH", country="Ghana")


def files(folder: Path) -> dict[str, bytes]:
    """All files with their contents."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(folder: Path, *members: NewMember) -> tuple[str, ...]:
    """Why members are not added; nothing may have changed."""
    before = files(folder)
    with pytest.raises(ConfigurationError) as caught:
        add_members(folder, members)
    assert files(folder) == before
    return caught.value.problems


def test_a_member_gets_an_organisation_and_a_national_collection(folder: Path) -> None:
    written = add_member(folder, GHANA)
    assert [path.relative_to(folder).as_posix() for path in written] == [
        "auth/organisations/gh-cert.toml",
        "collections/members/gh-indicators.toml",
    ]
    alliance = read_alliance(folder)
    organisation = alliance.organisations["gh-cert"]
    assert (organisation.kind, organisation.name, organisation.jurisdiction) == ("member", "Ghana national CERT", "GH")
    assert Role.RED_READER in organisation.clients["desk"].roles
    assert organisation.clients["feed"].scope is Scope.CONSTITUENCY
    collection = alliance.by_path["members", "gh-indicators"]
    assert collection.title == "Ghana indicators"
    assert (collection.kind, collection.owner, collection.ceiling, collection.unmarked) == ("national", "gh-cert", "red", "amber+strict")
    assert (collection.readers, collection.writers) == ({"group:members"}, {"org:gh-cert"})
    assert collection.red_recipients == {"user:gh-cert/desk"}


def test_ids_are_fresh_each_time(folder: Path) -> None:
    togo = NewMember(id="tg-cert", name="Togo national CERT", jurisdiction="TG", country="Togo")
    add_members(folder, [GHANA, togo])
    alliance = read_alliance(folder)
    identities = [identity for name in ("gh-cert", "tg-cert") for identity in alliance.organisations[name].identities]
    assert len(set(identities)) == 2
    assert len({collection.id for collection in alliance.collections}) == len(alliance.collections)


def test_an_identity_that_the_member_has_is_kept(folder: Path) -> None:
    identity = "identity--0b8e6a1c-5d0e-4f6b-9a3e-2f1d7c4b5a69"
    add_member(folder, NewMember("gh-cert", "Ghana national CERT", "GH", "Ghana", identity))
    assert read_alliance(folder).organisations["gh-cert"].identities == {identity}
    assert "Made up" not in (folder / "auth/organisations/gh-cert.toml").read_text()


def test_a_second_organisation_of_a_jurisdiction_gets_no_second_collection(folder: Path) -> None:
    """Also within one list; the file says what is left to do."""
    police = NewMember("gh-police", "Ghana national central bureau", "GH", "Ghana")
    written = add_members(folder, [GHANA, police, NewMember("ng-police", "Nigeria national central bureau", "NG")])
    assert [path.name for path in written] == ["gh-cert.toml", "gh-indicators.toml", "gh-police.toml", "ng-police.toml"]
    assert "`writers`" in (folder / "auth/organisations/ng-police.toml").read_text()
    assert "`writers`" not in (folder / "auth/organisations/gh-cert.toml").read_text()


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (NewMember("../gh", "Ghana", "GH"), "id: `../gh` is no name; names are made of `a` to `z`, `0` to `9` and `-`, 63 at most"),
        (NewMember("gh", " ", "GH", "Ghana"), "name: must not be empty"),
        (NewMember("gh", "Ghana", "../G"), "jurisdiction: `../G` is no country code of ISO 3166-1, two capital letters such as `NG`"),
        (
            NewMember("gh", "Ghana C.E.R.T.", "GH"),
            "country: is needed, without `.` and `,`, to make a title; `Ghana C.E.R.T. indicators` cannot be one",
        ),
        (NewMember("gh", "Ghana", "GH", "", "gh"), "identity: `gh` is no id of a STIX identity, `identity--` and a UUID in lower case"),
    ],
)
def test_unfit_members_are_refused(folder: Path, member: NewMember, told: str) -> None:
    assert refused(folder, GHANA, member) == (f"member `{member.id}`: {told}",)


def test_all_unfit_members_are_told_at_once(folder: Path) -> None:
    assert len(refused(folder, NewMember("A", "", "gh"), NewMember("B", "", "gh"))) == 6


def test_members_cannot_be_listed_twice(folder: Path) -> None:
    assert refused(folder, GHANA, GHANA) == ("member `gh-cert`: is listed twice",)


def test_no_file_is_overwritten(folder: Path) -> None:
    assert refused(folder, GHANA, NewMember("ke-cert", "Kenya", "KE", "Kenya")) == (
        "auth/organisations/ke-cert.toml: the file exists already; nothing was written",
    )


def test_nothing_is_added_to_an_alliance_with_mistakes(folder: Path) -> None:
    write_files(folder, {"auth/groups/afjoc.toml": SMALL["auth/groups/afjoc.toml"].replace("ke-cert", "ke-cret")})
    assert refused(folder, GHANA) == ("auth/groups/afjoc.toml: members: unknown organisation `ke-cret`; did you mean `ke-cert`?",)


def test_what_would_be_a_mistake_is_taken_back(folder: Path) -> None:
    """The identity is another's: seen only when all files are read together."""
    taken = "identity--0d1c8a37-6a52-4d5b-9a0e-6ad6a0b31c11"
    assert refused(folder, NewMember("gh-cert", "Ghana national CERT", "GH", "Ghana", taken)) == (
        f"auth/organisations/ng-cert.toml: identities: `{taken}` belongs to `gh-cert` already; an identity has one organisation",
    )


def test_national_collections_need_their_api_root(folder: Path) -> None:
    (folder / "collections/members").rename(folder / "collections/member")
    write_files(folder, {"collections/intake/vendor.toml": SMALL["collections/intake/vendor.toml"].replace("members/", "member/")})
    assert refused(folder, GHANA) == ("collections/members/api-root.toml: unknown API root `members`; did you mean `member`?",)


def test_a_folder_that_cannot_be_written_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second file fails, as on a full disk: the first one goes too."""
    written: list[Path] = []
    plain_open = Path.open

    def fail_the_second(path: Path, mode: str = "r", *rest: object, **more: object) -> object:
        if mode == "x":
            written.append(path)
            if len(written) == 2:
                raise OSError(28, "No space left on device")
        return plain_open(path, mode, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", fail_the_second)
    assert refused(folder, GHANA) == (f"`{folder}`: cannot be written: no space left on device",)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(lambda name: name.strip()))
def test_any_name_survives_its_file(folder: Path, name: str) -> None:
    """Quotes, control characters, any script: the file says what was given (TOML 1.0, String)."""
    written = add_member(folder, NewMember("gh-cert", name, "GH", "Ghana"))
    try:
        assert tomllib.loads(written[0].read_text())["name"] == name
        assert read_alliance(folder).organisations["gh-cert"].name == name
    finally:
        for path in written:
            path.unlink()


COLLECTIONS = {
    CollectionKind.NATIONAL: NewCollection("members", "ke-indicators", CollectionKind.NATIONAL, "ke-cert", writers=("org:ke-cert",)),
    CollectionKind.ALLIANCE: NewCollection("members", "reports", CollectionKind.ALLIANCE, "secretariat", writers=("group:members",)),
    CollectionKind.OPERATION: NewCollection(
        "operations", "sahel", CollectionKind.OPERATION, "ng-cert", readers=("group:afjoc",), writers=("group:afjoc",)
    ),
    CollectionKind.INTAKE: NewCollection(
        "intake", "vendor-2", CollectionKind.INTAKE, "secretariat", writers=("org:vendor",), release_to=("members/alliance",)
    ),
    CollectionKind.PUBLIC: NewCollection("public", "advice", CollectionKind.PUBLIC, "secretariat", writers=("group:secretariat",)),
}
LEVELS = {
    CollectionKind.NATIONAL: ("red", "amber+strict", {"group:members"}),
    CollectionKind.ALLIANCE: ("amber+strict", "green", {"group:members", "group:secretariat"}),
    CollectionKind.OPERATION: ("red", "amber", {"group:afjoc"}),
    CollectionKind.INTAKE: ("red", "amber", {"org:vendor"}),
    CollectionKind.PUBLIC: ("clear", "clear", {"public"}),
}


@pytest.mark.parametrize("kind", CollectionKind)
def test_a_collection_gets_the_defaults_of_its_kind(folder: Path, kind: CollectionKind) -> None:
    """access-policy case 19: the levels of what arrives unmarked."""
    new = COLLECTIONS[kind]
    (path,) = add_collection(folder, new)
    assert path == folder / f"collections/{new.root}/{new.name}.toml"
    collection = read_alliance(folder).by_path[new.root, new.name]
    assert (collection.ceiling, collection.unmarked, collection.readers) == LEVELS[kind]
    assert (collection.owner, collection.writers, collection.release_to) == (new.owner, set(new.writers), new.release_to)
    assert collection.title == new.name.replace("-", " ").capitalize()


def test_a_collection_says_what_it_is_given(folder: Path) -> None:
    new = NewCollection(
        root="members",
        name="ke-indicators",
        kind=CollectionKind.NATIONAL,
        owner="ke-cert",
        title="Kenya",
        description="All, of Kenya.",
        readers=("org:ng-cert",),
        red_recipients=("user:ng-cert/desk",),
    )
    add_collection(folder, new)
    collection = read_alliance(folder).by_path["members", "ke-indicators"]
    assert (collection.title, collection.description) == ("Kenya", "All, of Kenya.")
    assert (collection.readers, collection.writers) == ({"org:ng-cert"}, set())
    assert collection.red_recipients == {"user:ng-cert/desk"}


@pytest.mark.parametrize(
    ("root", "name", "told"),
    [
        ("membrs", "x", "collections/membrs/api-root.toml: unknown API root `membrs`; did you mean `members`?"),
        ("members", "../x", "`../x` is no name; names are made of `a` to `z`, `0` to `9` and `-`, 63 at most"),
        ("members", "alliance", "collections/members/alliance.toml: the file exists already; nothing was written"),
        ("members", "api-root", "collections/members/api-root.toml: the file exists already; nothing was written"),
    ],
)
def test_a_collection_that_has_no_place_is_refused(folder: Path, root: str, name: str, told: str) -> None:
    before = files(folder)
    with pytest.raises(ConfigurationError) as caught:
        add_collection(folder, NewCollection(root, name, CollectionKind.ALLIANCE, "secretariat"))
    assert caught.value.problems == (told,)
    assert files(folder) == before
