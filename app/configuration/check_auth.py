"""Who: what the files of auth/ say of each other. Each function yields a sentence per mistake, with file and key."""

from collections import defaultdict
from collections.abc import Iterator

from app.access.alliance import Organisation
from app.access.principal import Kind
from app.configuration.countries import is_country
from app.configuration.draft import BUILT_IN_GROUPS, Draft, group_path, organisation_path
from app.configuration.names import unknown
from app.errors import quoted


def check_auth(draft: Draft) -> Iterator[str]:
    """Everything that organisations, clients and groups get wrong about each other."""
    for name, organisation in draft.alliance.organisations.items():
        for problem in _organisation(draft, organisation):
            yield f"{organisation_path(name)}: {problem}"
    yield from _identities(draft)
    yield from _subjects(draft)
    yield from _secretariat(draft)
    yield from _groups(draft)


def _organisation(draft: Draft, organisation: Organisation) -> Iterator[str]:
    country = organisation.jurisdiction
    if country is not None and not is_country(country):
        yield f"jurisdiction: {quoted(country)} is no country code of ISO 3166-1"
    if country is None and organisation.kind is Kind.MEMBER:
        yield "the key `jurisdiction` is missing: restrictions against a country must reach every member"
    if organisation.agreement_until is not None and organisation.kind is not Kind.PARTNER:
        yield f"agreement_until: only partners have an agreement; remove it, or suspend the {organisation.kind} with `active = false`"
    for problem in draft.unknown_audiences(organisation.withhold_from, ahead=True):
        yield f"withhold_from: {problem}"


def _identities(draft: Draft) -> Iterator[str]:
    """An identity says whose an object is, and to whom TLP:RED goes: both need one answer."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for name, organisation in draft.alliance.organisations.items():
        for identity in organisation.identities.union(*(client.identities for client in organisation.clients.values())):
            owners[identity].add(name)
    for identity, names in owners.items():
        first, *others = sorted(names)
        for other in others:
            yield f"{organisation_path(other)}: identities: `{identity}` belongs to `{first}` already; an identity has one organisation"


def _subjects(draft: Draft) -> Iterator[str]:
    taken: dict[str, str] = {}
    for name, organisation in sorted(draft.alliance.organisations.items()):
        for client, value in sorted(organisation.clients.items()):
            for subject in sorted(value.subjects):
                issuer, _, rest = subject.partition("/")
                place = f"{organisation_path(name)}: clients.{client}.subjects"
                if not rest:
                    yield f"{place}: {quoted(subject)} must be `ISSUER/SUBJECT`, the issuer as auth/issuers.toml names it"
                elif issuer not in draft.alliance.issuers and "issuers" not in draft.unread:
                    yield f"{place}: {unknown('issuer', issuer, draft.alliance.issuers)}"
                if subject in taken:
                    yield f"{place}: {quoted(subject)} is {taken[subject]} already; a subject is one client"
                taken.setdefault(subject, f"`{name}/{client}`")


def _secretariat(draft: Draft) -> Iterator[str]:
    found = sorted(name for name, value in draft.alliance.organisations.items() if value.kind is Kind.SECRETARIAT)
    if not found and not draft.has_unread_organisations:
        yield 'auth/organisations: no organisation is the secretariat; an alliance has one, with `kind = "secretariat"`'
    for other in found[1:]:
        yield f"{organisation_path(other)}: kind: `{found[0]}` is the secretariat already; an alliance has one"


def _groups(draft: Draft) -> Iterator[str]:
    for name, group in draft.alliance.groups.items():
        if name in BUILT_IN_GROUPS:
            yield f"{group_path(name)}: `group:{name}` is built in, by the kind of each organisation; name the group otherwise"
        for member in sorted(group.members - draft.organisations):
            yield f"{group_path(name)}: members: {unknown('organisation', member, draft.organisations)}"
