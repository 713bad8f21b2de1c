"""Reading an alliance: every mistake is found, named with file and key, and told together with all others (DESIGN 3, 5)."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from alliances import SMALL, write_files
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.alliance import Alliance, CollectionKind
from app.configuration import read_alliance, read_cases
from app.errors import ConfigurationError

NG = "auth/organisations/ng-cert.toml"
KE = "auth/organisations/ke-cert.toml"
VENDOR = "auth/organisations/vendor.toml"
SECRETARIAT = "auth/organisations/secretariat.toml"
AFJOC = "auth/groups/afjoc.toml"
ISSUERS = "auth/issuers.toml"
MEMBERS = "collections/members/api-root.toml"
NATIONAL = "collections/members/ng-indicators.toml"
ALLIANCE = "collections/members/alliance.toml"
OPERATION = "collections/operations/afjoc.toml"
INTAKE = "collections/intake/vendor.toml"
PUBLIC = "collections/public/campaigns.toml"
ALIASES = "policies/aliases.toml"
NG_IDENTITY = "identity--0d1c8a37-6a52-4d5b-9a0e-6ad6a0b31c11"
NG_DESK = "identity--7d1f1f5a-30c5-4d0b-8f3b-51c0f2d9ab22"
TLP_RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"


@dataclass(frozen=True)
class Mistake:
    """In `file`, `right` becomes `wrong`; a file without `right` is written anew. `told` is the whole message without the file."""

    file: str
    right: str
    wrong: str
    told: str

    def plant(self, files: dict[str, str]) -> None:
        """Spoil the file."""
        if self.right:
            assert self.right in files[self.file], "the mistake must have something to spoil"
        files[self.file] = files[self.file].replace(self.right, self.wrong, 1) if self.right else self.wrong

    def __str__(self) -> str:
        return f"{self.file}: {self.told}"


SHAPES = [
    Mistake(
        NG, 'roles = ["reader", "contributor"]', 'roles = ["raeder"]', "clients.misp.roles: unknown role `raeder`; did you mean `reader`?"
    ),
    Mistake(NG, '"red-reader"]', '"Red_Reader"]', "clients.desk.roles: unknown role `Red_Reader`; did you mean `red-reader`?"),
    Mistake(NG, "subjects =", "subject =", "clients.misp: unknown key `subject`; did you mean `subjects`?"),
    Mistake(
        NG, "[clients.misp]\n", '[clients.misp]\nunmarked = "ambr"\n', "clients.misp.unmarked: unknown level `ambr`; did you mean `amber`?"
    ),
    Mistake(
        NG,
        "[clients.misp]\n",
        '[clients.misp]\nscope = "all"\n',
        "clients.misp.scope: unknown scope `all`; there are `constituency`, `organisation`",
    ),
    Mistake(
        NG,
        "[clients.misp]\n",
        '[clients.misp]\npurposes = ["defense"]\n',
        "clients.misp.purposes: unknown purpose `defense`; did you mean `defence`?",
    ),
    Mistake(
        NG,
        "[clients.misp]\n",
        '[clients.misp]\ncompatibility = ["milli-dates"]\n',
        "clients.misp.compatibility: unknown compatibility switch `milli-dates`; did you mean `millisecond-dates`?",
    ),
    Mistake(
        NG, "[clients.desk]", "[clients.Desk]", "clients: `Desk` is no name; names are made of `a` to `z`, `0` to `9` and `-`, 63 at most"
    ),
    Mistake(NG, 'kind = "member"', 'kind = "membr"', "kind: unknown kind `membr`; did you mean `member`?"),
    Mistake(NG, 'kind = "member"', 'kind = "public"', "kind: unknown kind `public`; there are `member`, `partner`, `secretariat`"),
    Mistake(NG, 'name = "Nigeria CERT"\n', "", "the key `name` is missing: its name for people"),
    Mistake(NG, 'name = "Nigeria CERT"', 'name = ""', "name: ``: must not be empty"),
    Mistake(
        NG,
        'jurisdiction = "NG"',
        'jurisdiction = "Nigeria"',
        "jurisdiction: `Nigeria` is no country code of ISO 3166-1, two capital letters such as `NG`",
    ),
    Mistake(NG, NG_IDENTITY, "identity--1", "identities: `identity--1` is no id of a STIX identity, `identity--` and a UUID in lower case"),
    Mistake(
        NG,
        '"org:vendor"',
        '"orgs:vendor"',
        "withhold_from: `orgs:vendor` is no audience; write `org:ID`, `group:ID`, `op:NAME`, `user:ORG/CLIENT`, `jur:XX` or `public`",
    ),
    Mistake(KE, 'name = "Kenya CERT"', 'name = "Kenya CERT"\nactive = "no"', "active: `no`: must be `true` or `false`"),
    Mistake(KE, 'roles = ["reader", "contributor"]', 'roles = "reader"', 'clients.misp.roles: `reader`: must be a list, such as `["…"]`'),
    Mistake(
        VENDOR, "2031-12-31", "2031-12-31T10:00:00Z", "agreement_until: `2031-12-31 10:00:00+00:00`: must be a date such as `2027-12-31`"
    ),
    Mistake(VENDOR, "2031-12-31", '"soon"', "agreement_until: `soon`: must be a date such as `2027-12-31`"),
    Mistake(AFJOC, "members =", "member =", "unknown key `member`; did you mean `members`?"),
    Mistake(MEMBERS, "default = true", "default = 1", "default: `1`: must be `true` or `false`"),
    Mistake(MEMBERS, "default = true", "max_content_length = 0", "max_content_length: `0`: input should be greater than 0"),
    Mistake(NATIONAL, 'ceiling = "red"', 'ceiling = "rde"', "ceiling: unknown level `rde`; did you mean `red`?"),
    Mistake(NATIONAL, 'unmarked = "amber+strict"', 'unmarked = "refused"', "unmarked: unknown level `refused`; did you mean `refuse`?"),
    Mistake(
        NATIONAL,
        'unmarked = "amber+strict"',
        "unmarked = 3",
        "unmarked: must be one of `clear`, `green`, `amber`, `amber+strict`, `red`, `refuse`",
    ),
    Mistake(NATIONAL, 'kind = "national"', 'kind = "natonal"', "kind: unknown kind `natonal`; did you mean `national`?"),
    Mistake(NATIONAL, "owner =", 'name = "x"\nowner =', "unknown key `name`"),
    Mistake(NATIONAL, "owner =", 'root = "x"\nowner =', "unknown key `root`"),
    Mistake(NATIONAL, "-4c60-", "-1c60-", "id: `3f0b7a52-8d1e-1c60-9b7a-1c2d3e4f5a01`: must be a random UUID (version 4)"),
    Mistake(
        NATIONAL,
        "Nigeria indicators",
        "Nigeria, indicators",
        "title: `Nigeria, indicators` must be a text without `.` and `,`: some clients split at them",
    ),
    Mistake(NATIONAL, "owner =", 'custom = "yes"\nowner =', "custom: unknown word `yes`; there are `allow`, `refuse`"),
    Mistake(NATIONAL, "owner =", 'state = "close"\nowner =', "state: unknown state `close`; did you mean `closed`?"),
    Mistake(ISSUERS, "keys =", "key =", "login: unknown key `key`; did you mean `keys`?"),
    Mistake(
        ISSUERS,
        "keys =",
        'algorithms = ["RS265"]\nkeys =',
        "login: algorithms: unknown algorithm `RS265`; did you mean `RS256`?",
    ),
]
REFERENCES = [
    Mistake(NG, '"org:vendor"', '"org:vender"', "withhold_from: unknown audience `org:vender`; did you mean `org:vendor`?"),
    Mistake(NG, '"org:vendor"', '"group:parners"', "withhold_from: unknown audience `group:parners`; did you mean `group:partners`?"),
    Mistake(NG, '"org:vendor"', '"jur:YY"', "withhold_from: unknown audience `jur:YY`; there are `jur:KE`, `jur:NG`"),
    Mistake(NG, '"NG"', '"UK"', "jurisdiction: `UK` is no country code of ISO 3166-1"),
    Mistake(KE, 'jurisdiction = "KE"\n', "", "the key `jurisdiction` is missing: restrictions against a country must reach every member"),
    Mistake(
        KE,
        'jurisdiction = "KE"',
        'jurisdiction = "KE"\nagreement_until = 2030-01-01',
        "agreement_until: only partners have an agreement; remove it, or suspend the member with `active = false`",
    ),
    Mistake(
        NG,
        NG_IDENTITY,
        "identity--6b9e3c1d-2f80-4c63-8a57-90d1e4b7fa33",
        "identities: `identity--6b9e3c1d-2f80-4c63-8a57-90d1e4b7fa33` belongs to `ke-cert` already; an identity has one organisation",
    ),
    Mistake(
        VENDOR,
        'roles = ["reader", "contributor"]',
        f'roles = ["reader"]\nidentities = ["{NG_DESK}"]',
        f"identities: `{NG_DESK}` belongs to `ng-cert` already; an identity has one organisation",
    ),
    Mistake(NG, "login/misp", "logon/misp", "clients.misp.subjects: unknown issuer `logon`; did you mean `login`?"),
    Mistake(
        NG, "login/misp@ng", "misp", "clients.misp.subjects: `misp` must be `ISSUER/SUBJECT`, the issuer as auth/issuers.toml names it"
    ),
    Mistake(
        NG,
        "[clients.desk]\n",
        '[clients.desk]\nsubjects = ["login/misp@ng"]\n',
        "clients.misp.subjects: `login/misp@ng` is `ng-cert/desk` already; a subject is one client",
    ),
    Mistake(AFJOC, '"ke-cert"', '"ke-cret"', "members: unknown organisation `ke-cret`; did you mean `ke-cert`?"),
    Mistake(NATIONAL, 'owner = "ng-cert"', 'owner = "ng-certs"', "owner: unknown organisation `ng-certs`; did you mean `ng-cert`?"),
    Mistake(NATIONAL, 'owner = "ng-cert"', 'owner = "secretariat"', "owner: a national collection belongs to a member"),
    Mistake(
        ALLIANCE, 'owner = "secretariat"', 'owner = "vendor"', "owner: `vendor` is a partner; a member or the secretariat owns a collection"
    ),
    Mistake(NATIONAL, '"group:members"', '"group:membrs"', "readers: unknown audience `group:membrs`; did you mean `group:members`?"),
    Mistake(NATIONAL, '"group:members"', '"group:members", "op:afjok"', "readers: unknown audience `op:afjok`; did you mean `op:afjoc`?"),
    Mistake(NATIONAL, '"group:members"', '"group:members", "jur:FR"', "readers: unknown audience `jur:FR`; there are `jur:KE`, `jur:NG`"),
    Mistake(
        NATIONAL,
        '"group:members"',
        '"group:members", "public"',
        'readers: `public` is for collections with `kind = "public"`; name groups or organisations',
    ),
    Mistake(NATIONAL, '"org:ng-cert"', '"org:ngcert"', "writers: unknown audience `org:ngcert`; did you mean `org:ng-cert`?"),
    Mistake(PUBLIC, '"group:secretariat"', '"public"', "writers: `public` writes nowhere; name groups or organisations"),
    Mistake(
        NATIONAL,
        '"user:ng-cert/desk"',
        '"user:ng-cert/dsk"',
        "red_recipients: unknown recipient `user:ng-cert/dsk`; did you mean `user:ng-cert/desk`?",
    ),
    Mistake(
        NATIONAL,
        '"user:ng-cert/desk"',
        '"user:ng-cert/misp"',
        "red_recipients: `user:ng-cert/misp` may not read TLP:RED; give the client the role `red-reader`",
    ),
    Mistake(NATIONAL, '"user:ng-cert/desk"', f'"{NG_IDENTITY}"', f"red_recipients: `{NG_IDENTITY}` is the identity of no client"),
    Mistake(
        NATIONAL,
        '"group:members"',
        '"org:ke-cert"',
        "red_recipients: `user:ng-cert/desk` is no reader of this collection and would receive nothing; add an audience of the client to `readers`",
    ),
    Mistake(
        NATIONAL,
        'ceiling = "red"',
        'ceiling = "green"',
        "unmarked: `amber+strict` is above the ceiling `green`: no unmarked object could be added",
    ),
    Mistake(
        OPERATION, 'unmarked = "amber"', 'unmarked = "red"', "unmarked: TLP:RED must name its recipients; list some in `red_recipients`"
    ),
    Mistake(
        PUBLIC,
        'ceiling = "clear"',
        'ceiling = "green"',
        'ceiling: a collection for the public takes TLP:CLEAR only; write `ceiling = "clear"`',
    ),
    Mistake(ALLIANCE, "ceiling =", 'release_to = ["members/ng-indicators"]\nceiling =', "release_to: only intakes release; remove the key"),
    Mistake(
        ALLIANCE,
        '["group:members"]',
        '["org:vendor"]',
        "writers: `org:vendor`: partners write into intakes only, from where a curator releases",
    ),
    Mistake(
        ALLIANCE,
        '["group:members"]',
        '["group:partners"]',
        "writers: `group:partners`: partners write into intakes only, from where a curator releases",
    ),
    Mistake(
        ALLIANCE,
        '["group:members"]',
        '["user:vendor/push"]',
        "writers: `user:vendor/push`: partners write into intakes only, from where a curator releases",
    ),
    Mistake(
        INTAKE, "members/alliance", "members/aliance", "release_to: unknown collection `members/aliance`; did you mean `members/alliance`?"
    ),
    Mistake(INTAKE, "members/alliance", "intake/vendor", "release_to: `intake/vendor` is an intake; nothing is released into quarantine"),
    Mistake(
        INTAKE,
        'writers = ["org:vendor"]',
        'writers = ["org:vendor", "org:ng-cert"]',
        "writers: an intake has one partner as its only writer, such as `org:PARTNER`",
    ),
    Mistake(
        INTAKE, 'writers = ["org:vendor"]', "writers = []", "writers: an intake has one partner as its only writer, such as `org:PARTNER`"
    ),
    Mistake(
        INTAKE,
        'writers = ["org:vendor"]',
        'writers = ["org:ng-cert"]',
        "writers: an intake has one partner as its only writer, such as `org:PARTNER`",
    ),
    Mistake(
        INTAKE,
        'readers = ["org:vendor"]',
        'readers = ["org:vendor", "group:members"]',
        "readers: in an intake only its partner reads; curators see it by `legation review`",
    ),
    Mistake(OPERATION, '["group:afjoc"]', "[]", "readers: an operation exists for its readers only; name its participants"),
    Mistake(
        OPERATION,
        '["group:afjoc"]',
        '["user:ng-cert/misp"]',
        "readers: `user:ng-cert/misp`: organisations take part in an operation; name `org:ID` or `group:ID`",
    ),
    Mistake(
        OPERATION,
        '["group:afjoc"]',
        '["op:afjoc"]',
        "readers: `op:afjoc`: organisations take part in an operation; name `org:ID` or `group:ID`",
    ),
    Mistake(
        NATIONAL,
        "owner =",
        'media_types = ["application/stix+json"]\nowner =',
        "media_types: unknown media type `application/stix+json`; did you mean `application/stix+json;version=2.1`?",
    ),
    Mistake(
        NATIONAL,
        "owner =",
        "media_types = []\nowner =",
        "media_types: must not be empty; leave the key out for `application/stix+json;version=2.1`",
    ),
    Mistake(NATIONAL, "4f5a01", "4f5a02", "id: this UUID is the id of `members/alliance` already"),
    Mistake(
        NATIONAL,
        '"Nigeria indicators"',
        '"ALLIANCE"',
        "title: must differ from all others of its API root and is the title of `members/alliance` already",
    ),
    Mistake(
        "collections/public/api-root.toml",
        "",
        'title = "Public"\ndefault = true\n',
        "default: `members` is the default already; there is one at most",
    ),
    Mistake(ALIASES, '"marking', f'"{TLP_RED}" = "green"\n"marking', f"`{TLP_RED}` is TLP:RED for everybody; remove the line"),
    Mistake(ALIASES, '"marking', f'"{TLP_RED}" = "red"\n"marking', f"`{TLP_RED}` is TLP:RED for everybody; remove the line"),
    Mistake(
        ALIASES,
        '"marking',
        f'"{TLP_RED.upper().replace("MARKING-DEFINITION", "marking-definition")}" = "green"\n"marking',
        f"`{TLP_RED.upper().replace('MARKING-DEFINITION', 'marking-definition')}` is TLP:RED for everybody; remove the line",
    ),
    Mistake(
        ALIASES,
        '"marking',
        '"tlp-red" = "red"\n"marking',
        "`tlp-red` is no id of a marking definition, `marking-definition--` and a UUID in lower case",
    ),
    Mistake(
        ALIASES,
        '"amber+strict"',
        '"ambr"',
        "`marking-definition--826578e1-40ad-459f-bc73-ede076f81f37`: unknown level `ambr`; did you mean `amber`?",
    ),
]


def told(folder: Path) -> tuple[str, ...]:
    """All that reading complains of."""
    with pytest.raises(ConfigurationError) as caught:
        read_alliance(folder)
    return caught.value.problems


def test_a_small_alliance_reads(folder: Path) -> None:
    alliance = read_alliance(folder)
    assert sorted(alliance.organisations) == ["ke-cert", "ng-cert", "secretariat", "vendor"]
    assert [collection.path for collection in alliance.collections] == [
        "intake/vendor",
        "members/alliance",
        "members/ng-indicators",
        "operations/afjoc",
        "public/campaigns",
    ]
    assert alliance.organisations["vendor"].agreement_until == date(2031, 12, 31)
    assert alliance.by_path["operations", "afjoc"].kind is CollectionKind.OPERATION
    assert alliance.policies == {"read.cedar": SMALL["policies/read.cedar"]}
    assert alliance.policy_schema == SMALL["policies/schema.cedarschema"]
    assert alliance.marking_aliases == {"marking-definition--826578e1-40ad-459f-bc73-ede076f81f37": "amber+strict"}
    assert alliance.issuers["login"].keys == "https://login.example/keys"
    assert alliance.retired == frozenset()


@pytest.mark.parametrize("mistake", SHAPES + REFERENCES, ids=lambda mistake: mistake.told[:60])
def test_a_mistake_is_told_once_with_file_key_and_remedy(mistake: Mistake, tmp_path: Path) -> None:
    """One mistake, one sentence: what refers to the file that has it is not blamed for it."""
    files = dict(SMALL)
    mistake.plant(files)
    write_files(tmp_path, files)
    assert told(tmp_path) == (str(mistake),)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(SHAPES), min_size=2, max_size=8, unique_by=lambda mistake: mistake.file))
def test_all_mistakes_are_told_at_once(mistakes: list[Mistake]) -> None:
    files = dict(SMALL)
    for mistake in mistakes:
        mistake.plant(files)
    with TemporaryDirectory() as folder:
        write_files(Path(folder), files)
        assert set(told(Path(folder))) == {str(mistake) for mistake in mistakes}


def test_mistakes_of_every_sort_are_told_together(folder: Path) -> None:
    write_files(
        folder,
        {
            NG: "kind == 1",
            AFJOC: SMALL[AFJOC].replace("ke-cert", "ke-cret"),
            ALLIANCE: SMALL[ALLIANCE].replace('ceiling = "amber+strict"', 'ceiling = "clear"'),
            "collections/members/stray.py": "",
        },
    )
    assert told(folder) == (
        "auth/groups/afjoc.toml: members: unknown organisation `ke-cret`; did you mean `ke-cert`?",
        "auth/organisations/ng-cert.toml: not TOML: invalid value (at line 1, column 7)",
        "collections/members/alliance.toml: unmarked: `green` is above the ceiling `clear`: no unmarked object could be added",
        "collections/members/stray.py: code has no place here: it would hide modules of Python; remove it",
    )


@pytest.mark.parametrize(
    ("path", "told_of_it"),
    [
        (SECRETARIAT, ('auth/organisations: no organisation is the secretariat; an alliance has one, with `kind = "secretariat"`',)),
        ("policies/read.cedar", ("policies: there is no policy, so nobody could do anything; add `*.cedar` files",)),
        ("policies/schema.cedarschema", ("policies/schema.cedarschema: the file is missing; without it no policy can be validated",)),
        (
            "collections/public/api-root.toml",
            (
                'collections/public/api-root.toml: the file is missing; a folder of collections is an API root and needs at least `title = "…"`',
            ),
        ),
    ],
)
def test_what_an_alliance_cannot_do_without(folder: Path, path: str, told_of_it: tuple[str, ...]) -> None:
    (folder / path).unlink()
    assert [problem for problem in told(folder) if "unknown" not in problem] == list(told_of_it)


def test_there_is_one_secretariat(folder: Path) -> None:
    write_files(folder, {KE: SMALL[KE].replace('"member"', '"secretariat"')})
    assert told(folder) == (f"{SECRETARIAT}: kind: `ke-cert` is the secretariat already; an alliance has one",)


@pytest.mark.parametrize("path", [ISSUERS, ALIASES, AFJOC])
def test_what_an_alliance_can_do_without(folder: Path, path: str) -> None:
    write_files(folder, {NG: SMALL[NG].replace('subjects = ["login/misp@ng"]\n', "")})
    write_files(folder, {OPERATION: SMALL[OPERATION].replace("group:afjoc", "org:ng-cert")})
    (folder / path).unlink()
    assert isinstance(read_alliance(folder), Alliance)


def test_a_restriction_may_name_a_country_before_it_has_an_organisation(folder: Path) -> None:
    write_files(folder, {NG: SMALL[NG].replace("org:vendor", "jur:XX")})
    assert read_alliance(folder).organisations["ng-cert"].withhold_from == {"jur:XX"}


def test_red_recipients_may_be_identities_of_red_readers(folder: Path) -> None:
    write_files(folder, {NATIONAL: SMALL[NATIONAL].replace("user:ng-cert/desk", NG_DESK)})
    assert read_alliance(folder).by_path["members", "ng-indicators"].red_recipients == {NG_DESK}


def test_a_group_with_partners_may_write_since_policies_keep_them_out(folder: Path) -> None:
    """Participants of an operation are listed once; the partner among them writes into its intake only (access-policy 3.2)."""
    write_files(folder, {AFJOC: SMALL[AFJOC].replace('"ke-cert"', '"vendor"')})
    assert "vendor" in read_alliance(folder).groups["afjoc"].members


@pytest.mark.parametrize("name", ["3f0b7a52-8d1e-4c60-9b7a-1c2d3e4f5a02", "3f0b7a528d1e4c609b7a1c2d3e4f5a02"])
def test_a_uuid_is_no_name_of_a_collection(folder: Path, name: str) -> None:
    (folder / NATIONAL).rename(folder / f"collections/members/{name}.toml")
    assert told(folder) == (
        f"collections/members/{name}.toml: a UUID is no name: it could be the id of another collection; name the file otherwise",
    )


@pytest.mark.parametrize("name", ["taxii2", "healthz", "readyz", "metrics", "docs", "openapi", "status"])
def test_paths_of_the_server_are_no_api_roots(folder: Path, name: str) -> None:
    write_files(folder, {f"collections/{name}/api-root.toml": 'title = "x"\n'})
    assert told(folder) == (f"collections/{name}/api-root.toml: `/{name}/` is the server's own; name the folder otherwise",)


@pytest.mark.parametrize("name", ["members", "partners", "secretariat"])
def test_groups_by_kind_are_built_in(folder: Path, name: str) -> None:
    write_files(folder, {f"auth/groups/{name}.toml": 'name = "x"\nmembers = []\n'})
    assert told(folder) == (
        f"auth/groups/{name}.toml: `group:{name}` is built in, by the kind of each organisation; name the group otherwise",
    )


def test_two_operations_of_one_name_would_be_one_audience(folder: Path) -> None:
    write_files(folder, {"collections/public/afjoc.toml": SMALL[OPERATION].replace("4f5a03", "4f5a09")})
    assert told(folder) == (
        "collections/public/afjoc.toml: `op:NAME` would mean two operations; this name is that of the operation `operations/afjoc` already",
    )


def test_identities_of_a_broken_file_are_not_missed(folder: Path) -> None:
    """Nobody can say whose identity it is while an organisation cannot be read."""
    write_files(
        folder, {KE: "kind == 1", NATIONAL: SMALL[NATIONAL].replace("user:ng-cert/desk", NG_IDENTITY).replace("group:members", "jur:KE")}
    )
    assert told(folder) == ("auth/organisations/ke-cert.toml: not TOML: invalid value (at line 1, column 7)",)


def test_cases_are_read_by_file(folder: Path) -> None:
    assert read_cases(folder) == {"policies/cases/read.toml": {"name": "a case"}}


def test_a_case_that_is_not_toml_is_refused(folder: Path) -> None:
    write_files(folder, {"policies/cases/write.toml": "a = 1\na = 2\n"})
    problem = "policies/cases/write.toml: not TOML: cannot overwrite a value (at line 2, column 6)"
    with pytest.raises(ConfigurationError) as caught:
        read_cases(folder)
    assert caught.value.problems == (problem,)
    assert told(folder) == (problem,)
